//! The variants: typical stacks with one page or a directory of files.

use std::convert::Infallible;
use std::future::ready;
use std::path::Path;
use std::time::Duration;

use axum::body::to_bytes;
use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{
    AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer, SharedCache,
};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http_cache::prelude::InMemoryBackend;

use crate::by_hand;
use crate::noop::NoopLayer;
use crate::pages::{KIB, KIB_16, MIB, Making, page};

pub(crate) struct Served {
    pub(crate) app: Router,
    pub(crate) path: String,
}

type Make = fn(&Path) -> Served;

pub(crate) const ALL: &[(&str, Make)] = &[
    ("bare-1k", |_| at_root(page_of::<KIB>())),
    ("bare-16k", |_| at_root(page_of::<KIB_16>())),
    ("bare-1m", |_| at_root(page_of::<MIB>())),
    ("bare-1k-new", |_| at_root(new_page_of::<KIB>())),
    ("bare-16k-new", |_| at_root(new_page_of::<KIB_16>())),
    ("bare-1m-new", |_| at_root(new_page_of::<MIB>())),
    ("noop", |_| at_root(page_of::<KIB>().layer(NoopLayer))),
    ("set-header", |_| at_root(page_of::<KIB>().layer(set_header()))),
    ("policy", |_| at_root(page_of::<KIB>().layer(CachePolicyLayer::new(PAGE)))),
    ("routes-1000", |_| {
        let app = page_of::<KIB>().layer(CachePolicyLayer::new(table(1_000)));
        Served { app, path: "/r777/x".to_owned() }
    }),
    ("edge", |_| {
        let layers = (EdgeLayer::new(EdgeProfile::CLOUDFLARE), CachePolicyLayer::new(PAGE));
        at_root(page_of::<KIB>().layer(layers))
    }),
    ("caching-1k", |_| at_root(page_of::<KIB>().layer(CachingLayer::new(PAGE)))),
    ("caching-16k", |_| at_root(page_of::<KIB_16>().layer(CachingLayer::new(PAGE)))),
    ("tag-1k", |_| at_root(page_of::<KIB>().layer(EntityTagLayer::new()))),
    ("tag-16k", |_| at_root(page_of::<KIB_16>().layer(EntityTagLayer::new()))),
    ("tag-1m", |_| at_root(page_of::<MIB>().layer(EntityTagLayer::new()))),
    ("tag-1k-new", |_| at_root(new_page_of::<KIB>().layer(EntityTagLayer::new()))),
    ("tag-16k-new", |_| at_root(new_page_of::<KIB_16>().layer(EntityTagLayer::new()))),
    ("tag-1m-new", |_| at_root(new_page_of::<MIB>().layer(EntityTagLayer::new()))),
    ("by-hand-16k", |_| at_root(page_of::<KIB_16>().layer(from_fn(by_hand::etag)))),
    ("by-hand-1m", |_| at_root(page_of::<MIB>().layer(from_fn(by_hand::etag)))),
    // Caches in the process. The origin server is for caches in front of it.
    ("origin-1k", |_| at_root(page_of::<KIB>().layer(CachePolicyLayer::new(PAGE)))),
    ("shared-cache-1k", |_| {
        let cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
        at_root(page_of::<KIB>().layer((cache.layer(), CachePolicyLayer::new(PAGE))))
    }),
    ("tower-http-cache-1k", |_| at_root(Router::new().route_service("/", of_tower_http_cache()))),
    // The request has the entity tag of the first response.
    ("304-generated", |_| at_root(page_of::<KIB_16>().layer((ConditionalLayer::new(), EntityTagLayer::new())))),
    ("304-generated-new", |_| at_root(new_page_of::<KIB_16>().layer((ConditionalLayer::new(), EntityTagLayer::new())))),
    ("304-own", |_| at_root(tagged_page().layer(ConditionalLayer::new()))),
    ("304-before", |_| at_root(tagged_page().layer(ConditionalLayer::new().validators(|_| ready(known()))))),
    ("304-caching-generated", |_| at_root(page_of::<KIB_16>().layer(CachingLayer::new(PAGE)))),
    ("304-caching-own", |_| at_root(tagged_page().layer(CachingLayer::new(PAGE)))),
    ("304-caching-before", |_| at_root(tagged_page().layer(CachingLayer::new(PAGE).validators(|_| ready(known()))))),
    ("304-bare", |_| at_root(router(respond_early))),
    ("304-by-hand", |_| at_root(page_of::<KIB_16>().layer(from_fn(by_hand::etag)))),
    // A directory with `1k.css` and `16k.css`, which the script creates.
    ("servedir-1k", |files| served_plainly(files, "1k.css")),
    ("servedir-16k", |files| served_plainly(files, "16k.css")),
    ("304-servedir-1k", |files| served_plainly(files, "1k.css")),
    ("304-servedir-16k", |files| served_plainly(files, "16k.css")),
    ("assets-1k", |files| versioned(files, "1k.css")),
    ("assets-16k", |files| versioned(files, "16k.css")),
    ("304-assets-1k", |files| versioned(files, "1k.css")),
    ("304-assets-16k", |files| versioned(files, "16k.css")),
];

const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const TAG: &str = "\"revision-1234\"";

fn at_root(app: Router) -> Served {
    Served { app, path: "/".to_owned() }
}

fn page_of<const LENGTH: usize>() -> Router {
    router(async || page(LENGTH, Making::Shared))
}

fn new_page_of<const LENGTH: usize>() -> Router {
    router(async || page(LENGTH, Making::New))
}

/// A page whose handler knows its revision.
fn tagged_page() -> Router {
    router(async || ([(ETAG, HeaderValue::from_static(TAG))], page(KIB_16, Making::Shared)).into_response())
}

/// The lower limit for any layer: the handler reads the field itself and does not create a page.
async fn respond_early(headers: HeaderMap) -> Response {
    let tag = [(ETAG, HeaderValue::from_static(TAG))];
    if headers.get(IF_NONE_MATCH).is_some_and(|held| held == TAG) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    (tag, page(KIB_16, Making::Shared)).into_response()
}

fn known() -> Representation {
    Validators::new().with_etag(EntityTag::from_static(TAG)).into()
}

/// The router of all variants, with a second route for the table of policies.
fn router<H, T>(handler: H) -> Router
where
    H: Handler<T, ()>,
    T: 'static,
{
    Router::new().route("/", get(handler.clone())).route("/{page}/{id}", get(handler))
}

fn table(routes: usize) -> RoutePolicies {
    let table = (0..routes)
        .fold(RoutePolicies::builder(), |table, n| table.route(format!("/r{n}/{{id}}"), RoutePolicy::new(PAGE)));
    table.build().expect("the patterns are valid and differ")
}

fn set_header() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
}

/// A page behind the cache of tower-http-cache, whose bodies must be `Sync`, unlike those of axum.
fn of_tower_http_cache()
-> impl Service<Request, Response = impl IntoResponse, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
    let cache =
        tower_http_cache::CacheLayer::builder(InMemoryBackend::new(1_000)).ttl(Duration::from_secs(300)).build();
    let page = service_fn(|_: Request| async {
        let (head, body) = page(KIB, Making::Shared).into_parts();
        let body = Full::new(to_bytes(body, KIB).await.unwrap_or_default());
        Ok::<_, Infallible>(Response::from_parts(head, body))
    });
    HandleError::new(cache.layer(page), async |_: BoxError| StatusCode::INTERNAL_SERVER_ERROR)
}

fn served_plainly(files: &Path, name: &str) -> Served {
    let app = Router::new().nest_service("/static", ServeDir::new(files));
    Served { app, path: format!("/static/{name}") }
}

fn versioned(files: &Path, name: &str) -> Served {
    let assets = AssetManifest::from_directory(files)
        .and_then(|assets| assets.with_prefix("/static"))
        .expect("the script creates a readable directory");
    let path = assets.url(name).expect("the script creates the file").to_owned();
    let app = Router::new().nest_service("/static", AssetsLayer::new(&assets).layer(ServeDir::new(files)));
    Served { app, path }
}
