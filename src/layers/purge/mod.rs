//! A layer that purges what a write made out of date.
//!
//! A handler of POST, PUT, PATCH, DELETE, or of any other method that is not safe, puts a
//! [`Purge`](crate::edge::purge::Purge) into its response's extensions. Services in between may add
//! theirs. If the response is 2xx or 3xx, the layer passes the purge to a purger, which is any
//! `tower::Service<Purge>`, and sends the response when the purger is done: a client that reads after
//! its write gets the new version, if the cache purges at once. After a safe method, and with 4xx or
//! 5xx, there was no write, and nothing is purged. No response leaves with a purge in its extensions.
//!
//! The package [`tower-cache-policy-purge`](https://docs.rs/tower-cache-policy-purge) has a purger for
//! twelve vendors and caches, over any HTTP client.
//!
//! A response without a purge, which is nearly every response, costs no call, no wait and no
//! allocation. This includes gRPC. A purge in a gRPC response is done, although its status may still
//! be an error in the trailers.
//!
//! # When the purge fails
//!
//! The write is done, so the response stays a success. It gets a [`PurgeFailed`] in its extensions,
//! and with the feature `tracing` there is an event at the level WARN. Caches serve the old response
//! until it is stale. Choose lifetimes at the edge that you can accept when a purge fails.
//!
//! # When the client disconnects
//!
//! Servers drop the future of a request whose client has disconnected, and with it a purge that is
//! under way, after a write that is done. A purger that spawns its work and waits for the task
//! finishes it in any case:
//!
//! ```
//! # use tower::{BoxError, service_fn};
//! # use tower_cache_policy::edge::purge::Purge;
//! # async fn send(purge: Purge) -> Result<(), BoxError> { Ok(()) }
//! let purger = service_fn(async |purge: Purge| tokio::spawn(send(purge)).await?);
//! # let _ = tower_cache_policy::PurgeLayer::new(purger);
//! ```
//!
//! A purge that hangs delays the response, and so does a purger that is not ready: put
//! `tower::timeout` around it and, if the vendor limits the rate, `tower::limit`. The layer polls the
//! readiness of a clone of the purger when it has a purge, and so does not occupy a place in a limit
//! before.
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
//! // In place of a purger that sends requests.
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
//! assert!(purged.lock().unwrap().is_empty(), "nothing was written");
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
