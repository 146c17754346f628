//! A layer that decides how long an answer may be kept, and by whom.
//!
//! It writes `Cache-Control` and `Vary`, for one policy or for a closure that looks at
//! the request. It sits on a route or on a router, and inside another one of its kind
//! it has the first word. Who wins, which statuses get the policy and which guards
//! are in force is said once, in [`policy`](crate::policy).
//!
//! What it leaves alone: gRPC, interim answers, upgrades and tunnels.
//!
//! # Deployment caveat
//!
//! Guards see what is inside the layer. A session layer around it that adds
//! `Set-Cookie` later is not seen; put the layer, an [`EdgeLayer`](crate::EdgeLayer), or another
//! one with [`CachePolicy::PRIVATE_NO_CACHE`](crate::policy::CachePolicy::PRIVATE_NO_CACHE),
//! outside of it (L-04).
//!
//! A closure that goes by the path should take it from
//! [`original_path`](crate::policy::original_path), not from `request.uri`. A router removes the
//! prefix of a nested router from `request.uri`, so that the account page `/account/7` looks like
//! `/7`. An inner service may also resolve `/static/..%2faccount` to `/account`, and a policy
//! for everything under `/static/` would then store that page. `original_path` returns the path that
//! the client sent, and no path if it has a dot segment. A table of routes (feature `routes`) has the
//! same protection.
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
//!         // A handler may speak for itself, in a type ...
//!         "/now" => _ = response.extensions_mut().insert(CachePolicy::no_store()),
//!         // ... or in the field.
//!         "/day" => _ = response.headers_mut().insert(CACHE_CONTROL, "max-age=86400".parse().unwrap()),
//!         // And a guard sees what a policy cannot know.
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

mod config;
mod future;
mod layer;
mod service;
mod trace;

pub use self::future::ResponseFuture;
pub use self::layer::CachePolicyLayer;
pub use self::service::CachePolicyService;
