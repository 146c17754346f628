//! Tests the effects that the documentation of `layers` describes for other orders of layers.
#![allow(clippy::unwrap_used)] // As in any test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use axum::{Router, middleware, routing::get};
use tower::ServiceExt;
use tower::util::MapResponseLayer;
use tower_cache_policy::edge::{EdgeProfile, purge::Purge};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer, EntityTagLayer, PurgeLayer, SharedCache};
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::timeout::TimeoutLayer;

const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
const ARTICLES: CacheTag = CacheTag::from_static("articles");

fn site() -> Router {
    async fn page() -> Response {
        let mut response = Response::new(Body::from("an article ".repeat(100)));
        CacheTags::from_iter([ARTICLES]).add_to(response.extensions_mut());
        response
    }
    async fn save() -> Response {
        let mut response = Response::new(Body::empty());
        Purge::tags([ARTICLES]).add_to(response.extensions_mut());
        response
    }
    Router::new().route("/", get(page)).route("/save", get(page).post(save))
}

/// A request for the page, with these fields.
fn request(fields: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    for (name, value) in fields {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// Reads the body too, because a response is stored at its end.
async fn send(site: &Router, request: Request<Body>) -> Response<()> {
    let (head, body) = site.clone().oneshot(request).await.unwrap().into_parts();
    axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Response::from_parts(head, ())
}

fn field<'a>(response: &'a Response<()>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_inner_of_two_policies_applies() {
    let two = site().layer(CachingLayer::new(PAGE)).layer(CachingLayer::new(CachePolicy::NO_STORE));
    assert_eq!(field(&send(&two, request(&[])).await, "cache-control"), "public, max-age=60, s-maxage=3600");
    let outer = CachePolicyLayer::new(CachePolicy::NO_STORE).tighten();
    let tightened = site().layer(CachingLayer::new(PAGE)).layer(outer);
    assert_eq!(field(&send(&tightened, request(&[])).await, "cache-control"), "private, no-store");
}

#[tokio::test]
async fn an_edge_layer_inside_the_policy_layer_finds_no_policy() {
    let site = site().layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE)).layer(CachingLayer::new(PAGE));
    let response = send(&site, request(&[])).await;
    assert_eq!(field(&response, "cache-control"), "private, no-cache");
    assert_eq!(field(&response, "cloudflare-cdn-cache-control"), "no-store");
}

#[tokio::test]
async fn a_shared_cache_inside_the_policy_layer_stores_nothing() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).observer({
        let reasons = Arc::clone(&reasons);
        move |event| reasons.lock().unwrap().extend(event.not_stored())
    });
    let site = site().layer(cache.layer()).layer(CachingLayer::new(PAGE));
    assert_eq!(
        field(&send(&site, request(&[])).await, "cache-status"),
        "tower-cache-policy; fwd=uri-miss; fwd-status=200"
    );
    assert_eq!(reasons.lock().unwrap()[0].as_str(), "no-policy");
}

#[tokio::test]
async fn a_shared_cache_outside_the_edge_layer_uses_the_lifetime_for_browsers() {
    for (is_outside, ttl) in [(false, "hit; ttl=3600"), (true, "hit; ttl=60")] {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let (inner, edge) = (site().layer(CachingLayer::new(PAGE)), EdgeLayer::new(EdgeProfile::CLOUDFLARE));
        let site = match is_outside {
            true => inner.layer(edge).layer(cache.layer()),
            false => inner.layer(cache.layer()).layer(edge),
        };
        send(&site, request(&[])).await;
        let hit = send(&site, request(&[])).await;
        assert_eq!(field(&hit, "cache-status"), format!("tower-cache-policy; {ttl}"));
    }
}

#[tokio::test]
async fn a_purge_layer_works_on_either_side_of_the_shared_cache() {
    for is_outside in [false, true] {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let (inner, purge) = (site().layer(CachingLayer::new(PAGE)), PurgeLayer::new(cache.clone()));
        let site = match is_outside {
            true => inner.layer(cache.layer()).layer(purge),
            false => inner.layer(purge).layer(cache.layer()),
        };
        send(&site, request(&[])).await;
        assert!(field(&send(&site, request(&[])).await, "cache-status").contains("hit"));
        send(&site, Request::post("/save").body(Body::empty()).unwrap()).await;
        assert!(field(&send(&site, request(&[])).await, "cache-status").contains("fwd=uri-miss"));
    }
}

#[tokio::test]
async fn a_cookie_outside_the_policy_layer_is_noticed_only_by_an_outer_layer() {
    let session = MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert("set-cookie", HeaderValue::from_static("session=1"));
        response
    });
    let late = site().layer(CachingLayer::new(PAGE)).layer(session);
    let response = send(&late, request(&[])).await;
    assert_eq!(field(&response, "cache-control"), "public, max-age=60, s-maxage=3600");
    assert_eq!(field(&response, "set-cookie"), "session=1");
    for layered in [
        late.clone().layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE)),
        late.clone().layer(CachePolicyLayer::new(PAGE)),
        late.layer(SharedCache::by_policy(MemoryStore::new(1 << 20)).layer()),
    ] {
        assert_eq!(field(&send(&layered, request(&[])).await, "cache-control"), "private, max-age=60");
    }
}

#[tokio::test]
async fn authentication_inside_a_validator_source_does_not_prevent_a_304() {
    let reject = middleware::from_fn(async |_: Request<Body>, _: middleware::Next| StatusCode::UNAUTHORIZED);
    let caching = || {
        let tag = EntityTag::from_static("\"v1\"");
        CachingLayer::new(PAGE).validators(move |_| std::future::ready(Validators::new().with_etag(tag.clone())))
    };
    let revalidation = || request(&[("if-none-match", "\"v1\"")]);
    let inside = site().layer(reject.clone()).layer(caching());
    assert_eq!(send(&inside, revalidation()).await.status(), StatusCode::NOT_MODIFIED);
    let outside = site().layer(caching()).layer(reject);
    assert_eq!(send(&outside, revalidation()).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_inner_cors_layer_does_not_see_the_responses_of_the_conditional_layer() {
    let cors = CorsLayer::new().allow_origin(AllowOrigin::list(["https://example.com".parse().unwrap()]));
    let caching = || {
        let current = Validators::version(7);
        CachingLayer::new(PAGE).validators(move |_| std::future::ready(current.clone())).require_preconditions()
    };
    let origin = ("origin", "https://example.com");
    let put = |fields: &[(&'static str, &str)]| {
        let mut put = request(fields);
        *put.method_mut() = Method::PUT;
        put
    };
    for (site, allowed) in [
        (site().layer(cors.clone()).layer(caching()), ""),
        (site().layer(caching()).layer(cors), "https://example.com"),
    ] {
        for (request, status) in [
            (request(&[origin, ("if-none-match", "\"7\"")]), StatusCode::NOT_MODIFIED),
            (put(&[origin, ("if-match", "\"6\"")]), StatusCode::PRECONDITION_FAILED),
            (put(&[origin]), StatusCode::PRECONDITION_REQUIRED),
        ] {
            let response = send(&site, request).await;
            assert_eq!(response.status(), status);
            assert_eq!(field(&response, "access-control-allow-origin"), allowed, "{status}");
        }
    }
}

#[tokio::test]
async fn only_the_inner_of_two_purge_layers_runs_a_purge() {
    let caches = [(); 2].map(|()| SharedCache::by_policy(MemoryStore::new(1 << 20)));
    let [inner, outer] = &caches;
    let site = site().layer(PurgeLayer::new(inner.clone())).layer(PurgeLayer::new(outer.clone()));
    send(&site, Request::post("/save").body(Body::empty()).unwrap()).await;
    assert_eq!(caches.map(|cache| cache.stats().purges), [1, 0]);
}

#[tokio::test]
async fn compression_in_another_position_changes_the_entity_tag() {
    let strong = MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert("etag", HeaderValue::from_static("\"v1\""));
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
        response
    });
    let weak = MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
        response
    });
    let tag = async |site: Router| {
        let response = send(&site, request(&[("accept-encoding", "gzip")])).await;
        assert_eq!(field(&response, "content-encoding"), "gzip");
        field(&response, "etag").to_owned()
    };
    let (page, caching, gzip) = (site(), || CachingLayer::new(PAGE), CompressionLayer::new);
    let in_caching = caching().compression(gzip());
    assert_eq!(tag(page.clone().layer(strong.clone()).layer(in_caching.clone())).await, "\"v1--gzip\"");
    assert_eq!(tag(page.clone().layer(strong).layer(caching()).layer(gzip())).await, "\"v1\"");
    let generated = tag(page.clone().layer(weak.clone()).layer(in_caching)).await;
    assert!(generated.starts_with("W/\""));
    assert_eq!(tag(page.clone().layer(weak.clone()).layer(caching()).layer(gzip())).await, generated);
    assert_eq!(tag(page.clone().layer(weak.clone()).layer(gzip()).layer(caching())).await, "");
    assert_eq!(tag(page.layer(weak).layer(gzip()).layer(EntityTagLayer::new())).await, "");
}

#[tokio::test]
async fn a_timeout_outside_all_layers_responds_without_cache_control() {
    let slow = || Router::new().route("/", get(async || std::future::pending::<()>().await));
    let limit = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(1));
    let outside = slow().layer(CachingLayer::new(PAGE)).layer(limit);
    assert_eq!(field(&send(&outside, request(&[])).await, "cache-control"), "");
    let inside = slow().layer(limit).layer(CachingLayer::new(PAGE));
    assert_eq!(field(&send(&inside, request(&[])).await, "cache-control"), "private, no-store");
}
