//! Makes responses from stored ones.

use http::header::{AGE, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body;

use super::body::SharedCacheBody;
use super::config::Config;
use super::status::Handling;
use crate::protocol::{HttpDate, Outcome, Preconditions, into_not_modified};
use crate::store::Record;

/// A request, as far as a stored response depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    /// Whether an outer layer needs the ruling about the response.
    pub(super) wants_ruling: bool,
}

impl Client<'_> {
    /// Whether the client has the representation with these validators already.
    pub(super) fn has_current(&self, status: StatusCode, headers: &HeaderMap, now: HttpDate) -> bool {
        // P-02: preconditions are for successes.
        status == StatusCode::OK
            && Preconditions::new(self.method, self.headers).evaluate_response(headers, now).outcome()
                == Outcome::NotModified
    }

    /// Makes a response from a stored one: complete, or a 304.
    pub(super) fn reply<B: Body>(
        &self,
        config: &Config,
        record: &Record,
        now: HttpDate,
        handling: Handling,
    ) -> Response<SharedCacheBody<B>> {
        let head = record.head();
        let mut headers = head.headers.clone();
        //
        headers.insert(AGE, HeaderValue::from(record.age(now)));
        handling.write_to(&config.name, &mut headers);
        let mut status = head.status;
        let body = if self.has_current(status, &headers, now) {
            into_not_modified(&mut headers);
            status = StatusCode::NOT_MODIFIED;
            SharedCacheBody::nothing()
        } else if *self.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(record.body().len()));
            SharedCacheBody::nothing()
        } else {
            SharedCacheBody::stored(record.body().clone())
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if let Some(ruling) = head.ruling.as_ref().filter(|_| self.wants_ruling) {
            response.extensions_mut().insert(ruling.clone());
        }
        response
    }
}
