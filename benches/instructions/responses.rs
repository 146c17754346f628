//! The responses of the handlers.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::Service;
use tower_cache_policy::policy::CachePolicy;

use super::content::{Content, KIB, Page};

pub(crate) const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300));
pub(crate) const TAG: &str = "\"revision-7\"";

pub(crate) type PageResponse = Response<Page>;

/// The inner service of the layers.
#[derive(Clone, Copy)]
pub(crate) struct Handler(pub(crate) fn() -> PageResponse);

impl Service<Request<()>> for Handler {
    type Response = PageResponse;
    type Error = Infallible;
    type Future = Ready<Result<PageResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        drop(request);
        ready(Ok(black_box(self.0)()))
    }
}

pub(crate) fn page() -> PageResponse {
    html(Content::Made(KIB))
}

pub(crate) fn constant_page() -> PageResponse {
    html(Content::Constant(KIB))
}

pub(crate) fn page_twice() -> PageResponse {
    html(Content::ConstantTwice(KIB))
}

/// The fields of the page of a real site. The map has room for the fields of the layers, so that its growth is not
/// included in their cost.
pub(crate) fn page_of_a_site() -> PageResponse {
    let mut response = Response::new(Content::Made(KIB).page());
    *response.headers_mut() = HeaderMap::with_capacity(16);
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_LENGTH, "1024"),
        (CONTENT_SECURITY_POLICY, "default-src 'self'"),
        (STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(crate) fn stylesheet() -> PageResponse {
    let mut response = page();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/css"));
    response
}

pub(crate) fn page_with_policy() -> PageResponse {
    let mut response = page();
    response.extensions_mut().insert(CachePolicy::private(Duration::from_secs(60)));
    response
}

pub(crate) fn page_with_field() -> PageResponse {
    page_with(&[(CACHE_CONTROL, "public, max-age=60, s-maxage=3600")])
}

/// The page of a handler that computes its lifetime, so that its field is different each time.
pub(crate) fn page_with_a_new_field() -> PageResponse {
    thread_local!(static SECONDS: Cell<u32> = const { Cell::new(0) });
    let seconds = SECONDS.replace((SECONDS.get() + 1) % 10_000);
    let mut response = page();
    let value = format!("public, max-age={seconds}, s-maxage=3600");
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::try_from(value).unwrap());
    response
}

pub(crate) fn page_with_vary() -> PageResponse {
    page_with(&[(VARY, "accept-encoding")])
}

pub(crate) fn page_with_cors() -> PageResponse {
    page_with(&[
        (ACCESS_CONTROL_ALLOW_ORIGIN, "https://app.example.com"),
        (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (VARY, "origin"),
    ])
}

pub(crate) fn page_with_cookie() -> PageResponse {
    page_with(&[(SET_COOKIE, "id=1")])
}

pub(crate) fn tagged_page() -> PageResponse {
    page_with(&[(ETAG, TAG)])
}

fn page_with(fields: &[(HeaderName, &'static str)]) -> PageResponse {
    let mut response = page();
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn html(content: Content) -> PageResponse {
    let mut response = Response::new(content.page());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
