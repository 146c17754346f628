//! The usual stack in one layer, in the right order.
//!
//! ```text
//!   request                                            response
//!      │  ┌───────────────────────────────────────────┐    ▲
//!      ▼  │ policy       for early responses          │    │
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
//! Put your own layers that read the content or add `Set-Cookie` next to your service, so that the
//! guards see what they do. With a
//! [validator source](crate::layers::conditional::ValidatorSource), put authentication around the
//! `CachingLayer`.
//!
//! Each response is decided once, by the inner policy. The outer one decides about a 304 that was
//! made before your service ran. With a compression layer it also checks what that layer changed.
//!
//! # 304 responses of your service
//!
//! A service of files makes its own 304, which does not show the content type. If the policy depends
//! on that type, the inner policy removes `If-None-Match` and `If-Modified-Since` from the request.
//! Your service then sends the complete response, and the conditional layer makes the 304 from it,
//! with the policy of the 200. Policies that depend on the content type are those with `immutable`,
//! which does not apply to HTML, and routes with a policy by content type. Under any other policy, your
//! service receives both fields.
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
