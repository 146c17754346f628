//! Tests the responses that clients get if the inner service fails, and the effect of a 304 that does not come from the
//! policy layer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, Risk};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{MINUTE, PUBLIC, Site, TestClock, page};
use crate::support::{TestBody, content, get, request};

/// The inner service cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Disconnected;

/// A page that can be requested once. After that, the inner service returns an error.
fn once(
    policy: CachePolicy,
    cache: &SharedCache,
    clock: &TestClock,
) -> impl Service<Request<TestBody>, Response = Response<impl http_body::Body<Error: std::fmt::Debug>>, Error = Disconnected>
+ Clone {
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = service_fn(move |_: Request<TestBody>| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        std::future::ready(if is_first { Ok(page("content", &[])) } else { Err(Disconnected) })
    });
    let policy = CachePolicyLayer::new(policy).clock(clock.clock());
    ServiceBuilder::new().layer(cache.layer()).service(policy.layer(handler))
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_replaced_only_as_long_as_the_options_allow() {
    let tolerant = PUBLIC.stale_if_error(Duration::from_secs(30));
    type Row = (&'static str, CachePolicy, u64, u64, bool);
    let table: &[Row] = &[
        ("nothing allows it", PUBLIC, 0, 0, false),
        ("stale-if-error", tolerant, 0, 29, true),
        ("the end of stale-if-error", tolerant, 0, 30, false),
        ("the option", PUBLIC, 30, 29, true),
        ("the end of the option", PUBLIC, 30, 30, false),
        ("must-revalidate", PUBLIC.must_revalidate(), 30, 0, false),
        ("no-cache", CachePolicy::NO_CACHE, 30, 0, false),
    ];
    for (case, policy, option, staleness, is_replaced) in table {
        let clock = TestClock::default();
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20))
            .clock(clock.clock())
            .stale_when_disconnected(Duration::from_secs(*option));
        let service = once(*policy, &cache, &clock);
        let first = service.clone().oneshot(get("/", &[])).await.unwrap();
        content(first.into_body()).await;
        clock.advance(60 + staleness);
        let second = service.oneshot(get("/", &[])).await;
        match second {
            Ok(response) => {
                assert!(is_replaced, "{case}");
                let status = &response.headers()["cache-status"];
                assert_eq!(status, &format!("tower-cache-policy; hit; ttl=-{staleness}"), "{case}");
                assert_eq!(content(response.into_body()).await, "content", "{case}");
            }
            Err(Disconnected) => assert!(!is_replaced, "{case}"),
        }
    }
}

#[tokio::test]
async fn an_error_response_is_no_disconnection() {
    for status in [500, 502, 503, 504] {
        let calls = AtomicUsize::new(0);
        let calls = Arc::new(calls);
        let site = Site::configured(
            SharedCache::by_policy,
            Some(PUBLIC),
            |cache| cache.stale_when_disconnected(Duration::from_secs(30)),
            move |_| {
                let mut response = page("content", &[]);
                if calls.fetch_add(1, Ordering::SeqCst) > 0 {
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                }
                response
            },
        );
        site.get("/", &[]).await;
        site.clock.advance(60);
        assert_eq!(site.get("/", &[]).await.status, status);
    }
}

#[tokio::test]
async fn only_a_cache_by_fields_accepts_a_risk() {
    let with_token: &[(&str, &str)] = &[("authorization", "Bearer t")];
    type Row = (&'static str, Risk, &'static [(&'static str, &'static str)], bool);
    let table: &[Row] = &[
        ("a token", Risk::AuthorizedResponseServedToOthers, &[("cache-control", "public, max-age=60")], true),
        ("s-maxage", Risk::AuthorizedResponseServedToOthers, &[("cache-control", "s-maxage=60")], true),
        ("only max-age", Risk::AuthorizedResponseServedToOthers, &[("cache-control", "max-age=60")], false),
        ("another risk", Risk::SetCookieReplayedToOthers, &[("cache-control", "public, max-age=60")], false),
    ];
    for (case, risk, fields, is_stored) in table {
        let by_fields =
            Site::configured(SharedCache::by_fields, None, |cache| cache.accept_risk(*risk), |_| page("x", fields));
        by_fields.get("/", with_token).await;
        assert_eq!(by_fields.get("/", with_token).await.is_hit(), *is_stored, "{case}");
        let by_policy = Site::configured(
            SharedCache::by_policy,
            Some(PUBLIC),
            |cache| cache.accept_risk(*risk),
            |_| page("x", fields),
        );
        by_policy.get("/", with_token).await;
        assert!(!by_policy.get("/", with_token).await.is_hit(), "{case}");
    }

    let cookie: &[(&str, &str)] = &[("set-cookie", "id=1"), ("cache-control", "public, max-age=60")];
    for (risk, is_stored) in [(Risk::SetCookieReplayedToOthers, true), (Risk::AuthorizedResponseServedToOthers, false)]
    {
        let by_fields =
            Site::configured(SharedCache::by_fields, None, |cache| cache.accept_risk(risk), |_| page("x", cookie));
        by_fields.get("/", &[]).await;
        assert_eq!(by_fields.get("/", &[]).await.is_hit(), is_stored);
    }
    let risk = Risk::SetCookieReplayedToOthers;
    let by_policy =
        Site::configured(SharedCache::by_policy, Some(PUBLIC), |cache| cache.accept_risk(risk), |_| page("x", cookie));
    by_policy.get("/", &[]).await;
    assert!(!by_policy.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn after_a_response_that_is_not_storable_requests_do_not_wait_for_two_seconds() {
    let is_private = Arc::new(AtomicUsize::new(1));
    let handler = {
        let is_private = Arc::clone(&is_private);
        move |request: &Request<TestBody>| {
            let is_private = request.uri().path().starts_with("/private") && is_private.load(Ordering::SeqCst) == 1;
            page("x", if is_private { &[("cache-control", "private")] } else { &[] })
        }
    };
    let site = Site::with_policy(PUBLIC, handler);
    for index in 0..64 {
        site.get(&format!("/private/{index}"), &[]).await;
    }
    is_private.store(0, Ordering::SeqCst);
    for (seconds, is_stored) in [(0, false), (1, false), (1, true)] {
        site.clock.advance(seconds);
        site.get("/private/0", &[]).await;
        assert_eq!(site.cache.stats().stored, u64::from(is_stored), "{seconds}");
    }
    // The marks share a table, but other URLs are not affected.
    for index in 0..1_000 {
        site.get(&format!("/public/{index}"), &[]).await;
    }
    assert_eq!(site.cache.stats().stored, 1_001);
}

#[tokio::test]
async fn a_client_whose_request_prevents_storing_does_not_prevent_it_for_others() {
    let long = "x".repeat(9_000);
    let table: &[(&str, &str, &str, bool)] = &[
        ("a value in Vary that is too long", "accept-language", &long, true),
        ("a cookie, for a lifetime that is meant for browsers", "cookie", "a=b", true),
        ("a request that is refused", "x-status", "400", true),
        ("a request without permission", "x-status", "403", true),
        ("a page that does not exist", "x-status", "404", false),
        ("a failure", "x-status", "500", false),
        ("a response for one user", "x-private", "1", false),
    ];
    for (case, name, value, others_are_stored) in table {
        let site = Site::by_fields(|request| {
            let has = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            if has("x-private").is_some() {
                return page("x", &[("cache-control", "private")]);
            }
            let mut response = page("x", &[("cache-control", "max-age=60"), ("vary", "accept-language")]);
            if let Some(status) = has("x-status") {
                response = page("x", &[("cache-control", "no-store")]);
                *response.status_mut() = status.parse().unwrap();
            }
            response
        });
        site.get("/", &[(*name, *value)]).await;
        site.clock.advance(1);
        site.get("/", &[]).await;
        assert_eq!(site.get("/", &[]).await.is_hit(), *others_are_stored, "{case}");
    }
}

#[tokio::test]
async fn a_client_whose_request_is_refused_does_not_remove_the_stale_response() {
    let long = "x".repeat(9_000);
    let table: &[(&str, &str, &str, bool)] = &[
        ("a malformed request", "x-status", "400", true),
        ("nothing acceptable", "x-status", "406", true),
        ("too many requests", "x-status", "429", true),
        ("a value in Vary that is too long", "x-variant", &long, true),
        ("a cookie, for a lifetime that is meant for browsers", "cookie", "a=b", true),
        ("a cookie, and a 304", "cookie", "304", true),
        ("a failure", "x-status", "500", true),
        ("the page is gone", "x-status", "410", false),
        ("the page is no longer public", "x-status", "401", false),
        ("permission is needed", "x-status", "403", false),
        ("legal reasons", "x-status", "451", false),
        ("a redirect", "x-status", "302", false),
        ("a response for one user", "x-private", "1", false),
    ];
    for method in [http::Method::GET, http::Method::HEAD] {
        for (case, name, value, is_kept) in table {
            let site = Site::by_fields(|request| {
                let has = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
                let mut response = page("x", &[("cache-control", "max-age=60, stale-while-revalidate=600")]);
                response.headers_mut().insert("etag", HeaderValue::from_static("\"a\""));
                response.headers_mut().insert("vary", HeaderValue::from_static("x-variant"));
                if has("cookie").is_some_and(|cookie| cookie == "304") {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                }
                if has("x-private").is_some() {
                    response.headers_mut().insert("cache-control", HeaderValue::from_static("private"));
                }
                if let Some(status) = has("x-status") {
                    response = page("x", &[("cache-control", "no-store")]);
                    *response.status_mut() = status.parse().unwrap();
                }
                response
            });
            site.get("/", &[]).await;
            site.clock.advance(60);
            site.call(request(method.clone(), "/", &[(*name, *value)])).await;
            // A response to HEAD with another status changes nothing, and one for another variant is not read.
            let is_kept = *is_kept || (method == http::Method::HEAD && *name == "x-status");
            assert_eq!(site.cache.stats().urls == 1, is_kept, "{method}: {case}");
        }
    }
}

#[tokio::test]
async fn a_response_with_very_many_lines_is_served() {
    // D20: some functions of `HeaderMap` panic beyond their capacity. Each line is one byte, so their text is short.
    let names =
        |count: usize| (0..count).map(|number| if number % 2 == 0 { "a".to_owned() } else { format!("x{number}") });
    for (case, lines, is_stored) in [
        ("few", 100, true),
        ("as many lines of one name as a map can have names", 24_576, false),
        ("more", 40_000, false),
        ("more bytes than are stored", 70_000, false),
    ] {
        let site = Site::by_fields(move |_| {
            let mut response = page("x", &[("cache-control", "max-age=60")]);
            for _ in 0..lines {
                response.headers_mut().append("a", HeaderValue::from_static(""));
            }
            response
        });
        for _ in 0..2 {
            let got = site.get("/", &[]).await;
            assert_eq!((got.body.as_str(), got.headers.get_all("a").iter().count()), ("x", lines), "{case}");
        }
        assert_eq!(site.get("/", &[]).await.is_hit(), is_stored, "{case}");
    }
    for count in [24_576, 40_000] {
        let site = Site::by_fields(move |_| {
            let mut response = page("x", &[("cache-control", "max-age=60")]);
            for name in names(count) {
                let name = HeaderName::try_from(name).unwrap();
                if response.headers_mut().try_append(name, HeaderValue::from_static("")).is_err() {
                    break;
                }
            }
            response
        });
        assert_eq!(site.get("/", &[]).await.body, "x", "{count}");
        assert_eq!(site.get("/", &[]).await.body, "x", "{count}");
    }
}

/// The fields of a 304 in addition to the entity tag.
type Lines = &'static [(&'static str, &'static str)];

/// A cache around a middleware that returns 304 without calling the policy layer.
async fn after_a_304_without_a_decision(fields: Lines) -> (u16, String, bool) {
    let clock = TestClock::default();
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock());
    let inner = CachePolicyLayer::new(PUBLIC)
        .clock(clock.clock())
        .layer(service_fn(|_: Request<TestBody>| async { Ok::<_, Infallible>(page("content", &[("etag", "\"a\"")])) }));
    let middleware = service_fn(move |request: Request<TestBody>| {
        let inner = inner.clone();
        async move {
            if request.headers().get("if-none-match") == Some(&HeaderValue::from_static("\"a\"")) {
                let mut response = page("", &[("etag", "\"a\"")]);
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                for (name, value) in fields {
                    response.headers_mut().append(*name, HeaderValue::from_static(value));
                }
                return Ok(response);
            }
            inner.oneshot(request).await
        }
    });
    let service = cache.layer().layer(middleware);
    let mut last = (0, String::new(), false);
    for seconds in [0, 60, 59] {
        clock.advance(seconds);
        let response = service.clone().oneshot(get("/", &[])).await.unwrap();
        let is_hit = response.headers()["cache-status"].to_str().unwrap().contains("; hit");
        let status = response.status().as_u16();
        last = (status, String::from_utf8(content(response.into_body()).await.to_vec()).unwrap(), is_hit);
    }
    last
}

#[tokio::test]
async fn a_304_without_a_decision_leaves_the_decision_in_place_unless_its_fields_differ() {
    let table: &[(Lines, bool)] = &[
        (&[], true),
        (&[("cache-control", "public, max-age=60")], true),
        (&[("x-other", "1")], true),
        (&[("cache-control", "no-store")], false),
        (&[("cache-control", "private, max-age=60")], false),
        (&[("cache-control", "public, max-age=60"), ("cache-control", "no-store")], false),
        (&[("cache-control", "public, max-age=3600")], false),
        (&[("cdn-cache-control", "no-store")], false),
        (&[("surrogate-control", "no-store")], false),
        (&[("set-cookie", "id=1")], false),
        // The guards of the layers.
        (&[("clear-site-data", "\"cache\"")], false),
        (&[("vary", "*")], false),
        (&[("access-control-allow-origin", "https://a"), ("access-control-allow-credentials", "true")], false),
        (&[("access-control-allow-origin", "*")], true),
        (&[("content-type", "text/event-stream")], false),
    ];
    for (fields, is_stored) in table {
        let found = after_a_304_without_a_decision(fields).await;
        assert_eq!(found, (200, "content".to_owned(), *is_stored), "{fields:?}");
    }
}

#[tokio::test]
async fn a_304_with_a_decision_replaces_the_lifetime() {
    for by_policy in [true, false] {
        for (cache_control, fresh_for) in [("public, max-age=120", 120), ("public, max-age=10", 10)] {
            let handler = move |request: &Request<TestBody>| {
                let is_conditional = request.headers().contains_key("if-none-match");
                let cache_control = if is_conditional { cache_control } else { "public, max-age=60" };
                let mut response = page("content", &[("etag", "\"a\""), ("cache-control", cache_control)]);
                if is_conditional {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    *response.body_mut() = TestBody::default();
                }
                response
            };
            let site = if by_policy { Site::with_policy(PUBLIC, handler) } else { Site::by_fields(handler) };
            site.get("/", &[]).await;
            site.clock.advance(60);
            assert_eq!(site.get("/", &[]).await.body, "content");
            site.clock.advance(fresh_for - 1);
            assert!(site.get("/", &[]).await.is_hit(), "{by_policy} {cache_control}");
            site.clock.advance(1);
            assert!(!site.get("/", &[]).await.is_hit(), "{by_policy} {cache_control}");
            assert_eq!(site.get("/", &[]).await.field("cache-control").unwrap(), cache_control);
        }
    }
}

#[tokio::test]
async fn a_304_by_fields_without_directives_leaves_those_of_the_stored_response() {
    let site = Site::by_fields(|request| {
        if request.headers().contains_key("if-none-match") {
            let mut response = page("", &[("etag", "\"a\"")]);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        page("content", &[("etag", "\"a\""), ("cache-control", "max-age=60")])
    });
    site.get("/", &[]).await;
    site.clock.advance(60);
    site.get("/", &[]).await;
    site.clock.advance(59);
    assert!(site.get("/", &[]).await.is_hit());
    assert_eq!(site.calls(), 2);
}

/// A page in German that can be requested once. After that, the inner service fails slowly.
fn fails_slowly(
    cache: &SharedCache,
    clock: &TestClock,
    calls: &Arc<AtomicUsize>,
) -> impl Service<
    Request<TestBody>,
    Response = Response<impl http_body::Body<Error: std::fmt::Debug>>,
    Error = Disconnected,
    Future: Send,
> + Clone
+ Send {
    let calls = Arc::clone(calls);
    let handler = service_fn(move |_: Request<TestBody>| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first {
                return Ok(page("content", &[("vary", "accept-language")]));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Disconnected)
        }
    });
    let policy = CachePolicyLayer::new(PUBLIC.stale_if_error(Duration::from_secs(60))).clock(clock.clock());
    ServiceBuilder::new().layer(cache.layer()).service(policy.layer(handler))
}

#[tokio::test(start_paused = true)]
async fn clients_that_wait_for_a_failed_revalidation_get_the_stale_response_unless_it_is_purged() {
    const GERMAN: &[(&str, &str)] = &[("accept-language", "de")];
    const ENGLISH: &[(&str, &str)] = &[("accept-language", "en")];
    for is_purged in [false, true] {
        let clock = TestClock::default();
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock());
        let calls = Arc::new(AtomicUsize::new(0));
        let service = fails_slowly(&cache, &clock, &calls);
        let client = |lines| {
            let response = service.clone().oneshot(get("/", lines));
            async move {
                match response.await {
                    Ok(response) => Some(content(response.into_body()).await),
                    Err(Disconnected) => None,
                }
            }
        };
        client(GERMAN).await;
        clock.advance(60);
        let purge = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if is_purged {
                cache.purge(&Purge::everything());
            }
        };
        let (first, second, other, ()) = tokio::join!(client(GERMAN), client(GERMAN), client(ENGLISH), purge);
        let expected = (!is_purged).then(|| "content".into());
        assert_eq!((first, second), (expected.clone(), expected), "purged: {is_purged}");
        assert_eq!(other, None, "another variant");
        assert_eq!(cache.stats().under_way, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_wait_for_each_other_only_if_the_response_can_be_used_by_both() {
    type Row = (&'static str, CachePolicy, bool, usize);
    let table: &[Row] = &[
        ("a lifetime", PUBLIC, true, 1),
        ("coalescing is off", PUBLIC, false, 2),
        ("each use needs a revalidation", CachePolicy::NO_CACHE, true, 2),
    ];
    for (case, policy, coalesces, expected) in table {
        let clock = TestClock::default();
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock()).coalesce(*coalesces);
        let calls = Arc::new(AtomicUsize::new(0));
        let handler = {
            let calls = Arc::clone(&calls);
            service_fn(move |_: Request<TestBody>| {
                calls.fetch_add(1, Ordering::SeqCst);
                async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok::<_, Infallible>(page("content", &[("etag", "\"a\"")]))
                }
            })
        };
        let service = cache.layer().layer(CachePolicyLayer::new(*policy).clock(clock.clock()).layer(handler));
        let client = || {
            let response = service.clone().oneshot(get("/", &[]));
            async move { content(response.await.unwrap().into_body()).await }
        };
        client().await;
        clock.advance(60);
        calls.store(0, Ordering::SeqCst);
        assert_eq!(tokio::join!(client(), client()), ("content".into(), "content".into()), "{case}");
        assert_eq!(calls.load(Ordering::SeqCst), *expected, "{case}");
    }
}

#[tokio::test]
async fn a_get_that_states_that_it_has_no_content_is_looked_up() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    site.get("/", &[]).await;
    assert!(site.get("/", &[("content-length", "0")]).await.is_hit());
    assert!(!site.get("/", &[("content-length", "1")]).await.is_hit());
    assert!(!site.get("/", &[("content-length", "0"), ("content-length", "1")]).await.is_hit());
}

#[tokio::test]
async fn a_body_that_is_not_storable_spares_the_next_requests_too() {
    let site = Site::with_policy(PUBLIC, |_| page("x".repeat(2 << 20), &[]));
    let first = site.get("/", &[]).await;
    assert!(first.field("cache-status").unwrap().contains("stored"), "the head is storable");
    let next = site.get("/", &[]).await;
    assert_eq!(next.field("cache-status").unwrap(), "tower-cache-policy; fwd=uri-miss; fwd-status=200");
    assert_eq!((site.cache.stats().stored, site.cache.stats().not_stored), (0, 1));
}

#[tokio::test]
async fn a_policy_with_a_lifetime_for_edges_can_forbid_stale_responses_too() {
    let policy = CachePolicy::edge_only(MINUTE * 2);
    for (policy, is_replaced) in [(policy, true), (policy.must_revalidate(), false), (policy.proxy_revalidate(), false)]
    {
        let clock = TestClock::default();
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20))
            .clock(clock.clock())
            .stale_when_disconnected(Duration::from_secs(30));
        let service = once(policy, &cache, &clock);
        let first = service.clone().oneshot(get("/", &[])).await.unwrap();
        content(first.into_body()).await;
        clock.advance(121);
        assert_eq!(service.oneshot(get("/", &[])).await.is_ok(), is_replaced, "{policy:?}");
    }
}

#[tokio::test]
async fn the_tags_of_a_304_without_a_decision_are_added_to_those_of_the_stored_response() {
    use tower_cache_policy::edge::purge::Purge;
    use tower_cache_policy::policy::{CacheTag, CacheTags};

    for tag in ["old", "new", "other"] {
        let clock = TestClock::default();
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock());
        let tagged = |tag: &'static str, fields: Lines| {
            let mut response = page("content", fields);
            CacheTags::from(CacheTag::from_static(tag)).add_to(response.extensions_mut());
            response
        };
        let handler =
            service_fn(
                move |_: Request<TestBody>| async move { Ok::<_, Infallible>(tagged("old", &[("etag", "\"a\"")])) },
            );
        let inner = CachePolicyLayer::new(PUBLIC).clock(clock.clock()).layer(handler);
        let middleware = service_fn(move |request: Request<TestBody>| {
            let inner = inner.clone();
            async move {
                if request.headers().contains_key("if-none-match") {
                    let mut response = tagged("new", &[("etag", "\"a\"")]);
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    return Ok(response);
                }
                inner.oneshot(request).await
            }
        });
        let service = cache.layer().layer(middleware);
        let is_hit = async || {
            let response = service.clone().oneshot(get("/", &[])).await.unwrap();
            let is_hit = response.headers()["cache-status"].to_str().unwrap().contains("; hit");
            assert_eq!(content(response.into_body()).await, "content");
            is_hit
        };
        assert!(!is_hit().await);
        clock.advance(60);
        assert!(!is_hit().await, "revalidated");
        assert!(is_hit().await);
        cache.purge(&Purge::tags([CacheTag::from_static(tag)]));
        assert_eq!(is_hit().await, tag == "other", "{tag}");
    }
}
