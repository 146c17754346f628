//! [`CheckError`]: why a URL could not be checked, or not completely.

use std::error::Error;
use std::{fmt, io};

use http::StatusCode;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use url::Url;

/// The reason why a URL could not be checked completely. `Display` includes the remedy, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckError {
    /// The URL cannot be requested.
    Url { reason: String },
    /// No connection was established.
    Connect { reason: String },
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls { reason: String },
    /// The response did not end in time.
    Timeout { seconds: u64 },
    /// The connection was reset or closed before the end of the response.
    ConnectionLost { reason: String },
    /// The response is not valid HTTP.
    InvalidResponse { reason: String },
    /// The site limits the number of requests.
    RateLimited { retry_after: Option<u64> },
    /// A firewall challenges the client. The value is the field that shows it.
    Challenge { status: StatusCode, field: &'static str },
    /// The site does not let this client see the page.
    Refused { status: StatusCode },
    /// The server fails, or is not available.
    ServerError { status: StatusCode, retry_after: Option<u64> },
    /// The URL no longer returns the first status, so nothing can be compared.
    Changed { first: StatusCode, now: StatusCode },
    /// A redirect without a usable `Location`.
    Location { reason: String },
    /// A redirect to a URL that was visited before.
    RedirectLoop { to: Url },
    /// More redirects than are followed.
    TooManyRedirects { followed: usize },
    /// The content is longer than the limit.
    ContentTooLong { limit: usize },
    /// Not all assets of the page were found.
    References { reason: String },
    /// One of the probes failed.
    During { probe: &'static str, error: Box<Self> },
}

impl CheckError {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Url { .. } => "url",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::ConnectionLost { .. } => "connection-lost",
            Self::InvalidResponse { .. } => "invalid-response",
            Self::RateLimited { .. } => "rate-limited",
            Self::Challenge { .. } => "challenge",
            Self::Refused { .. } => "refused",
            Self::ServerError { .. } => "server-error",
            Self::Changed { .. } => "changed",
            Self::Location { .. } => "bad-location",
            Self::RedirectLoop { .. } => "redirect-loop",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::ContentTooLong { .. } => "content-too-long",
            Self::References { .. } => "references",
            Self::During { error, .. } => error.kind(),
        }
    }

    /// Returns whether further requests for the same URL would cause the same error, and only add load to the site.
    pub(crate) const fn stops_probing(&self) -> bool {
        match self {
            Self::During { error, .. } => error.stops_probing(),
            Self::RateLimited { .. } | Self::Challenge { .. } | Self::Refused { .. } | Self::Changed { .. } => true,
            _ => false,
        }
    }

    /// Returns the number of seconds after which the site accepts the next request, according to `Retry-After`.
    const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } | Self::ServerError { retry_after, .. } => *retry_after,
            Self::During { error, .. } => error.retry_after(),
            _ => None,
        }
    }

    pub(crate) fn of(error: &reqwest::Error, seconds: u64) -> Self {
        let reason = innermost(error);
        if error.is_timeout() {
            Self::Timeout { seconds }
        } else if causes(error).any(<dyn Error>::is::<rustls::Error>) {
            Self::Tls { reason }
        } else if error.is_connect() {
            Self::Connect { reason }
        } else if error.is_builder() {
            Self::Url { reason }
        } else if is_lost(error) {
            Self::ConnectionLost { reason }
        } else {
            Self::InvalidResponse { reason }
        }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { reason } => write!(f, "this URL cannot be requested: {reason}"),
            Self::Connect { reason } => write!(f, "cannot connect: {reason}"),
            Self::Tls { reason } => write!(f, "the TLS handshake failed: {reason}"),
            Self::Timeout { seconds } => {
                write!(f, "the response did not end within {seconds} seconds; --timeout allows more")
            }
            Self::ConnectionLost { reason } => {
                write!(f, "the connection was lost before the end of the response: {reason}")
            }
            Self::InvalidResponse { reason } => write!(f, "the response is not valid HTTP: {reason}"),
            Self::RateLimited { retry_after } => {
                f.write_str("the site limits the number of requests (429 Too Many Requests)")?;
                write_retry(f, *retry_after)?;
                f.write_str("; --concurrency 1 sends one request at a time")
            }
            Self::Challenge { status, field } => write!(
                f,
                "a firewall returned a challenge for browsers ({status}, `{field}`); let it accept the `User-Agent` \
                 of this program, or check the origin server directly"
            ),
            Self::Refused { status } => write!(
                f,
                "the site refused the request ({status}); send credentials with --header, or let its firewall accept \
                 the `User-Agent` of this program"
            ),
            Self::ServerError { status, retry_after } => {
                write!(f, "the server failed ({status})")?;
                write_retry(f, *retry_after)
            }
            Self::Changed { first, now } => write!(
                f,
                "the URL returned {first} at first and now returns {now} to the same request, so nothing can be \
                 compared; try again later"
            ),
            Self::Location { reason } => write!(f, "a redirect cannot be followed: {reason}"),
            Self::RedirectLoop { to } => write!(f, "a redirect loop, which leads back to {}", shown(to.as_str())),
            Self::TooManyRedirects { followed } => write!(f, "more than {followed} redirects in a row"),
            Self::ContentTooLong { limit } => {
                write!(f, "the content is longer than {limit} bytes and was not compared; --max-body allows more")
            }
            Self::References { reason } => write!(f, "not all assets of the page were found: {reason}"),
            Self::During { probe, error } => write!(f, "{probe}: {error}"),
        }
    }
}

fn write_retry(f: &mut fmt::Formatter<'_>, seconds: Option<u64>) -> fmt::Result {
    match seconds {
        Some(seconds) => write!(
            f,
            " and requests a pause of {seconds} seconds (`Retry-After`); try again then, or allow longer waits with \
             --max-wait"
        ),
        None => f.write_str("; try again later"),
    }
}

/// Serializes as `{ "kind": .., "text": .., "retry_after": .. }`.
impl Serialize for CheckError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("CheckError", 3)?;
        document.serialize_field("kind", self.kind())?;
        document.serialize_field("text", &self.to_string())?;
        document.serialize_field("retry_after", &self.retry_after())?;
        document.end()
    }
}

/// Returns the innermost error, which names the cause.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// Returns the beginning of text from the network for a message, with its length if it was truncated.
pub(crate) fn shown(text: &str) -> String {
    cut(text, 200)
}

/// Returns the first characters of a string, at most `most`, with its length if it was truncated.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause| cause_of(*cause))
}

/// An I/O error can contain an error that is not its source.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
}

fn is_lost(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let is_lost_io =
        |error: &io::Error| matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof);
    causes(error).any(|cause| cause.downcast_ref().is_some_and(is_lost_io))
        // hyper does not have a public type for this error, so its text is compared.
        || innermost(error).contains("before message completed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character_and_its_length_is_shown() {
        assert_eq!(shown("short"), "short");
        let long = "\u{e9}".repeat(1_000);
        assert_eq!(shown(&long), format!("{}... (2000 bytes)", "\u{e9}".repeat(200)));
    }
}
