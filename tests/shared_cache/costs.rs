//! What the cache costs: allocations of a hit, and the memory of a full store.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use http::{Request, Response};
use http_body::Body as _;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{PUBLIC, page};
use crate::support::{Frames, TestBody, get};

fn service(
    cache: &SharedCache,
    policy: CachePolicy,
) -> impl Service<
    Request<TestBody>,
    Response = Response<impl http_body::Body<Data = bytes::Bytes> + use<>>,
    Error = Infallible,
> + Clone
+ use<> {
    let handler = service_fn(|request: Request<TestBody>| {
        let length = request.uri().path().len() * 97 % 4_000;
        std::future::ready(Ok::<_, Infallible>(page("x".repeat(length), &[("content-type", "text/plain")])))
    });
    cache.layer().layer(CachePolicyLayer::new(policy).layer(handler))
}

fn poll<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits");
    };
    output
}

#[test]
fn a_hit_allocates_only_the_key_and_the_fields() {
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let mut service = service(&cache, PUBLIC);
    let response = poll(service.call(get("/", &[]))).unwrap();
    poll(content_of(response));
    let mut response = None;
    let mut count = 0;
    // The first hit also makes the content shareable.
    for _ in 0..2 {
        let mut request = Some(get("/", &[]));
        count = measure(|| response = Some(poll(service.call(request.take().unwrap())))).count_total;
    }
    assert_eq!(cache.stats().hits, 2);
    // The key, the two parts of the map and the growth of one of them, and two each for `Age` and `Cache-Status`.
    assert!(count <= 8, "{count}");
}

async fn content_of<B>(response: Response<B>) -> bytes::Bytes
where
    B: http_body::Body<Data = bytes::Bytes>,
{
    let collected = http_body_util::BodyExt::collect(response.into_body()).await;
    collected.unwrap_or_else(|_| panic!("the body does not fail")).to_bytes()
}

#[test]
fn a_full_store_uses_hardly_more_memory_than_configured() {
    const CAPACITY: u64 = 4 << 20;
    let cache = SharedCache::by_policy(MemoryStore::new(CAPACITY));
    let info = measure(|| {
        let mut service = service(&cache, PUBLIC);
        for index in 0..30_000 {
            let path = format!("/{}{}", "p".repeat(index % 40), index % 9_000);
            let response = poll(service.call(get(&path, &[]))).unwrap();
            poll(content_of(response));
        }
    });
    assert!(cache.stats().bytes <= CAPACITY);
    assert!(cache.stats().bytes > CAPACITY * 8 / 10, "{}", cache.stats().bytes);
    // What is left when all requests have ended is the store.
    let used = u64::try_from(info.bytes_current).unwrap();
    assert!(used <= CAPACITY * 11 / 10, "{used} bytes for {} that were weighed", cache.stats().bytes);
}

/// Requests for ever new URLs, hostile values of a field in `Vary`, clients that stop to read, and bodies that do not end.
///
/// `CHURN` sets the number of requests, for a longer run by hand.
#[test]
fn memory_stays_within_the_capacity_whatever_clients_do() {
    const CAPACITY: u64 = 2 << 20;
    /// The clients that have stopped to read, at most. Each may have the collected part of a body.
    const SLOW: usize = 50;
    let count = std::env::var("CHURN").map_or(6_000, |text| text.parse::<usize>().unwrap());
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(CAPACITY, 32 << 10));
    let layer = cache.layer();
    let (mut largest, mut largest_with_bodies) = (0, 0);
    // The memory that was there before each part, which `measure` does not see.
    let mut bytes = 0_i64;
    let mut open = std::collections::VecDeque::new();
    for part in 0..20 {
        let info = measure(|| {
            for number in (part * count / 20)..((part + 1) * count / 20) {
                let handler = service_fn(|request: Request<TestBody>| {
                    let path = request.uri().path().to_owned();
                    // A body without an end is one that is longer than any client reads here.
                    let pieces = if path.starts_with("/endless") { 4_500 } else { path.len() * 31 % 100 };
                    let body = Frames::of(&vec!["a line of a page\n"; pieces]);
                    let mut response = Response::new(body);
                    response.headers_mut().insert("vary", http::HeaderValue::from_static("x-a"));
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                let mut service = layer.layer(CachePolicyLayer::new(PUBLIC).layer(handler));
                let value = format!("{number:0>length$}", length = 1 + number * 7 % 900);
                let path = match number % 5 {
                    0 => format!("/varied/{}", number % 50),
                    1 => format!("/endless/{number}"),
                    _ => format!("/{}{number}", "p".repeat(number % 60)),
                };
                let request = get(&path, &[("x-a", &value)]);
                let mut body = Box::pin(poll(service.call(request)).unwrap().into_body());
                let frames = if number % 5 == 1 { 4_000 } else { usize::MAX };
                for read in 0..frames {
                    let stops = number % 10 == 2 && read == 3;
                    if stops || poll(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))).is_none() {
                        break;
                    }
                }
                if number % 10 == 2 {
                    open.push_back(body);
                }
                if open.len() > SLOW {
                    open.pop_front();
                }
            }
        });
        bytes += info.bytes_current;
        largest_with_bodies = largest_with_bodies.max(bytes);
        // Without the bodies that are under way.
        let freed = measure(|| open.clear());
        bytes += freed.bytes_current;
        largest = largest.max(bytes);
        assert!(cache.stats().bytes <= CAPACITY);
        assert_eq!(cache.stats().under_way, 0);
    }
    let capacity = i64::try_from(CAPACITY).unwrap();
    assert!(cache.stats().bytes > CAPACITY * 8 / 10, "{}", cache.stats().bytes);
    assert!(largest <= capacity * 11 / 10, "{largest} of {capacity}");
    // Bodies under way use at most an eighth, and the rest is that of the test: its frames.
    assert!(largest_with_bodies <= capacity * 3 / 2, "{largest_with_bodies} of {capacity}");
}
