//! Looks at the field that cost less than reading it.

use http::HeaderMap;
use http::header::CACHE_CONTROL;

use super::CacheControl;
use crate::protocol::MAX_MEMBERS;

/// Whether the field says `no-store`.
pub(crate) fn says_no_store(headers: &HeaderMap) -> bool {
    may_say(headers, b"no-store") && CacheControl::from_headers(headers).is_some_and(|field| field.no_store())
}

/// Whether a directive of this name, in lower case, may stand in the field. "No" is sure.
pub(crate) fn may_say(headers: &HeaderMap, directive: &[u8]) -> bool {
    let mut length = 0;
    headers.get_all(CACHE_CONTROL).iter().any(|line| {
        let line = line.as_bytes();
        length += line.len();
        // A field of too many members is read as the most restrictive one.
        length > MAX_MEMBERS || contains(line, directive)
    })
}

fn contains(line: &[u8], directive: &[u8]) -> bool {
    // Most places can be left at their first letter, whose cases differ in this one bit.
    const LOWER: u8 = 0x20;
    line.windows(directive.len())
        .any(|window| window[0] | LOWER == directive[0] && window.eq_ignore_ascii_case(directive))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
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
            prop_assert!(may_say(&headers, b"immutable") || !read.immutable());
        }
    }

    #[test]
    fn what_has_too_many_members_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(&"a,".repeat(MAX_MEMBERS + 1)).unwrap());
        assert!(says_no_store(&headers));
    }
}
