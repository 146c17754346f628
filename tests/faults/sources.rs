//! Tests validator sources that fail or hang: a write is rejected, and a read continues.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{CachingLayer, ConditionalLayer, HeadValidators};
use tower_http::timeout::TimeoutLayer;

use super::is_kept_by_nobody;
use crate::loopback::Events;
use crate::support::{TestBody, field, request, response_with};

const LIMIT: Duration = Duration::from_secs(2);
const V1: EntityTag = EntityTag::from_static("\"v1\"");

/// The behavior of the application if its database does not respond.
async fn or_unknown(looked_up: impl Future<Output = Result<Validators, &'static str>>) -> Representation {
    match tokio::time::timeout(LIMIT, looked_up).await {
        Ok(Ok(validators)) => Representation::Current(validators),
        Ok(Err(_)) | Err(_) => Representation::Unknown,
    }
}

async fn fails() -> Result<Validators, &'static str> {
    Err("no connection")
}

async fn hangs() -> Result<Validators, &'static str> {
    pending().await
}

/// A handler that counts its calls and returns `"v1"`.
fn handler(
    events: &Events,
) -> impl tower::Service<
    Request<TestBody>,
    Response = Response<TestBody>,
    Error = Infallible,
    Future = std::future::Ready<Result<Response<TestBody>, Infallible>>,
> + Clone
+ use<> {
    let events = events.clone();
    service_fn(move |_: Request<TestBody>| {
        events.add("handled");
        ready(Ok(response_with("hello", &[("etag", "\"v1\"")])))
    })
}

/// The method, the fields, and the status if the representation is unknown.
const TABLE: [(Method, &[(&str, &str)], u16); 11] = [
    (Method::GET, &[], 200),
    (Method::GET, &[("if-none-match", "\"v0\"")], 200),
    // The response determines the outcome, so the handler runs.
    (Method::GET, &[("if-none-match", "\"v1\"")], 304),
    (Method::HEAD, &[("if-none-match", "\"v1\"")], 304),
    (Method::PUT, &[("if-match", "\"v1\"")], 412),
    (Method::PUT, &[("if-match", "*")], 412),
    (Method::PUT, &[("if-none-match", "*")], 412),
    (Method::DELETE, &[("if-match", "\"v0\"")], 412),
    (Method::PATCH, &[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], 412),
    // The precondition has no effect, and no precondition is required.
    (Method::PUT, &[], 200),
    (Method::OPTIONS, &[("if-match", "\"v0\"")], 200),
];

#[tokio::test(start_paused = true)]
async fn a_failed_or_hanging_source_refuses_writes_and_not_reads() {
    for hanging in [false, true] {
        for (method, lines, status) in TABLE {
            let events = Events::default();
            let source = move |_: &Parts| async move {
                if hanging { or_unknown(hangs()).await } else { or_unknown(fails()).await }
            };
            let service = ConditionalLayer::new().validators(source).layer(handler(&events));
            let response = service.oneshot(request(method.clone(), "/", lines)).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{method} {lines:?}, hanging: {hanging}");
            assert_eq!(events.count("handled"), usize::from(status != 412), "{method} {lines:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_required_precondition_counts_even_if_it_cannot_be_evaluated() {
    for (lines, status) in [
        (&[][..], StatusCode::PRECONDITION_REQUIRED),
        (&[("if-match", "\"v1\"")], StatusCode::PRECONDITION_FAILED),
        (&[("if-none-match", "*")], StatusCode::PRECONDITION_FAILED),
    ] {
        let events = Events::default();
        let layer = ConditionalLayer::new().validators(|_| or_unknown(hangs())).require_preconditions();
        let response = layer.layer(handler(&events)).oneshot(request(Method::PUT, "/", lines)).await.unwrap();
        assert_eq!(response.status(), status, "{lines:?}");
        assert_eq!(events.count("handled"), 0, "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outer_timeout_ends_a_hanging_source_before_the_handler() {
    for (method, lines) in [(Method::GET, &[("if-none-match", "\"v1\"")]), (Method::PUT, &[("if-match", "\"v1\"")])] {
        let events = Events::default();
        let of_source = events.clone();
        let source = move |_: &Parts| {
            let end = of_source.at_end("source ended");
            async move {
                let _end = end;
                pending::<Representation>().await
            }
        };
        let service = ServiceBuilder::new()
            .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, LIMIT))
            .layer(CachingLayer::new(CachePolicy::public(LIMIT)).validators(source))
            .service(handler(&events));
        let response = service.oneshot(request(method.clone(), "/", lines)).await.unwrap();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT, "{method}");
        is_kept_by_nobody(response.headers());
        assert_eq!(events.count("source ended"), 1, "{method}");
        tokio::time::sleep(10 * LIMIT).await;
        assert_eq!(events.count("handled"), 0, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_or_hanging_head_request_is_an_unknown_representation() {
    type Files = tower::util::BoxCloneService<Request<TestBody>, Response<TestBody>, tower::BoxError>;
    let responses = |status: u16| {
        Files::new(service_fn(move |_: Request<TestBody>| async move {
            let mut response = response_with("", &[("etag", "\"v1\"")]);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        }))
    };
    let fails = Files::new(service_fn(async |_: Request<TestBody>| Err("broken".into())));
    let hangs = service_fn(async |_: Request<TestBody>| pending::<Result<Response<TestBody>, tower::BoxError>>().await);
    let hangs = Files::new(ServiceBuilder::new().timeout(LIMIT).service(hangs));
    // With If-Match: "v1".
    for (sentence, files, status) in [
        ("it has this version", responses(200), 200),
        ("it has nothing", responses(404), 412),
        ("it fails", responses(500), 412),
        ("the source does not know the client", responses(401), 412),
        ("its error is an error", fails, 412),
        ("the source hangs, with an outer timeout", hangs, 412),
    ] {
        let events = Events::default();
        let source = HeadValidators::<_, TestBody>::new(files);
        let service = ConditionalLayer::new().validator_source(source).layer(handler(&events));
        let write = request(Method::PUT, "/", &[("if-match", "\"v1\"")]);
        assert_eq!(service.clone().oneshot(write).await.unwrap().status().as_u16(), status, "{sentence}");
        assert_eq!(events.count("handled"), usize::from(status == 200), "{sentence}");
        // The source is not called if the response can decide later.
        let begun = tokio::time::Instant::now();
        let read = request(Method::GET, "/", &[("if-none-match", "\"v1\"")]);
        assert_eq!(service.oneshot(read).await.unwrap().status(), StatusCode::NOT_MODIFIED, "{sentence}");
        assert_eq!(begun.elapsed(), Duration::ZERO, "{sentence}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_range_is_sent_without_a_result_of_the_source() {
    let events = Events::default();
    let ranged = {
        let events = events.clone();
        service_fn(move |request: Request<TestBody>| {
            events.add(if request.headers().contains_key("range") { "range" } else { "whole" });
            ready(Ok::<_, Infallible>(response_with("hello", &[("etag", "\"v2\"")])))
        })
    };
    let service = ConditionalLayer::new().validators(|_| or_unknown(hangs())).layer(ranged);
    let lines = [("range", "bytes=2-"), ("if-range", "\"v1\"")];
    let response = service.oneshot(request(Method::GET, "/", &lines)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((events.count("range"), events.count("whole")), (0, 1), "R-10");
}

#[tokio::test]
async fn a_version_written_between_source_and_handler_gets_a_tag_that_permits_no_write() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let version = std::sync::Arc::new(AtomicU32::new(1));
    let tag = |version: u32| Validators::new().with_etag(EntityTag::strong(version.to_string()).unwrap());
    let source = {
        let version = version.clone();
        move |_: &Parts| ready(tag(version.load(Ordering::SeqCst)))
    };
    let own_tag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let service = {
        let (version, own_tag) = (version.clone(), own_tag.clone());
        ConditionalLayer::new().validators(source).layer(service_fn(move |request: Request<TestBody>| {
            // Another client writes after the lookup of the source.
            if *request.method() == Method::GET {
                version.fetch_add(1, Ordering::SeqCst);
            }
            let mut response = response_with("hello", &[]);
            if own_tag.load(Ordering::SeqCst) {
                tag(version.load(Ordering::SeqCst)).write_to(response.headers_mut(), now());
            }
            ready(Ok::<_, Infallible>(response))
        }))
    };
    let read = service.clone().oneshot(request(Method::GET, "/", &[])).await.unwrap();
    let stale = field(read.headers(), "etag").unwrap();
    assert_eq!(stale, "\"1\"", "the version that the source knew");
    let write = request(Method::PUT, "/", &[("if-match", &stale)]);
    assert_eq!(service.clone().oneshot(write).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);

    // The validators that the handler sends are unchanged.
    own_tag.store(true, Ordering::SeqCst);
    let read = service.clone().oneshot(request(Method::GET, "/", &[])).await.unwrap();
    let current = field(read.headers(), "etag").unwrap();
    assert_eq!(current, "\"3\"");
    let write = request(Method::PUT, "/", &[("if-match", &current)]);
    assert_eq!(service.oneshot(write).await.unwrap().status(), StatusCode::OK);
}

fn now() -> tower_cache_policy::protocol::HttpDate {
    tower_cache_policy::protocol::HttpDate::from_unix_seconds(1_780_272_000).unwrap()
}

#[tokio::test]
async fn a_source_is_called_once_for_each_request_that_needs_it() {
    let events = Events::default();
    let of_source = events.clone();
    let source = move |_: &Parts| {
        of_source.add("called");
        ready(Validators::new().with_etag(V1))
    };
    let service = ConditionalLayer::new().validators(source).layer(handler(&events));
    let grpc = ("content-type", "application/grpc");
    for (method, lines, expected) in [
        (Method::GET, &[][..], 1),
        (Method::GET, &[("if-none-match", "\"v1\"")], 1),
        (Method::PUT, &[("if-match", "\"v0\"")], 1),
        (Method::OPTIONS, &[("if-match", "\"v0\"")], 0),
        (Method::TRACE, &[], 0),
        (Method::CONNECT, &[], 0),
        (Method::POST, &[grpc, ("if-match", "\"v0\"")], 1),
    ] {
        let before = events.count("called");
        service.clone().oneshot(request(method.clone(), "/", lines)).await.unwrap();
        assert_eq!(events.count("called") - before, expected, "{method} {lines:?}");
    }
}
