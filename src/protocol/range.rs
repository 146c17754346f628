//! Reads `Range`: decides which fields are passed to a service, and which bytes they request.

use http::header::RANGE;
use http::{HeaderMap, HeaderValue};

use super::syntax::{decimal, trim_ows};

/// Returns whether `Range` is one line of valid byte ranges.
///
/// A server must ignore an unknown range unit, and may ignore an invalid field (RFC 9110 section 14.2). Services
/// respond to both with 416 instead, and also to several lines. A unit that is not in lower case is ignored too,
/// because few services recognize it.
pub(crate) fn has_valid_byte_range(headers: &HeaderMap) -> bool {
    // R-01.
    let mut lines = headers.get_all(RANGE).iter();
    matches!((lines.next(), lines.next()), (Some(line), None) if is_byte_range(line))
}

/// The bytes that a service sends for a `Range`.
#[cfg(feature = "assets")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestedBytes {
    /// The complete representation.
    All,
    /// A part, from its first to its last position.
    Part { first: u64, last: u64 },
    /// No byte of it: 416.
    None,
}

/// The bytes that `Range` requests of a representation with `length` bytes. A service that sends single ranges only
/// sends everything for several ranges, as it does for a field that is not valid (RFC 9110 section 14.2), and for an
/// empty representation, which has no position that `Content-Range` could name.
#[cfg(feature = "assets")]
pub(crate) fn requested_bytes(headers: &HeaderMap, length: u64) -> RequestedBytes {
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(line), None, Some(end)) = (lines.next(), lines.next(), length.checked_sub(1)) else {
        return RequestedBytes::All;
    };
    match byte_ranges(line).and_then(range) {
        Some(Range::From { first, .. }) if first > end => RequestedBytes::None,
        Some(Range::From { first, last }) => {
            RequestedBytes::Part { first, last: last.map_or(end, |last| last.min(end)) }
        }
        Some(Range::Last(0)) => RequestedBytes::None,
        Some(Range::Last(count)) => RequestedBytes::Part { first: length.saturating_sub(count), last: end },
        None => RequestedBytes::All,
    }
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

// Without services that send ranges, only its validity counts.
#[cfg_attr(not(feature = "assets"), allow(dead_code))]
enum Range {
    /// Positions, as in R-02.
    From { first: u64, last: Option<u64> },
    /// As many bytes, counted from the end.
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

    #[cfg(feature = "assets")]
    #[test]
    fn one_range_requests_the_bytes_that_there_are() {
        let part = |first, last| RequestedBytes::Part { first, last };
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
            (&["bytes=10-"], 10, RequestedBytes::None),
            (&["bytes=10-20"], 10, RequestedBytes::None),
            (&["bytes=-0"], 10, RequestedBytes::None),
            (&["bytes=18446744073709551615-"], 10, RequestedBytes::None),
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
            assert_eq!(requested_bytes(&headers, *length), *expected, "{lines:?} of {length}");
        }
    }
}
