//! What the cache costs: allocations of a hit, and the memory of a full store.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use http::{Request, Response};
use tower::{Layer, Service, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{PUBLIC, page};
use crate::support::{TestBody, get};

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
