//! [`EdgeDirective`]: a decision for one edge, independent of the edge's syntax.

use crate::protocol::CacheControl;

/// A decision about one response for one edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeDirective {
    /// The edge gets no directive: the response has no lifetime, or responses to its method are not stored.
    Silent,
    /// The response must not be stored.
    NotStored,
    /// The response may be stored, and must be revalidated before each reuse.
    Validated,
    /// The response may be stored and reused for a lifetime.
    Stored(EdgeLifetime),
}

/// How long an edge may store a response, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeLifetime {
    pub(crate) seconds: u32,
    pub(crate) stale_while_revalidate: Option<u32>,
    pub(crate) stale_if_error: Option<u32>,
    pub(crate) must_revalidate: bool,
    pub(super) no_transform: bool,
}

impl EdgeLifetime {
    /// Creates a lifetime without further directives.
    pub(super) const fn new(seconds: u32) -> Self {
        Self {
            seconds,
            stale_while_revalidate: None,
            stale_if_error: None,
            must_revalidate: false,
            no_transform: false,
        }
    }

    /// Renders all directives. The syntax is the same in `Cache-Control` and in a structured Dictionary.
    pub(super) fn as_cache_control(self) -> CacheControl {
        let mut field = self.lifetimes_only();
        if self.must_revalidate {
            field = field.with_must_revalidate();
        }
        if self.no_transform {
            field = field.with_no_transform();
        }
        field
    }

    /// Renders only the lifetimes, for an edge that does not support other directives.
    pub(super) fn lifetimes_only(self) -> CacheControl {
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
    /// Reads the field as a shared cache does.
    pub(crate) fn of(field: &CacheControl) -> Self {
        // Few shared caches can remove the fields that a qualified `private` names before they store a response.
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
