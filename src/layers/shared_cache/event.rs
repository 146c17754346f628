//! [`SharedCacheEvent`]: the outcome of one request, for an observer.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, Method, Request, StatusCode, Uri};

use crate::edge::ForwardReason;
use crate::policy::path_as_sent;
use crate::protocol::HttpDate;
use crate::store::Record;

/// The outcome of one request, for an [observer](super::SharedCache::observer).
#[derive(Clone, Debug)]
pub struct SharedCacheEvent<'a> {
    request: Observed<'a>,
    outcome: SharedCacheOutcome,
    status: Option<StatusCode>,
    storing: Option<Result<(), NotStored>>,
    age: Option<u64>,
    content_length: Option<u64>,
    is_in_background: bool,
}

/// The request of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed<'a> {
    method: &'a Method,
    uri: &'a Uri,
    extensions: &'a Extensions,
}

/// How a cache handled a request, in a [`SharedCacheEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SharedCacheOutcome {
    /// The response is a fresh stored response, or a 304 or partial response created from it.
    Hit,
    /// The response is a stale stored response.
    Stale,
    /// The response is a stored response that the inner service confirmed with a 304.
    Revalidated,
    /// The response is that of the inner service to another request, for which this one waited.
    Coalesced,
    /// The request was passed to the inner service, because no stored response could be used.
    Miss(ForwardReason),
    /// The request was passed through without a lookup. The text is the `detail` in `Cache-Status`, such as
    /// `credentials`. For methods other than GET and HEAD it is `method`.
    Bypass(&'static str),
}

impl SharedCacheOutcome {
    /// Returns whether the response did not need a separate request to the inner service.
    #[must_use]
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Coalesced)
    }

    /// Returns the name of the outcome: `hit`, `stale`, `revalidated`, `coalesced`, `miss` or `bypass`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Revalidated => "revalidated",
            Self::Coalesced => "coalesced",
            Self::Miss(_) => "miss",
            Self::Bypass(_) => "bypass",
        }
    }

    /// Returns why the request was passed to the inner service, as in `Cache-Status`, such as `uri-miss`.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Miss(reason) => Some(reason.as_str()),
            Self::Bypass(detail) => Some(detail),
            _ => None,
        }
    }
}

/// Writes the name and the reason, such as `miss (uri-miss)`.
impl fmt::Display for SharedCacheOutcome {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        self.reason().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

/// Why a response was not stored, in a [`SharedCacheEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotStored {
    /// No inner policy layer decided about the response.
    NoPolicy,
    /// The policy or the fields do not let shared caches store the response, or a guard made it private.
    Forbidden,
    /// The request or the response is marked as [`Personalized`](crate::policy::Personalized).
    Personalized,
    /// The response has `Set-Cookie`.
    SetCookie,
    /// The request has `Cookie`, and the response has neither `public` nor `s-maxage` nor a targeted field.
    RequestCookie,
    /// The response has a status that is never stored, such as 206, 304 or 429.
    Status,
    /// The response is a gRPC response, or a live stream such as server-sent events.
    LiveStream,
    /// `Content-Security-Policy` has a nonce.
    Nonce,
    /// The response has neither a lifetime nor a validator, or is not fresh when it arrives.
    NoLifetime,
    /// `Vary` is `*` or names `Cookie` or `Authorization`, or the values of the request are too long.
    Vary,
    /// The header fields are too large, or one that the response needs must not be stored.
    Fields,
    /// A field with cache tags cannot be read, so the response could not be purged.
    Tags,
    /// `Content-Length` is not valid.
    ContentLength,
    /// The response is larger than one response [may be](crate::store::MemoryStore::max_object).
    TooLarge,
    /// A newer response was stored while this one was in progress.
    Outdated,
    /// Too many bodies are being collected at the same time.
    TooManyUnderWay,
    /// The body failed or ended early, or has trailers or another length than `Content-Length` or its size hint.
    Incomplete,
    /// All clients that waited for the response have disconnected.
    Disconnected,
    /// The inner service returned an error instead of a response, or a server error in place of which a stale response
    /// was used.
    InnerError,
    /// The request is HEAD, or has `Range`, `no-store` or `only-if-cached`.
    Request,
    /// The last response for the URL was not stored, or the result of another request for it could not be shared, so
    /// this request was passed through immediately.
    Recently,
}

impl NotStored {
    /// Returns the name of the reason, such as `set-cookie`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Forbidden => "forbidden",
            Self::Personalized => "personalized",
            Self::SetCookie => "set-cookie",
            Self::RequestCookie => "request-cookie",
            Self::Status => "status",
            Self::LiveStream => "live-stream",
            Self::Nonce => "nonce",
            Self::NoLifetime => "no-lifetime",
            Self::Vary => "vary",
            Self::Fields => "fields",
            Self::Tags => "tags",
            Self::ContentLength => "content-length",
            Self::TooLarge => "too-large",
            Self::Outdated => "outdated",
            Self::TooManyUnderWay => "too-many-under-way",
            Self::Incomplete => "incomplete",
            Self::Disconnected => "disconnected",
            Self::InnerError => "inner-error",
            Self::Request => "request",
            Self::Recently => "recently",
        }
    }
}

/// Writes the name.
impl fmt::Display for NotStored {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'a> SharedCacheEvent<'a> {
    pub(super) const fn new(request: Observed<'a>, outcome: SharedCacheOutcome) -> Self {
        Self { request, outcome, status: None, storing: None, age: None, content_length: None, is_in_background: false }
    }

    /// Adds the status of the response.
    pub(super) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds the age, the size and the status of the stored response.
    pub(super) fn with_record(mut self, record: &Record, now: HttpDate) -> Self {
        self.age = Some(record.age(now));
        self.with_content(record.body().len()).with_status(record.head().status)
    }

    /// Adds whether the response was stored, and why not.
    pub(super) const fn with_storing(mut self, storing: Result<(), NotStored>) -> Self {
        self.storing = Some(storing);
        self
    }

    /// Adds the length of the content.
    pub(super) fn with_content(mut self, length: usize) -> Self {
        self.content_length = u64::try_from(length).ok();
        self
    }

    /// States whether no client waited for the response.
    pub(super) const fn in_background(mut self, is_in_background: bool) -> Self {
        self.is_in_background = is_in_background;
        self
    }

    /// Returns the method of the request.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.request.method
    }

    /// Returns the path that the client sent, without the query, or `None` if a router removed a prefix from it and did
    /// not record the original path.
    #[must_use]
    pub fn path(&self) -> Option<&'a str> {
        path_as_sent(self.request.extensions, self.request.uri)
    }

    /// Returns the URI of the request, as the layer received it.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.request.uri
    }

    /// Returns the extensions of the request, which may contain its route, such as axum's `MatchedPath`.
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        self.request.extensions
    }

    /// Returns how the cache handled the request.
    #[must_use]
    pub const fn outcome(&self) -> SharedCacheOutcome {
        self.outcome
    }

    /// Returns the status of the response, before a condition or a range of the client changes it. Returns `None` if it
    /// was not known when the event was created: for a request that is passed through.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns whether the response of the inner service was stored. Returns `None` if there was none for this request.
    #[must_use]
    pub const fn is_stored(&self) -> Option<bool> {
        match self.storing {
            Some(storing) => Some(storing.is_ok()),
            None => None,
        }
    }

    /// Returns why the response was not stored. Returns `None` if it was, or if the request was not passed to the inner
    /// service.
    #[must_use]
    pub const fn not_stored(&self) -> Option<NotStored> {
        match self.storing {
            Some(Err(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Returns the age of the stored response in seconds. Returns `None` if the response does not come from the cache.
    #[must_use]
    pub const fn age(&self) -> Option<u64> {
        self.age
    }

    /// Returns the number of bytes of the complete content, if the response is or was stored.
    #[must_use]
    pub const fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Returns whether no client waited for the response: a revalidation in the
    /// [background](super::SharedCache::spawner). The client got a stale response, which has its own event.
    #[must_use]
    pub const fn is_in_background(&self) -> bool {
        self.is_in_background
    }
}

impl<'a> Observed<'a> {
    pub(super) fn of<B>(request: &'a Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), extensions: request.extensions() }
    }

    pub(super) const fn of_parts(request: &'a Parts) -> Self {
        Self { method: &request.method, uri: &request.uri, extensions: &request.extensions }
    }
}

/// The function that an application gives to [`SharedCache::observer`](super::SharedCache::observer).
#[derive(Clone)]
pub(super) struct Observer(Arc<dyn Fn(&SharedCacheEvent<'_>) + Send + Sync>);

impl Observer {
    pub(super) fn new(observe: impl Fn(&SharedCacheEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(super) fn observe(&self, event: &SharedCacheEvent<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(<fn>)")
    }
}
