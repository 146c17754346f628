//! A cache whose second level returns given bytes.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::store::{MemoryStore, PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};
use tower_cache_policy::{CachePolicyLayer, Clock, SharedCache};
use tower_layer::Layer;
use tower_service::Service;

/// The body of the inner service.
pub const CONTENT: &[u8] = b"made by the inner service";

/// The records that the second level returns, and those that were written to it.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    /// The record for each name.
    pub record: Option<Bytes>,
    /// A purge before the request.
    pub purge: Option<Bytes>,
    pub written: Arc<Mutex<Vec<Bytes>>>,
}

/// A response.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    /// Whether the response came from the second level.
    pub is_hit: bool,
    pub body: Bytes,
    /// The number of records that could not be used.
    pub damaged: u64,
}

impl RemoteStore for Remote {
    fn get(&self, _: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        Box::pin(ready(Ok(self.record.clone())))
    }

    fn put(&self, _: &str, record: Bytes, _: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Box::pin(ready(Ok(())))
    }

    fn forget(&self, _: &str) -> RemoteFuture<Result<(), RemoteError>> {
        Box::pin(ready(Ok(())))
    }

    fn publish(&self, _: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        Box::pin(ready(Ok(())))
    }

    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        let purges = self.purge.iter().filter(|_| since.number == 0).map(|purge| (1, purge.clone())).collect();
        Box::pin(ready(Ok(PurgeHistory { history: 1, forgotten: 0, purges, has_more: false })))
    }
}

/// Sends a request to a cache with an empty memory in front of this second level.
pub fn send(remote: &Remote, language: Option<&HeaderValue>) -> Seen {
    let tasks: Arc<Mutex<Vec<RemoteFuture<()>>>> = Arc::default();
    let spawned = Arc::clone(&tasks);
    let spawn = move |task| spawned.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    let second = SecondLevel::new(remote.clone(), spawn, |_| std::future::pending());
    let now = UNIX_EPOCH + Duration::from_secs(1_780_000_000);
    let clock = Clock::from_fn(move || now);
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clone()).second_level(second);
    let policy = CachePolicyLayer::new(CachePolicy::public(CachePolicy::MAX_LIFETIME)).clock(clock);
    let mut service = cache.layer().layer(policy.layer(Inner));
    let mut cx = Context::from_waker(Waker::noop());
    let mut run = || {
        let mut running = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
        running.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
        tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(running);
    };
    // Reads the purges.
    run();
    let mut request = Request::get("/page").header("host", "site").body(Content::default()).expect("a valid request");
    if let Some(language) = language {
        request.headers_mut().insert("accept-language", language.clone());
    }
    let mut response = Box::pin(service.call(request));
    let Poll::Ready(Ok(response)) = response.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing waits, and the inner service does not fail")
    };
    let (head, body) = response.into_parts();
    let mut body = Box::pin(body);
    let mut content = Vec::new();
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
        content.extend(frame.into_data().unwrap_or_default());
    }
    run();
    let report = head.headers.get("cache-status").map(HeaderValue::as_bytes).unwrap_or_default();
    let second = cache.stats().second_level.expect("there is one");
    Seen {
        status: head.status,
        is_hit: report.ends_with(b"detail=second-level"),
        body: content.into(),
        damaged: second.damaged,
    }
}

/// A page that depends on the language.
#[derive(Clone, Debug)]
struct Inner;

/// A body of one frame.
#[derive(Debug, Default)]
struct Content(Option<Bytes>);

impl Service<Request<Content>> for Inner {
    type Response = Response<Content>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Content>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Content>) -> Self::Future {
        let mut response = Response::new(Content(Some(Bytes::from_static(CONTENT))));
        if request.headers().contains_key("accept-language") {
            response.headers_mut().insert("vary", HeaderValue::from_static("accept-language"));
        }
        CacheTags::from(CacheTag::from_static("page")).add_to(response.extensions_mut());
        ready(Ok(response))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}
