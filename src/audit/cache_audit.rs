//! [`CacheAudit`]: a prediction of how caches treat a response.

use std::fmt;

use http::{request, response};

use super::at_edge;
use super::exchange::Exchange;
use super::findings;
use super::standard;
use super::verdict::{CacheKind, Verdict};
use super::warning::{Level, Warning};
use crate::edge::EdgeProfile;
use crate::protocol::{Cache, HttpDate};

/// A prediction of how caches treat a response, with reasons and warnings.
///
/// Displays as one paragraph for each cache and one line for each warning. See the [module docs](super) for an example
/// of this text. A test can fail on warnings:
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, Level};
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/account").header("authorization", "Bearer t").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "private, no-cache").header("etag", "\"v7\"");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// assert!(audit.worst() < Some(Level::Warning), "{audit}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CacheAudit {
    exchange: Exchange,
    browser: Verdict,
    shared: Verdict,
    edges: Vec<(EdgeProfile, Verdict)>,
    warnings: Vec<Warning>,
}

impl CacheAudit {
    /// Audits a response for a browser and for a shared cache that receive it at `now`.
    ///
    /// The audit reads the mark [`Personalized`](crate::policy::Personalized) from the extensions of the request and of
    /// the response. Use [`with_edge`](Self::with_edge) to add edge caches.
    ///
    /// Pass the time at which the cache receives the response, usually [`Clock::system().now()`](crate::Clock::now).
    /// With `Date`, `Age` and `Expires` it determines how much of the freshness lifetime has passed:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// let response = Response::builder()
    ///     .header("cache-control", "max-age=60")
    ///     .header("date", "Mon, 01 Jun 2026 00:00:00 GMT");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// // 20 seconds later:
    /// let now = HttpDate::from_unix_seconds(1_780_272_020).unwrap();
    /// let audit = CacheAudit::of(&request, &response, now);
    /// assert_eq!(audit.browser().age().seconds(), 20);
    /// assert_eq!(audit.browser().remaining_freshness(), Some(40));
    /// ```
    ///
    /// A response with the status 304 is evaluated as the 200 that it updates.
    pub fn of(request: &request::Parts, response: &response::Parts, now: HttpDate) -> Self {
        let exchange = Exchange::new(request, response, now);
        let (browser, shared) = (standard::browser(&exchange), standard::shared_cache(&exchange));
        let warnings = findings::warnings(&exchange, &browser, &shared, &[]);
        Self { exchange, browser, shared, edges: Vec::new(), warnings }
    }

    /// Adds the verdict on an edge cache. It replaces the verdict of an earlier profile with the same name.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder()
    ///     .header("cache-control", "public, max-age=60")
    ///     .header("surrogate-control", "max-age=3600");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// // Only Fastly reads `Surrogate-Control`.
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::FASTLY);
    /// assert_eq!(audit.shared().remaining_freshness(), Some(60));
    /// assert_eq!(audit.edge("fastly").unwrap().remaining_freshness(), Some(3600));
    /// ```
    pub fn with_edge(self, profile: &EdgeProfile) -> Self {
        self.with_edges([profile])
    }

    /// Adds the verdicts on several edge caches. Each is evaluated as if it were the only cache in front of the
    /// service.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// // A page without `Cache-Control`: each edge cache applies its own default.
    /// let (response, ()) = Response::new(()).into_parts();
    ///
    /// let audit = CacheAudit::of(&request, &response, now).with_edges(&[EdgeProfile::FASTLY, EdgeProfile::VERCEL]);
    /// assert_eq!(audit.edge("fastly").unwrap().remaining_freshness(), Some(120));
    /// assert!(!audit.edge("vercel").unwrap().may_store());
    /// ```
    pub fn with_edges<'a>(mut self, profiles: impl IntoIterator<Item = &'a EdgeProfile>) -> Self {
        for profile in profiles {
            self.edges.retain(|(other, _)| other.name() != profile.name());
            self.edges.push((profile.clone(), at_edge::verdict(&self.exchange, profile)));
        }
        self.warnings = findings::warnings(&self.exchange, &self.browser, &self.shared, &self.edges);
        self
    }

    /// Returns the verdict on a browser.
    #[must_use]
    pub const fn browser(&self) -> &Verdict {
        &self.browser
    }

    /// Returns the verdict on a shared cache that follows RFC 9111.
    ///
    /// It also applies to a proxy or CDN without an [`EdgeProfile`], if that cache follows the standard. It covers
    /// `s-maxage` and the restrictions on responses to requests with `Authorization`, but not the fields and defaults
    /// of a vendor.
    #[must_use]
    pub const fn shared(&self) -> &Verdict {
        &self.shared
    }

    /// Returns the verdict on a private or a shared cache.
    ///
    /// Useful in helpers that take the kind of cache as an argument:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::{Cache, HttpDate};
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "max-age=60, s-maxage=600");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now);
    ///
    /// for (cache, seconds) in [(Cache::Private, 60), (Cache::Shared, 600)] {
    ///     assert_eq!(audit.verdict_for(cache).remaining_freshness(), Some(seconds), "{cache:?}");
    /// }
    /// ```
    #[must_use]
    pub const fn verdict_for(&self, cache: Cache) -> &Verdict {
        match cache {
            Cache::Private => &self.browser,
            Cache::Shared => &self.shared,
        }
    }

    /// Returns the verdict on the edge cache with this name, or `None` if its profile was not added.
    ///
    /// The comparison of names ignores case.
    #[must_use]
    pub fn edge(&self, name: &str) -> Option<&Verdict> {
        self.edges().find(|verdict| matches!(verdict.kind(), CacheKind::Edge(own) if own.eq_ignore_ascii_case(name)))
    }

    /// Returns the verdict on each edge cache, in the order in which the profiles were added.
    pub fn edges(&self) -> impl Iterator<Item = &Verdict> {
        self.edges.iter().map(|(_, verdict)| verdict)
    }

    /// Returns all verdicts: the browser, the shared cache, and then the edge caches.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::{CacheAudit, Verdict};
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "private, no-store");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::FASTLY);
    /// assert!(!audit.verdicts().any(Verdict::may_store), "a cache may store the secret:\n{audit}");
    /// ```
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        [&self.browser, &self.shared].into_iter().chain(self.edges())
    }

    /// Returns the warnings, the most severe first.
    ///
    /// A test can accept some warnings and reject all others:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// use tower_cache_policy::audit::{CacheAudit, Warning};
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/app.js").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    ///
    /// let response = Response::builder().header("cache-control", "max-age=2592000");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now);
    ///
    /// let accepted = |warning: &Warning| matches!(warning, Warning::LongWithoutFingerprint { .. });
    /// assert!(audit.warnings().iter().all(accepted), "{audit}");
    /// assert_eq!(audit.warnings().len(), 1);
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the level of the most severe warning, or `None` if there are no warnings.
    ///
    /// `None` is less than any level, so `audit.worst() < Some(Level::Warning)` accepts notes and responses without
    /// warnings.
    #[must_use]
    pub fn worst(&self) -> Option<Level> {
        self.warnings.iter().map(Warning::level).max()
    }
}

impl fmt::Display for CacheAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, verdict) in self.verdicts().enumerate() {
            write!(f, "{}{verdict}", if index == 0 { "" } else { "\n" })?;
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\n{warning}"))
    }
}
