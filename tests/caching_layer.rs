//! Tests the combined effect of the two policy layers of a `CachingLayer`.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, StatusCode};
use tower::{Layer, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{CachePolicyLayer, CachingLayer};

use support::{TestBody, call, field, get, response_with};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_304_has_the_policy_of_its_200_in_any_order_of_layers() {
    type Change = fn(CachePolicyLayer) -> CachePolicyLayer;
    let changes: [(&str, Change); 5] = [
        ("the handler takes precedence", |layer| layer),
        ("the tighter of both", CachePolicyLayer::tighten),
        ("the layer takes precedence", CachePolicyLayer::override_handler),
        ("even before no-store", CachePolicyLayer::override_handler_no_store),
        ("a policy for 200 alone", |layer| layer.for_status(StatusCode::OK, CachePolicy::NO_CACHE)),
    ];
    let policies = [CachePolicy::public(MINUTE), CachePolicy::IMMUTABLE, CachePolicy::NO_CACHE.vary(&["accept"])];
    let pages: [&[(&str, &str)]; 4] = [
        &[("content-type", "text/css")],
        // G-27: the guard acts on the 200, but not on the 304, which has no content type.
        &[("content-type", "text/html")],
        &[("content-type", "text/html"), ("cache-control", "public, max-age=9")],
        &[("content-type", "text/css"), ("set-cookie", "a=b"), ("vary", "origin")],
    ];
    for (sentence, change) in changes {
        for policy in policies {
            for page in pages {
                for validator in [("etag", "\"a\""), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")] {
                    let lines = [page, &[validator]].concat();
                    let handler = service_fn(move |_: Request<TestBody>| {
                        std::future::ready(Ok::<_, Infallible>(response_with("hello", &lines)))
                    });
                    let service = CachingLayer::new(policy).policy(change).layer(handler);
                    let whole = call(&service, get("/", &[])).await;
                    let condition = if validator.0 == "etag" { "if-none-match" } else { "if-modified-since" };
                    let known = field(whole.headers(), validator.0).unwrap();
                    let again = call(&service, get("/", &[(condition, &known)])).await;
                    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
                    for name in ["cache-control", "vary", "expires", "set-cookie"] {
                        let lines_of = |headers| field(headers, name);
                        assert_eq!(
                            lines_of(again.headers()),
                            lines_of(whole.headers()),
                            "N-01: {name}, {sentence}, {policy:?}, {page:?}"
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_304_before_the_handler_has_no_field_that_the_handler_could_restrict() {
    use tower_cache_policy::protocol::{EntityTag, Representation, Validators};

    let known = |_: &http::request::Parts| {
        let validators = Validators::new().with_etag(EntityTag::from_static("\"a\""));
        std::future::ready(Representation::Current(validators))
    };
    let handler =
        service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", &[]))));
    for change in [CachePolicyLayer::tighten, CachePolicyLayer::override_handler, |layer| layer] {
        let service = CachingLayer::new(CachePolicy::public(MINUTE)).validators(known).policy(change).layer(handler);
        let response = call(&service, get("/", &[("if-none-match", "\"a\"")])).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(field(response.headers(), "cache-control"), None, "N-06");
        assert_eq!(field(response.headers(), "vary"), None, "N-06");
    }
}

#[tokio::test]
async fn a_disabled_layer_changes_nothing() {
    let lines = [("etag", "\"a\""), ("set-cookie", "a=b"), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let handler =
        service_fn(move |_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", &lines))));
    let layer = |enabled| CachingLayer::new(CachePolicy::public(MINUTE)).require_preconditions().enabled(enabled);
    let condition = [("if-none-match", "\"a\"")];
    let (on, off) = (layer(true).layer(handler), layer(false).layer(handler));
    assert_eq!(call(&on, get("/", &condition)).await.status(), StatusCode::NOT_MODIFIED);
    let response = call(&off, get("/", &condition)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers(), response_with("hello", &lines).headers());
    let write = || Request::put("/").body(TestBody::default()).unwrap();
    assert_eq!(call(&on, write()).await.status(), StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(call(&off, write()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_closure_chooses_the_policy_of_each_response_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tower_cache_policy::protocol::{EntityTag, Validators};
    use tower_http::compression::CompressionLayer;

    let chosen = Arc::new(AtomicUsize::new(0));
    let layer = || {
        let chosen = Arc::clone(&chosen);
        CachingLayer::from_fn(move |request| {
            chosen.fetch_add(1, Ordering::Relaxed);
            assert!(request.headers.contains_key("if-none-match") && request.uri.path() == "/page");
            CachePolicy::public(MINUTE)
        })
    };
    let policy = CachePolicy::public(MINUTE);
    let source = move |_: &http::request::Parts| {
        std::future::ready((Validators::new().with_etag(EntityTag::from_static("\"a\"")), policy))
    };
    let handler = service_fn(|request: Request<TestBody>| {
        assert_eq!(request.uri().path(), "/page");
        std::future::ready(Ok::<_, Infallible>(response_with("hello", &[("etag", "\"a\"")])))
    });
    for (tag, status) in [("\"a\"", StatusCode::NOT_MODIFIED), ("\"b\"", StatusCode::OK)] {
        let request = || get("/page", &[("if-none-match", tag)]);
        let response = call(&layer().layer(handler), request()).await;
        assert_eq!((response.status(), chosen.swap(0, Ordering::Relaxed)), (status, 1), "after the handler");
        assert_eq!(field(response.headers(), "cache-control").unwrap(), "public, max-age=60");
        let response = call(&layer().validators(source).layer(handler), request()).await;
        assert_eq!((response.status(), chosen.swap(0, Ordering::Relaxed)), (status, 1), "with a source");
        assert_eq!(field(response.headers(), "cache-control").unwrap(), "public, max-age=60");
        // The compression layer may have changed the response.
        let response = call(&layer().compression(CompressionLayer::new()).layer(handler), request()).await;
        assert_eq!((response.status(), chosen.swap(0, Ordering::Relaxed)), (status, 2), "with compression");
    }
}

#[tokio::test]
async fn with_compression_the_decision_about_a_428_is_recorded() {
    use tower_cache_policy::policy::Decision;
    use tower_http::compression::CompressionLayer;

    let handler =
        service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", &[]))));
    let layer = CachingLayer::new(CachePolicy::NO_CACHE).require_preconditions().record_decisions();
    let service = layer.compression(CompressionLayer::new()).layer(handler);
    let mut request = get("/", &[]);
    *request.method_mut() = http::Method::PUT;
    let response = call(&service, request).await;
    assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED);
    assert!(response.extensions().get::<Decision>().is_some());
}
