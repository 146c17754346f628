//! Assertions for tests of a service: what caches make of its answers (feature `testing`).
//!
//! Each takes any tower service that can be cloned, such as a router or a client, and a request
//! whose body can be cloned, such as `Request<String>`, which a router of axum takes as well. One
//! that fails panics with the request, the answer and its [audit](crate::audit), so that the
//! reason is there and not a boolean alone.
//!
//! | Assertion | Holds when |
//! |---|---|
//! | [`assert_never_stored`] | neither a browser nor a shared cache may store the answer |
//! | [`assert_fresh_for`] | a cache of that kind reuses it for so long |
//! | [`assert_revalidates`] | its validators get a 304 without a body and with the same policy |
//! | [`assert_varies_on`] | `Vary` names the field, whether the request has it or not |
//! | [`assert_lost_update_refused`] | a write from an old state gets 412 and changes nothing |
//! | [`assert_not_poisonable_by`] | no value of the field gets into what others are served |
//! | [`assert_hit_within`] | a cache in front serves one of so many requests |
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

mod answer;
mod hit;
mod lost_update;
mod poison;
mod revalidation;
mod storing;
mod vary;

pub use self::hit::assert_hit_within;
pub use self::lost_update::assert_lost_update_refused;
pub use self::poison::assert_not_poisonable_by;
pub use self::revalidation::assert_revalidates;
pub use self::storing::{assert_fresh_for, assert_never_stored};
pub use self::vary::assert_varies_on;
