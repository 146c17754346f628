//! Searches the field for `no-store`, which is cheaper than parsing the field.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::CacheControl;
use crate::protocol::syntax::{MAX_MEMBERS, has_pair};

/// Returns whether the parsed field has `no-store`, including by having too many members. Parses the field only if it
/// contains the text.
pub(crate) fn forbids_storing(headers: &HeaderMap) -> bool {
    let mut prescan = Prescan::default();
    headers.get_all(CACHE_CONTROL).iter().for_each(|line| prescan.add(line));
    (prescan.bytes > MAX_MEMBERS && max_members(headers) > MAX_MEMBERS)
        || (prescan.found && CacheControl::from_headers(headers).is_some_and(|field| field.no_store()))
}

/// The lines of the field that were seen in a walk over all fields.
#[derive(Default)]
pub(crate) struct Prescan {
    bytes: usize,
    found: bool,
}

impl Prescan {
    pub(crate) fn add(&mut self, line: &HeaderValue) {
        self.bytes += line.len();
        self.found = self.found || contains_no_store(line.as_bytes());
    }

    /// Returns `false` if [`forbids_storing`] does.
    pub(crate) const fn may_forbid_storing(&self) -> bool {
        // Each member has at least one byte.
        self.found || self.bytes > MAX_MEMBERS
    }
}

fn max_members(headers: &HeaderMap) -> usize {
    let commas = |line: &HeaderValue| line.as_bytes().iter().filter(|&&byte| byte == b',').count();
    headers.get_all(CACHE_CONTROL).iter().map(|line| 1 + commas(line)).sum()
}

fn contains_no_store(line: &[u8]) -> bool {
    // Rules out nearly all lines.
    if !has_pair(line, *b"-s") {
        return false;
    }
    let mut start = 0;
    while let Some(hyphen) = line[start..].iter().position(|&byte| byte == b'-').map(|at| start + at) {
        start = hyphen + 1;
        if line[..hyphen].last_chunk().is_some_and(|name: &[u8; 2]| name.eq_ignore_ascii_case(b"no"))
            && line[start..].first_chunk().is_some_and(|name: &[u8; 5]| name.eq_ignore_ascii_case(b"store"))
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_prescan_agrees_with_the_parser(
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
    fn finds_only_the_directive_itself() {
        for line in ["", "max-age=60", "nothing-of-it", "no-storage", "o-store", "no-stor", "x=no-store"] {
            assert!(!forbids_storing(&field(line)), "{line:?}");
        }
        for line in ["no-store", "public, No-Store=1"] {
            assert!(forbids_storing(&field(line)), "{line:?}");
        }
    }

    #[test]
    fn the_limit_counts_members_and_not_bytes() {
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
