//! [`Rendered`] and [`RenderedVary`]: policies and `Vary` names with their rendered field values.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::CachePolicy;
use crate::protocol::{CacheControl, Vary, set_field};

/// A policy with its directives and field values.
///
/// It is rendered when a layer is built. A response then costs one increment of a reference count, and no formatting.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    policy: CachePolicy,
    directives: CacheControl,
    value: HeaderValue,
    /// The value that excludes shared caches.
    // SPD
    private: HeaderValue,
    vary: Option<RenderedVary>,
}

/// The names that responses add to `Vary`, with their field value.
#[derive(Clone, Debug)]
pub(crate) struct RenderedVary {
    names: Vary,
    value: HeaderValue,
}

impl Rendered {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        let directives = CacheControl::from(policy);
        Self {
            policy,
            value: shared(&directives.to_header_value()),
            private: shared(&directives.clone().to_private().to_header_value()),
            directives,
            vary: RenderedVary::of(policy),
        }
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(super) const fn directives(&self) -> &CacheControl {
        &self.directives
    }

    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }

    pub(super) fn private(&self) -> HeaderValue {
        self.private.clone()
    }

    /// Returns whether the line is equal to this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    pub(crate) const fn vary(&self) -> Option<&RenderedVary> {
        self.vary.as_ref()
    }
}

impl RenderedVary {
    /// Renders the names, or returns `None` if there are none.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        Self::of_names(Vary::of(names))
    }

    /// Renders the names, or returns `None` if there are none.
    pub(crate) fn of_names(names: Vary) -> Option<Self> {
        (!names.is_empty()).then(|| Self { value: shared(&names.to_header_value()), names })
    }

    /// Renders the names of a policy.
    pub(crate) fn of(policy: CachePolicy) -> Option<Self> {
        Self::new(policy.vary_names())
    }

    /// Writes the field into a response without `Vary`.
    pub(crate) fn set_in(&self, headers: &mut HeaderMap) {
        set_field(headers, VARY, self.value.clone());
    }

    /// Returns whether the line is equal to this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    pub(crate) const fn names(&self) -> &Vary {
        &self.names
    }

    pub(crate) fn into_names(self) -> Vary {
        self.names
    }
}

/// Clones the value once. The first clone of an owned value allocates the reference count; later clones do not.
fn shared(value: &HeaderValue) -> HeaderValue {
    value.clone()
}
