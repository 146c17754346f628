//! [`Decision`]: what was decided about one answer, and by whose word.

use std::fmt;

use super::guards::GuardSet;

/// What a layer decided about one answer, and why.
///
/// Displays as one line for a log:
///
/// ```text
/// the layer's policy; G-01 Set-Cookie: private
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    speaker: Speaker,
    guards: GuardSet,
}

impl Decision {
    pub(super) const fn new(speaker: Speaker, guards: GuardSet) -> Self {
        Self { speaker, guards }
    }

    /// Whose word it is.
    #[must_use]
    pub const fn speaker(&self) -> Speaker {
        self.speaker
    }

    /// The guards that changed it.
    #[must_use]
    pub const fn guards(&self) -> GuardSet {
        self.guards
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.speaker {
            Speaker::Handler => "the answer's own field",
            Speaker::HandlerPolicy => "the handler's policy",
            Speaker::Layer => "the layer's policy",
            Speaker::Tightened => "the tighter of handler and layer",
            Speaker::Default => "the default",
            Speaker::Development => "development",
        })?;
        for guard in self.guards.iter() {
            write!(f, "; {}", guard.reason())?;
        }
        Ok(())
    }
}

/// Whose word a [`Decision`] rests on, before guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Speaker {
    /// A field that the handler or a service inside wrote.
    Handler,
    /// A [`CachePolicy`](super::CachePolicy) that the handler put in the answer's extensions.
    HandlerPolicy,
    /// The policy of the layer.
    Layer,
    /// The handler and the layer, of each the tighter.
    Tightened,
    /// The default for answers that nobody gave a policy.
    Default,
    /// The development switch.
    Development,
}

impl Speaker {
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::HandlerPolicy => "handler-policy",
            Self::Layer => "layer",
            Self::Tightened => "tightened",
            Self::Default => "default",
            Self::Development => "development",
        }
    }
}
