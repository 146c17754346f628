//! [`RequestedBytes`]: the bytes that `Range` requests, and the fields of a 206 and a 416.

use std::ops::RangeInclusive;

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method};

use super::not_modified::into_precondition_failed;
use super::preconditions::IfRange;
use super::syntax::{decimal, set_field, trim_ows};

/// Returns whether `Range` is one line of valid byte ranges.
///
/// A server must ignore an unknown range unit, and may ignore an invalid field (RFC 9110 section 14.2). Some services
/// respond to both with 416 instead, and also to several lines. A unit that is not in lower case is ignored too,
/// because few services recognize it.
pub(crate) fn has_valid_byte_range(headers: &HeaderMap) -> bool {
    // R-01.
    let mut lines = headers.get_all(RANGE).iter();
    matches!((lines.next(), lines.next()), (Some(line), None) if is_byte_range(line))
}

/// The bytes of a representation that a GET requests
/// ([RFC 9110 section 14.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2)).
///
/// Only a `Range` with one range of bytes is honored. A request for several ranges gets the complete representation,
/// which the standard allows.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use tower_cache_policy::protocol::{
///     HttpDate, Preconditions, RequestedBytes, Validators, into_partial_content,
/// };
///
/// let mut response = HeaderMap::new();
/// response.insert("etag", HeaderValue::from_static("\"v1\""));
/// let content = b"0123456789";
///
/// let mut request = HeaderMap::new();
/// request.insert("range", HeaderValue::from_static("bytes=-3"));
/// request.insert("if-range", HeaderValue::from_static("\"v1\""));
///
/// let now = HttpDate::UNIX_EPOCH;
/// let current = Validators::from_headers(&response, now).into();
/// let if_range = Preconditions::new(&Method::GET, &request).if_range(&current, now);
/// let length = content.len() as u64;
/// let requested = RequestedBytes::of_request(&Method::GET, &request, if_range, length);
/// assert_eq!(requested, RequestedBytes::Part(7..=9));
///
/// into_partial_content(&mut response, 7..=9, length);
/// assert_eq!(response["content-range"], "bytes 7-9/10");
/// assert_eq!(response["content-length"], "3");
/// ```
///
/// | `Range` for 10 bytes | Result |
/// |---|---|
/// | none, `bytes=0-2,5-6` or `lines=1-2` | [`All`](Self::All) |
/// | `bytes=2-5` | [`Part`](Self::Part) with the positions 2 to 5 |
/// | `bytes=7-`, `bytes=-3` | [`Part`](Self::Part) with the positions 7 to 9 |
/// | `bytes=20-30` | [`Unsatisfiable`](Self::Unsatisfiable) |
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a range is ignored, satisfiable or unsatisfiable")]
pub enum RequestedBytes {
    /// The complete representation: 200.
    All,
    /// The bytes from the first to the last position: 206.
    Part(RangeInclusive<u64>),
    /// A range that contains none of the bytes: 416.
    Unsatisfiable,
}

impl RequestedBytes {
    /// Reads the `Range` of a request for a representation with `length` bytes, in its content coding.
    ///
    /// `if_range` is the result of [`Preconditions::if_range`](super::Preconditions::if_range). The other preconditions
    /// are evaluated first: a request with a `Range` can also result in a 304.
    ///
    /// Returns [`All`](Self::All) in these cases:
    ///
    /// - the method is not GET,
    /// - `if_range` is [`IfRange::False`],
    /// - `Range` is absent, invalid or repeated, has several ranges, or has a unit other than `bytes`,
    /// - the representation is empty, because `Content-Range` cannot describe a range of it.
    #[must_use]
    #[inline]
    pub fn of_request(method: &Method, headers: &HeaderMap, if_range: IfRange, length: u64) -> Self {
        // R-01 to R-03, R-05, R-10.
        if *method != Method::GET || if_range == IfRange::False {
            return Self::All;
        }
        let mut lines = headers.get_all(RANGE).iter();
        let (Some(line), None, Some(end)) = (lines.next(), lines.next(), length.checked_sub(1)) else {
            return Self::All;
        };
        match byte_ranges(line).and_then(range) {
            Some(Range::From { first, .. }) if first > end => Self::Unsatisfiable,
            Some(Range::From { first, last }) => Self::Part(first..=last.map_or(end, |last| last.min(end))),
            Some(Range::Last(0)) => Self::Unsatisfiable,
            Some(Range::Last(count)) => Self::Part(length.saturating_sub(count)..=end),
            None => Self::All,
        }
    }
}

/// Converts the header fields of a 200 to those of a 206 with one part
/// ([RFC 9110 section 15.3.7](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.3.7)).
///
/// Sets `Content-Range` and `Content-Length`. Removes `Content-Digest` and `Content-MD5`, which describe the content of
/// one message. Preserves all other fields. `part` must be a [`RequestedBytes::Part`] of a representation with `length`
/// bytes.
#[inline]
pub fn into_partial_content(headers: &mut HeaderMap, part: RangeInclusive<u64>, length: u64) {
    // R-06, R-07.
    let (first, last) = part.into_inner();
    headers.remove("content-digest");
    headers.remove("content-md5");
    set_field(headers, CONTENT_RANGE, field_value(format!("bytes {first}-{last}/{length}")));
    set_field(headers, CONTENT_LENGTH, HeaderValue::from(last.saturating_sub(first).saturating_add(1)));
}

/// Converts the header fields of a 200 to those of a 416
/// ([RFC 9110 section 15.5.17](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.17)).
///
/// Sets `Content-Range` to the length of the representation. Removes and sets the same fields as
/// [`into_precondition_failed`].
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::into_range_not_satisfiable;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("content-type", HeaderValue::from_static("text/html"));
/// into_range_not_satisfiable(&mut headers, 10);
/// assert_eq!(headers["content-range"], "bytes */10");
/// assert!(!headers.contains_key("content-type"));
/// ```
#[inline]
pub fn into_range_not_satisfiable(headers: &mut HeaderMap, length: u64) {
    // R-05.
    into_precondition_failed(headers);
    set_field(headers, CONTENT_RANGE, field_value(format!("bytes */{length}")));
}

#[inline]
fn field_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("digits and punctuation are a valid field value")
}

/// ```text
/// bytes=0-99, 200-, -50
/// ```
fn is_byte_range(line: &HeaderValue) -> bool {
    byte_ranges(line).is_some_and(|set| set.split(|&byte| byte == b',').all(|text| range(trim_ows(text)).is_some()))
}

/// Returns the text after the unit.
fn byte_ranges(line: &HeaderValue) -> Option<&[u8]> {
    trim_ows(line.as_bytes()).strip_prefix(b"bytes=")
}

enum Range {
    /// Positions, as in R-02.
    From { first: u64, last: Option<u64> },
    /// The number of bytes, counted from the end.
    Last(u64),
}

fn range(text: &[u8]) -> Option<Range> {
    let dash = text.iter().position(|&byte| byte == b'-')?;
    match (&text[..dash], &text[dash + 1..]) {
        ([], count) => decimal(count).map(Range::Last),
        (first, []) => decimal(first).map(|first| Range::From { first, last: None }),
        (first, last) => decimal(first)
            .zip(decimal(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| Range::From { first, last: Some(last) }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_valid_byte_ranges_are_honored() {
        // R-01, R-02, R-03
        let table: &[(&[&'static str], bool)] = &[
            (&["bytes=0-1"], true),
            (&["bytes=0-"], true),
            (&["bytes=-5"], true),
            (&["bytes=0-1, 4-5,-1"], true),
            (&["bytes=999999-"], true),
            (&["bytes=18446744073709551615-"], true),
            (&["bytes=18446744073709551616-"], false),
            (&["bytes=5-4"], false),
            (&["bytes=a-b"], false),
            (&["bytes=-"], false),
            (&["bytes="], false),
            (&["bytes=0-1,"], false),
            (&["bytes=+0-1"], false),
            (&["bytes =0-1"], false),
            (&["Bytes=0-1"], false),
            (&["pages=0-1"], false),
            (&["bytes"], false),
            (&[""], false),
            (&["bytes=0-1", "bytes=2-3"], false),
            (&[], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(RANGE, HeaderValue::from_static(line));
            }
            assert_eq!(has_valid_byte_range(&headers), *expected, "{lines:?}");
        }
    }

    #[test]
    fn one_range_requests_the_bytes_that_there_are() {
        let part = |first, last| RequestedBytes::Part(first..=last);
        // R-02, R-03
        let table: &[(&[&'static str], u64, RequestedBytes)] = &[
            (&["bytes=0-0"], 10, part(0, 0)),
            (&["bytes=0-9"], 10, part(0, 9)),
            (&["bytes=0-10"], 10, part(0, 9)),
            (&["bytes=9-"], 10, part(9, 9)),
            (&[" bytes=3-4 "], 10, part(3, 4)),
            (&["bytes=-3"], 10, part(7, 9)),
            (&["bytes=-10"], 10, part(0, 9)),
            (&["bytes=-11"], 10, part(0, 9)),
            (&["bytes=-18446744073709551615"], 10, part(0, 9)),
            (&["bytes=0-18446744073709551615"], 10, part(0, 9)),
            (&["bytes=10-"], 10, RequestedBytes::Unsatisfiable),
            (&["bytes=10-20"], 10, RequestedBytes::Unsatisfiable),
            (&["bytes=-0"], 10, RequestedBytes::Unsatisfiable),
            (&["bytes=18446744073709551615-"], 10, RequestedBytes::Unsatisfiable),
            (&["bytes=0-1,4-5"], 10, RequestedBytes::All),
            (&["bytes=4-3"], 10, RequestedBytes::All),
            (&["bytes=18446744073709551616-"], 10, RequestedBytes::All),
            (&["pages=0-1"], 10, RequestedBytes::All),
            (&["bytes=0-1", "bytes=0-1"], 10, RequestedBytes::All),
            (&[""], 10, RequestedBytes::All),
            (&[], 10, RequestedBytes::All),
            (&["bytes=0-0"], 0, RequestedBytes::All),
            (&["bytes=-1"], 0, RequestedBytes::All),
        ];
        for (lines, length, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(RANGE, HeaderValue::from_static(line));
            }
            let of = |method, if_range| RequestedBytes::of_request(method, &headers, if_range, *length);
            for if_range in [IfRange::Absent, IfRange::True] {
                assert_eq!(of(&Method::GET, if_range), *expected, "{lines:?} of {length}");
            }
            assert_eq!(of(&Method::GET, IfRange::False), RequestedBytes::All, "R-10: {lines:?} of {length}");
            assert_eq!(of(&Method::HEAD, IfRange::Absent), RequestedBytes::All, "R-01: {lines:?} of {length}");
        }
    }

    fn response() -> HeaderMap {
        let lines = [
            ("cache-control", "max-age=60"),
            ("content-digest", "sha-256=:AA==:"),
            ("content-length", "10"),
            ("content-type", "text/plain"),
            ("etag", "\"a\""),
            ("set-cookie", "a"),
            ("vary", "accept"),
        ];
        lines.into_iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_206_has_the_fields_of_its_200_and_describes_the_part() {
        let mut headers = response();
        into_partial_content(&mut headers, 2..=4, 10);
        assert_eq!(
            (&headers["content-range"], &headers["content-length"]),
            (&"bytes 2-4/10".parse().unwrap(), &"3".parse().unwrap()),
            "R-07"
        );
        for name in ["cache-control", "content-type", "etag", "set-cookie", "vary"] {
            assert_eq!(headers.get(name), response().get(name), "R-06: {name}");
        }
        assert!(!headers.contains_key("content-digest"));
        into_partial_content(&mut headers, 0..=u64::MAX, u64::MAX);
        assert_eq!(headers["content-length"], u64::MAX.to_string(), "R-03: no overflow");
    }

    #[test]
    fn a_416_states_the_length_and_is_not_stored() {
        let mut headers = response();
        into_range_not_satisfiable(&mut headers, 10);
        assert_eq!(headers["content-range"], "bytes */10", "R-05");
        assert_eq!(headers["cache-control"], "private, no-store");
        assert!(!headers.contains_key("etag") && !headers.contains_key("content-type") && headers.contains_key("vary"));
    }

    proptest! {
        #[test]
        fn the_part_is_the_positions_that_are_in_the_range(
            length in 0u64..20,
            first in proptest::option::of(0u64..25),
            last in proptest::option::of(0u64..25),
        ) {
            let text = |position: Option<u64>| position.map_or(String::new(), |position| position.to_string());
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, format!("bytes={}-{}", text(first), text(last)).parse().unwrap());
            let wanted: Vec<u64> = (0..length)
                .filter(|position| match (first, last) {
                    (Some(first), Some(last)) => (first..=last).contains(position),
                    (Some(first), None) => *position >= first,
                    (None, Some(count)) => *position + count >= length,
                    (None, None) => false,
                })
                .collect();
            let is_valid = match (first, last) {
                (Some(first), Some(last)) => first <= last,
                (first, last) => first.is_some() || last.is_some(),
            };
            // R-02
            let expected = match (wanted.first(), wanted.last()) {
                _ if !is_valid || length == 0 => RequestedBytes::All,
                (Some(first), Some(last)) => RequestedBytes::Part(*first..=*last),
                _ => RequestedBytes::Unsatisfiable,
            };
            prop_assert_eq!(RequestedBytes::of_request(&Method::GET, &headers, IfRange::Absent, length), expected);
        }
    }
}
