//! [`CacheStatus`]: the reports of the caches that a response passed through, and [`CacheStatusReport`], which writes
//! one.

mod cache_status;
mod codes;
mod lenient;
mod member;
mod outcome;
mod report;
mod tokens;

pub use self::cache_status::CacheStatus;
pub use self::member::CacheStatusMember;
pub use self::outcome::CacheOutcome;
pub use self::report::{CacheName, CacheStatusReport, ForwardReason, InvalidCacheName};
