//! Each layer, and the same service without a layer, for each kind of body.

use std::fmt::Debug;
use std::future::ready;

use http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderValue, Request, Response, request};
use http_body::Body;
use tower::layer::util::Identity;
use tower::{Layer, Service};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::layers::assets::PathPrefix;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use super::case::Case;
use super::content::{Content, same_bytes};
use super::question::Question;
use super::requests::{request_case, respond};
use super::responses::{
    DATE, Handler, PUBLIC, PageResponse, dated_page, page, page_with_cache_tags, page_with_cookie, page_with_field,
    page_with_policy, same_page, stylesheet, tagged_page,
};

const GROUP: &str = "layers";

/// The name of each case consists of the stack, `@` and the body.
pub(crate) fn stacks() -> Vec<Case> {
    let mut all = Vec::new();
    for (body, content) in Content::ALL {
        let mut stacks = Stacks { body, content, cases: Vec::new() };
        if let Content::Frames(_) = content {
            stacks.tags();
        } else {
            stacks.policies();
            stacks.tags();
            stacks.conditions();
            stacks.edges();
            stacks.whole();
            if content.page().size_hint().exact().is_some() {
                stacks.assets();
            }
        }
        all.append(&mut stacks.cases);
    }
    all
}

/// A table with this number of routes.
pub(crate) fn table(routes: usize) -> RoutePolicies {
    let mut table = RoutePolicies::builder();
    for n in 0..routes {
        table = table.route(format!("/r{n}/{{id}}"), RoutePolicy::new(PUBLIC));
    }
    table.build().unwrap()
}

/// A list with this number of entity tags, which ends with `last`.
pub(crate) fn list_of_tags(tags: usize, last: &str) -> String {
    (1..tags).map(|n| format!("\"tag-{n}\"")).chain([last.to_owned()]).collect::<Vec<_>>().join(", ")
}

struct Stacks {
    body: &'static str,
    content: Content,
    cases: Vec<Case>,
}

impl Stacks {
    fn policies(&mut self) {
        let header = HeaderValue::from_static("public, max-age=300");
        let set_header = SetResponseHeaderLayer::overriding(CACHE_CONTROL, header);
        self.plain("no-op layer", Identity::new());
        self.plain("SetResponseHeaderLayer", set_header);
        self.plain("policy", CachePolicyLayer::new(PUBLIC));
        self.plain("policy, from a closure", CachePolicyLayer::from_fn(|_| PUBLIC));
        for (name, routes, path) in [
            ("policy, 1 route", 1, "/r0/x"),
            ("policy, 10 routes", 10, "/r7/x"),
            ("policy, 100 routes", 100, "/r77/x"),
            ("policy, 1,000 routes", 1_000, "/r777/x"),
        ] {
            self.add(name, ("page", page), ("", move || get(path)), move || CachePolicyLayer::new(table(routes)));
        }
        let layer = || CachePolicyLayer::new(PUBLIC);
        self.add("policy, the handler's own policy", ("policy", page_with_policy), ("", home), layer);
        self.add("policy, the handler's own field", ("field", page_with_field), ("", home), layer);
        self.add("policy, guard: Set-Cookie", ("cookie", page_with_cookie), ("", home), layer);
        let login = || home().with(AUTHORIZATION, "Bearer of-news");
        self.add("policy, guard: Authorization", ("page", page), ("login", login), layer);
    }

    fn tags(&mut self) {
        match self.content {
            Content::Frames(_) => self.plain("no-op layer", Identity::new()),
            Content::Stream(_) => {
                self.plain("weak tag, buffered", EntityTagLayer::new().buffer_unknown_length(1 << 20));
            }
            Content::Whole(_) => {
                let layer = || EntityTagLayer::new();
                self.add("weak tag, the same bytes again", ("same page", same_page), ("", home), layer);
            }
        }
        self.plain("weak tag", EntityTagLayer::new());
        self.plain("strong tag", EntityTagLayer::new().strong());
    }

    fn conditions(&mut self) {
        let layer = || ConditionalLayer::new();
        let same = || home().with(IF_NONE_MATCH, "\"a\"");
        self.add("conditional, 200", ("tag", tagged_page), ("", home), layer);
        self.add("304, the handler's tag", ("tag", tagged_page), ("same tag", same), layer);
        self.add("304, a date", ("date", dated_page), ("same date", || home().with(IF_MODIFIED_SINCE, DATE)), layer);
        self.add("304, before the handler", ("page", page), ("same tag", same), || {
            ConditionalLayer::new().validators(|_: &request::Parts| {
                let validators = Validators::new().with_etag(EntityTag::from_static("\"a\""));
                ready(Representation::Current(validators))
            })
        });
        let fifty = || home().with(IF_NONE_MATCH, list_of_tags(50, "\"tag-50\""));
        self.add("conditional, 50 tags, 200", ("tag", tagged_page), ("50 tags", fifty), layer);
        if let Content::Whole(_) = self.content {
            let layer = || (ConditionalLayer::new(), EntityTagLayer::new());
            let handler = self.handler(("page", page));
            let again = move || again(layer().layer(handler.clone()), home());
            self.add("304, a generated tag", ("page", page), ("a generated tag", again), layer);
        }
    }

    fn edges(&mut self) {
        let layer = || EdgeLayer::new(EdgeProfile::CLOUDFLARE);
        self.add("edge", ("field", page_with_field), ("", home), layer);
        self.add("edge, 2 cache tags", ("cache tags", page_with_cache_tags), ("", home), layer);
    }

    fn whole(&mut self) {
        let layer = || CachingLayer::new(PUBLIC);
        self.plain("CachingLayer, 200", CachingLayer::new(PUBLIC));
        if let Content::Whole(_) = self.content {
            let handler = self.handler(("page", page));
            let again = move || again(layer().layer(handler.clone()), home());
            self.add("CachingLayer, 304", ("page", page), ("a generated tag", again), layer);
        }
    }

    fn assets(&mut self) {
        let length = self.content.length();
        let manifest = move || {
            let contents = [("style.css", same_bytes(length))];
            AssetManifest::from_contents(contents).unwrap().with_prefix("/static").unwrap()
        };
        let layer = move || AssetsLayer::new(manifest()).mount(PathPrefix::Strip);
        let versioned = move || get(manifest().url("style.css").unwrap());
        let file = ("file", stylesheet as fn(Content) -> PageResponse);
        let handler = self.handler(file);
        let again = move || again(layer().layer(handler.clone()), versioned());
        self.add("assets, 200, versioned", file, ("versioned", versioned), layer);
        self.add("assets, 200, plain", file, ("plain", || get("/static/style.css")), layer);
        self.add("assets, 304, versioned", file, ("the file's tag", again), layer);
    }

    /// A layer around a page.
    fn plain<L, B>(&mut self, name: &str, layer: L)
    where
        L: Layer<Handler> + Clone + 'static,
        L::Service: Service<Request<()>, Response = Response<B>, Error: Debug> + 'static,
        B: Body<Error: Debug> + 'static,
    {
        self.add(name, ("page", page), ("", home), move || layer.clone());
    }

    /// Adds the service with the layer, and the service without it if it is missing.
    fn add<L, B>(
        &mut self,
        name: &str,
        handler: (&'static str, fn(Content) -> PageResponse),
        (asked, question): (&str, impl Fn() -> Question + Clone + 'static),
        layer: impl Fn() -> L + 'static,
    ) where
        L: Layer<Handler>,
        L::Service: Service<Request<()>, Response = Response<B>, Error: Debug> + 'static,
        B: Body<Error: Debug> + 'static,
    {
        let handler = self.handler(handler);
        let asked = if asked.is_empty() { String::new() } else { format!(", {asked}") };
        let base = format!("bare, {}{asked} @ {}", handler.name, self.body);
        if !self.cases.iter().any(|case| case.name == base) {
            let (handler, question) = (handler.clone(), question.clone());
            self.cases.push(request_case(GROUP, base.clone(), move || handler.clone(), question));
        }
        let heavy = self.content.length() > 256 << 10 && (name.contains("tag") || name.contains("CachingLayer"));
        let case =
            request_case(GROUP, format!("{name} @ {}", self.body), move || layer().layer(handler.clone()), question);
        self.cases.push(case.against(base).times(if heavy { 20 } else { 500 }));
    }

    const fn handler(&self, (name, response): (&'static str, fn(Content) -> PageResponse)) -> Handler {
        Handler::new(name, response, self.content)
    }
}

/// The request of a client that has stored the response of this service.
fn again<S, B>(mut service: S, question: Question) -> Question
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug>,
{
    let tag = respond(&mut service, question.request()).headers()[ETAG].clone();
    question.with(IF_NONE_MATCH, tag)
}

fn home() -> Question {
    get("/")
}

fn get(path: &str) -> Question {
    Question::path(path)
}
