//! The responses of the handlers.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, SET_COOKIE};
use http::{HeaderName, HeaderValue, Request, Response};
use tower::Service;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};

use super::content::{Content, Page, same_bytes};

pub(crate) const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300));
pub(crate) const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

pub(crate) type PageResponse = Response<Page>;

/// The inner service of the layers.
#[derive(Clone)]
pub(crate) struct Handler {
    /// The name of the response.
    pub(crate) name: &'static str,
    response: fn(Content) -> PageResponse,
    content: Content,
}

impl Handler {
    pub(crate) const fn new(name: &'static str, response: fn(Content) -> PageResponse, content: Content) -> Self {
        Self { name, response, content }
    }
}

impl Service<Request<()>> for Handler {
    type Response = PageResponse;
    type Error = Infallible;
    type Future = Ready<Result<PageResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        drop(request);
        ready(Ok(black_box(self.response)(self.content)))
    }
}

pub(crate) fn page(content: Content) -> PageResponse {
    let mut response = Response::new(content.page());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// The same `Bytes` as in the last response.
pub(crate) fn same_page(content: Content) -> PageResponse {
    let mut response = page(content);
    *response.body_mut() = Page::whole(same_bytes(content.length()));
    response
}

pub(crate) fn stylesheet(content: Content) -> PageResponse {
    let mut response = page(content);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/css"));
    response
}

pub(crate) fn page_with_policy(content: Content) -> PageResponse {
    let mut response = page(content);
    response.extensions_mut().insert(CachePolicy::private(Duration::from_secs(60)));
    response
}

pub(crate) fn page_with_field(content: Content) -> PageResponse {
    page_with(content, CACHE_CONTROL, "public, max-age=60, s-maxage=3600")
}

pub(crate) fn page_with_cookie(content: Content) -> PageResponse {
    page_with(content, SET_COOKIE, "id=1")
}

pub(crate) fn tagged_page(content: Content) -> PageResponse {
    page_with(content, ETAG, "\"a\"")
}

pub(crate) fn dated_page(content: Content) -> PageResponse {
    page_with(content, LAST_MODIFIED, DATE)
}

pub(crate) fn page_with_cache_tags(content: Content) -> PageResponse {
    const TAGS: [CacheTag; 2] = [CacheTag::from_static("articles"), CacheTag::from_static("article-7")];
    let mut response = page_with_field(content);
    CacheTags::from_iter(TAGS).add_to(response.extensions_mut());
    response
}

fn page_with(content: Content, name: HeaderName, value: &'static str) -> PageResponse {
    let mut response = page(content);
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
