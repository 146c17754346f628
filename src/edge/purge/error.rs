//! [`PurgeError`]: why there are no requests.

use std::fmt;

use crate::edge::UnsupportedTag;

/// Why there are no requests that purge. The text names the remedy, and never a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgeError {
    /// The vendor's API has no such purge, or none that its documentation tells well enough.
    Unsupported {
        /// The API.
        api: &'static str,
        /// What was asked of it.
        what: &'static str,
        /// What to do in its place.
        remedy: &'static str,
    },
    /// The URL is none that could be purged, or none that an API could have.
    InvalidUrl {
        /// What was given.
        url: String,
        /// What is wrong with it, and what to write.
        reason: &'static str,
    },
    /// The edge cannot carry the tag, and so has stored nothing by it.
    UnsupportedTag {
        /// The tag, the edge, and what it can carry.
        error: UnsupportedTag,
    },
    /// The identifier is not of 1 to 128 letters, digits, `.`, `_`, `-` and `:`, or is `.` or `..`.
    InvalidId {
        /// What it identifies.
        name: &'static str,
        /// What was given.
        value: String,
    },
    /// The credential is empty, or has something in it that a header field cannot carry.
    InvalidCredential,
    /// Anything else, such as a signer that failed.
    Other {
        /// The API.
        api: &'static str,
        /// What went wrong.
        reason: String,
    },
}

impl fmt::Display for PurgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { api, what, remedy } => write!(f, "{api} has no {what}: {remedy}"),
            Self::InvalidUrl { url, reason } => write!(f, "the URL {} {reason}", Start(url)),
            Self::UnsupportedTag { error } => error.fmt(f),
            Self::InvalidId { name, value } => {
                write!(f, "the {name} {}: write 1 to 128 letters, digits, '.', '_', '-' and ':'", Start(value))
            }
            Self::InvalidCredential => f.write_str("the credential: write one or more visible ASCII characters"),
            Self::Other { api, reason } => write!(f, "{api}: {reason}"),
        }
    }
}

impl std::error::Error for PurgeError {}

/// The start of a text from outside, which may be long.
struct Start<'a>(&'a str);

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LENGTH: usize = 128;
        let start: String = self.0.chars().take(LENGTH).collect();
        write!(f, "{start:?}{}", if start.len() < self.0.len() { " ..." } else { "" })
    }
}
