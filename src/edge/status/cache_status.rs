//! [`CacheStatus`]: the report of one cache in a response.

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::codes::{outcome_of_via, outcome_of_x_varnish};
use super::lenient::LenientMembers;
use super::member::CacheStatusMember;
use super::outcome::CacheOutcome;
use super::words::{is_from_child, is_from_parent, outcome_of};
use crate::protocol::{Age, List, MAX_MEMBERS, Member, combined, members};

/// The fields that are read. Those that report the cache nearest to the client come first: the fields that only a CDN
/// writes, then the standard one, then those that servers behind a CDN write as well.
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

/// The report of one cache in a response: whether the response came from it.
///
/// A test of a deployment can check with it that a page is stored:
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
/// If a response has several of them, the one further up in the table reports the cache that is nearer to the client.
/// Within a field that is the last member, because a cache appends to the field that it received: `X-Cache: HIT, MISS`
/// is a hit in a shield and a miss at the edge. Akamai writes `Miss from child, Hit from parent`, where the
/// child is nearer. [`all_in`](Self::all_in) returns all of them, and
/// [`all_in_with_fields`](Self::all_in_with_fields) reads further fields, because the name of the field is a setting
/// at some edges.
///
/// - Words are compared without regard to case. A word that is not known is [`CacheOutcome::Unknown`].
/// - A `Cache-Status` that is not a valid structured field is read leniently: Squid writes the names of hosts, and
///   Souin writes URLs, without the quotes that they need. A member that cannot be read is `Unknown`.
/// - A field with more than [`MAX_MEMBERS`] members is read up to there, and then has one `Unknown`.
/// - Fastly and Varnish report a hit also for a stale response, and Fastly for a response that it
///   made itself.
/// - An origin can write each of these fields itself. They are for tests and logs, not for decisions.
///
/// `X-Cache-Lookup`, `X-Cache-Hits` and `Age` alone are not read: they do not tell which cache had
/// the response, or whether it was the one in front.
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
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::all_in(headers).next()
    }

    /// Returns the reports of all caches, the nearest to the client first.
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
    pub fn all_in(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        Self::all_in_with_fields(headers, &[])
    }

    /// Returns the reports in these fields, and then those in the other fields that are known.
    ///
    /// Name the fields that the cache in front is configured to write. They hold the same words as
    /// `X-Cache`, and report the cache that is nearest to the client.
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

    /// The outcome.
    #[must_use]
    pub fn outcome(&self) -> CacheOutcome {
        self.outcome
    }

    /// Whether a stored response was sent and the client did not wait for the origin; see
    /// [`CacheOutcome::is_hit`].
    #[must_use]
    pub fn is_hit(&self) -> bool {
        self.outcome.is_hit()
    }

    /// Whether the content that was sent is a stored one; see
    /// [`CacheOutcome::is_served_by_cache`].
    #[must_use]
    pub fn is_served_by_cache(&self) -> bool {
        self.outcome.is_served_by_cache()
    }

    /// The name of the field.
    #[must_use]
    pub fn field(&self) -> &HeaderName {
        &self.field
    }

    /// The member of the field as written. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `Age` of the response, which is the same for all of its caches, or `None`
    /// if it has no valid one.
    #[must_use]
    pub fn age(&self) -> Option<Age> {
        self.age
    }

    /// The details, if the field is `Cache-Status` and the member names a cache.
    #[must_use]
    pub fn handling(&self) -> Option<&CacheStatusMember> {
        self.handling.as_ref()
    }

    fn new(field: &HeaderName, text: &[u8], outcome: CacheOutcome) -> Self {
        let text = String::from_utf8_lossy(text).into();
        Self { outcome, field: field.clone(), text, age: None, handling: None }
    }

    fn of_handling(field: &HeaderName, text: &[u8], handling: Option<CacheStatusMember>) -> Self {
        let outcome = handling.as_ref().map_or(CacheOutcome::Unknown, CacheStatusMember::outcome);
        Self { handling, ..Self::new(field, text, outcome) }
    }
}

impl fmt::Display for CacheStatus {
    /// As in the response: `x-cache: Hit from cloudfront`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// The reports in a field that has one member per cache, the nearest to the client last.
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
        // If there are too many members, the last one is not known.
        *outcome = CacheOutcome::Unknown;
    }
    found.into_iter().map(|(text, outcome)| CacheStatus::new(field, text, outcome)).collect()
}

/// The reports in `Cache-Status`, in the order of its members (H-01).
///
/// Reading a field with a fault departs from RFC 9651, which is safe because no decision depends on it.
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
        // Each cache may have written a line of its own.
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

/// Adds the members of a valid List, and returns whether it is one (X-01).
fn add_strictly(value: &[u8], field: &HeaderName, found: &mut Vec<CacheStatus>) -> bool {
    let Some(list) = List::parse(value) else { return false };
    let report =
        |member: &Member<'_>| CacheStatus::of_handling(field, member.whole_text, CacheStatusMember::of_member(member));
    found.extend(list.iter().map(report));
    true
}
