//! A layer that writes the fields for the CDNs and caches in front of a service.
//!
//! Make it the outermost layer. It applies the guards to the final response again, because a session layer may have
//! added a cookie after the inner layers decided. It then writes the decision into the fields that the edges read
//! according to their [profiles](crate::edge), on a 304 as on a 200. If no cache may store the response, it also
//! changes `Cache-Control`.
//!
//! # Fields of inner services
//!
//! If a handler writes a field with a lifetime for an edge in front, the layer preserves this lifetime. If the edge
//! reads several fields, the one with the highest precedence at that edge is used. For example, the lifetime of a
//! `CDN-Cache-Control` is written into `Vercel-CDN-Cache-Control` for Vercel. The layer removes fields for other edges.
//! A restriction in any of these fields applies to all shared caches.
//!
//! The fields of a custom profile are treated like those of the built-in profiles. The layer removes them when a guard
//! makes a response private.
//!
//! # Tags
//!
//! Only this layer writes cache tags, because a cache that does not understand the field forwards it to clients. It
//! combines tags from three sources, in this order: the [routes](crate::policy), the
//! [`CacheTags`](crate::policy::CacheTags) in the extensions of the response, and the field itself, if a handler wrote
//! it. [`TagOverflow`](crate::edge::TagOverflow) determines the treatment of tags that do not fit.
//!
//! A 304 gets no tags if the handler did not run, because the handler's tags are not known then. Otherwise, an edge
//! would replace the stored tags with an incomplete list.
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
//!
//! # When to use
//!
//! Use the layer if a CDN or a reverse proxy with a cache is in front of the service, and one of these applies:
//!
//! - The lifetime at the edge differs from that in browsers.
//! - Responses have cache tags.
//! - The edge does not obey a restriction in `Cache-Control` alone.
//! - A layer outside the policy layer, such as a session layer, adds cookies.
//!
//! Without it, edges obey `s-maxage` or `max-age` in `Cache-Control`.
//!
//! # A late cookie
//!
//! A session layer that is outside the policy layer adds a cookie after the policy was decided. The edge layer detects
//! it:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{HeaderValue, Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
//!
//! # tokio_test::block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
//!     .map_response(|mut response: Response<()>| {
//!         response.headers_mut().insert("set-cookie", HeaderValue::from_static("session=1"));
//!         response
//!     })
//!     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
//!
//! let response = service.oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.headers()["cache-control"], "private, max-age=60");
//! assert_eq!(response.headers()["cloudflare-cdn-cache-control"], "no-store");
//! # });
//! ```

#[cfg(test)]
mod comparison;
mod config;
mod future;
mod layer;
mod service;
mod trace;

pub use self::future::ResponseFuture;
pub use self::layer::EdgeLayer;
pub use self::service::EdgeService;
