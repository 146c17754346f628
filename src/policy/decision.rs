//! [`Decision`]: what was decided about one response, and what it rests on.

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
    source: DecisionSource,
    guards: GuardSet,
}

impl Decision {
    pub(super) const fn new(source: DecisionSource, guards: GuardSet) -> Self {
        Self { source, guards }
    }

    /// What the decision rests on, before guards.
    #[must_use]
    pub const fn source(&self) -> DecisionSource {
        self.source
    }

    /// The guards that changed it.
    #[must_use]
    pub const fn guards(&self) -> GuardSet {
        self.guards
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            DecisionSource::Handler => "the response's own field",
            DecisionSource::HandlerPolicy => "the handler's policy",
            DecisionSource::Layer => "the layer's policy",
            DecisionSource::Tightened => "the tighter of handler and layer",
            DecisionSource::Default => "the default",
            DecisionSource::Development => "development",
            DecisionSource::Nothing => "nothing is known of its 200",
        })?;
        for guard in self.guards.iter() {
            write!(f, "; {}", guard.reason())?;
        }
        Ok(())
    }
}

/// What a [`Decision`] rests on, before guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecisionSource {
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
    /// Nothing is said: a 304 whose 200 is not known goes without a `Cache-Control`, and caches keep what
    /// the 200 said.
    Nothing,
}

impl DecisionSource {
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::HandlerPolicy => "handler-policy",
            Self::Layer => "layer",
            Self::Tightened => "tightened",
            Self::Default => "default",
            Self::Development => "development",
            Self::Nothing => "nothing",
        }
    }
}
