//! Tests the assertions: each passes when it should, and its failure states the reason.
#![allow(clippy::unwrap_used)] // As in any test.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::Cache;
use tower_cache_policy::testing::{
    assert_fresh_for, assert_hit, assert_hit_within, assert_lost_update_refused, assert_miss, assert_never_stored,
    assert_not_poisonable_by, assert_purged, assert_revalidates, assert_varies_on,
};
use tower_cache_policy::{CachePolicyLayer, CachingLayer};

type TestResponse = Response<Full<Bytes>>;

const MINUTE: Duration = Duration::from_secs(60);

fn response_with(status: u16, content: &str, fields: &[(&str, &str)]) -> TestResponse {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Full::from(content.to_owned())).unwrap()
}

/// A service that calls this function.
fn service(
    response: impl Fn(&Request<String>) -> TestResponse + Clone,
) -> impl Service<Request<String>, Response = TestResponse, Error = Infallible, Future: Send> + Clone {
    service_fn(move |request: Request<String>| std::future::ready(Ok(response(&request))))
}

fn page() -> Request<String> {
    Request::get("/").body(String::new()).unwrap()
}

async fn holds(assertion: impl Future<Output = ()>) {
    assertion.await;
}

/// The message of a failed assertion.
async fn fails(assertion: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(assertion).catch_unwind().await.unwrap_err();
    let message = panic.downcast_ref::<String>().cloned().unwrap();
    let place = message.lines().find(|line| line.starts_with("asserted at tests"));
    assert!(place.is_some_and(|place| place.contains("testing.rs:")), "the place in the test is named: {message}");
    message
}

/// Like [`fails`], and checks that the message contains the audit.
async fn fails_with_audit(assertion: impl Future<Output = ()>) -> String {
    let message = fails(assertion).await;
    for part in ["GET /", "A browser ", "A shared cache ", "RFC 9111 section 3"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    message
}

#[tokio::test]
async fn storable_and_unstorable_responses_are_distinguished() {
    holds(assert_never_stored(&service(|_| response_with(200, "", &[("cache-control", "no-store")])), page())).await;

    let stored =
        service(|_| response_with(200, "", &[("cache-control", "private, max-age=60"), ("set-cookie", "id=1")]));
    let message = fails_with_audit(assert_never_stored(&stored, page())).await;
    assert!(message.contains("cache-control: private, max-age=60"), "{message}");
    assert!(message.contains("`max-age` allows it"), "{message}");
}

#[tokio::test]
async fn a_lifetime_depends_on_the_kind_of_cache() {
    let both = service(|_| response_with(200, "", &[("cache-control", "max-age=60, s-maxage=600"), ("age", "9")]));
    holds(assert_fresh_for(&both, page(), Cache::Private, MINUTE)).await;
    holds(assert_fresh_for(&both, page(), Cache::Shared, 10 * MINUTE)).await;
    let message = fails_with_audit(assert_fresh_for(&both, page(), Cache::Shared, MINUTE)).await;
    assert!(message.starts_with("expected that a shared cache may reuse the response for 60 seconds"), "{message}");

    for fields in [
        &[("cache-control", "private, max-age=60")][..],
        &[("cache-control", "no-cache, max-age=60")],
        &[("cache-control", "max-age=60"), ("vary", "*")],
    ] {
        let other = service(move |_| response_with(200, "", fields));
        fails_with_audit(assert_fresh_for(&other, page(), Cache::Shared, MINUTE)).await;
    }
}

#[tokio::test]
async fn revalidation_is_a_304_without_content_and_with_the_same_policy() {
    let inner = service(|_| response_with(200, "hello", &[]));
    let layered = CachingLayer::new(CachePolicy::public(MINUTE).vary(&["Accept-Language"])).layer(inner);
    holds(assert_revalidates(&layered, page())).await;

    type Handler = fn(&Request<String>) -> TestResponse;
    let table: &[(&str, Handler)] = &[
        ("expected an `ETag`", |_| response_with(200, "", &[])),
        ("expected a successful response", |_| response_with(404, "", &[("etag", "\"1\"")])),
        ("expected 304", |_| response_with(200, "", &[("etag", "\"1\"")])),
        ("expected a 304 without content, but got 5 bytes", |request| match request.headers().get("if-none-match") {
            Some(_) => response_with(304, "hello", &[("etag", "\"1\"")]),
            None => response_with(200, "hello", &[("etag", "\"1\"")]),
        }),
        ("expected the same `cache-control` in the 304", |request| match request.headers().get("if-none-match") {
            Some(_) => response_with(304, "", &[("etag", "\"1\"")]),
            None => response_with(200, "hello", &[("etag", "\"1\""), ("cache-control", "max-age=60")]),
        }),
        ("expected the same `vary` in the 304", |request| match request.headers().get("if-none-match") {
            Some(_) => response_with(304, "", &[("etag", "\"1\""), ("vary", "cookie")]),
            None => response_with(200, "hello", &[("etag", "\"1\""), ("vary", "accept")]),
        }),
        ("expected the same `cdn-cache-control` in the 304", |request| {
            match request.headers().get("if-modified-since") {
                Some(_) => response_with(304, "", &[("cdn-cache-control", "max-age=60")]),
                None => response_with(200, "hello", &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")]),
            }
        }),
    ];
    for (expected, handler) in table {
        let message = fails_with_audit(assert_revalidates(&service(handler), page())).await;
        assert!(message.starts_with(expected), "{expected}: {message}");
    }
}

#[tokio::test]
async fn vary_is_also_on_the_response_to_a_request_without_the_field() {
    let request = || Request::get("/").header("accept-language", "de").body(String::new()).unwrap();
    holds(assert_varies_on(
        &service(|_| response_with(200, "", &[("vary", "Accept-Language")])),
        request(),
        "accept-language",
    ))
    .await;
    let sometimes = service(|request| match request.headers().get("accept-language") {
        Some(_) => response_with(200, "", &[("vary", "accept-language")]),
        None => response_with(200, "", &[]),
    });
    let message = fails_with_audit(assert_varies_on(&sometimes, request(), "accept-language")).await;
    assert!(message.starts_with("expected `accept-language` in `Vary`"), "{message}");
}

/// A resource that PUT replaces, with or without evaluating its precondition.
#[derive(Clone, Default)]
struct Resource {
    version: Arc<AtomicUsize>,
    looks: bool,
    late: bool,
}

impl Resource {
    fn respond(&self, request: &Request<String>) -> TestResponse {
        let tag = |version: usize| format!("\"{version}\"");
        let current = tag(self.version.load(Ordering::Relaxed));
        let refused = self.looks && request.headers().get("if-match").is_some_and(|tag| *tag != *current);
        if *request.method() != Method::PUT {
            return response_with(200, &current, &[("etag", &current)]);
        }
        if !refused || self.late {
            self.version.fetch_add(1, Ordering::Relaxed);
        }
        response_with(if refused { 412 } else { 204 }, "", &[])
    }
}

#[tokio::test]
async fn a_lost_update_is_refused_before_it_happens() {
    let write = || Request::put("/").body("new".to_owned()).unwrap();
    let resource = |looks, late| {
        let resource = Resource { looks, late, ..Resource::default() };
        service(move |request| resource.respond(request))
    };
    holds(assert_lost_update_refused(&resource(true, false), write())).await;

    let message = fails(assert_lost_update_refused(&resource(false, false), write())).await;
    assert!(message.starts_with("expected 412"), "{message}");
    let message = fails_with_audit(assert_lost_update_refused(&resource(true, true), write())).await;
    assert!(message.starts_with("the request got 412 but changed the resource"), "{message}");
    let message =
        fails_with_audit(assert_lost_update_refused(&service(|_| response_with(200, "", &[])), write())).await;
    assert!(message.starts_with("expected a resource with an `ETag`"), "{message}");
}

#[tokio::test]
async fn a_response_changed_by_an_unkeyed_field_is_not_shared() {
    let field = "x-forwarded-host";
    let host = move |request: &Request<String>| {
        let host = request.headers().get(field).map_or("example.com", |host| host.to_str().unwrap()).to_owned();
        format!("<base href=\"https://{host}/\">")
    };
    for (sentence, fields) in [
        ("not shared", &[("cache-control", "private, max-age=60")][..]),
        ("in the key", &[("cache-control", "max-age=60"), ("vary", "X-Forwarded-Host")]),
    ] {
        let other = service(move |request| response_with(200, &host(request), fields));
        assert_not_poisonable_by(&other, page(), field).now_or_never().expect(sentence);
    }
    holds(assert_not_poisonable_by(&service(|_| response_with(200, "same", &[])), page(), field)).await;

    let poisonable = service(move |request| response_with(200, &host(request), &[("cache-control", "max-age=60")]));
    let message = fails_with_audit(assert_not_poisonable_by(&poisonable, page(), field)).await;
    assert!(message.starts_with("`x-forwarded-host: poison.invalid`: "), "{message}");

    let error = service(|request| match request.headers().get("x-http-method-override") {
        Some(method) if method == "POST" => response_with(405, "", &[]),
        _ => response_with(200, "", &[]),
    });
    let message = fails_with_audit(assert_not_poisonable_by(&error, page(), "x-http-method-override")).await;
    assert!(message.contains("405"), "an error that a cache stores is a poison (G-04): {message}");
    let guarded = CachePolicyLayer::new(CachePolicy::public(MINUTE)).layer(error);
    holds(assert_not_poisonable_by(&guarded, page(), "x-http-method-override")).await;

    let count = Arc::new(AtomicUsize::new(0));
    let moving = service(move |_| response_with(200, &count.fetch_add(1, Ordering::Relaxed).to_string(), &[]));
    let message = fails_with_audit(assert_not_poisonable_by(&moving, page(), field)).await;
    assert!(message.starts_with("expected the same response to an equal request"), "{message}");
    fails(assert_not_poisonable_by(&poisonable, page(), "no name")).await;
}

#[tokio::test]
async fn a_hit_is_expected_within_the_given_number_of_requests() {
    let count = Arc::new(AtomicUsize::new(0));
    let site = service(move |_| {
        let status = if count.fetch_add(1, Ordering::Relaxed) == 2 { "HIT" } else { "MISS" };
        response_with(200, "", &[("cf-cache-status", status)])
    });
    let message = fails_with_audit(assert_hit_within(&site, page(), 2)).await;
    assert!(message.starts_with("expected a hit within 2 requests"), "{message}");
    assert!(message.contains("MISS"), "{message}");
    holds(assert_hit_within(&site, page(), 1)).await;
    let silent = service(|_| response_with(200, "", &[]));
    let message = fails_with_audit(assert_hit_within(&silent, page(), 1)).await;
    assert!(message.contains("1: no field with a cache status"), "{message}");
    fails(assert_hit_within(&silent, page(), 0)).await;
}

#[tokio::test]
async fn a_hit_and_a_miss_are_distinguished_by_the_report_of_the_nearest_cache() {
    let reporting = |report: &'static str| service(move |_| response_with(200, "", &[("cache-status", report)]));
    for hit in ["c; hit; ttl=9", "c; hit; ttl=-9", "far; fwd=uri-miss, near; hit"] {
        holds(assert_hit(&reporting(hit), page())).await;
        let message = fails_with_audit(assert_miss(&reporting(hit), page())).await;
        assert!(message.starts_with("expected a miss, but the cache reports `cache-status: "), "{message}");
    }
    for (miss, remedy) in [
        ("c; fwd=uri-miss; fwd-status=200; stored", "; the response was stored just now"),
        ("c; fwd=uri-miss; fwd-status=200", "; the response was not stored; give it a policy"),
        ("c; fwd=bypass; detail=credentials", "; the cache does not look up such a request"),
        ("c; fwd=vary-miss; stored", "; the stored response is for other values"),
        ("c; fwd=stale; fwd-status=304", "; the stored response could not be used without"),
        ("c; fwd=method", "; the cache serves only GET and HEAD"),
        ("c; fwd=request", "; the request forbids"),
        ("far; hit, near; fwd=uri-miss", "`cache-status: near; fwd=uri-miss`"),
    ] {
        holds(assert_miss(&reporting(miss), page())).await;
        let message = fails_with_audit(assert_hit(&reporting(miss), page())).await;
        assert!(
            message.starts_with("expected a hit, but the cache reports `") && message.contains(remedy),
            "{message}"
        );
    }
    let silent = service(|_| response_with(200, "", &[]));
    for message in [
        fails_with_audit(assert_hit(&silent, page())).await,
        fails_with_audit(assert_miss(&silent, page())).await,
        fails_with_audit(assert_purged(&silent, page(), page())).await,
    ] {
        assert!(message.contains("put the layer of a `SharedCache` outside the service"), "{message}");
    }
}

/// A cache with one page, which a successful PUT may purge.
fn one_page(
    purges: bool,
    status: u16,
    stores: bool,
) -> impl Service<Request<String>, Response = TestResponse, Error = Infallible, Future: Send> + Clone {
    let stored = Arc::new(AtomicUsize::new(0));
    service(move |request| {
        if request.method() == Method::PUT {
            if purges {
                stored.store(0, Ordering::Relaxed);
            }
            return response_with(status, "", &[]);
        }
        let is_hit = stored.fetch_add(usize::from(stores), Ordering::Relaxed) > 0;
        response_with(200, "", &[("cache-status", if is_hit { "c; hit" } else { "c; fwd=uri-miss; stored" })])
    })
}

#[tokio::test]
async fn a_purge_is_a_miss_after_a_successful_write() {
    let write = || Request::put("/").body(String::new()).unwrap();
    holds(assert_purged(&one_page(true, 204, true), page(), write())).await;
    for (site, expected) in [
        (
            one_page(false, 204, true),
            "expected the write to purge the response, but the cache reports `cache-status: c; hit`; add the tags",
        ),
        (one_page(true, 409, true), "expected the write to succeed"),
        (one_page(true, 204, false), "expected a stored response before the write, but the cache reports"),
    ] {
        let message = fails(assert_purged(&site, page(), write())).await;
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn the_assertions_accept_routers_and_failing_services() {
    let app = axum::Router::<()>::new()
        .route("/", axum::routing::get(async || "hello"))
        .layer(CachingLayer::new(CachePolicy::public(MINUTE)));
    holds(assert_revalidates(&app, page())).await;
    holds(assert_fresh_for(&app, page(), Cache::Shared, MINUTE)).await;
    let head = Request::head("/").body(String::new()).unwrap();
    holds(assert_fresh_for(&app, head, Cache::Private, MINUTE)).await;

    let failing = service_fn(|_: Request<String>| async { Err::<TestResponse, _>("no route to it") });
    let message = fails(assert_never_stored(&failing, page())).await;
    assert!(message.contains("the service failed: \"no route to it\""), "{message}");
    let status = app.oneshot(page()).await.unwrap().status();
    assert_eq!(status, StatusCode::OK);
}

#[cfg(feature = "shared-cache")]
#[tokio::test]
async fn a_stored_response_does_not_hide_what_the_handler_does() {
    use tower_cache_policy::SharedCache;
    use tower_cache_policy::store::MemoryStore;

    let cached = |reports: bool, handler: fn(&Request<String>) -> TestResponse| {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let cache = if reports { cache } else { cache.without_cache_status() };
        cache.layer().layer(CachePolicyLayer::new(CachePolicy::public(MINUTE)).layer(service(handler)))
    };
    let echo = |request: &Request<String>| {
        let host = request.headers().get("x-forwarded-host").map_or("a", |host| host.to_str().unwrap());
        response_with(200, host, &[])
    };
    for reports in [true, false] {
        let message = fails(assert_not_poisonable_by(&cached(reports, echo), page(), "x-forwarded-host")).await;
        assert!(message.contains("comes from a cache"), "{message}");
        holds(assert_not_poisonable_by(
            &cached(reports, |_| response_with(200, "a", &[("vary", "x-a")])),
            page(),
            "x-a",
        ))
        .await;
    }
    // The response to GET changes with each request, as after a write that was made in spite of the 412.
    static TIMES: AtomicUsize = AtomicUsize::new(0);
    let changed = |request: &Request<String>| match *request.method() {
        Method::GET => response_with(200, &TIMES.fetch_add(1, Ordering::Relaxed).to_string(), &[("etag", "\"a\"")]),
        _ => response_with(412, "", &[]),
    };
    let write = || Request::put("/").body(String::new()).unwrap();
    let message = fails(assert_lost_update_refused(&service(changed), write())).await;
    assert!(message.contains("got 412 but changed the resource"), "{message}");
    for reports in [true, false] {
        let message = fails(assert_lost_update_refused(&cached(reports, changed), write())).await;
        assert!(message.contains("comes from a cache"), "{message}");
    }
}
