//! [`assert_not_poisonable_by`].

use std::fmt::Debug;
use std::panic::Location;

use http::header::{AGE, DATE, EXPIRES, HeaderName};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer::Answer;

/// What an attacker may write: a host, a scheme, a method, a path, a flag.
const VALUES: [&str; 5] = ["poison.invalid", "http", "POST", "/poison", "1"];

/// Asserts that no value of a request field that stands in no cache's key gets into what others
/// are served: with each of several, the answer is the same as without, or no shared cache may
/// store it, or `Vary` names the field (G-13).
///
/// Answers are the same when status, content, and all fields but `Age`, `Date` and `Expires`
/// are.
///
/// # Panics
///
/// When one is not, when the answer differs from one request to the next by itself, when
/// `field` is no field name, or when the service fails.
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
            panic!("`{field}` is no field name\nasserted at {place}");
        };
        let mut request = request;
        request.headers_mut().remove(&name);
        let clean = Answer::to(service, request.clone(), place).await;
        let twin = Answer::to(service, request.clone(), place).await;
        if clean.audit().shared().is_stored() && !same(&clean, &twin) {
            twin.fail(
                place,
                format_args!("expected the same answer to the same request, which got before:\n\n{clean}"),
            );
        }
        for value in VALUES {
            let mut poisoned = request.clone();
            poisoned.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
            let answer = Answer::to(service, poisoned, place).await;
            if !same(&clean, &answer) && answer.audit().shared().is_stored() && !answer.varies_on(field) {
                let expected = "expected that it changes nothing that is shared; without it the answer is";
                answer.fail(place, format_args!("`{name}: {value}`: {expected}:\n\n{clean}"));
            }
        }
    }
}

fn same(one: &Answer, other: &Answer) -> bool {
    let timeless = |headers: &HeaderMap| {
        let mut headers = headers.clone();
        for name in [AGE, DATE, EXPIRES] {
            headers.remove(name);
        }
        headers
    };
    one.response.status == other.response.status
        && one.content == other.content
        && timeless(one.headers()) == timeless(other.headers())
}
