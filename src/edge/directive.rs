//! [`EdgeDirective`]: what an edge is told, before it is written in its dialect.

use crate::protocol::CacheControl;

/// What an edge is told of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeDirective {
    /// Nothing: the answer states no lifetime, or it is of a method whose answers are not stored.
    Silent,
    /// Not to be stored.
    NotStored,
    /// May be stored, and is validated before each reuse.
    Validated,
    Stored(EdgeLifetime),
}

/// How long an edge may keep an answer, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeLifetime {
    pub(crate) seconds: u32,
    pub(crate) stale_while_revalidate: Option<u32>,
    pub(crate) stale_if_error: Option<u32>,
    pub(crate) must_revalidate: bool,
    pub(super) no_transform: bool,
}

impl EdgeLifetime {
    /// A lifetime and nothing more.
    pub(super) const fn new(seconds: u32) -> Self {
        Self {
            seconds,
            stale_while_revalidate: None,
            stale_if_error: None,
            must_revalidate: false,
            no_transform: false,
        }
    }

    /// As directives, which are the same in `Cache-Control` and in a structured Dictionary:
    /// numbers and flags.
    pub(super) fn as_cache_control(self) -> CacheControl {
        let mut field = self.in_known_words();
        if self.must_revalidate {
            field = field.with_must_revalidate();
        }
        if self.no_transform {
            field = field.with_no_transform();
        }
        field
    }

    /// The same in the words that an edge knows which knows the lifetimes only.
    pub(super) fn in_known_words(self) -> CacheControl {
        let mut field = CacheControl::new().with_max_age(self.seconds);
        if let Some(seconds) = self.stale_while_revalidate {
            field = field.with_stale_while_revalidate(seconds);
        }
        if let Some(seconds) = self.stale_if_error {
            field = field.with_stale_if_error(seconds);
        }
        field
    }
}

impl EdgeDirective {
    /// What the field says to a shared cache.
    pub(crate) fn of(field: &CacheControl) -> Self {
        // A qualified `private` keeps fields from shared caches that few of them can leave out.
        if field.no_store() || field.private() || !field.private_fields().is_empty() {
            return Self::NotStored;
        }
        if field.no_cache() || !field.no_cache_fields().is_empty() {
            return Self::Validated;
        }
        match field.s_maxage().or(field.max_age()) {
            Some(seconds) => Self::Stored(EdgeLifetime {
                seconds,
                stale_while_revalidate: field.stale_while_revalidate(),
                stale_if_error: field.stale_if_error(),
                must_revalidate: field.must_revalidate() || field.proxy_revalidate(),
                no_transform: field.no_transform(),
            }),
            None => Self::Silent,
        }
    }
}
