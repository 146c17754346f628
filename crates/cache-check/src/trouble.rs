//! [`Trouble`]: why a URL could not be checked, or not in full.

use std::error::Error;
use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use url::Url;

/// Why a URL could not be checked, or not in full. Displays with the remedy, where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No URL that can be fetched.
    Url { why: String },
    /// No connection, for the reason of the system.
    Connect { why: String },
    /// The certificate or the handshake.
    Tls { why: String },
    /// No end of the answer in time.
    Timeout { seconds: u64 },
    /// What came is not HTTP, or broken off.
    Broken { why: String },
    /// A redirect without a `Location` that can be followed.
    Location { why: String },
    /// A redirect to where one has been.
    Loop { to: Url },
    /// More redirects than are followed.
    Redirects { followed: usize },
    /// The content goes on behind the limit.
    Endless { limit: usize },
    /// One of the probes failed.
    During { probe: &'static str, trouble: Box<Self> },
}

impl Trouble {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Url { .. } => "url",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Broken { .. } => "broken-answer",
            Self::Location { .. } => "bad-location",
            Self::Loop { .. } => "redirect-loop",
            Self::Redirects { .. } => "too-many-redirects",
            Self::Endless { .. } => "content-too-long",
            Self::During { trouble, .. } => trouble.kind(),
        }
    }

    pub(crate) fn of(error: &reqwest::Error, seconds: u64) -> Self {
        let why = innermost(error);
        if error.is_timeout() {
            Self::Timeout { seconds }
        } else if is_tls(error) {
            Self::Tls { why }
        } else if error.is_connect() {
            Self::Connect { why }
        } else if error.is_builder() {
            Self::Url { why }
        } else {
            Self::Broken { why }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { why } => write!(f, "this URL cannot be fetched: {why}"),
            Self::Connect { why } => write!(f, "no connection: {why}"),
            Self::Tls { why } => write!(f, "TLS fails: {why}"),
            Self::Timeout { seconds } => {
                write!(f, "no end of the answer within {seconds} seconds (--timeout allows more)")
            }
            Self::Broken { why } => write!(f, "the answer is no valid HTTP, or broke off: {why}"),
            Self::Location { why } => write!(f, "a redirect leads nowhere: {why}"),
            Self::Loop { to } => write!(f, "a redirect loop: it leads back to {to}"),
            Self::Redirects { followed } => write!(f, "more than {followed} redirects in a row"),
            Self::Endless { limit } => write!(
                f,
                "the content has more than {limit} bytes, so contents were not compared (--max-body allows more)"
            ),
            Self::During { probe, trouble } => write!(f, "{probe}: {trouble}"),
        }
    }
}

/// As `{ "kind": .., "text": .. }`.
impl Serialize for Trouble {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Trouble", 2)?;
        document.serialize_field("kind", self.kind())?;
        document.serialize_field("text", &self.to_string())?;
        document.end()
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause| behind(*cause))
}

/// The cause of an error. An I/O error holds one that it does not name as its source.
fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source())
}

/// The error at the bottom, which says what is amiss.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(<dyn Error>::is::<rustls::Error>)
}
