//! A layer that sets `Cache-Control` and `Vary`, which determine how long a response may be stored and by which caches.
//!
//! The policy comes from one value, a table of routes, or a closure that receives the request. Put the layer on a route
//! or on a router. The [`policy`](crate::policy) module explains precedence, statuses and guards.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, header::{CACHE_CONTROL, SET_COOKIE}};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cache_policy::CachePolicyLayer;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! async fn handler(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let mut response = Response::new(Full::from("hello"));
//!     match request.uri().path() {
//!         // A handler can return a policy ...
//!         "/now" => _ = response.extensions_mut().insert(CachePolicy::NO_STORE),
//!         // ... or set the field.
//!         "/day" => _ = response.headers_mut().insert(CACHE_CONTROL, "max-age=86400".parse().unwrap()),
//!         // A guard makes this response private.
//!         "/login" => _ = response.headers_mut().insert(SET_COOKIE, "id=1".parse().unwrap()),
//!         _ => {}
//!     }
//!     Ok(response)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let policy = CachePolicy::public(Duration::from_secs(300));
//! let mut service = ServiceBuilder::new()
//!     .layer(CachePolicyLayer::new(policy))
//!     .service_fn(handler);
//!
//! let mut cache_control = async |path: &str| {
//!     let request = Request::get(path).body(()).unwrap();
//!     let response = service.ready().await.unwrap().call(request).await.unwrap();
//!     response.headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
//! };
//! assert_eq!(cache_control("/").await, "public, max-age=300");
//! assert_eq!(cache_control("/now").await, "private, no-store");
//! assert_eq!(cache_control("/day").await, "max-age=86400");
//! assert_eq!(cache_control("/login").await, "private, max-age=300");
//! # });
//! ```
//!
//! # Several layers
//!
//! An inner `CachePolicyLayer` takes precedence over an outer one, as a handler does. The outer layer applies its
//! guards to the final response again.
//!
//! [`accept_risk`](CachePolicyLayer::accept_risk) turns a guard off for one layer only. The same guard of an outer
//! `CachePolicyLayer` still applies, unless that layer accepts the risk too. An [`EdgeLayer`](crate::EdgeLayer)
//! respects the decision of the inner layer for the field values that the inner layer saw. If an outer layer adds
//! another cookie, the response becomes private.
//!
//! # Session layers and `Set-Cookie`
//!
//! Guards see only the fields that inner services have set. They do not see a `Set-Cookie` that an outer session layer
//! adds later. Put this layer outside the session layer. If that is not possible, put an
//! [`EdgeLayer`](crate::EdgeLayer) or a second `CachePolicyLayer` with
//! [`CachePolicy::PRIVATE_NO_CACHE`](crate::policy::CachePolicy::PRIVATE_NO_CACHE) outside it.
//!
//! # Policies by path
//!
//! A closure that chooses a policy by path should call [`original_path`](crate::policy::original_path) instead of
//! reading `request.uri`, for two reasons:
//!
//! - A nested router removes its prefix from `request.uri`, so that the account page `/account/7` looks like `/7`.
//! - An inner service may resolve `/static/..%2faccount` to `/account`. A public policy for all of `/static/` would
//!   then apply to the account page.
//!
//! `original_path` returns the path that the client sent, or `None` if it has a dot segment. A table of routes (feature
//! `routes`) has the same protection.
//!
//! # Exempt responses
//!
//! The layer does not change informational responses, upgrades, tunnels and gRPC. A call is gRPC only if it is a POST
//! whose request and response both have a gRPC content type.

mod config;
mod future;
mod handler_fields;
mod layer;
mod service;
mod step;
mod trace;

pub use self::future::ResponseFuture;
pub use self::layer::CachePolicyLayer;
pub use self::service::CachePolicyService;

pub(crate) use self::step::{InnerPolicy, NoPolicy, OuterPolicy, PolicyStep};
