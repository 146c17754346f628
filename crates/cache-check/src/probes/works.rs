//! [`Works`]: what of caching works, at a glance.

use serde::Serialize;
use tower_cache_policy::edge::CacheStatus;

/// What of caching works, at a glance. `None` where it was not asked or cannot be told.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Works {
    /// The content is the same when it is asked for again.
    pub(crate) stable_content: Option<bool>,
    /// The entity tag is the same for the same content.
    pub(crate) stable_tag: Option<bool>,
    /// Its own validators get a 304.
    pub(crate) revalidates: Option<bool>,
    pub(crate) codings: Vec<Coding>,
    /// No two codings share a strong entity tag (V-09).
    pub(crate) tags_differ_by_coding: Option<bool>,
    /// HEAD answers as GET does.
    pub(crate) head: Option<bool>,
    /// A range gets a 206.
    pub(crate) ranges: Option<bool>,
    /// A stale `If-Range` gets the whole.
    pub(crate) if_range: Option<bool>,
    /// What the cache in front says of the first and of the second request.
    pub(crate) cold: Option<CacheSaid>,
    pub(crate) again: Option<CacheSaid>,
}

/// A content coding that the site sends.
#[derive(Debug, Serialize)]
pub(crate) struct Coding {
    pub(crate) name: &'static str,
    pub(crate) etag: Option<String>,
    pub(crate) revalidates: Option<bool>,
}

/// What a cache in front says.
#[derive(Debug, Serialize)]
pub(crate) struct CacheSaid {
    pub(crate) outcome: String,
    pub(crate) text: String,
    pub(crate) age: Option<u64>,
}

impl From<&CacheStatus> for CacheSaid {
    fn from(status: &CacheStatus) -> Self {
        Self {
            outcome: format!("{:?}", status.outcome()).to_ascii_lowercase(),
            text: status.to_string(),
            age: status.age().map(|age| age.seconds()),
        }
    }
}
