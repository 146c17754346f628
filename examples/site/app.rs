//! The routes of the site, and the cache policy of each.

use std::convert::Infallible;
use std::error::Error;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use futures_util::stream;
use tower::Layer;
use tower_cache_policy::edge::Edges;
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy::policy::{CachePolicy, CacheTag, IntoPolicySource};
use tower_cache_policy::{
    CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, HeadValidators, PurgeLayer, SharedCache,
};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate, SizeAbove};
use tower_http::services::ServeFile;

use crate::articles::{self, Store};
use crate::assets::{self, Assets};
use crate::front::{FrontPage, front};
use crate::log::{Log, log_requests};

/// Every cache may store the response, but must revalidate it before each reuse. This suits every response with an
/// entity tag, so it is the default of this site.
const SITE: CachePolicy = CachePolicy::NO_CACHE;
const PAGE: CachePolicy = CachePolicy::max_age(Duration::from_secs(120));
const FILE: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const DOWNLOAD: CachePolicy = CachePolicy::public(Duration::from_secs(3600));

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/site/pages/dashboard.html");

/// The caches between the site and its visitors.
#[derive(Clone, Copy, Debug)]
pub struct Caches<'a> {
    /// For each of these edges, responses contain the field that it reads, in addition to `Cache-Control`.
    pub edges: &'a Edges,
    /// The in-process cache.
    pub shared: Option<&'a SharedCache>,
}

/// Builds the router of the site.
///
/// `policies` replaces the policies in this file.
pub fn app(
    store: Store,
    download: &Path,
    assets: &Assets,
    policies: Option<RoutePolicies>,
    caches: Caches<'_>,
    no_cache: bool,
    log: Log,
) -> Result<Router, Box<dyn Error>> {
    let Caches { edges, shared } = caches;
    let edge = EdgeLayer::new(edges.clone()).enabled(edges.profiles().next().is_some()).development(no_cache);
    let by_code = policies.is_none();
    let policy = |policy| CachePolicyLayer::new(policy).record_decisions().enabled(by_code);
    let table = policies.clone();
    let source = policies.map_or_else(|| SITE.into_policy_source(), RoutePolicies::into_policy_source);

    // A range refers to the bytes of the transferred representation, so a resumable download must not be compressed.
    // Fonts are already compressed, and compression would make short bodies longer.
    let compressible = DefaultPredicate::new()
        .and(SizeAbove::new(128))
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("font/"));
    let caching = CachingLayer::new(source)
        .compression(CompressionLayer::new().compress_when(compressible))
        .development(no_cache)
        .record_decisions();

    let pages = Router::new()
        .route("/", get(front).with_state(Arc::new(FrontPage::new(&assets.source, shared.is_some())?)))
        .route("/page", get(page).layer(policy(PAGE)))
        .route_service("/dashboard", policy(FILE).layer(ServeFile::new(DASHBOARD)))
        .route("/events", get(events))
        .route("/me", get(me).layer(policy(FILE)))
        .route("/fail", get(fail).layer(policy(PAGE)))
        .fallback(not_found)
        .layer(caching.clone());

    // The asset service sets its own policies, and evaluates `If-Range` itself.
    let assets = Router::new()
        .nest_service(assets::PREFIX, assets.service())
        .layer(caching.clone().conditional(ConditionalLayer::inner_handles_if_range));

    // The store is the validator source, so the layer evaluates preconditions before it calls a handler. It returns 304
    // to a client with a current copy, and 412 for a write that would overwrite another client's change. The 304 has
    // the policy of the 200.
    let known = store.clone();
    let policy_at = move |path: &str| table.as_ref().map_or(Some(SITE), |table| table.policy_at(&Method::GET, path));
    let by_id = get(articles::read).put(articles::write).delete(articles::remove);
    let articles = Router::new().route("/articles/{id}", by_id).layer(
        caching
            .clone()
            .validators(move |request: &Parts| {
                let path = request.uri.path();
                ready(known.selected_at(path, policy_at(path)))
            })
            .require_preconditions(),
    );

    // `ServeFile` serves ranges but ignores `If-Range`. With the validators of `ServeFile` as its source, the layer
    // evaluates `If-Range` instead. The layer covers only this route. An outer layer without a source would first
    // remove every `Range` with `If-Range`.
    let file = ServeFile::new(download);
    let downloads = Router::new()
        .route_service("/download", policy(DOWNLOAD).layer(file.clone()))
        .layer(caching.validator_source(HeadValidators::<_, Body>::new(file)));

    let site = pages.merge(assets).merge(articles).merge(downloads).with_state(store);
    // The cache is outside all policy layers. It runs the purges of the handlers before the client gets the response.
    let site = match shared {
        Some(cache) => {
            let cache = cache.clone().development(no_cache);
            site.layer(PurgeLayer::new(cache.clone()).development(no_cache)).layer(cache.layer())
        }
        None => site,
    };
    // Only the log is outside `EdgeLayer`, which must process the final response.
    Ok(site.layer(edge).layer(from_fn_with_state(log, log_requests)))
}

async fn page(State(store): State<Store>) -> (CacheTag, Html<String>) {
    let items: String =
        store.ids().into_iter().map(|id| format!("<li><a href=\"/articles/{id}\">Article {id}</a>\n")).collect();
    let page = format!("<!doctype html><title>Articles</title>\n<h1>Articles</h1>\n<ul>\n{items}</ul>\n");
    (articles::ARTICLES, Html(page))
}

async fn events() -> impl IntoResponse {
    let clock = tokio::time::interval(Duration::from_secs(1));
    let seconds = stream::unfold((clock, 0_u64), async |(mut clock, second)| {
        clock.tick().await;
        let event = Event::default().event("second").data(second.to_string());
        Some((Ok::<_, Infallible>(event), (clock, second + 1)))
    });
    (CachePolicy::NO_STORE, Sse::new(seconds))
}

/// Sets a cookie. The policy of the route is `public`, but the guards find the cookie and make the response `private`.
async fn me() -> impl IntoResponse {
    (
        [(SET_COOKIE, "visitor=42; Path=/; HttpOnly; SameSite=Lax")],
        Html("<!doctype html><title>You</title><p>You are visitor 42.\n"),
    )
}

/// Always fails. The policy of the route has a lifetime of two minutes, which does not apply to an error.
async fn fail() -> (StatusCode, &'static str) {
    (StatusCode::INTERNAL_SERVER_ERROR, "This failed, as it always does.\n")
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing here.\n")
}
