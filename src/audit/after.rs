//! [`AfterFreshness`]: the behavior of a cache once the response is stale.

/// The behavior of a cache once the stored response is no longer fresh: how the cache revalidates it, and how long
/// the cache may serve it stale.
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, Validation};
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/news").body(()).unwrap().into_parts();
/// let response = Response::builder()
///     .header("cache-control", "max-age=60, stale-while-revalidate=30")
///     .header("etag", "\"v7\"");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// let then = audit.shared().after_expiry().unwrap();
/// assert_eq!(then.validation(), Validation::EntityTag);
/// assert_eq!(then.stale_while_revalidate(), Some(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterFreshness {
    pub(super) validation: Validation,
    pub(super) stale_while_revalidate: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
    pub(super) never_stale: bool,
    pub(super) stale_when_unreachable: bool,
}

/// The preconditions with which a cache revalidates a stored response
/// ([RFC 9111 section 4.3.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.1)).
///
/// ```
/// # use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, Validation};
/// # use tower_cache_policy::protocol::HttpDate;
/// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let validation = |name: &str, value: &str| {
///     let response = Response::builder().header("cache-control", "max-age=60").header(name, value);
///     let (response, ()) = response.body(()).unwrap().into_parts();
///     CacheAudit::of(&request, &response, now).browser().after_expiry().unwrap().validation()
/// };
/// assert_eq!(validation("etag", "\"v7\""), Validation::EntityTag);
/// assert_eq!(validation("last-modified", "Fri, 22 May 2026 00:00:00 GMT"), Validation::LastModified);
/// // Without quotes, the value is not an entity tag.
/// assert_eq!(validation("etag", "v7"), Validation::Nothing);
/// ```
// S-08
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Validation {
    /// `If-None-Match` with the entity tag.
    EntityTag,
    /// `If-Modified-Since` with the `Last-Modified` date.
    LastModified,
    /// `If-None-Match` and `If-Modified-Since`.
    Both,
    /// None, because the response does not have a validator. The cache fetches the complete response again.
    Nothing,
    /// None, because this cache never revalidates. It fetches the complete response again, even if the response has
    /// a validator.
    NeverRevalidates,
}

impl AfterFreshness {
    /// Returns the preconditions with which the cache revalidates the response.
    #[must_use]
    pub const fn validation(&self) -> Validation {
        self.validation
    }

    /// Returns how many seconds past its lifetime the cache may serve the response while it fetches a new one
    /// ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    ///
    /// Returns `None` if the directive is missing or its value is 0, if another directive forbids stale reuse, or if
    /// the edge cache is known to ignore the directive.
    #[must_use]
    pub const fn stale_while_revalidate(&self) -> Option<u64> {
        // C-31
        self.stale_while_revalidate
    }

    /// Returns how many seconds past its lifetime the cache may serve the response in place of an error
    /// ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    ///
    /// Returns `None` in the same cases as [`stale_while_revalidate`](Self::stale_while_revalidate).
    #[must_use]
    pub const fn stale_if_error(&self) -> Option<u64> {
        // C-31
        self.stale_if_error
    }

    /// Returns whether the cache serves the response stale when it cannot reach the origin, although no directive
    /// allows it ([RFC 9111 section 4.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.4)).
    #[must_use]
    pub const fn stale_when_unreachable(&self) -> bool {
        self.stale_when_unreachable
    }

    /// Returns whether a directive forbids the cache to serve the response stale
    /// ([RFC 9111 section 4.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.4)).
    ///
    /// `must-revalidate` does so for all caches, and `proxy-revalidate` and `s-maxage` for shared caches. They take
    /// precedence over `stale-while-revalidate` and `stale-if-error`:
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "max-age=60, s-maxage=600, stale-if-error=3600");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    /// let audit = CacheAudit::of(&request, &response, now);
    ///
    /// let browser = audit.browser().after_expiry().unwrap();
    /// assert!(!browser.never_stale());
    /// assert_eq!(browser.stale_if_error(), Some(3600));
    /// let shared = audit.shared().after_expiry().unwrap();
    /// assert!(shared.never_stale());
    /// assert_eq!(shared.stale_if_error(), None);
    /// ```
    #[must_use]
    pub const fn never_stale(&self) -> bool {
        // C-32
        self.never_stale
    }
}
