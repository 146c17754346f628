//! Assertions for tests: how caches treat the responses of a service (feature `testing`).
//!
//! | Assertion | Passes if |
//! |---|---|
//! | [`assert_never_stored`] | neither a browser nor a shared cache may store the response |
//! | [`assert_not_shared`] | no shared cache and no CDN may store the response |
//! | [`assert_private`] | a browser may store the response, but no shared cache or CDN may |
//! | [`assert_cache_control`] | `Cache-Control` has the value of the policy |
//! | [`assert_fresh_for`] | the cache may reuse the response for exactly this time |
//! | [`assert_revalidates`] | the validators of the response get a 304 with the same policy |
//! | [`assert_varies_on`] | `Vary` names the field, even if the request does not have it |
//! | [`assert_lost_update_refused`] | an outdated `If-Match` gets 412 and changes nothing |
//! | [`assert_not_poisonable_by`] | the request field does not change a response that other clients get |
//! | [`assert_hit_within`] | a CDN serves at least one of several requests from its cache |
//! | [`assert_hit`], [`assert_miss`] | the response comes from a cache, such as a `SharedCache`, or does not |
//! | [`assert_purged`] | a write purges the stored response to another request |
//!
//! Two more assertions compare many responses with a committed file, and fail if a route becomes publicly cacheable:
//! [`assert_matches_snapshot`] sends a list of requests, and `assert_table_matches_snapshot` (feature `routes`)
//! compares a table of routes.
//!
//! The service can be any tower service that implements `Clone`, such as an axum router or an HTTP client. Most
//! assertions send the request several times, so its body must implement `Clone` too. `Request<String>` also works for
//! an axum router.
//!
//! An assertion that fails panics with the request, the response and its [audit](crate::audit). The audit explains what
//! each cache does with the response, and names the sections of the standard.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::ServiceBuilder;
//! use tower_cache_policy::CachingLayer;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::protocol::Cache;
//! use tower_cache_policy::testing::{assert_fresh_for, assert_not_poisonable_by, assert_revalidates};
//!
//! async fn handler(_: Request<String>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from("hello")))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let minute = Duration::from_secs(60);
//! let service = ServiceBuilder::new()
//!     .layer(CachingLayer::new(CachePolicy::public(minute)))
//!     .service_fn(handler);
//! let page = || Request::get("/").body(String::new()).unwrap();
//!
//! assert_fresh_for(&service, page(), Cache::Shared, minute).await;
//! assert_revalidates(&service, page()).await;
//! assert_not_poisonable_by(&service, page(), "x-forwarded-host").await;
//! # });
//! ```
//!
//! # A failed assertion
//!
//! The message contains everything that a reviewer needs: the expectation, the location of the assertion, the request
//! without credentials, the response, and the audit:
//!
//! ```
//! use std::convert::Infallible;
//! use std::panic::AssertUnwindSafe;
//!
//! use futures_util::FutureExt;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::service_fn;
//! use tower_cache_policy::testing::assert_never_stored;
//!
//! # tokio_test::block_on(async {
//! // A service without any layer: caches apply their own rules.
//! let service = service_fn(async |_: Request<String>| {
//!     Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("balance")))
//! });
//! let account = Request::get("/account").header("cookie", "session=1").body(String::new()).unwrap();
//! let failure = AssertUnwindSafe(assert_never_stored(&service, account)).catch_unwind().await.unwrap_err();
//!
//! let message = failure.downcast_ref::<String>().unwrap();
//! assert!(message.starts_with("expected a response that no cache may store\nasserted at "));
//! assert!(message.contains("GET /account\n  cookie: ..\n200 OK\n"), "the cookie is hidden");
//! assert!(message.contains("A shared cache may store it (no directive forbids it"));
//! # });
//! ```
//!
//! # Choosing assertions
//!
//! | Route | Assertions |
//! |---|---|
//! | a public page | [`assert_fresh_for`], [`assert_revalidates`], [`assert_not_poisonable_by`] for `x-forwarded-host` and `x-forwarded-proto` |
//! | a page in several languages | the same, and [`assert_varies_on`] with `accept-language` |
//! | a secret | [`assert_never_stored`] |
//! | a page for one user | [`assert_fresh_for`] with [`Cache::Private`](crate::protocol::Cache::Private), and an [audit](crate::audit) for shared caches |
//! | a resource that clients edit | [`assert_lost_update_refused`] |
//! | a deployed page behind a CDN | [`assert_hit_within`] |
//! | a page in a `SharedCache` | [`assert_miss`] and then [`assert_hit`], and [`assert_purged`] for each write that changes it |
//! | a page that must not be in a `SharedCache` | [`assert_miss`] twice |
//!
//! # With axum
//!
//! A router is a service. Build it with the same function as the application:
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, http::Request, routing::get};
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy, protocol::Cache};
//! use tower_cache_policy::testing::assert_fresh_for;
//!
//! fn app() -> Router {
//!     Router::new()
//!         .route("/news", get(async || "news"))
//!         .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(60))))
//! }
//!
//! # tokio_test::block_on(async {
//! let page = Request::get("/news").body(String::new()).unwrap();
//! assert_fresh_for(&app(), page, Cache::Shared, Duration::from_secs(60)).await;
//! # });
//! ```

mod cache_control;
mod cached;
mod exchange;
mod hit;
mod lost_update;
mod poison;
mod revalidation;
mod shared;
mod snapshot;
mod storing;
mod vary;

pub use self::cache_control::assert_cache_control;
pub use self::cached::{assert_hit, assert_miss, assert_purged};
pub use self::hit::assert_hit_within;
pub use self::lost_update::assert_lost_update_refused;
pub use self::poison::assert_not_poisonable_by;
pub use self::revalidation::assert_revalidates;
pub use self::shared::{assert_not_shared, assert_private};
pub use self::snapshot::assert_matches_snapshot;
#[cfg(feature = "routes")]
pub use self::snapshot::assert_table_matches_snapshot;
pub use self::storing::{assert_fresh_for, assert_never_stored};
pub use self::vary::assert_varies_on;
