//! [`AfterFreshness`]: what a cache does when the lifetime is over.

/// What a cache does when the answer is no longer fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterFreshness {
    pub(super) validation: Validation,
    pub(super) stale_while_revalidate: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
    pub(super) never_stale: bool,
    pub(super) stale_when_unreachable: bool,
}

/// What a cache can ask the origin with (S-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Validation {
    /// `If-None-Match` with the entity tag.
    EntityTag,
    /// `If-Modified-Since` with the date.
    LastModified,
    /// Both.
    Both,
    /// Neither: the whole answer is fetched again.
    Nothing,
    /// The cache never asks with a validator, but fetches the whole answer again.
    NeverAsks,
}

impl AfterFreshness {
    /// What the cache asks the origin with.
    #[must_use]
    pub const fn validation(&self) -> Validation {
        self.validation
    }

    /// Seconds past the lifetime for which the answer may be served while a new one is being
    /// fetched (RFC 5861 section 3, C-31).
    #[must_use]
    pub const fn stale_while_revalidate(&self) -> Option<u64> {
        self.stale_while_revalidate
    }

    /// Seconds past the lifetime for which the answer may be served in place of an error (RFC
    /// 5861 section 4, C-31).
    #[must_use]
    pub const fn stale_if_error(&self) -> Option<u64> {
        self.stale_if_error
    }

    /// Whether the cache serves it stale when the origin cannot be reached, though nothing says
    /// that it may (RFC 9111 section 4.2.4).
    #[must_use]
    pub const fn stale_when_unreachable(&self) -> bool {
        self.stale_when_unreachable
    }

    /// Whether a directive forbids to serve it stale at all (RFC 9111 section 4.2.4, C-32).
    #[must_use]
    pub const fn never_stale(&self) -> bool {
        self.never_stale
    }
}
