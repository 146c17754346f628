//! [`assert_never_stored`] and [`assert_fresh_for`].

use std::fmt::Debug;
use std::panic::Location;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;
use crate::audit::{FreshnessLifetime, Verdict};
use crate::protocol::Cache;

/// Asserts that neither a browser nor a shared cache may store the response.
///
/// Use it for pages with personal data:
///
/// ```
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::ServiceBuilder;
/// use tower_cache_policy::CachingLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_never_stored;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(CachingLayer::new(CachePolicy::NO_STORE))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("balance"))));
///
/// assert_never_stored(&service, Request::get("/account").body(String::new()).unwrap()).await;
/// # });
/// ```
///
/// The assertion applies the rules of
/// [RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3). Some CDNs store more than these rules
/// allow. To include them, use a [`CacheAudit`](crate::audit::CacheAudit) and its method
/// [`with_edge`](crate::audit::CacheAudit::with_edge).
///
/// # Panics
///
/// Panics if one of the caches may store the response, or if the service fails.
// S-01
#[track_caller]
pub fn assert_never_stored<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        if exchange.audit().verdicts().any(Verdict::may_store) {
            exchange.fail(place, "expected a response that no cache may store");
        }
    }
}

/// Asserts that the cache may store the response, and that the freshness lifetime is exactly `lifetime`.
///
/// The lifetime counts from the generation of the response
/// ([RFC 9111 section 4.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1)). Fractions of a second are
/// ignored.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::protocol::Cache;
/// use tower_cache_policy::testing::assert_fresh_for;
///
/// # tokio_test::block_on(async {
/// let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
/// let service = ServiceBuilder::new()
///     .layer(CachePolicyLayer::new(CachePolicy::public(minute).edge(hour)))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("news"))));
/// let page = || Request::get("/").body(String::new()).unwrap();
///
/// assert_fresh_for(&service, page(), Cache::Private, minute).await;
/// assert_fresh_for(&service, page(), Cache::Shared, hour).await;
/// # });
/// ```
///
/// # Panics
///
/// Panics if the cache may not store or reuse the response, if it has another freshness lifetime, or if the service
/// fails.
// F-01
#[track_caller]
pub fn assert_fresh_for<S, B, R>(
    service: &S,
    request: Request<B>,
    cache: Cache,
    lifetime: Duration,
) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        let audit = exchange.audit();
        let verdict = audit.verdict_for(cache);
        let fresh_for = verdict.lifetime().and_then(FreshnessLifetime::seconds);
        let reusable = verdict.key().is_some_and(|key| !key.never_matches());
        if fresh_for != Some(lifetime.as_secs()) || !reusable {
            let cache = verdict.kind();
            exchange.fail(
                place,
                format_args!("expected that {cache} may reuse the response for {} seconds", lifetime.as_secs()),
            );
        }
    }
}
