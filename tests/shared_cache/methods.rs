//! Tests how responses to HEAD and POST change the stored response to GET.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CacheTag, CacheTags, OriginalPath};

use crate::site::{PUBLIC, Site, page};
use crate::support::{TestBody, request};

type Fields = &'static [(&'static str, &'static str)];

/// A site whose responses to GET and to HEAD have these fields.
fn with_head(get: Fields, status: u16, head: Fields) -> Site {
    Site::by_fields(move |request| {
        if request.method() == Method::HEAD {
            let mut response = page("", head);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            return response;
        }
        page("12345", get)
    })
}

#[tokio::test]
async fn a_forwarded_head_updates_or_removes_the_stored_response() {
    // S-07
    const GET: Fields = &[("cache-control", "max-age=60, stale-if-error=600"), ("etag", "\"a\""), ("x-a", "1")];
    #[derive(Debug, PartialEq, Eq)]
    enum Then {
        Fresh,
        Stale,
        Gone,
    }
    let table: &[(&str, u16, Fields, Then)] = &[
        ("the same tag", 200, &[("etag", "\"a\""), ("cache-control", "max-age=60"), ("x-a", "2")], Then::Fresh),
        ("and length", 200, &[("etag", "\"a\""), ("content-length", "5"), ("cache-control", "max-age=9")], Then::Fresh),
        ("another length", 200, &[("etag", "\"a\""), ("content-length", "6")], Then::Gone),
        ("a length only", 200, &[("content-length", "6")], Then::Gone),
        ("another tag", 200, &[("etag", "\"b\""), ("cache-control", "max-age=60")], Then::Gone),
        ("a weak tag", 200, &[("etag", "W/\"a\""), ("cache-control", "max-age=60")], Then::Gone),
        ("a second tag", 200, &[("etag", "\"a\""), ("etag", "\"b\""), ("cache-control", "max-age=60")], Then::Gone),
        ("no validator", 200, &[("cache-control", "max-age=60")], Then::Stale),
        ("no-store", 200, &[("etag", "\"a\""), ("cache-control", "no-store")], Then::Gone),
        ("private", 200, &[("etag", "\"a\""), ("cache-control", "private, max-age=60")], Then::Gone),
        ("a cookie", 200, &[("etag", "\"a\""), ("cache-control", "max-age=60"), ("set-cookie", "a=b")], Then::Gone),
        ("an error", 503, &[("etag", "\"b\"")], Then::Stale),
        ("not found", 404, &[("etag", "\"b\"")], Then::Stale),
        ("not modified", 304, &[("etag", "\"b\"")], Then::Stale),
    ];
    for (case, status, fields, then) in table {
        let site = with_head(GET, *status, fields);
        site.get("/", &[]).await;
        site.clock.advance(60);
        let head = site.call(request(Method::HEAD, "/", &[])).await;
        assert_eq!((head.status, head.is_hit(), site.calls()), (*status, false, 2), "{case}");
        assert_eq!(
            head.field("cache-control").as_deref(),
            fields.iter().find(|(name, _)| *name == "cache-control").map(|(_, value)| *value)
        );
        let next = site.get("/", &[]).await;
        assert_eq!(next.body, "12345", "{case}");
        let found = match next.field("cache-status").unwrap() {
            status if status.contains("; hit") => Then::Fresh,
            status if status.contains("fwd=stale") => Then::Stale,
            status if status.contains("fwd=uri-miss") => Then::Gone,
            status => panic!("{case}: {status}"),
        };
        assert_eq!(found, *then, "{case}");
        if fields.contains(&("x-a", "2")) {
            assert_eq!(next.field("x-a").as_deref(), Some("2"), "the fields are those of the response to HEAD");
        }
    }
}

#[tokio::test]
async fn head_of_a_stored_response_has_its_length_unless_it_is_a_204() {
    // M-06; RFC 9110 section 8.6
    for (status, body, length) in
        [(200, "12345", Some("5")), (200, "", Some("0")), (204, "", None), (404, "x", Some("1"))]
    {
        let site = Site::by_fields(move |_| {
            let mut response = page(body, &[("cache-control", "max-age=60")]);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        site.get("/", &[]).await;
        let head = site.call(request(Method::HEAD, "/", &[])).await;
        assert_eq!((head.status, head.is_hit(), head.field("content-length").as_deref()), (status, true, length));
    }
}

#[tokio::test]
async fn a_head_updates_nothing_that_it_does_not_select() {
    let site = Site::by_fields(|request| {
        let language = crate::support::field(request.headers(), "accept-language").unwrap();
        let tag = if request.method() == Method::HEAD { "\"new\"" } else { "\"old\"" };
        page(language, &[("cache-control", "max-age=60"), ("etag", tag), ("vary", "accept-language")])
    });
    for language in ["de", "en"] {
        site.get("/", &[("accept-language", language)]).await;
    }
    site.clock.advance(60);
    site.call(request(Method::HEAD, "/", &[("accept-language", "de")])).await;
    let status = async |language| site.get("/", &[("accept-language", language)]).await.field("cache-status").unwrap();
    assert!(status("de").await.contains("fwd=vary-miss"), "it is gone");
    assert!(status("en").await.contains("fwd=stale"), "it is still there");
}

#[tokio::test]
async fn a_head_with_a_policy_renews_the_lifetime() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[("etag", "\"a\"")]));
    site.get("/", &[]).await;
    site.clock.advance(60);
    site.call(request(Method::HEAD, "/", &[])).await;
    site.clock.advance(59);
    assert!(site.get("/", &[]).await.is_hit());
    site.clock.advance(1);
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_purge_during_a_head_covers_the_stored_response() {
    let purger: Arc<std::sync::Mutex<Option<SharedCache>>> = Arc::default();
    let of_handler = Arc::clone(&purger);
    let site = Site::with_policy(PUBLIC, move |request| {
        if request.method() == Method::HEAD {
            of_handler.lock().unwrap().as_ref().unwrap().purge(&Purge::tags([CacheTag::from_static("a")]));
        }
        let mut response = page("x", &[("etag", "\"a\"")]);
        CacheTags::from_iter([CacheTag::from_static("a")]).add_to(response.extensions_mut());
        response
    });
    *purger.lock().unwrap() = Some(site.cache.clone());
    site.get("/", &[]).await;
    site.clock.advance(60);
    site.call(request(Method::HEAD, "/", &[])).await;
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_head_that_must_not_be_stored_updates_nothing() {
    let site = with_head(
        &[("cache-control", "max-age=60"), ("etag", "\"a\"")],
        200,
        &[("etag", "\"a\""), ("cache-control", "max-age=60")],
    );
    site.get("/", &[]).await;
    site.clock.advance(60);
    site.call(request(Method::HEAD, "/", &[("cache-control", "no-store")])).await;
    assert!(!site.get("/", &[]).await.is_hit());
}

fn post(path: &str, lines: &[(&str, &str)]) -> Request<TestBody> {
    let mut request = request(Method::POST, path, lines);
    *request.body_mut() = Full::from("content");
    request
}

#[tokio::test]
async fn a_response_to_post_is_stored_only_if_it_states_that_it_is_the_response_to_get() {
    // M-02
    let table: &[(&str, u16, Fields, bool)] = &[
        ("its own URL", 200, &[("cache-control", "max-age=60"), ("content-location", "/a?b")], true),
        ("a targeted field", 200, &[("cdn-cache-control", "max-age=60"), ("content-location", "/a?b")], true),
        ("another query", 200, &[("cache-control", "max-age=60"), ("content-location", "/a")], false),
        ("another URL", 200, &[("cache-control", "max-age=60"), ("content-location", "/b")], false),
        ("another host", 200, &[("cache-control", "max-age=60"), ("content-location", "http://x/a?b")], false),
        (
            "two locations",
            200,
            &[("cache-control", "max-age=60"), ("content-location", "/a?b"), ("content-location", "/a?b")],
            false,
        ),
        ("no location", 200, &[("cache-control", "max-age=60")], false),
        ("no lifetime", 200, &[("cache-control", "public"), ("content-location", "/a?b"), ("etag", "\"a\"")], false),
        ("no-store", 200, &[("cache-control", "max-age=60, no-store"), ("content-location", "/a?b")], false),
        (
            "a cookie",
            200,
            &[("cache-control", "max-age=60"), ("content-location", "/a?b"), ("set-cookie", "a=b")],
            false,
        ),
        ("a new resource", 201, &[("cache-control", "max-age=60"), ("content-location", "/a?b")], false),
        ("a request for later", 202, &[("cache-control", "max-age=60"), ("content-location", "/a?b")], false),
        ("no content", 204, &[("cache-control", "max-age=60"), ("content-location", "/a?b")], false),
        ("an error", 404, &[("cache-control", "max-age=60"), ("content-location", "/a?b")], false),
    ];
    for (case, status, fields, is_stored) in table {
        let site = Site::by_fields(move |request| {
            let mut response = page(
                request.method().as_str(),
                if request.method() == Method::POST { fields } else { &[("cache-control", "max-age=60")] },
            );
            *response.status_mut() = StatusCode::from_u16(*status).unwrap();
            response
        });
        let got = site.call(post("/a?b", &[])).await;
        assert_eq!((got.status, got.body.as_str()), (*status, "POST"), "{case}");
        let got = site.get("/a?b", &[]).await;
        assert_eq!((got.is_hit(), got.body.as_str()), (*is_stored, if *is_stored { "POST" } else { "GET" }), "{case}");
        if !is_stored && *status == 200 {
            assert!(site.get("/a?b", &[]).await.is_hit(), "{case}: a POST leaves no mark");
        }
        assert_eq!(site.cache.stats().under_way, 0, "{case}");
    }
}

#[tokio::test]
async fn a_response_to_post_is_compared_with_the_url_that_the_client_sent() {
    // M-02
    for location in ["/x", "/api/y"] {
        let site = Site::by_fields(move |request| {
            page(request.method().as_str(), &[("cache-control", "public, max-age=60"), ("content-location", location)])
        });
        // A router has removed a prefix.
        let below_prefix = |method| {
            let mut request = request(method, "/api/x", &[]);
            OriginalPath::record(&mut request);
            *request.uri_mut() = "/x".parse().unwrap();
            request
        };
        site.call(below_prefix(Method::POST)).await;
        assert!(!site.call(below_prefix(Method::GET)).await.is_hit(), "{location}");
    }
}

const STORED_POST: Fields = &[("cache-control", "public, max-age=60"), ("content-location", "/")];

#[tokio::test]
async fn a_post_replaces_what_is_stored_for_get() {
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    let site = Site::by_fields(move |request: &Request<TestBody>| -> Response<TestBody> {
        let version = match *request.method() {
            Method::POST => count.fetch_add(1, Ordering::SeqCst) + 1,
            _ => count.load(Ordering::SeqCst),
        };
        page(version.to_string(), STORED_POST)
    });
    for version in ["0", "1", "2"] {
        if version != "0" {
            assert_eq!(site.call(post("/", &[])).await.body, version);
        }
        for _ in 0..2 {
            assert_eq!(site.get("/", &[]).await.body, version);
        }
    }
    assert_eq!(site.calls(), 3, "one GET, and two POST");
}

#[tokio::test]
async fn a_post_is_passed_through_if_a_get_with_its_fields_would_be() {
    let table: &[Fields] = &[
        &[("authorization", "x")],
        &[("cache-control", "no-store")],
        &[("range", "bytes=0-1")],
        &[("if-match", "\"a\"")],
        &[("if-none-match", "\"a\"")],
        &[("x-http-method-override", "PUT")],
        &[("expect", "100-continue")],
    ];
    for lines in table {
        let site = Site::by_fields(|request| page(request.method().as_str(), STORED_POST));
        assert_eq!(site.call(post("/", lines)).await.body, "POST");
        assert_eq!(site.get("/", &[]).await.body, "GET", "{lines:?}");
    }
    let site = Site::with_policy(PUBLIC, |request| page(request.method().as_str(), STORED_POST));
    site.call(post("/", &[])).await;
    assert_eq!(site.get("/", &[]).await.body, "GET", "a policy is not for POST");
}

#[tokio::test]
async fn a_put_is_passed_through_without_a_report() {
    let site = Site::by_fields(|request| page(request.method().as_str(), STORED_POST));
    assert_eq!(site.call(request(Method::PUT, "/", &[])).await.field("cache-status"), None);
    assert_eq!(site.get("/", &[]).await.body, "GET");
}

#[tokio::test]
async fn a_response_to_post_is_not_stored_under_a_key_that_is_not_looked_up() {
    for path in ["/a/../b", "/a%2Fb"] {
        let site = Site::by_fields(move |request| {
            page(request.method().as_str(), &[("cache-control", "public, max-age=60"), ("content-location", path)])
        });
        site.call(post(path, &[])).await;
        assert_eq!(site.cache.stats().stored, 0, "{path}");
    }
}

#[tokio::test]
async fn a_purge_during_a_post_prevents_storing_its_response() {
    for (purged, body) in [("own", "GET"), ("other", "POST")] {
        let purger: Arc<std::sync::Mutex<Option<SharedCache>>> = Arc::default();
        let of_handler = Arc::clone(&purger);
        let site = Site::by_fields(move |request| {
            if request.method() == Method::POST {
                of_handler.lock().unwrap().as_ref().unwrap().purge(&Purge::tags([CacheTag::new(purged).unwrap()]));
            }
            let mut response = page(request.method().as_str(), STORED_POST);
            response.headers_mut().insert("cache-tag", http::HeaderValue::from_static("own"));
            response
        });
        *purger.lock().unwrap() = Some(site.cache.clone());
        site.call(post("/", &[])).await;
        assert_eq!(site.get("/", &[]).await.body, body, "{purged}");
    }
}

#[tokio::test]
async fn upgrades_and_grpc_responses_get_no_cache_status() {
    // E-05, Q-03
    let table: &[(&str, Method, Fields, u16, Fields, bool)] = &[
        ("an upgrade", Method::GET, &[("upgrade", "websocket")], 101, &[("upgrade", "websocket")], false),
        ("an upgrade that fails", Method::GET, &[("upgrade", "websocket")], 426, &[("upgrade", "websocket")], true),
        (
            "gRPC",
            Method::POST,
            &[("content-type", "application/grpc")],
            200,
            &[("content-type", "application/grpc"), ("grpc-status", "0")],
            false,
        ),
        ("a page in response to gRPC", Method::POST, &[("content-type", "application/grpc")], 200, &[], true),
        ("gRPC in response to a form", Method::POST, &[], 200, &[("content-type", "application/grpc")], true),
    ];
    for (case, method, fields, status, response, has_report) in table {
        let site = Site::by_fields(move |_| {
            let mut page = page("", response);
            *page.status_mut() = StatusCode::from_u16(*status).unwrap();
            page
        });
        let got = site.call(request(method.clone(), "/", fields)).await;
        assert_eq!((got.status, got.field("cache-status").is_some()), (*status, *has_report), "{case}");
    }
}

#[tokio::test]
async fn a_head_with_another_policy_replaces_the_lifetime() {
    let site = Site::with_policy(PUBLIC, |request| {
        let control = if request.method() == Method::HEAD { "public, max-age=600" } else { "public, max-age=60" };
        page("x", &[("etag", "\"a\""), ("cache-control", control)])
    });
    site.get("/", &[]).await;
    site.clock.advance(60);
    site.call(request(Method::HEAD, "/", &[])).await;
    site.clock.advance(599);
    assert!(site.get("/", &[]).await.is_hit());
    site.clock.advance(1);
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn the_response_to_a_marked_post_is_not_that_to_get() {
    let site = Site::by_fields(|request| page(request.method().as_str(), STORED_POST));
    let mut marked = post("/", &[]);
    marked.extensions_mut().insert(tower_cache_policy::policy::Personalized);
    assert_eq!(site.call(marked).await.body, "POST");
    assert_eq!(site.get("/", &[]).await.body, "GET");
}

#[tokio::test]
async fn the_content_of_a_post_does_not_keep_its_response_from_being_that_to_get() {
    for lines in [&[("content-length", "7")], &[("transfer-encoding", "chunked")]] {
        let site = Site::by_fields(|request| page(request.method().as_str(), STORED_POST));
        assert_eq!(site.call(post("/", lines)).await.body, "POST");
        assert_eq!(site.get("/", &[]).await.body, "POST", "{lines:?}");
    }
}
