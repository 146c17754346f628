//! [`CacheStatus`]: what the caches that an answer came through say of it.

mod cache_status;
mod handling;
mod outcome;
mod words;

pub use self::cache_status::CacheStatus;
pub use self::handling::Handling;
pub use self::outcome::CacheOutcome;
