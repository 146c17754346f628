//! The usual stack, composed in the right order, for those who want one line.
//!
//! ```text
//!   request                                              answer
//!      │  ┌───────────────────────────────────────────┐    ▲
//!      ▼  │ policy      for what is decided below     │    │
//!         │ ┌───────────────────────────────────────┐ │
//!         │ │ conditional  304, 412, 428            │ │
//!         │ │ ┌───────────────────────────────────┐ │ │
//!         │ │ │ compression  if you give one      │ │ │
//!         │ │ │ ┌───────────────────────────────┐ │ │ │
//!         │ │ │ │ entity tags  from the content │ │ │ │
//!         │ │ │ │ ┌───────────────────────────┐ │ │ │ │
//!         │ │ │ │ │ policy, and your service  │ │ │ │ │
//! ```
//!
//! Layers of your own that look at the content belong inside, layers that add `Set-Cookie`
//! inside too, so that the guards see it, and authentication outside when you give a
//! [validator source](crate::layers::conditional::ValidatorSource).
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode, header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH}};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))))
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//!
//! let first = service.ready().await.unwrap().call(Request::get("/").body(()).unwrap()).await.unwrap();
//! assert_eq!(first.headers()[CACHE_CONTROL], "public, max-age=300");
//!
//! let again = Request::get("/").header(IF_NONE_MATCH, &first.headers()[ETAG]).body(()).unwrap();
//! let second = service.ready().await.unwrap().call(again).await.unwrap();
//! assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
//! assert_eq!(second.headers()[CACHE_CONTROL], "public, max-age=300");
//! # });
//! ```

mod layer;

pub use self::layer::CachingLayer;
