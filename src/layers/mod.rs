//! The tower layers.
//!
//! | Layer | What it does | Where it goes |
//! |---|---|---|
//! | [`EntityTagLayer`](entity_tag::EntityTagLayer) | makes an `ETag` from the content | next to the handler |
//! | [`CachePolicyLayer`](cache_policy::CachePolicyLayer) | decides `Cache-Control` and `Vary` | on a route or a router |
//! | [`ConditionalLayer`](conditional::ConditionalLayer) | 304, 412 and 428 | around compression |
//! | [`EdgeLayer`](edge::EdgeLayer) | writes the fields of CDNs and caches in front, with cache tags | outermost |
//! | [`CachingLayer`](caching::CachingLayer) | policy, entity tags and preconditions, in order | on a router |
//! | `AssetsLayer` (feature `assets`) | verifies versioned URLs of files | around a service of files |
//! | `PurgeLayer` (feature `purge`) | purges after a write | on a router |
//! | [`OriginalPathLayer`] | records the path of a request | around middleware that changes the path |
//!
//! All layers leave gRPC, informational responses and tunnels unchanged. For layers that guard a
//! response, a call is gRPC only if request and response both have a gRPC content type. No layer
//! boxes futures or changes the error type of the inner service. With `enabled(false)` a layer passes
//! requests and responses through unchanged.
//!
//! The policy layers decide once. A layer leaves its decision in the response's extensions if an
//! outer layer needs it. The outer layer compares the fields with that decision and reads only what
//! has changed.

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
#[cfg(test)]
mod read_once;

pub use self::clock::Clock;
pub use self::original_path::{OriginalPathLayer, OriginalPathService};
