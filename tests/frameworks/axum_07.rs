//! Tests axum 0.7: the layers work, and a handler returns its policy in an `Extension`.

use std::time::Duration;

use axum_07::body::Body;
use axum_07::http::{Request, StatusCode};
use axum_07::routing::get;
use axum_07::{Extension, Router};
use tower::ServiceExt;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

use super::PUBLIC;

#[tokio::test]
async fn the_layers_work_on_a_router_and_a_handler_returns_its_policy_in_an_extension() {
    let account = Router::new()
        .route("/secret", get(|| async { (Extension(CachePolicy::NO_STORE), "secret") }))
        .layer(CachePolicyLayer::new(CachePolicy::private(Duration::from_secs(9))));
    let app = Router::new()
        .route("/page", get(|| async { "page" }))
        .nest("/account", account.route("/hello", get(|| async { "hello" })))
        .layer(CachingLayer::new(PUBLIC))
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE));
    let mut tag = None;
    for (path, lines, status, cache_control) in [
        ("/page", false, StatusCode::OK, "public, max-age=300"),
        ("/page", true, StatusCode::NOT_MODIFIED, "public, max-age=300"),
        ("/account/secret", false, StatusCode::OK, "private, no-store"),
        ("/none", false, StatusCode::NOT_FOUND, "private, no-store"),
    ] {
        let mut request = Request::get(path);
        if let Some(tag) = tag.as_ref().filter(|_| lines) {
            request = request.header("if-none-match", tag);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["cache-control"], cache_control, "{path}");
        tag = response.headers().get("etag").cloned().or(tag);
    }
}
