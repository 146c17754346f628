//! Looks at the field that cost less than reading it.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::CacheControl;
use crate::protocol::MAX_MEMBERS;

/// What a look at the field tells of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// It is not there.
    Absent,
    /// It may be there.
    Perhaps,
    /// It may have more members than are read, and then it is read as the most restrictive one.
    TooLong,
}

/// Whether the field says `no-store`.
pub(crate) fn says_no_store(headers: &HeaderMap) -> bool {
    look(headers, b"no-store") != Look::Absent && reads_no_store(headers)
}

/// Whether the field says `no-store`, or is so long that who finds out would have to read all of it.
pub(crate) fn says_no_store_or_too_much(headers: &HeaderMap) -> bool {
    match look(headers, b"no-store") {
        Look::Absent => false,
        Look::Perhaps => reads_no_store(headers),
        Look::TooLong => true,
    }
}

/// Whether a directive of this name, in lower case, may stand in the field. "No" is sure.
pub(crate) fn may_say(headers: &HeaderMap, directive: &[u8]) -> bool {
    look(headers, directive) != Look::Absent
}

fn reads_no_store(headers: &HeaderMap) -> bool {
    CacheControl::from_headers(headers).is_some_and(|field| field.no_store())
}

fn look(headers: &HeaderMap, directive: &[u8]) -> Look {
    let (mut octets, mut found) = (0, false);
    for line in headers.get_all(CACHE_CONTROL) {
        // Each member has one at least.
        octets += line.len();
        found = found || contains(line.as_bytes(), directive);
    }
    if octets > MAX_MEMBERS && most_members(headers) > MAX_MEMBERS {
        Look::TooLong
    } else if found {
        Look::Perhaps
    } else {
        Look::Absent
    }
}

fn most_members(headers: &HeaderMap) -> usize {
    let commas = |line: &HeaderValue| line.as_bytes().iter().filter(|&&octet| octet == b',').count();
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
        fn a_look_finds_whatever_reading_finds(
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
            prop_assert_eq!(says_no_store(&headers), read.no_store());
            prop_assert_eq!(says_no_store_or_too_much(&headers), read.no_store());
            prop_assert!(may_say(&headers, b"immutable") || !read.immutable());
        }
    }

    fn field(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        headers
    }

    #[test]
    fn a_look_spares_the_reading_of_what_is_not_there() {
        for line in ["", "max-age=60", "nothing-of-it", "no-storage", "o-store", "no-stor"] {
            assert!(!may_say(&field(line), b"no-store"), "{line:?}");
        }
        for line in ["no-store", "public, No-Store=1", "x=no-store"] {
            assert!(may_say(&field(line), b"no-store"), "{line:?}");
        }
    }

    #[test]
    fn as_many_members_as_are_read_are_not_too_many_however_long_they_are() {
        let members = |count: usize| vec!["a"; count].join(",");
        let table = [
            (members(MAX_MEMBERS), false),
            (members(MAX_MEMBERS + 1), true),
            (format!("x={}", "a".repeat(2 * MAX_MEMBERS)), false),
        ];
        for (line, too_much) in &table {
            assert_eq!(says_no_store_or_too_much(&field(line)), *too_much, "{} octets", line.len());
        }
    }

    #[test]
    fn what_may_have_too_many_members_is_read_where_it_counts_and_is_too_much_else() {
        for (unit, no_store) in [("a,", true), (",", false)] {
            let headers = field(&unit.repeat(MAX_MEMBERS + 1));
            assert_eq!(says_no_store(&headers), no_store, "{unit:?}");
            assert!(says_no_store_or_too_much(&headers), "{unit:?}");
        }
    }
}
