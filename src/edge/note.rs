//! [`EdgeNote`]: what was noticed on an answer's way to the edge.

use std::fmt;

use http::HeaderName;

/// What was noticed on an answer's way to the edge, and is better known than guessed.
///
/// An `EdgeLayer` that records them puts a `Vec<EdgeNote>` into the answer's extensions; with
/// the feature `tracing` each is an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeNote {
    /// The answer has more tags than an edge reads, or longer ones (G-20).
    TooManyTags {
        /// The field for them.
        field: HeaderName,
        /// How many there are.
        count: usize,
        /// Whether it is stored with a coarser tag, or not stored.
        stored: bool,
    },
    /// A service inside wrote something into a field for tags that is no tag.
    NotTags {
        /// The field.
        field: HeaderName,
    },
    /// A service inside wrote a field that forbids an edge to store or reuse the answer; it
    /// counts for all edges.
    Restricted {
        /// The field.
        field: HeaderName,
    },
    /// A service inside wrote a field for an edge that is not there, or that cannot be read. It
    /// was taken away.
    Removed {
        /// The field.
        field: HeaderName,
    },
}

impl fmt::Display for EdgeNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyTags { field, count, stored: true } => {
                write!(
                    f,
                    "{count} tags do not fit into {field}: a coarser one stands for those that are left out (G-20)"
                )
            }
            Self::TooManyTags { field, count, stored: false } => {
                write!(f, "{count} tags do not fit into {field}: the answer is kept out of shared caches (G-20)")
            }
            Self::NotTags { field } => {
                write!(f, "{field} has a member that is no tag: a-z, 0-9, '.', '_' and '-' (G-20)")
            }
            Self::Restricted { field } => write!(f, "{field} keeps the answer out of shared caches (G-22)"),
            Self::Removed { field } => write!(f, "{field} is for no edge that is in front, and was removed (G-22)"),
        }
    }
}
