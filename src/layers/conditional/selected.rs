//! [`SelectedRepresentation`]: what a source knows of a request's target.

use crate::policy::CachePolicy;
use crate::protocol::{Representation, Validators};

/// The representation that a request selects, as far as a
/// [`ValidatorSource`](super::ValidatorSource) knows it: its validators, and the policy
/// that its 200 has.
///
/// Sources usually return [`Validators`], an `Option` of them where `None` means that there
/// is no representation, or a [`Representation`]. Each converts into this type. A pair adds
/// the policy:
///
/// ```
/// # use std::time::Duration;
/// # use tower_cache_policy::{ConditionalLayer, policy::CachePolicy};
/// # use tower_cache_policy::protocol::{EntityTag, Validators};
/// const ARTICLE: CachePolicy = CachePolicy::private(Duration::from_secs(60));
///
/// let layer = ConditionalLayer::new().validators(|_| async {
///     (Validators::new().with_etag(EntityTag::from_static("\"v1\"")), ARTICLE)
/// });
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct SelectedRepresentation {
    representation: Representation,
    policy: Option<CachePolicy>,
}

impl SelectedRepresentation {
    /// The representation, with a policy that is not known.
    #[must_use]
    pub const fn new(representation: Representation) -> Self {
        Self { representation, policy: None }
    }

    /// Adds the policy that the handler gives the 200 of this representation. A 304 that is
    /// decided before the handler gets the same policy.
    #[must_use]
    pub fn with_policy(mut self, policy: CachePolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Returns the representation.
    #[must_use]
    pub const fn representation(&self) -> &Representation {
        &self.representation
    }

    /// Returns the policy, if the source knows it.
    #[must_use]
    pub const fn policy(&self) -> Option<CachePolicy> {
        self.policy
    }

    pub(super) fn into_parts(self) -> (Representation, Option<CachePolicy>) {
        (self.representation, self.policy)
    }
}

impl From<Representation> for SelectedRepresentation {
    fn from(representation: Representation) -> Self {
        Self::new(representation)
    }
}

impl From<&Representation> for SelectedRepresentation {
    fn from(representation: &Representation) -> Self {
        Self::new(representation.clone())
    }
}

impl From<Validators> for SelectedRepresentation {
    fn from(validators: Validators) -> Self {
        Self::new(validators.into())
    }
}

impl From<&Validators> for SelectedRepresentation {
    fn from(validators: &Validators) -> Self {
        Self::new(validators.into())
    }
}

/// `None` means that there is no representation.
impl From<Option<Validators>> for SelectedRepresentation {
    fn from(validators: Option<Validators>) -> Self {
        Self::new(validators.into())
    }
}

impl From<(Representation, CachePolicy)> for SelectedRepresentation {
    fn from((representation, policy): (Representation, CachePolicy)) -> Self {
        Self::new(representation).with_policy(policy)
    }
}

impl From<(Validators, CachePolicy)> for SelectedRepresentation {
    fn from((validators, policy): (Validators, CachePolicy)) -> Self {
        Self::new(validators.into()).with_policy(policy)
    }
}

/// `None` means that there is no representation.
impl From<Option<(Validators, CachePolicy)>> for SelectedRepresentation {
    fn from(found: Option<(Validators, CachePolicy)>) -> Self {
        found.map_or(Self::new(Representation::Missing), Self::from)
    }
}
