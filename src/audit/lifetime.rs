//! [`FreshFor`]: how long a cache reuses the answer, and where the figure comes from.

use std::fmt;

use http::HeaderName;

use super::rule::Rule;
use crate::protocol::LifetimeSource;

/// How long a cache may reuse the answer without asking, in seconds, and where the figure comes
/// from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshFor {
    seconds: Option<u64>,
    from: FreshFrom,
}

/// Where a lifetime comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreshFrom {
    /// `s-maxage`, `max-age`, `Expires`, a guess from `Last-Modified`, or nothing.
    Answer(LifetimeSource),
    /// A field for the edge.
    EdgeField(HeaderName),
    /// What the edge does where nothing is said.
    EdgeDefault,
    /// The answer demands validation before each reuse, whatever lifetime it states.
    Validated,
}

impl FreshFor {
    pub(super) const fn new(seconds: u64, from: FreshFrom) -> Self {
        Self { seconds: Some(seconds), from }
    }

    pub(super) const fn unknown(from: FreshFrom) -> Self {
        Self { seconds: None, from }
    }

    /// The lifetime in seconds from the generation of the answer. `None` where the edge chooses
    /// one that is not known.
    #[must_use]
    pub const fn seconds(&self) -> Option<u64> {
        self.seconds
    }

    /// Where it comes from.
    #[must_use]
    pub const fn from(&self) -> &FreshFrom {
        &self.from
    }

    /// Whether nobody stated it.
    #[must_use]
    pub const fn is_guessed(&self) -> bool {
        matches!(self.from, FreshFrom::Answer(LifetimeSource::Heuristic) | FreshFrom::EdgeDefault)
    }
}

impl FreshFrom {
    /// What it rests on.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::Answer(LifetimeSource::SMaxage) => Rule::new("C-21", "RFC 9111 section 5.2.2.10"),
            Self::Answer(LifetimeSource::Heuristic) => Rule::new("F-03", "RFC 9111 section 4.2.2"),
            Self::Answer(LifetimeSource::MaxAge | LifetimeSource::Expires | LifetimeSource::None) => {
                Rule::new("F-01", "RFC 9111 section 4.2.1")
            }
            Self::EdgeField(_) => Rule::new("T-05", "RFC 9213 section 2.2"),
            Self::EdgeDefault => Rule::new("G-14", "RFC 9111 section 4.2.2"),
            Self::Validated => Rule::new("C-22", "RFC 9111 section 5.2.2.4"),
        }
    }
}

impl fmt::Display for FreshFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(source) => f.write_str(match source {
                LifetimeSource::SMaxage => "`s-maxage`",
                LifetimeSource::MaxAge => "`max-age`",
                LifetimeSource::Expires => "`Expires`",
                LifetimeSource::Heuristic => "a guess from `Last-Modified`",
                LifetimeSource::None => "nothing states a lifetime",
            }),
            Self::EdgeField(field) => write!(f, "`{field}`"),
            Self::EdgeDefault => f.write_str("its own default"),
            Self::Validated => f.write_str("`no-cache`"),
        }
    }
}
