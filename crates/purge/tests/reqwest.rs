//! The example with `reqwest`, with a local server in place of each vendor's API.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../examples/reqwest.rs"]
#[allow(dead_code)] // Its `main` purges at Cloudflare.
mod example;
#[macro_use]
mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{Request, Response};
use proptest::prelude::*;
use tower::ServiceExt;
use tower_cache_policy_purge::{
    Cloudflare, Fastly, Nginx, Purge, PurgeApi, PurgeReport, Purger, PurgerError, Squid, Varnish,
};

use self::support::{AnyApi, SECRET, apis, has_document, secret, success_body, tag};

/// A response of the local server.
#[derive(Clone, Copy, Debug)]
enum Step {
    Success,
    Status(u16, &'static str),
    /// 429, with `Retry-After: 1`.
    TooMany,
    /// A redirect to another host.
    Redirect,
    Hang,
}

/// An API that takes one step for each request, and repeats the last one.
#[derive(Clone)]
struct StandIn {
    api: &'static str,
    steps: Arc<Mutex<Vec<Step>>>,
    requests: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl StandIn {
    /// Starts the server, and returns its URL.
    async fn start(api: &'static str, steps: &[Step]) -> (Self, String) {
        let steps = Arc::new(Mutex::new(steps.iter().rev().copied().collect()));
        let stand_in = Self { api, steps, requests: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(respond).with_state(stand_in.clone());
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        (stand_in, url)
    }

    fn requests(&self) -> Vec<Request<Bytes>> {
        self.requests.lock().unwrap().clone()
    }
}

async fn respond(State(stand_in): State<StandIn>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    stand_in.requests.lock().unwrap().push(Request::from_parts(head, body));
    let step = {
        let mut steps = stand_in.steps.lock().unwrap();
        if steps.len() > 1 { steps.pop().unwrap() } else { steps[0] }
    };
    // Varnish adds the field to each of its responses.
    let response = Response::builder().header("x-varnish", "2");
    let response = match step {
        Step::Success => response.body(Body::from(success_body(stand_in.api))),
        Step::Status(status, body) => response.status(status).body(Body::from(body)),
        Step::TooMany => response.status(429).header("retry-after", "1").body(Body::empty()),
        Step::Redirect => response.status(302).header("location", "http://127.0.0.1:1/").body(Body::empty()),
        Step::Hang => std::future::pending().await,
    };
    response.unwrap()
}

/// Sends a purge through each API to a local server that checks these steps.
async fn each(steps: &[Step], mut check: impl FnMut(&str, Result<PurgeReport, PurgerError>, &StandIn)) {
    let client = example::client().unwrap();
    for at in 0..apis("http://127.0.0.1").len() {
        let name = apis("http://127.0.0.1")[at].0.name();
        let (stand_in, url) = StandIn::start(name, steps).await;
        let (api, purge): (AnyApi, Purge) = apis(&url).swap_remove(at);
        let result = example::purger(api, client.clone()).oneshot(purge).await;
        check(name, result, &stand_in);
    }
}

fn install_crypto() {
    // Another test may have installed it.
    _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn e8_each_vendor_gets_the_request_and_succeeds() {
    install_crypto();
    each(&[Step::Success], |name, result, stand_in| {
        let report = result.unwrap();
        assert_eq!((report.purged(), report.not_stored(), report.retries()), (1, 0, 0), "{name}");
        let requests = stand_in.requests();
        assert_eq!(requests.len(), 1, "{name}");
        let fields = requests[0].headers();
        match name {
            "Varnish" if requests[0].headers().contains_key("ban-tags") => assert_eq!(requests[0].method(), "BAN"),
            "Varnish" => {
                assert_eq!((requests[0].method().as_str(), &fields["xkey-purge"]), ("PURGE", &"a".parse().unwrap()))
            }
            "Squid" | "nginx" => {
                assert_eq!(requests[0].method(), "PURGE");
                assert_eq!(requests[0].uri(), "/a%20b?x=1&y=2");
                assert_eq!(fields[HOST], "www.example.com", "{name}: stored under the host of the URL");
            }
            _ => {
                let text = format!("{:?}", fields.iter().map(|(_, value)| value.as_bytes()).collect::<Vec<_>>());
                assert!(!text.is_empty() && fields.contains_key(CONTENT_LENGTH), "{name}");
                let credential = [AUTHORIZATION.as_str(), "fastly-key", "accesskey"];
                assert!(credential.iter().any(|field| fields.contains_key(*field)), "{name}: {fields:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn e8_500_and_then_200_is_a_success() {
    install_crypto();
    each(&[Step::Status(500, "<h1>Internal Server Error</h1>"), Step::Success], |name, result, stand_in| {
        assert_eq!((result.unwrap().retries(), stand_in.requests().len()), (1, 2), "{name}");
    })
    .await;
}

#[tokio::test]
async fn e8_404_and_412_are_not_stored_at_nginx_and_squid_and_errors_elsewhere() {
    install_crypto();
    let (not_found, failed) = (nginx_error_page!("404 Not Found"), nginx_error_page!("412 Precondition Failed"));
    for (status, page) in [(404, not_found), (412, failed)] {
        each(&[Step::Status(status, page)], |name, result, stand_in| {
            assert_eq!(stand_in.requests().len(), 1, "{name}");
            match (name, result) {
                ("nginx" | "Squid", Ok(report)) => assert_eq!((report.purged(), report.not_stored()), (0, 1)),
                ("nginx" | "Squid", Err(error)) => panic!("{error}"),
                (_, result) => assert!(!result.unwrap_err().is_retryable(), "{name}"),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn e8_an_invalid_body_and_success_false_are_failures_if_a_document_is_expected() {
    install_crypto();
    for body in ["\0\u{7f}garbage", "{\"success\": false, \"status\": \"error\", \"httpStatus\": 500, \"error\": {}}"] {
        each(&[Step::Status(200, body)], |name, result, stand_in| {
            assert_eq!(stand_in.requests().len(), 1, "{name}: not repeated");
            assert!(result.is_err() || !has_document(name), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn e7_no_credential_is_in_an_error_or_sent_to_a_redirect() {
    install_crypto();
    for step in [Step::Status(403, r#"{"message": "bad token s3cr3t-t0ken"}"#), Step::Redirect] {
        each(&[step], |name, result, stand_in| {
            let error = result.unwrap_err();
            assert!(!format!("{error} {error:?}").contains(SECRET), "{name}: {error}");
            assert_eq!(stand_in.requests().len(), 1, "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn e8_a_429_is_retried_after_its_retry_after() {
    install_crypto();
    let (stand_in, url) = StandIn::start("Fastly", &[Step::TooMany, Step::Success]).await;
    let fastly = Fastly::new("service", secret()).unwrap().base_url(&url).unwrap();
    let began = Instant::now();
    let report = example::purger(fastly, example::client().unwrap()).oneshot(tag()).await.unwrap();
    assert_eq!((report.retries(), stand_in.requests().len()), (1, 2));
    assert!((Duration::from_secs(1)..Duration::from_secs(4)).contains(&began.elapsed()));
}

#[tokio::test]
async fn e8_a_hanging_api_is_cancelled_and_retried() {
    install_crypto();
    let (stand_in, url) = StandIn::start("Cloudflare", &[Step::Hang, Step::Success]).await;
    let cloudflare = Cloudflare::new("zone", secret()).unwrap().base_url(&url).unwrap();
    let client = example::client().unwrap();
    let send = tower::service_fn(move |request: Request<Bytes>| {
        let client = client.clone();
        async move { client.execute(request.try_into()?).await.map(Response::<reqwest::Body>::from) }
    });
    let purger = Purger::new(cloudflare, send).timeout(Duration::from_millis(300));
    assert_eq!(purger.clone().oneshot(tag()).await.unwrap().retries(), 1);
    assert_eq!(stand_in.requests().len(), 2);

    *stand_in.steps.lock().unwrap() = vec![Step::Hang];
    let error = purger.retries(1).oneshot(tag()).await.unwrap_err();
    assert_eq!(error.to_string(), "Cloudflare: no complete response within 300 ms");
}

#[tokio::test]
async fn an_unreachable_api_is_a_temporary_failure() {
    install_crypto();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let varnish = Varnish::new(&url).unwrap();
    let error = example::purger(varnish, example::client().unwrap()).oneshot(tag()).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().starts_with("Varnish: "), "{error}");
}

#[test]
fn e9_reqwest_sends_a_request_unchanged() {
    for (api, purge) in apis("http://10.0.0.7:8080/api") {
        for request in api.requests(&purge).unwrap() {
            assert_kept(api.name(), &request);
        }
    }
}

fn assert_kept(name: &str, request: &Request<Bytes>) {
    let taken = reqwest::Request::try_from(request.clone()).unwrap();
    assert_eq!(taken.method(), request.method(), "{name}");
    assert_eq!(taken.url().as_str(), request.uri().to_string(), "{name}");
    assert_eq!(taken.headers(), request.headers(), "{name}");
    assert_eq!(taken.version(), request.version(), "{name}");
    assert_eq!(taken.body().unwrap().as_bytes().unwrap(), request.body(), "{name}");
    for (field, value) in taken.headers() {
        assert_eq!(value.is_sensitive(), request.headers()[field].is_sensitive(), "{name}: {field}");
        let is_known = [ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST].contains(field);
        assert!(is_known || request.headers().contains_key(field), "{name}: {field}");
    }
}

proptest! {
    #[test]
    fn e9_the_url_that_reqwest_requests_is_the_one_that_is_purged(
        rest in r"(/|%|[a-zA-Z0-9]|[-._~!$&'()+,;=:@/?\[\]|^`]|%[0-9a-fA-F]{2}){0,24}"
    ) {
        let Ok(purge) = Purge::url(format!("http://example.com/{rest}")) else { return Ok(()) };
        for api in [
            Box::new(Squid::new("http://10.0.0.7").unwrap()) as AnyApi,
            Box::new(Nginx::new("http://10.0.0.7").unwrap().location("/purge").unwrap()),
            Box::new(Varnish::new("http://10.0.0.7").unwrap()),
            Box::new(Fastly::new("service", secret()).unwrap()),
        ] {
            for request in api.requests(&purge).unwrap() {
                assert_kept(api.name(), &request);
            }
        }
    }
}

#[test]
fn e5_a_request_has_the_host_that_clients_send() {
    let purge = Purge::url("https://Example.com:443/page").unwrap();
    for (api, _) in apis("http://10.0.0.7") {
        for request in api.requests(&purge).unwrap_or_default() {
            let texts = format!("{} {:?} {:?}", request.uri(), request.headers(), request.body());
            assert!(!texts.contains("Example") && !texts.contains("443"), "{}: {texts}", api.name());
            assert!(texts.contains("example.com") || api.name() == "CloudFront", "{}: {texts}", api.name());
        }
    }
}
