//! Finds `Cache-Control` lines that caches interpret differently.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::member::Member;
use super::response::{CacheControl, join};
use crate::protocol::syntax::{delta_seconds, members};

/// Returns whether a cache that does not parse quoted strings finds a restriction that `field` lacks: a directive, or a
/// shorter lifetime.
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

/// Returns whether the field was parsed from invalid directives, such as `max-age}60`. Caches that require the exact
/// syntax find no directive in them, and apply heuristic freshness.
pub(crate) fn is_misspelled(headers: &HeaderMap, field: &CacheControl) -> bool {
    let seconds = [field.max_age(), field.s_maxage(), field.stale_while_revalidate(), field.stale_if_error()]
        .into_iter()
        .flatten();
    // Only a valid directive permits anything.
    let permits = field.public() || field.immutable() || field.must_understand() || seconds.max() > Some(0);
    !permits
        && !field.has_extensions_only()
        && !members(headers.get_all(CACHE_CONTROL)).any(|member| CacheControl::is_valid(&Member::split(member)))
}

/// Returns whether the lines have the same meaning separately and joined. The meanings differ if a quoted string spans
/// two lines.
pub(crate) fn is_one_reading(headers: &HeaderMap) -> bool {
    let lines = || headers.get_all(CACHE_CONTROL).iter();
    CacheControl::parse_apart([&join(lines())]) == CacheControl::parse_apart(lines())
}

/// Joins the lines, except those that are not ASCII and do not contain a known directive. Some caches skip such lines.
pub(crate) fn join_readable(headers: &HeaderMap) -> HeaderValue {
    let is_needed =
        |line: &&HeaderValue| line.as_bytes().is_ascii() || !CacheControl::parse_apart([*line]).has_extensions_only();
    join(headers.get_all(CACHE_CONTROL).iter().filter(is_needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stricter_quoted_directive_counts() {
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
            // Without a quote, all caches read the same value.
            ("max-age=60, max-age=5", false),
        ] {
            let line = HeaderValue::from_static(line);
            let field = CacheControl::parse_apart([&line]);
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, line)]);
            assert_eq!(hides_a_restriction(&headers, &field), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_field_without_a_valid_directive_is_misspelled() {
        for (line, expected) in [
            ("max-age}0~536", true),
            ("no-store;", true),
            ("no-cache x, max-age =60", true),
            ("max-age=soon", true),
            ("max-age=0", false),
            ("No-Store", false),
            ("no-store; x, private", false),
            ("max-age=60", false),
            ("private=\"a\"", false),
            ("no-cache, max-age=soon", false),
            ("unknown", false),
        ] {
            let line = HeaderValue::from_static(line);
            let field = CacheControl::parse_apart([&line]);
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, line)]);
            assert_eq!(is_misspelled(&headers, &field), expected, "{headers:?} {field:?}");
        }
    }

    #[test]
    fn a_line_that_caches_skip_is_left_out() {
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
