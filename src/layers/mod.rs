//! The tower layers.
//!
//! Most applications need one layer, [`CachingLayer`](caching::CachingLayer). It combines the first three layers of
//! this table in the right order:
//!
//! | Layer | Purpose | Position |
//! |---|---|---|
//! | [`EntityTagLayer`](entity_tag::EntityTagLayer) | generates an `ETag` from the content | next to the handler |
//! | [`CachePolicyLayer`](cache_policy::CachePolicyLayer) | sets `Cache-Control` and `Vary` | on a route or a router |
//! | [`ConditionalLayer`](conditional::ConditionalLayer) | returns 304, 412 and 428 | outside compression |
//! | [`CachingLayer`](caching::CachingLayer) | the three layers above | on a router |
//! | [`EdgeLayer`](edge::EdgeLayer) | sets fields and cache tags for CDNs and reverse proxies | outermost |
//! | `AssetsLayer` (feature `assets`) | verifies versioned URLs of static files | outside a file service |
//! | `PurgeLayer` (feature `purge`) | purges a CDN after an unsafe request | on a router |
//! | `SharedCacheLayer` (feature `shared-cache`) | stores responses in the process | outside the policy layers, inside `EdgeLayer` |
//! | [`OriginalPathLayer`] | records the path of the request | outside middleware that changes the path |
//!
//! ```
//! use std::time::Duration;
//!
//! use tower::ServiceBuilder;
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachingLayer, EdgeLayer};
//!
//! // Browsers store responses for one minute, Cloudflare for one hour.
//! let policy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
//! let stack = ServiceBuilder::new()
//!     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
//!     .layer(CachingLayer::new(policy));
//! # let _ = stack;
//! ```
//!
//! # Common behavior
//!
//! All layers pass gRPC, informational responses and tunnels through unchanged. A layer that protects responses
//! treats a call as gRPC only if the request and the response both have a gRPC content type.
//!
//! Layers do not box futures, and their error type is that of the inner service. With `enabled(false)`, a layer passes
//! requests and responses through unchanged.
//!
//! The policy layers decide once for each response. A layer records its decision in the response extensions if an
//! outer layer needs it. The outer layer compares the header fields with the recorded decision and parses only fields
//! that have changed since.

#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub mod assets;
mod bypass;
pub mod cache_policy;
pub mod caching;
mod clock;
pub mod conditional;
pub mod edge;
pub mod entity_tag;
mod original_path;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub mod purge;
#[cfg(test)]
mod read_once;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub mod shared_cache;

pub use self::clock::Clock;
pub use self::original_path::{OriginalPathLayer, OriginalPathService};
