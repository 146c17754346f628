//! Measures the memory of a `SharedCache` under churn, in this process and without a network.
//!
//! The store is always full. The clients request a million URLs, most of them once, with contents of all lengths. Some
//! clients are slow and hold the data that they have received, and some disconnect before the response or in the middle
//! of it. Some bodies never end, fail, or are shorter than their declared length. Some responses vary on different
//! fields each time, and their requests have a new value each time. URLs, tags and prefixes are purged continuously.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, ETAG, HOST, HeaderName, HeaderValue, IF_NONE_MATCH, RANGE, VARY};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::util::BoxCloneService;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy::store::MemoryStore;

use super::ALLOCATOR;
use super::clients::Random;

/// The memory of the store, in bytes.
const CAPACITY: u64 = 128 << 20;
/// The memory that one response may use, in bytes.
const MAX_OBJECT: usize = 1 << 20;
/// The number of URLs.
const URLS: usize = 1_000_000;
/// The number of URLs that are requested often.
const OFTEN: usize = 500;
/// The number of URLs whose responses vary on other fields each time.
const VARIED: usize = 64;
/// The number of concurrent clients.
const CLIENTS: usize = 32;
/// The number of responses that a slow client holds.
const HELD: usize = 4;

/// The actions of the clients.
#[derive(Debug, Default)]
struct Done {
    requests: AtomicU64,
    /// The number of URLs that have been requested, each in turn.
    urls: AtomicU64,
    left: AtomicU64,
    endless: AtomicU64,
    varied: AtomicU64,
    purges: AtomicU64,
}

/// Requests responses for this time, and measures the memory every second.
pub(crate) async fn churn(seconds: u64, seed: u64) -> Result<(), String> {
    let store = MemoryStore::with_max_object(CAPACITY, MAX_OBJECT);
    let cache = SharedCache::by_fields(store).spawner(|task| _ = tokio::spawn(task)).timer(tokio::time::sleep);
    let handler = service_fn(|request: Request<Body>| {
        let (request, _) = request.into_parts();
        async move { Ok::<_, Infallible>(respond(&request).await) }
    });
    let service = cache.layer().layer(handler).map_response(|response| response.map(Body::new)).boxed_clone();
    let before = resident()?;
    let most_in_use = in_use() + CAPACITY;
    // A tenth for the gaps between allocations, which glibc's allocator has in two arenas.
    let most_allowed = before + CAPACITY / 10 * 11;
    println!("{} KiB before the first request, {} KiB allowed", before >> 10, most_allowed >> 10);

    let done = Arc::new(Done::default());
    let began = Instant::now();
    let ends = Ends::after(began, seconds);
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let random = Random::of(seed, number);
        let (cache, done) = (cache.clone(), Arc::clone(&done));
        clients.spawn(Client { service: service.clone(), cache, done, random, held: VecDeque::new() }.run(ends));
    }
    let (mut highest, mut highest_used) = (0, 0);
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    println!(
        "{:>8}{:>14}{:>12}{:>14}{:>14}{:>16}",
        "second", "requests", "URLs", "stored, KiB", "in use, KiB", "resident, KiB"
    );
    let every = (seconds / 10).max(1);
    for second in 0_u64.. {
        tokio::select! {
            _ = every_second.tick() => {}
            ended = clients.join_next() => match ended {
                Some(ended) => {
                    ended.map_err(|error| error.to_string())?;
                    continue;
                }
                None => break,
            },
        }
        let (now, used, stats) = (resident()?, in_use(), cache.stats());
        (highest, highest_used) = (highest.max(now), highest_used.max(used));
        if second.is_multiple_of(every) || now > most_allowed {
            let requests = done.requests.load(Ordering::Relaxed);
            let passed = began.elapsed().as_secs();
            let (urls, [stored, used, now]) = (stats.urls, [stats.bytes, used, now].map(|bytes| bytes >> 10));
            println!("{passed:>8}{requests:>14}{urls:>12}{stored:>14}{used:>14}{now:>16}");
        }
        if used > most_in_use {
            return Err(format!("{} KiB are in use, and {} are allowed", used >> 10, most_in_use >> 10));
        }
        if now > most_allowed {
            return Err(format!("{} KiB are resident, and {} are allowed", now >> 10, most_allowed >> 10));
        }
        if stats.bytes > CAPACITY {
            return Err(format!("{} bytes are stored, and {CAPACITY} are allowed", stats.bytes));
        }
    }

    // Background tasks may still finish requests of disconnected clients.
    for _ in 0..100 {
        if cache.stats().under_way == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{done:?}\n{:?}", cache.stats());
    println!("at most {} KiB of {} were in use", highest_used >> 10, most_in_use >> 10);
    println!("at most {} KiB of {} were resident", highest >> 10, most_allowed >> 10);
    done.check(&cache, ends.urls)
}

impl Done {
    /// Fails if the clients did not perform the actions that the test requires.
    fn check(&self, cache: &SharedCache, urls: u64) -> Result<(), String> {
        let stats = cache.stats();
        let requested = self.urls.load(Ordering::Relaxed);
        if requested < urls {
            return Err(format!("{requested} URLs were requested, and {urls} are required"));
        }
        if stats.under_way > 0 {
            return Err(format!("{} requests are under way although no client is left", stats.under_way));
        }
        if stats.stored < 2 * stats.urls || stats.hits == 0 {
            return Err(format!("the cache was not used: {stats:?}"));
        }
        Ok(())
    }
}

/// The time at which the clients end. If that is not sufficient for all URLs, they run up to three times as long.
#[derive(Clone, Copy, Debug)]
struct Ends {
    least: Instant,
    most: Instant,
    /// The number of URLs that must be requested. `None` for a short trial run.
    urls: u64,
}

impl Ends {
    fn after(began: Instant, seconds: u64) -> Self {
        let time = Duration::from_secs(seconds);
        Self { least: began + time, most: began + 3 * time, urls: if seconds < 120 { 0 } else { URLS as u64 } }
    }

    fn are_reached(&self, done: &Done) -> bool {
        let now = Instant::now();
        now >= self.most || (now >= self.least && done.urls.load(Ordering::Relaxed) >= self.urls)
    }
}

struct Client {
    service: BoxCloneService<Request<Body>, Response<Body>, Infallible>,
    cache: SharedCache,
    done: Arc<Done>,
    random: Random,
    /// The rest of the responses that the client has not read.
    held: VecDeque<Body>,
}

impl Client {
    async fn run(mut self, ends: Ends) {
        while !ends.are_reached(&self.done) {
            match self.random.below(100) {
                0 => self.purge(),
                1..5 => self.request_endless().await,
                5..10 => self.leave().await,
                10..20 => self.request_varied().await,
                20..22 => {
                    let method = self.random.one_of(&[Method::POST, Method::PUT, Method::DELETE]);
                    let path = self.often();
                    let request = self.request(method, path);
                    self.read(request, usize::MAX).await;
                }
                22..27 => {
                    let path =
                        format!("/{}/{}", self.random.one_of(&["fails", "short", "private"]), self.random.below(URLS));
                    let request = self.request(Method::GET, path);
                    self.read(request, usize::MAX).await;
                }
                27..30 => {
                    // The lengths include the maximum for a key, and longer ones.
                    let path = format!("/long/{}?{}", self.random.below(URLS), "q".repeat(self.random.below(9_000)));
                    let request = self.request(Method::GET, path);
                    self.read(request, usize::MAX).await;
                }
                30..45 => {
                    let path = self.often();
                    let method = self.random.one_of(&[Method::GET, Method::GET, Method::HEAD]);
                    let mut request = self.request(method, path);
                    match self.random.below(4) {
                        0 => _ = request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("\"same\"")),
                        1 => _ = request.headers_mut().insert(RANGE, HeaderValue::from_static("bytes=10-99")),
                        _ => {}
                    }
                    // Some clients read only a part of the response.
                    let frames = self.random.one_of(&[0, 1, usize::MAX]);
                    self.read(request, frames).await;
                }
                _ => {
                    let number = self.done.urls.fetch_add(1, Ordering::Relaxed) % URLS as u64;
                    let request = self.request(Method::GET, format!("/once/{number}"));
                    let frames = self.random.one_of(&[1, usize::MAX, usize::MAX, usize::MAX]);
                    self.read(request, frames).await;
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// The path of a response that is requested often.
    fn often(&mut self) -> String {
        format!("/often/{}", self.random.below(OFTEN))
    }

    fn request(&mut self, method: Method, path: String) -> Request<Body> {
        self.done.requests.fetch_add(1, Ordering::Relaxed);
        let request = Request::builder().method(method).uri(path).header(HOST, "www.example.com");
        request.header(SEED, self.random.below(1 << 30)).body(Body::empty()).unwrap()
    }

    /// Reads this number of frames, and holds the rest, as a slow client does.
    async fn read(&mut self, request: Request<Body>, frames: usize) {
        let Ok(response) = self.service.clone().oneshot(request).await;
        let mut body = response.into_body();
        for _ in 0..frames {
            match body.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
        self.held.push_back(body);
        if self.held.len() > HELD {
            self.held.pop_front();
        }
    }

    /// Reads some frames of a response that never ends.
    async fn request_endless(&mut self) {
        self.done.endless.fetch_add(1, Ordering::Relaxed);
        let path = format!("/endless/{}", self.random.below(URLS));
        let request = self.request(Method::GET, path);
        let frames = self.random.below(100);
        self.read(request, frames).await;
    }

    /// Requests a response whose selecting fields have new values each time.
    async fn request_varied(&mut self) {
        self.done.varied.fetch_add(1, Ordering::Relaxed);
        let path = format!("/varied/{}", self.random.below(VARIED));
        let mut request = self.request(Method::GET, path);
        for number in 0..self.random.below(20) {
            let value = format!("{}{}", self.random.below(1 << 30), "v".repeat(self.random.below(300)));
            request.headers_mut().append(varied_name(number), value.parse().unwrap());
        }
        self.read(request, usize::MAX).await;
    }

    /// Polls a request a few times, and then disconnects.
    async fn leave(&mut self) {
        self.done.left.fetch_add(1, Ordering::Relaxed);
        let path = if self.random.below(2) == 0 { self.often() } else { format!("/slow/{}", self.random.below(URLS)) };
        let request = self.request(Method::GET, path);
        let mut response = pin!(self.service.clone().oneshot(request));
        for _ in 0..self.random.below(4) {
            if response.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn purge(&mut self) {
        self.done.purges.fetch_add(1, Ordering::Relaxed);
        let number = self.random.below(URLS);
        let url = |path: String| Purge::url(format!("http://www.example.com{path}")).unwrap();
        let tag = |tag: String| Purge::tags([CacheTag::new(tag).unwrap()]);
        let purge = match self.random.below(10_000) {
            // These purges empty the store.
            0 => Purge::everything(),
            1..5 => tag("tag-of-all".to_owned()).soft(),
            5..100 => tag(format!("tag-{}", self.random.below(100))),
            100..4_000 => tag(format!("tag-{number}")),
            4_000..8_000 => url(format!("/once/{number}")),
            _ => url(format!("/once/{}*", number / 10)),
        };
        self.cache.purge(&purge);
    }
}

/// The request field with the number from which a response is generated.
const SEED: HeaderName = HeaderName::from_static("x-seed");

fn varied_name(number: usize) -> HeaderName {
    HeaderName::try_from(format!("x-varied-{number}")).unwrap()
}

/// The service. The first segment of the path determines the kind of response.
async fn respond(request: &Parts) -> Response<Body> {
    let seed = request.headers[SEED].to_str().unwrap().parse().unwrap();
    let mut random = Random::of(seed, 0);
    let kind = request.uri.path().split('/').nth(1).unwrap_or_default();
    for _ in 0..random.below(3) + if kind == "slow" { 5 } else { 0 } {
        tokio::task::yield_now().await;
    }
    let length = if random.below(8) == 0 { random.below(256 << 10) } else { random.below(16 << 10) };
    let chunks = random.below(4) + 1;
    // The body consists of chunks, which the store has to join.
    let frames = move |count: usize| {
        stream::iter(0..count).then(move |_| async move {
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'c'; length / chunks + 1]))
        })
    };
    let mut response = Response::new(match kind {
        "endless" => Body::from_stream(frames(usize::MAX)),
        "fails" => {
            let error = stream::once(async { Err(std::io::Error::other("the connection to the database is closed")) });
            Body::from_stream(frames(chunks).chain(error))
        }
        _ if random.below(2) == 0 => Body::from_stream(frames(chunks)),
        _ => Body::from(vec![b'c'; length]),
    });
    let headers = response.headers_mut();
    let control = if kind == "private" { "private".to_owned() } else { format!("max-age={}", random.below(60)) };
    headers.insert(CACHE_CONTROL, control.parse().unwrap());
    let tags = format!("tag-{}, tag-{}, tag-of-all", random.below(URLS), random.below(100));
    headers.insert("cache-tag", tags.parse().unwrap());
    match kind {
        "often" => _ = headers.insert(ETAG, HeaderValue::from_static("\"same\"")),
        "short" => _ = headers.insert(CONTENT_LENGTH, HeaderValue::from(length + 1_000_000)),
        "varied" => {
            for _ in 0..random.below(16) {
                headers.append(VARY, varied_name(random.below(20)).into());
            }
        }
        _ => {}
    }
    if request.headers.contains_key(IF_NONE_MATCH) && kind == "often" {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response
}

/// The memory that this process has allocated, in bytes.
fn in_use() -> u64 {
    ALLOCATOR.allocated() as u64
}

/// The memory of this process, in bytes.
fn resident() -> Result<u64, String> {
    /// The unit of the file on the systems that the test supports.
    const PAGE: u64 = 4 << 10;
    let pages = fs::read_to_string("/proc/self/statm").map_err(|error| error.to_string())?;
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.map(|pages| pages * PAGE).ok_or_else(|| "/proc/self/statm has no second number".to_owned())
}
