//! A layer that purges what a write made wrong.
//!
//! A handler of POST, PUT, PATCH, DELETE, or of any method that is not safe, puts a
//! [`Purge`](crate::edge::purge::Purge) into its answer's extensions; services in between may add
//! theirs. When the answer is 2xx or 3xx, the layer hands it to a `tower::Service<Purge>` of yours
//! and waits for it, and only then the answer goes on: who reads after the write reads what was
//! written, as far as the cache keeps its word. After a safe method, and with 4xx or 5xx, there was
//! no write, and nothing is purged. The answer never leaves with a purge in its extensions.
//!
//! Where there is none, which is nearly always, nothing is called, nothing waits and nothing is
//! allocated. That goes for gRPC, too; a purge in such an answer is done, though its status may
//! still come out as an error in the trailers.
//!
//! # When the purge fails
//!
//! The write is done, so the answer stays a success. It gets a [`PurgeFailed`] in its extensions,
//! and with the feature `tracing` there is an event at the level WARN. Caches serve the old answer
//! until it is stale: lifetimes at the edge are what you can bear when no purge arrives.
//!
//! # When the client goes away
//!
//! Servers drop the future of a request whose client has gone, and with it a purge that is under
//! way, after a write that is done. A service that spawns its work and waits for the task finishes
//! it in any case:
//!
//! ```
//! # use tower::{BoxError, service_fn};
//! # use tower_cache_policy::edge::purge::Purge;
//! # async fn send(purge: Purge) -> Result<(), BoxError> { Ok(()) }
//! let purger = service_fn(async |purge: Purge| tokio::spawn(send(purge)).await?);
//! # let _ = tower_cache_policy::PurgeLayer::new(purger);
//! ```
//!
//! A purge that hangs holds the answer back, and so does a purger that is not ready: put
//! `tower::timeout` and, for what the vendor takes in a minute, `tower::limit` around it. The layer
//! asks the purger whether it is ready once it has a purge for it, on a clone of its own, and so
//! holds no place in a limit before.
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
//! // See `edge::purge` for one that makes requests of it and sends them.
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
