//! A layer that purges edge caches after a handler has changed data.
//!
//! A handler for an unsafe method, such as POST, PUT, PATCH or DELETE, inserts a [`Purge`](crate::edge::purge::Purge)
//! into the extensions of its response. Services in between can add to it. If the response is 2xx or 3xx, the layer
//! passes the purge to a purger, which can be any `tower::Service<Purge>`. The layer sends the response when the purger
//! has finished. A client that then requests the page gets the new representation, provided that the cache applies
//! purges immediately.
//!
//! After a safe method, and with a 4xx or 5xx status, the layer does not run the purge. It always removes the purge
//! from the extensions, so use only one `PurgeLayer`: an outer one would not find the purge. To purge an in-process
//! cache and a CDN, pass a purger that calls both, the nearer cache first:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use tower::{Service, ServiceExt, service_fn};
//! use tower_cache_policy::PurgeLayer;
//! use tower_cache_policy::edge::purge::Purge;
//!
//! # let (cache, cdn) = [(); 2].map(|()| service_fn(async |_: Purge| Ok::<_, Infallible>(()))).into();
//! // `cache` is a `SharedCache`, and `cdn` a purger of the package `tower-cache-policy-purge`.
//! let both = service_fn(move |purge: Purge| {
//!     let (cache, cdn) = (cache.clone(), cdn.clone());
//!     async move {
//!         cache.oneshot(purge.clone()).await?;
//!         cdn.oneshot(purge).await
//!     }
//! });
//! let layer = PurgeLayer::new(both);
//! # let _ = layer;
//! ```
//!
//! The package [`tower-cache-policy-purge`](https://docs.rs/tower-cache-policy-purge) contains a purger for twelve CDNs
//! and caches, over any HTTP client.
//!
//! A response without a purge does not cause a call, a wait or an allocation. The layer also runs a purge in a gRPC
//! response, although the trailers may still report an error.
//!
//! # When the purge fails
//!
//! The handler has already changed the data, so the response remains a success. The layer adds a [`PurgeFailed`] to its
//! extensions. With the feature `tracing`, it also emits an event at the level WARN. Caches serve the old response
//! until it is stale, so choose lifetimes for edges that you can accept if a purge fails.
//!
//! # When the client disconnects
//!
//! When a client disconnects, servers drop the future of its request, and with it a purge that is still running. To
//! finish the purge in all cases, spawn a task in the purger and wait for it:
//!
//! ```
//! # use tower::{BoxError, service_fn};
//! # use tower_cache_policy::edge::purge::Purge;
//! # async fn send(purge: Purge) -> Result<(), BoxError> { Ok(()) }
//! let purger = service_fn(async |purge: Purge| tokio::spawn(send(purge)).await?);
//! # let _ = tower_cache_policy::PurgeLayer::new(purger);
//! ```
//!
//! # Timeouts and limits
//!
//! A slow purge delays the response. A purger that is not ready delays it too. Apply `tower::timeout` to the purger. If
//! the vendor has a rate limit, apply `tower::limit` too. The layer polls the readiness of the purger only when it has
//! a purge, so other requests do not use up a concurrency limit.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::{Arc, Mutex};
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_cache_policy::PurgeLayer;
//! use tower_cache_policy::edge::purge::Purge;
//! use tower_cache_policy::policy::CacheTag;
//!
//! async fn handler(_: Request<()>) -> Result<Response<()>, Infallible> {
//!     let mut response = Response::new(());
//!     Purge::tags([CacheTag::from_static("article-7")]).add_to(response.extensions_mut());
//!     Ok(response)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! // A stand-in for a purger that sends requests.
//! let purged = Arc::new(Mutex::new(Vec::new()));
//! let purger = {
//!     let purged = Arc::clone(&purged);
//!     service_fn(move |purge: Purge| {
//!         purged.lock().unwrap().push(purge);
//!         std::future::ready(Ok::<_, Infallible>(()))
//!     })
//! };
//! let app = PurgeLayer::new(purger).layer(service_fn(handler));
//!
//! app.clone().oneshot(Request::get("/articles/7").body(()).unwrap()).await.unwrap();
//! assert!(purged.lock().unwrap().is_empty(), "GET is a safe method");
//!
//! app.oneshot(Request::put("/articles/7").body(()).unwrap()).await.unwrap();
//! assert!(purged.lock().unwrap()[0].cache_tags().contains("article-7"));
//! # });
//! ```

mod failed;
mod future;
mod layer;
mod service;
mod trace;

pub use self::failed::PurgeFailed;
pub use self::future::ResponseFuture;
pub use self::layer::PurgeLayer;
pub use self::service::PurgeService;
