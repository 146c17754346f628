//! Each layer, and the same service without a layer.

use std::fmt::Debug;
use std::future::ready;

use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Request, Response, request};
use http_body::Body;
use tower::{Layer, Service};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::layers::assets::PathPrefix;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use super::case::Case;
use super::question::Question;
use super::requests::{request_case, respond};
use super::responses::{
    Handler, PUBLIC, PageResponse, TAG, constant_page, page, page_of_a_site, page_twice, page_with_a_new_field,
    page_with_cookie, page_with_cors, page_with_field, page_with_policy, page_with_vary, stylesheet, tagged_page,
};

const GROUP: &str = "layers";

/// Returns the cases. Each has one handler and one request, and its baseline is that handler without a layer.
pub(crate) fn layers() -> Vec<Case> {
    [policies(), tags(), conditions(), edges(), stacks(), assets()].into_iter().flatten().collect()
}

fn policies() -> Vec<Case> {
    let layer = || CachePolicyLayer::new(PUBLIC);
    let header = || SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    let routes = || Question::path("/r777/x");
    [
        Asked::new("page", page, home)
            .with("SetResponseHeaderLayer", header)
            .with("policy", layer)
            .with("policy, from a closure", || CachePolicyLayer::from_fn(|_| PUBLIC))
            .cases,
        Asked::new("browser", page_of_a_site, Question::of_browser)
            .with("SetResponseHeaderLayer, browser", header)
            .with("policy, browser", layer)
            .with("CachingLayer, browser", || CachingLayer::new(PUBLIC))
            .cases,
        Asked::new("a path of the table", page, routes)
            .with("policy, 1,000 routes", || CachePolicyLayer::new(table(1_000)))
            .cases,
        Asked::new("handler's policy", page_with_policy, home).with("policy, the handler's policy", layer).cases,
        Asked::new("Vary", page_with_vary, home).with("policy, Vary", layer).cases,
        Asked::new("CORS", page_with_cors, home).with("policy, CORS", layer).cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tags() -> Vec<Case> {
    [
        Asked::new("page", page, home).again().with("weak tag", EntityTagLayer::new).cases,
        Asked::new("constant page", constant_page, home)
            .with("weak tag, constant page", EntityTagLayer::new)
            // A very similar handler.
            .and_from(page_twice)
            .with("weak tag, each page twice", EntityTagLayer::new)
            .cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn conditions() -> Vec<Case> {
    let layer = ConditionalLayer::new;
    let same = || home().with(IF_NONE_MATCH, TAG);
    let known = || {
        ConditionalLayer::new().validators(|_: &request::Parts| {
            let validators = Validators::new().with_etag(EntityTag::from_static(TAG));
            ready(Representation::Current(validators))
        })
    };
    let generated = || (ConditionalLayer::new(), EntityTagLayer::new());
    [
        Asked::new("tag", tagged_page, home).with("conditional, 200", layer).cases,
        Asked::new("tag, 304", tagged_page, same)
            .with("304, the handler's tag", layer)
            .with("304, before the handler", known)
            .with("CachingLayer, 304, the handler's tag", || CachingLayer::new(PUBLIC))
            .cases,
        Asked::new("page, 304", page, move || again(generated().layer(Handler(page)), home()))
            .with("304, a generated tag", generated)
            .with("CachingLayer, 304", || CachingLayer::new(PUBLIC))
            .cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn edges() -> Vec<Case> {
    let layer = || EdgeLayer::new(EdgeProfile::CLOUDFLARE);
    [
        Asked::new("field", page_with_field, home).with("edge", layer).cases,
        Asked::new("another field each time", page_with_a_new_field, home)
            .with("edge, another field each time", layer)
            .cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn stacks() -> Vec<Case> {
    let both = || (EdgeLayer::new(EdgeProfile::CLOUDFLARE), CachingLayer::new(PUBLIC));
    [
        Asked::new("page", page, home)
            .again()
            .with("CachingLayer, 200", || CachingLayer::new(PUBLIC))
            .with("edge and CachingLayer, 200", both)
            .cases,
        Asked::new("Set-Cookie", page_with_cookie, home).with("edge and CachingLayer, Set-Cookie", both).cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn assets() -> Vec<Case> {
    let manifest = || {
        let contents = [("style.css", [b'a'; 1024])];
        AssetManifest::from_contents(contents).unwrap().with_prefix("/static").unwrap()
    };
    let layer = move || AssetsLayer::new(manifest()).mount(PathPrefix::Strip);
    let versioned = move || Question::path(manifest().url("style.css").unwrap());
    let held = move || again(layer().layer(Handler(stylesheet)), versioned());
    [
        Asked::new("file", stylesheet, versioned).with("assets, 200", layer).cases,
        Asked::new("file, 304", stylesheet, held).with("assets, 304", layer).cases,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A table with this number of routes.
fn table(routes: usize) -> RoutePolicies {
    let mut table = RoutePolicies::builder();
    for n in 0..routes {
        table = table.route(format!("/r{n}/{{id}}"), RoutePolicy::new(PUBLIC));
    }
    table.build().unwrap()
}

/// A handler and a request, without layers and with them.
struct Asked<Q> {
    base: String,
    handler: Handler,
    question: Q,
    cases: Vec<Case>,
}

impl<Q: Fn() -> Question + Copy + 'static> Asked<Q> {
    fn new(name: &str, response: fn() -> PageResponse, question: Q) -> Self {
        let (base, handler) = (format!("bare, {name}"), Handler(response));
        let bare = request_case(GROUP, base.clone(), move || handler, question);
        Self { base, handler, question, cases: vec![bare] }
    }

    /// Omits the case without a layer, which is part of another group of cases.
    fn again(mut self) -> Self {
        self.cases.clear();
        self
    }

    /// A different handler with the same cost.
    const fn and_from(mut self, response: fn() -> PageResponse) -> Self {
        self.handler = Handler(response);
        self
    }

    fn with<L, B>(mut self, name: &str, layer: impl Fn() -> L + Copy + 'static) -> Self
    where
        L: Layer<Handler>,
        L::Service: Service<Request<()>, Response = Response<B>, Error: Debug> + Clone + Send + 'static,
        B: Body<Error: Debug> + 'static,
    {
        let handler = self.handler;
        let case = request_case(GROUP, name, move || layer().layer(handler), self.question);
        self.cases.push(case.against(self.base.clone()));
        self
    }
}

/// The request of a client that has stored the response of this service.
fn again<S, B>(mut service: S, question: Question) -> Question
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug>,
{
    let tag = respond(&mut service, question.request()).headers()[ETAG].to_str().unwrap().to_owned();
    question.with(IF_NONE_MATCH, tag.leak())
}

fn home() -> Question {
    Question::path("/")
}
