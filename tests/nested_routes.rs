//! Tests policies by path under routers and middleware that change the path.
#![cfg(all(feature = "axum", feature = "routes"))]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::OriginalUri;
use axum::http::{Request, StatusCode, Uri};
use axum::middleware::map_request;
use axum::routing::get;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::layers::OriginalPathLayer;
use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
use tower_cache_policy::policy::{CachePolicy, OriginalPath, original_path};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

use support::field;

const PUBLIC: &str = "public, max-age=60";
const NO_STORE: &str = "private, no-store";
const DEFAULT: &str = "private, no-cache";

/// Without their prefix, account pages would match the first pattern.
fn table() -> RoutePolicies {
    RoutePolicies::builder()
        .route("/{page}", CachePolicy::public(Duration::from_secs(60)))
        .route("/account/{*rest}", CachePolicy::NO_STORE)
        .build()
        .unwrap()
}

fn layer() -> CachePolicyLayer {
    CachePolicyLayer::new(table())
}

async fn page() -> &'static str {
    "page"
}

fn pages() -> Router {
    Router::new().route("/", get(page)).route("/{id}", get(page)).route("/{id}/edit", get(page))
}

async fn cache_control(app: &Router, path: &str) -> String {
    let response = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    field(response.headers(), "cache-control").unwrap()
}

#[tokio::test]
async fn a_table_matches_the_complete_path_anywhere_in_an_axum_application() {
    let nested_service = || ServiceBuilder::new().layer(layer()).service(pages());
    let apps: Vec<(&str, Router)> = vec![
        ("around the application", Router::new().nest("/account", pages()).layer(layer())),
        ("on a nested router", Router::new().nest("/account", pages().layer(layer()))),
        ("on the routes of a nested router", Router::new().nest("/account", pages().route_layer(layer()))),
        ("as a layer of a nested service", Router::new().nest_service("/account", nested_service())),
        ("on the router in a nested service", Router::new().nest_service("/account", pages().layer(layer()))),
        (
            "on method routers of a nested router",
            Router::new().nest("/account", Router::new().route("/{id}", get(page).layer(layer()))),
        ),
        (
            "on a method router with a route layer",
            Router::new().nest("/account", Router::new().route("/{id}", get(page).route_layer(layer()))),
        ),
        ("on a merged router", Router::new().nest("/account", Router::new().merge(pages().layer(layer())))),
        (
            "on the fallback of a nested router",
            Router::new().nest("/account", Router::new().fallback(get(page)).layer(layer())),
        ),
        ("by a catch-all of the parent", Router::new().nest("/{section}", pages().layer(layer()))),
        ("with a stack of layers", Router::new().nest("/account", pages().layer(CachingLayer::new(table())))),
        (
            "with an edge layer",
            Router::new()
                .nest("/account", pages().layer(layer()))
                .layer(EdgeLayer::new(tower_cache_policy::edge::EdgeProfile::CLOUDFLARE)),
        ),
        (
            "with a table that can be replaced",
            Router::new().nest("/account", pages().layer(CachePolicyLayer::new(SharedRoutes::new(table())))),
        ),
    ];
    for (sentence, app) in &apps {
        assert_eq!(cache_control(app, "/account/7").await, NO_STORE, "{sentence}");
        assert_eq!(cache_control(app, "/account/7?id=1").await, NO_STORE, "{sentence}");
    }
    let twice = Router::new().nest("/account", Router::new().nest("/orders", pages().layer(layer())));
    assert_eq!(cache_control(&twice, "/account/orders/7").await, NO_STORE);
}

#[tokio::test]
async fn a_table_without_nesting_matches_the_path() {
    for app in [pages().layer(layer()), pages().route_layer(layer()), Router::new().merge(pages()).layer(layer())] {
        assert_eq!(cache_control(&app, "/7").await, PUBLIC);
        assert_eq!(cache_control(&app, "/7/edit").await, DEFAULT);
    }
}

#[tokio::test]
async fn a_table_with_paths_below_the_nest_does_not_match() {
    let relative =
        RoutePolicies::builder().route("/{id}", CachePolicy::public(Duration::from_secs(60))).build().unwrap();
    let app = Router::new().nest("/account", pages().layer(CachePolicyLayer::new(relative)));
    assert_eq!(cache_control(&app, "/account/7").await, DEFAULT);
}

#[tokio::test]
async fn a_nested_table_without_the_original_path_permits_nothing() {
    let forget = map_request(|mut request: Request<Body>| async move {
        request.extensions_mut().remove::<OriginalUri>();
        request
    });
    let app = Router::new().nest("/account", pages().layer(layer()).layer(forget.clone()));
    assert_eq!(cache_control(&app, "/account/7").await, NO_STORE);

    let public = RoutePolicies::builder()
        .default_policy(CachePolicy::public(Duration::from_secs(60)))
        .route("/{page}", CachePolicy::IMMUTABLE)
        .build()
        .unwrap();
    let around = |layer: CachePolicyLayer| Router::new().nest("/account", pages().layer(layer).layer(forget.clone()));
    let app = around(CachePolicyLayer::new(public.clone()).explain(true));
    assert_eq!(cache_control(&app, "/account/7").await, DEFAULT);
    let request = Request::get("/account/7").body(Body::empty()).unwrap();
    let explained = field(app.oneshot(request).await.unwrap().headers(), "cache-policy-explain").unwrap();
    assert!(explained.contains("unknown path"), "{explained}");

    // The path is known if a layer outside the router recorded it.
    let app =
        Router::new().nest("/account", pages().layer(layer()).layer(forget.clone())).layer(OriginalPathLayer::new());
    assert_eq!(cache_control(&app, "/account/7").await, NO_STORE);
    let app = around(CachePolicyLayer::new(public)).layer(OriginalPathLayer::new());
    assert_eq!(cache_control(&app, "/account/7").await, PUBLIC);

    // A path is not recorded if it is known to have been changed.
    let app = Router::new().nest("/account", pages().layer(layer()).layer(OriginalPathLayer::new()).layer(forget));
    assert_eq!(cache_control(&app, "/account/7").await, NO_STORE);
}

#[tokio::test]
async fn a_function_of_the_application_returns_the_path() {
    #[derive(Clone)]
    struct AsSent(String);

    let record = map_request(|mut request: Request<Body>| async move {
        let path = AsSent(request.uri().to_string());
        if path.0 != "/account/unknown" {
            request.extensions_mut().insert(path);
        }
        request
    });
    let by_hook = |routes: RoutePolicies| {
        CachePolicyLayer::new(routes)
            .original_path(|request| request.extensions.get::<AsSent>().map(|path| path.0.as_str()))
    };
    let app = Router::new().nest("/account", pages().layer(by_hook(table()))).layer(record.clone());
    assert_eq!(cache_control(&app, "/account/7?page=1").await, NO_STORE);
    let public = CachePolicy::public(Duration::from_secs(60));
    let routes = RoutePolicies::builder().default_policy(public).route("/account/{id}", public).build().unwrap();
    let app = Router::new().nest("/account", pages().layer(by_hook(routes))).layer(record);
    assert_eq!(cache_control(&app, "/account/7?page=1").await, PUBLIC);
    assert_eq!(cache_control(&app, "/account/unknown").await, DEFAULT, "a path that is not known");
}

#[tokio::test]
async fn a_closure_can_read_the_original_path() {
    let by_path = |path: &str| match path.starts_with("/account/") {
        true => CachePolicy::NO_STORE,
        false => CachePolicy::public(Duration::from_secs(60)),
    };
    let layer = CachePolicyLayer::from_fn(move |request| original_path(request).map(by_path));
    for (path, expected) in [
        ("/account/7", NO_STORE),
        ("/account/..%2fstatic", DEFAULT),
        ("/account/%252e%252e", DEFAULT),
        ("/account/..%3bx", DEFAULT),
    ] {
        for app in [
            Router::new().nest("/account", pages().layer(layer.clone())),
            Router::new().nest("/account", pages().route_layer(layer.clone())),
            Router::new().nest_service("/account", pages().layer(layer.clone())),
            Router::new().nest("/account", Router::new().route("/{id}", get(page).layer(layer.clone()))),
        ] {
            assert_eq!(cache_control(&app, path).await, expected, "{path}");
        }
    }
    // The path of the request, which the router has shortened.
    let unaware = CachePolicyLayer::from_fn(move |request| by_path(request.uri.path()));
    let app = Router::new().nest("/account", pages().layer(unaware));
    assert_eq!(cache_control(&app, "/account/7").await, PUBLIC);
}

#[tokio::test]
async fn the_path_of_the_outermost_layer_counts() {
    let strip = tower::util::MapRequestLayer::new(|mut request: Request<()>| {
        let stripped = request.uri().path().strip_prefix("/account").unwrap_or("/").to_owned();
        *request.uri_mut() = Uri::try_from(stripped).unwrap();
        request
    });
    let handler = service_fn(|request: Request<()>| {
        let path = request.extensions().get::<OriginalPath>().map(|path| path.as_str().to_owned());
        std::future::ready(Ok::<_, Infallible>(http::Response::new(path)))
    });
    let service = ServiceBuilder::new()
        .layer(OriginalPathLayer::new())
        .layer(strip)
        .layer(OriginalPathLayer::new())
        .layer(layer())
        .service(handler);
    let response = service.oneshot(Request::get("/account/7?a=b").body(()).unwrap()).await.unwrap();
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(NO_STORE));
    assert_eq!(response.body().as_deref(), Some("/account/7"));

    let unrecorded = layer().layer(handler).oneshot(Request::get("/7").body(()).unwrap()).await.unwrap();
    assert_eq!(unrecorded.body().as_deref(), None);
}
