//! A live page for developers that shows how the responses of a tower service are cached, and why.
//!
//! A [`Dashboard`] is a cheap handle with two parts. Its [layer](Dashboard::observe) wraps an application and records
//! each response. Its [service](Dashboard::service) is mounted at a path of your choice, and shows the table of routes,
//! each policy as a timeline, the last requests as they arrive, counters for each route, and the warnings of a
//! [`CacheAudit`](tower_cache_policy::audit::CacheAudit).
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, extract::MatchedPath, http::Request, routing::get};
//! use tower::ServiceExt;
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy};
//! use tower_cache_policy_dashboard::Dashboard;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let dashboard = Dashboard::new()
//!     // For an application without a table of routes: axum's router knows the pattern.
//!     .route_by(|request| request.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()))
//!     // The listener is bound to 127.0.0.1.
//!     .bound_to_loopback();
//!
//! let app = Router::<()>::new()
//!     .route("/hello/{name}", get(async || "hello"))
//!     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))).record_decisions())
//!     .layer(dashboard.observe())
//!     .nest_service("/_cache", dashboard.service());
//!
//! let hello = Request::get("/hello/you").body(Body::empty()).unwrap();
//! app.clone().oneshot(hello).await.unwrap();
//!
//! let look = Request::get("/_cache").header("host", "localhost:3000").body(Body::empty()).unwrap();
//! let page = axum::body::to_bytes(app.oneshot(look).await.unwrap().into_body(), usize::MAX).await.unwrap();
//! let page = std::str::from_utf8(&page).unwrap();
//! assert!(page.contains("/hello/{name}"));
//! assert!(page.contains("the layer&#39;s policy"));
//! # });
//! ```
//!
//! # Where it goes
//!
//! Make the layer the outermost one, outside [`EdgeLayer`](tower_cache_policy::EdgeLayer), so that it sees the final
//! response. The page shows the reason for a policy if the inner layers [record their
//! decisions](tower_cache_policy::CachePolicyLayer::record_decisions).
//!
//! The service has these paths: `/` is the page, `/events` is the stream that updates the page, and `/purge` runs
//! purges. A router that mounts the service must remove the prefix, as axum's `nest_service` does. The service never
//! ends an event stream on its own, so a graceful shutdown needs a time limit.
//!
//! # Who may see it
//!
//! The page shows paths, and what visitors requested. A request is refused with 403 unless all of these conditions are
//! true:
//!
//! - The peer has a loopback address. A request does not contain that address, so the server adds it as the extension
//!   [`PeerAddress`], or the application states that the listener [is bound to
//!   loopback](Dashboard::bound_to_loopback). Without either, every request is refused.
//! - The request names a loopback host, in its target and in `Host`. This stops DNS rebinding: a site that resolves its
//!   own name to 127.0.0.1 is still requested by that name.
//! - No field indicates a proxy or CDN in between. A proxy on this machine has a loopback address although its clients
//!   do not. The fields are `Forwarded`, `Via`, `CDN-Loop`, the `X-Forwarded-*` family, all fields with the address of
//!   a client (`X-Real-IP`, `CF-Connecting-IP`, `True-Client-IP`, `Fastly-Client-IP`, ...), and the fields that the
//!   known CDNs, load balancers and tunnels add.
//! - No other site made the request: `Sec-Fetch-Site` is `same-origin`, `none` or absent, and `Origin` and `Referer`
//!   are absent or name the host and port of the request. Open the page by its address, not by a link from another
//!   site.
//!
//! [`Dashboard::allow`] replaces the first three conditions with a rule of the application. With axum, these lines add
//! the peer's address, together with `into_make_service_with_connect_info::<SocketAddr>()`:
//!
//! ```
//! use std::net::SocketAddr;
//! use axum::{Router, extract::{ConnectInfo, Request}, middleware::{Next, from_fn}};
//! use tower_cache_policy_dashboard::PeerAddress;
//!
//! let app: Router = Router::new().layer(from_fn(
//!     async |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next| {
//!         request.extensions_mut().insert(PeerAddress(peer));
//!         next.run(request).await
//!     },
//! ));
//! ```
//!
//! # In-process cache
//!
//! Behind the layer of a [`SharedCache`](tower_cache_policy::SharedCache), the page shows for each route how many
//! responses came from the cache, according to `Cache-Status`. [`Dashboard::shared_cache`] adds the stored responses
//! and the size of the store. If the cache has a second level, the page shows its state, hits, misses, failures and
//! purges. [`Dashboard::allow_purges`] adds buttons that purge it:
//!
//! ```
//! use tower_cache_policy::SharedCache;
//! use tower_cache_policy::store::MemoryStore;
//! use tower_cache_policy_dashboard::Dashboard;
//!
//! let cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
//! let dashboard = Dashboard::new().shared_cache(&cache).allow_purges().bound_to_loopback();
//! # let _ = dashboard;
//! ```
//!
//! A purge is a POST to `/purge` with the field `X-Cache-Purge`, which contains `*`, `tag` and a tag, or `url` and a
//! URL without its scheme. In addition to the conditions above, the request must have an `Origin` that names its own
//! host and port. Pages of other sites cannot send such a request, because browsers send the real `Origin`, and send a
//! preflight request before they send the field.
//!
//! # Cost
//!
//! The layer takes a lock and runs an audit for each response, so use it only during development. Memory is bounded:
//! see [`Dashboard`] for the limits. An application that does not use the layer has no cost.

mod access;
mod dashboard;
mod history;
mod lengths;
mod observe;
mod page;
mod record;
mod rows;
mod serve;
mod stored;
mod text;
mod timeline;

pub use self::access::PeerAddress;
pub use self::dashboard::Dashboard;
pub use self::observe::{ObserveLayer, ObserveService, ObservedBody, ResponseFuture};
pub use self::serve::{DashboardBody, DashboardService};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
