//! Looks through the field for less than reading it costs.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::CacheControl;
use crate::protocol::MAX_MEMBERS;

/// Whether the field says `no-store`, or has so many members that it is read as if it did. It is read only
/// where the letters are in it.
pub(crate) fn forbids_storing(headers: &HeaderMap) -> bool {
    let (mut bytes, mut found) = (0, false);
    for line in headers.get_all(CACHE_CONTROL) {
        // Each member has one byte at least.
        bytes += line.len();
        found = found || contains(line.as_bytes(), b"no-store");
    }
    (bytes > MAX_MEMBERS && most_members(headers) > MAX_MEMBERS)
        || (found && CacheControl::from_headers(headers).is_some_and(|field| field.no_store()))
}

fn most_members(headers: &HeaderMap) -> usize {
    let commas = |line: &HeaderValue| line.as_bytes().iter().filter(|&&byte| byte == b',').count();
    headers.get_all(CACHE_CONTROL).iter().map(|line| 1 + commas(line)).sum()
}

fn contains(line: &[u8], directive: &[u8]) -> bool {
    // Most places can be left at their first letter, whose cases differ in this one bit.
    const LOWER: u8 = 0x20;
    line.windows(directive.len())
        .any(|window| window[0] | LOWER == directive[0] && window.eq_ignore_ascii_case(directive))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_prescan_finds_whatever_reading_finds(
            lines in prop::collection::vec(
                prop::collection::vec(
                    prop::sample::select(vec!["no-store", "No-Store=1", "x=\"no-store", "immutable", ",", "\"", " ", "a"]),
                    0..6,
                ),
                0..3,
            ),
        ) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_str(&line.join(",")).unwrap());
            }
            let read = CacheControl::from_headers(&headers).unwrap_or_default();
            prop_assert_eq!(forbids_storing(&headers), read.no_store());
        }
    }

    fn field(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        headers
    }

    #[test]
    fn only_the_directive_itself_is_found() {
        for line in ["", "max-age=60", "nothing-of-it", "no-storage", "o-store", "no-stor", "x=no-store"] {
            assert!(!forbids_storing(&field(line)), "{line:?}");
        }
        for line in ["no-store", "public, No-Store=1"] {
            assert!(forbids_storing(&field(line)), "{line:?}");
        }
    }

    #[test]
    fn as_many_members_as_are_read_are_not_too_many_however_long_they_are() {
        let members = |count: usize| vec!["a"; count].join(",");
        for (line, too_many) in [
            (members(MAX_MEMBERS), false),
            (members(MAX_MEMBERS + 1), true),
            (format!("x={}", "a".repeat(2 * MAX_MEMBERS)), false),
        ] {
            assert_eq!(forbids_storing(&field(&line)), too_many, "{} bytes", line.len());
        }
    }
}
