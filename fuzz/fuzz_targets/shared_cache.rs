//! A cache in front of a service whose responses have any fields, and clients that send any fields. A client gets the
//! response of the service, or a stored response that it may share according to simple rules.
//!
//! The input is a list of steps: a byte that selects the action, and for requests the fields of the request, an empty
//! line, the fields of the response, and an empty line.
#![no_main]

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CacheTag, Risk};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{Clock, SharedCache, SharedCacheLayer};
use tower_cache_policy_fuzz::{fields, now};
use tower_layer::Layer;
use tower_service::Service;

const PATHS: [&str; 4] = ["/", "/a", "/a?b=1", "/a?b=2"];
const STATUSES: [u16; 8] = [200, 200, 200, 203, 206, 304, 404, 503];

fuzz_target!(|input: &[u8]| {
    let Some((&options, input)) = input.split_first() else { return };
    let mut site = Site::new(options);
    let mut rest = input;
    for _ in 0..12 {
        let Some((&step, after)) = rest.split_first() else { break };
        rest = after;
        match step % 8 {
            0..6 => {
                let (request, after) = fields(rest);
                let (response, after) = fields(after);
                rest = after;
                site.request(step, request, response);
            }
            6 => site.wait(u64::from(step / 8)),
            _ => site.purge(step / 8),
        }
    }
    assert_eq!(site.cache.stats().under_way, 0);
});

/// One call of the service.
struct Call {
    path: &'static str,
    method: Method,
    request: HeaderMap,
    response: HeaderMap,
    status: StatusCode,
    at: u64,
    /// Whether everything, or this path, has been purged since.
    is_purged: bool,
}

struct Site {
    cache: SharedCache,
    time: Arc<AtomicU64>,
    calls: Vec<Call>,
    accepts_cookies: bool,
    layer: SharedCacheLayer,
    inner: Inner,
}

#[derive(Clone, Default)]
struct Inner(Arc<Mutex<Next>>);

/// The response of the next call, and the method if there was a call.
#[derive(Default)]
struct Next {
    response: HeaderMap,
    status: StatusCode,
    body: String,
    called: Option<Method>,
}

impl Service<Request<TextBody>> for Inner {
    type Response = Response<TextBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<TextBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<TextBody>) -> Self::Future {
        let mut next = self.0.lock().unwrap();
        next.called = Some(request.method().clone());
        let mut response = Response::new(TextBody(Some(Bytes::from(next.body.clone()))));
        *response.headers_mut() = next.response.clone();
        *response.status_mut() = next.status;
        ready(Ok(response))
    }
}

#[derive(Debug, Default)]
struct TextBody(Option<Bytes>);

impl Body for TextBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(http_body::Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits")
    };
    output
}

impl Site {
    fn new(options: u8) -> Self {
        let time = Arc::new(AtomicU64::new(0));
        let clock = {
            let time = Arc::clone(&time);
            let start = u64::try_from(now().unix_seconds()).unwrap();
            Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(start + time.load(Ordering::Relaxed)))
        };
        let mut cache = SharedCache::by_fields(MemoryStore::new(1 << 20)).clock(clock);
        cache = cache.heuristics(options & 1 != 0).language_by_weight(options & 2 != 0);
        let accepts_cookies = options & 4 != 0;
        if accepts_cookies {
            cache = cache.accept_risk(Risk::SetCookieReplayedToOthers);
        }
        if options & 8 != 0 {
            cache = cache.stale_when_disconnected(Duration::from_secs(60));
        }
        let layer = cache.layer();
        Self { cache, time, calls: Vec::new(), accepts_cookies, layer, inner: Inner::default() }
    }

    fn now(&self) -> u64 {
        self.time.load(Ordering::Relaxed)
    }

    fn wait(&self, seconds: u64) {
        self.time.fetch_add(seconds * seconds, Ordering::Relaxed);
    }

    fn purge(&mut self, choice: u8) {
        let path = PATHS[usize::from(choice) % PATHS.len()];
        match choice / 4 % 3 {
            0 => self.cache.purge(&Purge::everything()),
            1 => self.cache.purge(&Purge::url(format!("https://h{path}")).unwrap()),
            // The purge may be empty.
            _ => return self.cache.purge(&Purge::tags([CacheTag::from_static("a")])),
        }
        let everything = (choice / 4).is_multiple_of(3);
        self.calls.iter_mut().filter(|call| everything || call.path == path).for_each(|call| call.is_purged = true);
    }

    fn request(&mut self, step: u8, mut request: HeaderMap, response: HeaderMap) {
        let method = match step % 8 {
            0..3 => Method::GET,
            3 => Method::HEAD,
            4 => Method::POST,
            _ => Method::GET,
        };
        let path = PATHS[usize::from(step / 8) % PATHS.len()];
        let status = StatusCode::from_u16(STATUSES[usize::from(step / 32)]).unwrap();
        request.insert("host", HeaderValue::from_static("h"));
        let number = self.calls.len();
        let body = if method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            String::new()
        } else {
            format!("call {number:04} {path}")
        };
        *self.inner.0.lock().unwrap() = Next { response: response.clone(), status, body: body.clone(), called: None };
        let mut sent = Request::new(TextBody::default());
        *sent.method_mut() = method.clone();
        *sent.uri_mut() = path.parse().unwrap();
        *sent.headers_mut() = request.clone();
        let mut service = self.layer.layer(self.inner.clone());
        let (head, mut body_of_response) = run(service.call(sent)).unwrap().into_parts();
        let mut content = Vec::new();
        while let Some(frame) = run(std::future::poll_fn(|cx| pin!(&mut body_of_response).poll_frame(cx))) {
            content.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        let called = self.inner.0.lock().unwrap().called.take();
        if let Some(method) = &called {
            let (request, response) = (request.clone(), response.clone());
            let at = self.now();
            self.calls.push(Call { path, method: method.clone(), request, response, status, at, is_purged: false });
        }
        self.check(path, &method, &request, head.status, &head.headers, &content, called.is_some().then_some(&body));
        // A successful unsafe request invalidates the responses that were stored before it.
        if method == Method::POST && (status.is_success() || status.is_redirection()) {
            let before = self.calls.iter_mut().rev().skip(1).filter(|call| call.path == path);
            before.for_each(|call| call.is_purged = true);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn check(
        &self,
        path: &str,
        method: &Method,
        request: &HeaderMap,
        status: StatusCode,
        headers: &HeaderMap,
        content: &[u8],
        own: Option<&String>,
    ) {
        let text = str::from_utf8(content).unwrap();
        if *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            assert!(own.is_some() || text.is_empty(), "no content");
            return;
        }
        if own.is_some_and(|own| own == text) || status == StatusCode::GATEWAY_TIMEOUT || status.as_u16() == 416 {
            return;
        }
        // A part of a stored response.
        let number = match status {
            StatusCode::PARTIAL_CONTENT => {
                let range = headers["content-range"].to_str().unwrap();
                assert!(range.starts_with("bytes ") && request.contains_key("range"), "{range}");
                return;
            }
            _ => text.strip_prefix("call ").and_then(|rest| rest[..4].parse::<usize>().ok()).expect(text),
        };
        let call = &self.calls[number];
        assert_eq!(call.path, path, "K-07");
        assert_eq!(text, format!("call {number:04} {path}"), "it is complete");
        assert!(!call.is_purged, "it was purged");
        assert!(matches!(call.method, Method::GET | Method::POST));
        assert!(call.status != StatusCode::PARTIAL_CONTENT && call.status != StatusCode::NOT_MODIFIED);
        for headers in [request, &call.request] {
            assert!(!headers.contains_key("authorization") && !headers.contains_key("proxy-authorization"), "G-02");
        }
        assert!(self.accepts_cookies || !call.response.contains_key("set-cookie"), "G-01");
        for name in ["cookie", "authorization", "*"] {
            let names = |line: &HeaderValue| {
                line.as_bytes()
                    .split(|byte| *byte == b',')
                    .any(|it| it.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
            };
            assert!(!call.response.get_all("vary").iter().any(names), "K-03: {name}");
        }
        let is_targeted = call.response.contains_key("cdn-cache-control");
        for line in call.response.get_all("cache-control").iter().filter(|_| !is_targeted) {
            // A directive that is not inside quotes.
            let line = line.as_bytes();
            let directives = || line.split(|byte| *byte == b',').map(|it| it.trim_ascii().to_ascii_lowercase());
            let restricts = |it: Vec<u8>| it == b"no-store" || it == b"private";
            let understands = directives().any(|it| it.starts_with(b"must-understand"));
            assert!(line.contains(&b'"') || understands || !directives().any(restricts), "C-23: {line:?}");
        }
        // The same lines select the same response, and lines with different letters select another one.
        for name in ["x-a", "x-b"] {
            let is_named = call.response.get_all("vary").iter().any(|line| {
                line.as_bytes()
                    .split(|byte| *byte == b',')
                    .any(|it| it.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
            });
            let letters = |headers: &HeaderMap| -> Vec<u8> {
                let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
                lines.join(&b',').into_iter().filter(|byte| !matches!(byte, b' ' | b'\t')).collect()
            };
            assert!(!is_named || letters(request) == letters(&call.request), "K-03: {name}");
        }
        // The response is not younger than its `Age`.
        if own.is_none() && call.method == Method::GET {
            let age: u64 = headers["age"].to_str().unwrap().parse().unwrap();
            let renewed = self.calls[number..].iter().filter(|other| other.path == path).map(|other| other.at);
            assert!(renewed.max().is_some_and(|at| age >= self.now() - at), "A-06: {age}");
        }
    }
}
