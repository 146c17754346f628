//! Tests reported bugs in conditional requests and entity tags, each in the situation in which it occurred.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::layers::conditional::{SelectedRepresentation, ValidatorSource};
use tower_cache_policy::policy::{CachePolicy, Personalized};
use tower_cache_policy::protocol::{EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators};
use tower_cache_policy::{CachingLayer, Clock, ConditionalLayer, EntityTagLayer, HeadValidators};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use support::{Frames, NeverPolled, TestBody, call, collected, content, field, get, request, response_with};

const NOW: u64 = 1_780_272_000;
const L: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const MINUTE: Duration = Duration::from_secs(60);
const P: CachePolicy = CachePolicy::public(Duration::from_secs(300));

fn date(offset: i64) -> HttpDate {
    HttpDate::from_unix_seconds(i64::try_from(NOW).unwrap() + offset).unwrap()
}

fn stopped() -> Clock {
    Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(NOW))
}

fn v1() -> Validators {
    Validators::new()
        .with_etag(EntityTag::from_static("\"v1\""))
        .with_last_modified(HttpDate::parse(L.as_bytes(), date(0)).unwrap())
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

fn etag<B>(response: &Response<B>) -> Option<String> {
    field(response.headers(), "etag")
}

/// A service that returns a 200 with these fields and counts its calls.
fn handler(
    lines: &'static [(&'static str, &'static str)],
    calls: &Arc<AtomicUsize>,
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ use<> {
    let calls = calls.clone();
    service_fn(move |_: Request<TestBody>| {
        calls.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<_, Infallible>(response_with("hello", lines)))
    })
}

fn page(
    lines: &'static [(&'static str, &'static str)],
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ use<> {
    handler(lines, &Arc::default())
}

/// A service that returns the fields of the request.
fn echo()
-> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send> + Clone + Send + Sync
{
    service_fn(|request: Request<TestBody>| {
        let mut response = response_with("hello", &[]);
        *response.headers_mut() = request.headers().clone();
        std::future::ready(Ok::<_, Infallible>(response))
    })
}

// ==== D1 ====

#[tokio::test]
async fn a_request_that_claims_to_be_grpc_is_not_exempt_from_preconditions() {
    let types = [
        "application/grpc",
        "application/grpc+json",
        "Application/GRPC+proto; charset=utf-8",
        "application/grpc-web-text",
        "application/grpcx",
        "application/grpc, application/json",
        "application/json",
    ];
    for content_type in types {
        for response_type in ["application/json", "application/grpc"] {
            let calls = Arc::default();
            let inner = {
                let inner = handler(&[], &calls);
                service_fn(move |request| {
                    let response = inner.clone().oneshot(request);
                    async move {
                        let mut response = response.await?;
                        response.headers_mut().insert("content-type", HeaderValue::from_static(response_type));
                        Ok::<_, Infallible>(response)
                    }
                })
            };
            let service = CachingLayer::new(P).validators(|_| async { v1() }).require_preconditions().layer(inner);
            let claim = ("content-type", content_type);
            for name in ["POST", "PUT", "PATCH", "DELETE"] {
                let blind = call(&service, request(method(name), "/", &[claim])).await;
                assert_eq!(blind.status(), StatusCode::PRECONDITION_REQUIRED, "{name} {content_type}");
                let stale = call(&service, request(method(name), "/", &[claim, ("if-match", "\"v0\"")])).await;
                assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED, "{name} {content_type}");
            }
            assert_eq!(calls.load(Ordering::Relaxed), 0, "Q-01: nothing is written, {content_type}");
            let current = call(&service, request(Method::POST, "/", &[claim, ("if-match", "\"v1\"")])).await;
            assert_eq!(current.status(), StatusCode::OK, "{content_type}");
        }
    }
}

#[tokio::test]
async fn a_response_is_unchanged_only_if_request_and_response_are_grpc() {
    let future = date(60).to_string();
    let grpc = "application/grpc";
    let table: &[(&str, &str, &str, bool)] = &[
        ("POST", grpc, "application/grpc+proto", true),
        ("POST", "application/grpc-web", "application/grpc-web", true),
        ("POST", "application/json", grpc, false),
        ("POST", grpc, "application/json", false),
        ("POST", grpc, "application/grpcx", false),
        ("GET", grpc, grpc, false),
        ("PUT", grpc, grpc, false),
    ];
    for (name, request_type, response_type, is_unchanged) in table {
        let lines =
            [("content-type", *response_type), ("last-modified", future.as_str())].map(|(n, v)| (n, v.to_owned()));
        let inner = service_fn(move |_: Request<TestBody>| {
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
            std::future::ready(Ok::<_, Infallible>(response_with("hello", &lines)))
        });
        let service = ConditionalLayer::new().clock(stopped()).layer(inner);
        let response = call(&service, request(method(name), "/", &[("content-type", request_type)])).await;
        let is_preserved = field(response.headers(), "last-modified").as_ref() == Some(&future);
        assert_eq!(is_preserved, *is_unchanged, "Q-03: {name} {request_type} -> {response_type}");
    }
    let service = ConditionalLayer::new().layer(page(&[("content-type", "application/grpc"), ("etag", "\"v1\"")]));
    let hit = get("/", &[("content-type", "application/grpc"), ("if-none-match", "\"v1\"")]);
    assert_eq!(call(&service, hit).await.status(), StatusCode::NOT_MODIFIED, "Q-01: gRPC is always a POST");
}

// ==== D11 ====

#[tokio::test]
async fn a_304_before_the_handler_has_the_policy_of_the_source() {
    let policy = CachePolicy::private(MINUTE);
    let service = ConditionalLayer::new().validators(move |_| async move { (v1(), policy) }).layer(page(&[]));
    let response = call(&service, get("/", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(response.extensions().get::<CachePolicy>(), Some(&policy));
    assert_eq!(response.headers().keys().collect::<Vec<_>>(), ["etag"], "the policy layers write the rest");

    let silent = ConditionalLayer::new().validators(|_| async { v1() }).layer(page(&[]));
    let response = call(&silent, get("/", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!(response.extensions().get::<CachePolicy>(), None);

    let found = call(&service, get("/", &[])).await;
    assert_eq!(found.extensions().get::<CachePolicy>(), None, "the handler decides for its 200");
    let failed = call(&service, request(Method::PUT, "/", &[("if-match", "\"v0\"")])).await;
    assert_eq!(failed.extensions().get::<CachePolicy>(), None, "the policy is not for a 412");
}

#[tokio::test]
async fn a_source_may_return_each_supported_type() {
    struct Old;
    impl ValidatorSource for Old {
        type Future = std::future::Ready<Representation>;

        fn validators(&self, _: &http::request::Parts) -> Self::Future {
            std::future::ready(v1().into())
        }
    }
    let forms: [(SelectedRepresentation, u16); 8] = [
        (v1().into(), 304),
        ((&v1()).into(), 304),
        (Some(v1()).into(), 304),
        (None::<Validators>.into(), 200),
        ((v1(), P).into(), 304),
        (Some((v1(), P)).into(), 304),
        (None::<(Validators, CachePolicy)>.into(), 200),
        (SelectedRepresentation::new(Representation::Unknown).with_policy(P), 200),
    ];
    let hit = || get("/", &[("if-none-match", "\"v1\"")]);
    for (form, status) in forms {
        let service = ConditionalLayer::new().validators(move |_| std::future::ready(form.clone())).layer(page(&[]));
        assert_eq!(call(&service, hit()).await.status().as_u16(), status);
    }
    let service = ConditionalLayer::new().validator_source(Old).layer(page(&[]));
    assert_eq!(call(&service, hit()).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_source_whose_policy_is_no_store_gives_no_304_and_no_validators() {
    let calls = Arc::default();
    let source = |_: &http::request::Parts| std::future::ready((v1(), CachePolicy::NO_STORE));
    let service = ConditionalLayer::new().validators(source).layer(handler(&[], &calls));
    let response = call(&service, get("/", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!((response.status(), etag(&response)), (StatusCode::OK, None));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let stale = call(&service, request(Method::PUT, "/", &[("if-match", "\"v0\"")])).await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED, "a write is decided all the same");
}

// ==== D15 ====

#[tokio::test]
async fn a_modification_date_in_the_future_is_never_sent() {
    let (now, future, earlier) = (date(0).to_string(), date(60).to_string(), date(-60).to_string());
    let table: &[(&str, &str, u16, &[(&str, &str)], &str)] = &[
        ("a page", "GET", 200, &[("last-modified", &future)], &now),
        ("HEAD", "HEAD", 200, &[("last-modified", &future)], &now),
        ("a partial response", "GET", 206, &[("last-modified", &future)], &now),
        ("an error", "GET", 404, &[("last-modified", &future)], &now),
        ("a write", "PUT", 200, &[("last-modified", &future)], &now),
        ("a 304 of the handler", "GET", 304, &[("last-modified", &future)], &now),
        ("a Date that is earlier", "GET", 200, &[("last-modified", &now), ("date", &earlier)], &earlier),
        ("a Date that is later", "GET", 200, &[("last-modified", &future), ("date", &future)], &now),
        ("the past stays", "GET", 200, &[("last-modified", L)], L),
        ("another format", "GET", 200, &[("last-modified", "Tuesday, 01-Jun-27 00:00:00 GMT")], &now),
        ("what is not a date stays", "GET", 200, &[("last-modified", "soon")], "soon"),
        (
            "in both of two lines",
            "GET",
            200,
            &[("last-modified", &future), ("last-modified", L)],
            &format!("{now} | {L}"),
        ),
    ];
    for (sentence, name, status, lines, expected) in table {
        let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let status = *status;
        let inner = service_fn(move |_: Request<TestBody>| {
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut response = response_with("hello", &lines);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let service = ConditionalLayer::new().clock(stopped()).layer(inner);
        let response = call(&service, request(method(name), "/", &[])).await;
        assert_eq!(field(response.headers(), "last-modified").as_deref(), Some(*expected), "V-14: {sentence}");
    }
}

#[tokio::test]
async fn a_date_that_replaces_a_future_one_gives_no_304() {
    let inner = || {
        service_fn(|_: Request<TestBody>| {
            let mut response = response_with("hello", &[]);
            response.headers_mut().insert("last-modified", date(60).to_header_value());
            std::future::ready(Ok::<_, Infallible>(response))
        })
    };
    let layer = || ConditionalLayer::new().clock(stopped());
    let source = |_: &http::request::Parts| std::future::ready(Validators::new().with_last_modified(date(60)));
    let services = [
        ("one layer", collected(layer().layer(inner()))),
        ("two layers", collected(layer().layer(layer().layer(inner())))),
        ("a source", collected(layer().validators(source).layer(page(&[])))),
        ("a source and an outer layer", collected(layer().layer(layer().validators(source).layer(page(&[]))))),
    ];
    for (sentence, service) in services {
        for name in ["GET", "HEAD"] {
            let first = call(&service, request(method(name), "/", &[])).await;
            let sent = field(first.headers(), "last-modified").unwrap();
            assert_eq!(sent, date(0).to_string(), "{sentence}");
            let again = call(&service, request(method(name), "/", &[("if-modified-since", &sent)])).await;
            assert_eq!(again.status(), StatusCode::OK, "V-14: {sentence}");
            let later = date(60).to_string();
            let known = call(&service, request(method(name), "/", &[("if-modified-since", &later)])).await;
            assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{sentence}");
        }
    }
}

// ==== C1 ====

#[tokio::test]
async fn the_validators_of_a_source_are_the_only_ones_on_get_and_head() {
    let calls = Arc::default();
    let service = CachingLayer::new(CachePolicy::NO_CACHE)
        .validators(|_| async { v1() })
        .require_preconditions()
        .layer(handler(&[("content-type", "text/html")], &calls));
    for name in ["GET", "HEAD"] {
        let response = call(&service, request(method(name), "/", &[])).await;
        assert_eq!(etag(&response).as_deref(), Some("\"v1\""), "{name}");
        assert_eq!(field(response.headers(), "last-modified").as_deref(), Some(L), "{name}");
        let matching = call(&service, request(method(name), "/", &[("if-match", "\"v1\"")])).await;
        assert_eq!(matching.status(), StatusCode::OK, "{name}");
        let hit = call(&service, request(method(name), "/", &[("if-none-match", "\"v1\"")])).await;
        assert_eq!(hit.status(), StatusCode::NOT_MODIFIED, "{name}");
    }
    let write = call(&service, request(Method::PUT, "/", &[("if-match", "\"v1\"")])).await;
    assert_eq!(write.status(), StatusCode::OK, "the tag that GET sent lets the write through");
}

#[tokio::test]
async fn no_tag_is_generated_that_the_source_does_not_know() {
    type Source = fn() -> Representation;
    let sources: [(&str, Source, Option<&str>); 4] = [
        ("a tag", || v1().into(), Some("\"v1\"")),
        ("no validator", || Validators::new().into(), None),
        ("a lookup that failed", || Representation::Unknown, None),
        ("a page that is new", || Representation::Missing, None),
    ];
    for (sentence, source, expected) in sources {
        let layers = ConditionalLayer::new().validators(move |_| std::future::ready(source()));
        let tags = EntityTagLayer::new().buffer_unknown_length(100);
        let apart = layers.layer(ConditionalLayer::new().layer(tags.layer(page(&[]))));
        assert_eq!(etag(&call(&apart, get("/", &[])).await).as_deref(), expected, "{sentence}");
    }
    let without = ConditionalLayer::new().layer(EntityTagLayer::new().layer(page(&[])));
    assert!(etag(&call(&without, get("/", &[])).await).is_some(), "without a source it is");
}

// ==== C2 ====

#[tokio::test]
async fn a_response_for_one_client_gets_no_validator_of_the_source() {
    type Change = fn(&mut Response<TestBody>);
    let changes: [(&str, Change); 7] = [
        ("a session cookie", |response| {
            response.headers_mut().append("set-cookie", HeaderValue::from_static("id=1"));
        }),
        ("no-store", |response| {
            response.headers_mut().append("cache-control", HeaderValue::from_static("private, NO-STORE"));
        }),
        ("no-store in a second line", |response| {
            response.headers_mut().append("cache-control", HeaderValue::from_static("private"));
            response.headers_mut().append("cache-control", HeaderValue::from_static("no-store"));
        }),
        ("a no-store policy", |response| {
            response.extensions_mut().insert(CachePolicy::NO_STORE);
        }),
        ("the mark of a session layer", |response| {
            response.extensions_mut().insert(Personalized);
        }),
        ("a session cookie on a partial response", |response| {
            response.headers_mut().append("set-cookie", HeaderValue::from_static("id=1"));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }),
        ("another success", |response| *response.status_mut() = StatusCode::ACCEPTED),
    ];
    for (sentence, change) in changes {
        let inner = service_fn(move |_: Request<TestBody>| {
            let mut response = response_with("please sign in", &[]);
            change(&mut response);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner);
        for name in ["GET", "HEAD"] {
            let response = call(&service, request(method(name), "/", &[])).await;
            assert_eq!(etag(&response), None, "{sentence}");
            assert_eq!(field(response.headers(), "last-modified"), None, "{sentence}");
            let matching = call(&service, request(method(name), "/", &[("if-match", "\"v1\"")])).await;
            assert!(matching.status().is_success(), "{sentence}: the source confirms the condition");
        }
    }
}

#[tokio::test]
async fn a_signed_in_client_gets_no_304_for_the_login_page() {
    let inner = service_fn(|request: Request<TestBody>| {
        let signed_in = request.extensions().get::<Personalized>().is_some();
        std::future::ready(Ok::<_, Infallible>(response_with(
            if signed_in { "your page" } else { "please sign in" },
            &[],
        )))
    });
    let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner);
    let before = call(&service, get("/", &[])).await;
    let tag = etag(&before).unwrap();
    for lines in [("if-none-match", tag.as_str()), ("if-none-match", "*"), ("if-modified-since", L)] {
        let mut again = get("/", &[lines]);
        again.extensions_mut().insert(Personalized);
        let after = call(&service, again).await;
        assert_eq!((after.status(), etag(&after)), (StatusCode::OK, None), "{lines:?}");
        assert_eq!(content(after.into_body()).await, "your page");
    }
    let own = ConditionalLayer::new().validators(|_| async { v1() }).layer(page(&[("etag", "\"mine\"")]));
    let mut again = get("/", &[("if-none-match", "\"mine\"")]);
    again.extensions_mut().insert(Personalized);
    assert_eq!(call(&own, again).await.status(), StatusCode::NOT_MODIFIED, "a tag of the handler decides");
}

// ==== C3, C4 ====

#[tokio::test]
async fn query_is_safe_and_selects_a_representation() {
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", "\"v1\"")], 304),
        (&[("if-none-match", "W/\"v1\"")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"v0\"")], 200),
        (&[("if-match", "\"v1\"")], 200),
        (&[("if-match", "\"v0\"")], 412),
        (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT")], 412),
        // P-18: for GET and HEAD only.
        (&[("if-modified-since", L)], 200),
        (&[], 200),
    ];
    for (lines, status) in table {
        let by_handler =
            ConditionalLayer::new().require_preconditions().layer(page(&[("etag", "\"v1\""), ("last-modified", L)]));
        let by_source = ConditionalLayer::new().require_preconditions().validators(|_| async { v1() }).layer(page(&[]));
        for service in [collected(by_handler), collected(by_source)] {
            let response = call(&service, request(method("QUERY"), "/", lines)).await;
            assert_eq!(response.status().as_u16(), *status, "P-25: {lines:?}");
        }
    }
    let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(page(&[]));
    let response = call(&service, request(method("QUERY"), "/", &[])).await;
    assert_eq!(etag(&response), None, "a source does not know the content of the query");
}

#[tokio::test]
async fn registered_safe_methods_ignore_preconditions() {
    let fields: [&[(&str, &str)]; 5] = [
        &[],
        &[("if-none-match", "\"v1\"")],
        &[("if-none-match", "*")],
        &[("if-match", "\"v0\"")],
        &[("if-modified-since", L)],
    ];
    for name in ["PROPFIND", "REPORT", "SEARCH", "PRI", "OPTIONS", "TRACE"] {
        for lines in fields {
            for status in [200, 207] {
                let calls = Arc::new(AtomicUsize::new(0));
                let counter = calls.clone();
                let inner = service_fn(move |_: Request<TestBody>| {
                    counter.fetch_add(1, Ordering::Relaxed);
                    let mut response = response_with("hello", &[("etag", "\"v1\"")]);
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                let service =
                    ConditionalLayer::new().require_preconditions().validators(|_| async { v1() }).layer(inner);
                let response = call(&service, request(method(name), "/", lines)).await;
                assert_eq!(response.status().as_u16(), status, "P-03: {name} {lines:?}");
                assert_eq!(calls.load(Ordering::Relaxed), 1, "{name} {lines:?}");
            }
        }
    }
    for name in ["PROPPATCH", "MKCOL", "LOCK", "MOVE", "propfind", "LINK"] {
        let service = ConditionalLayer::new().require_preconditions().layer(page(&[]));
        let response = call(&service, request(method(name), "/", &[])).await;
        assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED, "{name}");
    }
}

#[tokio::test]
async fn the_webdav_field_if_counts_as_a_precondition() {
    let service = ConditionalLayer::new().require_preconditions().layer(page(&[]));
    for (value, status) in [
        ("(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>)", 200),
        ("</specs/> (Not <DAV:no-lock> [\"v1\"])", 200),
        ("", 428),
        ("()", 428),
        ("x", 428),
    ] {
        for name in ["PUT", "PROPPATCH", "DELETE"] {
            let response = call(&service, request(method(name), "/", &[("if", value)])).await;
            assert_eq!(response.status().as_u16(), status, "{name} {value}");
        }
    }
}

// ==== C5, C6, C7 ====

#[tokio::test]
async fn the_inner_service_gets_lists_joined_into_one_line() {
    let table: &[(&[&str], &str)] = &[
        (&["\"x\"", "\"v1\""], "\"x\", \"v1\""),
        (&["\"x\", W/\"y\"", "", " , \"v1\" "], "\"x\", W/\"y\", , \"v1\""),
        (&["", ""], ""),
        (&["\"v1\""], "\"v1\""),
        (&["*", "\"v1\""], "*, \"v1\""),
        (&["\"v1\"", "\"v1\""], "\"v1\", \"v1\""),
    ];
    for (values, expected) in table {
        for name in ["if-match", "if-none-match"] {
            for method_name in ["GET", "HEAD", "PUT", "PROPFIND", "POST"] {
                let lines: Vec<_> = values.iter().map(|value| (name, *value)).collect();
                let response =
                    call(&ConditionalLayer::new().layer(echo()), request(method(method_name), "/", &lines)).await;
                if response.status() == StatusCode::OK {
                    assert_eq!(
                        field(response.headers(), name).as_deref(),
                        Some(*expected),
                        "P-21: {method_name} {name} {values:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_file_is_served_by_all_lines_of_a_list() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    std::fs::write(&path, "hello").unwrap();
    let service = collected(ConditionalLayer::new().layer(ServeFile::new(&path)));
    let first = call(&service, get("/", &[])).await;
    let (tag, date) = (etag(&first).unwrap(), field(first.headers(), "last-modified").unwrap());
    let table: &[(&str, &[(&str, &str)], u16)] = &[
        ("the right tag in the second line", &[("if-match", "\"x\""), ("if-match", &tag)], 200),
        ("in the second line", &[("if-none-match", "\"x\""), ("if-none-match", &tag)], 304),
        ("in no line", &[("if-match", "\"x\""), ("if-match", "\"y\"")], 412),
        ("an empty list is a list (P-17)", &[("if-none-match", ""), ("if-modified-since", &date)], 200),
        ("two empty lines", &[("if-none-match", ""), ("if-none-match", ""), ("if-modified-since", &date)], 200),
        ("white space", &[("if-none-match", " \t"), ("if-modified-since", &date)], 200),
        ("an empty list matches nothing (P-06)", &[("if-match", "")], 412),
        ("the date alone", &[("if-modified-since", &date)], 304),
        ("two dates are ignored (P-18)", &[("if-modified-since", &date), ("if-modified-since", &date)], 200),
        ("two dates are ignored (P-12)", &[("if-unmodified-since", L), ("if-unmodified-since", L)], 200),
        ("a date next to If-Match is ignored (P-12)", &[("if-match", &tag), ("if-unmodified-since", L)], 200),
    ];
    for (sentence, lines, status) in table {
        for name in ["GET", "HEAD"] {
            let response = call(&service, request(method(name), "/", lines)).await;
            assert_eq!(response.status().as_u16(), *status, "{name}: {sentence}");
        }
    }
}

#[tokio::test]
async fn only_valid_ranges_of_bytes_reach_a_service() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.txt"), "hello world").unwrap();
    let files = ServeDir::new(directory.path());
    let source = HeadValidators::<_, TestBody>::new(files.clone());
    let services = [
        collected(ConditionalLayer::new().layer(files.clone())),
        collected(ConditionalLayer::new().validator_source(source).layer(files.clone())),
        collected(CachingLayer::new(P).layer(files)),
    ];
    let table: &[(&[&str], u16)] = &[
        (&["bytes=0-1"], 206),
        (&["bytes=100-"], 416),
        (&["pages=0-1"], 200),
        (&["bytes"], 200),
        (&[""], 200),
        (&["bytes=x-y"], 200),
        (&["bytes=0-99999999999999999999999"], 200),
        (&["bytes=0-1", "bytes=2-3"], 200),
        (&["pages=0-1", "bytes=0-1"], 200),
    ];
    for (values, status) in table {
        let lines: Vec<_> = values.iter().map(|value| ("range", *value)).collect();
        for service in &services {
            let response = call(service, get("/a.txt", &lines)).await;
            assert_eq!(response.status().as_u16(), *status, "R-01: {values:?}");
        }
    }
}

#[tokio::test]
async fn no_range_is_requested_for_a_malformed_list_with_the_tag_of_a_coded_response() {
    let inner = service_fn(|request: Request<TestBody>| {
        let has_range = request.headers().contains_key("range");
        std::future::ready(Ok::<_, Infallible>(response_with(if has_range { "a part" } else { "all" }, &[])))
    });
    for service in [
        collected(ConditionalLayer::new().inner_handles_if_range().layer(inner)),
        collected(ConditionalLayer::new().layer(inner)),
    ] {
        for line in ["\"x--gzip\"", "\"x--gzip\", \"y", "\"x--gzip\", y"] {
            let response = call(&service, get("/", &[("range", "bytes=0-1"), ("if-range", line)])).await;
            assert_eq!(response.body(), "all", "R-02: {line}");
        }
    }
}

#[tokio::test]
async fn a_304_takes_precedence_over_a_range_that_cannot_be_satisfied() {
    let inner = service_fn(|request: Request<TestBody>| {
        let mut response = response_with("hello", &[("etag", "\"v1\""), ("last-modified", L)]);
        if request.headers().contains_key("range") {
            response = response_with("", &[("content-range", "bytes */5")]);
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let beyond = ("range", "bytes=100-");
    let services = [
        collected(ConditionalLayer::new().layer(inner)),
        collected(ConditionalLayer::new().validators(|_| async { v1() }).layer(inner)),
        collected(ConditionalLayer::new().validators(|_| async { Representation::Unknown }).layer(inner)),
        collected(CachingLayer::new(P).layer(inner)),
    ];
    for service in services {
        for hit in [("if-none-match", "\"v1\""), ("if-none-match", "*"), ("if-modified-since", L)] {
            let response = call(&service, get("/", &[beyond, hit])).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "R-04: {hit:?}");
        }
        let response = call(&service, get("/", &[beyond])).await;
        assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let by_source = ConditionalLayer::new().validators(|_| async { v1() }).layer(echo());
    let response = call(&by_source, get("/", &[("range", "bytes=0-1"), ("if-none-match", "\"v0\"")])).await;
    assert!(response.headers().contains_key("range"), "a source has decided, so the range can be honored");
}

// ==== C8, C13, C14 ====

#[tokio::test]
async fn a_tag_depends_on_the_fields_that_describe_the_content() {
    let table: &[&[(&str, &str)]] = &[
        &[],
        &[("content-type", "text/html; charset=iso-8859-1")],
        &[("content-type", "text/html; charset=utf-8")],
        &[("content-type", "text/html;charset=utf-8")],
        &[("content-type", "text/html; charset=utf-8"), ("content-language", "en")],
        &[("content-type", "text/html; charset=utf-8"), ("content-language", "de")],
        &[("content-type", "text/html; charset=utf-8"), ("content-encoding", "gzip")],
        &[("content-type", "text/html; charset=utf-8"), ("content-disposition", "attachment")],
        &[("content-language", "text/html; charset=utf-8")],
        &[("content-language", "en"), ("content-language", "de")],
    ];
    let layers = [
        EntityTagLayer::new(),
        EntityTagLayer::new().hash_every_body(),
        #[cfg(feature = "strong-tags")]
        EntityTagLayer::new().strong(),
        #[cfg(feature = "strong-tags")]
        EntityTagLayer::new().keyed([7; 32]),
    ];
    for layer in layers {
        let mut seen = std::collections::HashSet::new();
        // A shared body has the same address each time, so its tag is stored in the memo.
        for lines in table {
            let lines = *lines;
            let inner = service_fn(move |_: Request<TestBody>| {
                std::future::ready(Ok::<_, Infallible>(response_with("hello", lines)))
            });
            let service = layer.layer(inner);
            let tags: Vec<_> = [(); 4].iter().map(|()| call(&service, get("/", &[]))).collect();
            let mut all = Vec::new();
            for tag in tags {
                all.push(etag(&tag.await).unwrap());
            }
            assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{lines:?}");
            let in_two_frames = {
                let lines = lines.to_vec();
                let inner = service_fn(move |_: Request<TestBody>| {
                    let (head, _) = response_with("", &lines).into_parts();
                    let body = Frames::of(&["hel", "lo"]).sized();
                    std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, body)))
                });
                etag(&call(&layer.layer(inner), get("/", &[])).await).unwrap()
            };
            assert_eq!(all[0], in_two_frames, "{lines:?}");
            assert!(seen.insert(all[0].clone()), "V-10: {lines:?} has the tag of another");
        }
    }
}

#[tokio::test]
async fn a_page_with_a_new_content_type_is_sent_again() {
    let fixed = Arc::new(AtomicBool::new(false));
    let service = {
        let fixed = fixed.clone();
        CachingLayer::new(P).layer(service_fn(move |_: Request<TestBody>| {
            let charset = if fixed.load(Ordering::Relaxed) { "utf-8" } else { "latin-1" };
            let mut response = response_with("caf\u{e9}", &[]);
            let value = HeaderValue::from_str(&format!("text/plain; charset={charset}")).unwrap();
            response.headers_mut().insert("content-type", value);
            std::future::ready(Ok::<_, Infallible>(response))
        }))
    };
    let tag = etag(&call(&service, get("/", &[])).await).unwrap();
    let again = || get("/", &[("if-none-match", &tag)]);
    assert_eq!(call(&service, again()).await.status(), StatusCode::NOT_MODIFIED);
    fixed.store(true, Ordering::Relaxed);
    assert_eq!(call(&service, again()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn slices_in_the_memo_are_released_after_the_application_drops_the_buffer() {
    struct Buffer(Vec<u8>, Arc<AtomicBool>);
    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Buffer {
        fn drop(&mut self) {
            self.1.store(true, Ordering::Relaxed);
        }
    }
    let layer = EntityTagLayer::new();
    let serve = async |body: &Bytes| {
        let body = body.clone();
        let inner = service_fn(move |_: Request<TestBody>| {
            let body = body.clone();
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(body))))
        });
        assert!(etag(&call(&layer.layer(inner), get("/", &[])).await).is_some());
    };
    for from_owner in [false, true] {
        let dropped = Arc::new(AtomicBool::new(false));
        let buffer = if from_owner {
            Bytes::from_owner(Buffer(vec![7; 4096], dropped.clone()))
        } else {
            Bytes::from(vec![7; 4096])
        };
        let watched = (!from_owner).then(|| buffer.clone());
        let slices: Vec<_> = (0..4).map(|n| buffer.slice(n * 1024..(n + 1) * 1024)).collect();
        for _ in 0..4 {
            for slice in &slices {
                serve(slice).await;
            }
        }
        drop((slices, buffer));
        let next = Bytes::from(vec![u8::from(from_owner); 10]);
        for _ in 0..3 {
            serve(&next).await;
        }
        match watched {
            Some(buffer) => assert!(buffer.is_unique(), "another handle to the buffer exists"),
            None => assert!(dropped.load(Ordering::Relaxed), "the owner still exists"),
        }
    }
}

#[tokio::test]
async fn content_whose_length_differs_from_content_length_gets_no_tag() {
    let table: &[(&str, &[&'static str], Option<u64>, &[(&str, &str)], bool)] = &[
        ("as stated", &["hello"], Some(5), &[("content-length", "5")], true),
        ("a hint that is too long", &["hello"], Some(10), &[], false),
        ("in two frames", &["hel", "lo"], Some(10), &[], false),
        ("no content at all", &[], Some(10), &[], false),
        ("a Content-Length that is too long", &["hello"], Some(5), &[("content-length", "10")], false),
        ("one that is too short", &["hello"], Some(5), &[("content-length", "4")], false),
        ("one that is not a number", &["hello"], Some(5), &[("content-length", "+5")], false),
        ("two", &["hello"], Some(5), &[("content-length", "5"), ("content-length", "5")], false),
        ("a length that only the field states", &["hello"], None, &[("content-length", "10")], false),
        ("no length", &["hello"], None, &[], true),
    ];
    for (sentence, pieces, hint, lines, tagged) in table {
        let (pieces, hint, lines) = (*pieces, *hint, *lines);
        let inner = service_fn(move |_: Request<TestBody>| {
            let (head, _) = response_with("", lines).into_parts();
            let body = match hint {
                Some(length) => Frames::of(pieces).hinted(length),
                None => Frames::of(pieces),
            };
            std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, body)))
        });
        let service = EntityTagLayer::new().buffer_unknown_length(100).layer(inner);
        let response = call(&service, get("/", &[])).await;
        assert_eq!(etag(&response).is_some(), *tagged, "{sentence}");
        if !tagged {
            assert_eq!(response.body().size_hint().exact(), hint, "{sentence}: the hint is that of the body");
        }
        let collected = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(collected, pieces.concat(), "{sentence}");
    }
}

// ==== C9 ====

#[tokio::test]
async fn a_304_of_the_handler_gets_the_one_tag_that_the_client_named() {
    let table: &[(&str, &str, &[&str], &[(&str, &str)], Option<&str>)] = &[
        ("one tag", "GET", &["\"v1\""], &[], Some("\"v1\"")),
        ("HEAD", "HEAD", &["\"v1\""], &[], Some("\"v1\"")),
        ("a weak tag", "GET", &["W/\"v1\""], &[], Some("W/\"v1\"")),
        ("with empty members", "GET", &[", \"v1\" ,"], &[], Some("\"v1\"")),
        ("the tag of a coding", "GET", &["\"v1--gzip\""], &[], Some("\"v1--gzip\"")),
        ("a list", "GET", &["\"v1\", \"v2\""], &[], None),
        ("two lines", "GET", &["\"v1\"", "\"v2\""], &[], None),
        ("`*`", "GET", &["*"], &[], None),
        ("what is not a tag", "GET", &["v1"], &[], None),
        ("no list", "GET", &[], &[], None),
        ("the tag of the handler", "GET", &["\"v1\""], &[("etag", "\"v2\"")], Some("\"v2\"")),
        ("QUERY", "QUERY", &["\"v1\""], &[], None),
        ("PUT", "PUT", &["\"v1\""], &[], None),
    ];
    for (sentence, name, tags, fields, expected) in table {
        let fields = *fields;
        let inner = service_fn(move |_: Request<TestBody>| {
            let mut response = response_with("", fields);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let mut lines: Vec<_> = tags.iter().map(|tag| ("if-none-match", *tag)).collect();
        lines.push(("accept-encoding", "gzip"));
        let response = call(&ConditionalLayer::new().layer(inner), request(method(name), "/", &lines)).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(etag(&response).as_deref(), *expected, "N-01: {sentence}");
        let coded = expected.is_some_and(|tag| tag.contains("--gzip"));
        assert_eq!(field(response.headers(), "vary").is_some(), coded, "{sentence}");
    }
}

// ==== C10, the text of 428 ====

#[tokio::test]
async fn the_methods_that_need_a_precondition_can_be_chosen() {
    let only_put =
        || ConditionalLayer::new().require_preconditions_for([Method::PUT, method("PROPPATCH"), Method::GET]);
    let services = [
        collected(only_put().layer(page(&[]))),
        collected(only_put().validators(|_| async { v1() }).layer(page(&[]))),
        collected(
            ConditionalLayer::new()
                .require_preconditions()
                .require_preconditions_for([Method::PUT, method("PROPPATCH")])
                .layer(page(&[])),
        ),
        collected(
            CachingLayer::new(P)
                .require_preconditions()
                .conditional(|layer| layer.require_preconditions_for([Method::PUT, method("PROPPATCH")]))
                .layer(page(&[])),
        ),
    ];
    for service in services {
        for (name, status) in
            [("PUT", 428), ("PROPPATCH", 428), ("POST", 200), ("DELETE", 200), ("GET", 200), ("put", 200)]
        {
            let response = call(&service, request(method(name), "/", &[])).await;
            assert_eq!(response.status().as_u16(), status, "{name}");
        }
        let guarded = call(&service, request(Method::PUT, "/", &[("if-match", "\"v1\"")])).await;
        assert_eq!(guarded.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn the_text_of_a_428_requests_a_strong_tag() {
    let service = ConditionalLayer::new().require_preconditions().layer(page(&[]));
    let response = call(&service, request(Method::PUT, "/", &[])).await;
    let text = content(response.into_body()).await;
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains("If-Match with the strong entity tag"), "{text}");
    assert!(text.contains("if a GET response has one of them"), "{text}");
    assert!(!text.contains("GET gave you"), "{text}");
}

// ==== C12 ====

/// A store with one page, under generated tags.
fn tagged(
    layer: &EntityTagLayer,
    lines: &'static [(&'static str, &'static str)],
    gets: &Arc<AtomicUsize>,
) -> impl Service<
    Request<TestBody>,
    Response = Response<impl Body<Data = Bytes, Error = Infallible> + Send + use<>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ Sync
+ use<> {
    let gets = gets.clone();
    layer.layer(service_fn(move |request: Request<TestBody>| {
        gets.fetch_add(usize::from(*request.method() == Method::GET), Ordering::Relaxed);
        let body = if *request.method() == Method::HEAD { "" } else { "hello" };
        std::future::ready(Ok::<_, Infallible>(response_with(body, lines)))
    }))
}

#[cfg(feature = "strong-tags")]
#[tokio::test]
async fn a_write_with_the_generated_tag_of_get_succeeds() {
    // The response to HEAD has a date, but not the validator that decides.
    for lines in [&[][..], &[("last-modified", L)]] {
        let gets = Arc::default();
        let store = tagged(&EntityTagLayer::new().strong(), lines, &gets);
        let source = HeadValidators::<_, TestBody>::new(store.clone());
        let service = ConditionalLayer::new().validator_source(source).require_preconditions().layer(store);
        let tag = etag(&call(&service, get("/", &[])).await).unwrap();
        assert_eq!(gets.load(Ordering::Relaxed), 1, "GET alone needs no probe");
        for (line, status) in [
            (("if-match", tag.as_str()), 200),
            (("if-match", "\"other\""), 412),
            (("if-none-match", tag.as_str()), 412),
            (("if-none-match", "\"other\""), 200),
        ] {
            let response = call(&service, request(Method::PUT, "/", &[line])).await;
            assert_eq!(response.status().as_u16(), status, "{line:?}");
        }
        let before = gets.load(Ordering::Relaxed);
        call(&service, request(Method::PUT, "/", &[("if-match", "*")])).await;
        assert_eq!(gets.load(Ordering::Relaxed), before, "HEAD shows that the page exists");
        let resumed = get("/", &[("range", "bytes=0-1"), ("if-range", &tag)]);
        assert_eq!(call(&service, resumed).await.status(), StatusCode::OK);
    }
}

#[cfg(feature = "strong-tags")]
#[tokio::test]
async fn a_probe_through_another_source_gets_a_tag() {
    let store = tagged(&EntityTagLayer::new().strong(), &[], &Arc::default());
    let tag = etag(&call(&store, get("/", &[])).await).unwrap();
    let source = HeadValidators::<_, TestBody>::new(store.clone());
    let inner = ConditionalLayer::new().validator_source(source).layer(store);
    let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner);
    // The outer layer marks the request, and the probe of the inner layer must not have the mark.
    let resumed = get("/", &[("range", "bytes=0-1"), ("if-range", &tag)]);
    assert_eq!(call(&service, resumed).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_caching_layer_sends_no_generated_tag_that_no_write_would_accept() {
    let store = page(&[("content-type", "text/html")]);
    let source = HeadValidators::<_, TestBody>::new(store.clone());
    let service = CachingLayer::new(P).validator_source(source).layer(store);
    assert_eq!(etag(&call(&service, get("/", &[])).await), None);

    let gets = Arc::default();
    let store = tagged(&EntityTagLayer::new(), &[], &gets);
    let source = HeadValidators::<_, TestBody>::new(store.clone());
    let service = CachingLayer::new(P).validator_source(source).layer(store);
    assert!(etag(&call(&service, get("/", &[])).await).is_some(), "the source reads this one");
}

#[tokio::test]
async fn a_probe_drops_the_body_of_the_page_unread() {
    let service = service_fn(|request: Request<TestBody>| {
        let (mut head, _) = response_with("", &[]).into_parts();
        if *request.method() == Method::GET {
            head.headers.insert("etag", HeaderValue::from_static("\"v1\""));
        }
        std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, NeverPolled)))
    });
    let layer = ConditionalLayer::new().validator_source(HeadValidators::<_, TestBody>::new(service));
    for (tag, status) in [("\"v1\"", 200), ("\"v0\"", 412)] {
        let response = call(&layer.layer(service), request(Method::PUT, "/", &[("if-match", tag)])).await;
        assert_eq!(response.status().as_u16(), status);
    }
}

#[tokio::test]
async fn a_page_that_get_refuses_is_unknown() {
    for (status, expected) in [(200, 200), (404, 200), (403, 412), (500, 412), (204, 412)] {
        let service = service_fn(move |request: Request<TestBody>| {
            let mut response = response_with("", &[]);
            if *request.method() == Method::GET {
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
            }
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let layer = ConditionalLayer::new().validator_source(HeadValidators::<_, TestBody>::new(service));
        let response = call(&layer.layer(service), request(Method::PUT, "/", &[("if-none-match", "\"v1\"")])).await;
        assert_eq!(response.status().as_u16(), expected, "GET returns {status}");
    }
}

#[tokio::test]
async fn a_probe_never_runs_the_method_that_a_field_names() {
    // P-08
    for name in ["x-http-method", "x-http-method-override", "x-method-override"] {
        let deletions = Arc::new(AtomicUsize::new(0));
        let counter = deletions.clone();
        let service = service_fn(move |request: Request<TestBody>| {
            let method = request.headers().get(name).map_or(request.method().as_str().as_bytes(), |it| it.as_bytes());
            counter.fetch_add(usize::from(method == b"DELETE"), Ordering::Relaxed);
            std::future::ready(Ok::<_, Infallible>(response_with("", &[("etag", "\"v1\"")])))
        });
        let source = HeadValidators::<_, TestBody>::new(service.clone());
        let service = ConditionalLayer::new().validator_source(source).layer(service);
        for (tag, expected) in [("\"v0\"", (412, 0)), ("\"v1\"", (200, 1))] {
            let write = request(Method::POST, "/", &[("if-match", tag), (name, "DELETE")]);
            let status = call(&service, write).await.status().as_u16();
            assert_eq!((status, deletions.load(Ordering::Relaxed)), expected, "{name} {tag}");
        }
    }
}

// ==== C15 ====

#[tokio::test]
async fn a_failed_precondition_takes_precedence_over_an_error_of_the_handler() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let router = service_fn(move |_: Request<TestBody>| {
        counter.fetch_add(1, Ordering::Relaxed);
        let mut response = response_with("", &[]);
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(router);
    let failed = call(&service, request(Method::POST, "/articles/1", &[("if-match", "\"v0\"")])).await;
    assert_eq!(failed.status(), StatusCode::PRECONDITION_FAILED, "the module documentation explains this");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let plain = call(&service, request(Method::POST, "/articles/1", &[("if-match", "\"v1\"")])).await;
    assert_eq!(plain.status(), StatusCode::METHOD_NOT_ALLOWED);
}

// ==== C16 ====

#[tokio::test]
async fn the_fields_of_head_under_compression_equal_those_of_get_or_are_omitted() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.txt"), "hello ".repeat(1_000)).unwrap();
    let files = ServeDir::new(directory.path());
    let without_validators = service_fn(|request: Request<TestBody>| {
        let whole = *request.method() != Method::HEAD;
        let text = if whole { include_str!("../LICENSE-APACHE") } else { "" };
        std::future::ready(Ok::<_, Infallible>(response_with(text, &[("content-type", "text/plain")])))
    });
    let compressed = || CachingLayer::new(P).compression(CompressionLayer::new());
    let stacks = [
        collected(compressed().layer(files.clone())),
        collected(compressed().validators(|_| async { v1() }).layer(without_validators)),
        collected(ConditionalLayer::new().layer(CompressionLayer::new().layer(files.clone()))),
        collected(CachingLayer::new(P).layer(files)),
    ];
    for (index, service) in stacks.into_iter().enumerate() {
        for accepted in ["gzip", "br, gzip;q=0.5", "identity", "gzip;q=0", "*"] {
            let accept = ("accept-encoding", accepted);
            let whole = call(&service, get("/a.txt", &[accept])).await;
            let head = call(&service, request(Method::HEAD, "/a.txt", &[accept])).await;
            assert_eq!(head.status(), StatusCode::OK);
            for (name, value) in head.headers() {
                assert_eq!(whole.headers().get(name), Some(value), "stack {index}, {accepted}: {name}");
            }
            let plain = whole.headers().get("content-encoding").is_none();
            if plain && index != 2 && matches!(accepted, "identity" | "gzip;q=0") || index == 3 {
                assert_eq!(head.headers(), whole.headers(), "stack {index}, {accepted}");
            }
            let tag = etag(&whole).unwrap();
            let again = call(&service, request(Method::HEAD, "/a.txt", &[accept, ("if-none-match", &tag)])).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "P-24: stack {index}, {accepted}");
            assert_eq!(etag(&again).as_ref(), Some(&tag), "stack {index}, {accepted}");
            let matching = call(&service, request(Method::HEAD, "/a.txt", &[accept, ("if-match", &tag)])).await;
            assert_eq!(matching.status(), StatusCode::OK, "P-24: stack {index}, {accepted}");
        }
    }
}

#[tokio::test]
async fn a_head_without_a_known_length_has_no_exact_size() {
    let inner = page(&[("etag", "\"v1\""), ("content-length", "5")]);
    let empty = service_fn(move |request| {
        let response = inner.clone().oneshot(request);
        async move { Ok::<_, Infallible>(response.await?.map(|_| TestBody::default())) }
    });
    let service = CachingLayer::new(P).compression(CompressionLayer::new()).layer(empty);
    let response = call(&service, request(Method::HEAD, "/", &[("accept-encoding", "gzip")])).await;
    assert_eq!(field(response.headers(), "content-length"), None);
    assert_eq!(response.body().size_hint().exact(), None, "a server would write content-length: 0");
    assert!(response.body().is_end_stream());
    let weak = CachingLayer::new(P).compression(CompressionLayer::new()).layer(service_fn(|_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response_with("", &[("etag", "W/\"v1\"")])))
    }));
    let response = call(&weak, request(Method::HEAD, "/", &[("accept-encoding", "gzip")])).await;
    assert_eq!(etag(&response).as_deref(), Some("W/\"v1\""), "a weak tag is that of all codings");
}

// ==== D20, for the fields that these layers write ====

#[test]
fn a_response_with_the_maximum_number_of_fields_does_not_panic() {
    fn full(first: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in first {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        for number in 0.. {
            let name = HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap();
            if headers.try_append(name, HeaderValue::from_static("1")).is_err() {
                return headers;
            }
        }
        unreachable!()
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for first in [
            &[][..],
            &[("etag", "\"v1\"")],
            &[("etag", "\"v1\""), ("content-encoding", "gzip")],
            &[("last-modified", "Mon, 07 Nov 2094 08:49:37 GMT")],
        ] {
            let headers = full(first);
            for status in [200, 304] {
                let headers = headers.clone();
                let inner = service_fn(move |_: Request<TestBody>| {
                    let mut response = response_with("hello", &[]);
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                    *response.headers_mut() = headers.clone();
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                let tagged = EntityTagLayer::new().layer(inner);
                for lines in [
                    &[][..],
                    &[("if-match", "\"x\"")],
                    &[("if-none-match", "\"v1--gzip\""), ("accept-encoding", "gzip")],
                ] {
                    call(&ConditionalLayer::new().layer(tagged.clone()), get("/", lines)).await;
                    let source = ConditionalLayer::new().validators(|_| async { v1() });
                    let response = call(&source.layer(tagged.clone()), get("/", lines)).await;
                    if response.status() == StatusCode::PRECONDITION_FAILED {
                        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"));
                    }
                }
            }
        }
    });
    let mut headers = full(&[("if-match", "\"v1--gzip\"")]);
    let preconditions = Preconditions::new(&Method::PUT, &headers);
    tower_cache_policy::protocol::ContentCodedTags::take_from(&Method::PUT, &mut headers);
    assert_eq!(headers["if-match"], "\"v1\"");
    assert_eq!(preconditions.evaluate(&Representation::Missing, date(0)).outcome(), Outcome::PreconditionFailed);
}
