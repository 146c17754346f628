//! [`Heard`]: what the extensions of an answer say.

use http::Extensions;

use super::for_edge::{ForEdge, Waived};
use super::{CachePolicy, Personalized};

/// What the extensions of an answer say: mostly nothing, and then nothing is looked up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// The handler's.
    pub(super) policy: Option<CachePolicy>,
    pub(super) personalized: bool,
    /// Guards that a layer inside did without.
    pub(super) waived: Option<Waived>,
}

impl Heard {
    pub(super) const fn is_nothing(&self) -> bool {
        self.policy.is_none() && !self.personalized && self.waived.is_none()
    }

    /// The handler's policy is taken out, and the rest stays for layers outside.
    pub(super) fn take_from(extensions: &mut Extensions) -> Self {
        if extensions.is_empty() {
            return Self::default();
        }
        Self {
            policy: extensions.remove::<CachePolicy>(),
            personalized: extensions.get::<Personalized>().is_some(),
            waived: extensions.get::<ForEdge>().map(|inside| inside.waived),
        }
    }
}
