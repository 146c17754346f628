//! Measures the cost of a hit in the second level, compared with one command on the same connection.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::engine::Engine;
use support::site::{Instance, Pages};
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy::store::{PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};
use tower_cache_policy_redis::RedisStore;

const PAGES: usize = 2_000;

/// A store that the test also uses directly.
#[derive(Clone, Debug)]
struct Shared(Arc<RedisStore>);

impl RemoteStore for Shared {
    fn get(&self, name: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        self.0.get(name)
    }

    fn put(&self, name: &str, record: Bytes, keep_for: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        self.0.put(name, record, keep_for)
    }

    fn forget(&self, name: &str) -> RemoteFuture<Result<(), RemoteError>> {
        self.0.forget(name)
    }

    fn publish(&self, purge: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        self.0.publish(purge)
    }

    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        self.0.purges_since(since)
    }

    fn purged(&self) -> RemoteFuture<()> {
        self.0.purged()
    }
}

#[tokio::test]
async fn a_hit_costs_at_most_half_more_than_one_command() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(PAGES);
    let one = Instance::with_engine(&pages, &engine.url()).await;
    for page in 0..PAGES {
        one.get(&format!("/p/{page}"), None).await;
    }
    one.until(|stats| stats.written + stats.not_written == PAGES as u64).await;
    let store = Shared(Arc::new(RedisStore::connect(engine.url()).await.unwrap()));
    let spawn = |task| _ = tokio::spawn(task);
    let second = SecondLevel::new(store.clone(), spawn, tokio::time::sleep).limit(Duration::from_secs(2));
    let other = Instance::new(&pages, second);
    other.until(|stats| stats.is_current).await;
    let (mut hits, mut commands, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for page in 0..PAGES {
        let path = format!("/p/{page}");
        let began = Instant::now();
        let seen = other.get(&path, None).await;
        hits.push(began.elapsed());
        assert!(seen.cache_status.contains("detail=second-level"), "{seen:?}");
        let began = Instant::now();
        store.get("1-0123456789abcdef").await.unwrap();
        commands.push(began.elapsed());
        let began = Instant::now();
        other.get(&path, None).await;
        bare.push(began.elapsed());
    }
    let [hit, command, memory] = [hits, commands, bare].map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let ratio = hit.as_secs_f64() / command.as_secs_f64();
    println!(
        "p50: {hit:?} for a hit in the second level, {command:?} for a command, {memory:?} for a hit in memory: {ratio:.2}"
    );
    // In a debug build, the cache itself takes several times as long.
    let most = if cfg!(debug_assertions) { 3.0 } else { 1.5 };
    assert!(ratio <= most, "{ratio:.2}");
}
