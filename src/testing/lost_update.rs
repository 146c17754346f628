//! [`assert_lost_update_refused`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;
use crate::protocol::{HttpDate, Validators};

/// An entity tag that no representation has.
const OLD: HeaderValue = HeaderValue::from_static("\"an-old-version-of-this\"");
const DAY: i64 = 24 * 3_600;

/// Asserts that an unsafe request based on an old representation gets 412 and changes nothing.
///
/// `write` is the request of a client that edits the resource, usually a PUT or PATCH. The assertion reads the resource
/// with GET and then sends `write`
///
/// - with an outdated `If-Match`, if the resource has an `ETag`;
/// - with an `If-Unmodified-Since` one day before the modification, if the resource has a `Last-Modified`.
///
/// It reads the resource again after each request and compares it with the first response.
///
/// ```
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::ServiceBuilder;
/// # use tower_cache_policy::ConditionalLayer;
/// # use tower_cache_policy::protocol::{EntityTag, Validators};
/// use tower_cache_policy::testing::assert_lost_update_refused;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let layer = ConditionalLayer::new()
///     .validators(|_| async { Validators::new().with_etag(EntityTag::from_static("\"rev-7\"")) });
/// let service = ServiceBuilder::new()
///     .layer(layer)
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("seven"))));
///
/// let write = Request::put("/articles/1").body("eight".to_owned()).unwrap();
/// assert_lost_update_refused(&service, write).await;
/// # });
/// ```
///
/// # Panics
///
/// Panics if a request is not rejected or changes the resource, if the resource does not have a validator, if the resource
/// comes from a cache afterwards, which hides a change, or if the service fails.
// P-08
#[track_caller]
pub fn assert_lost_update_refused<S, B, R>(service: &S, write: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone + Default,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let before = Exchange::send(service, read_request(&write), place).await;
        let conditions = conditions(&before);
        if !before.response.status.is_success() || conditions.is_empty() {
            before.fail(place, "expected a resource with an `ETag` or a `Last-Modified`");
        }
        for (name, value) in conditions {
            let mut write = write.clone();
            for name in [IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH] {
                write.headers_mut().remove(name);
            }
            write.headers_mut().insert(&name, value);
            let again = read_request(&write);
            let exchange = Exchange::send(service, write, place).await;
            if exchange.response.status != StatusCode::PRECONDITION_FAILED {
                exchange.fail(place, format_args!("expected 412 for an outdated `{name}`"));
            }
            let after = Exchange::send(service, again, place).await;
            after.fail_if_stored(place);
            let state = |exchange: &Exchange| {
                let value = |name| exchange.headers().get(name).cloned();
                (value(ETAG), value(LAST_MODIFIED), exchange.response.status)
            };
            if state(&before) != state(&after) || before.content != after.content {
                after.fail(
                    place,
                    format_args!("the request got 412 but changed the resource, which was before:\n\n{before}"),
                );
            }
        }
    }
}

/// Returns a GET request for the same URL.
fn read_request<B: Default>(write: &Request<B>) -> Request<B> {
    let mut read = Request::new(B::default());
    *read.method_mut() = Method::GET;
    *read.uri_mut() = write.uri().clone();
    *read.version_mut() = write.version();
    *read.headers_mut() = write.headers().clone();
    *read.extensions_mut() = write.extensions().clone();
    for name in [CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE] {
        read.headers_mut().remove(name);
    }
    read
}

/// Returns outdated preconditions for each validator of the response.
fn conditions(exchange: &Exchange) -> Vec<(HeaderName, HeaderValue)> {
    let validators = Validators::from_headers(exchange.headers(), exchange.now);
    let etag = validators.etag().map(|_| (IF_MATCH, OLD));
    let day_before = |date: HttpDate| HttpDate::from_unix_seconds(date.unix_seconds() - DAY);
    let date = validators.last_modified().and_then(day_before);
    etag.into_iter().chain(date.map(|date| (IF_UNMODIFIED_SINCE, date.to_header_value()))).collect()
}
