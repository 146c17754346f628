//! [`CacheStatus`]: what the caches that a response passed through report.

mod cache_status;
mod codes;
mod handling;
mod lenient;
mod outcome;
mod words;

pub use self::cache_status::CacheStatus;
pub use self::handling::Handling;
pub use self::outcome::CacheOutcome;
