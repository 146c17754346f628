//! [`Exchange`]: one request with its response, and the message of a failed assertion.

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;

use bytes::Buf;
use http::header::{AGE, AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, request, response};
use http_body::Body;
use tower_service::Service;

use crate::audit::CacheAudit;
use crate::edge::CacheStatus;
use crate::layers::Clock;
use crate::protocol::{HttpDate, Vary};

/// The location of an assertion in a test.
pub(super) type Place = &'static Location<'static>;

#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) request: request::Parts,
    pub(super) response: response::Parts,
    pub(super) content: Vec<u8>,
    pub(super) now: HttpDate,
}

impl Exchange {
    /// Sends a request to a clone of the service and reads the complete response.
    pub(super) async fn send<S, B, R>(service: &S, request: Request<B>, place: Place) -> Self
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        S::Error: fmt::Debug,
        R: Body,
        R::Error: fmt::Debug,
    {
        let (parts, body) = request.into_parts();
        let failed = |what: &str, error: &dyn fmt::Debug| -> String {
            format!("{} {}: {what}: {error:?}\nasserted at {place}", parts.method, parts.uri)
        };
        let mut service = service.clone();
        if let Err(error) = poll_fn(|cx| service.poll_ready(cx)).await {
            panic!("{}", failed("the service is not ready", &error));
        }
        let response = match service.call(Request::from_parts(parts.clone(), body)).await {
            Ok(response) => response,
            Err(error) => panic!("{}", failed("the service failed", &error)),
        };
        let (response, body) = response.into_parts();
        let mut body = pin!(body);
        let mut content = Vec::new();
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(mut data)) => {
                    while data.has_remaining() {
                        let chunk = data.chunk();
                        content.extend_from_slice(chunk);
                        let read = chunk.len();
                        data.advance(read);
                    }
                }
                // Assertions do not read trailers.
                Ok(Err(_)) => {}
                Err(error) => panic!("{}", failed("the body failed", &error)),
            }
        }
        Self { request: parts, response, content, now: Clock::system().now() }
    }

    pub(super) fn audit(&self) -> CacheAudit {
        CacheAudit::of(&self.request, &self.response, self.now)
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.response.headers
    }

    pub(super) fn varies_on(&self, field: &str) -> bool {
        Vary::from_headers(self.headers()).is_some_and(|vary| vary.is_any() || vary.contains(field))
    }

    pub(super) fn lines(&self, name: &HeaderName) -> Vec<&HeaderValue> {
        self.headers().get_all(name).iter().collect()
    }

    /// Panics with the expectation, the request, the response, and the audit of the response.
    /// Fails if the response comes from a cache, which shows nothing about the handler.
    pub(super) fn fail_if_stored(&self, place: Place) {
        let reports_stored =
            CacheStatus::from_headers(self.headers()).is_some_and(|status| status.is_served_by_cache());
        if reports_stored || self.headers().contains_key(AGE) {
            self.fail(
                place,
                "expected a response of the handler, but it comes from a cache; pass the service behind the cache",
            );
        }
    }

    pub(super) fn fail(&self, place: Place, expected: impl fmt::Display) -> ! {
        panic!("{expected}\nasserted at {place}\n\n{self}\n\n{}", self.audit())
    }
}

impl fmt::Display for Exchange {
    /// Writes the request line and request fields without secrets, then the status and the response fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method, self.request.uri)?;
        for (name, value) in &self.request.headers {
            let secret = value.is_sensitive() || matches!(*name, AUTHORIZATION | COOKIE | PROXY_AUTHORIZATION);
            write!(f, "\n  {name}: {}", if secret { "..".into() } else { text(value) })?;
        }
        write!(f, "\n{}", self.response.status)?;
        self.headers().iter().try_for_each(|(name, value)| write!(f, "\n  {name}: {}", text(value)))
    }
}

fn text(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}
