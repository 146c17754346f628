//! The peers that store responses, around the same service. Each has a stored response, and a response that it must not
//! store.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body;
use axum_response_cache::CacheLayer;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use tower::layer::util::Identity;
use tower::{Layer, Service};

use crate::layers::{LIFETIME, cache_tower, http_cache};
use crate::synced::synced;
use crate::timed::Case;

static BYTES: [u8; 16 << 10] = [b'a'; 16 << 10];

pub(crate) fn stacks() -> Vec<Case> {
    let mut stacks = Stacks { cases: Vec::new() };
    for (field, what) in [("public, max-age=300", "stored"), ("no-store", "no-store")] {
        stacks.add("bare", what, field, Identity::new());
        stacks.add("axum-response-cache", what, field, CacheLayer::with_lifespan(LIFETIME));
        stacks.add("tower-http-cache", what, field, synced(http_cache()));
        stacks.add("http-cache-tower", what, field, cache_tower());
    }
    stacks.cases
}

struct Stacks {
    cases: Vec<Case>,
}

/// The inner service of the layers.
#[derive(Clone)]
struct Page {
    cache_control: &'static str,
}

impl Service<Request<Body>> for Page {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        drop(request);
        let mut response = Response::new(Body::from(Bytes::from_static(&BYTES)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        ready(Ok(response))
    }
}

impl Stacks {
    /// A handler that sets this `Cache-Control`.
    fn add<L, B>(&mut self, name: &str, what: &str, cache_control: &'static str, layer: L)
    where
        L: Layer<Page>,
        L::Service: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
        B: http_body::Body<Error: Debug> + 'static,
    {
        self.cases.push(Case::new(format!("{name}, {what}"), layer.layer(Page { cache_control })));
    }
}
