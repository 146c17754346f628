//! [`assert_varies_on`].

use std::fmt::Debug;
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::Exchange;

/// Asserts that `Vary` names the field in the response to this request, and in the response to the same request without
/// the field.
///
/// A cache can receive either response first. If that response does not have the name in `Vary`, the cache reuses it
/// for all requests. `Vary: *` passes too.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_varies_on;
///
/// # tokio_test::block_on(async {
/// let policy = CachePolicy::public(Duration::from_secs(60)).vary(&["accept-language"]);
/// let service = ServiceBuilder::new()
///     .layer(CachePolicyLayer::new(policy))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("Hallo"))));
///
/// let german = Request::get("/").header("accept-language", "de").body(String::new()).unwrap();
/// assert_varies_on(&service, german, "accept-language").await;
/// # });
/// ```
///
/// # Panics
///
/// Panics if one of the responses does not name the field, or if the service fails.
// K-02
#[track_caller]
pub fn assert_varies_on<'a, S, B, R>(
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
        let mut without = request.clone();
        without.headers_mut().remove(field);
        for request in [request, without] {
            let exchange = Exchange::send(service, request, place).await;
            if !exchange.varies_on(field) {
                exchange.fail(place, format_args!("expected `{field}` in `Vary`"));
            }
        }
    }
}
