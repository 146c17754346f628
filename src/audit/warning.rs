//! [`Warning`]: a likely mistake in a response, and its fix.

use http::{HeaderName, HeaderValue};

use super::rule::Rule;
use super::verdict::CacheKind;
use crate::protocol::Contradiction;

/// The severity of a [`Warning`], from the lowest to the highest.
///
/// Levels are ordered, and display as one lower-case word:
///
/// ```
/// use tower_cache_policy::audit::Level;
///
/// assert!(Level::Note < Level::Warning && Level::Warning < Level::Danger);
/// assert_eq!(Level::Danger.to_string(), "danger");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// A directive has no effect, or caches interpret it differently.
    Note,
    /// Clients may get a stale response, or a cache ignores a directive.
    Warning,
    /// A client may get a response that was generated for another client.
    Danger,
}

/// A likely mistake in a response.
///
/// Displays as one line with the [level](Self::level), the problem, its fix and the [rule](Self::rule):
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, Warning};
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "no-cache").header("etag", "v7");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// assert!(matches!(audit.warnings(), [Warning::InvalidEntityTag { .. }]));
/// assert_eq!(
///     audit.warnings()[0].to_string(),
///     "warning: caches and clients ignore `ETag: v7`, because the field must be one entity tag; send one field \
///      line, with the tag in double quotes (RFC 9110 section 8.8.3, V-01)"
/// );
/// ```
///
/// | Warning | Level | Usual fix |
/// |---|---|---|
/// | [`SetCookieShared`](Self::SetCookieShared) | danger | add `private`, or set the cookie in another response |
/// | [`PersonalShared`](Self::PersonalShared) | danger, or warning for a cookie | add `private` |
/// | [`NoStoreDisobeyed`](Self::NoStoreDisobeyed) | danger | send `private, no-store`, as [`CachePolicy::NO_STORE`](crate::policy::CachePolicy::NO_STORE) does |
/// | [`VaryIgnored`](Self::VaryIgnored) | danger, warning or note | give each variant its own URL |
/// | [`LifetimeGuessed`](Self::LifetimeGuessed) | warning | state a lifetime, or `no-cache` |
/// | [`LongWithoutFingerprint`](Self::LongWithoutFingerprint) | warning | put a fingerprint into the path |
/// | [`StrongTagUnderCoding`](Self::StrongTagUnderCoding) | warning | make the tag weak, or use a different tag for each content coding |
/// | [`InvalidEntityTag`](Self::InvalidEntityTag) | warning | put the tag into double quotes |
/// | [`FieldIgnored`](Self::FieldIgnored) | warning | correct the syntax of the field |
/// | [`QueryNotInKey`](Self::QueryNotInKey) | warning | move parameters into the path, or configure the CDN |
/// | [`Contradiction`](Self::Contradiction) | warning or note | remove one of the directives |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `Cache-Control` contradicts itself, or has a directive without effect.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "public, private, max-age=60");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now);
    /// assert_eq!(
    ///     audit.warnings()[0].to_string(),
    ///     "warning: `public` and `private` exclude each other, and caches differ in which one they obey; remove \
    ///      `private` if the response is the same for all users, or else `public` (RFC 9111 section 5.2.2, C-35)"
    /// );
    /// ```
    // C-35
    Contradiction(Contradiction),
    /// The response does not state a lifetime, and these caches apply heuristic freshness or their own default.
    ///
    /// The content may then be outdated for hours or days after a change. [`CachePolicyLayer`](crate::CachePolicyLayer)
    /// avoids this: it sends `private, no-cache` for a successful response without a policy.
    // F-04
    LifetimeGuessed {
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// The response sets a cookie, and these caches may replay it to other clients.
    ///
    /// If the cookie is a session cookie, the other client gets access to the session. The default guards of
    /// [`CachePolicyLayer`](crate::CachePolicyLayer) add `private` to such a response.
    // G-01
    SetCookieShared {
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// `Vary` names fields that are not part of the edge cache's key.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "max-age=60").header("vary", "accept-language");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::CLOUDFRONT);
    /// assert_eq!(
    ///     audit.warnings()[0].to_string(),
    ///     "danger: the edge cache `cloudfront` does not obey `Vary` for `accept-language` and may serve one variant to all \
    ///      clients; give each variant its own URL, or add `private` (RFC 9111 section 4.1, K-08)"
    /// );
    /// ```
    // K-08
    VaryIgnored {
        /// The name of the edge cache.
        edge: &'static str,
        /// The fields.
        fields: Vec<HeaderName>,
        /// `true` if the edge cache is known to ignore them, and `false` if its behavior is not known.
        known: bool,
    },
    /// The response has a content coding and a strong entity tag that does not contain the coding, so responses with
    /// other codings may have the same tag.
    ///
    /// A cache could then combine byte ranges of two codings. [`CachingLayer`](crate::CachingLayer) adds the coding to
    /// strong tags.
    // V-09
    StrongTagUnderCoding,
    /// `ETag` is not one valid entity tag, so clients and caches ignore it.
    // V-01
    InvalidEntityTag {
        /// The invalid value, or the second value if there are several.
        value: HeaderValue,
    },
    /// The response seems to be for one user, and these shared caches may store it.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// use tower_cache_policy::audit::{CacheAudit, PersonalizationEvidence, Warning};
    /// use tower_cache_policy::policy::Personalized;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    ///
    /// let response = Response::builder().header("cache-control", "max-age=60").extension(Personalized);
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now);
    /// assert!(matches!(
    ///     audit.warnings()[0],
    ///     Warning::PersonalShared { sign: PersonalizationEvidence::Mark, .. }
    /// ));
    /// ```
    // G-02, G-03
    PersonalShared {
        /// The evidence that the response is for one user.
        sign: PersonalizationEvidence,
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// Browsers may reuse the response for more than a week, and the URL does not contain a fingerprint of the
    /// content.
    ///
    /// After a change of the content, browsers show the old content until the lifetime ends, because no purge reaches
    /// them. A part of the path with at least eight letters and digits, such as `3f2a9c1b` in `/app.3f2a9c1b.js`,
    /// counts as a fingerprint.
    // B-01
    LongWithoutFingerprint {
        /// The lifetime, in seconds.
        seconds: u64,
    },
    /// The edge cache ignores one of the fields that it reads, because the value is invalid.
    ///
    /// Lifetimes in such a field are ignored too, so the edge cache uses the next field that it reads:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder()
    ///     .header("cache-control", "max-age=60")
    ///     .header("cdn-cache-control", "Max-Age=3600");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// // A structured Dictionary has lower-case keys.
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::STANDARD);
    /// assert_eq!(audit.edge("standard").unwrap().remaining_freshness(), Some(60));
    /// assert_eq!(
    ///     audit.warnings()[0].to_string(),
    ///     "warning: the edge cache `standard` ignores `cdn-cache-control`, because its value is invalid; use lower case, \
    ///      plain digits and single commas (RFC 9213 section 2.1, T-04)"
    /// );
    /// ```
    // T-04
    FieldIgnored {
        /// The name of the edge cache.
        edge: &'static str,
        /// The field.
        field: HeaderName,
    },
    /// The edge cache may store the response despite `no-store`.
    ///
    /// See [`EdgeBehavior::obeys_no_store`](crate::edge::EdgeBehavior::obeys_no_store).
    // G-07
    NoStoreDisobeyed {
        /// The name of the edge cache.
        edge: &'static str,
    },
    /// The URL has a query, and the edge cache does not include it in its key.
    ///
    /// See [`CacheKey::query`](super::CacheKey::query) for an example.
    // B-02
    QueryNotInKey {
        /// The name of the edge cache.
        edge: &'static str,
    },
}

/// The evidence that a response is for one user.
///
/// If several apply, the warning contains the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PersonalizationEvidence {
    /// The request or the response has the mark [`Personalized`](crate::policy::Personalized).
    Mark,
    /// The request has `Authorization`.
    Authorization,
    /// The request has `Cookie`, and the response is an HTML page whose `Vary` does not name it.
    Cookie,
}

impl Warning {
    /// Returns the severity.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Contradiction(
                Contradiction::NoStoreWithOthers | Contradiction::PublicWithPrivate | Contradiction::SMaxageWithPrivate,
            )
            | Self::LifetimeGuessed { .. }
            | Self::StrongTagUnderCoding
            | Self::InvalidEntityTag { .. }
            | Self::PersonalShared { sign: PersonalizationEvidence::Cookie, .. }
            | Self::LongWithoutFingerprint { .. }
            | Self::FieldIgnored { .. }
            | Self::QueryNotInKey { .. }
            | Self::VaryIgnored { known: false, .. } => Level::Warning,
            Self::Contradiction(_) => Level::Note,
            // Most edge caches that ignore `Vary` handle this field correctly by other means.
            Self::VaryIgnored { fields, .. } if fields.iter().all(|field| field == "accept-encoding") => Level::Note,
            Self::VaryIgnored { .. }
            | Self::SetCookieShared { .. }
            | Self::PersonalShared { .. }
            | Self::NoStoreDisobeyed { .. } => Level::Danger,
        }
    }

    /// Returns the rule that the response breaks or disregards.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::Contradiction(_) => Rule::new("C-35", "RFC 9111 section 5.2.2"),
            Self::LifetimeGuessed { .. } => Rule::new("F-04", "RFC 9111 section 4.2.2"),
            Self::SetCookieShared { .. } => Rule::new("G-01", "RFC 9111 section 7.3"),
            Self::VaryIgnored { .. } => Rule::new("K-08", "RFC 9111 section 4.1"),
            Self::StrongTagUnderCoding => Rule::new("V-09", "RFC 9110 section 8.8.3.3"),
            Self::InvalidEntityTag { .. } => Rule::new("V-01", "RFC 9110 section 8.8.3"),
            Self::PersonalShared { sign: PersonalizationEvidence::Authorization, .. } => {
                Rule::new("G-02", "RFC 9111 section 3.5")
            }
            Self::PersonalShared { .. } => Rule::new("G-03", "RFC 9111 section 7.3"),
            Self::LongWithoutFingerprint { .. } => Rule::new("B-01", "RFC 8246 section 1"),
            Self::FieldIgnored { .. } => Rule::new("T-04", "RFC 9213 section 2.1"),
            Self::NoStoreDisobeyed { .. } => Rule::new("G-07", "RFC 9111 section 5.2.2.5"),
            Self::QueryNotInKey { .. } => Rule::new("B-02", "RFC 9111 section 2"),
        }
    }
}
