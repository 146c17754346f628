//! [`CacheKey`]: the conditions under which a later request gets the stored response.

use http::HeaderName;

/// The cache key of a stored response: a later request gets the response only if its key is the same.
///
/// The method and the URL are always part of the key ([RFC 9111 section
/// 2](https://www.rfc-editor.org/rfc/rfc9111.html#section-2)). `Vary` adds request fields to it ([section
/// 4.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1)). Some edge caches ignore those fields or the query.
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::CacheAudit;
/// use tower_cache_policy::edge::EdgeProfile;
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/news").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "max-age=60").header("vary", "accept-language");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::CLOUDFLARE);
/// assert_eq!(audit.shared().key().unwrap().fields(), ["accept-language"]);
/// assert_eq!(audit.edge("cloudflare").unwrap().key().unwrap().ignored(), ["accept-language"]);
/// ```
// K-03, K-07
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKey {
    pub(super) fields: Vec<HeaderName>,
    pub(super) ignored: Vec<HeaderName>,
    pub(super) any: bool,
    pub(super) query: Option<bool>,
}

impl CacheKey {
    /// Returns the request fields that are part of the key.
    #[must_use]
    pub fn fields(&self) -> &[HeaderName] {
        &self.fields
    }

    /// Returns the request fields that `Vary` names but that are not part of the key.
    ///
    /// Includes fields for which the edge cache's behavior is not known. It is empty for a browser and for a shared
    /// cache that follows the standard.
    #[must_use]
    pub fn ignored(&self) -> &[HeaderName] {
        // K-08
        &self.ignored
    }

    /// Returns whether no later request matches, because of `Vary: *`.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "max-age=60").header("vary", "*");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// let audit = CacheAudit::of(&request, &response, now);
    /// assert!(audit.browser().may_store());
    /// assert!(audit.browser().key().unwrap().never_matches());
    /// assert_eq!(audit.browser().remaining_freshness(), Some(0));
    /// ```
    #[must_use]
    pub const fn never_matches(&self) -> bool {
        // K-03
        self.any
    }

    /// Returns whether the query of the URL is part of the key, or `None` if that is not known.
    ///
    /// If it is not part of the key, `/search?q=a` and `/search?q=b` get the same stored response:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let (request, ()) = Request::get("/search?q=a").body(()).unwrap().into_parts();
    /// let response = Response::builder().header("cache-control", "max-age=60");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::CLOUDFRONT);
    /// assert_eq!(audit.edge("cloudfront").unwrap().key().unwrap().query(), Some(false));
    /// assert_eq!(
    ///     audit.warnings()[0].to_string(),
    ///     "warning: the edge cache `cloudfront` leaves the query out of its key; move parameters that select the response \
    ///      into the path (RFC 9111 section 2, B-02)"
    /// );
    /// ```
    #[must_use]
    pub const fn query(&self) -> Option<bool> {
        self.query
    }
}
