//! [`assert_not_poisonable_by`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::{AGE, DATE, EXPIRES, HeaderName};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Values that an attacker could send: a host, a scheme, a method, a path and a flag.
const VALUES: [&str; 5] = ["poison.invalid", "http", "POST", "/poison", "1"];

/// Asserts that an attacker cannot poison a shared cache with this request field.
///
/// A cache is poisoned if an attacker sends a field that is not part of the cache key, such as `X-Forwarded-Host`, and
/// the cache then serves the changed response to other clients. The assertion sends the request without the field, and
/// then with several values of the field. For each value, one of these conditions must be true:
///
/// - The response is the same as without the field. Only `Age`, `Date`, `Expires` and `Cache-Status` may differ.
/// - No shared cache may store the response.
/// - `Vary` names the field.
///
/// A page that contains an absolute URL often depends on such a field. In this example, `Vary` prevents the attack:
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_not_poisonable_by;
///
/// async fn page(request: Request<String>) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
///     let host = request.headers().get("x-forwarded-host").and_then(|host| host.to_str().ok());
///     let link = format!("<a href=\"https://{}/\">", host.unwrap_or("example.com"));
///     Ok(Response::new(Full::from(link)))
/// }
///
/// # tokio_test::block_on(async {
/// let policy = CachePolicy::public(Duration::from_secs(60)).vary(&["x-forwarded-host"]);
/// let service = ServiceBuilder::new().layer(CachePolicyLayer::new(policy)).service_fn(page);
/// let request = Request::get("/").body(String::new()).unwrap();
/// assert_not_poisonable_by(&service, request, "x-forwarded-host").await;
/// # });
/// ```
///
/// # Panics
///
/// Panics if none of the conditions is true, if a response to the field comes from a cache, which hides what the handler
/// does, if two equal requests get different responses, if `field` is not a valid field name, or if the service fails.
// G-13
#[track_caller]
pub fn assert_not_poisonable_by<'a, S, B, R>(
    service: &'a S,
    request: Request<B>,
    field: &'a str,
) -> impl Future<Output = ()> + use<'a, S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let Ok(name) = HeaderName::from_bytes(field.as_bytes()) else {
            panic!("`{field}` is not a valid field name\nasserted at {place}");
        };
        let mut request = request;
        request.headers_mut().remove(&name);
        let clean = Exchange::send(service, request.clone(), place).await;
        let twin = Exchange::send(service, request.clone(), place).await;
        if clean.audit().shared().may_store() && !same(&clean, &twin) {
            twin.fail(
                place,
                format_args!("expected the same response to an equal request; the first response was:\n\n{clean}"),
            );
        }
        for value in VALUES {
            let mut poisoned = request.clone();
            poisoned.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
            let exchange = Exchange::send(service, poisoned, place).await;
            if !exchange.varies_on(field) {
                exchange.fail_if_stored(place);
            }
            if !same(&clean, &exchange) && exchange.audit().shared().may_store() && !exchange.varies_on(field) {
                let expected =
                    "expected no change in a response that shared caches may store; without the field, it is";
                exchange.fail(place, format_args!("`{name}: {value}`: {expected}:\n\n{clean}"));
            }
        }
    }
}

fn same(one: &Exchange, other: &Exchange) -> bool {
    let timeless = |headers: &HeaderMap| {
        let mut headers = headers.clone();
        for name in [AGE, DATE, EXPIRES, CACHE_STATUS] {
            headers.remove(name);
        }
        headers
    };
    one.response.status == other.response.status
        && one.content == other.content
        && timeless(one.headers()) == timeless(other.headers())
}
