//! [`assert_varies_on`].

use std::fmt::Debug;
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer::Answer;

/// Asserts that `Vary` names the field, in the answer to this request and in the one to the
/// same without the field: a cache may meet either first (K-02).
///
/// # Panics
///
/// When one of them does not name it, or the service fails.
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
            let answer = Answer::to(service, request, place).await;
            if !answer.varies_on(field) {
                answer.fail(place, format_args!("expected that `Vary` names `{field}`"));
            }
        }
    }
}
