//! The tower layers.
//!
//! Most applications need one layer, [`CachingLayer`](caching::CachingLayer). It combines the first three layers of
//! this table in the right order:
//!
//! | Layer | Purpose | Position |
//! |---|---|---|
//! | [`EntityTagLayer`](entity_tag::EntityTagLayer) | generates an `ETag` from the content | next to the handler |
//! | [`CachePolicyLayer`](cache_policy::CachePolicyLayer) | sets `Cache-Control` and `Vary` | on a route or a router |
//! | [`ConditionalLayer`](conditional::ConditionalLayer) | returns 304, 412 and 428 | outside compression |
//! | [`CachingLayer`](caching::CachingLayer) | the three layers above | on a router |
//! | [`EdgeLayer`](edge::EdgeLayer) | sets fields and cache tags for CDNs and reverse proxies | outermost |
//! | `AssetsLayer` (feature `assets`) | verifies versioned URLs of static files | outside a file service |
//! | `PurgeLayer` (feature `purge`) | purges a CDN after an unsafe request | on a router |
//! | `SharedCacheLayer` (feature `shared-cache`) | stores responses in the process | outside the policy layers, inside `EdgeLayer` |
//! | [`OriginalPathLayer`] | records the path of the request | outside middleware that changes the path |
//!
//! ```
//! use std::time::Duration;
//!
//! use tower::ServiceBuilder;
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachingLayer, EdgeLayer};
//!
//! // Browsers store responses for one minute, Cloudflare for one hour.
//! let policy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
//! let stack = ServiceBuilder::new()
//!     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
//!     .layer(CachingLayer::new(policy));
//! # let _ = stack;
//! ```
//!
//! # Common behavior
//!
//! All layers pass gRPC, informational responses and tunnels through unchanged. A layer that protects responses treats
//! a call as gRPC only if both the request and the response have a gRPC content type.
//!
//! Layers do not box futures, and their error type is that of the inner service. With `enabled(false)`, a layer passes
//! requests and responses through unchanged.
//!
//! # Development
//!
//! During development, a stored response hides a change of the program. Pass one
//! [`Development`](crate::policy::Development) value, or a `bool`, to the `development` method of every layer of a
//! stack. If it is on, no cache stores a response, and no layer sends a 304 for content that it has not verified:
//!
//! | Layer | In development |
//! |---|---|
//! | `CachePolicyLayer`, `CachingLayer` | every response is `no-cache, no-store, must-revalidate` |
//! | `EdgeLayer` | the same with `private`, without the fields of CDNs that permit storage, and without cache tags |
//! | `ConditionalLayer`, `CachingLayer` | GET and HEAD get the complete response; 412 and 428 remain |
//! | `AssetsLayer` | the same as `CachePolicyLayer`, and the file on the disk takes precedence over the fingerprint |
//! | `PurgeLayer` | purges are dropped, so that no purge reaches a deployed CDN |
//! | `SharedCacheLayer` | requests and responses pass through, and nothing is stored |
//!
//! `EntityTagLayer` and `OriginalPathLayer` do not have the switch, because they do not permit any cache to store a
//! response.
//!
//! # Other orders
//!
//! The [front page](crate#order-of-layers) shows the usual order. The compiler accepts any other order too. Most of
//! them only make responses less cacheable, and **three of them are dangerous**:
//!
//! | Order | Effect |
//! |---|---|
//! | **a session layer outside the policy layers, and nothing outside it** | responses with `Set-Cookie` have a public policy, and no layer notices it |
//! | **authentication inside a layer with a validator source** | clients that are not signed in get 304 and 412 |
//! | **compression outside a `CachingLayer`, around a handler that sets strong tags** | all content codings have the same strong tag; weak tags, such as the generated ones, are not affected |
//! | compression inside an `EntityTagLayer` | a compressed response has no generated tag, because its length is unknown |
//! | a policy layer around another one | the inner policy applies; the outer one is for other responses, unless it has `tighten` or `override_handler` |
//! | an `EdgeLayer` inside the policy layers | it does not find a policy, so a response becomes `private, no-cache` unless its handler set one |
//! | a `SharedCacheLayer` inside the policy layers | nothing is stored, with the reason `no-policy` |
//! | a `SharedCacheLayer` outside an `EdgeLayer` | it uses the lifetime for browsers, because the `EdgeLayer` has moved the other one into the field of the CDN |
//! | a CORS layer inside a `CachingLayer` that has a validator source or `require_preconditions` | the 304, 412 and 428 of the `CachingLayer` have no CORS fields, so scripts of other origins cannot read them |
//! | two `PurgeLayer`s | only the inner one runs a purge |
//! | a timeout or a rate limit outside all layers | its error has no `Cache-Control`; caches do not store 408, 429, 503 and 504 without one |
//!
//! A `PurgeLayer` works on either side of a `SharedCacheLayer`.
//!
//! An `EdgeLayer`, a `SharedCacheLayer` or a second `CachePolicyLayer` outside the session layer notices the cookie and
//! makes the response private. The same applies to a CORS layer: if scripts of other origins need to read a 412 or 428,
//! put the CORS layer outside the `CachingLayer`, and an `EdgeLayer` or a second `CachePolicyLayer` outside the CORS
//! layer.
//!
//! # Decisions
//!
//! The policy layers decide once for each response. A layer records its decision in the response extensions if an
//! outer layer needs it. The outer layer compares the header fields with the recorded decision and parses only fields
//! that have changed since.
//!
//! # What each layer writes
//!
//! The same service with different layers:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, Service, ServiceExt, service_fn};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer, EntityTagLayer};
//!
//! async fn fields<S, B>(service: S) -> Vec<String>
//! where
//!     S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
//! {
//!     let response = service.oneshot(Request::new(())).await.unwrap();
//!     let mut fields: Vec<String> =
//!         response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
//!     fields.sort();
//!     fields
//! }
//!
//! # tokio_test::block_on(async {
//! let page = service_fn(async |_| Ok(Response::new(Full::<Bytes>::from("hello"))));
//! let policy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
//! let etag = "etag: W/\"tenBrQcbPn_Hec-qXlI4GA\"";
//!
//! assert!(fields(page).await.is_empty());
//! assert_eq!(fields(EntityTagLayer::new().layer(page)).await, [etag]);
//! let cache_control = "cache-control: public, max-age=60, s-maxage=3600";
//! assert_eq!(fields(CachePolicyLayer::new(policy).layer(page)).await, [cache_control]);
//! let caching = CachingLayer::new(policy).layer(page);
//! assert_eq!(fields(caching.clone()).await, [cache_control, etag]);
//! assert_eq!(
//!     fields(EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(caching)).await,
//!     ["cache-control: public, max-age=60", "cloudflare-cdn-cache-control: max-age=3600", etag]
//! );
//! # });
//! ```
//!
//! # Common options
//!
//! | Option | Layers | Purpose |
//! |---|---|---|
//! | `enabled(bool)` | all except `OriginalPathLayer` | enable or disable a layer without changing the type |
//! | `development(..)` | all layers in the table above | see changes immediately during development |
//! | `record_decisions()` | `CachePolicyLayer`, `ConditionalLayer`, `CachingLayer` | read the reason from the response extensions |
//! | `explain(bool)` | `CachePolicyLayer` | read the reason in a response field |
//! | `record_diagnostics()` | `EdgeLayer` | find tags and fields that an edge does not accept |
//! | `accept_risk(Risk)` | `CachePolicyLayer`, `EdgeLayer`, `AssetsLayer`, `SharedCache` | disable one guard |
//! | `credential_headers(..)` | `CachePolicyLayer`, `EdgeLayer`, `SharedCache` | name request fields that contain credentials, such as `X-Api-Key`; set it on each of them |
//! | `clock(Clock)` | `CachePolicyLayer`, `ConditionalLayer`, `EdgeLayer`, `AssetsLayer`, `SharedCache` | make tests repeatable |
//!
//! With the feature `tracing`, each decision and each outcome of a `SharedCache` is also an event at the level DEBUG.

#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub mod assets;
mod bypass;
pub mod cache_policy;
pub mod caching;
mod clock;
pub mod conditional;
mod development;
pub mod edge;
pub mod entity_tag;
mod http_request;
mod original_path;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub mod purge;
#[cfg(test)]
mod read_once;
mod shared;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub mod shared_cache;

pub use self::clock::Clock;
pub use self::http_request::HttpRequest;
pub use self::original_path::{OriginalPathLayer, OriginalPathService};
