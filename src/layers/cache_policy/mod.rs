//! A layer that decides how long a response may be stored, and by which caches.
//!
//! It writes `Cache-Control` and `Vary`, from one policy, a table of routes, or a closure over the
//! request. Put it on a route or on a router. Inside another layer of its kind it takes
//! precedence. The page of [`policy`](crate::policy) explains precedence, statuses and guards.
//!
//! It does not change informational responses, upgrades, tunnels and gRPC. A call counts as gRPC only
//! if the request is a POST, and request and response both have a gRPC content type.
//!
//! # Several layers
//!
//! An outer layer applies the guards to the final response again. A guard that an inner layer
//! switched off with [`accept_risk`](CachePolicyLayer::accept_risk) is in force in an outer
//! `CachePolicyLayer`, unless that layer accepts the risk too. An [`EdgeLayer`](crate::EdgeLayer)
//! respects what the inner layer accepted, for the values that the inner layer saw: another
//! cookie makes the response private.
//!
//! # Deployment caveat
//!
//! Guards see only what inner services did. If an outer session layer adds `Set-Cookie` later, no
//! guard sees it. Put the layer, an [`EdgeLayer`](crate::EdgeLayer), or another one with
//! [`CachePolicy::PRIVATE_NO_CACHE`](crate::policy::CachePolicy::PRIVATE_NO_CACHE) around the
//! session layer.
//!
//! A closure that chooses by the path should take it from
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
//!         // A handler can return a policy ...
//!         "/now" => _ = response.extensions_mut().insert(CachePolicy::no_store()),
//!         // ... or write the field.
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

mod config;
mod future;
mod layer;
mod service;
mod trace;

pub use self::future::ResponseFuture;
pub use self::layer::CachePolicyLayer;
pub use self::service::CachePolicyService;
