//! Tests two processes that share a store, which hangs, fails or lags behind.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::store::{MemoryStore, PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};
use tower_cache_policy::{CachePolicyLayer, Clock, SharedCache};

type Site = tower::util::BoxCloneService<Request<Full<Bytes>>, String, Infallible>;

const TAG: CacheTag = CacheTag::from_static("page");

/// A store in the memory of the test.
#[derive(Clone, Debug, Default)]
struct Remote(Arc<State>);

#[derive(Debug, Default)]
struct State {
    records: Mutex<HashMap<String, Bytes>>,
    purges: Mutex<Vec<Bytes>>,
    lookups: AtomicU64,
    get_hangs: AtomicBool,
    publish_hangs: AtomicBool,
    history_fails: AtomicBool,
}

impl RemoteStore for Remote {
    fn get(&self, name: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        self.0.lookups.fetch_add(1, Ordering::Relaxed);
        if self.0.get_hangs.load(Ordering::Relaxed) {
            return Box::pin(pending());
        }
        let found = self.0.records.lock().unwrap().get(name).cloned();
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(found)
        })
    }

    fn put(&self, name: &str, record: Bytes, _: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        self.0.records.lock().unwrap().insert(name.to_owned(), record);
        Box::pin(ready(Ok(())))
    }

    fn forget(&self, name: &str) -> RemoteFuture<Result<(), RemoteError>> {
        self.0.records.lock().unwrap().remove(name);
        Box::pin(ready(Ok(())))
    }

    fn publish(&self, purge: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        if self.0.publish_hangs.load(Ordering::Relaxed) {
            return Box::pin(pending());
        }
        self.0.purges.lock().unwrap().push(purge);
        Box::pin(ready(Ok(())))
    }

    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        if self.0.history_fails.load(Ordering::Relaxed) {
            return Box::pin(ready(Err(RemoteError::unavailable("a test"))));
        }
        let purges = self.0.purges.lock().unwrap();
        let numbered = (1_u64..).zip(purges.iter().cloned());
        let purges = numbered.filter(|(number, _)| since.history != 1 || *number > since.number).collect();
        Box::pin(ready(Ok(PurgeHistory { history: 1, forgotten: 0, purges, has_more: false })))
    }
}

/// One process. Its handler counts calls, and shows the number of the call.
#[derive(Clone)]
struct Process {
    cache: SharedCache,
    site: Site,
    calls: Arc<AtomicU64>,
    /// The current time in seconds.
    now: Arc<AtomicU64>,
}

impl Process {
    async fn new(remote: &Remote) -> Self {
        let now = Arc::new(AtomicU64::new(1_780_000_000));
        let read = Arc::clone(&now);
        let clock = Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(read.load(Ordering::Relaxed)));
        let spawn = |task| _ = tokio::spawn(task);
        let second = SecondLevel::new(remote.clone(), spawn, tokio::time::sleep);
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock).second_level(second);
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        let handler = service_fn(move |request: Request<Full<Bytes>>| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            let mut response = Response::new(Full::<Bytes>::from(format!("call {call}")));
            response.headers_mut().insert("etag", HeaderValue::from_static("\"a\""));
            if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
            }
            CacheTags::from(TAG).add_to(response.extensions_mut());
            ready(Ok::<_, Infallible>(response))
        });
        let policy = CachePolicy::public(Duration::from_secs(600));
        let service = cache.layer().layer(CachePolicyLayer::new(policy).layer(handler));
        let site = service_fn(move |request| {
            let service = service.clone();
            async move {
                let response = service.oneshot(request).await?;
                let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
                response.into_body().collect().await?;
                Ok(status)
            }
        });
        let process = Self { cache, site: Site::new(site), calls, now };
        process.settle().await;
        process
    }

    /// Lets the background tasks run.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    /// Returns the `Cache-Status` of a response.
    async fn get(&self) -> String {
        let request = Request::get("/page").header("host", "site").body(Full::default()).unwrap();
        self.site.clone().oneshot(request).await.unwrap()
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_of_one_process_is_a_hit_in_the_other() {
    let remote = Remote::default();
    let (one, other) = (Process::new(&remote).await, Process::new(&remote).await);
    one.get().await;
    one.settle().await;
    assert_eq!(other.get().await, "tower-cache-policy; hit; ttl=600; detail=second-level");
    assert_eq!(other.get().await, "tower-cache-policy; hit; ttl=600");
    assert_eq!((other.calls(), other.cache.stats().hits, other.cache.stats().misses), (0, 2, 0));
    // From then on, it is in the memory of the process.
    assert_eq!((other.cache.stats().stored, remote.0.lookups.load(Ordering::Relaxed)), (1, 2));
    let found = [&one, &other].map(|process| process.cache.stats().second_level.unwrap());
    assert_eq!(found.map(|second| (second.hits, second.misses)), [(0, 1), (1, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_stale_response_of_another_process_is_confirmed_and_written_again() {
    let remote = Remote::default();
    let (one, other, third) = (Process::new(&remote).await, Process::new(&remote).await, Process::new(&remote).await);
    one.get().await;
    one.settle().await;
    for process in [&other, &third] {
        process.now.fetch_add(600, Ordering::Relaxed);
    }
    // The others poll for purges.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(other.get().await, "tower-cache-policy; fwd=uri-miss; fwd-status=304; stored");
    other.settle().await;
    let stats = other.cache.stats();
    assert_eq!((stats.revalidated, stats.stored, stats.not_stored, stats.hits), (1, 1, 0, 0));
    let second = stats.second_level.unwrap();
    assert_eq!((second.hits, second.misses, second.written), (0, 1, 1));
    assert_eq!(third.get().await, "tower-cache-policy; hit; ttl=600; detail=second-level");
    assert_eq!(third.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_for_one_url_wait_for_one_lookup_even_if_the_first_client_disconnects() {
    let remote = Remote::default();
    let process = Process::new(&remote).await;
    let mut first = Box::pin(process.get());
    assert!((&mut first).now_or_never().is_none());
    let mut others: Vec<_> = (0..10).map(|_| Box::pin(process.get())).collect();
    for other in &mut others {
        assert!(other.now_or_never().is_none());
    }
    assert_eq!(remote.0.lookups.load(Ordering::Relaxed), 1);
    drop(first);
    for status in futures_util::future::join_all(others).await {
        assert!(status.contains("stored") || status.contains("collapsed") || status.contains("hit"), "{status}");
    }
    assert_eq!(process.calls(), 1);
    assert_eq!(remote.0.lookups.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_costs_the_limit_five_times_and_then_nothing() {
    let remote = Remote::default();
    let process = Process::new(&remote).await;
    remote.0.get_hangs.store(true, Ordering::Relaxed);
    let mut waited = Vec::new();
    for _ in 0..7 {
        let began = tokio::time::Instant::now();
        process.cache.purge(&Purge::everything());
        assert!(process.get().await.contains("fwd=uri-miss"));
        waited.push(began.elapsed().as_millis());
    }
    // The timer has a resolution of a millisecond.
    assert!(waited[..5].iter().all(|waited| (50..=51).contains(waited)), "{waited:?}");
    assert_eq!(waited[5..], [0, 0]);
    let second = process.cache.stats().second_level.unwrap();
    assert_eq!((second.timeouts, second.skipped, second.is_open), (5, 2, true));
    // The background task detects that the store works again, and the next request fails again.
    remote.0.get_hangs.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(!process.cache.stats().second_level.unwrap().is_open);
}

#[tokio::test(start_paused = true)]
async fn a_response_is_revalidated_when_the_purges_of_others_are_unknown_for_too_long() {
    let remote = Remote::default();
    let process = Process::new(&remote).await;
    process.get().await;
    remote.0.history_fails.store(true, Ordering::Relaxed);
    process.now.fetch_add(9, Ordering::Relaxed);
    assert!(process.get().await.contains("; hit"));
    process.now.fetch_add(1, Ordering::Relaxed);
    let status = process.get().await;
    assert!(status.contains("fwd=stale"), "{status}");
    assert!(process.get().await.contains("; hit"), "it was received a moment ago");
    assert!(!process.cache.stats().second_level.unwrap().is_current);
    // This also applies if the clock is set back.
    process.now.fetch_sub(3_600, Ordering::Relaxed);
    assert!(process.get().await.contains("fwd=stale"));
    assert_eq!(process.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_response_purged_by_this_process_is_not_used_before_the_purge_is_published() {
    let remote = Remote::default();
    let (one, other) = (Process::new(&remote).await, Process::new(&remote).await);
    remote.0.publish_hangs.store(true, Ordering::Relaxed);
    // The record is written after the purge, which the other process has not read.
    let mut cache = other.cache.clone();
    let mut publication = Box::pin(cache.call(Purge::tags([TAG])));
    assert!((&mut publication).now_or_never().is_none());
    one.get().await;
    one.settle().await;
    assert!(other.get().await.contains("fwd=uri-miss"));
    let began = tokio::time::Instant::now();
    publication.await.unwrap();
    assert!((49..=51).contains(&began.elapsed().as_millis()), "it waits for at most the limit");
    remote.0.publish_hangs.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let second = other.cache.stats().second_level.unwrap();
    assert_eq!((second.purges_pending, second.purges_sent), (0, 1));
    // The purge now applies to all processes, including responses that were stored in the meantime.
    assert!(one.get().await.contains("fwd=uri-miss"));
}

#[tokio::test(start_paused = true)]
async fn a_purge_that_cannot_be_read_purges_everything() {
    let remote = Remote::default();
    let process = Process::new(&remote).await;
    process.get().await;
    remote.0.purges.lock().unwrap().push(Bytes::from_static(b"\xffof a later version"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(process.get().await.contains("fwd=uri-miss"));
}

#[test]
fn only_a_store_that_refuses_an_operation_is_told_apart_from_one_that_is_not_available() {
    let (unavailable, refused) = (RemoteError::unavailable("a test"), RemoteError::refused("a test"));
    assert_eq!((unavailable.is_refusal(), refused.is_refusal()), (false, true));
    assert_eq!(unavailable.to_string(), "the remote store is not available: a test");
    assert_eq!(refused.to_string(), "the remote store refused an operation: a test");
}
