//! [`PurgeError`]: the reason why there are no requests for a purge.

use std::fmt;

use http::Uri;
use tower_cache_policy::edge::UnsupportedTag;
use tower_cache_policy::edge::purge::InvalidPurgeUrl;

use crate::text::{bounded, without_query};

/// Why there are no requests for a purge. The text names the remedy.
///
/// Neither `Display` nor `Debug` shows a credential: user information and queries of URLs are left
/// out, and of a wrong identifier only the first wrong character is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgeError {
    /// The vendor's API does not have such a purge, or does not document it well enough.
    Unsupported {
        /// The API.
        api: &'static str,
        /// The kind of purge.
        what: &'static str,
        /// The alternative.
        remedy: &'static str,
    },
    /// The URL cannot be purged, or is not a valid URL of an API.
    InvalidUrl {
        /// The start of the URL, without user information and query.
        url: String,
        /// The fault, and what to write instead.
        reason: &'static str,
    },
    /// The identifier is not 1 to 128 letters, digits, `.`, `_`, `-` and `:`, or is `.` or `..`.
    InvalidId {
        /// The meaning of the identifier.
        name: &'static str,
        /// The problem: the length, or the first invalid character and its position.
        fault: String,
    },
    /// The credential is empty, or contains a character that a header field cannot carry.
    InvalidCredential,
    /// The edge cannot carry the tag, so it has stored no response with it.
    UnsupportedTag {
        /// The tag, the edge, and what it can carry.
        error: UnsupportedTag,
    },
    /// The tag has a special meaning at this cache, which would purge other responses.
    InvalidTag {
        /// The API.
        api: &'static str,
        /// The start of the tag.
        tag: String,
        /// The fault, and what to do instead.
        reason: &'static str,
    },
    /// Anything else, such as a signer that failed.
    Other {
        /// The API.
        api: &'static str,
        /// The problem.
        reason: String,
    },
}

impl PurgeError {
    /// The error for a URL of a purge, which has no user information.
    pub(crate) fn url(url: &Uri, reason: &'static str) -> Self {
        Self::InvalidUrl { url: bounded(without_query(&url.to_string())), reason }
    }
}

impl From<InvalidPurgeUrl> for PurgeError {
    fn from(error: InvalidPurgeUrl) -> Self {
        Self::InvalidUrl { url: error.url().to_owned(), reason: error.reason() }
    }
}

impl fmt::Display for PurgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { api, what, remedy } => write!(f, "{api} does not support a {what}: {remedy}"),
            Self::InvalidUrl { url, reason } => write!(f, "the URL {url:?} {reason}"),
            Self::InvalidId { name, fault } => {
                write!(f, "the {name} {fault}: write 1 to 128 letters, digits, '.', '_', '-' and ':'")
            }
            Self::InvalidCredential => f.write_str("the credential: write one or more visible ASCII characters"),
            Self::UnsupportedTag { error } => error.fmt(f),
            Self::InvalidTag { api, tag, reason } => write!(f, "{api}: the tag {tag:?} {reason}"),
            Self::Other { api, reason } => write!(f, "{api}: {reason}"),
        }
    }
}

impl std::error::Error for PurgeError {}
