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

use super::answer::Answer;
use crate::protocol::{HttpDate, Validators};

/// A tag that no version has.
const OLD: HeaderValue = HeaderValue::from_static("\"an-old-version-of-this\"");
const DAY: i64 = 24 * 3_600;

/// Asserts that a write from an old state gets 412, and changes nothing (P-08).
///
/// The resource is read with GET. Then the write is sent with an `If-Match` that names another
/// version, if the resource has an `ETag`, and with an `If-Unmodified-Since` of the day before,
/// if it has a `Last-Modified`; and after each it is read again.
///
/// # Panics
///
/// When a write is not refused or changes something, when the resource has no validator, or
/// when the service fails.
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
        let before = Answer::to(service, reading(&write), place).await;
        let conditions = conditions(&before);
        if !before.response.status.is_success() || conditions.is_empty() {
            before
                .fail(place, "expected a resource with an `ETag` or a `Last-Modified`, without which no write is safe");
        }
        for (name, value) in conditions {
            let mut write = write.clone();
            for name in [IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH] {
                write.headers_mut().remove(name);
            }
            write.headers_mut().insert(name, value);
            let again = reading(&write);
            let answer = Answer::to(service, write, place).await;
            if answer.response.status != StatusCode::PRECONDITION_FAILED {
                answer.fail(place, "expected 412, as the write is from an old state");
            }
            let after = Answer::to(service, again, place).await;
            let state = |answer: &Answer| {
                let value = |name| answer.headers().get(name).cloned();
                (value(ETAG), value(LAST_MODIFIED), answer.response.status)
            };
            if state(&before) != state(&after) || before.content != after.content {
                after.fail(
                    place,
                    format_args!("the write got 412, and was performed; before it there was:\n\n{before}"),
                );
            }
        }
    }
}

/// The same URL, read.
fn reading<B: Default>(write: &Request<B>) -> Request<B> {
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

fn conditions(answer: &Answer) -> Vec<(HeaderName, HeaderValue)> {
    let validators = Validators::from_headers(answer.headers(), answer.now);
    let etag = validators.etag().map(|_| (IF_MATCH, OLD));
    let day_before = |date: HttpDate| HttpDate::from_unix_seconds(date.unix_seconds() - DAY);
    let date = validators.last_modified().and_then(day_before);
    etag.into_iter().chain(date.map(|date| (IF_UNMODIFIED_SINCE, date.to_header_value()))).collect()
}
