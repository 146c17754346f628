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
use tower_cache_control::{CacheControl, CacheControlLayer};
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
use crate::pages::{Making, page};

pub(crate) struct Served {
    pub(crate) app: Router,
    pub(crate) path: String,
}

type Make = fn(&Path) -> Served;

pub(crate) const ALL: &[(&str, Make)] = &[
    ("noop", |_| at_root(page_of(Making::Shared).layer(NoopLayer))),
    ("header", |_| at_root(page_of(Making::Shared).layer(set_header()))),
    ("cache-control", |_| at_root(page_of(Making::Shared).layer(cache_control()))),
    ("policy", |_| at_root(page_of(Making::Shared).layer(CachePolicyLayer::new(PAGE)))),
    ("routes", |_| {
        let app = page_of(Making::Shared).layer(CachePolicyLayer::new(table(1_000)));
        Served { app, path: "/r777/x".to_owned() }
    }),
    ("edge", |_| at_root(page_of(Making::Shared).layer((edge(), CachePolicyLayer::new(PAGE))))),
    ("new", |_| at_root(page_of(Making::New).layer(NoopLayer))),
    ("new-by-hand", |_| at_root(page_of(Making::New).layer(from_fn(by_hand::etag)))),
    ("new-tag", |_| at_root(page_of(Making::New).layer(EntityTagLayer::new()))),
    ("new-caching", |_| at_root(page_of(Making::New).layer(CachingLayer::new(PAGE)))),
    ("new-edge-caching", |_| at_root(page_of(Making::New).layer((edge(), CachingLayer::new(PAGE))))),
    // In-process caches, the page without a layer, and the origin server for caches in front of it.
    ("static", |_| at_root(page_of(Making::Shared))),
    ("origin", |_| at_root(page_of(Making::Shared).layer(CachePolicyLayer::new(PAGE)))),
    ("shared-cache", |_| {
        let cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
        at_root(page_of(Making::Shared).layer((cache.layer(), CachePolicyLayer::new(PAGE))))
    }),
    ("tower-http-cache", |_| at_root(Router::new().route_service("/", of_tower_http_cache()))),
    // The request has the entity tag of the first response.
    ("304-handler", |_| at_root(router(respond_early))),
    ("304-own", |_| at_root(tagged_page().layer(ConditionalLayer::new()))),
    ("304-before", |_| at_root(tagged_page().layer(ConditionalLayer::new().validators(|_| ready(known()))))),
    ("304-caching-own", |_| at_root(tagged_page().layer(CachingLayer::new(PAGE)))),
    ("304-caching", |_| at_root(page_of(Making::New).layer(CachingLayer::new(PAGE)))),
    ("304-by-hand", |_| at_root(page_of(Making::New).layer(from_fn(by_hand::etag)))),
    // A directory with `page.css`, which the script creates.
    ("file-serve-dir", served_plainly),
    ("file-assets", versioned),
];

const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const TAG: &str = "\"revision-1234\"";

fn at_root(app: Router) -> Served {
    Served { app, path: "/".to_owned() }
}

fn page_of(making: Making) -> Router {
    router(move || async move { page(making) })
}

/// A page whose handler has a revision.
fn tagged_page() -> Router {
    router(async || ([(ETAG, HeaderValue::from_static(TAG))], page(Making::New)).into_response())
}

/// The lower limit for any layer: the handler reads the field itself and does not create a page.
async fn respond_early(headers: HeaderMap) -> Response {
    let tag = [(ETAG, HeaderValue::from_static(TAG))];
    if headers.get(IF_NONE_MATCH).is_some_and(|held| held == TAG) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    (tag, page(Making::New)).into_response()
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
        let (head, body) = page(Making::Shared).into_parts();
        let body = Full::new(to_bytes(body, usize::MAX).await.unwrap_or_default());
        Ok::<_, Infallible>(Response::from_parts(head, body))
    });
    HandleError::new(cache.layer(page), async |_: BoxError| StatusCode::INTERNAL_SERVER_ERROR)
}

fn cache_control() -> CacheControlLayer {
    CacheControlLayer::new(CacheControl::new().with_public().with_max_age(Duration::from_secs(300)))
}

fn edge() -> EdgeLayer {
    EdgeLayer::new(EdgeProfile::CLOUDFLARE)
}

fn served_plainly(files: &Path) -> Served {
    let app = Router::new().nest_service("/static", ServeDir::new(files));
    Served { app, path: "/static/page.css".to_owned() }
}

fn versioned(files: &Path) -> Served {
    let assets = AssetManifest::from_directory(files)
        .and_then(|assets| assets.with_prefix("/static"))
        .expect("the script creates a readable directory");
    let path = assets.url("page.css").expect("the script creates the file").to_owned();
    let app = Router::new().nest_service("/static", AssetsLayer::new(&assets).layer(ServeDir::new(files)));
    Served { app, path }
}
