//! [`assert_revalidates`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::{CACHE_CONTROL, CONTENT_LOCATION, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderName, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;
use crate::protocol::{Vary, is_targeted_field};

/// Asserts that a cache can revalidate the response.
///
/// The response must be successful and have an `ETag` or a `Last-Modified`. The assertion repeats the request with
/// these validators, as a cache does. The second response must be a 304 without content and with the policy of the
/// first response ([RFC 9110 section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4.5)):
///
/// - `Cache-Control`, the fields for CDNs, `ETag` and `Content-Location` are equal.
/// - Both or neither have `Expires`.
/// - `Vary` names at least the same fields.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::CachingLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_revalidates;
///
/// # tokio_test::block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(60))))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("news"))));
/// assert_revalidates(&service, Request::get("/").body(String::new()).unwrap()).await;
/// # });
/// ```
///
/// # Panics
///
/// Panics if one of these conditions is not true, or if the service fails.
// S-08, N-01, N-05
#[track_caller]
pub fn assert_revalidates<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let mut again = request.clone();
        let first = Exchange::send(service, request, place).await;
        if !first.response.status.is_success() {
            first.fail(place, "expected a successful response, because caches revalidate only these");
        }
        let mut has_validator = false;
        for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
            if let Some(value) = first.headers().get(validator) {
                again.headers_mut().insert(condition, value.clone());
                has_validator = true;
            }
        }
        if !has_validator {
            first.fail(place, "expected an `ETag` or a `Last-Modified`");
        }

        let second = Exchange::send(service, again, place).await;
        if second.response.status != StatusCode::NOT_MODIFIED {
            second.fail(place, "expected 304 for the current validators of the response");
        }
        if !second.content.is_empty() {
            second.fail(place, format_args!("expected a 304 without content, but got {} bytes", second.content.len()));
        }
        if let Some(name) = differing(&first, &second) {
            second.fail(place, format_args!("expected the same `{name}` in the 304 as in the 200:\n\n{first}"));
        }
    }
}

/// Returns the first policy field in which the 304 differs from the 200.
fn differing(first: &Exchange, second: &Exchange) -> Option<HeaderName> {
    let targeted = [first, second].into_iter().flat_map(|exchange| exchange.headers().keys());
    let mut names = [CACHE_CONTROL, ETAG, CONTENT_LOCATION]
        .into_iter()
        .chain(targeted.filter(|name| is_targeted_field(name)).cloned());
    if let Some(name) = names.find(|name| first.lines(name) != second.lines(name)) {
        return Some(name);
    }
    // The date may change with the clock.
    if first.headers().contains_key(EXPIRES) != second.headers().contains_key(EXPIRES) {
        return Some(EXPIRES);
    }
    let vary = |exchange: &Exchange| Vary::from_headers(exchange.headers()).unwrap_or_default();
    let (before, after) = (vary(first), vary(second));
    (before.union(&after) != after).then_some(http::header::VARY)
}
