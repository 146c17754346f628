//! Redis and Valkey as the second level of the shared cache of [`tower_cache_policy`].
//!
//! Each process of a site has a [`SharedCache`](tower_cache_policy::SharedCache) in its memory. With a [`RedisStore`]
//! behind it, a page that one process has rendered is a hit in all of them, and a purge in one of them reaches all of
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
//! The engine is never needed. No operation makes a request wait longer than the
//! [limit](tower_cache_policy::layers::shared_cache::SecondLevel::limit), 50 milliseconds by default, and no failure
//! reaches a client. After five failures in a row, requests do not use the engine at all. A background task tries it
//! again after one second, and then after twice the time, up to 30 seconds.
//!
//! # Purges
//!
//! A purge takes effect at once in its own process, and is then added to a history in the engine by a script. The
//! engine pushes a message to the other processes, which read the history. They also read it each second, because a
//! message may be lost. A process that has not been able to read the history for
//! [10 seconds](tower_cache_policy::layers::shared_cache::SecondLevel::max_purge_delay) uses responses from its memory
//! only for 10 seconds each, and revalidates older ones.
//!
//! So after a purge has been published, no process uses an older response for longer than 10 seconds, and the duration
//! of the request that made it. Until an engine that is down can be reached again, purges wait in the process. They
//! are published within 30 seconds after that.
//!
//! Each stored response contains the number of the last purge that its process knew when it began to make it. A response
//! is not used if a later purge names it, whichever process wrote it, and however late.
//!
//! If the engine loses the history, as after a restart without persistence, or its end, as after a failover to a replica
//! that was behind, a new history begins. Each process then discards all its stored responses.
//!
//! # Settings of the engine
//!
//! - Redis 6 or later, or Valkey. With Redis 6, purges cannot be published while the memory of the engine is full.
//! - `maxmemory-policy volatile-lru` or `volatile-ttl`. All records expire, and the history of purges, of at most 10,000
//!   purges, does not. With `allkeys-lru` the engine may evict the history, which costs all stored responses.
//! - Persistence is not needed.
//! - The clocks of the machines should be synchronized. A difference between two clocks changes the age of responses.
//! - Use a user that may only access the prefix. If others can write to the engine, use
//!   `SecondLevel::authenticate_records`, with the feature `strong-tags` of the library.
//!
//! - A user of its own needs `GET`, `GETRANGE`, `SET`, `DEL`, `EVAL`, `EVALSHA`, `SUBSCRIBE`, `PUBLISH` and the commands
//!   for sorted sets, for the names that begin with the prefix.
//!
//! # Redis Cluster
//!
//! With the feature `cluster`, [`RedisStore::connect_cluster`] connects to some of the nodes and finds the others. Records
//! are spread over all nodes. The history of purges is one name, so one node runs its scripts. The message of a
//! purge reaches all nodes.
//!
//! When a node fails, lookups of its records take the limit, until five of them have failed in a row. The breaker then
//! stops the lookups in all nodes for a while. If it was the node with the history, purges are read and published again
//! when a replica has taken over. In a test with six nodes and a node timeout of one second, that took 3.3 seconds, no
//! client saw an error, and no purged response was used for longer than the bound.
//!
//! # TLS and more settings
//!
//! All functions that connect take a [`ConnectionInfo`](redis::ConnectionInfo) in place of a URL, with all settings of the
//! `redis` crate. This one trusts an authority of its own, with the feature `tls`:
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
//! The nodes of a cluster get certificates by [`RedisStore::connect_cluster_with`].
//!
//! # In a file
//!
//! With the feature `config`, [`RedisConfig`] reads the table `[store.redis]` in a file of policies, and makes the cache.
//!
//! # One process makes a response
//!
//! By default, processes that miss the same response at the same time all call their handlers. With a
//! [lease](tower_cache_policy::layers::shared_cache::SecondLevel::lease), one of them does, and the others wait for its
//! response. If that process dies, the others go on when its lease ends.
//!
//! # When it pays
//!
//! A hit in the memory of a process never uses the engine. Other requests look the response up first. In measurements
//! with an engine on the same machine and pages of 8 KiB, a response that was found took 35 to 110 microseconds, 1.2 to 1.4
//! times as long as the command itself. One that was not found took 50 to 160 microseconds longer than without a
//! second level, because it is also written. The second level therefore pays for handlers that take more than about 0.1
//! milliseconds if most responses are found in it, and 0.3 milliseconds if half of them are. Add the round trip of the
//! network if the engine is on another machine. `scripts/check-engines costs` in the repository repeats the measurement.
//!
//! # Feature flags
//!
//! | Feature | Adds |
//! |---|---|
//! | `cluster` | [`RedisStore::connect_cluster`] |
//! | `config` | [`RedisConfig`], which reads `[store.redis]` in a file of policies |
//! | `tls` | URLs with `rediss://`, over rustls with the certificates of the system. The application installs a provider of cryptography, such as `rustls::crypto::ring::default_provider().install_default()` |
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
