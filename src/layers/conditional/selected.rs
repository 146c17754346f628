//! [`SelectedRepresentation`]: the result of a validator source.

use crate::policy::CachePolicy;
use crate::protocol::{Representation, Validators};

/// The result of a [`ValidatorSource`](super::ValidatorSource): the validators of the representation that a request
/// selects, and optionally the policy of its 200.
///
/// Sources usually return [`Validators`], an `Option` of them, or a [`Representation`]. Each converts into this type.
/// `None` means that there is no representation. A pair adds the policy, so that a 304 that is decided before the
/// handler has the same `Cache-Control` as the 200
/// ([RFC 9110 section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4.5)):
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
    /// Creates a result without a policy.
    #[must_use]
    pub const fn new(representation: Representation) -> Self {
        Self { representation, policy: None }
    }

    /// Sets the policy of the 200 for this representation. A 304 that is decided before the handler gets the same
    /// policy.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::layers::conditional::SelectedRepresentation;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::protocol::{EntityTag, Validators};
    ///
    /// let validators = Validators::new().with_etag(EntityTag::from_static("\"v1\""));
    /// let selected = SelectedRepresentation::from(validators).with_policy(CachePolicy::NO_CACHE);
    /// assert_eq!(selected.policy(), Some(CachePolicy::NO_CACHE));
    ///
    /// // A pair has the same effect.
    /// let minute = CachePolicy::private(Duration::from_secs(60));
    /// let selected = SelectedRepresentation::from((Validators::new(), minute));
    /// assert_eq!(selected.policy(), Some(minute));
    /// ```
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

    /// Returns the policy, or `None` if the source does not know it.
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
