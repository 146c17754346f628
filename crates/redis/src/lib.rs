//! Redis and Valkey as the second level of the shared cache of [`tower_cache_policy`].
//!
//! Each process of a site has a [`SharedCache`](tower_cache_policy::SharedCache) in its memory. With a [`RedisStore`]
//! behind it, a page that one process has rendered is a hit in all processes. A purge in one process reaches all of
//! them, usually within a few milliseconds.
//!
//! ```no_run
//! use tower_cache_policy::SharedCache;
//! use tower_cache_policy::store::MemoryStore;
//! use tower_cache_policy_redis::{ConnectError, RedisStore};
//!
//! async fn cache() -> Result<SharedCache, ConnectError> {
//!     let store = RedisStore::connect("redis://127.0.0.1:6379").await?.prefix("shop")?;
//!     // 64 MiB in the memory of each process.
//!     Ok(SharedCache::by_policy(MemoryStore::new(64 << 20)).second_level(store.second_level()))
//! }
//! ```
//!
//! # Failures
//!
//! The service works without the engine. No operation makes a request wait longer than the
//! [limit](tower_cache_policy::layers::shared_cache::SecondLevel::limit), 50 milliseconds by default, and no failure
//! reaches a client. After five failures in a row, requests do not use the engine at all. A background task tries the
//! engine again after one second. The delay doubles with each attempt, up to 30 seconds.
//!
//! # Purges
//!
//! A purge takes effect immediately in its own process. A script then adds it to a history in the engine. The engine
//! pushes a message to the other processes, which read the history. They also read the history once per second, because
//! a message may be lost. If a process has not been able to read the history for [10
//! seconds](tower_cache_policy::layers::shared_cache::SecondLevel::max_purge_delay), it uses each response from its
//! memory only for 10 seconds, and revalidates older ones.
//!
//! After a purge has been published, no process therefore uses an older response for longer than 10 seconds plus the
//! duration of the request that generated it. While the engine is down, purges wait in the process. They are published
//! within 30 seconds after the engine can be reached again.
//!
//! Each stored response contains the number of the last purge that was known to its process before it began to generate
//! the response. If a later purge names a response, no process uses it, regardless of which process wrote it and when.
//!
//! The engine may lose the history, for example in a restart without persistence, or the end of the history, in a
//! failover to a replica that was behind. In both cases, a new history begins, and each process discards all its stored
//! responses.
//!
//! # Settings of the engine
//!
//! - Redis 6 or later, or Valkey. With Redis 6, purges cannot be published while the memory of the engine is full.
//! - `maxmemory-policy volatile-lru` or `volatile-ttl`. All records expire, but the history of at most 10,000 purges
//!   does not. With `allkeys-lru`, the engine may evict the history, and all stored responses are then discarded.
//! - Persistence is not needed.
//! - The clocks of the machines should be synchronized. A difference between two clocks changes the age of responses.
//! - Create a user that can access only the prefix. If others can write to the engine, use
//!   `SecondLevel::authenticate_records`, with the feature `strong-tags` of the library.
//! - That user needs the commands `GET`, `GETRANGE`, `SET`, `DEL`, `EVAL`, `EVALSHA`, `SUBSCRIBE`, `PUBLISH` and those
//!   for sorted sets, for the names that begin with the prefix.
//!
//! # Redis Cluster
//!
//! With the feature `cluster`, [`RedisStore::connect_cluster`] connects to some of the nodes and finds the others.
//! Records are distributed over all nodes. The history of purges has a single key, so one node runs its scripts. The
//! message of a purge reaches all nodes.
//!
//! When a node fails, each lookup of its records takes as long as the limit, until five lookups have failed in a row.
//! The circuit breaker then stops the lookups in all nodes for a while. If the failed node had the history, purges are
//! read and published again when a replica has taken over. In a test with six nodes and a node timeout of one second,
//! that took 3.3 seconds. No client received an error, and no purged response was used for longer than the maximum
//! delay.
//!
//! # TLS and more settings
//!
//! Instead of a URL, all functions that connect accept a [`ConnectionInfo`](redis::ConnectionInfo) with all settings of
//! the `redis` crate. This one trusts a custom authority, with the feature `tls`:
//!
//! ```no_run
//! # #[cfg(feature = "tls")]
//! # mod example {
//! use tower_cache_policy_redis::RedisStore;
//! use tower_cache_policy_redis::redis::{Client, TlsCertificates};
//!
//! async fn store(url: &str) -> Result<RedisStore, Box<dyn std::error::Error>> {
//!     let root_cert = Some(std::fs::read("redis-ca.pem")?);
//!     let client = Client::build_with_tls(url, TlsCertificates { client_tls: None, root_cert })?;
//!     Ok(RedisStore::connect(client.get_connection_info().clone()).await?)
//! }
//! # }
//! ```
//!
//! To set certificates for the nodes of a cluster, use [`RedisStore::connect_cluster_with`].
//!
//! # In a file
//!
//! With the feature `config`, [`RedisConfig`] reads the table `[store.redis]` in a policy file, and creates the cache.
//!
//! # One process generates a response
//!
//! By default, processes that miss the same response at the same time all call their handlers. With a
//! [lease](tower_cache_policy::layers::shared_cache::SecondLevel::lease), only one of them calls its handler, and the
//! others wait for its response. If that process dies, the others continue when its lease ends.
//!
//! # When a second level is worthwhile
//!
//! A hit in the memory of a process never uses the engine. Other requests look the response up first. In measurements
//! with an engine on the same machine and pages of 8 KiB, a request whose response was found took 35 to 110
//! microseconds, 1.2 to 1.4 times as long as the command itself. A request whose response was not found took 50 to 160
//! microseconds longer than without a second level, because the response is also written. The second level is therefore
//! worthwhile for handlers that take more than about 0.1 milliseconds if most responses are found in it, or more than
//! 0.3 milliseconds if half of them are found. Add the round trip of the network if the engine is on another machine.
//! `scripts/check-engines costs` in the repository repeats the measurement.
//!
//! # Feature flags
//!
//! | Feature | Adds |
//! |---|---|
//! | `cluster` | [`RedisStore::connect_cluster`] |
//! | `config` | [`RedisConfig`], which reads `[store.redis]` in a policy file |
//! | `tls` | URLs with `rediss://`, over rustls with the certificates of the system. The application installs a cryptography provider, such as `rustls::crypto::ring::default_provider().install_default()` |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "config")]
mod config;
mod connection;
mod error;
mod script;
mod store;

#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub use self::config::RedisConfig;
pub use self::error::{ConnectError, ConnectErrorKind};
pub use self::store::RedisStore;

/// The `redis` crate, for [`IntoConnectionInfo`](redis::IntoConnectionInfo).
pub use redis;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
