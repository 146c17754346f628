//! [`CachePolicy`]: which caches may store a response, and for how long.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::vary_names::VaryNames;
use crate::protocol::CacheControl;

/// A caching policy: which caches may store a response, and for how long.
///
/// A policy is plain `Copy` data. The constructor chooses the caches, and modifiers add directives. So contradictions
/// such as `public, private` cannot be written. A modifier that contradicts the constructor panics; in a `const`, it
/// does not compile.
///
/// ```
/// use std::time::Duration;
/// use tower_cache_policy::policy::CachePolicy;
///
/// const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60))
///     .edge(Duration::from_secs(3_600))
///     .vary(&["accept-language"]);
/// assert_eq!(PAGE.to_string(), "public, max-age=60, s-maxage=3600");
/// ```
///
/// | Policy | `Cache-Control` |
/// |---|---|
/// | [`CachePolicy::public`]`(300 s)` | `public, max-age=300` |
/// | [`CachePolicy::max_age`]`(120 s)` | `max-age=120` |
/// | [`CachePolicy::private`]`(60 s)` | `private, max-age=60` |
/// | [`CachePolicy::edge_only`]`(600 s)` | `max-age=0, s-maxage=600, must-revalidate` |
/// | [`CachePolicy::IMMUTABLE`] | `public, max-age=31536000, immutable` |
/// | [`CachePolicy::NO_CACHE`] | `no-cache` |
/// | [`CachePolicy::PRIVATE_NO_CACHE`] | `private, no-cache` |
/// | [`CachePolicy::NO_STORE`] | `private, no-store` |
/// | [`CachePolicy::NO_STORE`]`.`[`with_http10_fields`](CachePolicy::with_http10_fields)`()` | `no-cache, no-store, must-revalidate` |
///
/// Every [`Duration`] is rounded down to whole seconds and clamped to [`CachePolicy::MAX_LIFETIME`].
/// [`Display`](fmt::Display) writes the value of `Cache-Control`. The [module page](crate::policy) shows a policy in a
/// service.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CachePolicy {
    storage: Storage,
    /// `None` if every reuse is validated or no cache stores the response.
    max_age: Option<Seconds>,
    edge: Option<Seconds>,
    stale_while_revalidate: Option<Seconds>,
    stale_if_error: Option<Seconds>,
    flags: Flags,
    vary: VaryNames,
}

/// Whole seconds, clamped. Stores the number plus one, so that `Option<Seconds>` has the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seconds(NonZeroU32);

impl Seconds {
    #[inline]
    const fn of(duration: Duration) -> Self {
        let longest = CachePolicy::MAX_LIFETIME.as_secs();
        let seconds = duration.as_secs();
        let clamped = if seconds > longest { longest } else { seconds };
        Self(NonZeroU32::MIN.saturating_add(clamped as u32))
    }

    #[inline]
    const fn get(self) -> u32 {
        self.0.get() - 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Storage {
    /// Any cache, even if the request has `Authorization`: `public`.
    Public,
    /// Any cache that the standard allows: no directive.
    Unmarked,
    /// Only the cache of the client: `private`.
    Private,
    /// No cache: `no-store`.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Flags {
    must_revalidate: bool,
    proxy_revalidate: bool,
    no_transform: bool,
    immutable: bool,
    http10: bool,
    edge_only: bool,
    stale_for: StaleFor,
}

/// The caches that may serve a stale response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum StaleFor {
    All,
    Edges,
    Browsers,
}

impl CachePolicy {
    /// The longest lifetime of a policy: one year, 31536000 seconds. Longer durations are clamped to it, because some
    /// caches clamp or overflow larger numbers.
    // C-04, C-35
    pub const MAX_LIFETIME: Duration = Duration::from_secs(31_536_000);

    /// `private, no-store`: no cache stores the response.
    ///
    /// Some shared caches obey `private` and not `no-store`, so both are sent. Layers that write this policy also
    /// remove `Expires`, `Pragma` and the fields for edge caches.
    ///
    /// # Cost
    ///
    /// Use it for content that must not be written to a disk, such as secrets, and not for all pages of a signed-in
    /// user. A page with `no-store` is requested again when the user goes back to it, because many browsers do not put
    /// such a page into their [back/forward cache](https://web.dev/articles/bfcache), or do so only under certain
    /// conditions. It also cannot be revalidated, so each request transfers the complete content. With
    /// [`PRIVATE_NO_CACHE`](CachePolicy::PRIVATE_NO_CACHE), the browser revalidates a page before each reuse, gets a
    /// 304 if nothing has changed, and may put the page into the back/forward cache.
    // G-07
    pub const NO_STORE: Self = Self::of(Storage::Never, None);

    /// `no-cache`: any cache may store the response, and revalidates it with the origin before each reuse
    /// ([RFC 9111 section 5.2.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.4)).
    ///
    /// In spite of its name, it allows storage. With a validator, an unchanged page costs one request and a 304 without
    /// content.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// assert_eq!(CachePolicy::NO_CACHE.to_string(), "no-cache");
    /// assert!(!CachePolicy::NO_CACHE.is_private());
    /// ```
    // C-22
    pub const NO_CACHE: Self = Self::of(Storage::Unmarked, None);

    /// `private, no-cache`: only the cache of the client may store the response, and revalidates it before each reuse.
    ///
    /// This is the default for a response to GET or HEAD without a policy and without `Cache-Control`.
    // G-14
    pub const PRIVATE_NO_CACHE: Self = Self::of(Storage::Private, None);

    /// `public, max-age=31536000, immutable`: only for a URL that changes whenever its content changes, such as
    /// `/assets/app.9f3c2a.js`.
    ///
    /// A browser that has stored the wrong content under such a URL shows it for a year, and no purge reaches it.
    // B-01
    pub const IMMUTABLE: Self = Self::public(Self::MAX_LIFETIME).immutable();

    /// `public, max-age=N`: any cache may store the response and reuse it for this time.
    ///
    /// By the standard, `public` includes responses to requests with `Authorization`
    /// ([RFC 9111 section 5.2.2.9](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.9)). The guard
    /// [`Authorization`](super::Guard::Authorization) still makes these private unless its risk is accepted.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// assert_eq!(CachePolicy::public(Duration::from_secs(300)).to_string(), "public, max-age=300");
    /// // Fractions of a second are dropped, and a year is the maximum.
    /// assert_eq!(CachePolicy::public(Duration::from_millis(1_999)).to_string(), "public, max-age=1");
    /// assert_eq!(CachePolicy::public(Duration::MAX).to_string(), "public, max-age=31536000");
    /// ```
    // C-25, G-02
    #[must_use]
    #[inline]
    pub const fn public(max_age: Duration) -> Self {
        Self::of(Storage::Public, Some(Seconds::of(max_age)))
    }

    /// `max-age=N`: any cache that the standard allows may store the response. Shared caches must not store it if the
    /// request has `Authorization` ([RFC 9111 section 3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const POLICY: CachePolicy = CachePolicy::max_age(Duration::from_secs(120));
    /// assert_eq!(POLICY.to_string(), "max-age=120");
    /// ```
    // S-04
    #[must_use]
    #[inline]
    pub const fn max_age(max_age: Duration) -> Self {
        Self::of(Storage::Unmarked, Some(Seconds::of(max_age)))
    }

    /// `private, max-age=N`: only the cache of the client may store the response
    /// ([RFC 9111 section 5.2.2.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.7)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// // A dashboard that the user may see a minute late.
    /// const DASHBOARD: CachePolicy = CachePolicy::private(Duration::from_secs(60));
    /// assert_eq!(DASHBOARD.to_string(), "private, max-age=60");
    /// ```
    // C-24
    #[must_use]
    #[inline]
    pub const fn private(max_age: Duration) -> Self {
        Self::of(Storage::Private, Some(Seconds::of(max_age)))
    }

    /// Lets CDNs and other edge caches reuse the response for this time, but not browsers. Use this policy for pages
    /// that are purged when they change, because a purge does not reach browsers.
    ///
    /// If every edge in front reads its own field, [`EdgeLayer`](crate::EdgeLayer) writes the lifetime into that
    /// field and sends `Cache-Control: no-store`. Otherwise `Cache-Control` is
    /// `max-age=0, s-maxage=N, must-revalidate`. Browsers may then store the response, but must revalidate it before
    /// each reuse.
    ///
    /// [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) appear only in a field for edges, because browsers obey them in
    /// `Cache-Control` too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// // An article that the editors purge after each change.
    /// const ARTICLE: CachePolicy = CachePolicy::edge_only(Duration::from_secs(86_400));
    /// assert_eq!(ARTICLE.to_string(), "max-age=0, s-maxage=86400, must-revalidate");
    /// ```
    // G-22
    #[must_use]
    #[inline]
    pub const fn edge_only(lifetime: Duration) -> Self {
        let mut policy = Self::of(Storage::Unmarked, Some(Seconds::of(Duration::ZERO)));
        policy.edge = Some(Seconds::of(lifetime));
        policy.flags.edge_only = true;
        policy.flags.stale_for = StaleFor::Edges;
        policy
    }

    /// Adds `s-maxage=N`: shared caches use this lifetime in place of `max-age`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
    /// assert_eq!(PAGE.to_string(), "public, max-age=60, s-maxage=3600");
    /// ```
    ///
    /// An [`EdgeLayer`](crate::EdgeLayer) writes the longer lifetime into the field of the CDN, so that caches which a
    /// purge does not reach use the short one.
    ///
    /// # Warning
    ///
    /// `s-maxage` also forbids shared caches to serve the response stale
    /// ([RFC 9111 section 5.2.2.10](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10)). Some of them
    /// therefore ignore [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) in the same field.
    ///
    /// # Panics
    ///
    /// If no shared cache may store the response, if every reuse is revalidated, or if the policy is
    /// [`edge_only`](CachePolicy::edge_only). For a policy that is known only at run time, use
    /// [`try_edge`](CachePolicy::try_edge).
    // C-21, C-32
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn edge(self, lifetime: Duration) -> Self {
        unless_in_conflict(self.try_edge(lifetime))
    }

    /// Like [`edge`](CachePolicy::edge), for a policy that is known only at run time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// fn with_edge_lifetime(policy: CachePolicy, lifetime: Duration) -> CachePolicy {
    ///     policy.try_edge(lifetime).unwrap_or(policy)
    /// }
    ///
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(with_edge_lifetime(CachePolicy::public(minute), minute).to_string(), "public, max-age=60, s-maxage=60");
    /// assert_eq!(with_edge_lifetime(CachePolicy::private(minute), minute), CachePolicy::private(minute));
    /// ```
    ///
    /// # Errors
    ///
    /// If no shared cache may store the response, if every reuse is revalidated, or if the policy is
    /// [`edge_only`](CachePolicy::edge_only).
    #[inline]
    pub const fn try_edge(mut self, lifetime: Duration) -> Result<Self, PolicyConflict> {
        if self.flags.edge_only {
            return Err(PolicyConflict {
                reason: "edge_only() already sets the lifetime for shared caches: leave edge() out",
            });
        }
        self.edge = Some(Seconds::of(lifetime));
        self.without_conflict()
    }

    /// Adds `stale-while-revalidate=N`: for this time after the response becomes stale, a cache may serve it while it
    /// revalidates in the background ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    ///
    /// Without it, one client waits for the origin each time that the lifetime ends.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    /// // Up to two minutes old, and no client waits.
    /// const PAGE: CachePolicy = CachePolicy::public(MINUTE).stale_while_revalidate(MINUTE);
    /// assert_eq!(PAGE.to_string(), "public, max-age=60, stale-while-revalidate=60");
    /// ```
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate) or
    /// [`proxy_revalidate`](CachePolicy::proxy_revalidate). For a policy that is known only at run time, use
    /// [`try_stale_while_revalidate`](CachePolicy::try_stale_while_revalidate).
    // C-31
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn stale_while_revalidate(self, window: Duration) -> Self {
        unless_in_conflict(self.try_stale_while_revalidate(window))
    }

    /// Like [`stale_while_revalidate`](CachePolicy::stale_while_revalidate), for a policy that is known only at run
    /// time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// let minute = Duration::from_secs(60);
    /// let error = CachePolicy::NO_CACHE.try_stale_while_revalidate(minute).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "a policy without a lifetime is never served stale: start from public(), max_age() or private()"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate) or
    /// [`proxy_revalidate`](CachePolicy::proxy_revalidate).
    #[inline]
    pub const fn try_stale_while_revalidate(mut self, window: Duration) -> Result<Self, PolicyConflict> {
        self.stale_while_revalidate = Some(Seconds::of(window));
        self.without_conflict()
    }

    /// Adds `stale-if-error=N`: for this time after the response becomes stale, a cache may serve it if the origin
    /// fails ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// // If the origin is down, yesterday's page is better than an error.
    /// const PAGE: CachePolicy =
    ///     CachePolicy::public(Duration::from_secs(60)).stale_if_error(Duration::from_secs(86_400));
    /// assert_eq!(PAGE.to_string(), "public, max-age=60, stale-if-error=86400");
    /// ```
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate) or
    /// [`proxy_revalidate`](CachePolicy::proxy_revalidate). For a policy that is known only at run time, use
    /// [`try_stale_if_error`](CachePolicy::try_stale_if_error).
    // C-31
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn stale_if_error(self, window: Duration) -> Self {
        unless_in_conflict(self.try_stale_if_error(window))
    }

    /// Like [`stale_if_error`](CachePolicy::stale_if_error), for a policy that is known only at run time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// let strict = CachePolicy::public(Duration::from_secs(60)).must_revalidate();
    /// let error = strict.try_stale_if_error(Duration::from_secs(600)).unwrap_err();
    /// assert!(error.to_string().starts_with("must_revalidate() and proxy_revalidate() forbid stale responses"));
    /// ```
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate) or
    /// [`proxy_revalidate`](CachePolicy::proxy_revalidate).
    #[inline]
    pub const fn try_stale_if_error(mut self, window: Duration) -> Result<Self, PolicyConflict> {
        self.stale_if_error = Some(Seconds::of(window));
        self.without_conflict()
    }

    /// Limits [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) to edge caches.
    ///
    /// An [`EdgeLayer`](crate::EdgeLayer) writes them into the fields that only edges read. `Cache-Control` does not
    /// contain them, because browsers would obey them there too. An edge that reads nothing but `Cache-Control` does
    /// not get them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    /// const PAGE: CachePolicy = CachePolicy::public(MINUTE).stale_while_revalidate(MINUTE).stale_at_edge_only();
    /// assert_eq!(PAGE.to_string(), "public, max-age=60");
    /// ```
    ///
    /// # Panics
    ///
    /// If no shared cache may store the response, if the policy has no lifetime, or after
    /// [`stale_in_browser_only`](CachePolicy::stale_in_browser_only). See
    /// [`try_stale_at_edge_only`](CachePolicy::try_stale_at_edge_only).
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn stale_at_edge_only(self) -> Self {
        unless_in_conflict(self.try_stale_at_edge_only())
    }

    /// Like [`stale_at_edge_only`](CachePolicy::stale_at_edge_only), for a policy that is known only at run time.
    ///
    /// # Errors
    ///
    /// If no shared cache may store the response, if the policy has no lifetime, or after
    /// [`stale_in_browser_only`](CachePolicy::stale_in_browser_only).
    #[inline]
    pub const fn try_stale_at_edge_only(mut self) -> Result<Self, PolicyConflict> {
        if matches!(self.flags.stale_for, StaleFor::Browsers) {
            return Err(PolicyConflict {
                reason: "stale_in_browser_only() excludes edges, and stale_at_edge_only() excludes browsers: use one of the two",
            });
        }
        self.flags.stale_for = StaleFor::Edges;
        self.without_conflict()
    }

    /// Limits [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) to browsers: `Cache-Control` has them together with
    /// `proxy-revalidate`, which forbids shared caches to serve a stale response.
    ///
    /// An [`EdgeLayer`](crate::EdgeLayer) leaves them out of the fields that only edges read. Some edges that read
    /// nothing but `Cache-Control` ignore `proxy-revalidate`. If one of these is in front, browsers do not get the
    /// two directives either.
    ///
    /// This has no effect on a private policy.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    /// const PAGE: CachePolicy = CachePolicy::public(MINUTE).stale_while_revalidate(MINUTE).stale_in_browser_only();
    /// assert_eq!(PAGE.to_string(), "public, max-age=60, proxy-revalidate, stale-while-revalidate=60");
    /// ```
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime, or after [`edge_only`](CachePolicy::edge_only) or
    /// [`stale_at_edge_only`](CachePolicy::stale_at_edge_only). For a policy that is known only at run time, use
    /// [`try_stale_in_browser_only`](CachePolicy::try_stale_in_browser_only).
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn stale_in_browser_only(self) -> Self {
        unless_in_conflict(self.try_stale_in_browser_only())
    }

    /// Like [`stale_in_browser_only`](CachePolicy::stale_in_browser_only), for a policy that is known only at run
    /// time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// let error = CachePolicy::edge_only(Duration::from_secs(60)).try_stale_in_browser_only().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "edge_only() and stale_at_edge_only() exclude browsers: leave stale_in_browser_only() out"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime, or after [`edge_only`](CachePolicy::edge_only) or
    /// [`stale_at_edge_only`](CachePolicy::stale_at_edge_only).
    #[inline]
    pub const fn try_stale_in_browser_only(mut self) -> Result<Self, PolicyConflict> {
        if self.is_stale_at_edge_only() {
            return Err(PolicyConflict {
                reason: "edge_only() and stale_at_edge_only() exclude browsers: leave stale_in_browser_only() out",
            });
        }
        self.flags.stale_for = StaleFor::Browsers;
        self.without_conflict()
    }

    /// Adds `must-revalidate`: no cache may serve the response stale
    /// ([RFC 9111 section 5.2.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.2)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// // An outdated price is worse than an error.
    /// const PRICES: CachePolicy = CachePolicy::public(Duration::from_secs(10)).must_revalidate();
    /// assert_eq!(PRICES.to_string(), "public, max-age=10, must-revalidate");
    /// ```
    ///
    /// # Warning
    ///
    /// By the standard, this also allows shared caches to store responses to requests with `Authorization`. The guard
    /// [`Authorization`](super::Guard::Authorization) still makes these private unless its risk is accepted.
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime, because every reuse is revalidated then, or if it allows stale responses. See
    /// [`try_must_revalidate`](CachePolicy::try_must_revalidate).
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn must_revalidate(self) -> Self {
        unless_in_conflict(self.try_must_revalidate())
    }

    /// Like [`must_revalidate`](CachePolicy::must_revalidate), for a policy that is known only at run time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    /// let error = CachePolicy::public(MINUTE).stale_if_error(MINUTE).try_must_revalidate().unwrap_err();
    /// assert!(error.to_string().ends_with("which stale_while_revalidate() and stale_if_error() allow: choose one"));
    /// ```
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime, or if it allows stale responses.
    // C-26, G-02
    #[inline]
    pub const fn try_must_revalidate(mut self) -> Result<Self, PolicyConflict> {
        self.flags.must_revalidate = true;
        self.without_conflict()
    }

    /// Adds `proxy-revalidate`: no shared cache may serve the response stale
    /// ([RFC 9111 section 5.2.2.8](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.8)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(10)).proxy_revalidate();
    /// assert_eq!(PAGE.to_string(), "public, max-age=10, proxy-revalidate");
    /// ```
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime, allows stale responses, or is private. See
    /// [`try_proxy_revalidate`](CachePolicy::try_proxy_revalidate).
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn proxy_revalidate(self) -> Self {
        unless_in_conflict(self.try_proxy_revalidate())
    }

    /// Like [`proxy_revalidate`](CachePolicy::proxy_revalidate), for a policy that is known only at run time.
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime, allows stale responses, or is private.
    // C-27
    #[inline]
    pub const fn try_proxy_revalidate(mut self) -> Result<Self, PolicyConflict> {
        self.flags.proxy_revalidate = true;
        self.without_conflict()
    }

    /// Adds `no-transform`: intermediaries must not change the content, which includes compressing it
    /// ([RFC 9111 section 5.2.2.6](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.6)).
    ///
    /// Use `CachePolicy::NO_STORE.no_transform()` for secrets such as tokens.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// assert_eq!(CachePolicy::NO_STORE.no_transform().to_string(), "private, no-store, no-transform");
    /// ```
    // C-29, G-17
    #[must_use]
    #[inline]
    pub const fn no_transform(mut self) -> Self {
        self.flags.no_transform = true;
        self
    }

    /// Adds `immutable`: browsers do not revalidate the response while it is fresh, even if the user reloads the page
    /// ([RFC 8246](https://www.rfc-editor.org/rfc/rfc8246.html)).
    ///
    /// The directive is omitted if the lifetime is zero. The guard [`Immutable`](super::Guard::Immutable) removes it
    /// from HTML pages.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// // A file whose name contains the date of a report.
    /// const REPORT: CachePolicy = CachePolicy::private(Duration::from_secs(86_400)).immutable();
    /// assert_eq!(REPORT.to_string(), "private, max-age=86400, immutable");
    /// ```
    ///
    /// # Panics
    ///
    /// If the policy has no lifetime. See [`try_immutable`](CachePolicy::try_immutable).
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn immutable(self) -> Self {
        unless_in_conflict(self.try_immutable())
    }

    /// Like [`immutable`](CachePolicy::immutable), for a policy that is known only at run time.
    ///
    /// # Errors
    ///
    /// If the policy has no lifetime.
    // C-30, G-27
    #[inline]
    pub const fn try_immutable(mut self) -> Result<Self, PolicyConflict> {
        self.flags.immutable = true;
        self.without_conflict()
    }

    /// Also sends the HTTP/1.0 fields `Pragma: no-cache` and `Expires: 0`.
    ///
    /// [`NO_STORE`](CachePolicy::NO_STORE) then becomes `no-cache, no-store, must-revalidate`, the combination that
    /// many guides recommend and some scanners expect.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(CachePolicyLayer::new(CachePolicy::NO_STORE.with_http10_fields()))
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "no-cache, no-store, must-revalidate");
    /// assert_eq!(response.headers()["pragma"], "no-cache");
    /// assert_eq!(response.headers()["expires"], "0");
    /// # });
    /// ```
    ///
    /// # Warning
    ///
    /// That combination does not contain `private`. Some shared caches ignore `no-store` without it.
    ///
    /// # Panics
    ///
    /// If the policy has a lifetime, which HTTP/1.0 could express only as a date.
    // G-07
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn with_http10_fields(mut self) -> Self {
        assert!(
            self.max_age.is_none(),
            "with_http10_fields() needs a policy without a lifetime: start from NO_STORE or NO_CACHE"
        );
        self.flags.http10 = true;
        self
    }

    /// Adds the names of request fields that the response depends on to `Vary`.
    ///
    /// One call takes any number of names. Up to three calls can add new names to a policy.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// const BASE: CachePolicy = CachePolicy::NO_CACHE.vary(&["accept-language"]);
    /// const IMAGE: CachePolicy = BASE.vary(&["accept"]);
    /// assert!(IMAGE.vary_names().eq(["accept-language", "accept"]));
    /// ```
    ///
    /// ```compile_fail
    /// use tower_cache_policy::policy::CachePolicy;
    /// const P: CachePolicy = CachePolicy::NO_CACHE.vary(&["accept encoding"]);
    /// ```
    ///
    /// # Optional sign-in
    ///
    /// A shared cache may reuse a stored anonymous response for a request with `Authorization` or `Cookie`. If a route
    /// returns a different page to users who have signed in, name the field that carries their session:
    /// `.vary(&["authorization"])` or `.vary(&["cookie"])`.
    ///
    /// This reduces the hit rate. A shared cache then stores one response for each value of the field. With `cookie`
    /// that is nearly one for each visitor, because analytics cookies differ too. Many CDNs do not cache such a
    /// response, or ignore the name. Some caches also treat `Vary: Authorization` as permission to store responses to
    /// requests with credentials. The guard [`Authorization`](super::Guard::Authorization) is not affected: it still
    /// makes responses to such requests private unless its risk is accepted.
    ///
    /// # Panics
    ///
    /// If a name is not a valid field name, if it is `*`, or if a fourth call adds a new name.
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn vary(mut self, names: &'static [&'static str]) -> Self {
        // K-02. K-05 and G-23: `Authorization` is allowed for optional sign-in, and never added
        // by a layer itself.
        self.vary = self.vary.with(names);
        self
    }

    /// Returns whether no cache may store the response.
    #[must_use]
    #[inline]
    pub const fn is_no_store(&self) -> bool {
        matches!(self.storage, Storage::Never)
    }

    /// Returns whether no shared cache may store the response.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// assert!(CachePolicy::private(Duration::from_secs(60)).is_private());
    /// assert!(CachePolicy::NO_STORE.is_private());
    /// assert!(!CachePolicy::max_age(Duration::from_secs(60)).is_private());
    /// ```
    #[must_use]
    #[inline]
    pub const fn is_private(&self) -> bool {
        matches!(self.storage, Storage::Private | Storage::Never)
    }

    /// Returns the names that the policy adds to `Vary`, without duplicates, in the order in which they were added.
    #[inline]
    pub fn vary_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.vary.iter()
    }

    /// Returns whether the policy was created by [`edge_only`](CachePolicy::edge_only).
    #[must_use]
    #[inline]
    pub const fn is_edge_only(&self) -> bool {
        self.flags.edge_only
    }

    /// Whether some cache may reuse a response without revalidating it.
    #[inline]
    pub(crate) const fn has_lifetime(&self) -> bool {
        matches!(self.max_age, Some(age) if age.get() > 0) || matches!(self.edge, Some(age) if age.get() > 0)
    }

    /// Whether a field for edges differs from `Cache-Control`.
    #[inline]
    pub(crate) const fn says_more_to_edges(&self) -> bool {
        self.flags.edge_only || self.is_stale_at_edge_only() || self.is_stale_in_browser_only()
    }

    /// Whether edges may serve a stale response that browsers may not.
    #[inline]
    const fn is_stale_at_edge_only(&self) -> bool {
        matches!(self.flags.stale_for, StaleFor::Edges)
    }

    /// Whether browsers may serve a stale response that edges may not.
    #[inline]
    const fn is_stale_in_browser_only(&self) -> bool {
        matches!(self.flags.stale_for, StaleFor::Browsers)
            && !self.is_private()
            && (self.stale_while_revalidate.is_some() || self.stale_if_error.is_some())
    }

    /// Returns the directives for a field that only edges read.
    #[inline]
    pub(crate) fn at_the_edge(mut self) -> CacheControl {
        self.flags.edge_only = false;
        if self.is_stale_in_browser_only() {
            (self.stale_while_revalidate, self.stale_if_error) = (None, None);
        }
        self.flags.stale_for = StaleFor::All;
        self.into()
    }

    /// Returns a hash of the values in which the policies of an application usually differ.
    #[inline]
    pub(super) fn short_hash(&self) -> u64 {
        let seconds = |age: Option<Seconds>| age.map_or(0, |age| u64::from(age.0.get()));
        seconds(self.max_age)
            ^ seconds(self.edge).rotate_left(16)
            ^ seconds(self.stale_while_revalidate).rotate_left(32)
            ^ (self.storage as u64).rotate_left(48)
    }

    /// Whether the HTTP/1.0 fields are sent too.
    #[inline]
    pub(crate) const fn is_for_http10(&self) -> bool {
        self.flags.http10
    }

    #[inline]
    pub(crate) const fn is_immutable(&self) -> bool {
        self.flags.immutable && !matches!(self.max_age, Some(seconds) if seconds.get() == 0)
    }

    #[inline]
    pub(crate) const fn without_immutable(mut self) -> Self {
        self.flags.immutable = false;
        self
    }

    #[inline]
    const fn of(storage: Storage, max_age: Option<Seconds>) -> Self {
        Self {
            storage,
            max_age,
            edge: None,
            stale_while_revalidate: None,
            stale_if_error: None,
            flags: Flags {
                must_revalidate: false,
                proxy_revalidate: false,
                no_transform: false,
                immutable: false,
                http10: false,
                edge_only: false,
                stale_for: StaleFor::All,
            },
            vary: VaryNames::EMPTY,
        }
    }

    /// Returns an error if a modifier contradicts the constructor or another modifier.
    #[inline]
    const fn without_conflict(self) -> Result<Self, PolicyConflict> {
        let is_shared = matches!(self.storage, Storage::Public | Storage::Unmarked);
        let has_lifetime = self.max_age.is_some();
        let may_be_stale = self.stale_while_revalidate.is_some() || self.stale_if_error.is_some();
        let Flags { proxy_revalidate, immutable, stale_for, .. } = self.flags;
        let is_revalidated = self.flags.must_revalidate || proxy_revalidate;
        let conflicts = [
            (
                self.edge.is_some() && !is_shared,
                "edge() sets a lifetime for shared caches, which this policy excludes: start from public() or max_age()",
            ),
            (
                self.edge.is_some() && !has_lifetime,
                "edge() needs a policy with a lifetime: start from public() or max_age()",
            ),
            (
                matches!(stale_for, StaleFor::Edges) && !(is_shared && has_lifetime),
                "stale_at_edge_only() needs a policy that shared caches may store: start from public() or max_age()",
            ),
            (
                (may_be_stale || matches!(stale_for, StaleFor::Browsers)) && !has_lifetime,
                "a policy without a lifetime is never served stale: start from public(), max_age() or private()",
            ),
            (
                is_revalidated && !has_lifetime,
                "a policy without a lifetime is always revalidated: start from public(), max_age() or private()",
            ),
            (
                is_revalidated && may_be_stale,
                "must_revalidate() and proxy_revalidate() forbid stale responses, which stale_while_revalidate() and \
                 stale_if_error() allow: choose one",
            ),
            (
                proxy_revalidate && matches!(self.storage, Storage::Private),
                "proxy_revalidate() is for shared caches, which this policy excludes: use must_revalidate()",
            ),
            (
                immutable && !has_lifetime,
                "immutable() needs a policy with a lifetime: start from public(), max_age() or private()",
            ),
        ];
        let mut index = 0;
        while index < conflicts.len() {
            let (is_conflict, reason) = conflicts[index];
            if is_conflict {
                return Err(PolicyConflict { reason });
            }
            index += 1;
        }
        Ok(self)
    }
}

/// An error from a modifier that contradicts the rest of a [`CachePolicy`].
///
/// Its text names the policy to start from, or the modifier to remove.
///
/// ```
/// use std::time::Duration;
/// use tower_cache_policy::policy::CachePolicy;
///
/// // For example, both values come from a form of an administration page.
/// let conflict = CachePolicy::PRIVATE_NO_CACHE.try_edge(Duration::from_secs(60)).unwrap_err();
/// assert_eq!(
///     conflict.to_string(),
///     "edge() sets a lifetime for shared caches, which this policy excludes: start from public() or max_age()"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConflict {
    reason: &'static str,
}

impl fmt::Display for PolicyConflict {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for PolicyConflict {}

#[track_caller]
#[inline]
const fn unless_in_conflict(policy: Result<CachePolicy, PolicyConflict>) -> CachePolicy {
    match policy {
        Ok(policy) => policy,
        Err(conflict) => panic!("{}", conflict.reason),
    }
}

impl From<CachePolicy> for CacheControl {
    #[inline]
    fn from(policy: CachePolicy) -> Self {
        let mut field = Self::new();
        field = match policy.storage {
            // G-08: only these constructors add `public`.
            Storage::Public => field.with_public(),
            Storage::Unmarked => field,
            Storage::Private => field.with_private(),
            Storage::Never if policy.flags.http10 => field.with_no_cache().with_no_store().with_must_revalidate(),
            Storage::Never => field.with_private().with_no_store(),
        };
        field = match policy.max_age {
            Some(seconds) => field.with_max_age(seconds.get()),
            None if policy.is_no_store() => field,
            None => field.with_no_cache(),
        };
        if let Some(seconds) = policy.edge {
            field = field.with_s_maxage(seconds.get());
        }
        if policy.flags.must_revalidate || policy.flags.edge_only {
            field = field.with_must_revalidate();
        }
        // C-27: the permission of `stale-while-revalidate` is limited to private caches then.
        if policy.flags.proxy_revalidate || policy.is_stale_in_browser_only() {
            field = field.with_proxy_revalidate();
        }
        if policy.flags.no_transform {
            field = field.with_no_transform();
        }
        if policy.is_immutable() {
            field = field.with_immutable();
        }
        if policy.is_stale_at_edge_only() {
            return field;
        }
        if let Some(seconds) = policy.stale_while_revalidate {
            field = field.with_stale_while_revalidate(seconds.get());
        }
        if let Some(seconds) = policy.stale_if_error {
            field = field.with_stale_if_error(seconds.get());
        }
        field
    }
}

/// Writes the value of `Cache-Control`.
impl fmt::Display for CachePolicy {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CacheControl::from(*self).fmt(f)
    }
}

impl fmt::Debug for CachePolicy {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CachePolicy({self}")?;
        if self.flags.http10 {
            f.write_str("; for HTTP/1.0")?;
        }
        if self.says_more_to_edges() {
            write!(f, "; at the edge: {}", self.at_the_edge())?;
        }
        for (index, name) in self.vary.iter().enumerate() {
            write!(f, "{} {name}", if index == 0 { "; vary:" } else { "," })?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn each_policy_renders_its_documented_value() {
        const IN_A_CONST: CachePolicy = CachePolicy::public(MINUTE).edge(HOUR).vary(&["accept-language"]);
        let table: &[(CachePolicy, &str)] = &[
            (CachePolicy::NO_STORE, "private, no-store"),
            (CachePolicy::NO_STORE, "private, no-store"),
            (CachePolicy::NO_STORE.with_http10_fields(), "no-cache, no-store, must-revalidate"),
            (CachePolicy::NO_STORE.no_transform(), "private, no-store, no-transform"), // G-17, C-29
            (CachePolicy::NO_CACHE, "no-cache"),
            (CachePolicy::PRIVATE_NO_CACHE, "private, no-cache"),
            (CachePolicy::IMMUTABLE, "public, max-age=31536000, immutable"),
            (CachePolicy::public(MINUTE), "public, max-age=60"),
            (CachePolicy::max_age(MINUTE * 2), "max-age=120"),
            (CachePolicy::private(MINUTE), "private, max-age=60"),
            (IN_A_CONST, "public, max-age=60, s-maxage=3600"),
            (
                CachePolicy::public(MINUTE).stale_while_revalidate(HOUR).stale_if_error(HOUR * 2),
                "public, max-age=60, stale-while-revalidate=3600, stale-if-error=7200",
            ),
            (CachePolicy::private(MINUTE).must_revalidate(), "private, max-age=60, must-revalidate"), // C-26
            (CachePolicy::public(MINUTE).proxy_revalidate(), "public, max-age=60, proxy-revalidate"),
            (
                CachePolicy::public(MINUTE).stale_while_revalidate(HOUR).stale_in_browser_only(),
                "public, max-age=60, proxy-revalidate, stale-while-revalidate=3600",
            ),
            (
                CachePolicy::max_age(MINUTE).stale_in_browser_only().stale_if_error(HOUR).edge(HOUR),
                "max-age=60, s-maxage=3600, proxy-revalidate, stale-if-error=3600",
            ),
            (
                CachePolicy::private(MINUTE).stale_while_revalidate(HOUR).stale_in_browser_only(),
                "private, max-age=60, stale-while-revalidate=3600",
            ),
            (CachePolicy::public(MINUTE).stale_in_browser_only(), "public, max-age=60"),
            (CachePolicy::public(Duration::ZERO), "public, max-age=0"),
            (CachePolicy::public(Duration::ZERO).immutable(), "public, max-age=0"),
            (CachePolicy::max_age(Duration::from_millis(1_999)), "max-age=1"),
            (CachePolicy::max_age(Duration::MAX), "max-age=31536000"),
            (CachePolicy::max_age(MINUTE).edge(Duration::MAX), "max-age=60, s-maxage=31536000"),
        ];
        for (policy, expected) in table {
            assert_eq!(policy.to_string(), *expected);
            // The HTTP/1.0 form contains redundant directives on purpose.
            let contradictions = usize::from(policy.is_for_http10());
            assert_eq!(CacheControl::from(*policy).contradictions().count(), contradictions, "C-35: {policy}");
        }
    }

    #[test]
    fn a_contradicting_modifier_panics_and_names_the_remedy() {
        let table: &[(fn() -> CachePolicy, &str)] = &[
            (|| CachePolicy::private(MINUTE).edge(HOUR), "start from public()"),
            (|| CachePolicy::NO_STORE.edge(HOUR), "start from public()"),
            (|| CachePolicy::NO_CACHE.edge(HOUR), "needs a policy with a lifetime"),
            (|| CachePolicy::NO_CACHE.immutable(), "needs a policy with a lifetime"),
            (|| CachePolicy::NO_STORE.immutable(), "needs a policy with a lifetime"),
            (|| CachePolicy::NO_STORE.must_revalidate(), "always revalidated"),
            (|| CachePolicy::NO_CACHE.stale_if_error(HOUR), "never served stale"),
            (|| CachePolicy::public(MINUTE).must_revalidate().stale_if_error(HOUR), "forbid"),
            (|| CachePolicy::public(MINUTE).stale_while_revalidate(HOUR).must_revalidate(), "forbid"),
            (|| CachePolicy::private(MINUTE).proxy_revalidate(), "use must_revalidate()"),
            (|| CachePolicy::public(MINUTE).with_http10_fields(), "start from NO_STORE"),
            (|| CachePolicy::NO_CACHE.stale_in_browser_only(), "never served stale"),
            (|| CachePolicy::edge_only(MINUTE).stale_in_browser_only(), "exclude browsers"),
            (|| CachePolicy::public(MINUTE).stale_at_edge_only().stale_in_browser_only(), "exclude browsers"),
            (|| CachePolicy::public(MINUTE).stale_in_browser_only().stale_at_edge_only(), "excludes edges"),
            (|| CachePolicy::NO_CACHE.vary(&["a b"]), "field names"),
            (|| CachePolicy::NO_CACHE.vary(&["*"]), "*"),
        ];
        for (build, message) in table {
            let panic = std::panic::catch_unwind(build).expect_err(message);
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap();
            assert!(text.contains(message), "{text:?} should contain {message:?}");
        }
    }

    #[test]
    fn fallible_modifiers_return_an_error_on_a_contradiction() {
        for policy in [CachePolicy::private(MINUTE), CachePolicy::NO_STORE, CachePolicy::NO_CACHE] {
            let error = policy.try_edge(HOUR).unwrap_err();
            assert!(error.to_string().contains("start from public()"), "{error}");
        }
        assert!(CachePolicy::edge_only(MINUTE).try_edge(HOUR).is_err());
        assert_eq!(CachePolicy::public(MINUTE).try_edge(HOUR), Ok(CachePolicy::public(MINUTE).edge(HOUR)));
        for policy in [CachePolicy::NO_CACHE, CachePolicy::public(MINUTE).must_revalidate()] {
            assert!(policy.try_stale_while_revalidate(HOUR).is_err() && policy.try_stale_if_error(HOUR).is_err());
        }
        assert!(CachePolicy::private(MINUTE).try_stale_if_error(HOUR).is_ok());

        type Modifier = fn(CachePolicy) -> Result<CachePolicy, PolicyConflict>;
        let (public, stale) = (CachePolicy::public(MINUTE), CachePolicy::public(MINUTE).stale_if_error(HOUR));
        let table: [(Modifier, CachePolicy, &[CachePolicy]); 4] = [
            (|it| it.try_must_revalidate(), public.must_revalidate(), &[CachePolicy::NO_CACHE, stale]),
            (
                |it| it.try_proxy_revalidate(),
                public.proxy_revalidate(),
                &[CachePolicy::NO_CACHE, stale, CachePolicy::private(MINUTE)],
            ),
            (|it| it.try_immutable(), public.immutable(), &[CachePolicy::NO_CACHE, CachePolicy::NO_STORE]),
            (
                |it| it.try_stale_at_edge_only(),
                public.stale_at_edge_only(),
                &[CachePolicy::private(MINUTE), CachePolicy::NO_CACHE, stale.stale_in_browser_only()],
            ),
        ];
        for (modifier, expected, contradicting) in table {
            assert_eq!(modifier(public), Ok(expected));
            for policy in contradicting {
                assert!(modifier(*policy).is_err(), "{policy}");
            }
        }
    }

    #[test]
    fn a_panic_of_a_modifier_names_the_line_of_its_caller() {
        use std::panic;
        use std::sync::{Arc, Mutex};

        let builders: [fn() -> CachePolicy; 11] = [
            || CachePolicy::private(MINUTE).edge(HOUR),
            || CachePolicy::NO_CACHE.stale_while_revalidate(HOUR),
            || CachePolicy::NO_CACHE.stale_if_error(HOUR),
            || CachePolicy::NO_CACHE.stale_at_edge_only(),
            || CachePolicy::NO_CACHE.stale_in_browser_only(),
            || CachePolicy::NO_CACHE.must_revalidate(),
            || CachePolicy::NO_CACHE.proxy_revalidate(),
            || CachePolicy::NO_CACHE.immutable(),
            || CachePolicy::public(MINUTE).with_http10_fields(),
            || CachePolicy::NO_CACHE.vary(&["*"]),
            || CachePolicy::NO_CACHE.vary(&["a"]).vary(&["b"]).vary(&["c"]).vary(&["d"]),
        ];
        let here = (line!() - 13)..line!();
        let thread = std::thread::current().id();
        let lines: Arc<Mutex<Vec<(String, u32)>>> = Arc::default();
        let (seen, before) = (Arc::clone(&lines), panic::take_hook());
        panic::set_hook(Box::new(move |panic| match panic.location() {
            Some(location) if std::thread::current().id() == thread => {
                seen.lock().unwrap().push((location.file().to_owned(), location.line()));
            }
            _ => before(panic),
        }));
        for build in builders {
            assert!(panic::catch_unwind(build).is_err());
        }
        drop(panic::take_hook());
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), builders.len());
        for (file, line) in &*lines {
            assert!(file.ends_with("cache_policy.rs") && here.contains(line), "{file}:{line}");
        }
    }
}
