//! Tests two instances under a load of reads, changes and purges, while the engine is killed, stopped, filled, emptied
//! and disconnected. A model records each version of each page.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::time::Duration;

use support::engine::Engine;
use support::model::{LIMIT, Load, MAX_PURGE_DELAY};
use support::proxy::Proxy;
use tower_cache_policy_redis::RedisStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_failure_of_the_engine_reaches_a_client_or_outlives_a_purge() {
    let mut engine = Engine::start(&["--maxmemory-policy", "noeviction"]);
    let proxies = [Proxy::start(engine.port).await, Proxy::start(engine.port).await];
    let mut load = Load::default();
    for proxy in &proxies {
        let second = RedisStore::connect(proxy.url()).await.unwrap().second_level();
        load.add(second.limit(LIMIT).max_purge_delay(MAX_PURGE_DELAY)).await;
    }
    let instances = load.instances().to_vec();
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end_phase("the engine works");
    for instance in &instances {
        let second = instance.second();
        assert!(second.hits > 10 && second.errors + second.timeouts < 20, "{second:?}");
    }

    engine.kill();
    tokio::time::sleep(Duration::from_secs(4)).await;
    load.end_phase("the engine is killed");
    assert!(instances.iter().all(|instance| !instance.second().is_current), "longer than the bound");
    engine.restart();
    load.recovered().await;
    load.end_phase("the engine is back, empty");

    engine.set_stopped(true);
    tokio::time::sleep(Duration::from_secs(4)).await;
    load.end_phase("the engine is stopped");
    assert!(instances.iter().all(|instance| instance.second().timeouts >= 1));
    engine.set_stopped(false);
    load.recovered().await;
    load.end_phase("the engine continues");

    let set = |memory: &str| {
        () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(memory).query(&mut engine.client()).unwrap();
    };
    set("1");
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end_phase("the engine is full");
    assert!(instances.iter().all(|instance| instance.second().refused >= 1));
    set("0");
    load.recovered().await;

    proxies[0].set_cut(true);
    tokio::time::sleep(Duration::from_secs(4)).await;
    load.end_phase("one instance is cut off");
    assert!(!instances[0].second().is_current && instances[1].second().is_current);
    proxies[0].set_cut(false);
    load.recovered().await;
    load.end_phase("the network is back");

    let resets: Vec<u64> = instances.iter().map(|instance| instance.second().resets).collect();
    let hits: u64 = instances.iter().map(|instance| instance.second().hits).sum();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(instances.iter().map(|instance| instance.second().hits).sum::<u64>() > hits, "it is used again");
    assert!(resets.iter().all(|resets| *resets == 2), "at the start, and when the engine came back empty: {resets:?}");

    load.check().await;
}
