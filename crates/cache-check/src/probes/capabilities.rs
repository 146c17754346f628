//! [`Capabilities`]: the parts of caching that work, at a glance.

use serde::Serialize;
use tower_cache_policy::edge::CacheStatus;

use crate::error::shown;

/// An overview of the caching features that work. `None` if a feature was not tried, or the result is not known.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Capabilities {
    /// Two responses to the same request have the same content.
    pub(crate) stable_content: Option<bool>,
    /// The same content has the same entity tag.
    pub(crate) stable_tag: Option<bool>,
    /// The page has a nonce for its Content Security Policy.
    pub(crate) has_nonce: Option<bool>,
    /// The content depends on `Accept-Language`.
    pub(crate) varies_by_language: Option<bool>,
    /// The content depends on `Cookie`.
    pub(crate) varies_by_cookie: Option<bool>,
    /// A request with the validators of the response gets a 304.
    pub(crate) revalidates: Option<bool>,
    pub(crate) codings: Vec<Coding>,
    /// No two content codings share a strong entity tag (V-09).
    pub(crate) tags_differ_by_coding: Option<bool>,
    /// HEAD gets the fields of GET.
    pub(crate) head: Option<bool>,
    /// A range gets a 206.
    pub(crate) ranges: Option<bool>,
    /// A stale `If-Range` gets the complete representation.
    pub(crate) if_range: Option<bool>,
    /// The status that a cache in front reports for the first request, and for its repetition.
    pub(crate) first: Option<CacheReport>,
    pub(crate) repeat: Option<CacheReport>,
}

/// A content coding that the site sends.
#[derive(Debug, Serialize)]
pub(crate) struct Coding {
    pub(crate) name: &'static str,
    pub(crate) etag: Option<String>,
    pub(crate) revalidates: Option<bool>,
}

/// The status that a cache in front reports.
#[derive(Debug, Serialize)]
pub(crate) struct CacheReport {
    pub(crate) outcome: String,
    pub(crate) text: String,
    pub(crate) age: Option<u64>,
}

impl From<&CacheStatus> for CacheReport {
    fn from(status: &CacheStatus) -> Self {
        Self {
            outcome: format!("{:?}", status.outcome()).to_ascii_lowercase(),
            text: shown(&status.to_string()),
            age: status.age().map(|age| age.seconds()),
        }
    }
}
