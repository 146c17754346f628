//! [`Rendered`] and [`RenderedVary`]: what is said, with its field values made.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::CachePolicy;
use crate::protocol::{CacheControl, Vary, set_field};

/// A policy and the values it can take, rendered when a layer is built so that a
/// response costs a counted reference and no formatting.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    policy: CachePolicy,
    as_said: HeaderValue,
    /// What guards make of it (SPD).
    private: HeaderValue,
    vary: Option<RenderedVary>,
}

/// Names that an answer adds to `Vary`, and the same as a field value.
#[derive(Clone, Debug)]
pub(crate) struct RenderedVary {
    names: Vary,
    value: HeaderValue,
}

impl Rendered {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        Self {
            policy,
            as_said: shared(&CacheControl::from(policy).to_header_value()),
            private: shared(&CacheControl::from(policy).to_private().to_header_value()),
            vary: RenderedVary::of(policy),
        }
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(crate) fn as_said(&self) -> HeaderValue {
        self.as_said.clone()
    }

    /// Whether a field line is what it says, octet for octet.
    pub(crate) fn says(&self, line: &HeaderValue) -> bool {
        self.as_said == *line
    }

    pub(crate) fn private(&self) -> HeaderValue {
        self.private.clone()
    }

    pub(crate) const fn vary(&self) -> Option<&RenderedVary> {
        self.vary.as_ref()
    }
}

impl RenderedVary {
    /// `None` where there is no name.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        Self::of_names(Vary::of(names))
    }

    /// `None` where there is no name.
    pub(crate) fn of_names(names: Vary) -> Option<Self> {
        (!names.is_empty()).then(|| Self { value: shared(&names.to_header_value()), names })
    }

    /// The names of a policy.
    pub(crate) fn of(policy: CachePolicy) -> Option<Self> {
        Self::new(policy.vary_names())
    }

    /// Writes the names into a response that has no `Vary` yet.
    pub(crate) fn set_in(&self, headers: &mut HeaderMap) {
        set_field(headers, VARY, self.value.clone());
    }

    /// Whether a field line has these names and no others, byte for byte.
    pub(crate) fn says(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    pub(crate) const fn names(&self) -> &Vary {
        &self.names
    }

    pub(crate) fn into_names(self) -> Vary {
        self.names
    }
}

/// The first clone of a value that owns its octets allocates the counter for all of them.
/// Done here, no response does it.
fn shared(value: &HeaderValue) -> HeaderValue {
    value.clone()
}
