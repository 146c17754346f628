//! [`Exchange`]: a request and the answer to it.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request, response};
use tower_cache_policy::edge::CacheStatus;
use tower_cache_policy::protocol::{EntityTag, HttpDate, Vary};

use super::trouble::Trouble;

/// A request and the answer to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: request::Parts,
    pub(crate) answer: response::Parts,
    pub(crate) content: Content,
    pub(crate) at: HttpDate,
}

/// What is known of the content.
#[derive(Debug)]
pub(crate) enum Content {
    Whole(Bytes),
    /// It was not asked for.
    Unread,
    /// Its end was not seen.
    Unfinished(Trouble),
}

impl Exchange {
    pub(crate) fn status(&self) -> StatusCode {
        self.answer.status
    }

    pub(crate) fn fields(&self) -> &HeaderMap {
        &self.answer.headers
    }

    pub(crate) fn content(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Whole(bytes) => Some(bytes),
            Content::Unread | Content::Unfinished(_) => None,
        }
    }

    /// The entity tag, where it is a valid one (V-01).
    pub(crate) fn etag(&self) -> Option<EntityTag> {
        EntityTag::parse(self.fields().get(ETAG)?.as_bytes()).ok()
    }

    pub(crate) fn last_modified(&self) -> Option<&HeaderValue> {
        let value = self.fields().get(LAST_MODIFIED)?;
        HttpDate::parse(value.as_bytes(), self.at).is_ok().then_some(value)
    }

    /// The content coding, `None` where there is none or it is `identity`.
    pub(crate) fn coding(&self) -> Option<String> {
        let value = self.fields().get(CONTENT_ENCODING)?;
        let coding = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        (!coding.is_empty() && coding != "identity").then_some(coding)
    }

    pub(crate) fn varies_on_coding(&self) -> bool {
        let vary = Vary::parse(self.fields().get_all(VARY));
        vary.is_any() || vary.contains(ACCEPT_ENCODING.as_str())
    }

    /// The octets that the content should have.
    pub(crate) fn length(&self) -> Option<u64> {
        self.fields().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// All lines of a field as one value, or `None` where there is none.
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
}
