//! The layers, with requests and responses that contain these inputs in fields and paths.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Full;
use tower::{Layer, Service};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::edge::{EdgeProfile, TagFormat};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

use super::Parser;
use super::input::{Input, PATHS, TELLING};

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(600));

const ASKED: &[&str] =
    &["accept-encoding", "authorization", "cache-control", "cookie", "if-modified-since", "if-none-match"];
const RANGES: &[&str] = &["accept-encoding", "if-match", "if-range", "if-unmodified-since", "range"];
const ANSWERED: &[&str] = &["access-control-allow-origin", "cache-control", "content-type", "expires", "last-modified"];
const SELECTED: &[&str] = &["content-encoding", "etag", "vary"];

pub(crate) fn all() -> Vec<Parser> {
    let source = |_: &http::request::Parts| ready(Validators::new().with_etag(EntityTag::from_static("\"v1\"")));
    let mut all = vec![
        paths("CachePolicyLayer, the path of a table", &CachePolicyLayer::new(table())),
        paths("AssetsLayer, the path", &AssetsLayer::new(assets())),
        response_parser(
            "CachePolicyLayer, a table with content types",
            &CachePolicyLayer::new(table()),
            &["content-type"],
        ),
        messages("CachePolicyLayer", &CachePolicyLayer::new(PUBLIC), ASKED, ANSWERED),
        messages("CachePolicyLayer, Vary", &CachePolicyLayer::new(PUBLIC.vary(&["accept", "origin"])), &[], SELECTED),
        messages("EntityTagLayer", &EntityTagLayer::new(), ASKED, ANSWERED),
        messages("ConditionalLayer", &ConditionalLayer::new(), ASKED, SELECTED),
        messages("ConditionalLayer, ranges", &ConditionalLayer::new(), RANGES, SELECTED),
        messages("ConditionalLayer, a source", &ConditionalLayer::new().validators(source), RANGES, SELECTED),
        messages("AssetsLayer", &AssetsLayer::new(assets()), RANGES, ANSWERED),
        messages("CachingLayer", &CachingLayer::new(PUBLIC), ASKED, SELECTED),
        messages("CachingLayer, a source", &CachingLayer::new(PUBLIC).validators(source), RANGES, ANSWERED),
    ];
    // One profile for each syntax of lifetimes and tags.
    let edge = |name, profile: EdgeProfile, fields| response_parser(name, &EdgeLayer::new(profile), fields);
    all.extend([
        edge("EdgeLayer, standard", EdgeProfile::STANDARD, &["cache-control", "cdn-cache-control"]),
        edge("EdgeLayer, Cloudflare", EdgeProfile::CLOUDFLARE, &["cloudflare-cdn-cache-control", "cache-tag"]),
        edge("EdgeLayer, Fastly", EdgeProfile::FASTLY, &["surrogate-control", "surrogate-key"]),
        edge("EdgeLayer, Akamai", EdgeProfile::AKAMAI, &["edge-control", "edge-cache-tag"]),
        edge("EdgeLayer, Souin", EdgeProfile::SOUIN, &["cdn-cache-control", "surrogate-key"]),
        edge("EdgeLayer, nginx", EdgeProfile::NGINX, &["x-accel-expires", "vary"]),
        edge(
            "EdgeLayer, Cache-Groups",
            EdgeProfile::STANDARD.with_tags(Some(TagFormat::CACHE_GROUPS)),
            &["cache-groups"],
        ),
    ]);
    all
}

fn table() -> RoutePolicies {
    let page = RoutePolicy::new(PUBLIC).content_type("image/*", PUBLIC).content_type("text/html", PUBLIC);
    let mut table =
        RoutePolicies::builder().route("/files/{*path}", page.clone()).route("/{one}/{two}/{three}", PUBLIC);
    for n in 0..100 {
        table = table.route(format!("/files/a{n:05}/{{id}}"), PUBLIC).route(format!("/a/{n}"), page.clone());
    }
    table.build().unwrap()
}

fn assets() -> AssetManifest {
    AssetManifest::from_contents([("files/style.css", "a"), ("files/page.html", "b")]).unwrap()
}

/// A service that returns these fields.
#[derive(Clone, Default)]
struct Origin {
    headers: Arc<Mutex<HeaderMap>>,
}

impl Service<Request<()>> for Origin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Full::from("hello"));
        *response.headers_mut() = std::mem::take(&mut self.headers.lock().unwrap());
        ready(Ok(response))
    }
}

/// Creates a parser with a request and a response. The fields with these names contain the input.
fn messages<L, S, B>(name: &'static str, layer: &L, asked: &'static [&str], fields: &'static [&str]) -> Parser
where
    L: Layer<Origin, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone + 'static,
{
    let origin = Origin::default();
    let service = layer.layer(origin.clone());
    let parse = move |input: &Input| {
        *origin.headers.lock().unwrap() = input.fields(fields);
        let mut request = Request::get("/files/style.css").body(()).unwrap();
        *request.headers_mut() = input.fields(asked);
        call(&mut service.clone(), request)
    };
    Parser::new(name, parse).on(TELLING)
}

fn response_parser<L, S, B>(name: &'static str, layer: &L, fields: &'static [&str]) -> Parser
where
    L: Layer<Origin, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone + 'static,
{
    messages(name, layer, &[], fields)
}

/// A request for a path that contains the input.
fn paths<L, S, B>(name: &'static str, layer: &L) -> Parser
where
    L: Layer<Origin, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone + 'static,
{
    let service = layer.layer(Origin::default());
    let parse = move |input: &Input| {
        let mut request = Request::new(());
        *request.uri_mut() = Uri::try_from(input.path()).ok()?;
        Some(call(&mut service.clone(), request))
    };
    Parser::new(name, parse).on(PATHS)
}

fn call<S, B>(service: &mut S, request: Request<()>) -> Response<B>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut cx) else { panic!("nothing here waits") };
    response
}
