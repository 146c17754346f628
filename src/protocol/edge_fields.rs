//! The header fields that CDNs obey instead of `Cache-Control`, and the fields with cache tags. Guards, profiles and
//! layers share this list.

use http::header::EXPIRES;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::CacheControl;
use super::syntax::delta_seconds;

/// The purpose of a header field for CDNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeFieldKind {
    /// A freshness lifetime that overrides `Cache-Control`: RFC 9213 and its predecessors.
    Freshness,
    /// Cache tags. A response that is not stored would reveal them to clients.
    Tags,
}

/// All known fields in alphabetical order. `<Vendor>-CDN-Cache-Control` is recognized by its suffix.
const EDGE_FIELDS: &[(&str, EdgeFieldKind)] = &[
    ("akamai-cache-control", EdgeFieldKind::Freshness),
    ("cache-groups", EdgeFieldKind::Tags),
    ("cache-tag", EdgeFieldKind::Tags),
    ("cache-tags", EdgeFieldKind::Tags),
    ("cdn-cache-control", EdgeFieldKind::Freshness),
    ("cdn-tag", EdgeFieldKind::Tags),
    ("edge-cache-tag", EdgeFieldKind::Tags),
    ("edge-control", EdgeFieldKind::Freshness),
    ("fastly-cache-control", EdgeFieldKind::Freshness),
    ("netlify-cache-id", EdgeFieldKind::Tags),
    ("netlify-cache-tag", EdgeFieldKind::Tags),
    ("souin-cache-control", EdgeFieldKind::Freshness),
    ("surrogate-control", EdgeFieldKind::Freshness),
    ("surrogate-key", EdgeFieldKind::Tags),
    ("vercel-cache-tag", EdgeFieldKind::Tags),
    ("x-accel-expires", EdgeFieldKind::Freshness),
    ("x-cache-tag", EdgeFieldKind::Tags),
    ("x-cache-tags", EdgeFieldKind::Tags),
    ("x-key", EdgeFieldKind::Tags),
    ("x-litespeed-cache-control", EdgeFieldKind::Freshness),
    ("x-litespeed-tag", EdgeFieldKind::Tags),
    ("x-lsadc-cache-control", EdgeFieldKind::Freshness),
    ("x-magento-tags", EdgeFieldKind::Tags),
    ("x-varnish-ttl", EdgeFieldKind::Freshness),
    ("xkey", EdgeFieldKind::Tags),
];

const VENDOR_SUFFIX: &str = "-cdn-cache-control";

/// The lengths of the names in the list, one bit each. They rule out most names without a comparison.
const LENGTHS: u64 = {
    let (mut lengths, mut index) = (0, 0);
    while index < EDGE_FIELDS.len() {
        lengths |= 1 << EDGE_FIELDS[index].0.len();
        index += 1;
    }
    lengths
};

/// Returns the purpose of the field with this lowercase name, or `None` if it is not in the list.
pub(crate) fn edge_field_kind(name: &str) -> Option<EdgeFieldKind> {
    if name.ends_with(VENDOR_SUFFIX) {
        return Some(EdgeFieldKind::Freshness);
    }
    if LENGTHS.checked_shr(name.len() as u32).unwrap_or(0) & 1 == 0 {
        return None;
    }
    EDGE_FIELDS.iter().find_map(|(known, kind)| (*known == name).then_some(*kind))
}

/// Returns whether a header field can override `Cache-Control` in a CDN, like `CDN-Cache-Control` and
/// `Surrogate-Control`.
///
/// Includes every name of the form `<Vendor>-CDN-Cache-Control`, which is the convention of
/// [RFC 9213](https://www.rfc-editor.org/rfc/rfc9213.html), even if the vendor is unknown. The RFC forbids caches to
/// obey a field because of that suffix. Use this function to remove fields.
///
/// ```
/// use http::HeaderName;
/// use tower_cache_policy::protocol::is_targeted_field;
///
/// assert!(is_targeted_field(&HeaderName::from_static("surrogate-control")));
/// assert!(is_targeted_field(&HeaderName::from_static("example-cdn-cache-control")));
/// assert!(!is_targeted_field(&HeaderName::from_static("cache-control")));
/// ```
#[must_use]
pub fn is_targeted_field(name: &HeaderName) -> bool {
    edge_field_kind(name.as_str()) == Some(EdgeFieldKind::Freshness)
}

/// Returns whether a header field contains cache tags for purging, like `Surrogate-Key` and `Cache-Tag`.
///
/// ```
/// use http::HeaderName;
/// use tower_cache_policy::protocol::is_tag_field;
///
/// assert!(is_tag_field(&HeaderName::from_static("surrogate-key")));
/// assert!(!is_tag_field(&HeaderName::from_static("etag")));
/// ```
#[must_use]
pub fn is_tag_field(name: &HeaderName) -> bool {
    edge_field_kind(name.as_str()) == Some(EdgeFieldKind::Tags)
}

/// Removes all targeted fields, `Expires` and cache tags, so that only `Cache-Control` determines storage.
///
/// The fields are removed, not set to a restrictive value: the presence of `Surrogate-Control` alone makes several
/// caches ignore `Cache-Control`.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::remove_targeted_fields;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("private, no-store"));
/// headers.insert("surrogate-control", HeaderValue::from_static("max-age=600"));
/// remove_targeted_fields(&mut headers);
/// assert_eq!(headers.len(), 1);
/// ```
pub fn remove_targeted_fields(headers: &mut HeaderMap) {
    // Steps 2 and 3 of the shared-to-private downgrade (SPD). G-21.
    headers.remove(EXPIRES);
    remove_fields(headers, |name| edge_field_kind(name.as_str()).is_some());
}

/// Removes the fields that set a freshness lifetime for CDNs, except those that grant no more than `at_most`.
///
/// Returns whether one of them forbade storing or reusing the response. The caller must preserve that restriction. A
/// field of the profiles in `own` is considered only if it contains a freshness directive, because it may also contain
/// tags.
pub(crate) fn take_freshness_fields(
    headers: &mut HeaderMap,
    own: [&[HeaderName]; 2],
    at_most: Option<&CacheControl>,
) -> bool {
    let granted = |name: &HeaderName| granted_by(name, headers.get_all(name));
    let is_own = |name: &HeaderName| {
        own.iter().any(|own| own.contains(name)) && granted(name).is_none_or(|granted| !granted.has_extensions_only())
    };
    #[cfg(test)]
    super::counters::count(|counts| counts.response_walks += 1);
    let fields = || headers.keys().filter(|name| is_targeted_field(name) || is_own(name));
    let restricted = fields().any(|name| granted(name).is_none());
    let is_within = |granted: CacheControl| at_most.is_some_and(|most| granted.clone().tighten(most) == granted);
    // If one field is a restriction, the others are removed too.
    let removed: Vec<_> =
        fields().filter(|name| restricted || !granted(name).is_some_and(is_within)).cloned().collect();
    for name in removed {
        headers.remove(name);
    }
    restricted
}

/// Removes the fields whose names match.
pub(crate) fn remove_fields(headers: &mut HeaderMap, mut is_removed: impl FnMut(&HeaderName) -> bool) {
    #[cfg(test)]
    super::counters::count(|counts| counts.response_walks += 1);
    // An empty `Vec` does not allocate.
    let removed: Vec<HeaderName> = headers.keys().filter(|name| is_removed(name)).cloned().collect();
    for name in removed {
        headers.remove(name);
    }
}

/// Returns the directives that a field grants to a CDN, or `None` for a restriction. An unreadable value counts as a
/// restriction, because the numeric fields have no common grammar.
fn granted_by<'a>(name: &HeaderName, lines: impl IntoIterator<Item = &'a HeaderValue>) -> Option<CacheControl> {
    let mut lines = lines.into_iter().peekable();
    let is_number = |line: &&HeaderValue| line.as_bytes().first().is_some_and(u8::is_ascii_digit);
    if matches!(name.as_str(), "x-accel-expires" | "x-varnish-ttl" | "edge-control")
        || (edge_field_kind(name.as_str()).is_none() && lines.peek().is_some_and(is_number))
    {
        let line = lines.next().filter(|_| lines.next().is_none())?.as_bytes();
        let value = line.strip_prefix(b"cache-maxage=").unwrap_or(line);
        let (digits, unit) = match value {
            [digits @ .., b's'] => (digits, 1),
            [digits @ .., b'm'] => (digits, 60),
            [digits @ .., b'h'] => (digits, 3_600),
            [digits @ .., b'd'] => (digits, 86_400),
            digits => (digits, 1),
        };
        let seconds = delta_seconds(digits)?;
        return (seconds > 0).then(|| CacheControl::new().with_max_age(seconds.saturating_mul(unit)));
    }
    let field = CacheControl::parse(lines);
    let forbids = field.forbids_shared_storage() || field.no_store() || !field.private_fields().is_empty();
    let is_validated = field.no_cache() || !field.no_cache_fields().is_empty();
    (!forbids && !is_validated && field.s_maxage().or(field.max_age()) != Some(0)).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_that_override_cache_control_are_removed() {
        let mut headers = HeaderMap::new();
        let gone = EDGE_FIELDS.iter().map(|(name, _)| *name);
        for name in gone.chain(["expires", "cloudflare-cdn-cache-control", "new-cdn-cache-control"]) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("max-age=60"));
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("max-age=61"));
        }
        for name in ["cache-control", "vary", "x-cache", "x-foo-cache-control"] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        assert!(headers.keys().any(|name| edge_field_kind(name.as_str()).is_some()));
        remove_targeted_fields(&mut headers);
        assert!(!headers.keys().any(|name| edge_field_kind(name.as_str()).is_some()));
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["cache-control", "vary", "x-cache", "x-foo-cache-control"]);
    }
    #[test]
    fn a_restriction_is_distinguished_from_a_lifetime() {
        for (name, value, restricted) in [
            ("cdn-cache-control", "max-age=600", false),
            ("cdn-cache-control", "public, s-maxage=600", false),
            ("cdn-cache-control", "max-age=600, no-store", true),
            ("cdn-cache-control", "no-cache", true),
            ("cdn-cache-control", "max-age=0", true),
            ("cdn-cache-control", "private=\"x\"", true),
            ("x-litespeed-cache-control", "no-cache", true),
            ("surrogate-control", "max-age=600+60", true),
            ("surrogate-control", "max-age=600", false),
            ("x-accel-expires", "600", false),
            ("x-accel-expires", "0", true),
            ("x-accel-expires", "@1780272600", true),
            ("x-accel-expires", "off", true),
            ("edge-control", "cache-maxage=1h", false),
            ("edge-control", "cache-maxage=0s", true),
            ("edge-control", "!no-store", true),
            ("edge-control", "bypass-cache", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            headers.insert("cache-tag", HeaderValue::from_static("a"));
            assert_eq!(take_freshness_fields(&mut headers, [&[], &[]], None), restricted, "{name}: {value}");
            assert_eq!(headers.len(), 1, "the tags remain");
        }
    }

    #[test]
    fn a_field_that_grants_no_more_than_the_result_remains() {
        let most = CacheControl::new().with_public().with_max_age(60);
        for (name, value, remains) in [
            ("cdn-cache-control", "max-age=60", true),
            ("cdn-cache-control", "max-age=61", false),
            ("cdn-cache-control", "s-maxage=61", false),
            ("cdn-cache-control", "max-age=9, stale-while-revalidate=1", false),
            ("x-accel-expires", "9", true),
            ("edge-control", "cache-maxage=1m", true),
            ("edge-control", "cache-maxage=1h", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert!(!take_freshness_fields(&mut headers, [&[], &[]], Some(&most)));
            assert_eq!(headers.len(), usize::from(remains), "{name}: {value}");
        }
    }
}
