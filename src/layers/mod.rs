//! The tower layers.
//!
//! | Layer | What it does | Where it sits |
//! |---|---|---|
//! | [`EntityTagLayer`](entity_tag::EntityTagLayer) | makes an `ETag` from the content | next to the handler |
//! | [`CachePolicyLayer`](cache_policy::CachePolicyLayer) | decides `Cache-Control` and `Vary` | on a route or a router |
//! | [`ConditionalLayer`](conditional::ConditionalLayer) | 304, 412 and 428 | outside compression |
//! | [`EdgeLayer`](edge::EdgeLayer) | the fields of CDNs and caches in front, tags among them | outermost |
//! | [`CachingLayer`](caching::CachingLayer) | policy, tags and preconditions, in order | on a router |
//! | `AssetsLayer` (feature `assets`) | verifies versioned URLs of files | around a service of files |
//! | `PurgeLayer` (feature `purge`) | purges after a write | on a router |
//! | [`OriginalPathLayer`] | records the path of a request | around whatever changes the path |
//!
//! All of them leave gRPC, interim answers and tunnels alone, have the error type of the
//! service inside, and box nothing. `enabled(false)` makes a layer do nothing.

#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub mod assets;
pub mod cache_policy;
pub mod caching;
mod clock;
pub mod conditional;
pub mod edge;
pub mod entity_tag;
mod exempt;
mod original_path;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub mod purge;

pub use self::clock::Clock;
pub use self::original_path::{OriginalPathLayer, OriginalPathService};
