//! [`CacheKey`]: what a request must have in common with the one that was answered.

use http::HeaderName;

/// What a request must have in common with the one that was answered, beside its method and URL
/// (RFC 9111 sections 2 and 4.1, K-03, K-07).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKey {
    pub(super) fields: Vec<HeaderName>,
    pub(super) ignored: Vec<HeaderName>,
    pub(super) any: bool,
    pub(super) query: Option<bool>,
}

impl CacheKey {
    /// The request fields that select the answer.
    #[must_use]
    pub fn fields(&self) -> &[HeaderName] {
        &self.fields
    }

    /// The request fields that `Vary` names and the edge does not look at, or is not known to
    /// look at (K-08).
    #[must_use]
    pub fn ignored(&self) -> &[HeaderName] {
        &self.ignored
    }

    /// Whether no request has enough in common: `Vary: *` (K-03).
    #[must_use]
    pub const fn never_matches(&self) -> bool {
        self.any
    }

    /// Whether the query is in the key. `None` where that is not known.
    #[must_use]
    pub const fn query(&self) -> Option<bool> {
        self.query
    }
}
