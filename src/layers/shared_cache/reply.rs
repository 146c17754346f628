//! Creates responses from stored ones.

use http::header::{AGE, CONTENT_LENGTH, DATE};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;

use super::body::SharedCacheBody;
use super::config::Config;
use super::plan::Signs;
use crate::edge::CacheStatusReport;
use crate::policy::RequestFacts;
use crate::protocol::{
    HttpDate, Outcome, Preconditions, RequestedBytes, Validators, into_partial_content, into_range_not_satisfiable,
    put_decimal,
};
use crate::store::{CACHE_STATUS, Content, Record, RecordHead, Rest};

/// The parts of a request on which a response from the cache depends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    /// Whether an outer layer needs the ruling about the response.
    wants_ruling: bool,
    /// Whether the request has a condition that a cache evaluates.
    is_conditional: bool,
    has_range: bool,
}

impl<'a> Client<'a> {
    /// The client of a request whose fields have been read.
    pub(super) fn of<Q>(request: &'a Request<Q>, signs: Signs) -> Self {
        Self::with(request.method(), request.headers(), request.extensions(), signs)
    }

    pub(super) fn of_parts(parts: &'a Parts, signs: Signs) -> Self {
        Self::with(&parts.method, &parts.headers, &parts.extensions, signs)
    }

    fn with(method: &'a Method, headers: &'a HeaderMap, extensions: &Extensions, signs: Signs) -> Self {
        let Signs { is_conditional, has_range, .. } = signs;
        let wants_ruling = extensions.get::<RequestFacts>().is_some();
        Self { method, headers, wants_ruling, is_conditional, has_range }
    }
}

impl Client<'_> {
    /// Whether the client already has the representation in a response of the inner service.
    pub(super) fn has_current(&self, status: StatusCode, headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> bool {
        // P-02: preconditions apply only to successful responses.
        self.is_conditional
            && status == StatusCode::OK
            && Preconditions::new(self.method, self.headers).evaluate_response(headers, now()).outcome()
                == Outcome::NotModified
    }

    /// Creates a response from a stored one: a complete one, a partial one, or a 304.
    pub(super) fn reply<B: Body>(
        &self,
        config: &Config,
        record: &Record,
        now: HttpDate,
        report: CacheStatusReport,
    ) -> Response<SharedCacheBody<B>> {
        let head = record.head();
        let mut status = head.status;
        let is_current =
            self.is_conditional && status == StatusCode::OK && record.is_current_at(self.method, self.headers, now);
        let mut headers = if is_current { record.fields_of_not_modified() } else { record.fields() };
        set_cache_fields(config, &mut headers, record.age(now), now, report);
        let body = if is_current {
            status = StatusCode::NOT_MODIFIED;
            SharedCacheBody::nothing()
        } else if *self.method == Method::HEAD {
            // A 204 must not have the field (RFC 9110 section 8.6).
            if status != StatusCode::NO_CONTENT {
                headers.insert(CONTENT_LENGTH, number_value(u64::try_from(record.body().len()).unwrap_or(u64::MAX)));
            }
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
            // The fields of the handler, which the ruling does not contain.
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
        content: &Content,
        now: HttpDate,
    ) -> (StatusCode, Rest) {
        if status != StatusCode::OK || !self.has_range {
            return (status, content.all());
        }
        let current = Validators::from_headers(headers, now).into();
        let if_range = Preconditions::new(self.method, self.headers).if_range(&current, now);
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        match RequestedBytes::of_request(self.method, self.headers, if_range, length) {
            RequestedBytes::All => (status, content.all()),
            RequestedBytes::Part(part) => {
                let index = |position: &u64| usize::try_from(*position).unwrap_or(usize::MAX);
                // The part is within the content.
                let bytes = content.part(index(part.start())..index(part.end()).saturating_add(1));
                into_partial_content(headers, part, length);
                (StatusCode::PARTIAL_CONTENT, bytes)
            }
            RequestedBytes::Unsatisfiable => {
                into_range_not_satisfiable(headers, length);
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
                (StatusCode::RANGE_NOT_SATISFIABLE, content.part(0..0))
            }
        }
    }
}

/// Sets the fields by which a cache describes its response.
fn set_cache_fields(config: &Config, headers: &mut HeaderMap, age: u64, now: HttpDate, report: CacheStatusReport) {
    if let (Some(name), false) = (&config.name, config.as_origin)
        && let Some((place_of_age, place_of_report)) = RecordHead::places(headers)
    {
        //
        *place_of_age = number_value(age);
        *place_of_report = report.to_known_value(name);
        return;
    }
    if RecordHead::places(headers).is_some() {
        headers.remove(CACHE_STATUS);
    }
    if config.as_origin {
        headers.remove(AGE);
        headers.insert(DATE, now.to_header_value());
    } else {
        headers.insert(AGE, number_value(age));
    }
    config.report(report, headers);
}

/// Writes a number. Small ones, such as most ages, need no allocation.
fn number_value(seconds: u64) -> HeaderValue {
    /// The numbers up to 999, each with three digits.
    static DIGITS: [u8; 3_000] = {
        let mut digits = [b'0'; 3_000];
        let mut number = 0;
        while number < 1_000 {
            digits[3 * number] += (number / 100) as u8;
            digits[3 * number + 1] += (number / 10 % 10) as u8;
            digits[3 * number + 2] += (number % 10) as u8;
            number += 1;
        }
        digits
    };
    // A value of digits is always valid.
    let long = |number| {
        HeaderValue::from_bytes(put_decimal(number, &mut [0; 20])).unwrap_or_else(|_| HeaderValue::from(number))
    };
    let at = |number: usize| {
        let zeros = usize::from(number < 100) + usize::from(number < 10);
        std::str::from_utf8(DIGITS.get(3 * number + zeros..3 * number + 3)?).ok()
    };
    let short = usize::try_from(seconds).ok().filter(|number| *number < 1_000).and_then(at);
    short.map_or_else(|| long(seconds), HeaderValue::from_static)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        for seconds in (0..2_000).chain([86_400, u64::MAX]) {
            assert_eq!(number_value(seconds), seconds.to_string());
        }
    }
}
