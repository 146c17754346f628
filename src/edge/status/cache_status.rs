//! [`CacheStatus`]: the report of one cache in a response.

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::codes::{outcome_of_via, outcome_of_x_varnish};
use super::lenient::LenientMembers;
use super::member::CacheStatusMember;
use super::outcome::CacheOutcome;
use super::tokens::{is_from_child, is_from_parent, outcome_of};
use crate::protocol::{Age, List, MAX_MEMBERS, Member, combined, members};

/// The fields that contain reports. Fields of caches near the client come first: those that only CDNs write, then the
/// standard field, then those that servers behind a CDN also write.
const FIELDS: [HeaderName; 9] = [
    HeaderName::from_static("cf-cache-status"),
    HeaderName::from_static("x-vercel-cache"),
    HeaderName::from_static("cdn-cache"),
    HeaderName::from_static("akamai-cache-status"),
    HeaderName::from_static("cache-status"),
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("x-cache-status"),
    HeaderName::from_static("x-varnish"),
    HeaderName::from_static("via"),
];

/// The report of one cache in a response, which shows whether the response came from this cache.
///
/// A test of a deployment can use it to check that a page is stored:
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::edge::{CacheOutcome, CacheStatus};
///
/// // The fields of the second response for the page.
/// let mut headers = HeaderMap::new();
/// headers.insert("cf-cache-status", HeaderValue::from_static("HIT"));
/// headers.insert("age", HeaderValue::from_static("3"));
///
/// let status = CacheStatus::from_headers(&headers).expect("there is a cache in front");
/// assert!(status.is_hit(), "{status}");
/// assert_eq!(status.outcome(), CacheOutcome::Hit);
/// assert_eq!(status.age().map(|age| age.seconds()), Some(3));
/// ```
///
/// | Field | Written by |
/// |---|---|
/// | `CF-Cache-Status` | Cloudflare |
/// | `X-Vercel-Cache` | Vercel |
/// | `CDN-Cache` | Bunny |
/// | `Akamai-Cache-Status` | Akamai |
/// | `Cache-Status` | Netlify, Squid, Souin, and other caches that implement RFC 9211 |
/// | `X-Cache` | Fastly, CloudFront, Azure Front Door, KeyCDN, Akamai, older Squids, Traffic Server (plugin xdebug) |
/// | `X-Cache-Status` | nginx, HAProxy and Google Cloud CDN, if configured |
/// | `X-Varnish` | Varnish: two numbers are a hit, one is a miss or a pass |
/// | `Via` | Traffic Server, if configured: its codes, such as `[cHs f ]` |
///
/// # Several caches
///
/// If a response has several of these fields, the one that is higher in the table belongs to the cache that is nearer
/// to the client. Each cache appends its report to the field, so the last member belongs to the nearest cache. For
/// example, `X-Cache: HIT, MISS` is a hit in a shield and a miss at the edge. Akamai uses the opposite order: `Miss
/// from child, Hit from parent`, where the child is nearer. [`all_in`](Self::all_in) returns all reports.
/// [`all_in_with_fields`](Self::all_in_with_fields) also reads fields with other names, because some edges have a
/// setting for the name.
///
/// # Limits
///
/// - An unknown keyword is [`CacheOutcome::Unknown`]. Keywords are compared without case.
/// - An invalid `Cache-Status` is read leniently, because Squid writes host names and Souin writes URLs without the
///   required quotes. An invalid member is `Unknown`.
/// - A field has at most [`MAX_MEMBERS`] reports. If there are more, one `Unknown` follows.
/// - Fastly and Varnish also report a hit for a stale response, and Fastly for a response that it generated.
/// - An origin can write all of these fields. Use them in tests and logs, and not for decisions.
///
/// `X-Cache-Lookup`, `X-Cache-Hits`, and an `Age` without one of the fields above are ignored, because they do not
/// identify the cache that had the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheStatus {
    outcome: CacheOutcome,
    field: HeaderName,
    text: Box<str>,
    age: Option<Age>,
    handling: Option<CacheStatusMember>,
}

impl CacheStatus {
    /// Returns the report of the cache that is nearest to the client, or `None` if no cache reports anything.
    ///
    /// A deployment without a cache in front usually has none of the fields:
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::edge::{CacheOutcome, CacheStatus};
    ///
    /// let mut headers = HeaderMap::new();
    /// assert_eq!(CacheStatus::from_headers(&headers), None);
    ///
    /// headers.insert("x-cache", HeaderValue::from_static("RefreshHit from cloudfront"));
    /// let status = CacheStatus::from_headers(&headers).unwrap();
    /// assert_eq!(status.outcome(), CacheOutcome::Revalidated);
    /// assert_eq!(status.to_string(), "x-cache: RefreshHit from cloudfront");
    /// ```
    #[must_use]
    #[inline]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::all_in(headers).next()
    }

    /// Returns the reports of all caches. The cache that is nearest to the client comes first.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::edge::CacheStatus;
    ///
    /// let mut headers = HeaderMap::new();
    /// let value = r#""Netlify Durable"; hit; ttl=60, "Netlify Edge"; fwd=miss; stored"#;
    /// headers.insert("cache-status", HeaderValue::from_static(value));
    ///
    /// let caches: Vec<CacheStatus> = CacheStatus::all_in(&headers).collect();
    /// assert!(!caches[0].is_hit(), "not at the edge");
    /// let hit = caches.iter().find(|cache| cache.is_hit()).unwrap();
    /// assert_eq!(hit.handling().unwrap().cache(), "Netlify Durable");
    /// ```
    #[inline]
    pub fn all_in(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        Self::all_in_with_fields(headers, &[])
    }

    /// Returns the reports in these fields, followed by those in the other known fields.
    ///
    /// Pass the names that the nearest cache is configured to use. The fields must contain the same keywords as
    /// `X-Cache`.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderName, HeaderValue};
    /// use tower_cache_policy::edge::CacheStatus;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-proxy-cache", HeaderValue::from_static("HIT"));
    /// assert_eq!(CacheStatus::from_headers(&headers), None);
    ///
    /// let own = [HeaderName::from_static("x-proxy-cache")];
    /// let status = CacheStatus::all_in_with_fields(&headers, &own).next().unwrap();
    /// assert!(status.is_hit());
    /// ```
    #[inline]
    pub fn all_in_with_fields(headers: &HeaderMap, fields: &[HeaderName]) -> impl Iterator<Item = Self> {
        let age = Age::from_headers(headers);
        let known = FIELDS.into_iter().filter(|field| !fields.contains(field));
        fields.iter().cloned().chain(known).flat_map(move |field| {
            let reports = match field.as_str() {
                "cache-status" => standard(headers, &field),
                "x-varnish" => reports(headers, &field, |text| Some(outcome_of_x_varnish(text))),
                "via" => reports(headers, &field, outcome_of_via),
                name => reports(headers, &field, |text| Some(outcome_of(name, text))),
            };
            reports.into_iter().rev().map(move |report| Self { age, ..report })
        })
    }

    /// Returns how the cache handled the request.
    #[must_use]
    #[inline]
    pub fn outcome(&self) -> CacheOutcome {
        self.outcome
    }

    /// Returns whether the client got a stored response and did not wait for the origin. See
    /// [`CacheOutcome::is_hit`].
    #[must_use]
    #[inline]
    pub fn is_hit(&self) -> bool {
        self.outcome.is_hit()
    }

    /// Returns whether the client got stored content. See [`CacheOutcome::is_served_by_cache`].
    #[must_use]
    #[inline]
    pub fn is_served_by_cache(&self) -> bool {
        self.outcome.is_served_by_cache()
    }

    /// Returns the name of the field that contains the report.
    #[must_use]
    #[inline]
    pub fn field(&self) -> &HeaderName {
        &self.field
    }

    /// Returns the report as the cache wrote it. Bytes that are not valid UTF-8 are replaced by U+FFFD.
    #[must_use]
    #[inline]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the `Age` of the response, which is the same in all reports, or `None` if it is missing or invalid.
    #[must_use]
    #[inline]
    pub fn age(&self) -> Option<Age> {
        self.age
    }

    /// Returns the parameters of the report if the field is `Cache-Status` and the member names a cache.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::edge::CacheStatus;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("cache-status", HeaderValue::from_static("squid; fwd=stale; fwd-status=304; ttl=60"));
    /// let status = CacheStatus::from_headers(&headers).unwrap();
    /// let member = status.handling().unwrap();
    /// assert_eq!((member.cache(), member.fwd(), member.ttl()), ("squid", Some("stale"), Some(60)));
    /// ```
    #[must_use]
    #[inline]
    pub fn handling(&self) -> Option<&CacheStatusMember> {
        self.handling.as_ref()
    }

    #[inline]
    fn new(field: &HeaderName, text: &[u8], outcome: CacheOutcome) -> Self {
        let text = String::from_utf8_lossy(text).into();
        Self { outcome, field: field.clone(), text, age: None, handling: None }
    }

    #[inline]
    fn of_handling(field: &HeaderName, text: &[u8], handling: Option<CacheStatusMember>) -> Self {
        let outcome = handling.as_ref().map_or(CacheOutcome::Unknown, CacheStatusMember::outcome);
        Self { handling, ..Self::new(field, text, outcome) }
    }
}

impl fmt::Display for CacheStatus {
    /// Writes the report as a field line, such as `x-cache: Hit from cloudfront`.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// Returns the reports in a field with one member for each cache. The cache nearest to the client comes last.
#[inline]
fn reports(
    headers: &HeaderMap,
    field: &HeaderName,
    outcome: impl Fn(&[u8]) -> Option<CacheOutcome>,
) -> Vec<CacheStatus> {
    let found = members(headers.get_all(field)).filter_map(|text| Some((text, outcome(text)?)));
    let mut found: Vec<(&[u8], CacheOutcome)> = found.take(MAX_MEMBERS + 1).collect();
    for at in 1..found.len() {
        if is_from_child(found[at - 1].0) && is_from_parent(found[at].0) {
            found.swap(at - 1, at);
        }
    }
    if let Some((_, outcome)) = found.get_mut(MAX_MEMBERS) {
        // There are too many members.
        *outcome = CacheOutcome::Unknown;
    }
    found.into_iter().map(|(text, outcome)| CacheStatus::new(field, text, outcome)).collect()
}

/// Returns the reports in `Cache-Status`, in the order of its members.
///
/// RFC 9651 requires a recipient to ignore an invalid field. Reading it is safe, because no decision depends on it.
// H-01
#[inline]
fn standard(headers: &HeaderMap, field: &HeaderName) -> Vec<CacheStatus> {
    let mut found = Vec::new();
    let value = combined(headers.get_all(field));
    if add_strictly(&value, field, &mut found) {
        return found;
    }
    for line in headers.get_all(field) {
        if found.len() > MAX_MEMBERS {
            break;
        }
        // Each cache may have added a line.
        if add_strictly(line.as_bytes(), field, &mut found) {
            continue;
        }
        found.extend(
            LenientMembers::new(line.as_bytes()).take(MAX_MEMBERS + 1).map(|member| {
                CacheStatus::of_handling(field, member.text, CacheStatusMember::of_lenient_member(&member))
            }),
        );
    }
    found.truncate(MAX_MEMBERS + 1);
    if let Some(last) = found.get_mut(MAX_MEMBERS) {
        (last.outcome, last.handling) = (CacheOutcome::Unknown, None);
    }
    found
}

/// Adds the members of a List. Returns `false` if the value is not a valid List.
// X-01
#[inline]
fn add_strictly(value: &[u8], field: &HeaderName, found: &mut Vec<CacheStatus>) -> bool {
    let Some(list) = List::parse(value) else { return false };
    let report =
        |member: &Member<'_>| CacheStatus::of_handling(field, member.whole_text, CacheStatusMember::of_member(member));
    found.extend(list.iter().map(report));
    true
}
