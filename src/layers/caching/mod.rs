//! A layer that combines policy, entity tags and preconditions in the right order.
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
//! Put your own layers that read the content or add `Set-Cookie` inside the `CachingLayer`, so that the guards see
//! their changes. If you use a [validator source](crate::layers::conditional::ValidatorSource), put authentication
//! outside the `CachingLayer`.
//!
//! The inner policy layer sets the policy of each response once. The outer one sets the policy of a 304 that was
//! returned before your service ran. With a compression layer, it also checks the changes of that layer.
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
//!
//! # 304 responses of your service
//!
//! A file service returns its own 304 responses, which do not have a `Content-Type`. A policy can depend on the
//! content type: `immutable` does not apply to HTML, and a route can have a policy for each content type. For such a
//! policy, the inner policy layer removes `If-None-Match` and `If-Modified-Since` from the request. Your service then
//! sends the complete response, and the conditional layer turns it into a 304 with the policy of the 200.
//!
//! Under any other policy, your service receives both fields.
//!
//! # Choosing settings
//!
//! | To | call |
//! |---|---|
//! | compress responses | [`compression`](CachingLayer::compression) |
//! | return 304 without running the handler | [`validators`](CachingLayer::validators) |
//! | reject updates without `If-Match` | [`require_preconditions`](CachingLayer::require_preconditions) |
//! | let caches store a 404 for a short time | [`policy`](CachingLayer::policy) with [`for_status`](crate::CachePolicyLayer::for_status) |
//! | let clients resume downloads | [`entity_tags`](CachingLayer::entity_tags) with `strong` (feature `strong-tags`) |
//! | generate tags for bodies of more than 1 MiB | [`entity_tags`](CachingLayer::entity_tags) with [`max_body`](crate::EntityTagLayer::max_body) |
//! | see changes immediately during development | [`development`](CachingLayer::development) |
//!
//! # With compression
//!
//! The tag is generated from the uncompressed content. A weak tag stays the same for all content codings, so a client
//! that changes `Accept-Encoding` still gets a 304:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy};
//! use tower_http::compression::CompressionLayer;
//!
//! # tokio_test::block_on(async {
//! let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300))).compression(CompressionLayer::new());
//! let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
//!     let page = Response::builder().header("content-type", "text/html").body(Full::from("hello ".repeat(100)));
//!     Ok::<_, Infallible>(page.unwrap())
//! });
//!
//! let request = Request::get("/").header("accept-encoding", "gzip").body(()).unwrap();
//! let first = service.clone().oneshot(request).await.unwrap();
//! assert_eq!(first.headers()["content-encoding"], "gzip");
//! assert_eq!(first.headers()["vary"], "accept-encoding");
//!
//! let request = Request::get("/").header("if-none-match", &first.headers()["etag"]).body(()).unwrap();
//! let second = service.oneshot(request).await.unwrap();
//! assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
//! # });
//! ```

mod layer;

pub use self::layer::CachingLayer;
