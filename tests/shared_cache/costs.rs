//! Tests the costs of the cache: allocations of a hit, and the memory of a full store.

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

use crate::site::{PUBLIC, TestClock, page};
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

/// The number of allocations of each kind of hit, from the request to the response with its body.
#[test]
fn a_hit_allocates_only_the_two_parts_of_the_map_of_its_fields() {
    let ok = |_: &Request<TestBody>| page("x".repeat(1_024), &[("etag", "\"a\""), ("vary", "accept-encoding")]);
    let encoding = ("accept-encoding", "gzip, br");
    type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], u16, u64);
    let table: &[Row] = &[
        ("a hit", "GET", &[("accept-encoding", "gzip, br")], 200, 2),
        ("a hit of another stored response", "GET", &[], 200, 2),
        ("a 304", "GET", &[("accept-encoding", "gzip, br"), ("if-none-match", "\"a\"")], 304, 2),
        // `Content-Length`, for which the map grows, and its value.
        ("HEAD", "HEAD", &[("accept-encoding", "gzip, br")], 200, 4),
    ];
    let clock = TestClock::default();
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock());
    let handler = service_fn(move |request: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(ok(&request))));
    let mut service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
    for lines in [&[encoding][..], &[]] {
        let response = poll(service.call(get("/", lines))).unwrap();
        poll(content_of(response));
    }
    // `Age` does not need memory, and `Cache-Status` needs it only once per second.
    for seconds in [0, 59] {
        clock.advance(seconds);
        for (name, method, lines, status, expected) in table {
            let mut count = 0;
            // The first hit also converts the content and the value of `Cache-Status` to a shareable form.
            for _ in 0..3 {
                let mut request = get("/", lines);
                *request.method_mut() = method.parse().unwrap();
                let (mut request, mut response) = (Some(request), None);
                count = measure(|| response = Some(poll(service.call(request.take().unwrap())))).count_total;
                assert_eq!(response.unwrap().unwrap().status(), *status, "{name}");
            }
            assert_eq!(count, *expected, "{name} after {seconds} s");
        }
    }
    assert_eq!(cache.stats().hits, 2 * 3 * 4);
}

#[test]
fn a_request_that_is_passed_through_allocates_only_the_place_of_its_report() {
    let cache = SharedCache::by_fields(MemoryStore::new(1 << 20));
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(page("x", &[]))));
    let mut service = cache.layer().layer(handler);
    let mut bare = handler;
    let mut counts = [0, 0];
    for _ in 0..3 {
        let request = || get("/", &[("authorization", "Bearer a")]);
        let (mut one, mut other) = (Some(request()), Some(request()));
        counts = [
            measure(|| drop(poll(bare.call(one.take().unwrap())))).count_total,
            measure(|| drop(poll(service.call(other.take().unwrap())))).count_total,
        ];
    }
    // The two parts of a map that was empty before.
    assert_eq!(counts[1] - counts[0], 2);
}

async fn content_of<B>(response: Response<B>) -> bytes::Bytes
where
    B: http_body::Body<Data = bytes::Bytes>,
{
    let collected = http_body_util::BodyExt::collect(response.into_body()).await;
    collected.unwrap_or_else(|_| panic!("the body does not fail")).to_bytes()
}

#[test]
fn a_full_store_uses_no_more_memory_than_configured() {
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
    let weight = cache.stats().bytes;
    assert!((CAPACITY / 2..=CAPACITY / 8 * 5).contains(&weight), "{weight}");
    // When all requests have ended, only the memory of the store remains.
    let used = u64::try_from(info.bytes_current).unwrap();
    assert!(used <= CAPACITY, "{used} bytes for {weight} that were weighed");
}

/// Requests with a new URL each time, hostile values of a field in `Vary`, clients that stop reading, and bodies that
/// do not end.
///
/// `CHURN` sets the number of requests, for a longer manual run.
#[test]
fn memory_stays_within_the_capacity_whatever_clients_do() {
    const CAPACITY: u64 = 2 << 20;
    /// The maximum number of clients that have stopped reading. Each may hold the collected part of a body.
    const SLOW: usize = 50;
    let count = std::env::var("CHURN").map_or(6_000, |text| text.parse::<usize>().unwrap());
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(CAPACITY, 32 << 10));
    let layer = cache.layer();
    let (mut largest, mut largest_with_bodies) = (0, 0);
    // The memory that was allocated before each part, which `measure` does not include.
    let mut bytes = 0_i64;
    let mut open = std::collections::VecDeque::new();
    for part in 0..20 {
        let info = measure(|| {
            for number in (part * count / 20)..((part + 1) * count / 20) {
                let handler = service_fn(|request: Request<TestBody>| {
                    let path = request.uri().path().to_owned();
                    // An endless body is one that is longer than the part that clients read in this test.
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
        // Excludes the bodies that are in progress.
        let freed = measure(|| open.clear());
        bytes += freed.bytes_current;
        largest = largest.max(bytes);
        assert!(cache.stats().bytes <= CAPACITY / 8 * 5);
        assert_eq!(cache.stats().under_way, 0);
    }
    let capacity = i64::try_from(CAPACITY).unwrap();
    assert!(cache.stats().bytes > CAPACITY / 2, "{}", cache.stats().bytes);
    assert!(largest <= capacity, "{largest} of {capacity}");
    // In addition, the test holds the frames of 50 bodies.
    assert!(largest_with_bodies <= capacity * 5 / 4, "{largest_with_bodies} of {capacity}");
}
