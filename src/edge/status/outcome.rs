//! [`CacheOutcome`]: how a cache handled a request.

/// How a cache handled a request.
///
/// | | The cache sent a request to the origin | The client got stored content |
/// |---|---|---|
/// | [`Hit`](Self::Hit), [`Stale`](Self::Stale), [`Updating`](Self::Updating) | no, or in the background | yes |
/// | [`Revalidated`](Self::Revalidated) | yes, to validate the stored response | yes |
/// | [`Miss`](Self::Miss), [`Expired`](Self::Expired), [`Bypass`](Self::Bypass), [`Dynamic`](Self::Dynamic) | yes | no |
/// | [`Generated`](Self::Generated), [`Prerendered`](Self::Prerendered) | no | no: the edge generated the content, or stores it outside its cache |
/// | [`Error`](Self::Error), [`Unknown`](Self::Unknown) | not known | not known |
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::edge::{CacheOutcome, CacheStatus};
///
/// let outcome = |name: &'static str, value: &'static str| {
///     let mut headers = HeaderMap::new();
///     headers.insert(name, HeaderValue::from_static(value));
///     CacheStatus::from_headers(&headers).unwrap().outcome()
/// };
/// assert_eq!(outcome("cf-cache-status", "DYNAMIC"), CacheOutcome::Dynamic);
/// assert_eq!(outcome("x-vercel-cache", "PRERENDER"), CacheOutcome::Prerendered);
/// assert_eq!(outcome("x-varnish", "32770 3"), CacheOutcome::Hit);
/// assert_eq!(outcome("x-cache", "FunctionGeneratedResponse from cloudfront"), CacheOutcome::Generated);
/// assert_eq!(outcome("x-cache", "TCP_REFRESH_FAIL_HIT"), CacheOutcome::Stale);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// The cache sent a fresh stored response.
    Hit,
    /// The cache did not have a stored response that it could use.
    Miss,
    /// The stored response was stale, and the origin sent a new one.
    Expired,
    /// The cache sent a stale stored response.
    Stale,
    /// The origin confirmed that the stored response is still valid.
    Revalidated,
    /// The cache sent a stale stored response while it fetches a new one.
    Updating,
    /// The cache was not used, because of the request, the response or the configuration.
    Bypass,
    /// The cache does not store resources of this kind.
    Dynamic,
    /// The edge generated the response itself: with a function, or as a configured redirect.
    Generated,
    /// The response came from the vendor's static storage, not from its cache.
    Prerendered,
    /// The cache generated an error response itself.
    Error,
    /// The field does not contain the outcome, or contains an unknown keyword.
    Unknown,
}

impl CacheOutcome {
    /// Returns whether the client got a stored response and did not wait for the origin: [`Hit`](Self::Hit),
    /// [`Stale`](Self::Stale) or [`Updating`](Self::Updating). Returns `false` if this is not known.
    #[must_use]
    #[inline]
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Updating)
    }

    /// Returns whether the client got stored content, possibly after a request to the origin:
    /// [`is_hit`](Self::is_hit) or [`Revalidated`](Self::Revalidated). Returns `false` if this is not known.
    ///
    /// Use `is_hit` to measure how many requests do not reach the origin, and this method to measure how much content
    /// the origin does not send:
    ///
    /// ```
    /// use tower_cache_policy::edge::CacheOutcome;
    ///
    /// assert!(!CacheOutcome::Revalidated.is_hit());
    /// assert!(CacheOutcome::Revalidated.is_served_by_cache());
    /// ```
    #[must_use]
    #[inline]
    pub const fn is_served_by_cache(self) -> bool {
        self.is_hit() || matches!(self, Self::Revalidated)
    }
}
