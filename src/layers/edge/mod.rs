//! A layer that tells each cache in front of a service what it is to keep, in its own fields.
//!
//! It is the outermost one. It holds the final answer against the guards once more, since a
//! session layer inside may have added a cookie after all others had looked; then it takes the
//! one decision that `Cache-Control` states by now, and writes it as the
//! [profiles](crate::edge) of the edges in front want to read it: the same on a 304 as on a 200
//! (N-05), and a restriction in `Cache-Control` too (E1-1). What services inside wrote for an
//! edge that is not there is taken away, but a restriction in it counts.
//!
//! # Tags
//!
//! It is the only one that writes tags, because who does not know them hands them to visitors
//! (G-20). It unites, in this order, those of the [routes](crate::policy), those that handlers
//! and services inside put into the answer's extensions as
//! [`CacheTags`](crate::policy::CacheTags), and those that they wrote into the field
//! themselves. Where they do not fit, [`TagOverflow`](crate::edge::TagOverflow) says what
//! becomes of the answer.
//!
//! A 304 that no handler made has no tags on it: they would be a part of those that the cache
//! has, and take their place (N-06).
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
