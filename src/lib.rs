//! HTTP caching policy for [tower](https://docs.rs/tower) services: conditional requests, and a `Cache-Control` for
//! each route.
//!
//! You choose which caches may store a response, and for how long. The layers of this crate send the header fields that
//! browsers, CDNs and proxies need. They respond to conditional requests with 304, 412 and 428, and prevent a shared
//! cache from serving one user's response to another user.
//!
//! # Example
//!
//! The second request contains the `ETag` of the first response, so it gets a 304 without a body:
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
//! use tower::ServiceExt;
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let app = Router::<()>::new()
//!     .route("/", get(async || "hello"))
//!     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))));
//!
//! let request = Request::get("/").body(Body::empty()).unwrap();
//! let first = app.clone().oneshot(request).await.unwrap();
//! assert_eq!(first.headers()["cache-control"], "public, max-age=300");
//!
//! let request = Request::get("/").header("if-none-match", &first.headers()["etag"]).body(Body::empty()).unwrap();
//! let second = app.oneshot(request).await.unwrap();
//! assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
//! # });
//! ```
//!
//! The layer covers every route of the router. To cover one route, put it on the method router:
//! `get(handler).layer(..)`. A handler can also return a policy next to its content, which needs the feature `axum`.
#![cfg_attr(
    all(
        doc,
        feature = "assets",
        feature = "audit",
        feature = "axum",
        feature = "minijinja",
        feature = "purge",
        feature = "routes",
        feature = "shared-cache",
        feature = "strong-tags"
    ),
    doc = "\nThe [`recipes`] page has a short program for each common task, [`frameworks`] explains what works in each",
    doc = "framework, and [`migration`] shows the equivalents of code for other libraries and frameworks."
)]
#![cfg_attr(
    doc,
    doc = "The [`compile_errors`] page explains the compiler errors that common mistakes cause, and how to fix them."
)]
//!
//! # Which layer do I need?
//!
//! | To | use |
//! |---|---|
//! | get entity tags, 304 and policies, in the right order | [`CachingLayer`] |
//! | set how long a response may be stored, on a route or a router | [`CachePolicyLayer`] |
//! | generate an `ETag` from the content | [`EntityTagLayer`] |
//! | return 304 without running the handler, 412 for a lost update, and 428 | [`ConditionalLayer`] |
//! | set the fields and cache tags of a CDN | [`EdgeLayer`] |
//! | purge a CDN after a write | `PurgeLayer` (feature `purge`) |
//! | serve stored responses without calling the handler | `SharedCache` (feature `shared-cache`) |
//! | serve files whose URLs change with their content, or a single-page application | `AssetsLayer` (feature `assets`) |
//! | evaluate preconditions inside a transaction | [`protocol::Preconditions`] |
//! | test how caches treat a response | the modules `testing` and `audit` (features of the same names) |
//!
//! Most applications use a `CachingLayer` on the router, and a `CachePolicyLayer` on each route whose policy differs.
//! If a CDN is in front, add an `EdgeLayer`.
//!
//! # Order of layers
//!
//! ```text
//! tracing, timeouts                outermost
//!   EdgeLayer                      applies the guards to the final response
//!   SharedCacheLayer               stores responses, if there is one
//!   authentication                 before a 304 or 412 can show that a resource exists
//!     CachePolicyLayer      ┐
//!       ConditionalLayer    │      outside compression: names the content coding in strong tags
//!         compression       ├─ CachingLayer::new(policy).compression(..)
//!           EntityTagLayer  │      inside compression: reads the uncompressed content
//!             CORS, session ┘      inner, so that the guards see the fields that they add
//!               handler
//! ```
//!
//! In `ServiceBuilder`, the first layer is the outermost. In axum's `Router::layer`, the last one is. The compiler
//! accepts any order: see [the effects of other orders](layers#other-orders).
//!
//! # A complete stack
//!
//! This service is behind a CDN. The account requires a token, and the news has a lifetime:
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, body::Body, extract::Request, http::StatusCode, routing::get};
//! use axum::{middleware::{self, Next}, response::Response};
//! use tower::ServiceExt;
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachingLayer, EdgeLayer};
//!
//! const NEWS: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
//!
//! async fn authenticate(request: Request, next: Next) -> Result<Response, StatusCode> {
//!     let is_known = request.headers().get("authorization").is_some_and(|token| token == "Bearer t");
//!     if is_known { Ok(next.run(request).await) } else { Err(StatusCode::UNAUTHORIZED) }
//! }
//!
//! let account = Router::new()
//!     .route("/account", get(async || "balance"))
//!     .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE))
//!     .layer(middleware::from_fn(authenticate));
//! let app: Router = Router::new()
//!     .route("/news", get(async || "news").layer(CachingLayer::new(NEWS)))
//!     .merge(account)
//!     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE));
//!
//! # tokio_test::block_on(async {
//! for (path, token, status, browser, cloudflare) in [
//!     ("/news", "", 200, "public, max-age=60", "max-age=3600"),
//!     ("/account", "Bearer t", 200, "private, no-cache", "no-store"),
//!     ("/account", "", 401, "private, no-store", "no-store"),
//! ] {
//!     let mut request = Request::get(path).body(Body::empty()).unwrap();
//!     if !token.is_empty() {
//!         request.headers_mut().insert("authorization", token.parse().unwrap());
//!     }
//!     let response = app.clone().oneshot(request).await.unwrap();
//!     assert_eq!(response.status(), status);
//!     assert_eq!(response.headers()["cache-control"], browser);
//!     assert_eq!(response.headers()["cloudflare-cdn-cache-control"], cloudflare);
//! }
//! # });
//! ```
//!
//! # Choosing a policy
//!
//! ```
//! use std::time::Duration;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//! const HOUR: Duration = Duration::from_secs(3_600);
//! for (response, policy, cache_control) in [
//!     ("the same page for all clients", CachePolicy::public(5 * MINUTE), "public, max-age=300"),
//!     ("stored longer by a CDN", CachePolicy::public(MINUTE).edge(HOUR), "public, max-age=60, s-maxage=3600"),
//!     ("stored by a CDN only", CachePolicy::edge_only(HOUR), "max-age=0, s-maxage=3600, must-revalidate"),
//!     ("a page for one user", CachePolicy::private(MINUTE), "private, max-age=60"),
//!     ("JSON for one user", CachePolicy::PRIVATE_NO_CACHE, "private, no-cache"),
//!     ("public data that must be current", CachePolicy::NO_CACHE, "no-cache"),
//!     ("a login page, a secret", CachePolicy::NO_STORE, "private, no-store"),
//!     ("a URL that changes with its content", CachePolicy::IMMUTABLE, "public, max-age=31536000, immutable"),
//! ] {
//!     assert_eq!(policy.to_string(), cache_control, "{response}");
//! }
//! ```
//!
//! Error responses get `private, no-store`. Successful responses without a policy get `private, no-cache`. The
//! [`policy`] module explains which policy takes precedence, and how the guards restrict it.
//!
//! # Terms
//!
//! | Term | Meaning |
//! |---|---|
//! | private cache | the cache of one browser or client |
//! | shared cache | a cache for many clients, such as a CDN or a reverse proxy; a cache in front of the service is also called an edge |
//! | freshness lifetime | the time during which a cache reuses a stored response without a request to the server |
//! | stale | older than the freshness lifetime |
//! | validator | a value that identifies the content: an entity tag (`ETag`) or a modification date (`Last-Modified`) |
//! | revalidation | a request that checks whether the stored response is still current: `If-None-Match` with the entity tag |
//! | precondition | a request field such as `If-None-Match` or `If-Match`, on which the result of the request depends |
//! | 304 | the response to a successful revalidation, without content |
//! | 412 | the response to a client that would overwrite a change of another client |
//! | policy | the choice of the application: which caches may store a response, and for how long |
//! | guard | a rule that makes a policy stricter, for example if the response has a cookie |
//! | cache tag | a name by which a CDN finds the responses to purge |
//!
//! A response with `Cache-Control: public, max-age=60` and an entity tag goes through these steps:
//!
//! ```text
//!  0 s   GET /news                           200, ETag: "v7", the handler runs      stored by browser and CDN
//! 30 s   GET /news                           from the cache, no request             fresh
//! 90 s   GET /news, If-None-Match: "v7"      304 without content                    stale, revalidated, fresh again
//! 99 s   the article changes
//! 120 s  GET /news                           from the cache, the old article        fresh until 150 s
//! 151 s  GET /news, If-None-Match: "v7"      200, ETag: "v8"                        stale, replaced
//! ```
//!
//! The lifetime is a trade-off between load and delay. A shorter lifetime, `no-cache`, or a purge of the CDN makes the
//! change visible earlier.
//!
//! # Guarantees
//!
//! - **No false 412.** The layers evaluate the precondition of an unsafe request before the handler if the application
//!   provides the current validators. Otherwise they leave it to the handler. They never return 412 after the handler
//!   has already made the change ([RFC 9110 section
//!   13.2.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.1)).
//! - **A 304 matches its 200.** It has the fields that the 200 would have
//!   ([RFC 9110 section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4.5)), over HTTP/1.1 and HTTP/2.
//!   No body is read for it.
//! - **Guards only tighten.** The layers do not rewrite the handler's `Cache-Control` unless a guard restricts it.
//! - **Parsers accept any input.** They read all lines of a field as bytes, run in linear time, and do not panic.
//! - **Entity tags are stable.** All replicas generate the same tags, even after a restart.
//! - **Streams pass through.** gRPC, server-sent events, upgrades, and streams of unknown length are not buffered.
//!
//! # Mistakes
//!
//! | Mistake | How you notice it |
//! |---|---|
//! | a contradiction in a constant policy, an invalid constant tag | the program does not compile |
//! | a contradiction in a policy from a configuration | a `try_` method returns an error, whose text contains the fix |
//! | a conflict between two routes or two CDNs | building the table or the layer returns an error |
//! | a handler that sends a cookie on a public page | a guard makes the response private; `record_decisions` shows it |
//! | a tag that the CDN does not accept | `check_tags` when the layer is built; otherwise the response becomes private |
//! | a route that becomes public by mistake | a test with the module `testing` or `audit` fails |
//! | layers in another order | the same tests, or `explain`, which shows the reason for a policy; see [the effects](layers#other-orders) |
//!
//! No layer panics because of a request or a response.
//!
//! # Limits
//!
//! The crate implements the caching rules for origin servers. Without the feature `shared-cache`, it does not store
//! responses, send `Age` or `Cache-Status`, or serve byte ranges.
//!
//! # Features
//!
//! No feature is enabled by default.
//!
//! | Feature | Adds |
//! |---|---|
//! | `axum` | policies, tags and validators as response parts, an extractor for preconditions, and policies by the complete path under `Router::nest` |
//! | `routes` | a table of path patterns and policies |
//! | `config` | that table, and the settings of a `SharedCache`, from a TOML file; includes `routes` |
//! | `headers` | conversions from the types `ETag` and `LastModified` of the crate `headers` |
//! | `purge` | purge requests as values, and a layer that passes them to a purger such as [that of `tower-cache-policy-purge`](https://docs.rs/tower-cache-policy-purge) |
//! | `assets` | URLs that change with the content of a file, and a layer that verifies them |
//! | `assets-css` | such URLs inside stylesheets; includes `assets` |
//! | `minijinja` | functions that return such URLs in minijinja templates; includes `assets` |
//! | `audit` | a prediction of how caches treat a response, with reasons |
//! | `audit-serde` | serialization of that prediction with serde; includes `audit` |
//! | `testing` | assertions for tests of a service; includes `audit` |
//! | `tracing` | an event for each decision, and for each outcome of a `SharedCache` |
//! | `shared-cache` | an in-process cache with coalesced requests and immediate purges; includes `purge` |
//! | `strong-tags` | strong and keyed entity tags, computed with BLAKE3 |
//!
//! A feature adds items and does not change other behavior. The exception is `axum`: with it, policies by path read the
//! complete path.
//!
//! The minimum supported Rust version is 1.88. A minor release can raise it. A patch release never does.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub mod assets;
#[cfg(feature = "audit")]
#[cfg_attr(docsrs, doc(cfg(feature = "audit")))]
pub mod audit;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum_handler;
// A page without items, so it exists in the documentation only.
#[cfg(doc)]
#[doc = include_str!("docs/compile_errors.md")]
pub mod compile_errors {}
pub mod edge;
pub mod layers;
#[cfg(any(feature = "audit", feature = "routes"))]
mod markdown;
#[cfg(any(feature = "assets", feature = "routes"))]
mod nearest;
#[cfg(all(
    doc,
    feature = "assets",
    feature = "audit",
    feature = "axum",
    feature = "minijinja",
    feature = "purge",
    feature = "routes",
    feature = "shared-cache",
    feature = "strong-tags"
))]
mod pages;
pub mod policy;
pub mod protocol;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub mod store;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
#[cfg(feature = "headers")]
mod typed_headers;
#[cfg(any(feature = "assets", feature = "routes"))]
mod work;

pub use self::layers::Clock;
#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub use self::layers::assets::AssetsLayer;
pub use self::layers::cache_policy::CachePolicyLayer;
pub use self::layers::caching::CachingLayer;
pub use self::layers::conditional::{ConditionalLayer, HeadValidators};
pub use self::layers::edge::EdgeLayer;
pub use self::layers::entity_tag::EntityTagLayer;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub use self::layers::purge::PurgeLayer;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub use self::layers::shared_cache::{SharedCache, SharedCacheLayer};
#[cfg(all(
    doc,
    feature = "assets",
    feature = "audit",
    feature = "axum",
    feature = "minijinja",
    feature = "purge",
    feature = "routes",
    feature = "shared-cache",
    feature = "strong-tags"
))]
pub use self::pages::{frameworks, migration, recipes};

#[cfg(all(
    doctest,
    feature = "assets",
    feature = "audit",
    feature = "axum",
    feature = "shared-cache",
    feature = "testing"
))]
#[doc = include_str!("../README.md")]
mod readme {}
