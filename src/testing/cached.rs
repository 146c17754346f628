//! [`assert_hit`], [`assert_miss`] and [`assert_purged`].

use std::fmt::Debug;
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::{Exchange, Place};
use crate::edge::CacheStatus;

/// Asserts that the response comes from a cache, without a request to the service behind it.
///
/// The assertion sends one request, and reads the report of the cache that is nearest to the client: see
/// [`CacheStatus`]. A stale response counts as a hit. A 304 of the inner service does not.
///
/// ```
/// # #[cfg(feature = "shared-cache")] {
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::store::MemoryStore;
/// use tower_cache_policy::testing::{assert_hit, assert_miss};
/// use tower_cache_policy::{CachePolicyLayer, SharedCache};
///
/// # tokio_test::block_on(async {
/// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
/// let service = ServiceBuilder::new()
///     .layer(cache.layer())
///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("news"))));
/// let news = || Request::get("/news").body(String::new()).unwrap();
///
/// assert_miss(&service, news()).await;
/// assert_hit(&service, news()).await;
/// # });
/// # }
/// ```
///
/// # Panics
///
/// Panics if the response does not come from a cache, if no field reports it, or if the service fails.
// H-02
#[track_caller]
pub fn assert_hit<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        let report = report(&exchange, place, "expected a hit");
        if !report.is_hit() {
            let remedy = remedy(&report);
            exchange.fail(place, format_args!("expected a hit, but the cache reports `{report}`; {remedy}"));
        }
    }
}

/// Asserts that the response does not come from a cache: the cache passed the request to the service behind it.
///
/// The assertion sends one request, and reads the report of the cache that is nearest to the client. Requests that the
/// cache passes through without a lookup, and stored responses that the service confirmed, count as misses. See
/// [`assert_hit`] for an example.
///
/// # Panics
///
/// Panics if the response comes from a cache, if no field reports where it comes from, or if the service fails.
// H-02
#[track_caller]
pub fn assert_miss<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        let report = report(&exchange, place, "expected a miss");
        if report.is_hit() {
            let remedy = "if the response is for one client, give it a private policy; if an earlier request of the test \
                          stored it, purge it or use a new cache";
            exchange.fail(place, format_args!("expected a miss, but the cache reports `{report}`; {remedy}"));
        }
    }
}

/// Asserts that a write purges the stored response to another request.
///
/// The assertion sends `read` until the response comes from the cache, at most twice. It then sends `write`, which must
/// succeed, and `read` once more, which must not be a hit. A stale response counts as a hit, so a soft purge fails if
/// the policy allows stale responses.
///
/// ```
/// # #[cfg(feature = "shared-cache")] {
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Method, Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::edge::purge::Purge;
/// use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
/// use tower_cache_policy::store::MemoryStore;
/// use tower_cache_policy::testing::assert_purged;
/// use tower_cache_policy::{CachePolicyLayer, PurgeLayer, SharedCache};
///
/// const ARTICLES: CacheTag = CacheTag::from_static("articles");
///
/// async fn articles(request: Request<String>) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
///     let mut response = Response::new(Full::default());
///     match *request.method() {
///         Method::GET => CacheTags::from_iter([ARTICLES]).add_to(response.extensions_mut()),
///         _ => Purge::tags([ARTICLES]).add_to(response.extensions_mut()),
///     }
///     Ok(response)
/// }
///
/// # tokio_test::block_on(async {
/// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
/// let service = ServiceBuilder::new()
///     .layer(cache.layer())
///     .layer(PurgeLayer::new(cache))
///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
///     .service_fn(articles);
///
/// let list = Request::get("/articles").body(String::new()).unwrap();
/// let edit = Request::put("/articles/7").body("new text".to_owned()).unwrap();
/// assert_purged(&service, list, edit).await;
/// # });
/// # }
/// ```
///
/// # Panics
///
/// Panics if the response to `read` is not stored, if `write` does not succeed, if the response to `read` still comes
/// from the cache afterwards, or if the service fails.
#[track_caller]
pub fn assert_purged<S, B, R>(service: &S, read: Request<B>, write: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let expected = "expected a stored response before the write";
        let mut before = Exchange::send(service, read.clone(), place).await;
        if !report(&before, place, expected).is_hit() {
            before = Exchange::send(service, read.clone(), place).await;
        }
        let stored = report(&before, place, expected);
        if !stored.is_hit() {
            let remedy = remedy(&stored);
            before.fail(place, format_args!("{expected}, but the cache reports `{stored}`; {remedy}"));
        }
        let written = Exchange::send(service, write, place).await;
        if !written.response.status.is_success() && !written.response.status.is_redirection() {
            written.fail(place, "expected the write to succeed, because only a success purges");
        }
        let after = Exchange::send(service, read, place).await;
        let report = report(&after, place, "expected a miss after the write");
        if report.is_hit() {
            let remedy = "add the tags of the response or its URL to the `Purge` of the write, and give the cache to a \
                          `PurgeLayer`";
            let expected = "expected the write to purge the response, but the cache reports";
            after.fail(place, format_args!("{expected} `{report}`; {remedy}\n\nThe write was:\n\n{written}"));
        }
    }
}

/// Returns the report of the nearest cache.
fn report(exchange: &Exchange, place: Place, expected: &str) -> CacheStatus {
    CacheStatus::from_headers(exchange.headers()).unwrap_or_else(|| {
        let remedy = "put the layer of a `SharedCache` outside the service, and do not call `without_cache_status`";
        exchange.fail(place, format_args!("{expected}, but no field contains the report of a cache; {remedy}"))
    })
}

/// Returns the remedy for a response that does not come from the cache.
fn remedy(report: &CacheStatus) -> &'static str {
    let Some(member) = report.handling() else { return "send the request once before, so that the response is stored" };
    match member.fwd() {
        Some("bypass") => "the cache does not look up such a request, for the reason in `detail`",
        Some("method") => "the cache serves only GET and HEAD",
        Some("request") => "the request forbids the use of the cache or requires it",
        Some("vary-miss") => {
            "the stored response is for other values of the fields in `Vary`; send the same values in both requests"
        }
        _ if member.stored() => "the response was stored just now; send the request once before",
        Some("stale") => "the stored response could not be used without the inner service; give it a longer lifetime",
        _ => {
            "the response was not stored; give it a policy that lets shared caches store it, and see `NotStored` in an \
             observer of the cache for the reason"
        }
    }
}
