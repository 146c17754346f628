//! Each peer with the same service, which responds from memory.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::middleware::from_fn;
use axum_response_cache::CacheLayer;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Request, Response};
use tower::layer::util::Identity;
use tower::{Layer, Service, ServiceExt};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EntityTagLayer};

use crate::requests::{Question, request_case, local, runtime};
use crate::by_hand;
use crate::layers::{LIFETIME, PUBLIC, cache_control, cache_tower, http_cache, set_header};
use crate::support::Case;
use crate::synced::synced;

pub(crate) const BODIES: [(&str, usize); 3] = [("1 KiB", 1 << 10), ("16 KiB", 1 << 14), ("1 MiB", 1 << 20)];
static BYTES: [u8; 1 << 20] = [b'a'; 1 << 20];

/// The name of each case consists of the stack, `@` and the body.
pub(crate) fn stacks() -> Vec<Case> {
    let mut all = Vec::new();
    for (body, length) in BODIES {
        let mut stacks = Stacks { body, length, cases: Vec::new() };
        stacks.policies();
        stacks.tags();
        stacks.stores();
        all.append(&mut stacks.cases);
    }
    all
}

struct Stacks {
    body: &'static str,
    length: usize,
    cases: Vec<Case>,
}

/// The inner service of the layers.
#[derive(Clone)]
struct Page {
    length: usize,
    cache_control: Option<HeaderValue>,
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
        let mut response = Response::new(Body::from(Bytes::from_static(&BYTES[..self.length])));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Some(value) = &self.cache_control {
            response.headers_mut().insert(CACHE_CONTROL, value.clone());
        }
        ready(Ok(response))
    }
}

impl Stacks {
    fn policies(&mut self) {
        self.add("no-op layer", "", Identity::new);
        self.add("CachePolicyLayer", "", || CachePolicyLayer::new(PUBLIC));
        self.add("tower-http SetResponseHeaderLayer", "", set_header);
        self.add("tower-cache-control", "", cache_control);
    }

    fn tags(&mut self) {
        self.add("EntityTagLayer, weak", "", EntityTagLayer::new);
        self.add("EntityTagLayer, strong", "", || EntityTagLayer::new().strong());
        self.add("by hand, SHA-256", "", || from_fn(by_hand::etag));
        self.add("CachingLayer", "", || CachingLayer::new(PUBLIC));
        self.again("CachingLayer, 304", || CachingLayer::new(PUBLIC));
        self.again("by hand, SHA-256, 304", || from_fn(by_hand::etag));
    }

    /// The layers that store responses, once with a stored response and once with a response that they must not store.
    fn stores(&mut self) {
        for (field, what) in [("public, max-age=300", "stored"), ("no-store", "no-store")] {
            self.add(&format!("axum-response-cache, {what}"), field, || CacheLayer::with_lifespan(LIFETIME));
            self.add(&format!("tower-http-cache, {what}"), field, || synced(http_cache()));
            self.add(&format!("http-cache-tower, {what}"), field, cache_tower);
        }
    }

    /// A handler that sets this `Cache-Control`, or none.
    fn add<L, B>(&mut self, name: &str, cache_control: &'static str, layer: impl Fn() -> L + 'static)
    where
        L: Layer<Page>,
        L::Service: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
        B: http_body::Body<Error: Debug> + 'static,
    {
        let bare = if cache_control.is_empty() { "bare".to_owned() } else { format!("bare, {cache_control}") };
        self.push(name, bare, cache_control, page, layer);
    }

    /// Adds a case for a client that has the response.
    fn again<L, B>(&mut self, name: &str, layer: impl Fn() -> L + 'static)
    where
        L: Layer<Page>,
        L::Service: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
        B: http_body::Body<Error: Debug> + 'static,
    {
        let (layer, handler) = (Rc::new(layer), self.page(""));
        let same = layer.clone();
        let question = move || {
            let mut service = same().layer(handler.clone());
            let tag = runtime().block_on(async {
                let response = service.ready().await.unwrap().call(page().request()).await.unwrap();
                response.headers()[ETAG].clone()
            });
            page().with(IF_NONE_MATCH, tag)
        };
        self.push(name, "bare, with a tag".to_owned(), "", question, move || layer());
    }

    fn push<L, B>(
        &mut self,
        name: &str,
        bare: String,
        cache_control: &'static str,
        question: impl Fn() -> Question + Clone + 'static,
        layer: impl Fn() -> L + 'static,
    ) where
        L: Layer<Page>,
        L::Service: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
        B: http_body::Body<Error: Debug> + 'static,
    {
        const GROUP: &str = "peers";
        let (page, base) = (self.page(cache_control), format!("{bare} @ {}", self.body));
        if !self.cases.iter().any(|case| case.name == base) {
            let page = page.clone();
            self.cases.push(request_case(GROUP, base.clone(), move || page.clone(), question.clone()));
        }
        let case = request_case(GROUP, format!("{name} @ {}", self.body), move || layer().layer(page.clone()), question);
        self.cases.push(case.against(base).times(if self.length > 1 << 18 { 10 } else { 300 }));
    }

    fn page(&self, cache_control: &'static str) -> Page {
        let cache_control = (!cache_control.is_empty()).then(|| HeaderValue::from_static(cache_control));
        Page { length: self.length, cache_control }
    }
}

fn page() -> Question {
    local("/page")
}
