//! Measures for which handlers a second level is worthwhile.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use support::engine::Engine;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};
use tower_cache_policy_redis::RedisStore;

const ROUNDS: usize = 1_000;

/// The times of a lookup in an engine on the same machine, compared with handlers. The crate docs contain the result.
#[tokio::test]
#[ignore = "compares times, so nothing else may run: use scripts/check-engines costs"]
async fn measures_for_which_handlers_a_second_level_is_worthwhile() {
    let engine = Engine::start(&[]);
    println!("a page of 8 KiB, p50 of {ROUNDS}");
    println!("| handler | without a second level | not found in it | found in it |");
    for micros in [0, 20, 50, 100, 200, 500, 1_000] {
        let handler = Duration::from_micros(micros);
        // The second process finds the record that the first one has written.
        let (alone, first, second) = (
            process(None, handler).await,
            process(Some(&engine), handler).await,
            process(Some(&engine), handler).await,
        );
        let paths = |part: &str| (0..ROUNDS).map(move |page| format!("/{micros}/{part}/{page}")).collect::<Vec<_>>();
        let without = p50(&alone, &paths("a")).await;
        let not_found = p50(&first, &paths("b")).await;
        first.until_written().await;
        let found = p50(&second, &paths("b")).await;
        let hits = second.cache.stats().second_level.unwrap().hits;
        assert!(hits > ROUNDS as u64 / 2, "{hits}");
        assert!(found < without || micros < 500, "it pays for a handler that takes half a millisecond: {found:?}");
        println!("| {handler:?} | {without:?} | {not_found:?} | {found:?} |");
    }
}

type Site = tower::util::BoxCloneService<Request<Full<Bytes>>, (), Infallible>;

struct Process {
    cache: SharedCache,
    site: Site,
}

/// A process whose handler is busy for this time.
async fn process(engine: Option<&Engine>, busy: Duration) -> Process {
    let mut cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
    if let Some(engine) = engine {
        let store = RedisStore::connect(engine.url()).await.unwrap();
        cache = cache.second_level(store.second_level().limit(Duration::from_secs(2)));
    }
    let handler = service_fn(move |_: Request<Full<Bytes>>| async move {
        let began = Instant::now();
        let response = Response::new(Full::<Bytes>::from(vec![b'x'; 8 << 10]));
        while began.elapsed() < busy {
            std::hint::spin_loop();
        }
        Ok::<_, Infallible>(response)
    });
    let policy = CachePolicy::public(Duration::from_secs(600));
    let service = cache.layer().layer(CachePolicyLayer::new(policy).layer(handler));
    let site = service_fn(move |request| {
        let service = service.clone();
        async move {
            let response = service.oneshot(request).await?;
            _ = response.into_body().collect().await;
            Ok(())
        }
    });
    while cache.stats().second_level.is_some_and(|stats| !stats.is_current) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Process { cache, site: Site::new(site) }
}

impl Process {
    async fn until_written(&self) {
        while self.cache.stats().second_level.is_some_and(|stats| stats.written + stats.not_written < ROUNDS as u64) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn p50(process: &Process, paths: &[String]) -> Duration {
    let mut times = Vec::new();
    for path in paths {
        let request = Request::get(path).header("host", "site").body(Full::default()).unwrap();
        let began = Instant::now();
        process.site.clone().oneshot(request).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}
