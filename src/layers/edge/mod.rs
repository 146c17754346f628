//! A layer that writes the fields of the CDNs and caches in front of a service.
//!
//! Put it outermost. It applies the guards to the final response, because a session layer may have
//! added a cookie after the inner layers decided. It then writes the decision in the fields that
//! the [profiles](crate::edge) of the edges read, on a 304 as on a 200. If the response must not be
//! stored, `Cache-Control` says so too.
//!
//! # Fields of inner services
//!
//! A lifetime that a handler wrote for an edge in front counts. If the edge reads several fields,
//! its own order of precedence decides. For example, a `CDN-Cache-Control` becomes
//! `Vercel-CDN-Cache-Control` for Vercel. Fields for other edges are removed. A restriction in any of
//! these fields applies to all shared caches.
//!
//! The fields of a custom profile are treated like those of the built-in profiles. The layer removes
//! them when a guard makes a response private.
//!
//! # Tags
//!
//! Only this layer writes cache tags, because a cache that does not understand the field forwards
//! it to clients. It combines, in this order, the tags of the [routes](crate::policy), those that
//! handlers put into the response's extensions as [`CacheTags`](crate::policy::CacheTags), and those
//! that handlers wrote into the field. [`TagOverflow`](crate::edge::TagOverflow) decides what happens
//! if they do not fit.
//!
//! A 304 that was made without the handler has no tags. The handler's tags are not known, and a
//! cache would replace the tags that it has with an incomplete list.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
//! use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
//!
//! async fn article(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let mut response = Response::new(Full::from("hello"));
//!     let tags = [CacheTag::from_static("articles"), CacheTag::from_static("article-7")];
//!     CacheTags::from_iter(tags).add_to(response.extensions_mut());
//!     Ok(response)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! const MINUTE: Duration = Duration::from_secs(60);
//! let policy = CachePolicy::public(MINUTE).edge(60 * MINUTE).stale_while_revalidate(MINUTE);
//!
//! let mut service = ServiceBuilder::new()
//!     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
//!     .layer(CachePolicyLayer::new(policy))
//!     .service_fn(article);
//!
//! let response = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
//! let field = |name| response.headers()[name].to_str().unwrap();
//! assert_eq!(field("cache-control"), "public, max-age=60, stale-while-revalidate=60");
//! assert_eq!(field("cloudflare-cdn-cache-control"), "max-age=3600, stale-while-revalidate=60");
//! assert_eq!(field("cache-tag"), "articles,article-7");
//! # });
//! ```

mod config;
mod future;
mod layer;
mod service;
mod trace;

pub use self::future::ResponseFuture;
pub use self::layer::EdgeLayer;
pub use self::service::EdgeService;
