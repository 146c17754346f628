//! [`assert_cache_control`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::CACHE_CONTROL;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;
use crate::policy::CachePolicy;

/// Asserts that the response has exactly one `Cache-Control`, with the value of this policy.
///
/// ```
/// # use std::convert::Infallible;
/// # use std::time::Duration;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::ServiceBuilder;
/// use tower_cache_policy::CachingLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_cache_control;
///
/// const NEWS: CachePolicy = CachePolicy::public(Duration::from_secs(60));
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(CachingLayer::new(NEWS))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("news"))));
///
/// assert_cache_control(&service, Request::get("/news").body(String::new()).unwrap(), NEWS).await;
/// # });
/// ```
///
/// The value is compared byte for byte. An [`EdgeLayer`](crate::EdgeLayer) may write another value, because it moves
/// directives into the fields of CDNs. Compare such a response with
/// [`assert_matches_snapshot`](super::assert_matches_snapshot).
///
/// # Panics
///
/// Panics if the value differs, if there is more than one field line or none, or if the service fails.
#[track_caller]
pub fn assert_cache_control<S, B, R>(service: &S, request: Request<B>, policy: CachePolicy) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        let expected = policy.to_string();
        let lines = exchange.lines(&CACHE_CONTROL);
        if !matches!(lines[..], [line] if line.as_bytes() == expected.as_bytes()) {
            let path = exchange.request.uri.path();
            let lines: Vec<_> =
                lines.iter().map(|line| format!("`{}`", String::from_utf8_lossy(line.as_bytes()))).collect();
            let got = if lines.is_empty() { "none".to_owned() } else { lines.join(" and ") };
            exchange.fail(place, format_args!("expected `Cache-Control: {expected}` for {path}, but got {got}"));
        }
    }
}
