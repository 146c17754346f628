//! [`Rendered`] and [`RenderedVary`]: policies and names with their field values.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::CachePolicy;
use crate::protocol::{CacheControl, Vary, set_field};

/// A policy with its directives and field values, rendered when a layer is built, so that a response costs a
/// counted reference and no formatting.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    policy: CachePolicy,
    directives: CacheControl,
    value: HeaderValue,
    /// The value for private caches only (SPD).
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

    /// Whether the line is this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    pub(crate) const fn vary(&self) -> Option<&RenderedVary> {
        self.vary.as_ref()
    }
}

impl RenderedVary {
    /// Returns `None` if there is no name.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        Self::of_names(Vary::of(names))
    }

    /// Returns `None` if there is no name.
    pub(crate) fn of_names(names: Vary) -> Option<Self> {
        (!names.is_empty()).then(|| Self { value: shared(&names.to_header_value()), names })
    }

    /// The names of a policy.
    pub(crate) fn of(policy: CachePolicy) -> Option<Self> {
        Self::new(policy.vary_names())
    }

    /// Writes the field into a response without `Vary`.
    pub(crate) fn set_in(&self, headers: &mut HeaderMap) {
        set_field(headers, VARY, self.value.clone());
    }

    /// Whether the line is this value, byte for byte.
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

/// The first clone of an owned value allocates its counter. Cloning here does so once.
fn shared(value: &HeaderValue) -> HeaderValue {
    value.clone()
}
