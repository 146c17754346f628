//! [`assert_hit_within`].

use std::fmt::{Debug, Write};
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;
use crate::edge::CacheStatus;

/// Asserts that a CDN or reverse proxy serves at least one of `requests` equal requests from its cache.
///
/// The service is usually an HTTP client, and the requests go to a deployed site one after the other. The assertion
/// reads the response fields in which caches report hits: see [`CacheStatus`]. A CDN has many machines, so allow a
/// few misses:
///
/// ```no_run
/// # use std::convert::Infallible;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower_cache_policy::testing::assert_hit_within;
/// # async fn test(client: impl tower::Service<
/// #     Request<String>, Response = Response<Full<bytes::Bytes>>, Error = Infallible> + Clone) {
/// let stylesheet = Request::get("https://example.com/app.css").body(String::new()).unwrap();
/// assert_hit_within(&client, stylesheet, 5).await;
/// # }
/// ```
///
/// # Panics
///
/// Panics if no response is a hit, if `requests` is 0, or if the service fails.
#[track_caller]
pub fn assert_hit_within<S, B, R>(service: &S, request: Request<B>, requests: usize) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        assert!(requests > 0, "`requests` is 0, so no request can be a hit; use 2 or more\nasserted at {place}");
        let mut reports = String::new();
        for number in 1..=requests {
            let exchange = Exchange::send(service, request.clone(), place).await;
            let mut statuses = CacheStatus::all_in(exchange.headers()).peekable();
            let has_report = statuses.peek().is_some();
            let mut hit = false;
            for status in statuses {
                hit |= status.is_hit();
                _ = write!(reports, "\n  {number}: {status}");
            }
            if hit {
                return;
            }
            if !has_report {
                _ = write!(reports, "\n  {number}: no field with a cache status");
            }
            if number == requests {
                exchange.fail(place, format_args!("expected a hit within {requests} requests, but got:{reports}"));
            }
        }
    }
}
