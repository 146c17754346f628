//! Tests `ConditionalLayer`: when it decides, when it does not, and which calls do not happen.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::layers::conditional::ConditionalReason;
use tower_cache_policy::protocol::{Condition, EntityTag, HttpDate, Representation, Validators};
use tower_cache_policy::{Clock, ConditionalLayer, HeadValidators};

use support::{NeverPolled, TestBody, call, content, field, get, request, response_with};

const L: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE_L: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER_L: &str = "Mon, 07 Nov 2094 08:49:37 GMT";
const L_SECONDS: i64 = 784_111_777;

fn v1() -> Validators {
    Validators::new()
        .with_etag(EntityTag::from_static("\"v1\""))
        .with_last_modified(HttpDate::from_unix_seconds(L_SECONDS).unwrap())
}

/// The vector T-P: the fields, the status for GET, and the status for a PUT that is decided before the handler. The
/// current tag is `"v1"`, the modification date is [`L`].
const T_P: &[(&[(&str, &str)], u16, u16)] = &[
    (&[("if-none-match", "\"v1\"")], 304, 412),   // P-14, P-16
    (&[("if-none-match", "W/\"v1\"")], 304, 412), // P-15
    (&[("if-none-match", "\"x\", W/\"v1\"")], 304, 412),
    (&[("if-none-match", "\"x\""), ("if-none-match", "\"v1\"")], 304, 412), // P-21
    (&[("if-none-match", "\"x,\", \"v1\"")], 304, 412),
    (&[("if-none-match", "\"x,\"v1\"")], 200, 412),
    (&[("if-none-match", ",, ,\"v1\",")], 304, 412),  // P-21
    (&[("if-none-match", "oops, \"v1\"")], 304, 412), // P-23
    (&[("if-none-match", "*")], 304, 412),            // P-14
    (&[("if-none-match", "*, \"x\"")], 200, 412),     // P-22
    (&[("if-none-match", "*"), ("if-none-match", "*")], 200, 412),
    (&[("if-none-match", "*, \"v1\"")], 304, 412),
    (&[("if-none-match", "*, garbage")], 200, 412), // P-22
    (&[("if-none-match", "*, \"x")], 200, 412),
    (&[("if-none-match", "\"x\""), ("if-modified-since", L)], 200, 200), // P-17
    (&[("if-none-match", "garbage"), ("if-modified-since", L)], 200, 200),
    (&[("if-none-match", "")], 200, 200),
    (&[("if-none-match", ""), ("if-modified-since", L)], 200, 200),
    (&[("if-none-match", "\"\u{e9}\"")], 200, 200), // V-04
    (&[("if-modified-since", L)], 304, 200),        // P-18, P-19
    (&[("if-modified-since", BEFORE_L)], 200, 200), // P-19
    (&[("if-modified-since", AFTER_L)], 304, 200),  // P-20
    (&[("if-modified-since", "soon")], 200, 200),   // P-18, D-05
    (&[("if-modified-since", L), ("if-modified-since", L)], 200, 200), // P-18
    (&[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")], 304, 200), // D-02
    (&[("if-modified-since", "Sun Nov  6 08:49:37 1994")], 304, 200), // D-02, D-03
    (&[("if-match", "\"v1\"")], 200, 200),          // P-06
    (&[("if-match", "W/\"v1\"")], 412, 412),        // P-07
    (&[("if-match", "\"x\"")], 412, 412),           // P-06, P-08, P-11
    (&[("if-match", "\"x\""), ("if-match", "\"v1\"")], 200, 200),
    (&[("if-match", "*")], 200, 200),         // P-06
    (&[("if-match", "*, \"v1\"")], 412, 412), // P-22
    (&[("if-match", "*, garbage")], 412, 412),
    (&[("if-match", "*, \"v1")], 412, 412),
    (&[("if-match", "")], 412, 412),
    (&[("if-match", "garbage")], 412, 412), // P-06
    (&[("if-match", "\"v1")], 412, 412),
    (&[("if-match", "\"x\", \"v1")], 412, 412),
    (&[("if-match", "v1")], 412, 412),
    (&[("if-match", "\"v1\""), ("if-unmodified-since", BEFORE_L)], 200, 200), // P-12
    (&[("if-match", "garbage"), ("if-unmodified-since", L)], 412, 412),
    (&[("if-unmodified-since", L)], 200, 200),        // P-13
    (&[("if-unmodified-since", BEFORE_L)], 412, 412), // P-08, P-13
    (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:60 GMT")], 200, 200),
    (&[("if-unmodified-since", "Sat, 05 Nov 1994 23:59:60 GMT")], 412, 412), // D-06
    (&[("if-unmodified-since", "Mon, 01 Jan 1900 00:00:00 GMT")], 412, 412),
    (&[("if-unmodified-since", "soon")], 200, 200), // P-12
    (&[("if-match", "\"v1\""), ("if-none-match", "\"v1\"")], 304, 412), // P-05
    (&[("if-match", "\"x\""), ("if-none-match", "\"v1\"")], 412, 412), // P-05
    (&[("if-unmodified-since", BEFORE_L), ("if-modified-since", AFTER_L)], 412, 412),
];

struct Counted<S> {
    service: S,
    calls: Arc<AtomicUsize>,
}

fn counted(
    status: StatusCode,
    lines: &'static [(&'static str, &'static str)],
) -> Counted<impl Service<Request<TestBody>, Response = Response<NeverPolled>, Error = Infallible, Future: Send> + Clone>
{
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let service = service_fn(move |_: Request<TestBody>| {
        counter.fetch_add(1, Ordering::Relaxed);
        let (mut head, _) = response_with("", lines).into_parts();
        head.status = status;
        std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, NeverPolled)))
    });
    Counted { service, calls }
}

#[tokio::test]
async fn a_decision_after_the_handler_drops_the_body_unread() {
    for (lines, status, _) in T_P {
        let inner = counted(StatusCode::OK, &[("etag", "\"v1\""), ("last-modified", L)]);
        let service = ConditionalLayer::new().layer(inner.service);
        for method in [Method::GET, Method::HEAD] {
            let response = call(&service, request(method.clone(), "/", lines)).await;
            assert_eq!(response.status().as_u16(), *status, "{method} {lines:?}");
            if *status != 200 {
                assert!(response.body().is_end_stream());
                assert_eq!(content(response.into_body()).await, "", "P-29: NeverPolled would have panicked");
            }
        }
    }
}

#[tokio::test]
async fn a_decision_before_the_handler_applies_to_every_method() {
    for (lines, for_get, for_put) in T_P {
        for (method, status) in [
            (Method::GET, for_get),
            (Method::HEAD, for_get),
            (Method::PUT, for_put),
            (Method::PATCH, for_put),
            (Method::DELETE, for_put),
            (Method::POST, for_put),
            (Method::from_bytes(b"FROB").unwrap(), for_put),
        ] {
            let inner = counted(StatusCode::OK, &[]);
            let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner.service);
            let response = call(&service, request(method.clone(), "/", lines)).await;
            assert_eq!(response.status().as_u16(), *status, "{method} {lines:?}");
            let calls = inner.calls.load(Ordering::Relaxed);
            assert_eq!(calls, usize::from(*status == 200), "P-08, {method} {lines:?}: nothing is written on a 412");
        }
    }
}

#[tokio::test]
async fn without_a_source_the_handler_gets_the_preconditions_of_a_write() {
    for (lines, ..) in T_P {
        let seen = service_fn(|request: Request<TestBody>| {
            let (mut head, ()) = Response::new(()).into_parts();
            head.headers = request.headers().clone();
            head.headers.insert("etag", http::HeaderValue::from_static("\"v1\""));
            std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, NeverPolled)))
        });
        let response = call(&ConditionalLayer::new().layer(seen), request(Method::PUT, "/", lines)).await;
        assert_eq!(response.status(), StatusCode::OK, "P-09: {lines:?}");
        for (name, _) in *lines {
            let sent: Vec<_> = lines.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect();
            // RFC 9110 section 5.3: a list in several lines equals the list in one line. Dates are not lists.
            let separator = if name.ends_with("match") { ", " } else { " | " };
            assert_eq!(field(response.headers(), name), Some(sent.join(separator)), "P-28: {name}");
        }
    }
}

#[tokio::test]
async fn methods_that_select_no_representation_are_not_evaluated() {
    for method in ["OPTIONS", "TRACE", "PRI", "PROPFIND", "REPORT", "SEARCH"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for (lines, ..) in T_P {
            let inner = counted(StatusCode::OK, &[("etag", "\"v1\"")]);
            let layer = ConditionalLayer::new().validators(|_| async { v1() }).require_preconditions();
            let response = call(&layer.layer(inner.service), request(method.clone(), "/", lines)).await;
            assert_eq!(response.status(), StatusCode::OK, "P-03: {method} {lines:?}");
        }
    }
}

#[tokio::test]
async fn only_200_203_and_206_become_a_304() {
    let matching: &[(&str, &str)] = &[("if-none-match", "\"v1\"")];
    let failing: &[(&str, &str)] = &[("if-match", "\"v0\"")];
    let table: &[(u16, u16, u16)] = &[
        (200, 304, 412),
        (203, 304, 412),
        (206, 304, 412),
        (201, 201, 412),
        (204, 204, 412),
        (301, 301, 301),
        (302, 302, 302),
        (304, 304, 304),
        (400, 400, 400),
        (401, 401, 401),
        (404, 404, 404),
        (412, 412, 412),
        (416, 416, 416),
        (500, 500, 500),
    ];
    for (inner_status, on_match, on_failure) in table {
        for (lines, expected) in [(matching, on_match), (failing, on_failure)] {
            let status = StatusCode::from_u16(*inner_status).unwrap();
            let inner = counted(status, &[("etag", "\"v1\"")]);
            let response = call(&ConditionalLayer::new().layer(inner.service), get("/", lines)).await;
            assert_eq!(response.status().as_u16(), *expected, "P-02, P-26, G-10: {inner_status} with {lines:?}");
        }
    }
}

#[tokio::test]
async fn server_sent_events_and_upgrades_are_unchanged() {
    let lines: &[(&str, &str)] = &[("if-none-match", "\"v1\""), ("if-match", "\"v0\"")];
    let responses: &[(u16, &[(&str, &str)])] = &[
        (200, &[("etag", "\"v1\""), ("content-type", "text/event-stream; charset=utf-8")]),
        (101, &[("etag", "\"v1\""), ("upgrade", "websocket")]),
    ];
    for (status, fields) in responses {
        let inner = counted(StatusCode::from_u16(*status).unwrap(), fields);
        let response = call(&ConditionalLayer::new().layer(inner.service), get("/", lines)).await;
        assert_eq!(response.status().as_u16(), *status, "G-10, E-05: {fields:?}");
        assert_eq!(response.body().size_hint().exact(), Some(11), "the body is that of the inner service");
    }
}

#[tokio::test]
async fn a_missing_and_an_unknown_representation_differ() {
    let table: &[(&str, Representation, Method, &[(&str, &str)], u16)] = &[
        ("the handler decides about a missing page", Representation::Missing, Method::GET, &[("if-match", "*")], 404),
        ("create if nothing exists", Representation::Missing, Method::PUT, &[("if-none-match", "*")], 404),
        (
            "create unless this version exists",
            Representation::Missing,
            Method::PUT,
            &[("if-none-match", "\"v1\"")],
            404,
        ),
        ("change what is not there", Representation::Missing, Method::PUT, &[("if-match", "*")], 412),
        (
            "a date is ignored without a date (P-12)",
            Representation::Missing,
            Method::PUT,
            &[("if-unmodified-since", L)],
            404,
        ),
        ("not known, and safe", Representation::Unknown, Method::GET, &[("if-none-match", "*")], 404),
        ("not known, If-Match", Representation::Unknown, Method::PUT, &[("if-match", "\"v1\"")], 412),
        ("not known, If-None-Match", Representation::Unknown, Method::PUT, &[("if-none-match", "\"v1\"")], 412),
        ("not known, a date", Representation::Unknown, Method::DELETE, &[("if-unmodified-since", L)], 412),
        (
            "not known, an invalid date",
            Representation::Unknown,
            Method::DELETE,
            &[("if-unmodified-since", "soon")],
            404,
        ),
        ("not known, no precondition", Representation::Unknown, Method::PUT, &[], 404),
        ("there, without any validator", Validators::new().into(), Method::PUT, &[("if-match", "*")], 404),
        ("there, without a tag to match", Validators::new().into(), Method::PUT, &[("if-match", "\"v1\"")], 412),
        ("there, and to be created", Validators::new().into(), Method::PUT, &[("if-none-match", "*")], 412),
        ("there, read with a star", Validators::new().into(), Method::GET, &[("if-none-match", "*")], 304),
    ];
    for (sentence, current, method, lines, status) in table {
        let inner = counted(StatusCode::NOT_FOUND, &[]);
        let current = current.clone();
        let layer = ConditionalLayer::new().validators(move |_| std::future::ready(current.clone()));
        let response = call(&layer.layer(inner.service), request(method.clone(), "/", lines)).await;
        assert_eq!(response.status().as_u16(), *status, "{sentence}");
    }
}

#[tokio::test]
async fn a_head_request_distinguishes_existing_missing_and_unknown() {
    // The result of `If-None-Match: *` and `If-Match: *` on a PUT.
    for (status, create, change) in
        [(200, 412, 204), (404, 204, 412), (410, 204, 412), (403, 412, 412), (500, 412, 412)]
    {
        let service = service_fn(move |request: Request<TestBody>| {
            let mut response = response_with("", &[]);
            let status = if request.method() == Method::HEAD { status } else { 204 };
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let layer = ConditionalLayer::new().validator_source(HeadValidators::<_, TestBody>::new(service));
        for (name, expected) in [("if-none-match", create), ("if-match", change)] {
            let response = call(&layer.layer(service), request(Method::PUT, "/", &[(name, "*")])).await;
            assert_eq!(response.status(), expected, "HEAD returns {status}, with {name}: *");
        }
    }
}

#[tokio::test]
async fn a_write_without_a_required_precondition_is_a_428() {
    let table: &[(&str, Representation, Method, &[(&str, &str)], u16)] = &[
        ("nothing", v1().into(), Method::PUT, &[], 428),
        ("a safe request needs no precondition", v1().into(), Method::GET, &[], 200),
        ("a tag", v1().into(), Method::PUT, &[("if-match", "\"v1\"")], 200),
        ("a stale tag", v1().into(), Method::PATCH, &[("if-match", "\"v0\"")], 412),
        ("create", Representation::Missing, Method::PUT, &[("if-none-match", "*")], 200),
        ("create without saying so", Representation::Missing, Method::PUT, &[], 428),
        ("a date", v1().into(), Method::DELETE, &[("if-unmodified-since", L)], 200),
        ("an invalid date has no effect", v1().into(), Method::DELETE, &[("if-unmodified-since", "soon")], 428),
        (
            "two dates have no effect",
            v1().into(),
            Method::DELETE,
            &[("if-unmodified-since", L), ("if-unmodified-since", L)],
            428,
        ),
        (
            "a date, and the representation has none",
            Validators::new().into(),
            Method::PUT,
            &[("if-unmodified-since", L)],
            428,
        ),
        ("an empty list of tags", v1().into(), Method::PUT, &[("if-none-match", "")], 428),
        ("a list without members", v1().into(), Method::PUT, &[("if-none-match", " , ,")], 428),
        ("a tag without quotes", v1().into(), Method::PATCH, &[("if-none-match", "v0")], 428),
        ("two stars", v1().into(), Method::POST, &[("if-none-match", "**")], 428),
        ("two lines without a tag", v1().into(), Method::PUT, &[("if-none-match", ""), ("if-none-match", "v0")], 428),
        (
            "a tag in a second line",
            v1().into(),
            Method::PUT,
            &[("if-none-match", ""), ("if-none-match", "\"v0\"")],
            200,
        ),
        ("a valid tag next to an invalid one", v1().into(), Method::PUT, &[("if-none-match", "v0, \"v0\"")], 200),
        ("an unterminated list", v1().into(), Method::PUT, &[("if-none-match", "\"v0")], 412),
        (
            "an empty list and a date",
            v1().into(),
            Method::PUT,
            &[("if-none-match", ""), ("if-unmodified-since", L)],
            200,
        ),
        ("If-Modified-Since is for reading", v1().into(), Method::PUT, &[("if-modified-since", L)], 428),
        ("POST is a write", v1().into(), Method::POST, &[], 428),
    ];
    for (sentence, current, method, lines, status) in table {
        let inner = counted(StatusCode::OK, &[]);
        let current = current.clone();
        let layer =
            ConditionalLayer::new().require_preconditions().validators(move |_| std::future::ready(current.clone()));
        let response = call(&layer.layer(inner.service), request(method.clone(), "/", lines)).await;
        assert_eq!(response.status().as_u16(), *status, "{sentence}");
        assert_eq!(inner.calls.load(Ordering::Relaxed), usize::from(*status == 200), "{sentence}");
        if *status == 428 {
            assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"), "N-09");
            let text = content(response.into_body()).await;
            assert!(text.starts_with(b"This resource accepts only conditional changes"), "{sentence}");
        }
    }
    // The same request without a source.
    let inner = counted(StatusCode::OK, &[]);
    let service = ConditionalLayer::new().require_preconditions().layer(inner.service);
    assert_eq!(call(&service, request(Method::PUT, "/", &[])).await.status().as_u16(), 428);
    assert_eq!(call(&service, request(Method::PUT, "/", &[("if-match", "\"x\"")])).await.status(), 200);
}

#[tokio::test]
async fn validators_are_added_only_to_a_safe_response_without_any() {
    let stamped = (Some("\"v1\"".to_owned()), Some(L.to_owned()));
    let table: &[(&str, Method, u16, &'static [(&'static str, &'static str)], (Option<String>, Option<String>))] = &[
        ("GET", Method::GET, 200, &[], stamped.clone()),
        ("HEAD", Method::HEAD, 200, &[], stamped.clone()),
        ("206", Method::GET, 206, &[], stamped.clone()),
        ("the handler's tag stays alone", Method::GET, 200, &[("etag", "\"h\"")], (Some("\"h\"".into()), None)),
        (
            "the handler's date stays alone",
            Method::GET,
            200,
            &[("last-modified", BEFORE_L)],
            (None, Some(BEFORE_L.into())),
        ),
        ("an error is not a representation", Method::GET, 404, &[], (None, None)),
        ("PUT (V-17)", Method::PUT, 200, &[], (None, None)),
        ("DELETE", Method::DELETE, 204, &[], (None, None)),
        ("POST", Method::POST, 201, &[], (None, None)),
    ];
    for (sentence, method, status, fields, (etag, date)) in table {
        let inner = counted(StatusCode::from_u16(*status).unwrap(), fields);
        let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner.service);
        let response = call(&service, request(method.clone(), "/", &[])).await;
        assert_eq!(&field(response.headers(), "etag"), etag, "V-13: {sentence}");
        assert_eq!(&field(response.headers(), "last-modified"), date, "{sentence}");
    }
}

#[tokio::test]
async fn a_modification_date_in_the_future_is_sent_as_now() {
    let now = UNIX_EPOCH + Duration::from_secs(L_SECONDS.unsigned_abs());
    let future = Validators::new().with_modification_time(now + Duration::from_secs(3_600));
    let inner = counted(StatusCode::OK, &[]);
    let service = ConditionalLayer::new()
        .clock(Clock::from_fn(move || now))
        .validators(move |_| std::future::ready(future.clone()))
        .layer(inner.service);
    let response = call(&service, get("/", &[])).await;
    assert_eq!(field(response.headers(), "last-modified").as_deref(), Some(L), "V-14");
}

#[tokio::test]
async fn a_304_before_the_handler_has_the_tag_and_no_date() {
    let inner = counted(StatusCode::OK, &[]);
    let service = ConditionalLayer::new().validators(|_| async { v1() }).layer(inner.service);
    let response = call(&service, get("/", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!(field(response.headers(), "etag").as_deref(), Some("\"v1\""));
    assert_eq!(field(response.headers(), "last-modified"), None, "N-02");

    let failed = call(&service, request(Method::PUT, "/", &[("if-match", "\"v0\"")])).await;
    assert_eq!(field(failed.headers(), "etag"), None);
    assert_eq!(field(failed.headers(), "cache-control").as_deref(), Some("private, no-store"), "N-08");
}

#[tokio::test]
async fn a_304_and_a_412_have_no_exact_zero_size_hint() {
    let inner = counted(StatusCode::OK, &[("etag", "\"v1\""), ("content-length", "11")]);
    let service = ConditionalLayer::new().layer(inner.service);
    for lines in [("if-none-match", "\"v1\""), ("if-match", "\"v0\"")] {
        let response = call(&service, get("/", &[lines])).await;
        assert!(response.body().is_end_stream());
        assert_eq!(response.body().size_hint().exact(), None, "a server would write content-length: 0");
        assert_eq!(field(response.headers(), "content-length"), None, "N-03");
    }
}

#[tokio::test]
async fn a_304_of_the_inner_service_loses_its_body_and_content_fields() {
    let inner = counted(
        StatusCode::NOT_MODIFIED,
        &[
            ("etag", "\"v1\""),
            ("content-length", "0"),
            ("content-type", "text/html"),
            ("vary", "accept"),
            ("x-own", "1"),
        ],
    );
    let response = call(&ConditionalLayer::new().layer(inner.service), get("/", &[])).await;
    let mut names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["etag", "vary", "x-own"]);
    assert!(response.body().is_end_stream());
}

#[tokio::test]
async fn the_coding_of_an_inner_304_is_added_to_its_tag_if_none_was_requested() {
    let inner = counted(StatusCode::NOT_MODIFIED, &[("etag", "\"v1\""), ("content-encoding", "gzip")]);
    let service = ConditionalLayer::new().layer(inner.service);
    for (calls, expected) in [(("if-modified-since", L), "\"v1--gzip\""), (("if-none-match", "\"v1\""), "\"v1\"")] {
        let response = call(&service, get("/", &[calls])).await;
        assert_eq!(field(response.headers(), "etag").as_deref(), Some(expected), "N-07: {calls:?}");
    }
}

#[tokio::test]
async fn the_reason_is_recorded_if_enabled() {
    let reason = async |layer: &dyn Fn() -> ConditionalLayer, before: bool, request: Request<TestBody>| {
        let inner = counted(StatusCode::OK, &[("etag", "\"v1\"")]);
        let response = if before {
            let layer = layer().validators(|_| async { v1() }).require_preconditions();
            call(&layer.layer(inner.service), request).await
        } else {
            call(&layer().layer(inner.service), request).await
        };
        response.extensions().get::<ConditionalReason>().copied()
    };
    let silent = || ConditionalLayer::new();
    let recording = || ConditionalLayer::new().record_decisions();
    let matching = || get("/", &[("if-none-match", "\"v1\"")]);
    assert_eq!(reason(&silent, false, matching()).await, None);
    let after = reason(&recording, false, matching()).await.unwrap();
    assert_eq!(after, ConditionalReason::AfterHandler(Condition::IfNoneMatch));
    assert_eq!(after.to_string(), "If-None-Match, after the handler");
    assert_eq!(
        reason(&recording, true, matching()).await,
        Some(ConditionalReason::BeforeHandler(Condition::IfNoneMatch))
    );
    let blind = reason(&recording, true, request(Method::PUT, "/", &[])).await.unwrap();
    assert_eq!(blind.to_string(), "no precondition, before the handler");
    assert_eq!(reason(&recording, false, get("/", &[])).await, None);
}

/// A service that panics if it is called before it is ready.
struct Picky {
    ready: bool,
}

impl Service<Request<TestBody>> for Picky {
    type Response = Response<TestBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<TestBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        self.ready = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<TestBody>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        std::future::ready(Ok(response_with("hello", &[("etag", "\"v1\"")])))
    }
}

#[tokio::test]
async fn without_a_source_the_inner_service_is_never_cloned() {
    struct NotClone(Picky);
    impl Service<Request<TestBody>> for NotClone {
        type Response = Response<TestBody>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<TestBody>, Infallible>>;

        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: Request<TestBody>) -> Self::Future {
            self.0.call(request)
        }
    }
    // The test passes if this compiles.
    let mut service = ConditionalLayer::new().layer(NotClone(Picky { ready: false }));
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(get("/", &[])).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

// The test with a source needs a clone for the next request.
impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { ready: false }
    }
}

#[tokio::test]
async fn with_a_source_the_ready_instance_is_called() {
    let mut service = ConditionalLayer::new().validators(|_| async { v1() }).layer(Picky { ready: false });
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(get("/", &[])).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn dropping_the_future_while_the_source_is_pending_calls_nothing() {
    let inner = counted(StatusCode::OK, &[]);
    let mut service =
        ConditionalLayer::new().validators(|_| std::future::pending::<Representation>()).layer(inner.service);
    let mut future = Box::pin(service.ready().await.unwrap().call(request(Method::PUT, "/", &[])));
    assert!(futures_util::poll!(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(inner.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_unauthorized_client_cannot_detect_whether_a_resource_exists() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let source = move |_: &http::request::Parts| {
        counter.fetch_add(1, Ordering::Relaxed);
        std::future::ready(v1())
    };
    let probes: [&[(&str, &str)]; 4] =
        [&[], &[("if-none-match", "*")], &[("if-none-match", "\"v1\"")], &[("if-match", "\"v0\"")]];

    // Outer authentication: no lookup is made for a rejected client (P-01, L-03, G-16).
    let inside = counted(StatusCode::OK, &[]);
    let layers = ConditionalLayer::new().validators(source).require_preconditions().layer(inside.service);
    let outside = service_fn(move |request: Request<TestBody>| {
        let layers = layers.clone();
        async move {
            if request.headers().contains_key("authorization") {
                return layers.oneshot(request).await;
            }
            let (mut head, body) = response_with("", &[]).map(|_| Default::default()).into_parts();
            head.status = StatusCode::UNAUTHORIZED;
            Ok(Response::from_parts(head, body))
        }
    });
    for lines in probes {
        for method in [Method::GET, Method::PUT] {
            let response = outside.clone().oneshot(request(method, "/", lines)).await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{lines:?}");
        }
    }
    assert_eq!((calls.load(Ordering::Relaxed), inside.calls.load(Ordering::Relaxed)), (0, 0));
    let let_in = get("/", &[("authorization", "Bearer x"), ("if-none-match", "\"v1\"")]);
    assert_eq!(outside.oneshot(let_in).await.unwrap().status(), StatusCode::NOT_MODIFIED);

    // Inner authentication without a source: its rejection is sent unchanged (P-02).
    for lines in probes {
        let refusing = counted(StatusCode::UNAUTHORIZED, &[("etag", "\"v1\""), ("last-modified", L)]);
        let response = call(&ConditionalLayer::new().layer(refusing.service), get("/", lines)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "G-16: {lines:?}");
    }
}

#[tokio::test]
async fn a_disabled_layer_changes_nothing() {
    let inner = counted(StatusCode::OK, &[("etag", "\"v1\"")]);
    let layer = ConditionalLayer::new().validators(|_| async { v1() }).require_preconditions().enabled(false);
    let service = layer.layer(inner.service);
    for request in [get("/", &[("if-none-match", "\"v1\"")]), request(Method::PUT, "/", &[("if-match", "\"v0\"")])] {
        assert_eq!(call(&service, request).await.status(), StatusCode::OK);
    }
}
