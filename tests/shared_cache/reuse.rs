//! Tests how stored responses are used: preconditions, ranges, revalidation and stale responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower_cache_policy::SharedCache;
use tower_cache_policy::policy::CachePolicy;

use crate::site::{MINUTE, PUBLIC, Site, page};
use crate::support::{TestBody, request};

/// A page with a validator, which returns 304 if the client has the current version.
fn tagged(version: &Arc<AtomicUsize>) -> impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone + use<> {
    let version = Arc::clone(version);
    move |request| {
        let tag = format!("\"v{}\"", version.load(Ordering::SeqCst));
        let mut response = page(format!("page {tag}"), &[("etag", &tag)]);
        if request.headers().get("if-none-match").is_some_and(|condition| condition.as_bytes() == tag.as_bytes()) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = TestBody::default();
        }
        response
    }
}

#[tokio::test]
async fn conditions_are_evaluated_with_the_stored_response() {
    let site = Site::with_policy(PUBLIC, tagged(&Arc::default()));
    let miss = site.get("/", &[("if-none-match", "\"v0\"")]).await;
    assert_eq!((miss.status, miss.body.as_str()), (304, ""), "the first request fills the cache");
    let hit = site.get("/", &[("if-none-match", "\"v0\"")]).await;
    assert_eq!((hit.status, hit.body.as_str()), (304, ""));
    assert!(hit.is_hit() && hit.field("etag").is_some() && hit.field("content-length").is_none());
    let hit = site.get("/", &[("if-none-match", "\"other\"")]).await;
    assert_eq!((hit.status, hit.body.as_str()), (200, "page \"v0\""));
    let hit = site.get("/", &[("if-none-match", "\"x\""), ("if-none-match", "W/\"v0\"")]).await;
    assert_eq!(hit.status, 304, "the second line");
    assert_eq!(site.calls(), 1);
}

#[tokio::test]
async fn a_condition_on_a_response_that_is_not_stored_is_evaluated_too() {
    let site = Site::with_policy(CachePolicy::NO_STORE, tagged(&Arc::default()));
    let first = site.get("/", &[("if-none-match", "\"v0\"")]).await;
    assert_eq!((first.status, first.body.as_str()), (304, ""));
    // The key is now marked, and the handler receives the precondition.
    assert_eq!(site.get("/", &[("if-none-match", "\"v0\"")]).await.status, 304);
    assert_eq!(site.cache.stats().stored, 0);
}

#[tokio::test]
async fn ranges_of_a_stored_response_are_served() {
    let site = Site::with_policy(PUBLIC, |_| page("0123456789", &[("etag", "\"a\"")]));
    site.get("/", &[]).await;
    type Row<'a> = (&'a [(&'a str, &'a str)], u16, &'a str, Option<&'a str>);
    let table: &[Row<'_>] = &[
        (&[("range", "bytes=2-4")], 206, "234", Some("bytes 2-4/10")),
        (&[("range", "bytes=-1")], 206, "9", Some("bytes 9-9/10")),
        (&[("range", "bytes=8-99")], 206, "89", Some("bytes 8-9/10")),
        (&[("range", "bytes=10-")], 416, "", Some("bytes */10")),
        (&[("range", "bytes=0-1,4-5")], 200, "0123456789", None),
        (&[("range", "pages=1")], 200, "0123456789", None),
        (&[("range", "bytes=2-4"), ("if-range", "\"a\"")], 206, "234", Some("bytes 2-4/10")),
        (&[("range", "bytes=2-4"), ("if-range", "\"b\"")], 200, "0123456789", None),
        (&[("range", "bytes=2-4"), ("if-range", "W/\"a\"")], 200, "0123456789", None),
        (&[("range", "bytes=2-4"), ("if-none-match", "\"a\"")], 304, "", None),
    ];
    for (lines, status, body, content_range) in table {
        let got = site.get("/", lines).await;
        assert_eq!((got.status, got.body.as_str()), (*status, *body), "{lines:?}");
        assert_eq!(got.field("content-range").as_deref(), *content_range, "{lines:?}");
        if *status == 416 {
            assert_eq!(got.field("content-length").as_deref(), Some("0"));
        }
        assert!(got.is_hit(), "{lines:?}");
    }
    assert_eq!(site.calls(), 1);
}

#[tokio::test]
async fn a_stale_response_is_revalidated_and_used_again() {
    // S-08
    let version = Arc::default();
    let site = Site::with_policy(PUBLIC, tagged(&version));
    site.get("/", &[]).await;
    site.clock.advance(60);
    let got = site.get("/", &[]).await;
    assert_eq!((got.status, got.body.as_str()), (200, "page \"v0\""), "the handler returned 304");
    assert_eq!(got.field("cache-status").unwrap(), "tower-cache-policy; fwd=stale; fwd-status=304; stored");
    assert_eq!(got.field("age").unwrap(), "0");
    site.clock.advance(59);
    assert!(site.get("/", &[]).await.is_hit(), "fresh again");
    site.clock.advance(1);
    version.store(1, Ordering::SeqCst);
    let got = site.get("/", &[]).await;
    assert_eq!((got.status, got.body.as_str()), (200, "page \"v1\""));
    assert!(site.get("/", &[]).await.is_hit());
    assert_eq!((site.calls(), site.cache.stats().revalidated), (3, 1));
}

#[tokio::test]
async fn an_invalid_validator_is_not_sent() {
    let site = Site::with_policy(PUBLIC, |request| {
        let is_conditional = request.headers().contains_key("if-none-match");
        page(if is_conditional { "conditional" } else { "x" }, &[("etag", "unquoted")])
    });
    for calls in 1..3 {
        assert_eq!(site.get("/", &[]).await.body, "x");
        assert_eq!(site.calls(), calls);
        site.clock.advance(60);
    }
}

#[tokio::test]
async fn no_cache_is_revalidated_before_each_use() {
    let site = Site::with_policy(CachePolicy::NO_CACHE, tagged(&Arc::default()));
    for round in 0..3 {
        let got = site.get("/", &[]).await;
        assert_eq!(got.body, "page \"v0\"");
        assert!(!got.is_hit());
        assert_eq!(site.calls(), round + 1);
    }
    assert_eq!(site.cache.stats().revalidated, 2);
}

#[tokio::test]
async fn a_304_for_another_representation_is_not_used() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let site = Site::with_policy(PUBLIC, move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        if request.headers().contains_key("if-none-match") {
            let mut response = page("", &[("etag", "\"b\"")]);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        page(if count.load(Ordering::SeqCst) == 1 { "a" } else { "b" }, &[("etag", "\"a\"")])
    });
    assert_eq!(site.get("/", &[]).await.body, "a");
    site.clock.advance(60);
    let got = site.get("/", &[]).await;
    assert_eq!((got.status, got.body.as_str()), (200, "b"), "asked again without the validator (N-07)");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_304_or_head_with_less_in_vary_does_not_serve_the_content_to_other_clients() {
    // S-06, K-03, N-01
    const GZIP: (&str, &str) = ("accept-encoding", "gzip");
    let table: &[(&str, &[(&str, &str)], &str)] = &[
        ("no Vary", &[], "Accept-Encoding, origin"),
        ("another name", &[("vary", "origin")], "origin, Accept-Encoding"),
        ("the same names", &[("vary", "origin, accept-encoding")], "origin, accept-encoding"),
        ("one more name", &[("vary", "accept-encoding, accept, origin")], "accept-encoding, accept, origin"),
        ("an empty field", &[("vary", "")], "Accept-Encoding, origin"),
    ];
    for (case, lines, vary) in table {
        for (by_policy, method) in [(true, Method::GET), (false, Method::GET), (false, Method::HEAD)] {
            let handler = move |request: &Request<TestBody>| {
                let is_update = request.headers().contains_key("if-none-match") || request.method() == Method::HEAD;
                let accepts = request.headers().contains_key("accept-encoding");
                let mut response = match is_update {
                    true => page("", lines),
                    false => page(if accepts { "gzip" } else { "plain" }, &[("vary", "Accept-Encoding, origin")]),
                };
                for (name, value) in [("etag", "W/\"a\""), ("cache-control", "public, max-age=60")] {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                if is_update && request.method() == Method::GET {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                }
                response
            };
            let site = if by_policy { Site::with_policy(PUBLIC, handler) } else { Site::by_fields(handler) };
            site.get("/", &[GZIP]).await;
            site.clock.advance(60);
            site.call(request(method.clone(), "/", &[GZIP])).await;
            let own = site.get("/", &[GZIP]).await;
            assert_eq!((own.is_hit(), own.field("vary").as_deref()), (true, Some(*vary)), "{case} {method}");
            let other = site.get("/", &[]).await;
            assert_eq!((other.is_hit(), other.body.as_str()), (false, "plain"), "{case} {method}");
        }
    }
}

#[tokio::test]
async fn a_date_in_the_future_does_not_take_precedence_over_later_responses() {
    // K-03: of several stored responses, the one with the latest date is used.
    let calls = Arc::new(AtomicUsize::new(0));
    let site = Site::by_fields(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => page(
            "from the future",
            &[("cache-control", "max-age=60"), ("date", "Fri, 01 Jan 2100 00:00:00 GMT"), ("vary", "accept")],
        ),
        _ => page("later", &[("cache-control", "max-age=60")]),
    });
    site.get("/", &[]).await;
    site.clock.advance(60);
    assert_eq!(site.get("/", &[]).await.body, "later");
    assert!(site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_response_from_before_the_clock_was_set_back_is_not_fresh_until_that_time_comes_again() {
    //
    for (seconds, is_fresh) in [(1, true), (60, true), (61, false), (9_000, false)] {
        for is_tagged in [true, false] {
            let site = match is_tagged {
                true => Site::with_policy(PUBLIC, tagged(&Arc::default())),
                false => Site::with_policy(PUBLIC, |_| page("page", &[])),
            };
            site.clock.advance(10_000);
            site.get("/", &[]).await;
            site.clock.set_back(seconds);
            assert_eq!(site.get("/", &[]).await.is_hit(), is_fresh, "{seconds}");
            assert!(site.get("/", &[]).await.is_hit(), "{seconds}: the new response is stored");
            assert_eq!(site.calls(), if is_fresh { 1 } else { 2 }, "{seconds}");
        }
    }
}

#[tokio::test]
async fn a_304_that_forbids_storing_removes_the_stored_response() {
    type Fields = &'static [(&'static str, &'static str)];
    let table: &[(&str, Fields)] = &[
        ("a cookie", &[("etag", "\"a\""), ("set-cookie", "id=1")]),
        ("no-store", &[("etag", "\"a\""), ("cache-control", "no-store")]),
        ("private", &[("etag", "\"a\""), ("cache-control", "private")]),
        ("Vary: *", &[("etag", "\"a\""), ("vary", "*")]),
    ];
    for (case, fields) in table {
        for by_policy in [true, false] {
            let handler = move |request: &Request<TestBody>| {
                if request.headers().contains_key("if-none-match") {
                    let mut response = page("", fields);
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    return response;
                }
                let cache_control: Fields = if by_policy { &[] } else { &[("cache-control", "max-age=60")] };
                let lines: Vec<_> = [("etag", "\"a\"")].iter().chain(cache_control).copied().collect();
                page("content", &lines)
            };
            let site = if by_policy { Site::with_policy(PUBLIC, handler) } else { Site::by_fields(handler) };
            site.get("/", &[]).await;
            assert_eq!(site.cache.stats().urls, 1, "{case} {by_policy}");
            site.clock.advance(60);
            let got = site.get("/", &[]).await;
            assert_eq!((got.status, got.body.as_str()), (200, "content"), "{case} {by_policy}");
            assert_eq!(site.cache.stats().urls, 0, "{case} {by_policy}");
            assert!(!site.get("/", &[]).await.is_hit(), "{case} {by_policy}");
        }
    }
}

#[tokio::test]
async fn a_confirmed_response_that_is_no_longer_stored_has_one_cache_status() {
    for (name, value) in [("set-cookie", "id=1"), ("cache-control", "private"), ("vary", "*")] {
        for by_policy in [true, false] {
            let handler = move |request: &Request<TestBody>| {
                let mut response = page("x", &[("etag", "\"a\""), ("cache-control", "public, max-age=60")]);
                if request.headers().contains_key("if-none-match") {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                response
            };
            let site = if by_policy { Site::with_policy(PUBLIC, handler) } else { Site::by_fields(handler) };
            site.get("/", &[]).await;
            site.clock.advance(60);
            let confirmed = site.get("/", &[]).await;
            assert_eq!((confirmed.status, confirmed.body.as_str()), (200, "x"), "{name}: {value}");
            assert_eq!(
                confirmed.field("cache-status").unwrap(),
                "tower-cache-policy; fwd=stale; fwd-status=304",
                "{name}: {value}"
            );
        }
    }
}

#[tokio::test]
async fn errors_are_replaced_by_stale_responses_if_the_policy_allows_it() {
    let policy = PUBLIC.stale_if_error(Duration::from_secs(30));
    for (policy, allowed) in [(policy, true), (PUBLIC, false), (PUBLIC.must_revalidate(), false)] {
        for status in [500, 502, 503, 504] {
            let calls = Arc::new(AtomicUsize::new(0));
            let site = Site::with_policy(policy, move |_| {
                let mut response = page("content", &[]);
                if calls.fetch_add(1, Ordering::SeqCst) > 0 {
                    response = page("error", &[]);
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                }
                response
            });
            site.get("/", &[]).await;
            site.clock.advance(60);
            let got = site.get("/", &[]).await;
            let expected = if allowed { (200, "content") } else { (status, "error") };
            assert_eq!((got.status, got.body.as_str()), expected, "{policy}");
            assert_eq!(got.field("cache-status").unwrap().contains("hit; ttl=0"), allowed, "{policy}");
            site.clock.advance(30);
            let got = site.get("/", &[]).await;
            assert_eq!((got.status, got.body.as_str()), (status, "error"), "after the window");
        }
    }
}

#[tokio::test]
async fn another_success_replaces_the_stored_response_even_if_it_is_not_stored() {
    let calls = Arc::new(AtomicUsize::new(0));
    let policy = PUBLIC.stale_if_error(MINUTE);
    let site = Site::with_policy(policy, move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => page("old", &[]),
        1 => page("mine", &[("set-cookie", "id=1")]),
        _ => Response::builder().status(500).body(TestBody::from("error")).unwrap(),
    });
    assert_eq!(site.get("/", &[]).await.body, "old");
    site.clock.advance(60);
    assert_eq!(site.get("/", &[]).await.body, "mine");
    site.clock.advance(10);
    assert_eq!(site.get("/", &[]).await.body, "error", "the old page is gone");
}

#[tokio::test]
async fn a_body_that_is_too_long_replaces_the_stored_response() {
    for (length, is_stored) in [(1 << 19, true), (1 << 20, false), (3 << 20, false)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let site = Site::with_policy(PUBLIC.stale_if_error(10 * MINUTE), move |_| {
            match calls.fetch_add(1, Ordering::SeqCst) {
                0 => page("old", &[]),
                1 => page("x".repeat(length), &[]),
                _ => Response::builder().status(500).body(TestBody::from("error")).unwrap(),
            }
        });
        site.get("/", &[]).await;
        site.clock.advance(60);
        assert_eq!(site.get("/", &[]).await.body.len(), length);
        site.clock.advance(61);
        let last = site.get("/", &[]).await;
        assert_eq!((last.status, last.body.len()), if is_stored { (200, length) } else { (500, 5) }, "{length}");
    }
}

#[tokio::test]
async fn the_lifetime_for_edges_is_that_of_the_cache() {
    let site = Site::with_policy(PUBLIC.edge(MINUTE * 60), |_| page("x", &[]));
    site.get("/", &[]).await;
    site.clock.advance(3_599);
    let got = site.get("/", &[]).await;
    assert!(got.is_hit());
    assert_eq!(got.field("age").unwrap(), "3599");
    site.clock.advance(1);
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn s_maxage_forbids_stale_responses_unless_the_policy_allows_them_at_the_edge() {
    // C-21, C-31
    let failing = |request: &Request<TestBody>, control: Option<&'static str>| {
        let mut response = page("x", &[]);
        if let Some(control) = control {
            response.headers_mut().insert("cache-control", HeaderValue::from_static(control));
        }
        if request.headers().contains_key("x-fail") {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    };
    let policy = PUBLIC.edge(MINUTE * 60).stale_if_error(MINUTE * 60);
    for (case, policy, control, is_stale) in [
        ("a policy", Some(policy), None, false),
        ("a policy that allows it", Some(policy.stale_at_edge_only()), None, true),
        ("a field", Some(PUBLIC), Some("public, max-age=60, s-maxage=3600, stale-if-error=3600"), false),
    ] {
        let site = Site::configured(
            SharedCache::by_policy,
            policy,
            |cache| cache,
            move |request: &Request<TestBody>| failing(request, control),
        );
        site.get("/", &[]).await;
        site.clock.advance(3_700);
        let got = site.get("/", &[("x-fail", "1")]).await;
        assert_eq!(got.status == 200, is_stale, "{case}");
    }
}

#[tokio::test]
async fn only_if_cached_does_not_call_the_handler() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    assert_eq!(site.get("/", &[("cache-control", "only-if-cached")]).await.status, 504);
    assert_eq!(site.calls(), 0);
    site.get("/", &[]).await;
    assert_eq!(site.get("/", &[("cache-control", "only-if-cached")]).await.status, 200);
    assert_eq!(site.calls(), 1);
}

#[tokio::test]
async fn a_client_can_prevent_storing_its_response_but_not_disable_the_cache() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    site.get("/", &[("cache-control", "no-store")]).await;
    assert_eq!(site.cache.stats().stored, 0);
    site.get("/", &[]).await;
    for directive in ["no-cache", "max-age=0", "no-store"] {
        assert!(site.get("/", &[("cache-control", directive)]).await.is_hit(), "{directive} (C-17)");
    }
    assert!(site.get("/", &[("pragma", "no-cache")]).await.is_hit());
}

#[tokio::test]
async fn an_age_from_an_inner_cache_is_added() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[("age", "50")]));
    site.get("/", &[]).await;
    site.clock.advance(9);
    assert_eq!(site.get("/", &[]).await.field("age").unwrap(), "59");
    site.clock.advance(1);
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_response_that_is_stale_on_arrival_is_not_stored() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[("age", "60")]));
    site.get("/", &[]).await;
    assert_eq!(site.cache.stats().urls, 0);
}

#[tokio::test]
async fn fields_of_the_connection_are_not_stored() {
    // S-02
    let site = Site::with_policy(PUBLIC, |_| {
        page("x", &[("connection", "x-hop"), ("x-hop", "1"), ("keep-alive", "timeout=5"), ("x-end", "2")])
    });
    site.get("/", &[]).await;
    let got = site.get("/", &[]).await;
    assert!(got.is_hit() && got.field("x-end").is_some());
    for name in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(got.field(name), None, "{name}");
    }
}

#[tokio::test]
async fn errors_and_redirects_with_their_own_policy_are_stored() {
    let site = Site::by_fields(|request| {
        let status = request.uri().path()[1..].parse::<u16>().unwrap();
        Response::builder()
            .status(status)
            .header("cache-control", "max-age=60")
            .body(TestBody::from(status.to_string()))
            .unwrap()
    });
    for (status, is_stored) in [(404, true), (301, true), (500, true), (204, true), (429, false), (206, false)] {
        let path = format!("/{status}");
        site.get(&path, &[]).await;
        let got = site.get(&path, &[]).await;
        assert_eq!((got.status, got.is_hit()), (status, is_stored), "{status}");
        let conditional = site.get(&path, &[("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")]).await;
        assert_eq!(conditional.status, status, "conditions are for a 200 (P-02)");
    }
}

#[tokio::test]
async fn heuristic_freshness_is_off_by_default() {
    let handler = |_: &Request<TestBody>| page("x", &[("last-modified", "Fri, 01 Jan 2021 00:00:00 GMT")]);
    let site = Site::by_fields(handler);
    site.get("/", &[]).await;
    assert!(!site.get("/", &[]).await.is_hit());
    let site = Site::configured(SharedCache::by_fields, None, |cache| cache.heuristics(true), handler);
    site.get("/", &[]).await;
    assert!(site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_cache_by_fields_reads_the_targeted_field() {
    let site = Site::by_fields(|_| page("x", &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")]));
    site.get("/", &[]).await;
    assert!(site.get("/", &[]).await.is_hit());
    let site = Site::by_fields(|_| page("x", &[("cache-control", "max-age=60"), ("cdn-cache-control", "no-store")]));
    site.get("/", &[]).await;
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn parameters_that_are_ignored_share_a_response() {
    let options = |cache: SharedCache| cache.ignore_query(["utm_*"]).hosts(["example.com"]);
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), options, |_| page("x", &[]));
    let host = ("host", "example.com");
    site.get("/a?utm_source=x&b=1", &[host]).await;
    assert!(site.get("/a?b=1", &[host]).await.is_hit());
    assert!(!site.get("/a?b=2", &[host]).await.is_hit());
    assert!(!site.get("/a?b=1", &[("host", "example.org")]).await.is_hit(), "another host");
}

#[tokio::test]
async fn head_of_a_response_that_is_not_stored_is_passed_through() {
    let site = Site::with_policy(PUBLIC, |request| page(request.method().as_str(), &[]));
    for _ in 0..2 {
        assert!(!site.call(request(Method::HEAD, "/", &[])).await.is_hit());
    }
    assert_eq!(site.calls(), 2);
}

#[tokio::test]
async fn responses_can_be_sent_without_an_age() {
    // T-09
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC.edge(MINUTE * 60)), SharedCache::as_origin, |_| {
        page("x", &[])
    });
    site.get("/", &[]).await;
    let first = site.get("/", &[]).await.field("date").unwrap();
    site.clock.advance(600);
    let got = site.get("/", &[]).await;
    assert!(got.is_hit());
    assert_eq!(got.field("age"), None);
    assert_ne!(got.field("date").unwrap(), first, "the current time");
}

#[tokio::test]
async fn an_outer_edge_layer_sends_the_same_fields_for_a_stored_response() {
    use tower::{Layer, ServiceExt, service_fn};
    use tower_cache_policy::edge::EdgeProfile;
    use tower_cache_policy::policy::{CacheTag, CacheTags};
    use tower_cache_policy::store::MemoryStore;
    use tower_cache_policy::{CachePolicyLayer, EdgeLayer};

    let handler = service_fn(|_: Request<TestBody>| {
        let mut response = page("x", &[]);
        CacheTags::from_iter([CacheTag::from_static("a")]).add_to(response.extensions_mut());
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let inner = cache.layer().layer(CachePolicyLayer::new(PUBLIC.edge(MINUTE * 60)).layer(handler));
    let service = EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(inner);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let response = service.clone().oneshot(crate::support::get("/", &[])).await.unwrap();
        let of = |name: &str| crate::support::field(response.headers(), name);
        seen.push((of("cache-control"), of("cloudflare-cdn-cache-control"), of("cache-tag")));
        crate::support::content(response.into_body()).await;
    }
    assert_eq!(cache.stats().hits, 1);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1].1.as_deref(), Some("max-age=3600"));
    assert_eq!(seen[1].2.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_switched_off_cache_stores_nothing_and_changes_no_response() {
    type Options = fn(SharedCache) -> SharedCache;
    let handler = |_: &Request<TestBody>| page("page", &[("cache-control", "public, max-age=60")]);
    for (sentence, options) in
        [("off", (|cache| cache.enabled(false)) as Options), ("in development", |cache| cache.development(true))]
    {
        let site = Site::configured(SharedCache::by_fields, None, options, handler);
        for calls in 1..=3 {
            let got = site.get("/", &[]).await;
            assert_eq!(got.headers, *handler(&request(Method::GET, "/", &[])).headers(), "{sentence}");
            assert_eq!((site.calls(), site.cache.stats().stored), (calls, 0), "{sentence}");
        }
    }
    let site = Site::configured(SharedCache::by_fields, None, |cache| cache.development(false), handler);
    site.get("/", &[]).await;
    assert!(site.get("/", &[]).await.is_hit());
}

/// A page with these fields. If the request is conditional, a 304 with these other ones.
fn confirmed_with(
    fields: &'static [(&'static str, &'static str)],
    update: &'static [(&'static str, &'static str)],
) -> impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone {
    move |request| {
        if !request.headers().contains_key("if-none-match") {
            return page("content", fields);
        }
        let mut response = page("", update);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    }
}

#[tokio::test]
async fn a_304_without_validators_confirms_the_response_that_was_named() {
    let fields = &[("etag", "\"a\""), ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")];
    for fields in [&fields[..1], &fields[..]] {
        let site = Site::with_policy(PUBLIC, confirmed_with(fields, &[]));
        site.get("/", &[]).await;
        site.clock.advance(60);
        let got = site.get("/", &[]).await;
        assert_eq!((got.status, got.body.as_str(), site.calls()), (200, "content", 2));
        site.clock.advance(59);
        assert!(site.get("/", &[]).await.is_hit(), "fresh again");
    }
}

#[tokio::test]
async fn a_stored_response_that_a_304_does_not_confirm_is_removed() {
    let many: &'static [(&str, &str)] = vec![("x-line", &*"x".repeat(1_000).leak()); 100].leak();
    for (case, update) in [
        ("another tag", &[("etag", "\"b\"")] as &'static [(&str, &str)]),
        ("another date", &[("last-modified", "Mon, 01 Jan 2024 00:00:01 GMT")]),
        ("it must not be stored", &[("etag", "\"a\""), ("cache-control", "no-store")]),
        ("its fields are too large", many),
    ] {
        let fields =
            &[("etag", "\"a\""), ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT"), ("cache-control", "max-age=60")];
        let site = Site::by_fields(confirmed_with(fields, update));
        site.get("/", &[]).await;
        site.clock.advance(60);
        assert_eq!(site.get("/", &[]).await.body, "content", "{case}");
        assert_eq!(site.cache.stats().urls, 0, "{case}");
    }
}

#[tokio::test]
async fn the_tags_of_a_304_are_added_to_those_of_the_stored_response() {
    use tower_cache_policy::edge::purge::Purge;
    use tower_cache_policy::policy::CacheTag;

    for tag in ["old", "new", "other"] {
        let fields = &[("etag", "\"a\""), ("cache-control", "max-age=60"), ("cache-tag", "old")];
        let site = Site::by_fields(confirmed_with(fields, &[("etag", "\"a\""), ("cache-tag", "new")]));
        site.get("/", &[]).await;
        site.clock.advance(60);
        site.get("/", &[]).await;
        assert!(site.get("/", &[]).await.is_hit());
        site.cache.purge(&Purge::tags([CacheTag::new(tag).unwrap()]));
        assert_eq!(site.get("/", &[]).await.is_hit(), tag == "other", "{tag}");
    }
}

#[tokio::test]
async fn only_a_stored_200_is_revalidated() {
    // A 304 confirms a 200.
    for (status, is_validated) in [(200, true), (404, false), (301, false)] {
        let site = Site::by_fields(move |request| {
            let shown = if request.headers().contains_key("if-none-match") { "conditional" } else { "x" };
            let mut response = page(shown, &[("etag", "\"a\""), ("cache-control", "max-age=60")]);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        site.get("/", &[]).await;
        assert_eq!(site.cache.stats().stored, 1, "{status}");
        site.clock.advance(60);
        assert_eq!(site.get("/", &[]).await.body, if is_validated { "conditional" } else { "x" }, "{status}");
    }
}

#[tokio::test]
async fn a_lifetime_of_zero_for_shared_caches_is_that_of_the_cache() {
    let fields = &[("etag", "\"a\""), ("cache-control", "s-maxage=0, max-age=60")];
    let site = Site::with_policy(PUBLIC, move |_| page("x", fields));
    for calls in 1..3 {
        assert!(!site.get("/", &[]).await.is_hit());
        assert_eq!((site.calls(), site.cache.stats().stored), (calls, 0));
    }
}

#[tokio::test]
async fn a_response_that_needs_a_validator_and_has_none_is_not_stored() {
    for policy in [CachePolicy::NO_CACHE, CachePolicy::public(Duration::ZERO)] {
        let site = Site::with_policy(policy, |_| page("x", &[]));
        site.get("/", &[]).await;
        assert_eq!((site.cache.stats().stored, site.cache.stats().not_stored), (0, 1), "{policy:?}");
    }
    let site = Site::by_fields(|_| page("x", &[("cache-control", "no-cache, max-age=60")]));
    site.get("/", &[]).await;
    assert_eq!(site.cache.stats().stored, 0);
}

#[tokio::test]
async fn a_hit_has_every_field_of_the_response() {
    let fields = &[
        ("content-type", "text/html"),
        ("content-language", "en"),
        ("content-encoding", "x-own"),
        ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("etag", "\"a\""),
        ("link", "</a>"),
        ("link", "</b>"),
        ("x-other", "1"),
    ];
    let site = Site::with_policy(PUBLIC, move |_| page("x", fields));
    let miss = site.get("/", &[]).await;
    let hit = site.get("/", &[]).await;
    assert!(hit.is_hit());
    for (name, _) in fields {
        let lines = |headers: &http::HeaderMap| headers.get_all(*name).iter().cloned().collect::<Vec<_>>();
        assert_eq!(lines(&hit.headers), lines(&miss.headers), "{name}");
        assert!(!lines(&hit.headers).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn conditions_are_for_successes() {
    // P-02
    for (status, expected) in [(200, 304), (404, 404), (301, 301)] {
        for (control, requests) in [("public, max-age=60", 2), ("private", 1)] {
            let site = Site::with_policy(PUBLIC, move |_| {
                let mut response = page("x", &[("etag", "\"a\""), ("cache-control", control)]);
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            });
            for _ in 0..requests {
                let got = site.get("/", &[("if-none-match", "\"a\"")]).await;
                assert_eq!(got.status, expected, "{control}");
                assert_eq!(got.body.is_empty(), expected == 304);
            }
            assert_eq!(site.calls(), 1, "{status}");
        }
    }
}

#[tokio::test]
async fn a_304_from_the_store_does_not_describe_the_content() {
    // N-02, N-03
    let site = Site::with_policy(PUBLIC, |_| page("x", &[("content-type", "text/html"), ("etag", "\"a\"")]));
    site.get("/", &[]).await;
    let got = site.get("/", &[("if-none-match", "\"a\"")]).await;
    assert_eq!((got.status, got.is_hit(), got.field("etag").as_deref()), (304, true, Some("\"a\"")));
    assert_eq!((got.field("content-type"), got.field("content-length")), (None, None));
    assert_eq!(got.field("cache-control"), site.get("/", &[]).await.field("cache-control"));
}

#[tokio::test]
async fn only_a_stored_200_has_ranges() {
    for (status, expected) in [(200, (206, "12")), (404, (404, "1234"))] {
        let site = Site::with_policy(PUBLIC, move |_| {
            let mut response = page("1234", &[("cache-control", "public, max-age=60")]);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        site.get("/", &[]).await;
        let got = site.get("/", &[("range", "bytes=0-1")]).await;
        assert!(got.is_hit());
        assert_eq!((got.status, got.body.as_str()), expected);
        assert_eq!(got.field("content-range").is_some(), status == 200);
    }
}

#[tokio::test]
async fn a_hit_without_a_report_has_only_the_reports_of_inner_caches() {
    type Options = fn(SharedCache) -> SharedCache;
    let table: &[(Options, &[&str], &[&str])] = &[
        (SharedCache::without_cache_status, &[], &[]),
        (SharedCache::without_cache_status, &["inner; hit"], &["inner; hit"]),
        (|cache| cache.without_cache_status().as_origin(), &[], &[]),
        (SharedCache::as_origin, &[], &["tower-cache-policy; hit; ttl=60"]),
        (SharedCache::as_origin, &["inner; hit"], &["inner; hit", "tower-cache-policy; hit; ttl=60"]),
        (|cache| cache, &["inner; hit"], &["inner; hit", "tower-cache-policy; hit; ttl=60"]),
    ];
    for (options, inner, expected) in table {
        let lines: Vec<_> = inner.iter().map(|line| ("cache-status", *line)).collect();
        let handler = move |_: &Request<TestBody>| page("x", &lines);
        let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), options, handler);
        site.get("/", &[]).await;
        let got = site.get("/", &[]).await;
        assert_eq!(site.calls(), 1);
        let lines: Vec<_> = got.headers.get_all("cache-status").iter().map(|line| line.to_str().unwrap()).collect();
        let members: Vec<_> = lines.iter().flat_map(|line| line.split(", ")).collect();
        assert_eq!(members, *expected, "{inner:?}");
    }
}

#[tokio::test]
async fn an_outer_edge_layer_knows_the_policy_of_a_stored_response() {
    use tower::{Layer, ServiceExt, service_fn};
    use tower_cache_policy::edge::EdgeProfile;
    use tower_cache_policy::store::MemoryStore;
    use tower_cache_policy::{CachePolicyLayer, EdgeLayer};

    let handler = service_fn(|_: Request<TestBody>| async { Ok::<_, std::convert::Infallible>(page("x", &[])) });
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    // Only the ruling contains it, and not `Cache-Control`.
    let policy = PUBLIC.stale_if_error(MINUTE).stale_at_edge_only();
    let inner = cache.layer().layer(CachePolicyLayer::new(policy).layer(handler));
    let service = EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(inner);
    for _ in 0..2 {
        let response = service.clone().oneshot(crate::support::get("/", &[])).await.unwrap();
        let field = crate::support::field(response.headers(), "cloudflare-cdn-cache-control");
        assert!(field.as_ref().is_some_and(|field| field.contains("stale-if-error=60")), "{field:?}");
        crate::support::content(response.into_body()).await;
    }
    assert_eq!(cache.stats().hits, 1);
}

#[tokio::test]
async fn a_hit_without_a_report_has_its_age() {
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), SharedCache::without_cache_status, |_| {
        page("x", &[("age", "10")])
    });
    site.get("/", &[]).await;
    site.clock.advance(7);
    let got = site.get("/", &[]).await;
    assert_eq!((got.field("age").as_deref(), site.calls()), (Some("17"), 1));
}

#[tokio::test]
async fn a_504_has_a_report_and_no_age() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    let got = site.get("/", &[("cache-control", "only-if-cached")]).await;
    assert_eq!(got.field("cache-status").unwrap(), "tower-cache-policy; fwd=request");
    assert_eq!((got.status, got.field("age"), got.body.as_str()), (504, None, ""));
}
