//! Tests the events that an observer receives.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::layers::shared_cache::SharedCacheEvent;
use tower_cache_policy::policy::{CachePolicy, Personalized};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{MINUTE, PUBLIC, Site, TestClock, page};
use crate::support::{BodyError, Frames, TestBody, content, get, request};

/// The events as text, in the order in which they were created.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn observe(&self, cache: SharedCache) -> SharedCache {
        let log = Arc::clone(&self.0);
        cache.observer(move |event| log.lock().unwrap().push(written(event)))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn written(event: &SharedCacheEvent<'_>) -> String {
    let mut text = format!("{} {} {}", event.method(), event.path().unwrap_or("?"), event.outcome());
    if let Some(status) = event.status() {
        text += &format!(" status={}", status.as_u16());
    }
    match (event.is_stored(), event.not_stored()) {
        (Some(true), None) => text += " stored",
        (Some(false), Some(reason)) => text += &format!(" not-stored={reason}"),
        (None, None) => {}
        other => panic!("{other:?}"),
    }
    if let Some(age) = event.age() {
        text += &format!(" age={age}");
    }
    if let Some(length) = event.content_length() {
        text += &format!(" length={length}");
    }
    if event.is_in_background() {
        text += " in-background";
    }
    text
}

#[tokio::test]
async fn each_request_has_one_event_with_its_outcome() {
    let log = Log::default();
    let policy = PUBLIC.stale_if_error(5 * MINUTE);
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let handler = {
        let fails = Arc::clone(&fails);
        move |request: &Request<TestBody>| {
            let mut response = page("hello", &[("etag", "\"1\"")]);
            if fails.load(std::sync::atomic::Ordering::SeqCst) {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            } else if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.body_mut() = TestBody::default();
            }
            response
        }
    };
    let site = Site::configured(SharedCache::by_policy, Some(policy), |cache| log.observe(cache), handler);
    let expect = async |request: Request<TestBody>, expected: &str| {
        site.call(request).await;
        assert_eq!(log.take(), [expected]);
    };
    expect(get("/a?secret=1", &[]), "GET /a miss (uri-miss) status=200 stored length=5").await;
    site.clock.advance(7);
    expect(get("/a?secret=1", &[]), "GET /a hit status=200 age=7 length=5").await;
    expect(get("/a?secret=1", &[("if-none-match", "\"1\"")]), "GET /a hit status=200 age=7 length=5").await;
    expect(request(Method::HEAD, "/a?secret=1", &[]), "HEAD /a hit status=200 age=7 length=5").await;
    expect(request(Method::HEAD, "/b", &[]), "HEAD /b miss (uri-miss) not-stored=request").await;
    expect(get("/b", &[("range", "bytes=0-1")]), "GET /b miss (uri-miss) not-stored=request").await;
    expect(get("/b", &[("cache-control", "only-if-cached")]), "GET /b miss (request) status=504 not-stored=request")
        .await;
    expect(get("/a", &[("authorization", "Basic eA==")]), "GET /a bypass (credentials)").await;
    expect(request(Method::PUT, "/c", &[]), "PUT /c bypass (method)").await;
    site.clock.advance(60);
    expect(get("/a?secret=1", &[]), "GET /a revalidated status=200 stored age=0 length=5").await;
    site.clock.advance(100);
    fails.store(true, std::sync::atomic::Ordering::SeqCst);
    expect(get("/a?secret=1", &[]), "GET /a stale status=200 not-stored=inner-error age=100 length=5").await;
    expect(get("/d", &[]), "GET /d miss (uri-miss) status=503 not-stored=forbidden").await;
    expect(get("/d", &[]), "GET /d miss (uri-miss) not-stored=recently").await;
}

#[tokio::test]
async fn an_event_names_the_reason_why_a_response_is_not_stored() {
    type Handler = fn() -> Response<TestBody>;
    let personalized: Handler = || {
        let mut response = page("", &[]);
        response.extensions_mut().insert(Personalized);
        response
    };
    let table: &[(&str, Handler)] = &[
        ("set-cookie", || page("", &[("set-cookie", "a=b")])),
        ("personalized", personalized),
        ("forbidden", || page("", &[("cache-control", "private, max-age=60")])),
        ("live-stream", || page("", &[("content-type", "text/event-stream")])),
        ("nonce", || page("", &[("content-security-policy", "script-src 'nonce-abc'")])),
        ("vary", || page("", &[("vary", "cookie")])),
        ("content-length", || page("", &[("content-length", "1"), ("content-length", "2")])),
        ("incomplete", || page("hello", &[("content-length", "9")])),
        ("status", || {
            let mut response = page("", &[]);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }),
        ("fields", || page("", &[("x-long", &"x".repeat(70_000))])),
        ("too-large", || page("x".repeat(2 << 20), &[])),
    ];
    for &(reason, handler) in table {
        let log = Log::default();
        let site =
            Site::configured(SharedCache::by_policy, Some(PUBLIC), |cache| log.observe(cache), move |_| handler());
        site.get("/", &[]).await;
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{reason}: {lines:?}");
        assert!(lines[0].contains(&format!(" not-stored={reason}")), "{reason}: {lines:?}");
    }

    let by_fields: &[(&str, &[(&str, &str)], Handler)] = &[
        ("request-cookie", &[("cookie", "a=b")], || page("", &[("cache-control", "max-age=60")])),
        ("tags", &[], || page("", &[("cache-control", "max-age=60"), ("cache-tag", "a\u{e9}b")])),
        ("no-lifetime", &[], || page("", &[])),
    ];
    for &(reason, lines, handler) in by_fields {
        let log = Log::default();
        let site = Site::configured(SharedCache::by_fields, None, |cache| log.observe(cache), move |_| handler());
        site.get("/", lines).await;
        let lines = log.take();
        assert!(lines.len() == 1 && lines[0].contains(&format!(" not-stored={reason}")), "{reason}: {lines:?}");
    }

    let log = Log::default();
    let site = Site::configured(SharedCache::by_policy, None, |cache| log.observe(cache), |_| page("", &[]));
    site.get("/", &[]).await;
    assert_eq!(log.take(), ["GET / miss (uri-miss) status=200 not-stored=no-policy"]);
}

#[tokio::test]
async fn a_body_that_fails_or_is_dropped_is_an_event_too() {
    for (is_dropped, expected) in [(false, "incomplete"), (true, "disconnected")] {
        let log = Log::default();
        let cache = log.observe(SharedCache::by_policy(MemoryStore::new(1 << 20)));
        let handler = service_fn(async |_: Request<TestBody>| {
            let mut frames = Frames::of(&["he", "llo"]);
            frames.frames.push_back(Err::<Frame<Bytes>, _>(BodyError));
            Ok::<_, Infallible>(Response::new(frames))
        });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let body = service.oneshot(get("/", &[])).await.unwrap().into_body();
        assert_eq!(log.take().len(), 0, "it may still be stored");
        if is_dropped {
            drop(body);
        } else {
            http_body_util::BodyExt::collect(body).await.unwrap_err();
        }
        assert_eq!(log.take(), [format!("GET / miss (uri-miss) status=200 not-stored={expected}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_coalesced_and_a_revalidation_in_the_background_is_named() {
    let log = Log::default();
    let clock = TestClock::default();
    let cache = log.observe(SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock()));
    let cache = cache.spawner(|task| {
        tokio::spawn(task);
    });
    let handler = service_fn(async |_: Request<TestBody>| {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, Infallible>(page("hello", &[]))
    });
    let policy = CachePolicy::public(MINUTE).stale_while_revalidate(MINUTE);
    let service = cache.layer().layer(CachePolicyLayer::new(policy).clock(clock.clock()).layer(handler));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { content(service.oneshot(get("/", &[])).await.unwrap().into_body()).await })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.unwrap(), "hello");
    }
    let mut lines = log.take();
    lines.sort();
    let coalesced = "GET / coalesced status=200 age=0 length=5";
    assert_eq!(lines, [coalesced, coalesced, "GET / miss (uri-miss) status=200 stored length=5"]);

    clock.advance(70);
    content(service.clone().oneshot(get("/", &[])).await.unwrap().into_body()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let expected =
        ["GET / stale status=200 age=70 length=5", "GET / miss (stale) status=200 stored length=5 in-background"];
    assert_eq!(log.take(), expected);
}

#[tokio::test]
async fn a_post_whose_response_is_not_stored_has_one_event() {
    let log = Log::default();
    let site = Site::configured(
        SharedCache::by_fields,
        None,
        |cache| log.observe(cache),
        |_| page("x", &[("cache-control", "max-age=60")]),
    );
    site.call(request(Method::POST, "/a", &[])).await;
    assert_eq!(log.take(), ["POST /a bypass (method)"]);
}

#[tokio::test]
async fn a_confirmed_response_that_must_not_be_stored_is_observed_as_such() {
    let log = Log::default();
    let handler = |request: &Request<TestBody>| {
        let is_conditional = request.headers().contains_key("if-none-match");
        let control = if is_conditional { "private" } else { "max-age=60" };
        let mut response = page("hello", &[("etag", "\"1\""), ("cache-control", control)]);
        if is_conditional {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = TestBody::default();
        }
        response
    };
    let site = Site::configured(SharedCache::by_fields, None, |cache| log.observe(cache), handler);
    site.get("/a", &[]).await;
    site.clock.advance(60);
    log.take();
    site.get("/a", &[]).await;
    assert_eq!(log.take(), ["GET /a revalidated status=200 not-stored=forbidden age=0 length=5"]);
}

#[tokio::test]
async fn the_statistics_count_each_request_once() {
    let site = Site::with_policy(PUBLIC, |request| {
        let control = if request.uri().path() == "/private" { "private" } else { "public, max-age=60" };
        page("x", &[("cache-control", control), ("etag", "\"a\"")])
    });
    let expect = async |request: Request<TestBody>, expected: [u64; 6]| {
        site.call(request).await;
        let stats = site.cache.stats();
        let counted = [stats.hits, stats.misses, stats.bypassed, stats.revalidated, stats.stored, stats.not_stored];
        assert_eq!(counted, expected);
    };
    expect(get("/", &[]), [0, 1, 0, 0, 1, 0]).await;
    expect(get("/", &[]), [1, 1, 0, 0, 1, 0]).await;
    expect(request(Method::POST, "/", &[]), [1, 1, 1, 0, 1, 0]).await;
    expect(get("/", &[("authorization", "x")]), [1, 1, 2, 0, 1, 0]).await;
    expect(get("/a/../b", &[]), [1, 1, 3, 0, 1, 0]).await;
    expect(get("/private", &[]), [1, 2, 3, 0, 1, 1]).await;
    expect(get("/private", &[]), [1, 3, 3, 0, 1, 1]).await;
    expect(request(Method::HEAD, "/head", &[]), [1, 4, 3, 0, 1, 1]).await;
    expect(get("/part", &[("range", "bytes=0-1")]), [1, 5, 3, 0, 1, 1]).await;
}

#[tokio::test]
async fn a_head_and_a_path_that_is_not_looked_up_have_one_event_each() {
    let log = Log::default();
    let handler = |_: &Request<TestBody>| page("hello", &[("etag", "\"1\"")]);
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), |cache| log.observe(cache), handler);
    site.get("/a/../b", &[]).await;
    assert_eq!(log.take(), ["GET /a/../b bypass (key)"]);
    site.get("/a", &[]).await;
    site.clock.advance(60);
    log.take();
    let misses = site.cache.stats().misses;
    site.call(request(Method::HEAD, "/a", &[])).await;
    assert_eq!(log.take(), ["HEAD /a miss (stale) not-stored=request"]);
    assert_eq!(site.cache.stats().misses, misses + 1);
}

#[tokio::test]
async fn a_stale_response_that_is_used_is_counted() {
    let options = |cache: SharedCache| cache.spawner(drop);
    let policy = PUBLIC.stale_while_revalidate(MINUTE);
    let site = Site::configured(SharedCache::by_policy, Some(policy), options, |_| page("x", &[]));
    site.get("/", &[]).await;
    site.clock.advance(60);
    for stale in 1..3 {
        site.get("/", &[]).await;
        let stats = site.cache.stats();
        assert_eq!((stats.stale, stats.hits, stats.misses), (stale, 0, 1));
    }
}

#[tokio::test]
async fn a_response_that_is_too_large_with_its_fields_is_observed_as_such() {
    let log = Log::default();
    // One response may use 1 MiB.
    let handler = |_: &Request<TestBody>| page("x".repeat(1 << 20), &[]);
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), |cache| log.observe(cache), handler);
    site.get("/a", &[]).await;
    assert_eq!(log.take(), ["GET /a miss (uri-miss) status=200 not-stored=too-large length=1048576"]);
    assert_eq!(site.cache.stats().purges, 0);
    site.cache.purge(&tower_cache_policy::edge::purge::Purge::everything());
    assert_eq!(site.cache.stats().purges, 1);
}
