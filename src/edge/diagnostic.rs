//! [`EdgeDiagnostic`]: a diagnostic of an edge layer.

use std::fmt;

use http::HeaderName;

use super::unsupported_tag::UnsupportedTag;

/// A diagnostic reported by an `EdgeLayer`.
///
/// A layer that records them puts a `Vec<EdgeDiagnostic>` into the response's extensions. With the feature
/// `tracing` each is an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeDiagnostic {
    /// The response has a tag that an edge cannot carry.
    UnsupportedTag {
        /// The tag, the edge, and what it can carry.
        error: UnsupportedTag,
        /// Whether the response is stored with a coarser tag, or not stored.
        stored: bool,
    },
    /// The response has more tags than an edge reads.
    TooManyTags {
        /// The field for them.
        field: HeaderName,
        /// How many there are.
        count: usize,
        /// Whether the response is stored with a coarser tag, or not stored.
        stored: bool,
    },
    /// An inner service wrote something into a field for tags that is not a tag, or not one that the
    /// edge can carry.
    NotTags {
        /// The field.
        field: HeaderName,
    },
    /// An inner service wrote a field that forbids an edge to store or reuse the response. It
    /// applies to all edges.
    Restricted {
        /// The field.
        field: HeaderName,
    },
    /// An inner service wrote a field for an edge that is not configured, or one that cannot be read.
    /// It was removed.
    Removed {
        /// The field.
        field: HeaderName,
    },
}

impl fmt::Display for EdgeDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedTag { error, stored: true } => write!(f, "{error}; a coarser tag replaces it"),
            Self::UnsupportedTag { error, stored: false } => {
                write!(f, "{error}; the response is kept out of shared caches")
            }
            Self::TooManyTags { field, count, stored: true } => {
                write!(f, "{count} tags do not fit into {field}: a coarser tag replaces those that are left out")
            }
            Self::TooManyTags { field, count, stored: false } => {
                write!(f, "{count} tags do not fit into {field}: the response is kept out of shared caches")
            }
            Self::NotTags { field } => {
                write!(f, "{field} has a member that is not a tag that the edge can carry")
            }
            Self::Restricted { field } => write!(f, "{field} keeps the response out of shared caches"),
            Self::Removed { field } => write!(f, "{field} is not for an edge in front, and was removed"),
        }
    }
}
