//! [`Exchange`]: a request and the response to it.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::header::{HeaderName, HeaderValue, LAST_MODIFIED};
use http::{HeaderMap, StatusCode, request, response};
use tower_cache_policy::edge::CacheStatus;
use tower_cache_policy::protocol::{EntityTag, HttpDate, Vary};

use crate::error::CheckError;
use crate::pacing::retry_after;

/// Fields by which firewalls mark a challenge for browsers: Cloudflare, AWS WAF, Vercel.
const CHALLENGE_FIELDS: [&str; 3] = ["cf-mitigated", "x-amzn-waf-action", "x-vercel-mitigated"];

/// A request and the response to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: request::Parts,
    pub(crate) response: response::Parts,
    pub(crate) content: Content,
    pub(crate) at: HttpDate,
}

/// The content, if it is known.
#[derive(Debug)]
pub(crate) enum Content {
    Complete(Bytes),
    /// The content was not needed, or belongs to a redirect or a live stream.
    NotRead,
    /// The end of the content was not read.
    Incomplete(CheckError),
}

impl Exchange {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status
    }

    pub(crate) fn fields(&self) -> &HeaderMap {
        &self.response.headers
    }

    /// Returns the reason why this is not the response for the page: the site limits requests, fails, or challenges the
    /// client.
    pub(crate) fn obstacle(&self) -> Option<CheckError> {
        let status = self.status();
        if let Some(field) = CHALLENGE_FIELDS.into_iter().find(|field| self.fields().contains_key(*field)) {
            return Some(CheckError::Challenge { status, field });
        }
        match status {
            StatusCode::TOO_MANY_REQUESTS => Some(CheckError::RateLimited { retry_after: self.retry_after() }),
            // These two statuses refer to the method, and are not failures: HEAD may not be implemented.
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => None,
            StatusCode::REQUEST_TIMEOUT => Some(CheckError::ServerError { status, retry_after: None }),
            _ if status.as_u16() >= 500 => Some(CheckError::ServerError { status, retry_after: self.retry_after() }),
            _ => None,
        }
    }

    /// Like [`obstacle`](Self::obstacle), but also detects that the client may not see the page. This applies only to
    /// the first response, because a site may reject a later request because of its fields.
    pub(crate) fn obstacle_at_first(&self) -> Option<CheckError> {
        let status = self.status();
        self.obstacle().or(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Some(CheckError::Refused { status })
            }
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                Some(CheckError::ServerError { status, retry_after: None })
            }
            _ => None,
        })
    }

    /// Returns whether the status is a redirect to `Location`.
    pub(crate) fn is_redirect(&self) -> bool {
        matches!(
            self.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        )
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        retry_after(self.fields(), self.at)
    }

    /// Returns whether the media type is that of a live stream, which does not end (G-10).
    pub(crate) fn is_live_stream(&self) -> bool {
        ["text/event-stream", "multipart/x-mixed-replace"].iter().any(|kind| self.has_media_type(kind))
    }

    /// Returns whether the content may be a stream: its length is unknown, and its end was not read.
    pub(crate) fn may_be_a_stream(&self) -> bool {
        self.is_live_stream() || (matches!(self.content, Content::Incomplete(_)) && self.length().is_none())
    }

    /// Returns whether the media type is `kind`, in lower case and without parameters.
    pub(crate) fn has_media_type(&self, kind: &str) -> bool {
        self.fields().get(CONTENT_TYPE).is_some_and(|value| {
            let own = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            own.trim_ascii().eq_ignore_ascii_case(kind.as_bytes())
        })
    }

    pub(crate) fn content(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Complete(bytes) => Some(bytes),
            Content::NotRead | Content::Incomplete(_) => None,
        }
    }

    /// Returns the entity tag, if it is valid (V-01).
    pub(crate) fn etag(&self) -> Option<EntityTag> {
        EntityTag::parse(self.fields().get(ETAG)?.as_bytes()).ok()
    }

    pub(crate) fn last_modified(&self) -> Option<&HeaderValue> {
        let value = self.fields().get(LAST_MODIFIED)?;
        HttpDate::parse(value.as_bytes(), self.at).is_ok().then_some(value)
    }

    /// Returns the content coding, or `None` if there is none or it is `identity`.
    pub(crate) fn coding(&self) -> Option<String> {
        let value = self.fields().get(CONTENT_ENCODING)?;
        let coding = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        (!coding.is_empty() && coding != "identity").then_some(coding)
    }

    pub(crate) fn varies_on(&self, name: &HeaderName) -> bool {
        let vary = Vary::parse(self.fields().get_all(VARY));
        vary.is_any() || vary.contains(name.as_str())
    }

    pub(crate) fn varies_on_coding(&self) -> bool {
        self.varies_on(&ACCEPT_ENCODING)
    }

    /// Returns the value of `Content-Length`, in bytes.
    pub(crate) fn length(&self) -> Option<u64> {
        self.fields().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Returns all lines of a field as one value, or `None` if there are none.
    pub(crate) fn value(&self, name: &HeaderName) -> Option<String> {
        let lines: Vec<_> =
            self.fields().get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    pub(crate) fn cache_control(&self) -> Option<String> {
        self.value(&CACHE_CONTROL)
    }

    pub(crate) fn cache_status(&self) -> Option<CacheStatus> {
        CacheStatus::from_headers(self.fields())
    }

    /// Returns whether a cache in front returned a stored response.
    pub(crate) fn is_from_cache(&self) -> bool {
        self.cache_status().is_some_and(|status| status.is_served_by_cache())
    }
}
