//! [`Cluster`]: a Redis Cluster for one test, on loopback.

use std::process::Command;
use std::time::{Duration, Instant};

use redis::Commands;

use super::engine::Engine;

/// The time in milliseconds after which the nodes consider one of them failed.
const NODE_TIMEOUT: &str = "1000";

/// A Redis Cluster of three nodes with slots, and of their replicas.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Engine>,
}

impl Cluster {
    /// Starts `redis-server` six times, or three times without replicas, and creates a cluster with `redis-cli`.
    ///
    /// If a node of a cluster without replicas fails, the cluster continues with the remaining slots.
    pub(crate) fn start(has_replicas: bool) -> Self {
        let coverage = if has_replicas { "yes" } else { "no" };
        let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT];
        let arguments = [&arguments[..], &["--cluster-require-full-coverage", coverage]].concat();
        let count = if has_replicas { 6 } else { 3 };
        let nodes: Vec<_> = (0..count).map(|_| Engine::start(&arguments)).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let replicas = if has_replicas { "1" } else { "0" };
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", replicas, "--cluster-yes"])
            .output()
            .unwrap();
        assert!(created.status.success(), "{created:?}");
        let cluster = Self { nodes };
        // The replicas have to copy their primaries before they can replace them.
        cluster.until(|info, _| info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384"));
        if has_replicas {
            cluster.until(|_, replication| {
                replication.contains("master_link_status:up") || replication.contains("state=online")
            });
        }
        cluster
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Engine::url).collect()
    }

    /// Returns the index of the node that has this key.
    pub(crate) fn node_of(&self, key: &str) -> usize {
        self.nodes
            .iter()
            .position(|node| node.client().exists::<_, bool>(key).is_ok_and(|exists| exists && is_primary(node)))
            .unwrap()
    }

    /// Waits until `CLUSTER INFO` and `INFO replication` of all nodes are as expected.
    fn until(&self, is_expected: impl Fn(&str, &str) -> bool) {
        let began = Instant::now();
        loop {
            let all = self.nodes.iter().all(|node| {
                let mut client = node.client();
                let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut client).unwrap();
                let replication: String = redis::cmd("INFO").arg("replication").query(&mut client).unwrap();
                is_expected(&info, &replication)
            });
            if all {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the cluster is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn is_primary(node: &Engine) -> bool {
    redis::cmd("INFO").arg("replication").query::<String>(&mut node.client()).unwrap().contains("role:master")
}
