//! Writes `Cache-Status` ([RFC 9211](https://www.rfc-editor.org/rfc/rfc9211.html)).

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the cache did with a request, for `Cache-Status`. The key is never part of it.
// G-26, H-03
#[derive(Clone, Copy, Debug)]
pub(super) enum Handling {
    /// Answered from the cache. Negative if the response is stale.
    Hit { ttl: i64, collapsed: bool },
    /// Passed to the inner service.
    Forwarded { reason: Reason, status: Option<StatusCode>, stored: bool, detail: Option<&'static str> },
}

/// Why a request was passed to the inner service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Bypass,
    UriMiss,
    VaryMiss,
    Stale,
    /// `only-if-cached`, and a range or HEAD that the cache does not store.
    Request,
}

impl Handling {
    pub(super) fn hit(ttl: u64, collapsed: bool) -> Self {
        Self::Hit { ttl: i64::try_from(ttl).unwrap_or(i64::MAX), collapsed }
    }

    pub(super) fn stale(staleness: u64) -> Self {
        Self::Hit { ttl: -i64::try_from(staleness).unwrap_or(i64::MAX), collapsed: false }
    }

    pub(super) const fn forwarded(reason: Reason) -> Self {
        Self::Forwarded { reason, status: None, stored: false, detail: None }
    }

    pub(super) const fn bypass(detail: &'static str) -> Self {
        Self::Forwarded { reason: Reason::Bypass, status: None, stored: false, detail: Some(detail) }
    }

    /// Appends the member to the field.
    pub(super) fn write_to(self, name: &str, headers: &mut HeaderMap) {
        if name.is_empty() {
            return;
        }
        let mut text = String::with_capacity(name.len() + 48);
        text.push_str(name);
        // Writing to a `String` cannot fail.
        _ = match self {
            Self::Hit { ttl, collapsed } => {
                write!(text, "; hit; ttl={ttl}{}", if collapsed { "; collapsed" } else { "" })
            }
            Self::Forwarded { reason, status, stored, detail } => write!(text, "; fwd={}", reason.token())
                .and_then(|()| status.map_or(Ok(()), |status| write!(text, "; fwd-status={}", status.as_u16())))
                .and_then(|()| if stored { text.write_str("; stored") } else { Ok(()) })
                .and_then(|()| detail.map_or(Ok(()), |detail| write!(text, "; detail={detail}"))),
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(CACHE_STATUS, value);
        }
    }
}

impl Reason {
    const fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Stale => "stale",
            Self::Request => "request",
        }
    }
}
