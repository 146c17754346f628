//! The fields that caches near the origin obey in place of `Cache-Control`.

use http::header::EXPIRES;
use http::{HeaderMap, HeaderName};

/// Fields that give a cache a freshness of its own: RFC 9213 and what came before it.
const FRESHNESS_FIELDS: [&str; 8] = [
    "akamai-cache-control",
    "cdn-cache-control",
    "edge-control",
    "fastly-cache-control",
    "souin-cache-control",
    "surrogate-control",
    "x-accel-expires",
    "x-varnish-ttl",
];

/// Fields that name an answer for a purge. Without a stored answer they are a leak.
const TAG_FIELDS: [&str; 12] = [
    "cache-groups",
    "cache-tag",
    "cache-tags",
    "cdn-tag",
    "edge-cache-tag",
    "netlify-cache-tag",
    "surrogate-key",
    "vercel-cache-tag",
    "x-cache-tag",
    "x-cache-tags",
    "x-key",
    "xkey",
];

/// Whether the field gives some cache another freshness than `Cache-Control` does.
///
/// A vendor's field that follows RFC 9213's habit, `<Vendor>-CDN-Cache-Control`, is
/// taken for one even when the vendor is not known. The rule that a cache must not
/// recognise a field by that suffix (T-08) forbids obeying it; this is for taking
/// it away.
#[must_use]
pub fn is_targeted_field(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.ends_with("-cdn-cache-control") || FRESHNESS_FIELDS.contains(&name)
}

/// Whether the field names an answer for a purge: `Surrogate-Key`, `Cache-Tag` and the like.
#[must_use]
pub fn is_tag_field(name: &HeaderName) -> bool {
    TAG_FIELDS.contains(&name.as_str())
}

/// Whether there is a field for edges: a targeted one, or one that tags the answer (SPD steps 2
/// and 3).
pub(crate) fn has_edge_field(headers: &HeaderMap) -> bool {
    headers.keys().any(is_edge_field)
}

/// Removes every targeted field, `Expires`, and the fields that tag an answer for a
/// purge, so that `Cache-Control` is the only word on storing (SPD steps 2 and 3).
///
/// They are removed, not set to a harmless value: the mere presence of
/// `Surrogate-Control` makes several caches ignore `Cache-Control` (G-21).
pub fn remove_targeted_fields(headers: &mut HeaderMap) {
    headers.remove(EXPIRES);
    // Collecting the names first costs nothing where there are none.
    let doomed: Vec<HeaderName> = headers.keys().filter(|name| is_edge_field(name)).cloned().collect();
    for name in doomed {
        headers.remove(name);
    }
}

pub(crate) fn is_edge_field(name: &HeaderName) -> bool {
    is_targeted_field(name) || is_tag_field(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_word_on_storing_but_cache_control_is_taken_away() {
        let mut headers = HeaderMap::new();
        let gone = FRESHNESS_FIELDS.iter().chain(&TAG_FIELDS).copied();
        for name in gone.chain(["expires", "cloudflare-cdn-cache-control", "new-cdn-cache-control"]) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("max-age=60"));
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("max-age=61"));
        }
        for name in ["cache-control", "vary", "x-cache", "x-foo-cache-control"] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        assert!(has_edge_field(&headers));
        remove_targeted_fields(&mut headers);
        assert!(!has_edge_field(&headers));
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["cache-control", "vary", "x-cache", "x-foo-cache-control"]);
    }
}
