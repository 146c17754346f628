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
        // With one for the comma that would join it to the next.
        octets += line.len() + 1;
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

    #[test]
    fn what_may_have_too_many_members_is_read_where_it_counts_and_is_too_much_else() {
        for (unit, no_store) in [("a,", true), (",", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_str(&unit.repeat(MAX_MEMBERS + 1)).unwrap());
            assert_eq!(says_no_store(&headers), no_store, "{unit:?}");
            assert!(says_no_store_or_too_much(&headers), "{unit:?}");
        }
    }
}
