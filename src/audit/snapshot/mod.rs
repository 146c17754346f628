//! [`CacheSnapshot`]: what caches do with the responses to a list of requests, as a table for a review.

mod cells;
mod change;
mod parse;
mod row;
mod table;

pub use self::change::SnapshotChange;
pub use self::parse::SnapshotError;
pub use self::row::SnapshotRow;
pub use self::table::CacheSnapshot;
