//! [`FreshnessLifetime`]: the freshness lifetime of a response in one cache, and its source.

use std::fmt;

use http::HeaderName;

use super::rule::Rule;
use crate::protocol::LifetimeSource;

/// The freshness lifetime of a response in one cache, and its source.
///
/// The cache may reuse the response during this time without revalidation
/// ([RFC 9111 section 4.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2)).
///
/// ```
/// # use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, FreshnessSource};
/// use tower_cache_policy::protocol::LifetimeSource;
/// # use tower_cache_policy::protocol::HttpDate;
/// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let response = Response::builder().header("cache-control", "max-age=60, s-maxage=600");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let audit = CacheAudit::of(&request, &response, now);
///
/// let lifetime = audit.shared().lifetime().unwrap();
/// assert_eq!(lifetime.seconds(), Some(600));
/// assert_eq!(*lifetime.source(), FreshnessSource::Answer(LifetimeSource::SMaxage));
/// // A browser ignores `s-maxage`.
/// assert_eq!(audit.browser().lifetime().unwrap().source().to_string(), "`max-age`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshnessLifetime {
    seconds: Option<u64>,
    source: FreshnessSource,
}

/// The source of a freshness lifetime. Displays as the directive or field, such as `` `max-age` ``.
///
/// The source of the lifetime is the first of these that applies:
///
/// | Cache | Order |
/// |---|---|
/// | browser | `no-cache`, `max-age`, `Expires`, heuristic freshness |
/// | shared cache | `no-cache`, `s-maxage`, `max-age`, `Expires`, heuristic freshness |
/// | edge cache | the fields of its [profile](crate::edge::EdgeProfile::precedence), in their order, then its default |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreshnessSource {
    /// `s-maxage`, `max-age`, `Expires`, heuristic freshness from `Last-Modified`, or none of these.
    Answer(LifetimeSource),
    /// A field that only edge caches read, such as `CDN-Cache-Control`.
    EdgeField(HeaderName),
    /// The default of the edge cache for a response without a lifetime.
    EdgeDefault,
    /// `no-cache` requires revalidation before each reuse, regardless of the lifetime of the response.
    Validated,
}

impl FreshnessLifetime {
    pub(super) const fn new(seconds: u64, from: FreshnessSource) -> Self {
        Self { seconds: Some(seconds), source: from }
    }

    pub(super) const fn unknown(from: FreshnessSource) -> Self {
        Self { seconds: None, source: from }
    }

    /// Returns the lifetime in seconds, counted from the generation of the response.
    ///
    /// Returns `None` if the edge cache chooses a lifetime that is not known.
    #[must_use]
    pub const fn seconds(&self) -> Option<u64> {
        self.seconds
    }

    /// Returns the source of the lifetime.
    #[must_use]
    pub const fn source(&self) -> &FreshnessSource {
        &self.source
    }

    /// Returns whether the cache chooses the lifetime itself, because the response does not state one.
    ///
    /// A page with `Last-Modified` and without `Cache-Control` is the usual case: the cache uses a fraction of the time
    /// since the last modification, usually a tenth ([RFC 9111 section
    /// 4.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2)).
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// let response = Response::builder().header("last-modified", "Fri, 22 May 2026 00:00:00 GMT");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// // Ten days later, the cache may reuse the response for one day.
    /// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let audit = CacheAudit::of(&request, &response, now);
    /// let lifetime = audit.browser().lifetime().unwrap();
    /// assert!(lifetime.is_guessed());
    /// assert_eq!(lifetime.seconds(), Some(86_400));
    /// ```
    #[must_use]
    pub const fn is_guessed(&self) -> bool {
        matches!(self.source, FreshnessSource::Answer(LifetimeSource::Heuristic) | FreshnessSource::EdgeDefault)
    }
}

impl FreshnessSource {
    /// Returns the rule that gives this source its effect.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::Answer(LifetimeSource::SMaxage) => Rule::new("C-21", "RFC 9111 section 5.2.2.10"),
            Self::Answer(LifetimeSource::Heuristic) => Rule::new("F-03", "RFC 9111 section 4.2.2"),
            Self::Answer(LifetimeSource::MaxAge | LifetimeSource::Expires | LifetimeSource::None) => {
                Rule::new("F-01", "RFC 9111 section 4.2.1")
            }
            Self::EdgeField(_) => Rule::new("T-05", "RFC 9213 section 2.2"),
            Self::EdgeDefault => Rule::new("G-14", "RFC 9111 section 4.2.2"),
            Self::Validated => Rule::new("C-22", "RFC 9111 section 5.2.2.4"),
        }
    }
}

impl fmt::Display for FreshnessSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(source) => f.write_str(match source {
                LifetimeSource::SMaxage => "`s-maxage`",
                LifetimeSource::MaxAge => "`max-age`",
                LifetimeSource::Expires => "`Expires`",
                LifetimeSource::Heuristic => "heuristic freshness from `Last-Modified`",
                LifetimeSource::None => "no lifetime is stated",
            }),
            Self::EdgeField(field) => write!(f, "`{field}`"),
            Self::EdgeDefault => f.write_str("its own default"),
            Self::Validated => f.write_str("`no-cache`"),
        }
    }
}
