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
/// for all requests. A `Vary: *` passes as well.
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
