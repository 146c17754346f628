//! [`PurgeError`]: the reason why the requests of a purge cannot be created.

use std::fmt;

use http::Uri;
use tower_cache_policy::edge::UnsupportedTag;
use tower_cache_policy::edge::purge::InvalidPurgeUrl;

use crate::text::{bounded, without_query};

/// The reason why the requests of a purge cannot be created. The text names the remedy.
///
/// Neither `Display` nor `Debug` shows a credential: user information and queries of URLs are omitted, and only the
/// first invalid character of an identifier is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgeError {
    /// The vendor's API does not support such a purge, or does not document it sufficiently.
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
        /// The problem, and the remedy.
        reason: &'static str,
    },
    /// The identifier is not 1 to 128 letters, digits, `.`, `_`, `-` and `:`, or is `.` or `..`.
    InvalidId {
        /// The meaning of the identifier.
        name: &'static str,
        /// The problem: the length, or the first invalid character and its position.
        fault: String,
    },
    /// The credential is empty, or contains a character that is not allowed in a header field.
    InvalidCredential,
    /// The edge does not accept the tag, so it has not stored any response with it.
    UnsupportedTag {
        /// The tag, the edge, and the tags that the edge accepts.
        error: UnsupportedTag,
    },
    /// The tag has a special meaning at this cache, so it would purge other responses.
    InvalidTag {
        /// The API.
        api: &'static str,
        /// The start of the tag.
        tag: String,
        /// The problem, and the remedy.
        reason: &'static str,
    },
    /// Any other error, such as a signer that failed.
    Other {
        /// The API.
        api: &'static str,
        /// The problem.
        reason: String,
    },
}

impl PurgeError {
    /// Creates the error for the URL of a purge, which does not have user information.
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
            Self::InvalidCredential => {
                f.write_str("the credential is not valid: write one or more visible ASCII characters")
            }
            Self::UnsupportedTag { error } => error.fmt(f),
            Self::InvalidTag { api, tag, reason } => write!(f, "{api}: the tag {tag:?} {reason}"),
            Self::Other { api, reason } => write!(f, "{api}: {reason}"),
        }
    }
}

impl std::error::Error for PurgeError {}
