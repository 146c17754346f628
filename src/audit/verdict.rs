//! [`Verdict`]: the behavior of one cache.

use super::after::AfterFreshness;
use super::key::CacheKey;
use super::lifetime::FreshnessLifetime;
use super::storage::Storage;
use crate::policy::CacheTags;
use crate::protocol::Age;

/// The cache that a [`Verdict`] is about.
///
/// Displays as a noun phrase:
///
/// ```
/// use tower_cache_policy::audit::CacheKind;
///
/// assert_eq!(CacheKind::Browser.to_string(), "a browser");
/// assert_eq!(CacheKind::SharedCache.to_string(), "a shared cache");
/// assert_eq!(CacheKind::Edge("fastly").to_string(), "the edge cache `fastly`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheKind {
    /// The private cache of a browser.
    Browser,
    /// A shared cache that follows [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html).
    SharedCache,
    /// The CDN or other edge cache whose [profile](crate::edge::EdgeProfile) has this name.
    Edge(&'static str),
}

/// The behavior of one cache: whether it stores the response, for how long it reuses it, and for which requests.
///
/// Displays as a paragraph of plain English, with a [`Rule`](super::Rule) after each statement. The accessors return
/// the same facts for assertions:
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, CacheKind};
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/account").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "private, max-age=30");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// assert_eq!(audit.browser().remaining_freshness(), Some(30));
/// assert_eq!(audit.shared().kind(), CacheKind::SharedCache);
/// assert!(!audit.shared().may_store());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(super) kind: CacheKind,
    pub(super) storage: Storage,
    pub(super) lifetime: FreshnessLifetime,
    pub(super) age: Age,
    pub(super) then: AfterFreshness,
    pub(super) key: CacheKey,
    pub(super) tags: CacheTags,
}

impl Verdict {
    /// Returns the cache that this verdict is about.
    #[must_use]
    pub const fn kind(&self) -> CacheKind {
        self.kind
    }

    /// Returns whether the cache may store the response, and the reason.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Returns whether the cache may store the response.
    #[must_use]
    pub const fn may_store(&self) -> bool {
        self.storage.may_store()
    }

    /// Returns the freshness lifetime, counted from the generation of the response, or `None` if the cache does not
    /// store the response.
    ///
    /// A part of the lifetime may have passed already. [`remaining_freshness`](Self::remaining_freshness) subtracts
    /// that part.
    #[must_use]
    pub const fn lifetime(&self) -> Option<&FreshnessLifetime> {
        if self.may_store() { Some(&self.lifetime) } else { None }
    }

    /// Returns how many seconds from now the cache may reuse the response without revalidation: the freshness
    /// lifetime minus the [age](Self::age).
    ///
    /// Returns zero if the cache does not store the response or no later request matches it. Returns `None` if an
    /// edge cache chooses a lifetime that is not known.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/logo.png").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let remaining = |cache_control: &str, age: &str| {
    ///     let response = Response::builder().header("cache-control", cache_control).header("age", age);
    ///     let (response, ()) = response.body(()).unwrap().into_parts();
    ///     CacheAudit::of(&request, &response, now).shared().remaining_freshness()
    /// };
    /// assert_eq!(remaining("max-age=60", "0"), Some(60));
    /// assert_eq!(remaining("max-age=60", "25"), Some(35));
    /// assert_eq!(remaining("max-age=60", "90"), Some(0));
    /// assert_eq!(remaining("private, max-age=60", "0"), Some(0));
    ///
    /// // Cloudflare stores images without a directive, for a time that depends on its configuration.
    /// let (response, ()) = Response::new(()).into_parts();
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::CLOUDFLARE);
    /// assert_eq!(audit.edge("cloudflare").unwrap().remaining_freshness(), None);
    /// ```
    #[must_use]
    pub fn remaining_freshness(&self) -> Option<u64> {
        if !self.may_store() || self.key.never_matches() {
            return Some(0);
        }
        self.lifetime.seconds().map(|seconds| seconds.saturating_sub(self.age.seconds()))
    }

    /// Returns the age of the response on arrival, calculated from `Age` and `Date`
    /// ([RFC 9111 section 4.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3)). It is zero for an edge cache
    /// that [ignores](crate::edge::EdgeBehavior::reads_age) both.
    #[must_use]
    pub const fn age(&self) -> Age {
        // A-06
        self.age
    }

    /// Returns the behavior once the response is stale, or `None` if the cache does not store the response.
    #[must_use]
    pub const fn after_expiry(&self) -> Option<&AfterFreshness> {
        if self.may_store() { Some(&self.then) } else { None }
    }

    /// Returns the key that a later request must match, or `None` if the cache does not store the response.
    #[must_use]
    pub const fn key(&self) -> Option<&CacheKey> {
        if self.may_store() { Some(&self.key) } else { None }
    }

    /// Returns the cache tags by which a purge removes the response from this cache. A browser cannot be purged, so
    /// its set is empty.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_cache_policy::audit::CacheAudit;
    /// # use tower_cache_policy::edge::EdgeProfile;
    /// # use tower_cache_policy::policy::CacheTag;
    /// # use tower_cache_policy::protocol::HttpDate;
    /// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
    /// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    /// let response = Response::builder().header("cache-control", "max-age=60").header("surrogate-key", "news post-7");
    /// let (response, ()) = response.body(()).unwrap().into_parts();
    ///
    /// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::FASTLY);
    /// let tags = audit.edge("fastly").unwrap().tags();
    /// assert_eq!(tags.iter().map(CacheTag::as_str).collect::<Vec<_>>(), ["news", "post-7"]);
    /// // `Surrogate-Key` belongs to Fastly. A standard cache reads `Cache-Groups`.
    /// assert!(audit.shared().tags().is_empty());
    /// ```
    #[must_use]
    pub const fn tags(&self) -> &CacheTags {
        &self.tags
    }
}
