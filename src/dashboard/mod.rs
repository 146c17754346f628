//! A page for developers that shows what caches are told, and what it saves (feature
//! `dashboard`).
//!
//! A [`Dashboard`] is a cheap handle with two ends. Its [layer](Dashboard::observe) stands around
//! an application and takes note of each answer. Its [service](Dashboard::service) is mounted where
//! the developer looks, and shows the table of routes, each policy as a timeline, the last
//! requests as they come, counters for each route, and what a
//! [`CacheAudit`](crate::audit::CacheAudit) warns of.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, extract::MatchedPath, http::Request, routing::get};
//! use tower::ServiceExt;
//! use tower_cache_policy::CachingLayer;
//! use tower_cache_policy::dashboard::Dashboard;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let dashboard = Dashboard::new()
//!     // For an application without a table of routes: the router knows the pattern.
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
//! The layer is the outermost one, outside [`EdgeLayer`](crate::EdgeLayer), so that it sees what
//! goes out. Why an answer may be kept is shown where the layers inside
//! [record their decisions](crate::CachePolicyLayer::record_decisions).
//!
//! The service answers `/`, the page, and `/events`, the stream that keeps it up to date. A router
//! that mounts it takes the prefix off first, as `nest_service` does. It never ends an
//! event stream by itself, so a graceful shutdown needs a limit.
//!
//! # Who may see it
//!
//! It shows paths, and what one visitor asked for, so it is refused with 403 unless all of this
//! holds:
//!
//! - The peer has a loopback address. The address is no part of a request, so the server says it
//!   by the extension [`PeerAddress`], or the application says that the listener
//!   [is bound to loopback](Dashboard::bound_to_loopback). Where neither is said it is refused.
//! - The request names a loopback host, in its target and in `Host`. A site elsewhere that has its
//!   own name resolve to 127.0.0.1 (DNS rebinding) gets no further, since a browser sends that name.
//! - No field tells of a proxy in between (`Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `Via`), whose
//!   address is loopback while its clients' are not.
//!
//! [`Dashboard::allow`] puts a rule of the application in place of all three. With axum the address
//! comes by these lines, and by `into_make_service_with_connect_info::<SocketAddr>()`:
//!
//! ```
//! use std::net::SocketAddr;
//! use axum::{Router, extract::{ConnectInfo, Request}, middleware::{Next, from_fn}};
//! use tower_cache_policy::dashboard::PeerAddress;
//!
//! let app: Router = Router::new().layer(from_fn(
//!     async |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next| {
//!         request.extensions_mut().insert(PeerAddress(peer));
//!         next.run(request).await
//!     },
//! ));
//! ```
//!
//! # What it costs
//!
//! Nothing where it is not mounted: no other layer knows of it. Where it is, each answer takes a
//! lock and is audited, which is a development tool's due and no server's. Memory is bounded:
//! [`Dashboard`] tells by how much.

mod access;
mod bounds;
mod config;
mod counted;
mod handle;
mod history;
mod lanes;
mod lengths;
mod observe;
mod page;
mod peer;
mod record;
mod serve;

pub use self::handle::Dashboard;
pub use self::observe::{ObserveLayer, ObserveService, ObservedBody, ResponseFuture};
pub use self::peer::PeerAddress;
pub use self::serve::{DashboardBody, DashboardService};
