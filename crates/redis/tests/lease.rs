//! Tests instances that wait for each other's lease in a real engine.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::Commands;
use support::engine::Engine;
use support::site::{Instance, Pages};
use tower_cache_policy_redis::RedisStore;

const LIMIT: Duration = Duration::from_millis(200);
/// The environment variable with the address of the engine, for the process of a holder.
const ENGINE: &str = "TOWER_CACHE_POLICY_TEST_ENGINE";

async fn instance(pages: &Arc<Pages>, url: &str, lease: Duration) -> Instance {
    let second = RedisStore::connect(url).await.unwrap().second_level().limit(LIMIT).lease(lease);
    let instance = Instance::new(pages, second);
    instance.until(|stats| stats.is_current).await;
    instance
}

/// Waits until an instance has a lease.
async fn lease_is_taken(engine: &Engine) {
    let mut client = engine.client();
    let began = Instant::now();
    while client.keys::<_, Vec<String>>("*-1ea5e").unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "no lease is taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn several_instances_generate_a_response_once_even_after_a_purge() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    pages.delay.store(200, Ordering::Relaxed);
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(instance(&pages, &engine.url(), Duration::from_secs(5)).await);
    }
    for round in 1..=2 {
        let mut requests = tokio::task::JoinSet::new();
        for instance in instances.iter().flat_map(|instance| [instance; 4]) {
            let instance = instance.clone();
            requests.spawn(async move { instance.get("/p/1", None).await.body });
        }
        let bodies = requests.join_all().await;
        assert!(bodies.iter().all(|body| body.starts_with(&(round - 1).to_string())), "{bodies:?}");
        assert_eq!(pages.made.load(Ordering::Relaxed), round, "in round {round}");
        assert_eq!(instances.iter().map(|instance| instance.second().waited).sum::<u64>(), 2 * round);
        // The record of the old version remains in the engine.
        pages.versions[1].store(round, Ordering::SeqCst);
        instances[0].purge(1).await;
        for instance in &instances {
            instance.until(|stats| stats.purges_received == round).await;
        }
    }
}

#[tokio::test]
async fn by_default_no_instance_waits_for_another() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    pages.delay.store(200, Ordering::Relaxed);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    tokio::join!(one.get("/p/1", None), other.get("/p/1", None));
    assert_eq!(pages.made.load(Ordering::Relaxed), 2);
    assert_eq!((one.second().waited, other.second().waited), (0, 0));
}

#[tokio::test]
async fn a_holder_that_is_killed_delays_the_others_by_its_lease() {
    // The test runs again as the holder, in a process that can be killed.
    if let Ok(url) = std::env::var(ENGINE) {
        let pages = Pages::new(10);
        pages.delay.store(60_000, Ordering::Relaxed);
        instance(&pages, &url, Duration::from_secs(30)).await.get("/p/1", None).await;
        return;
    }
    let engine = Engine::start(&[]);
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_holder_that_is_killed_delays_the_others_by_its_lease"])
        .env(ENGINE, engine.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    lease_is_taken(&engine).await;
    let pages = Pages::new(10);
    let lease = Duration::from_secs(1);
    let other = instance(&pages, &engine.url(), lease).await;
    // The lease of the holder must not expire before the holder is killed.
    let began = Instant::now();
    let get = tokio::spawn({
        let other = other.clone();
        async move { other.get("/p/1", None).await }
    });
    other.until(|stats| stats.waited == 1).await;
    holder.kill().unwrap();
    holder.wait().unwrap();
    let seen = get.await.unwrap();
    println!("the other instance waited for {:?}", began.elapsed());
    assert!(seen.cache_status.contains("fwd=uri-miss; fwd-status=200; stored"), "{seen:?}");
    assert!(began.elapsed() < lease + LIMIT + Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!(pages.made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_response_that_is_not_stored_ends_the_lease() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    pages.delay.store(200, Ordering::Relaxed);
    let lease = Duration::from_secs(10);
    let (one, other) = (instance(&pages, &engine.url(), lease).await, instance(&pages, &engine.url(), lease).await);
    let began = Instant::now();
    tokio::join!(one.get("/c/1", None), other.get("/c/1", None));
    assert_eq!(pages.made.load(Ordering::Relaxed), 2);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_that_is_dropped_ends_the_lease() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    pages.delay.store(500, Ordering::Relaxed);
    let lease = Duration::from_secs(10);
    let (one, other) = (instance(&pages, &engine.url(), lease).await, instance(&pages, &engine.url(), lease).await);
    let left = tokio::spawn(async move { one.get("/p/1", None).await });
    lease_is_taken(&engine).await;
    left.abort();
    let began = Instant::now();
    other.get("/p/1", None).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn waiting_requests_continue_after_the_limit_if_the_engine_stops() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    pages.delay.store(300, Ordering::Relaxed);
    let lease = Duration::from_secs(20);
    let (one, other) = (instance(&pages, &engine.url(), lease).await, instance(&pages, &engine.url(), lease).await);
    let first = tokio::spawn(async move { one.get("/p/1", None).await });
    lease_is_taken(&engine).await;
    let second = tokio::spawn({
        let other = other.clone();
        async move { other.get("/p/1", None).await }
    });
    other.until(|stats| stats.waited == 1).await;
    engine.set_stopped(true);
    let began = Instant::now();
    second.await.unwrap();
    // The limit, the pause before the operation, and the handler.
    assert!(began.elapsed() < LIMIT + Duration::from_millis(700), "{:?}", began.elapsed());
    first.await.unwrap();
    engine.set_stopped(false);
}
