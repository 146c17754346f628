//! Tests two instances behind a Redis Cluster of real engines. The tests with failing nodes check latencies, which
//! other tests on the same machine would increase. `scripts/check-engines cluster` runs them one at a time.
#![cfg(feature = "cluster")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::time::{Duration, Instant};

use support::cluster::Cluster;
use support::model::{LIMIT, Load, MAX_PURGE_DELAY};
use support::site::{Instance, Pages};
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy_redis::{ConnectErrorKind, RedisStore};

/// The key of the purges.
const HISTORY: &str = "tower-cache-policy:1-purges";

async fn second(cluster: &Cluster) -> SecondLevel {
    RedisStore::connect_cluster(cluster.urls()).await.unwrap().second_level()
}

async fn instance(pages: &std::sync::Arc<Pages>, cluster: &Cluster) -> Instance {
    let instance = Instance::new(pages, second(cluster).await.limit(Duration::from_secs(2)));
    instance.until(|stats| stats.is_current).await;
    instance
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_in_all_slots_and_purges_are_shared_through_three_nodes() {
    let cluster = Cluster::start(false);
    let pages = Pages::new(100);
    let (one, other) = (instance(&pages, &cluster).await, instance(&pages, &cluster).await);
    for page in 0..100 {
        one.get(&format!("/p/{page}"), None).await;
    }
    one.until(|stats| stats.written == 100).await;
    for page in 0..100 {
        let hit = other.get(&format!("/p/{page}"), None).await;
        assert!(hit.cache_status.contains("detail=second-level"), "{hit:?}");
    }
    for node in &cluster.nodes {
        let names: u64 = redis::cmd("DBSIZE").query(&mut node.client()).unwrap();
        assert!(names > 10, "the responses are spread over the nodes: {names}");
    }
    // The message reaches each node, regardless of the node that an instance has subscribed to.
    one.assert_purges_reach(&other, &pages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "limits latencies, so nothing else may run: use scripts/check-engines cluster"]
async fn a_failover_of_the_node_with_the_purges_reaches_no_client() {
    let mut cluster = Cluster::start(true);
    let mut load = Load::default();
    for _ in 0..2 {
        load.add(second(&cluster).await.limit(LIMIT).max_purge_delay(MAX_PURGE_DELAY)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end_phase("all nodes work");
    for instance in load.instances() {
        let second = instance.second();
        assert!(second.hits > 10 && second.errors + second.timeouts < 20, "{second:?}");
    }

    let lost = cluster.node_of(HISTORY);
    let began = Instant::now();
    cluster.nodes[lost].kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    load.recovered().await;
    println!("the instances use the replica after {:?}", began.elapsed());
    load.end_phase("the node with the purges is killed, and its replica takes over");
    tokio::time::sleep(Duration::from_secs(2)).await;
    load.end_phase("the replica works");
    let hits: Vec<u64> = load.instances().iter().map(|instance| instance.second().hits).collect();

    cluster.nodes[lost].restart();
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.recovered().await;
    load.end_phase("the killed node is back, as a replica");
    for (instance, hits) in load.instances().iter().zip(hits) {
        assert!(instance.second().hits > hits, "it is used again");
    }
    load.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "limits latencies, so nothing else may run: use scripts/check-engines cluster"]
async fn a_node_that_is_lost_without_a_replica_only_costs_its_own_responses() {
    let mut cluster = Cluster::start(false);
    let mut load = Load::default();
    for _ in 0..2 {
        load.add(second(&cluster).await.limit(LIMIT).max_purge_delay(MAX_PURGE_DELAY)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end_phase("all nodes work");
    let lost = (cluster.node_of(HISTORY) + 1) % 3;
    cluster.nodes[lost].kill();
    tokio::time::sleep(Duration::from_secs(6)).await;
    load.end_phase("a node without the purges is killed");
    let hits: Vec<u64> = load.instances().iter().map(|instance| instance.second().hits).collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (instance, hits) in load.instances().iter().zip(hits) {
        let second = instance.second();
        assert!(second.is_current, "purges are still received: {second:?}");
        assert!(second.hits > hits, "responses of the other nodes are still used: {second:?}");
    }
    // A store can be built even if a node is missing.
    second(&cluster).await;
    load.end_phase("two nodes work");
    load.check().await;
}

#[tokio::test]
async fn nodes_that_cannot_be_reached_are_one_error_without_credentials() {
    let (one, other) = (support::engine::free_port(), support::engine::free_port());
    let nodes = [one, other].map(|port| format!("redis://alice:secret@127.0.0.1:{port}"));
    let error = RedisStore::connect_cluster(nodes).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Unreachable, "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains(&one.to_string()) && text.contains(": check "), "{text}");
    assert!(!text.contains("secret") && !text.contains("alice"), "{text}");
    let error = RedisStore::connect_cluster(Vec::<String>::new()).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Settings, "{error}");
}
