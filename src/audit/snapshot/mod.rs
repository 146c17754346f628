//! [`CacheSnapshot`]: a table for a review, of how caches treat the responses to a list of requests.

mod cells;
mod change;
mod parse;
mod row;
mod table;

pub use self::change::SnapshotChange;
pub use self::parse::SnapshotError;
pub use self::row::SnapshotRow;
pub use self::table::CacheSnapshot;
