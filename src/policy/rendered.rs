//! [`Rendered`]: a policy with its field values made.

use http::HeaderValue;

use super::CachePolicy;
use crate::protocol::{CacheControl, Vary};

/// A policy and the values it can take, rendered when a layer is built so that a
/// response costs a counted reference and no formatting.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    policy: CachePolicy,
    as_said: HeaderValue,
    /// What guards make of it (SPD).
    private: HeaderValue,
    vary: Option<HeaderValue>,
}

impl Rendered {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        let mut vary = Vary::new();
        for name in policy.vary_names() {
            vary.insert(name);
        }
        Self {
            policy,
            as_said: shared(&CacheControl::from(policy).to_header_value()),
            private: shared(&CacheControl::from(policy).to_private().to_header_value()),
            vary: (!vary.is_empty()).then(|| shared(&vary.to_header_value())),
        }
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(crate) fn as_said(&self) -> HeaderValue {
        self.as_said.clone()
    }

    pub(crate) fn private(&self) -> HeaderValue {
        self.private.clone()
    }

    /// The names it adds to `Vary`, as a value of their own.
    pub(crate) const fn vary(&self) -> Option<&HeaderValue> {
        self.vary.as_ref()
    }
}

/// The first clone of a value that owns its octets allocates the counter for all of them.
/// Done here, no response does it.
fn shared(value: &HeaderValue) -> HeaderValue {
    value.clone()
}
