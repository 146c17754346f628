//! Tests the purger with a client and a clock that the test controls.
#![allow(clippy::unwrap_used)] // As in any test.

#[macro_use]
mod support;

use std::convert::Infallible;
use std::fmt;
use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::PurgeLayer;
use tower_cache_policy::layers::purge::PurgeFailed;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy_purge::{
    Akamai, Bunny, Cloudflare, Google, Nginx, Purge, PurgeApi, PurgeReport, Purger, PurgerError, Squid, Varnish,
};

use self::support::{SECRET, apis, page, secret, signer, success_body, tag};

/// The behavior of the client for one request.
#[derive(Clone, Debug)]
enum Step {
    /// A response with a status, a body, and `Retry-After` or nothing.
    Status(u16, &'static str, &'static str),
    /// An error whose text quotes the request.
    Error,
    Hang,
    /// The head of a response, without a body that ends.
    HangingBody(u16),
    /// The head of a response, followed by an error.
    BrokenBody(u16),
    /// An endless body with frames of this length.
    EndlessBody(u16, usize),
}

const OK: Step = Step::Status(200, r#"{"success": true}"#, "");

/// A client that takes one step for each request, and repeats the last one.
#[derive(Clone)]
struct Client {
    steps: Arc<Mutex<Vec<Step>>>,
    sent: Arc<Mutex<Vec<(Duration, Request<Bytes>)>>>,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    began: Instant,
    ready: bool,
}

impl Client {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut steps: Vec<Step> = steps.into_iter().collect();
        steps.reverse();
        let (sent, count) = (Arc::default(), Arc::<AtomicUsize>::default());
        Self {
            steps: Arc::new(Mutex::new(steps)),
            sent,
            under_way: count,
            most: Arc::default(),
            began: Instant::now(),
            ready: false,
        }
    }

    fn sent(&self) -> Vec<Request<Bytes>> {
        self.sent.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }

    /// When each request was sent, in milliseconds.
    fn times(&self) -> Vec<u128> {
        self.sent.lock().unwrap().iter().map(|(time, _)| time.as_millis()).collect()
    }
}

#[derive(Debug)]
struct ClientError(String);

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Service<Request<Bytes>> for Client {
    type Response = Response<Scripted>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Scripted>, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "the instance that is ready is called");
        let step = {
            let mut steps = self.steps.lock().unwrap();
            if steps.len() > 1 { steps.pop().unwrap() } else { steps[0].clone() }
        };
        let quoted = request.headers().iter().map(|(_, value)| value.to_str().unwrap()).collect::<Vec<_>>().join(" ");
        self.sent.lock().unwrap().push((self.began.elapsed(), request));
        let (under_way, most) = (Arc::clone(&self.under_way), Arc::clone(&self.most));
        most.fetch_max(1 + under_way.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            under_way.fetch_sub(1, Ordering::SeqCst);
            let (status, body, retry_after) = match step {
                Step::Error => return Err(ClientError(format!("connection lost while sending {quoted}"))),
                Step::Hang => pending().await,
                Step::Status(status, body, retry_after) => (status, Scripted::Text(Full::from(body)), retry_after),
                Step::HangingBody(status) => (status, Scripted::Hang, ""),
                Step::BrokenBody(status) => (status, Scripted::Broken, "2"),
                Step::EndlessBody(status, length) => (status, Scripted::Endless(length), ""),
            };
            let mut response = Response::new(body);
            *response.status_mut() = status.try_into().unwrap();
            // Varnish adds it to each of its responses.
            response.headers_mut().insert("x-varnish", HeaderValue::from_static("2"));
            if !retry_after.is_empty() {
                response.headers_mut().insert("retry-after", HeaderValue::from_static(retry_after));
            }
            Ok(response)
        })
    }
}

enum Scripted {
    Text(Full<Bytes>),
    Hang,
    Broken,
    Endless(usize),
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = ClientError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        match &mut *self {
            Self::Text(text) => Pin::new(text).poll_frame(cx).map_err(|never| match never {}),
            Self::Hang => Poll::Pending,
            Self::Broken => Poll::Ready(Some(Err(ClientError("connection reset".to_owned())))),
            Self::Endless(length) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 4096][..*length]))))),
        }
    }
}

fn cloudflare() -> Cloudflare {
    Cloudflare::new("zone", secret()).unwrap()
}

async fn purge(
    api: impl PurgeApi + Send + Sync + 'static,
    client: &Client,
    purge: Purge,
) -> Result<PurgeReport, PurgerError> {
    Purger::new(api, client.clone()).oneshot(purge).await
}

/// The text of the error.
async fn failure(client: &Client) -> String {
    purge(cloudflare(), client, tag()).await.unwrap_err().to_string()
}

fn tags(count: usize) -> Purge {
    Purge::tags((0..count).map(|n| CacheTag::new(format!("t{n}")).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn the_purger_purges_at_each_vendor() {
    for (api, purge) in apis("http://10.0.0.7") {
        let name = api.name();
        let client = Client::new([Step::Status(200, success_body(name), "")]);
        let report = Purger::new(api, client.clone()).oneshot(purge).await.unwrap();
        assert_eq!((report.purged(), report.not_stored(), report.retries()), (1, 0, 0), "{name}");
        assert_eq!(client.sent().len(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_purge_sends_nothing_and_an_unsupported_one_fails() {
    let client = Client::new([OK]);
    assert_eq!(purge(cloudflare(), &client, Purge::default()).await.unwrap(), PurgeReport::default());
    let google = Google::new("project", "map", secret()).unwrap();
    let error = purge(google, &client, tag().soft()).await.unwrap_err();
    assert!(matches!(error, PurgerError::Requests(_)) && !error.is_retryable());
    assert_eq!(error.to_string(), "Google Cloud CDN does not support a soft purge: use `Purge::hard`");
    assert!(client.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn e8_only_temporary_failures_are_retried() {
    for (steps, sent, purged) in [
        (vec![OK], 1, true),
        (vec![Step::Status(429, "", "1"), OK], 2, true),
        (vec![Step::Status(500, "", ""), OK], 2, true),
        (vec![Step::Status(503, "", ""), Step::Error, OK], 3, true),
        (vec![Step::Hang, OK], 2, true),
        (vec![Step::HangingBody(200), OK], 2, true),
        (vec![Step::BrokenBody(200), OK], 2, true),
        (vec![Step::BrokenBody(503), OK], 2, true),
        (vec![Step::Error], 4, false),
        (vec![Step::Hang], 4, false),
        (vec![Step::Status(500, "", "")], 4, false),
        (vec![Step::Status(200, r#"{"success": false}"#, "")], 1, false),
        (vec![Step::Status(200, "garbage", "")], 1, false),
        (vec![Step::Status(400, "", "")], 1, false),
        (vec![Step::Status(401, "", "")], 1, false),
        (vec![Step::Status(404, "", "")], 1, false),
        (vec![Step::Status(302, "", "")], 1, false),
        (vec![Step::EndlessBody(200, 4096)], 1, false),
        (vec![Step::EndlessBody(200, 0)], 1, false),
        (vec![Step::EndlessBody(403, 4096)], 1, false),
        (vec![Step::EndlessBody(503, 0), OK], 2, true),
    ] {
        let client = Client::new(steps.clone());
        let result = purge(cloudflare(), &client, tag()).await;
        assert_eq!((client.sent().len(), result.is_ok()), (sent, purged), "{steps:?}: {result:?}");
        if let Ok(report) = result {
            assert_eq!(report.retries(), sent - 1, "{steps:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_purger_waits_for_retry_after_and_otherwise_doubles_the_pause() {
    let client = Client::new([Step::Status(500, "", "")]);
    assert_eq!(failure(&client).await, "Cloudflare returned 500: purged nothing");
    assert_eq!(client.times(), [0, 251, 752, 1753]);

    let client = Client::new([Step::Status(429, "", "3"), Step::Status(429, "", "0"), OK]);
    purge(cloudflare(), &client, tag()).await.unwrap();
    assert_eq!(client.times(), [0, 3001, 3502], "never earlier than the API asks, and never at once");

    // Longer than a purge may wait, so an earlier attempt would be useless.
    let client = Client::new([Step::Status(429, "", "6"), OK]);
    let error = purge(cloudflare(), &client, tag()).await.unwrap_err();
    assert_eq!(error.to_string(), "Cloudflare returned 429: purged nothing; retry after 6 s");
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(6)));
    assert_eq!(client.times(), [0]);

    let client = Client::new([Step::Status(429, "", "99999999999999999999"), OK]);
    assert!(purge(cloudflare(), &client, tag()).await.is_err());
    let client = Client::new([Step::Status(429, "", "60"), OK]);
    let patient = Purger::new(cloudflare(), client.clone()).max_wait(Duration::from_secs(60));
    assert_eq!(patient.oneshot(tag()).await.unwrap().retries(), 1);
    assert_eq!(client.times(), [0, 60_001]);

    // The pause of the purger does not exceed the limit.
    let client = Client::new([Step::Error]);
    let brisk = Purger::new(cloudflare(), client.clone()).max_wait(Duration::from_millis(300)).retries(4);
    assert!(brisk.oneshot(tag()).await.is_err());
    assert_eq!(client.times(), [0, 251, 552, 853, 1154]);
}

#[tokio::test(start_paused = true)]
async fn the_purger_stops_at_its_deadline_and_retry_limit() {
    let client = Client::new([Step::Hang]);
    let began = Instant::now();
    let purger = Purger::new(cloudflare(), client.clone()).timeout(Duration::from_millis(700)).retries(1);
    let error = purger.oneshot(tag()).await.unwrap_err();
    assert_eq!(error.to_string(), "Cloudflare: no complete response within 700 ms");
    assert!(error.is_retryable());
    assert_eq!(began.elapsed(), Duration::from_millis(700 + 250 + 700));

    let client = Client::new([Step::Error]);
    assert!(Purger::new(cloudflare(), client.clone()).retries(0).oneshot(tag()).await.is_err());
    assert_eq!(client.sent().len(), 1);

    // A client that is never ready is treated like one that never responds.
    #[derive(Clone)]
    struct NeverReady;
    impl Service<Request<Bytes>> for NeverReady {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = std::future::Pending<Result<Response<Full<Bytes>>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }

        fn call(&mut self, _: Request<Bytes>) -> Self::Future {
            panic!("it is not ready");
        }
    }
    let error = Purger::new(cloudflare(), NeverReady).retries(0).oneshot(tag()).await.unwrap_err();
    assert_eq!(error.to_string(), "Cloudflare: no complete response within 5000 ms");
}

#[tokio::test(start_paused = true)]
async fn all_requests_of_a_purge_share_the_retries() {
    let client = Client::new([Step::Status(503, "", "")]);
    let error = purge(cloudflare(), &client, tags(1_000)).await.unwrap_err();
    assert_eq!(client.sent().len(), 10 + 3, "10 batches and 3 retries");
    let PurgerError::Failed { failed: 10, not_sent: 0, requests: 10, .. } = error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "Cloudflare returned 503: purged nothing (10 of 10 requests failed)");
}

#[tokio::test(start_paused = true)]
async fn the_other_requests_are_sent_unless_they_would_fail_for_the_same_reason() {
    let bunny = || Bunny::new(1, secret());
    let steps = |step: Step| [Step::Status(204, "", ""), step, Step::Status(204, "", "")];
    for (step, sent, text) in [
        (Step::Status(400, "", ""), 5, "Bunny returned 400: purged nothing (1 of 5 requests failed)"),
        (
            Step::Status(401, "", ""),
            2,
            "Bunny returned 401: check the credential and its permissions (1 of 5 requests failed, 3 were not sent)",
        ),
        (
            Step::Status(429, "", "600"),
            2,
            "Bunny returned 429: purged nothing; retry after 600 s (1 of 5 requests failed, 3 were not sent)",
        ),
    ] {
        let client = Client::new(steps(step.clone()));
        assert_eq!(purge(bunny(), &client, tags(5)).await.unwrap_err().to_string(), text);
        assert_eq!(client.sent().len(), sent, "{step:?}");
    }
    let client = Client::new([Step::Error]);
    let error = purge(bunny(), &client, tags(5)).await.unwrap_err();
    assert!(error.to_string().ends_with("(1 of 5 requests failed, 4 were not sent)"), "{error}");
    assert_eq!(client.sent().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn e10_requests_with_one_tag_each_are_sent_concurrently() {
    for (concurrency, most) in [(0, 1), (1, 1), (8, 8), (100, 20)] {
        let client = Client::new([Step::Status(204, "", "")]);
        let purger = Purger::new(Bunny::new(1, secret()), client.clone()).concurrency(concurrency);
        let report = purger.oneshot(tags(20)).await.unwrap();
        assert_eq!((report.purged(), client.most.load(Ordering::SeqCst)), (20, most));
        assert_eq!(client.times().last().copied(), Some(20_u128.div_ceil(most as u128) - 1));
    }
}

#[tokio::test(start_paused = true)]
async fn e8_not_stored_is_distinguished_from_purged() {
    let nginx = Nginx::new("http://10.0.0.7").unwrap();
    let codings = ["gzip", "br"].map(HeaderValue::from_static);
    let nginx = nginx.variants(&http::header::ACCEPT_ENCODING, codings).unwrap();
    let not_found = nginx_error_page!("404 Not Found");
    let failed = nginx_error_page!("412 Precondition Failed");
    let client =
        Client::new([Step::Status(404, not_found, ""), Step::Status(204, "", ""), Step::Status(412, failed, "")]);
    let report = purge(nginx, &client, page()).await.unwrap();
    assert_eq!((report.purged(), report.not_stored()), (1, 2));
    // The 404 is from the application, because nginx does not have the module.
    let client = Client::new([Step::Status(404, "", "")]);
    let error = purge(Nginx::new("http://10.0.0.7").unwrap(), &client, page()).await.unwrap_err();
    assert!(error.to_string().starts_with("nginx returned 404: the body is not from nginx"), "{error}");
    // At Varnish, the 404 is from the application, because the VCL forwarded the request.
    let client = Client::new([Step::Status(404, "", "")]);
    let error = purge(Varnish::new("http://10.0.0.7").unwrap(), &client, page()).await.unwrap_err();
    assert_eq!(error.to_string(), "Varnish returned 404: check that the VCL handles this method");
    let client = Client::new([Step::Status(403, "", "")]);
    assert!(purge(Squid::new("http://10.0.0.7").unwrap(), &client, page()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_signed_again_and_otherwise_unchanged() {
    let akamai = Akamai::new("h.example", signer()).unwrap();
    let client = Client::new([Step::Error, Step::Status(201, "{}", "")]);
    purge(akamai, &client, tag()).await.unwrap();
    let sent = client.sent();
    let signatures: Vec<_> =
        sent.iter().map(|request| request.headers().get_all(AUTHORIZATION).iter().collect::<Vec<_>>()).collect();
    assert!(signatures.iter().all(|values| values.len() == 1) && signatures[0] != signatures[1], "{signatures:?}");
    assert_eq!((sent[0].uri(), sent[0].body()), (sent[1].uri(), sent[1].body()));

    // CloudFront recognizes a repeated invalidation by its reference.
    let (cloudfront, _) = apis("http://10.0.0.7").into_iter().find(|(api, _)| api.name() == "CloudFront").unwrap();
    let body = success_body("CloudFront");
    let client = Client::new([Step::Status(500, "", ""), Step::Status(201, body, "")]);
    purge(cloudfront, &client, tag()).await.unwrap();
    assert_eq!(client.sent()[0].body(), client.sent()[1].body());
}

#[tokio::test(start_paused = true)]
async fn e7_no_error_shows_the_credential_of_a_request() {
    for (api, purge) in apis("http://10.0.0.7") {
        let (name, client) = (api.name(), Client::new([Step::Error]));
        let purger = Purger::new(api, client.clone());
        assert!(!format!("{purger:?}").contains("s3cr3t"));
        let error = purger.oneshot(purge).await.unwrap_err();
        let texts = format!("{error} {error:?}");
        // Neither in plain text nor in base64.
        assert!(!texts.contains("s3cr3t") && !texts.contains("czNjcjN0"), "{name}: {texts}");
        assert!(texts.contains("connection lost"), "{texts}");
        for request in client.sent() {
            assert!(name == "Akamai" || name == "CloudFront" || !format!("{request:?}").contains(SECRET), "{name}");
        }
    }
    // A signature that a vendor quotes is not shown either.
    let body = r#"{"httpStatus": 401, "detail": "bad signature: HMAC key=s3cr3t-t0ken;n=0;17"}"#;
    let client = Client::new([Step::Status(401, body, "")]);
    let error = purge(Akamai::new("h.example", signer()).unwrap(), &client, tag()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_purger_works_in_a_purge_layer() {
    let handler = |purge: Purge| {
        service_fn(move |_: Request<()>| {
            let mut response = Response::new(());
            purge.clone().add_to(response.extensions_mut());
            ready(Ok::<_, Infallible>(response))
        })
    };
    let write = || Request::builder().method(Method::PUT).uri("/articles/7").body(()).unwrap();
    for (steps, failed) in [
        (vec![OK], None),
        (vec![Step::Status(503, "", ""), OK], None),
        (
            vec![Step::Status(200, r#"{"success": false}"#, "")],
            Some("Cloudflare returned 200: its body has \"success\": false"),
        ),
    ] {
        let client = Client::new(steps);
        let service = PurgeLayer::new(Purger::new(cloudflare(), client)).layer(handler(tag()));
        let response = service.oneshot(write()).await.unwrap();
        assert_eq!(response.extensions().get::<PurgeFailed>().map(PurgeFailed::reason), failed);
    }
    let google = Google::new("project", "map", secret()).unwrap();
    let service = PurgeLayer::new(Purger::new(google, Client::new([OK]))).layer(handler(tag().soft()));
    let response = service.oneshot(write()).await.unwrap();
    let reason = response.extensions().get::<PurgeFailed>().unwrap().reason();
    assert!(reason.contains("does not support a soft purge"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_client_need_not_be_sync() {
    let client = tower::util::BoxCloneService::new(Client::new([OK]));
    assert_eq!(Purger::new(cloudflare(), client).oneshot(tag()).await.unwrap().purged(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_purge_cancels_its_requests() {
    let client = Client::new([Step::Hang]);
    let steps = Arc::downgrade(&client.steps);
    let purger = Purger::new(cloudflare(), client);
    let purging = purger.oneshot(tag());
    assert!(tokio::time::timeout(Duration::from_millis(100), purging).await.is_err());
    assert!(steps.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn e7_no_text_of_a_client_or_vendor_shows_a_credential_with_an_equals_sign() {
    // A client and a vendor that quote the credential without its scheme.
    let credential = |request: &Request<Bytes>| {
        let value = request.headers().iter().find(|(_, value)| value.is_sensitive()).unwrap().1.to_str().unwrap();
        value.rsplit(' ').next().unwrap().to_owned()
    };
    let client = service_fn(move |request: Request<Bytes>| {
        ready(Err::<Response<Full<Bytes>>, _>(ClientError(format!("cannot send {:?}", credential(&request)))))
    });
    let vendor = service_fn(move |request: Request<Bytes>| {
        // At the position where the text is truncated.
        let body = format!(r#"{{"message": "{} {}"}}"#, "x".repeat(180), credential(&request));
        let mut response = Response::new(Full::<Bytes>::from(body));
        *response.status_mut() = http::StatusCode::FORBIDDEN;
        ready(Ok::<_, Infallible>(response))
    });
    for secret in ["abcdefgh=ijklmnop-qrstuvwx", "abcdefghijklmnop==", "k=abcdefghijklmnop", "abcdefghijklmnop"] {
        let key = || tower_cache_policy_purge::Credential::new(secret).unwrap();
        let apis: [Box<dyn PurgeApi + Send + Sync>; 4] = [
            Box::new(Cloudflare::new("z", key()).unwrap()),
            Box::new(tower_cache_policy_purge::KeyCdn::new(1, key())),
            Box::new(Bunny::new(1, key())),
            Box::new(tower_cache_policy_purge::Fastly::new("s", key()).unwrap()),
        ];
        for api in apis.map(Arc::new) {
            let request = api.requests(&tag()).unwrap().remove(0);
            let shown = credential(&request);
            let start = &shown[..8];
            let by_client = Purger::new(Arc::clone(&api), client).retries(0).oneshot(tag()).await.unwrap_err();
            let by_vendor = Purger::new(Arc::clone(&api), vendor).oneshot(tag()).await.unwrap_err();
            for text in
                [by_client.to_string(), format!("{by_client:?}"), by_vendor.to_string(), format!("{by_vendor:?}")]
            {
                assert!(!text.contains(start) && !text.contains("mnop"), "{}: {text}", api.name());
            }
        }
    }
}
