//! [`Instance`]: one process of a site, with its cache.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::shared_cache::{PublishFuture, SecondLevel, SecondLevelStats};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachingLayer, SharedCache};
use tower_cache_policy_redis::RedisStore;

type Site = tower::util::BoxCloneSyncService<Request<Full<Bytes>>, PageResponse, BoxError>;

/// The pages of a site, each with a version.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) versions: Vec<AtomicU64>,
    /// How often a page was rendered.
    pub(crate) made: AtomicU64,
    /// The time in milliseconds that rendering a page takes, in addition to one.
    pub(crate) delay: AtomicU64,
}

/// A response as a client sees it.
#[derive(Clone, Debug)]
pub(crate) struct PageResponse {
    pub(crate) cache_status: String,
    pub(crate) body: String,
}

/// One process of the site.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) cache: SharedCache,
    site: Site,
}

impl Pages {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { versions: (0..count).map(|_| AtomicU64::new(0)).collect(), ..Self::default() })
    }
}

impl Instance {
    pub(crate) fn new(pages: &Arc<Pages>, second: impl Into<Option<SecondLevel>>) -> Self {
        let cache = SharedCache::by_policy(MemoryStore::new(64 << 20)).second_level(second);
        let pages = Arc::clone(pages);
        let handler = service_fn(move |request: Request<Full<Bytes>>| {
            let pages = Arc::clone(&pages);
            async move {
                pages.made.fetch_add(1, Ordering::Relaxed);
                let path = request.uri().path();
                let index: usize = path.trim_start_matches("/p/").parse().unwrap_or(0);
                // Read first, so that a page that is rendered while its version changes shows the old version.
                let version = pages.versions[index].load(Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(1 + pages.delay.load(Ordering::Relaxed))).await;
                let language = request.headers().get("accept-language").map(|value| value.to_str().unwrap().to_owned());
                let mut response = Response::new(Full::<Bytes>::from(format!("{version} {language:?}")));
                if path.starts_with("/v/") {
                    response.headers_mut().insert("vary", "accept-language".parse().unwrap());
                }
                if path.starts_with("/c/") {
                    response.headers_mut().insert("set-cookie", "a=1".parse().unwrap());
                }
                CacheTags::from(CacheTag::new(format!("page-{index}")).unwrap()).add_to(response.extensions_mut());
                Ok::<_, Infallible>(response)
            }
        });
        let policy = CachePolicy::public(Duration::from_secs(600));
        let service = cache.layer().layer(CachingLayer::new(policy).layer(handler));
        let site = service_fn(move |request| {
            let service = service.clone();
            async move {
                let response = service.oneshot(request).await?;
                let (head, body) = response.into_parts();
                let body = body.collect().await?.to_bytes();
                let cache_status = head.headers["cache-status"].to_str()?.to_owned();
                Ok(PageResponse { cache_status, body: String::from_utf8(body.to_vec())? })
            }
        });
        Self { cache, site: Site::new(site) }
    }

    /// Creates an instance with the engine at this URL that has read the purges of the others.
    pub(crate) async fn with_engine(pages: &Arc<Pages>, url: &str) -> Self {
        // These tests are not about the limit, and the machine may be busy.
        let second = RedisStore::connect(url).await.unwrap().second_level().limit(Duration::from_secs(2));
        let instance = Self::new(pages, second);
        instance.until(|stats| stats.is_current).await;
        instance
    }

    /// Purges a page 50 times, and asserts that each purge takes effect immediately in this instance and within 100 ms
    /// in another one.
    pub(crate) async fn assert_purges_reach(&self, other: &Self, pages: &Pages) {
        let mut slowest = Duration::ZERO;
        for version in 1..=50 {
            other.get("/p/1", None).await;
            pages.versions[1].store(version, Ordering::SeqCst);
            self.purge(1).await;
            let began = Instant::now();
            while !other.get("/p/1", None).await.body.starts_with(&version.to_string()) {
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
            slowest = slowest.max(began.elapsed());
            let own = self.get("/p/1", None).await;
            assert!(own.body.starts_with(&version.to_string()), "{own:?}");
        }
        println!("the slowest of 50 purges arrived after {slowest:?}");
        assert!(slowest < Duration::from_millis(100), "{slowest:?}");
    }

    pub(crate) async fn get(&self, path: &str, language: Option<&str>) -> PageResponse {
        self.try_get(path, language).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str, language: Option<&str>) -> Result<PageResponse, BoxError> {
        let mut request = Request::get(path).header("host", "site");
        if let Some(language) = language {
            request = request.header("accept-language", language);
        }
        self.site.clone().oneshot(request.body(Full::default()).unwrap()).await
    }

    /// Purges a page, and waits until the purge is published.
    pub(crate) async fn purge(&self, index: usize) {
        self.begin_purge(index).await.unwrap();
    }

    /// Purges a page. The future waits until the purge is published.
    pub(crate) fn begin_purge(&self, index: usize) -> PublishFuture {
        let tag = CacheTag::new(format!("page-{index}")).unwrap();
        self.cache.clone().call(Purge::tags([tag]))
    }

    pub(crate) fn second(&self) -> SecondLevelStats {
        self.cache.stats().second_level.unwrap()
    }

    /// Waits until the statistics have the expected values.
    pub(crate) async fn until(&self, is_expected: impl Fn(SecondLevelStats) -> bool) {
        let began = Instant::now();
        while !is_expected(self.second()) {
            assert!(began.elapsed() < Duration::from_secs(40), "{:?}", self.second());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
