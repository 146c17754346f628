//! [`Warning`]: a likely mistake in a response, and its fix.

use http::{HeaderName, HeaderValue};

use super::rule::Rule;
use super::verdict::CacheKind;
use crate::protocol::Contradiction;

/// The severity of a [`Warning`], from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// A directive has no effect, or caches interpret it differently.
    Note,
    /// Clients may get a stale response, or a cache ignores a directive.
    Warning,
    /// A client may get a response that was made for another one.
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `Cache-Control` contradicts itself, or has a directive without effect.
    // C-35
    Contradiction(Contradiction),
    /// The response does not state a lifetime, and these caches apply heuristic freshness or their own default.
    // F-04
    LifetimeGuessed {
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// The response sets a cookie, and these caches may replay it to other clients.
    // G-01
    SetCookieShared {
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// `Vary` names fields that are not part of the edge cache's key.
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
    // V-09
    StrongTagUnderCoding,
    /// `ETag` is not one valid entity tag, so clients and caches ignore it.
    // V-01
    InvalidEntityTag {
        /// The invalid value, or the second value if there are several.
        value: HeaderValue,
    },
    /// The response seems to be made for one user, and these shared caches may store it.
    // G-02, G-03
    PersonalShared {
        /// The evidence that the response is made for one user.
        sign: PersonalizationEvidence,
        /// The caches.
        by: Vec<CacheKind>,
    },
    /// Browsers may reuse the response for more than a week, and the URL does not contain a fingerprint of the
    /// content.
    // B-01
    LongWithoutFingerprint {
        /// The lifetime, in seconds.
        seconds: u64,
    },
    /// The edge cache ignores one of the fields that it reads, because the value is invalid.
    // T-04
    FieldIgnored {
        /// The name of the edge cache.
        edge: &'static str,
        /// The field.
        field: HeaderName,
    },
    /// The edge cache may store the response despite `no-store`.
    // G-07
    NoStoreDisobeyed {
        /// The name of the edge cache.
        edge: &'static str,
    },
    /// The URL has a query, and the edge cache leaves it out of its key.
    // B-02
    QueryNotInKey {
        /// The name of the edge cache.
        edge: &'static str,
    },
}

/// The evidence that a response is made for one user.
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
            // Most edge caches that ignore `Vary` treat this field correctly by other means.
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
