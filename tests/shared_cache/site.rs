//! A service with a cache, a clock and a counter of calls.
#![allow(unreachable_pub)] // The files of one binary.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, Clock, PurgeLayer, SharedCache};

use crate::support::{TestBody, collected, field};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const PUBLIC: CachePolicy = CachePolicy::public(MINUTE);
pub const NOON: u64 = 1_780_272_000;

/// A clock that the test sets.
#[derive(Clone, Debug, Default)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn set_back(&self, seconds: u64) {
        self.0.fetch_sub(seconds, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(NOON + seconds.load(Ordering::SeqCst)))
    }
}

/// A service with a cache in front.
#[derive(Clone)]
pub struct Site {
    pub cache: SharedCache,
    pub clock: TestClock,
    pub calls: Arc<AtomicUsize>,
    service: BoxCloneSyncService<Request<TestBody>, Response<Bytes>, Infallible>,
}

/// The parts of a client's response that tests compare.
#[derive(Debug, PartialEq, Eq)]
pub struct TestResponse {
    pub status: u16,
    pub body: String,
    pub headers: http::HeaderMap,
}

impl Site {
    /// An application with a policy layer.
    pub fn with_policy(
        policy: CachePolicy,
        handler: impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::configured(SharedCache::by_policy, Some(policy), |cache| cache, handler)
    }

    /// A gateway without any policy.
    pub fn by_fields(
        handler: impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::configured(SharedCache::by_fields, None, |cache| cache, handler)
    }

    pub fn configured(
        mode: fn(MemoryStore) -> SharedCache,
        policy: Option<CachePolicy>,
        options: impl FnOnce(SharedCache) -> SharedCache,
        handler: impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone + Send + Sync + 'static,
    ) -> Self {
        let clock = TestClock::default();
        let cache = options(mode(MemoryStore::new(16 << 20)).clock(clock.clock()));
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = {
            let calls = Arc::clone(&calls);
            service_fn(move |request: Request<TestBody>| {
                calls.fetch_add(1, Ordering::SeqCst);
                std::future::ready(Ok::<_, Infallible>(handler(&request)))
            })
        };
        let layers = ServiceBuilder::new().layer(cache.layer()).layer(PurgeLayer::new(cache.clone()));
        let service = match policy {
            Some(policy) => {
                let service = CachePolicyLayer::new(policy).clock(clock.clock()).layer(counted);
                collected(layers.service(service))
            }
            None => collected(layers.service(counted)),
        };
        Self { cache, clock, calls, service }
    }

    pub async fn call(&self, request: Request<TestBody>) -> TestResponse {
        let (head, body) = self.service.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(body.to_vec()).unwrap();
        TestResponse { status: head.status.as_u16(), body, headers: head.headers }
    }

    pub async fn get(&self, path: &str, lines: &[(&str, &str)]) -> TestResponse {
        self.call(crate::support::get(path, lines)).await
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl TestResponse {
    pub fn field(&self, name: &str) -> Option<String> {
        field(&self.headers, name)
    }

    pub fn is_hit(&self) -> bool {
        self.field("cache-status").is_some_and(|status| status.contains("; hit"))
    }
}

/// A 200 with a body and these fields.
pub fn page(body: impl Into<String>, lines: &[(&str, &str)]) -> Response<TestBody> {
    let mut response = Response::new(Full::from(body.into()));
    for (name, value) in lines {
        response.headers_mut().append(crate::support::field_name(name), crate::support::latin1(value));
    }
    response
}
