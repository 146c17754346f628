//! Runs the precondition tests of other projects through the layers, with the status of RFC 9110 (`rfc_expect_status`
//! in the data).
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, service_fn};
use tower_cache_policy::protocol::{EntityTag, HttpDate, IfRange, Preconditions, Representation, Validators};
use tower_cache_policy::{ConditionalLayer, HeadValidators};

use support::{TestBody, call, field, field_name, latin1};

#[derive(Deserialize)]
struct File {
    count: usize,
    cases: Vec<Case>,
}

#[derive(Clone, Deserialize)]
struct Case {
    name: String,
    resource: Resource,
    method: String,
    request_headers: Vec<(String, String)>,
    expect_status: u16,
    rfc_expect_status: Option<u16>,
    #[serde(default)]
    expect_status_any: Vec<u16>,
    #[serde(default)]
    expect_response_headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    expect_response_headers_absent: Vec<String>,
    tags: Vec<String>,
}

#[derive(Clone, Deserialize)]
struct Resource {
    exists: bool,
    etag: Option<String>,
    last_modified: Option<String>,
    status_unconditional: u16,
    body: Option<String>,
    ranges: bool,
}

/// Cases that the RFC does not specify, with our response and the reason.
const OPEN: &[(&str, u16, &str)] = &[
    ("go/scan/lowercase_weak_prefix", 200, "`w/` does not mark a weak tag, so the member matches nothing (V-02, P-23)"),
    ("go/scan/weak_prefix_only", 200, "a malformed member matches nothing (P-23)"),
    ("spring/inm_unquoted [GET]", 200, "a malformed member matches nothing (P-23)"),
    ("h3/inm_empty_value_ims_applies", 200, "an empty field is present, so the date is ignored (P-17)"),
];

impl Case {
    fn expected(&self) -> Vec<u16> {
        match self.rfc_expect_status {
            // The row with a wrong weekday is the only one for which the RFC permits several results.
            Some(status) => vec![status],
            None => {
                let (_, ours, _) = OPEN
                    .iter()
                    .find(|(name, ..)| *name == self.name)
                    .unwrap_or_else(|| panic!("{} is undefined by the standard, and no decision is listed", self.name));
                assert!(self.expect_status_any.contains(ours) || self.expect_status == *ours, "{}", self.name);
                vec![*ours]
            }
        }
    }

    fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }

    fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    fn request(&self) -> Request<TestBody> {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri("/").body(TestBody::default()).unwrap();
        for (name, value) in &self.request_headers {
            request.headers_mut().append(field_name(name), latin1(value.trim()));
        }
        request
    }

    /// The representation that a source knows. If a plain GET would return a redirect or an error, there is no
    /// representation.
    fn representation(&self) -> Representation {
        let resource = &self.resource;
        if !resource.exists {
            return Representation::Missing;
        }
        if !StatusCode::from_u16(resource.status_unconditional).unwrap().is_success() {
            return Representation::Unknown;
        }
        let mut validators = Validators::new();
        if let Some(etag) = &resource.etag {
            validators = validators.with_etag(EntityTag::try_from(latin1(etag)).unwrap());
        }
        if let Some(date) = self.modification_date() {
            let sub_second = if self.has("subsecond") { 500 } else { 0 };
            let seconds = Duration::from_secs(date.unix_seconds().unsigned_abs());
            validators = validators
                .with_modification_time(UNIX_EPOCH + seconds + Duration::from_millis(sub_second))
                .modified_at_most_once_a_second();
        }
        Representation::Current(validators)
    }

    fn modification_date(&self) -> Option<HttpDate> {
        let text = self.resource.last_modified.as_ref()?;
        HttpDate::parse(text.as_bytes(), HttpDate::UNIX_EPOCH).ok()
    }

    /// The inner service. It serves single ranges and does not evaluate preconditions.
    fn handle(&self, request: &Request<TestBody>, sets_validators: bool) -> Response<TestBody> {
        let body = self.resource.body.clone().unwrap_or_default();
        let mut response = Response::new(Full::from(body.clone()));
        *response.status_mut() = StatusCode::from_u16(self.resource.status_unconditional).unwrap();
        if self.has("304-headers") {
            for (name, value) in [
                ("content-language", "en"),
                ("content-location", "/here"),
                ("content-security-policy", "default-src 'self'"),
                ("content-type", "text/plain"),
                ("contents", "kept"),
                ("expires", "Sat, 12 Feb 2111 17:35:44 GMT"),
                ("set-cookie", "kept=1"),
                ("vary", "Cookie"),
            ] {
                response.headers_mut().insert(field_name(name), latin1(value));
            }
        }
        if sets_validators && self.is_safe() {
            for (name, value) in [(ETAG, &self.resource.etag), (LAST_MODIFIED, &self.resource.last_modified)] {
                if let Some(value) = value {
                    response.headers_mut().insert(name, latin1(value));
                }
            }
        }
        if let Some(range) = request.headers().get(RANGE).filter(|_| self.resource.ranges) {
            let (first, last) = range.to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            if first >= body.len() {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                response.headers_mut().insert(CONTENT_RANGE, latin1(&format!("bytes */{}", body.len())));
            } else {
                let last = last.min(body.len() - 1);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let content_range = format!("bytes {first}-{last}/{}", body.len());
                response.headers_mut().insert(CONTENT_RANGE, latin1(&content_range));
                *response.body_mut() = Full::from(Bytes::copy_from_slice(&body.as_bytes()[first..=last]));
            }
        }
        response
    }
}

fn cases() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("data/preconditions.json")).unwrap();
    assert_eq!(file.cases.len(), file.count);
    assert_eq!(file.count, 104);
    file.cases
}

struct CaseResult {
    response: Response<Vec<u8>>,
    handler_ran: bool,
}

/// A stack with a validator source, or with a handler that sets the validators. For ranges, the second stack sends HEAD
/// to the service.
async fn run(case: &Case, with_source: bool) -> CaseResult {
    let ran = Arc::new(AtomicBool::new(false));
    let handler = {
        let (case, ran) = (case.clone(), ran.clone());
        service_fn(move |request: Request<TestBody>| {
            ran.store(true, Ordering::Relaxed);
            let response = case.handle(&request, !with_source);
            async move { Ok::<_, Infallible>(response) }
        })
    };
    let request = case.request();
    let response = if with_source {
        let current = case.representation();
        let layer = ConditionalLayer::new().validators(move |_| std::future::ready(current.clone()));
        call(&layer.layer(handler), request).await
    } else if case.has("needs-range") {
        let source = HeadValidators::<_, TestBody>::new(handler.clone()).modified_at_most_once_a_second();
        let layer = ConditionalLayer::new().validator_source(source);
        call(&layer.layer(handler), request).await
    } else {
        call(&ConditionalLayer::new().layer(handler), request).await
    };
    let (head, body) = response.into_parts();
    let body = support::content(body).await.to_vec();
    CaseResult { response: Response::from_parts(head, body), handler_ran: ran.load(Ordering::Relaxed) }
}

fn judge(case: &Case, response: &Response<Vec<u8>>, stack: &str) {
    let status = response.status().as_u16();
    let name = &case.name;
    assert!(case.expected().contains(&status), "{name} through {stack}: {status}, not {:?}", case.expected());
    if status == 304 {
        assert!(response.body().is_empty(), "{name}: a 304 has no content");
        assert!(!response.headers().contains_key("content-length"), "{name}");
        assert_eq!(field(response.headers(), "etag").as_ref(), case.resource.etag.as_ref(), "{name}");
    }
    let agrees = case.rfc_expect_status.is_none_or(|expected| expected == case.expect_status);
    if agrees {
        for (header, value) in &case.expect_response_headers {
            assert_eq!(field(response.headers(), header).as_ref(), Some(value), "{name}: {header}");
        }
    }
    for header in &case.expect_response_headers_absent {
        assert_eq!(field(response.headers(), header), None, "{name}: {header}");
    }
}

#[tokio::test]
async fn a_source_decides_every_method_before_the_handler() {
    for case in cases() {
        let ran = run(&case, true).await;
        judge(&case, &ran.response, "a source");
        let decided = matches!(ran.response.status().as_u16(), 304 | 412);
        assert_eq!(ran.handler_ran, !decided, "{}: the handler runs only if no precondition decided", case.name);
    }
}

#[tokio::test]
async fn validators_of_the_handler_decide_safe_requests_after_it() {
    for case in cases() {
        let ran = run(&case, false).await;
        if case.is_safe() {
            judge(&case, &ran.response, "the handler");
        } else {
            // P-09: the write has already happened, so a 412 would be wrong.
            assert_eq!(ran.response.status().as_u16(), case.resource.status_unconditional, "{}", case.name);
        }
        if case.has("304-headers") {
            let headers = ran.response.headers();
            for kept in ["content-location", "content-security-policy", "contents", "expires", "set-cookie", "vary"] {
                assert!(headers.contains_key(kept), "{}: {kept}", case.name);
            }
            assert!(!headers.contains_key("content-type") && !headers.contains_key("content-language"));
        }
    }
}

#[test]
fn if_range_needs_a_range_of_get_and_a_strong_validator() {
    const L: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let strong = || Validators::new().with_etag(EntityTag::from_static("\"a\""));
    let weak = Validators::new().with_etag(EntityTag::from_static("W/\"a\""));
    let date = HttpDate::from_unix_seconds(784_111_777).unwrap();
    let dated = || Validators::new().with_last_modified(date);
    let range = ("range", "bytes=0-1");
    let table: &[(&str, Method, &[(&str, &str)], Validators, IfRange)] = &[
        ("no Range (R-08)", Method::GET, &[("if-range", "\"x\"")], strong(), IfRange::Absent),
        ("HEAD (R-01)", Method::HEAD, &[range, ("if-range", "\"x\"")], strong(), IfRange::Absent),
        ("no If-Range", Method::GET, &[range], strong(), IfRange::Absent),
        ("the tag (R-09, R-11)", Method::GET, &[range, ("if-range", "\"a\"")], strong(), IfRange::True),
        ("another tag (R-10)", Method::GET, &[range, ("if-range", "\"b\"")], strong(), IfRange::False),
        ("a weak one (R-11)", Method::GET, &[range, ("if-range", "W/\"a\"")], strong(), IfRange::False),
        ("of a weak one (R-11)", Method::GET, &[range, ("if-range", "W/\"a\"")], weak, IfRange::False),
        ("a quote too late is a date (R-09)", Method::GET, &[range, ("if-range", "Sun\"a\"")], dated(), IfRange::False),
        ("a date that is weak (R-12, V-16)", Method::GET, &[range, ("if-range", L)], dated(), IfRange::False),
        (
            "one that is strong (R-12, V-16)",
            Method::GET,
            &[range, ("if-range", L)],
            dated().modified_at_most_once_a_second(),
            IfRange::True,
        ),
        (
            "a later one, which is another (R-12)",
            Method::GET,
            &[range, ("if-range", "Sun, 06 Nov 1994 08:49:38 GMT")],
            dated().modified_at_most_once_a_second(),
            IfRange::False,
        ),
    ];
    for (sentence, method, lines, has, expected) in table {
        let request = support::request(method.clone(), "/", lines);
        let preconditions = Preconditions::new(method, request.headers());
        assert_eq!(preconditions.if_range(&has.into(), date), *expected, "{sentence}");
    }
}

#[test]
fn only_methods_that_may_change_the_resource_are_unsafe() {
    for (method, expected) in [
        ("GET", false),
        ("HEAD", false),
        ("OPTIONS", false),
        ("QUERY", false),
        ("PROPFIND", false),
        ("REPORT", false),
        ("SEARCH", false),
        ("PRI", false),
        ("PUT", true),
        ("PROPPATCH", true),
        ("PURGE", true),
        ("query", true),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let stated = Preconditions::new(&method, &http::HeaderMap::new());
        assert_eq!(stated.is_unsafe_method(), expected, "P-03, P-25: {method}");
    }
}

#[tokio::test]
async fn a_range_is_forwarded_with_its_condition() {
    let handler = service_fn(|request: Request<TestBody>| async move {
        let kept = request.headers().contains_key(IF_RANGE) && request.headers().contains_key(RANGE);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(if kept { "both" } else { "neither" })))
    });
    let tag = || std::future::ready(Validators::new().with_etag(EntityTag::from_static("\"a\"")));
    let service = ConditionalLayer::new().validators(move |_| tag()).layer(handler);
    for (if_range, expected) in [("\"a\"", "both"), ("\"b\"", "neither"), ("W/\"a\"", "neither"), ("soon", "neither")] {
        let request = support::get("/", &[("range", "bytes=0-1"), ("if-range", if_range)]);
        assert_eq!(support::content(call(&service, request).await.into_body()).await, expected, "{if_range}");
    }
}

#[tokio::test]
async fn a_service_can_evaluate_if_range_unless_the_tag_has_a_coding() {
    let handler = service_fn(|request: Request<TestBody>| async move {
        let kept = request.headers().contains_key(IF_RANGE) && request.headers().contains_key(RANGE);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(if kept { "both" } else { "neither" })))
    });
    let service = ConditionalLayer::new().inner_handles_if_range().layer(handler);
    for (if_range, expected) in [("\"b\"", "both"), ("soon", "both"), ("\"b--gzip\"", "neither")] {
        let request = support::get("/", &[("range", "bytes=0-1"), ("if-range", if_range)]);
        assert_eq!(support::content(call(&service, request).await.into_body()).await, expected, "{if_range}");
    }
}
