//! Cases whose cost grows with a quantity: routes, tags in a list, lines of a response, or bytes of a body.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};

use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use tower::layer::util::Identity;
use tower::util::{ServiceFn, service_fn};
use tower::{Layer, Service};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::{CacheTag, CacheTags};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

use super::case::Case;
use super::content::{Content, KIB};
use super::question::Question;
use super::requests::request_case;
use super::responses::{PUBLIC, PageResponse, page};
use super::stacks::{list_of_tags, table};

/// The name of each case consists of the curve, `@` and the quantity.
pub(crate) fn growth() -> Vec<Case> {
    [routes(), tags(), lines(), bytes()].into_iter().flatten().collect()
}

fn routes() -> Vec<Case> {
    let mut curve = Curves::new("routes");
    for routes in [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000] {
        let response = || page(Content::Whole(KIB));
        let found = move || Question::path(&format!("/r{}/x", routes * 7 / 9));
        let missed = || Question::path("/nowhere/x");
        curve.base(routes, "a route is found", response, found);
        curve.point("a route is found", response, found, move || CachePolicyLayer::new(table(routes)));
        curve.point("none is found", response, missed, move || CachePolicyLayer::new(table(routes)));
    }
    curve.cases
}

fn tags() -> Vec<Case> {
    let mut curve = Curves::new("tags");
    for tags in [1, 3, 10, 30, 100, 300, 1_000] {
        let tagged = || {
            let mut response = page(Content::Whole(KIB));
            response.headers_mut().insert(ETAG, HeaderValue::from_static("\"a\""));
            response
        };
        let list = |last| move || Question::path("/").with(IF_NONE_MATCH, list_of_tags(tags, last));
        curve.base(tags, "", tagged, list("\"a\""));
        curve.point("If-None-Match, the last one matches", tagged, list("\"a\""), ConditionalLayer::new);
        curve.point("If-None-Match, none matches", tagged, list("\"b\""), ConditionalLayer::new);
        let cache_tags: CacheTags = (0..tags).map(|n| CacheTag::new(format!("tag-{n}")).unwrap()).collect();
        let response = move || {
            let mut response = page(Content::Whole(KIB));
            cache_tags.clone().add_to(response.extensions_mut());
            response
        };
        curve.base(tags, "cache tags", response.clone(), get);
        curve.point("cache tags at an edge", response, get, || EdgeLayer::new(EdgeProfile::FASTLY));
    }
    curve.cases
}

fn lines() -> Vec<Case> {
    let mut curve = Curves::new("lines");
    for lines in [1, 3, 10, 20, 30, 50, 70, 100] {
        let more: HeaderMap = (1..lines)
            .map(|n| (HeaderName::try_from(format!("x-line-{n}")).unwrap(), HeaderValue::from_static("some value")))
            .collect();
        let response = move || {
            let mut response = page(Content::Whole(KIB));
            // The map has room for the fields of a layer, so that its growth is not counted as the cost of the layer.
            response.headers_mut().reserve(lines + 8);
            for (name, value) in &more {
                response.headers_mut().append(name, value.clone());
            }
            response
        };
        curve.base(lines, "", response.clone(), get);
        curve.point("CachePolicyLayer", response.clone(), get, || CachePolicyLayer::new(PUBLIC));
        curve.point("EdgeLayer", response.clone(), get, || EdgeLayer::new(EdgeProfile::CLOUDFLARE));
        curve.point("CachingLayer, 200", response.clone(), get, || CachingLayer::new(PUBLIC));
        let any = || get().with(IF_NONE_MATCH, "*");
        curve.point("CachingLayer, 304", response, any, || CachingLayer::new(PUBLIC));
    }
    curve.cases
}

fn bytes() -> Vec<Case> {
    let mut curve = Curves::new("bytes");
    for bytes in [0, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB] {
        let response = move || page(Content::Whole(bytes));
        curve.base(bytes, "", response, get);
        curve.point("CachePolicyLayer", response, get, || CachePolicyLayer::new(PUBLIC));
        curve.point("EntityTagLayer, weak", response, get, EntityTagLayer::new);
        curve.point("EntityTagLayer, strong", response, get, || EntityTagLayer::new().strong());
    }
    curve.cases
}

fn get() -> Question {
    Question::path("/")
}

/// The points of one diagram.
struct Curves {
    picture: &'static str,
    at: usize,
    base: String,
    cases: Vec<Case>,
}

type Handler = ServiceFn<Box<dyn FnMut(Request<()>) -> Ready<Result<PageResponse, Infallible>>>>;

impl Curves {
    const fn new(picture: &'static str) -> Self {
        Self { picture, at: 0, base: String::new(), cases: Vec::new() }
    }

    /// Adds the service without a layer. The following points are compared with it.
    fn base(
        &mut self,
        at: usize,
        what: &str,
        response: impl Fn() -> PageResponse + Clone + 'static,
        question: impl Fn() -> Question + 'static,
    ) {
        let bare = if what.is_empty() { "bare".to_owned() } else { format!("bare, {what}") };
        (self.at, self.base) = (at, format!("{bare} @ {at}"));
        self.cases.push(self.case(self.base.clone(), response, question, Identity::new));
    }

    fn point<L, B>(
        &mut self,
        curve: &str,
        response: impl Fn() -> PageResponse + Clone + 'static,
        question: impl Fn() -> Question + 'static,
        layer: impl Fn() -> L + 'static,
    ) where
        L: Layer<Handler>,
        L::Service: Service<Request<()>, Response = Response<B>, Error: Debug> + 'static,
        B: Body<Error: Debug> + 'static,
    {
        let case = self.case(format!("{curve} @ {}", self.at), response, question, layer);
        self.cases.push(case.against(self.base.clone()));
    }

    fn case<L, B>(
        &self,
        name: String,
        response: impl Fn() -> PageResponse + Clone + 'static,
        question: impl Fn() -> Question + 'static,
        layer: impl Fn() -> L + 'static,
    ) -> Case
    where
        L: Layer<Handler>,
        L::Service: Service<Request<()>, Response = Response<B>, Error: Debug> + 'static,
        B: Body<Error: Debug> + 'static,
    {
        let service = move || {
            let response = response.clone();
            let handler: Box<dyn FnMut(Request<()>) -> Ready<Result<PageResponse, Infallible>>> =
                Box::new(move |_| ready(Ok(response())));
            layer().layer(service_fn(handler))
        };
        request_case(self.picture, name, service, question).times(if self.at > 100_000 { 20 } else { 100 })
    }
}
