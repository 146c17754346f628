//! [`assert_revalidates`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::{CACHE_CONTROL, CONTENT_LOCATION, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderName, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::answer::Answer;
use crate::protocol::{Vary, is_targeted_field};

/// Asserts that the answer has a validator, and that the same request with its validators, as a
/// cache sends it (S-08), gets a 304 without content and with the same policy (N-01, N-05):
/// `Cache-Control`, the fields for edges, `ETag`, `Content-Location`, whether there is an
/// `Expires`, and at least the same `Vary`.
///
/// # Panics
///
/// When it does not, or the service fails.
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
        let first = Answer::to(service, request, place).await;
        if !first.response.status.is_success() {
            first.fail(place, "expected a success, which alone is revalidated");
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

        let second = Answer::to(service, again, place).await;
        if second.response.status != StatusCode::NOT_MODIFIED {
            second.fail(place, "expected 304 to the answer's own validators");
        }
        if !second.content.is_empty() {
            second.fail(place, format_args!("expected no content with 304, and got {} octets", second.content.len()));
        }
        if let Some(name) = differing(&first, &second) {
            second.fail(place, format_args!("expected `{name}` on the 304 as on the 200, which is this:\n\n{first}"));
        }
    }
}

/// The first field of the policy in which the 304 is not as the 200.
fn differing(first: &Answer, second: &Answer) -> Option<HeaderName> {
    let targeted = [first, second].into_iter().flat_map(|answer| answer.headers().keys());
    let mut names = [CACHE_CONTROL, ETAG, CONTENT_LOCATION]
        .into_iter()
        .chain(targeted.filter(|name| is_targeted_field(name)).cloned());
    if let Some(name) = names.find(|name| first.lines(name) != second.lines(name)) {
        return Some(name);
    }
    // Its date may move with the clock.
    if first.headers().contains_key(EXPIRES) != second.headers().contains_key(EXPIRES) {
        return Some(EXPIRES);
    }
    let vary = |answer: &Answer| Vary::from_headers(answer.headers()).unwrap_or_default();
    let (before, after) = (vary(first), vary(second));
    (before.union(&after) != after).then_some(http::header::VARY)
}
