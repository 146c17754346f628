//! [`PurgeOutcome`] and [`PurgeFailure`]: the result of a purge request.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use tower_cache_policy::protocol::HttpDate;

use crate::text::{bounded, without_secrets};

/// The result of one purge request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgeOutcome {
    /// The cache accepted the purge. CDNs report this even if they had not stored a response.
    Purged,
    /// The cache reports that it did not store the resource.
    NotStored,
}

/// The reason why a purge request failed, in one line and without a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeFailure {
    api: &'static str,
    status: Option<StatusCode>,
    reason: String,
    retryable: bool,
    retry_after: Option<Duration>,
}

impl PurgeFailure {
    /// Creates a failure that a retry would not change, with its reason. The reason is truncated to 200 characters.
    #[must_use]
    pub fn new(api: &'static str, reason: &str) -> Self {
        Self { api, status: None, reason: bounded(reason), retryable: false, retry_after: None }
    }

    /// Creates the failure for the status of a response, with the time of `Retry-After`.
    ///
    /// The failure is [retryable](Self::is_retryable) if the status is 408, 425, 429 or 5xx, except 501 and 505, or if
    /// the response has a `Retry-After`.
    #[must_use]
    pub fn from_response(api: &'static str, response: &Response<Bytes>) -> Self {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let retryable = match status.as_u16() {
            408 | 425 | 429 => true,
            501 | 505 => false,
            500..=599 => true,
            400..=499 => retry_after.is_some(),
            _ => false,
        };
        let retry_after = if retryable { retry_after } else { None };
        Self { api, status: Some(status), reason: hint(status).to_owned(), retryable, retry_after }
    }

    /// Returns [`PurgeOutcome::Purged`] if the status is 2xx.
    ///
    /// # Errors
    ///
    /// Returns the failure of [`from_response`](Self::from_response) for other statuses.
    pub fn unless_success(api: &'static str, response: &Response<Bytes>) -> Result<PurgeOutcome, Self> {
        if response.status().is_success() {
            return Ok(PurgeOutcome::Purged);
        }
        Err(Self::from_response(api, response))
    }

    /// Replaces the reason, which is truncated to 200 characters.
    #[must_use]
    pub fn with_reason(self, reason: &str) -> Self {
        Self { reason: bounded(reason), ..self }
    }

    /// Marks the failure as [retryable](Self::is_retryable).
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// Returns the name of the API.
    #[must_use]
    pub const fn api(&self) -> &'static str {
        self.api
    }

    /// Returns the status of the response, or `None` if there was no response.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns the message in the response of the API, or a suggestion of what to check.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns whether the same request may succeed later: after too many requests, a server error, or no response.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Returns how long to wait before another attempt, according to `Retry-After`. Returns `None` if the API does not
    /// specify a time, or if a retry is useless.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Appends the text of the response's body, without the secrets.
    pub(crate) fn with_message<'a>(self, message: Option<&str>, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        // The text is truncated last, so that no part of a secret remains.
        let Some(message) = message else { return self };
        let message = bounded(&without_secrets(message, secrets));
        let reason = if self.reason.is_empty() { message } else { format!("{message}; {}", self.reason) };
        Self { reason, ..self }
    }

    /// Removes secrets of the request.
    pub(crate) fn redacted<'a>(self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self { reason: without_secrets(&self.reason, secrets), ..self }
    }
}

impl fmt::Display for PurgeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.api)?;
        if let Some(status) = self.status {
            write!(f, " returned {}", status.as_u16())?;
        }
        let reason = if self.reason.is_empty() { "purged nothing" } else { &self.reason };
        write!(f, ": {reason}")?;
        match self.retry_after {
            Some(wait) => write!(f, "; retry after {} s", wait.as_secs()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PurgeFailure {}

/// Returns a suggestion of what to check for this status, if there is one.
fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "check the URL of the API, which redirects",
        401 | 403 => "check the credential and its permissions",
        404 => "check the URL and the identifiers of the API",
        405 => "check that the cache lets this client purge",
        _ => "",
    }
}

/// Returns the longest pause of all lines. A date is compared with the `Date` of the response, because the clocks of
/// client and server may differ. Without `Date`, it is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let now = || HttpDate::parse(headers.get(DATE)?.as_bytes(), HttpDate::UNIX_EPOCH).ok();
    let wait = |value: &[u8]| {
        let value = value.trim_ascii();
        if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
            // A number that does not fit is longer than any client would wait.
            let digits = std::str::from_utf8(value).ok()?;
            return Some(digits.parse().unwrap_or(u64::from(u32::MAX)));
        }
        let now = now()?;
        Some(HttpDate::parse(value, now).ok()?.seconds_since(now))
    };
    let lines = headers.get_all(RETRY_AFTER).iter();
    lines.filter_map(|line| wait(line.as_bytes())).max().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_after_the_date_of_the_response() {
        const NOW: (&str, &str) = ("date", "Fri, 27 Nov 2026 16:00:00 GMT");
        for (fields, seconds) in [
            (&[("retry-after", "7")][..], Some(7)),
            (&[("retry-after", " 0 ")], Some(0)),
            (&[("retry-after", "3"), ("retry-after", "9")], Some(9)),
            (&[("retry-after", "99999999999999999999999")], Some(4_294_967_295)),
            (&[("retry-after", "Fri, 27 Nov 2026 16:00:30 GMT"), NOW], Some(30)),
            (&[("retry-after", "Fri, 27 Nov 2026 15:00:00 GMT"), NOW], Some(0)),
            (&[("retry-after", "Fri, 27 Nov 2026 16:00:30 GMT")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "1.5")], None),
            (&[("retry-after", "soon"), NOW], None),
            (&[("retry-after", "")], None),
            (&[NOW], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{fields:?}");
        }
    }

    #[test]
    fn the_status_decides_whether_a_retry_can_succeed() {
        for status in 300..=599 {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let retryable = matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599);
            assert_eq!(PurgeFailure::from_response("x", &response).is_retryable(), retryable, "{status}");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            let retryable = matches!(status, 400..=499) || retryable;
            let failure = PurgeFailure::from_response("x", &response);
            assert_eq!(failure.is_retryable(), retryable, "{status}");
            assert_eq!(failure.retry_after().is_some(), retryable, "{status}");
        }
    }
}
