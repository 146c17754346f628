//! Makes responses from stored ones.

use bytes::Bytes;
use http::header::{AGE, CONTENT_LENGTH, DATE, RANGE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body;

use super::body::SharedCacheBody;
use super::config::Config;
use crate::edge::CacheStatusReport;
use crate::protocol::{
    HttpDate, Outcome, Preconditions, RequestedBytes, Validators, into_not_modified, into_partial_content,
    into_range_not_satisfiable,
};
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
    /// Whether the client has the representation in a response of the inner service already.
    pub(super) fn has_current(&self, status: StatusCode, headers: &HeaderMap, now: HttpDate) -> bool {
        // P-02: preconditions are for successes.
        status == StatusCode::OK
            && Preconditions::new(self.method, self.headers).evaluate_response(headers, now).outcome()
                == Outcome::NotModified
    }

    /// Makes a response from a stored one: complete, a part of it, or a 304.
    pub(super) fn reply<B: Body>(
        &self,
        config: &Config,
        record: &Record,
        now: HttpDate,
        report: CacheStatusReport,
    ) -> Response<SharedCacheBody<B>> {
        let head = record.head();
        let mut headers = head.headers.clone();
        if config.as_origin {
            headers.remove(AGE);
            headers.insert(DATE, now.to_header_value());
        } else {
            //
            headers.insert(AGE, HeaderValue::from(record.age(now)));
        }
        config.report(report, &mut headers);
        let mut status = head.status;
        let is_current = || {
            let preconditions = Preconditions::new(self.method, self.headers);
            preconditions.evaluate_stored(&head.headers, head.received, now).outcome() == Outcome::NotModified
        };
        let body = if status == StatusCode::OK && is_current() {
            into_not_modified(&mut headers);
            status = StatusCode::NOT_MODIFIED;
            SharedCacheBody::nothing()
        } else if *self.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(record.body().len()));
            SharedCacheBody::nothing()
        } else {
            let (code, content) = self.requested(status, &mut headers, record.body(), now);
            status = code;
            SharedCacheBody::stored(content)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if let Some(ruling) = head.ruling.as_ref().filter(|_| self.wants_ruling) {
            response.extensions_mut().insert(ruling.clone());
            // Those of the handler, which the ruling does not contain.
            head.tags.clone().add_to(response.extensions_mut());
        }
        response
    }
}

impl Client<'_> {
    /// Returns the status and the part of the content that the request asks for, and changes the fields accordingly.
    //
    fn requested(
        &self,
        status: StatusCode,
        headers: &mut HeaderMap,
        content: &Bytes,
        now: HttpDate,
    ) -> (StatusCode, Bytes) {
        if status != StatusCode::OK || !self.headers.contains_key(RANGE) {
            return (status, content.clone());
        }
        let current = Validators::from_headers(headers, now).into();
        let if_range = Preconditions::new(self.method, self.headers).if_range(&current, now);
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        match RequestedBytes::of_request(self.method, self.headers, if_range, length) {
            RequestedBytes::All => (status, content.clone()),
            RequestedBytes::Part(part) => {
                let index = |position: &u64| usize::try_from(*position).unwrap_or(usize::MAX);
                // The part is within the content.
                let bytes = content.slice(index(part.start())..=index(part.end()));
                into_partial_content(headers, part, length);
                (StatusCode::PARTIAL_CONTENT, bytes)
            }
            RequestedBytes::Unsatisfiable => {
                into_range_not_satisfiable(headers, length);
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
                (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new())
            }
        }
    }
}
