//! [`StoredUrl`]: the stored responses for one URL.

use http::StatusCode;

use crate::policy::CacheTags;

/// The stored responses for one URL, from [`SharedCache::largest`](super::SharedCache::largest).
///
/// If there are several variants, the status, the times and the tags are those of the variant that was stored last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUrl {
    /// The host in lower case, without a default port. Empty if the requests had none.
    pub host: String,
    /// The path, and the part of the query that keys contain.
    pub target: String,
    /// The number of variants, which differ in the request fields that `Vary` names.
    pub variants: usize,
    /// The number of bytes that the stored responses use, with their fields and their place in the store.
    pub bytes: u64,
    /// The status of the stored response.
    pub status: StatusCode,
    /// The age of the stored response in seconds.
    pub age: u64,
    /// The number of seconds for which the stored response is fresh. Zero or negative if it is stale.
    pub ttl: i64,
    /// The tags by which the stored response is purged.
    pub tags: CacheTags,
}
