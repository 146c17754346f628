//! Lines of `Cache-Control` that caches read in more than one way.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::response::{CacheControl, join};
use crate::protocol::syntax::delta_seconds;

/// Whether a cache that does not parse quoted strings finds a restriction in these lines that the field lacks: a
/// directive, or a shorter lifetime.
pub(crate) fn hides_a_restriction(headers: &HeaderMap, field: &CacheControl) -> bool {
    if field.no_store() {
        return false;
    }
    let hides = |member: &[u8]| {
        let is_around = |byte: &u8| matches!(byte, b'"' | b' ' | b'\t');
        let mut parts = member.splitn(2, |&byte| byte == b'=').map(|part| {
            let start = part.iter().position(|byte| !is_around(byte)).unwrap_or(part.len());
            let end = part.iter().rposition(|byte| !is_around(byte)).map_or(start, |last| last + 1);
            &part[start..end]
        });
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is = |directive: &str| name.eq_ignore_ascii_case(directive.as_bytes());
        let is_shorter_than = |own: Option<u32>| {
            let seconds = delta_seconds(value).unwrap_or(0);
            !field.no_cache() && own.is_none_or(|own| seconds < own)
        };
        is("no-store")
            || (is("private") && !field.private() && field.private_fields().is_empty())
            || (is("no-cache") && !field.no_cache() && field.no_cache_fields().is_empty())
            || (is("max-age") && is_shorter_than(field.max_age()))
            || (is("s-maxage") && !field.private() && is_shorter_than(field.s_maxage()))
    };
    let lines = headers.get_all(CACHE_CONTROL).iter().map(HeaderValue::as_bytes);
    lines.filter(|line| line.contains(&b'"')).any(|line| line.split(|&byte| byte == b',').any(hides))
}

/// Whether the lines mean the same one by one and joined, which they do not if a quote spans two of them.
pub(crate) fn is_one_reading(headers: &HeaderMap) -> bool {
    let lines = || headers.get_all(CACHE_CONTROL).iter();
    CacheControl::parse_apart([&join(lines())]) == CacheControl::parse_apart(lines())
}

/// Joins the lines. Leaves out those that some caches skip, because they are not ASCII, if they have no known
/// directive.
pub(crate) fn join_readable(headers: &HeaderMap) -> HeaderValue {
    let is_needed =
        |line: &&HeaderValue| line.as_bytes().is_ascii() || !CacheControl::parse_apart([*line]).has_extensions_only();
    join(headers.get_all(CACHE_CONTROL).iter().filter(is_needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_hides_only_what_is_stricter_than_the_field() {
        for (line, expected) in [
            ("max-age=60, x=\"a, no-store\"", true),
            ("max-age=60, x=\"a, no-cache\"", true),
            ("max-age=60, x=\"a, private\"", true),
            ("max-age=60, x=\"a, max-age=5\"", true),
            ("x=\"a, max-age=5\"", true),
            ("max-age=60, x=\"a, Max-Age = 5\"", true),
            ("max-age=60, x=\"a, max-age=soon\"", true),
            ("s-maxage=60, x=\"a, s-maxage=5\"", true),
            ("x=\"a, Max-Age=\"600\"", true),
            ("max-age=60, x=\"a, max-age=90\"", false),
            ("max-age=60, x=\"a, public\"", false),
            ("max-age=\"60\", s-maxage=\"90\"", false),
            ("no-store, x=\"a, private, max-age=0\"", false),
            ("no-cache, x=\"a, max-age=0\"", false),
            ("private, x=\"a, s-maxage=0, private\"", false),
            ("private=\"a, b\", no-cache=\"set-cookie\"", false),
            // Without a quote all caches read the same.
            ("max-age=60, max-age=5", false),
        ] {
            let line = HeaderValue::from_static(line);
            let field = CacheControl::parse_apart([&line]);
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, line)]);
            assert_eq!(hides_a_restriction(&headers, &field), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_line_that_is_skipped_may_be_left_out() {
        let lines = |lines: &[&'static [u8]]| -> HeaderMap {
            lines.iter().map(|line| (CACHE_CONTROL, HeaderValue::from_bytes(line).unwrap())).collect()
        };
        assert_eq!(join_readable(&lines(&[b"max-age=5", b"x=\xff", b"private"])), "max-age=5, private");
        assert_eq!(
            join_readable(&lines(&[b"max-age=5", b"no-cache, x=\xff"])).as_bytes(),
            b"max-age=5, no-cache, x=\xff"
        );
        assert!(is_one_reading(&lines(&[b"x=\"a, b\"", b"no-store"])));
        assert!(!is_one_reading(&lines(&[b"x=\"a", b"no-store, y=\""])));
    }
}
