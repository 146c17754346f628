//! [`CacheStatus`]: what one cache says in a response.

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::handling::Handling;
use super::outcome::CacheOutcome;
use super::words::outcome_of;
use crate::protocol::{Age, List, MAX_MEMBERS, Member, combined, members};

/// The fields that are read, the ones that speak for the cache nearest to the client
/// first: what only a CDN writes; the standard one, which any cache may; and what
/// servers behind a CDN write as well.
const FIELDS: [HeaderName; 6] = [
    HeaderName::from_static("cf-cache-status"),
    HeaderName::from_static("x-vercel-cache"),
    HeaderName::from_static("cdn-cache"),
    HeaderName::from_static("cache-status"),
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("x-cache-status"),
];

/// What one cache says in a response: whether it had the answer.
///
/// With it an application's own test can ask the deployment whether a page is kept:
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::edge::{CacheOutcome, CacheStatus};
///
/// // What came with the second request for the page.
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
/// | `Cache-Status` | Netlify, Squid, Souin, and whoever keeps to RFC 9211 (H-01) |
/// | `X-Cache` | Fastly, CloudFront, Azure Front Door, KeyCDN, older Squids |
/// | `X-Cache-Status` | nginx and HAProxy, where they are configured to |
///
/// When several are there, the one further up in the table is taken for the nearest to
/// the client. Within a field it is the last member, as each cache adds its own behind
/// those it received: `X-Cache: HIT, MISS` is a miss at the edge that a shield
/// answered. [`all_in`](Self::all_in) has the others.
///
/// - Words are blind to case; one that is not known is [`CacheOutcome::Unknown`].
/// - A `Cache-Status` with a fault anywhere or with more than [`MAX_MEMBERS`] members is
///   ignored (X-01). The last of so many members of another field is `Unknown`.
/// - Fastly says `HIT` also for what it serves stale or makes itself, and `MISS` for what
///   it passes.
/// - An origin can write each of these fields itself, so they are for tests and logs,
///   not for decisions.
///
/// The codes of Traffic Server in `Via`, the numbers of Varnish in `X-Varnish`, and
/// `X-Cache-Lookup` are not read. `Age` alone is no status: it says that some cache kept
/// the answer, not which one, nor whether it was the one in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheStatus {
    outcome: CacheOutcome,
    field: HeaderName,
    text: Box<str>,
    age: Option<Age>,
    handling: Option<Handling>,
}

impl CacheStatus {
    /// What the cache nearest to the client says, or `None` when none says anything.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::all_in(headers).next()
    }

    /// What each cache says, the nearest to the client first.
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
        let age = Age::from_headers(headers);
        FIELDS.into_iter().flat_map(move |field| {
            let reports = if field == "cache-status" { standard(headers, &field) } else { words(headers, &field) };
            reports.into_iter().rev().map(move |report| Self { age, ..report })
        })
    }

    /// What the cache did.
    #[must_use]
    pub fn outcome(&self) -> CacheOutcome {
        self.outcome
    }

    /// Whether a stored answer was sent and nobody waited for the origin; see
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

    /// The field that says so.
    #[must_use]
    pub fn field(&self) -> &HeaderName {
        &self.field
    }

    /// The member of the field as written; octets that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `Age` of the response, which is the same for all of its caches, or `None`
    /// when it has none that is valid (A-05).
    #[must_use]
    pub fn age(&self) -> Option<Age> {
        self.age
    }

    /// The details, where the field is `Cache-Status` and the member names a cache.
    #[must_use]
    pub fn handling(&self) -> Option<&Handling> {
        self.handling.as_ref()
    }

    fn new(field: &HeaderName, text: &[u8], outcome: CacheOutcome) -> Self {
        let text = String::from_utf8_lossy(text).into();
        Self { outcome, field: field.clone(), text, age: None, handling: None }
    }
}

impl fmt::Display for CacheStatus {
    /// As in the response: `x-cache: Hit from cloudfront`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// A field of one word per cache, in the order of its members.
fn words(headers: &HeaderMap, field: &HeaderName) -> Vec<CacheStatus> {
    let lines = headers.get_all(field);
    let report = |(index, text): (usize, &[u8])| {
        let known = str::from_utf8(text).map_or(CacheOutcome::Unknown, |text| outcome_of(field.as_str(), text));
        // Which member is the last cannot be seen when there are too many.
        let outcome = if index < MAX_MEMBERS { known } else { CacheOutcome::Unknown };
        CacheStatus::new(field, text, outcome)
    };
    members(lines).take(MAX_MEMBERS + 1).enumerate().map(report).collect()
}

/// `Cache-Status`, in the order of its members (H-01).
fn standard(headers: &HeaderMap, field: &HeaderName) -> Vec<CacheStatus> {
    let value = combined(headers.get_all(field));
    let report = |member: &Member<'_>| {
        let handling = Handling::of_member(member);
        let outcome = handling.as_ref().map_or(CacheOutcome::Unknown, Handling::outcome);
        CacheStatus { handling, ..CacheStatus::new(field, member.whole_text, outcome) }
    };
    List::parse(&value).map(|list| list.iter().map(report).collect()).unwrap_or_default()
}
