//! The second level of a cache: a [`RemoteStore`](crate::store::RemoteStore) that several processes share.

mod breaker;
mod feed;
mod history;
mod lease;
mod level;
mod settings;
mod signal;
mod stats;
mod timing;

pub use self::settings::SecondLevel;
pub use self::stats::SecondLevelStats;

pub(super) use self::feed::start;
pub(super) use self::lease::Lease;
pub(super) use self::level::{IsFresh, Level, LookedUp, Ticket};
