//! Lines of `Cache-Control` that caches read in more than one way.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::response::{CacheControl, join};

/// Whether a cache that does not parse quoted strings finds a restriction in these lines that the field lacks.
pub(crate) fn hides_a_restriction(headers: &HeaderMap, field: &CacheControl) -> bool {
    let hides = |member: &[u8]| {
        let name = member.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
        let is = |directive: &str| name.eq_ignore_ascii_case(directive.as_bytes());
        (is("no-store") && !field.no_store())
            || (is("private") && !field.private() && !field.no_store() && field.private_fields().is_empty())
            || (is("no-cache") && !field.no_cache() && !field.no_store() && field.no_cache_fields().is_empty())
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
