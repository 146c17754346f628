//! Decides which `Range` fields are passed to a service.

use http::header::RANGE;
use http::{HeaderMap, HeaderValue};

use super::syntax::trim_ows;

/// Returns whether `Range` is one line of valid byte ranges.
///
/// A server must ignore an unknown range unit, and may ignore an invalid field (RFC 9110 section 14.2). Services
/// respond to both with 416 instead, and also to several lines. A unit that is not in lower case is ignored too,
/// because few services recognize it.
pub(crate) fn has_valid_byte_range(headers: &HeaderMap) -> bool {
    //
    let mut lines = headers.get_all(RANGE).iter();
    matches!((lines.next(), lines.next()), (Some(line), None) if is_byte_range(line))
}

/// Returns whether a line is a list of byte ranges, such as `bytes=0-99, 200-, -50`.
fn is_byte_range(line: &HeaderValue) -> bool {
    trim_ows(line.as_bytes())
        .strip_prefix(b"bytes=")
        .is_some_and(|set| set.split(|&byte| byte == b',').all(|range| is_range(trim_ows(range))))
}

/// Returns whether this is one range, such as `0-99`.
fn is_range(range: &[u8]) -> bool {
    //
    let Some(dash) = range.iter().position(|&byte| byte == b'-') else {
        return false;
    };
    match (&range[..dash], &range[dash + 1..]) {
        ([], suffix) => position(suffix).is_some(),
        (first, []) => position(first).is_some(),
        (first, last) => position(first).zip(position(last)).is_some_and(|(first, last)| first <= last),
    }
}

/// Parses a position. One that exceeds 64 bits is treated as invalid.
fn position(digits: &[u8]) -> Option<u64> {
    //
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_byte_ranges_are_honored() {
        //
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
}
