//! Tests the lease of a process: other processes wait for a response as long as it may come, and no longer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::layers::shared_cache::{SecondLevel, SharedCacheBody};
use tower_cache_policy::store::{MemoryStore, PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{PUBLIC, TestClock};
use crate::support::{Frames, TestBody, content, field, get};

type Service = BoxCloneSyncService<Request<TestBody>, Response<SharedCacheBody<Frames>>, Infallible>;

/// A store in the memory of the test, which remembers the operations. A write takes 10 ms.
#[derive(Clone, Debug, Default)]
struct Remote {
    records: Arc<Mutex<HashMap<String, Bytes>>>,
    log: Arc<Mutex<Vec<&'static str>>>,
}

impl Remote {
    fn note(&self, operation: &'static str) {
        self.log.lock().unwrap().push(operation);
    }

    /// The operations, after the background tasks have run.
    async fn operations(&self) -> Vec<&'static str> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.log.lock().unwrap().clone()
    }
}

impl RemoteStore for Remote {
    fn get(&self, name: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        let found = self.records.lock().unwrap().get(name).cloned();
        Box::pin(ready(Ok(found)))
    }

    fn put(&self, name: &str, record: Bytes, _: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        let (remote, name) = (self.clone(), name.to_owned());
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            remote.records.lock().unwrap().insert(name, record);
            remote.note("put");
            Ok(())
        })
    }

    fn forget(&self, name: &str) -> RemoteFuture<Result<(), RemoteError>> {
        self.records.lock().unwrap().remove(name);
        Box::pin(ready(Ok(())))
    }

    fn publish(&self, _: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        Box::pin(ready(Ok(())))
    }

    fn purges_since(&self, _: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        Box::pin(ready(Ok(PurgeHistory { history: 1, ..PurgeHistory::default() })))
    }

    fn lease(&self, _: &str, _: &str, _: Duration) -> RemoteFuture<Result<bool, RemoteError>> {
        self.note("lease");
        Box::pin(ready(Ok(true)))
    }

    fn end_lease(&self, _: &str, _: &str) -> RemoteFuture<Result<(), RemoteError>> {
        self.note("end");
        Box::pin(ready(Ok(())))
    }
}

/// One process, whose handler takes 20 ms. A response to a request with a language varies on it.
async fn process(remote: &Remote) -> Service {
    let spawn = |task| _ = tokio::spawn(task);
    let second = SecondLevel::new(remote.clone(), spawn, tokio::time::sleep).lease(Duration::from_secs(5));
    let clock = TestClock::default().clock();
    let store = MemoryStore::with_max_object(1 << 20, 4 << 10);
    let cache = SharedCache::by_policy(store).clock(clock.clone()).second_level(second);
    let large: &'static str = "x".repeat(3_000).leak();
    let handler = service_fn(move |request: Request<TestBody>| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let pieces = if request.uri().path() == "/large" { vec![large; 3] } else { vec!["he", "llo"] };
        let mut response = Response::new(Frames::of(&pieces));
        if request.uri().path() == "/private" {
            response.headers_mut().insert("cache-control", HeaderValue::from_static("private"));
        }
        if request.headers().contains_key("accept-language") {
            response.headers_mut().insert("vary", HeaderValue::from_static("accept-language"));
        }
        Ok::<_, Infallible>(response)
    });
    let service = Service::new(cache.layer().layer(CachePolicyLayer::new(PUBLIC).clock(clock).layer(handler)));
    tokio::time::sleep(Duration::from_millis(5)).await;
    service
}

#[tokio::test(start_paused = true)]
async fn the_lease_lasts_until_the_response_has_been_written() {
    let remote = Remote::default();
    let service = process(&remote).await;
    let client = tokio::spawn(service.oneshot(get("/", &[])));
    assert_eq!(remote.operations().await, ["lease"], "while the handler runs");
    let response = client.await.unwrap().unwrap();
    assert_eq!(remote.operations().await, ["lease"], "while the body is collected");
    assert_eq!(content(response.into_body()).await, "hello");
    assert_eq!(remote.operations().await, ["lease"], "while the record is written");
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(remote.operations().await, ["lease", "put", "end"]);
}

#[tokio::test(start_paused = true)]
async fn the_lease_ends_as_soon_as_the_response_turns_out_not_to_be_storable() {
    let remote = Remote::default();
    let service = process(&remote).await;
    let response = service.clone().oneshot(get("/private", &[])).await.unwrap();
    assert_eq!(remote.operations().await, ["lease", "end"], "while the client reads");
    assert_eq!(content(response.into_body()).await, "hello");

    let mut body = service.oneshot(get("/large", &[])).await.unwrap().into_body();
    for _ in 0..2 {
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(remote.operations().await, ["lease", "end", "lease", "end"], "while the client reads");
    assert_eq!(content(body).await.len(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn the_lease_ends_when_the_only_client_leaves() {
    let remote = Remote::default();
    let service = process(&remote).await;
    let client = tokio::spawn(service.oneshot(get("/", &[])));
    assert_eq!(remote.operations().await, ["lease"]);
    client.abort();
    assert_eq!(remote.operations().await, ["lease", "end"]);
}

#[tokio::test(start_paused = true)]
async fn another_process_gets_only_the_variant_that_its_request_selects() {
    let remote = Remote::default();
    let (one, other) = (process(&remote).await, process(&remote).await);
    let status = async |service: &Service, language: &str| {
        let request = get("/", &[("accept-language", language)]);
        let response = service.clone().oneshot(request).await.unwrap();
        let status = field(response.headers(), "cache-status").unwrap();
        assert_eq!(content(response.into_body()).await, "hello");
        tokio::time::sleep(Duration::from_millis(20)).await;
        status
    };
    assert!(status(&one, "de").await.contains("fwd=uri-miss"));
    assert!(status(&other, "en").await.contains("fwd=uri-miss"));
    assert!(status(&one, "en").await.contains("detail=second-level"));
    assert!(status(&other, "de").await.contains("detail=second-level"));
    assert!(status(&other, "fr").await.contains("fwd=vary-miss"));
}
