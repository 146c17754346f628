//! [`CachePolicy`]: how long an answer may be kept, and by whom.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::vary_names::VaryNames;
use crate::protocol::CacheControl;

/// How long an answer may be kept, and by whom.
///
/// Plain data: `Copy`, built by `const` functions, rendered when a layer is built.
/// Who may keep it is the constructor's name, so contradictions such as
/// `public, private` cannot be said; a modifier that contradicts its constructor
/// panics, and so does not compile in a `const`.
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
/// Every [`Duration`] is cut to whole seconds and clamped to [`CachePolicy::MAX_LIFETIME`].
/// The [module page](crate::policy) has an example.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CachePolicy {
    storage: Storage,
    /// Absent where every reuse is validated or nothing is stored.
    max_age: Option<Seconds>,
    edge: Option<Seconds>,
    stale_while_revalidate: Option<Seconds>,
    stale_if_error: Option<Seconds>,
    flags: Flags,
    vary: VaryNames,
}

/// Whole seconds, clamped. One more than they are, so that an `Option` of them needs no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seconds(NonZeroU32);

impl Seconds {
    const fn of(duration: Duration) -> Self {
        let longest = CachePolicy::MAX_LIFETIME.as_secs();
        let seconds = duration.as_secs();
        let clamped = if seconds > longest { longest } else { seconds };
        Self(NonZeroU32::MIN.saturating_add(clamped as u32))
    }

    const fn get(self) -> u32 {
        self.0.get() - 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Storage {
    /// Any cache, whatever the request carried: `public`.
    Public,
    /// Any cache that the standard lets: no word on it.
    Unmarked,
    /// The client's own cache only: `private`.
    Private,
    /// None: `no-store`.
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
    /// The longest lifetime a policy can state: one year, 31536000 seconds.
    ///
    /// Longer ones gain nothing and meet caches that clamp or overflow (C-04, C-35).
    pub const MAX_LIFETIME: Duration = Duration::from_secs(31_536_000);

    /// `private, no-store`: no cache stores the response.
    ///
    /// Some shared caches obey `private` and not `no-store`, so both are sent. Layers that write this policy also
    /// remove `Expires`, `Pragma` and the fields for edge caches.
    // G-07
    pub const NO_STORE: Self = Self::of(Storage::Never, None);

    /// `no-cache`: anybody may keep it, and asks the origin before each reuse (C-22).
    pub const NO_CACHE: Self = Self::of(Storage::Unmarked, None);

    /// `private, no-cache`: the client may keep it, and asks before each reuse. What a
    /// safe answer gets when nobody said anything (G-14).
    pub const PRIVATE_NO_CACHE: Self = Self::of(Storage::Private, None);

    /// `public, max-age=31536000, immutable`: for a URL that changes with its bytes,
    /// and for nothing else (B-01).
    pub const IMMUTABLE: Self = Self::public(Self::MAX_LIFETIME).immutable();

    /// `public, max-age=N`: any cache may keep it, even when the request carried
    /// `Authorization` (C-25), though the guard for that must be waived too (G-02).
    #[must_use]
    pub const fn public(max_age: Duration) -> Self {
        Self::of(Storage::Public, Some(Seconds::of(max_age)))
    }

    /// `max-age=N`: any cache may keep it that the standard lets, which leaves out
    /// shared caches when the request carried `Authorization` (S-04).
    #[must_use]
    pub const fn max_age(max_age: Duration) -> Self {
        Self::of(Storage::Unmarked, Some(Seconds::of(max_age)))
    }

    /// `private, max-age=N`: only the client's own cache may keep it (C-24).
    #[must_use]
    pub const fn private(max_age: Duration) -> Self {
        Self::of(Storage::Private, Some(Seconds::of(max_age)))
    }

    /// The edge may keep it for so long, and the browser may not (G-22): for pages that are
    /// purged when they change, since no purge reaches a browser.
    ///
    /// An [`EdgeLayer`](crate::EdgeLayer) whose edges have a field of their own writes the
    /// lifetime there, and `Cache-Control: no-store`. Without one, or at an edge that reads
    /// nothing but `Cache-Control`, it is `max-age=0, s-maxage=N, must-revalidate`: a browser may
    /// then keep it, and has to ask before each reuse.
    ///
    /// [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) are said in such a field only, as browsers
    /// obey them too.
    #[must_use]
    pub const fn edge_only(lifetime: Duration) -> Self {
        let mut policy = Self::of(Storage::Unmarked, Some(Seconds::of(Duration::ZERO)));
        policy.edge = Some(Seconds::of(lifetime));
        policy.flags.edge_only = true;
        policy.flags.stale_for = StaleFor::Edges;
        policy
    }

    /// `s-maxage=N`: another lifetime for shared caches (C-21).
    ///
    /// # Warning
    ///
    /// By the standard this also forbids shared caches to serve the answer stale
    /// (C-32), so a strict one ignores [`stale_while_revalidate`] beside it.
    ///
    /// # Panics
    ///
    /// On a policy that no shared cache may keep, or that is validated at each reuse. For a policy
    /// that is known only at run time, use [`try_edge`](CachePolicy::try_edge).
    ///
    /// [`stale_while_revalidate`]: CachePolicy::stale_while_revalidate
    #[must_use]
    #[track_caller]
    pub const fn edge(self, lifetime: Duration) -> Self {
        unless_in_conflict(self.try_edge(lifetime))
    }

    /// [`edge`](CachePolicy::edge) for a policy that is known only at run time.
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
    /// On a policy that no shared cache may store, or that is validated before each reuse.
    pub const fn try_edge(mut self, lifetime: Duration) -> Result<Self, PolicyConflict> {
        if !matches!(self.storage, Storage::Public | Storage::Unmarked) {
            return PolicyConflict::because(
                "edge() gives shared caches a lifetime, and this policy keeps them out: start from public() or max_age()",
            );
        }
        if self.flags.edge_only {
            return PolicyConflict::because("edge_only() has stated the lifetime for the edge already");
        }
        if self.max_age.is_none() {
            return PolicyConflict::because("edge() needs a policy with a lifetime: start from public() or max_age()");
        }
        self.edge = Some(Seconds::of(lifetime));
        Ok(self)
    }

    /// `stale-while-revalidate=N`: may be served for so long after it went stale, while
    /// a cache asks the origin in the background (C-31).
    ///
    /// # Panics
    ///
    /// On a policy without a lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate).
    /// For a policy that is known only at run time, use
    /// [`try_stale_while_revalidate`](CachePolicy::try_stale_while_revalidate).
    #[must_use]
    #[track_caller]
    pub const fn stale_while_revalidate(self, window: Duration) -> Self {
        unless_in_conflict(self.try_stale_while_revalidate(window))
    }

    /// [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) for a policy that is known
    /// only at run time.
    ///
    /// # Errors
    ///
    /// On a policy without a lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate).
    pub const fn try_stale_while_revalidate(mut self, window: Duration) -> Result<Self, PolicyConflict> {
        if let Some(reason) = self.never_goes_stale() {
            return PolicyConflict::because(reason);
        }
        self.stale_while_revalidate = Some(Seconds::of(window));
        Ok(self)
    }

    /// `stale-if-error=N`: may be served for so long after it went stale, when the
    /// origin fails (C-31).
    ///
    /// # Panics
    ///
    /// On a policy without a lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate).
    /// For a policy that is known only at run time, use
    /// [`try_stale_if_error`](CachePolicy::try_stale_if_error).
    #[must_use]
    #[track_caller]
    pub const fn stale_if_error(self, window: Duration) -> Self {
        unless_in_conflict(self.try_stale_if_error(window))
    }

    /// [`stale_if_error`](CachePolicy::stale_if_error) for a policy that is known only at run time.
    ///
    /// # Errors
    ///
    /// On a policy without a lifetime, or after [`must_revalidate`](CachePolicy::must_revalidate).
    pub const fn try_stale_if_error(mut self, window: Duration) -> Result<Self, PolicyConflict> {
        if let Some(reason) = self.never_goes_stale() {
            return PolicyConflict::because(reason);
        }
        self.stale_if_error = Some(Seconds::of(window));
        Ok(self)
    }

    /// Says [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) to edges only, in the field that an
    /// [`EdgeLayer`](crate::EdgeLayer) writes for those that have one of their own: in
    /// `Cache-Control` a browser would obey them too.
    ///
    /// # Panics
    ///
    /// On a policy that no shared cache may keep, or without a lifetime.
    #[must_use]
    #[track_caller]
    pub const fn stale_at_edge_only(mut self) -> Self {
        assert!(
            matches!(self.storage, Storage::Public | Storage::Unmarked) && self.max_age.is_some(),
            "stale_at_edge_only() is for edges, and this policy leaves them nothing: start from public() or max_age()"
        );
        assert!(
            !matches!(self.flags.stale_for, StaleFor::Browsers),
            "stale_in_browser_only() has ruled out edges: keep one of the two"
        );
        self.flags.stale_for = StaleFor::Edges;
        self
    }

    /// Limits [`stale_while_revalidate`](CachePolicy::stale_while_revalidate) and
    /// [`stale_if_error`](CachePolicy::stale_if_error) to browsers: `Cache-Control` has them together with
    /// `proxy-revalidate`, which forbids shared caches to serve a stale response.
    ///
    /// An [`EdgeLayer`](crate::EdgeLayer) writes the lifetime without them in the field of each edge that has one
    /// of its own. An edge that reads nothing but `Cache-Control` could obey them there, as some such edges ignore
    /// `proxy-revalidate`. If there is one in front, they are left out for browsers too.
    ///
    /// On a private policy this changes nothing.
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
    /// On a policy without a lifetime, or one whose stale responses are for edges only. For a policy that is known
    /// only at run time, use [`try_stale_in_browser_only`](CachePolicy::try_stale_in_browser_only).
    #[must_use]
    #[track_caller]
    pub const fn stale_in_browser_only(self) -> Self {
        unless_in_conflict(self.try_stale_in_browser_only())
    }

    /// [`stale_in_browser_only`](CachePolicy::stale_in_browser_only) for a policy that is known only at run time.
    ///
    /// # Errors
    ///
    /// On a policy without a lifetime, or one whose stale responses are for edges only.
    pub const fn try_stale_in_browser_only(mut self) -> Result<Self, PolicyConflict> {
        if self.max_age.is_none() {
            return PolicyConflict::because(
                "a policy without a lifetime is never served stale: start from public(), max_age() or private()",
            );
        }
        if self.is_stale_at_edge_only() {
            return PolicyConflict::because(
                "edge_only() and stale_at_edge_only() have ruled out browsers: leave stale_in_browser_only() out",
            );
        }
        self.flags.stale_for = StaleFor::Browsers;
        Ok(self)
    }

    /// `must-revalidate`: never to be served stale (C-26).
    ///
    /// # Warning
    ///
    /// By the standard this also lets shared caches keep answers to requests with
    /// `Authorization`. The guard for that (G-02) still makes them private.
    ///
    /// # Panics
    ///
    /// On a policy without a lifetime, which is validated at each reuse anyway, or one
    /// that may be served stale.
    #[must_use]
    #[track_caller]
    pub const fn must_revalidate(mut self) -> Self {
        self.assert_forbids_stale();
        self.flags.must_revalidate = true;
        self
    }

    /// `proxy-revalidate`: never to be served stale by a shared cache (C-27).
    ///
    /// # Panics
    ///
    /// As [`must_revalidate`](CachePolicy::must_revalidate), and on a private policy.
    #[must_use]
    #[track_caller]
    pub const fn proxy_revalidate(mut self) -> Self {
        self.assert_forbids_stale();
        assert!(
            !matches!(self.storage, Storage::Private),
            "proxy_revalidate() speaks to shared caches, and this policy keeps them out"
        );
        self.flags.proxy_revalidate = true;
        self
    }

    /// `no-transform`: intermediaries must not change the content, or compress it (C-29).
    ///
    /// `CachePolicy::NO_STORE.no_transform()` is the policy for secrets (G-17).
    #[must_use]
    pub const fn no_transform(mut self) -> Self {
        self.flags.no_transform = true;
        self
    }

    /// `immutable`: not even a reload revalidates it while it is fresh (C-30). Left out
    /// when the lifetime is zero, and on HTML (G-27).
    ///
    /// # Panics
    ///
    /// On a policy without a lifetime.
    #[must_use]
    #[track_caller]
    pub const fn immutable(mut self) -> Self {
        assert!(
            self.max_age.is_some(),
            "immutable() lasts as long as the lifetime, and this policy has none: start from public() or private()"
        );
        self.flags.immutable = true;
        self
    }

    /// Also says it in the words of HTTP/1.0: `Pragma: no-cache` and `Expires: 0`.
    ///
    /// [`NO_STORE`](CachePolicy::NO_STORE) then reads `no-cache, no-store,
    /// must-revalidate`, the form that people know.
    ///
    /// # Warning
    ///
    /// That form has no `private`, which some shared caches want to see beside
    /// `no-store` (G-07).
    ///
    /// # Panics
    ///
    /// On a policy with a lifetime, for which HTTP/1.0 has only a date.
    #[must_use]
    #[track_caller]
    pub const fn with_http10_fields(mut self) -> Self {
        assert!(
            self.max_age.is_none(),
            "with_http10_fields() says that nothing may be reused unasked: start from NO_STORE or NO_CACHE"
        );
        self.flags.http10 = true;
        self
    }

    /// Adds request fields on which the response depends to `Vary`.
    ///
    /// Further calls add further names. A policy takes new names from up to three calls, and each
    /// call takes any number of names.
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
    /// # Sign-in that is optional
    ///
    /// A shared cache may reuse a stored anonymous response for a request with `Authorization`
    /// or `Cookie`. If a route returns another page to visitors who have signed in, name the field
    /// that carries their session: `.vary(&["authorization"])` or `.vary(&["cookie"])`.
    ///
    /// This has a price. A shared cache then stores one copy for each value of the field. With
    /// `cookie` that is nearly one copy for each visitor, because analytics cookies differ too, and
    /// many CDNs do not cache such a response at all or ignore the name. Some caches also take
    /// `Vary: Authorization` as permission to store responses to requests with credentials.
    /// The guard [`Authorization`](super::Guard::Authorization) is not affected: it still makes
    /// responses to such requests private unless its risk is accepted.
    ///
    /// # Panics
    ///
    /// When a name is not a field name or is `*`, or when a fourth call adds a new name.
    #[must_use]
    #[track_caller]
    pub const fn vary(mut self, names: &'static [&'static str]) -> Self {
        // K-02. K-05 and G-23: `Authorization` is allowed for optional sign-in, and never added
        // by a layer itself.
        self.vary = self.vary.with(names);
        self
    }

    /// Whether no cache may keep it.
    #[must_use]
    pub const fn is_no_store(&self) -> bool {
        matches!(self.storage, Storage::Never)
    }

    /// Whether no shared cache may keep it.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        matches!(self.storage, Storage::Private | Storage::Never)
    }

    /// The request fields that it adds to `Vary`, each once.
    pub fn vary_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.vary.iter()
    }

    /// Whether the edge may keep it and the browser may not.
    #[must_use]
    pub const fn is_edge_only(&self) -> bool {
        self.flags.edge_only
    }

    /// Whether it lets some cache reuse a response without asking.
    pub(crate) const fn has_lifetime(&self) -> bool {
        matches!(self.max_age, Some(age) if age.get() > 0) || matches!(self.edge, Some(age) if age.get() > 0)
    }

    /// Whether an edge is told more in a field of its own than `Cache-Control` says.
    pub(crate) const fn says_more_to_edges(&self) -> bool {
        self.flags.edge_only || self.is_stale_at_edge_only() || self.is_stale_in_browser_only()
    }

    /// Whether edges may serve a stale response that browsers may not.
    const fn is_stale_at_edge_only(&self) -> bool {
        matches!(self.flags.stale_for, StaleFor::Edges)
    }

    /// Whether browsers may serve a stale response that edges may not.
    const fn is_stale_in_browser_only(&self) -> bool {
        matches!(self.flags.stale_for, StaleFor::Browsers)
            && !self.is_private()
            && (self.stale_while_revalidate.is_some() || self.stale_if_error.is_some())
    }

    /// What an edge is told in a field of its own.
    pub(crate) fn at_the_edge(mut self) -> CacheControl {
        self.flags.edge_only = false;
        if self.is_stale_in_browser_only() {
            (self.stale_while_revalidate, self.stale_if_error) = (None, None);
        }
        self.flags.stale_for = StaleFor::All;
        self.into()
    }

    /// Whether the HTTP/1.0 fields go with it.
    pub(crate) const fn is_for_http10(&self) -> bool {
        self.flags.http10
    }

    pub(crate) const fn is_immutable(&self) -> bool {
        self.flags.immutable && !matches!(self.max_age, Some(seconds) if seconds.get() == 0)
    }

    pub(crate) const fn without_immutable(mut self) -> Self {
        self.flags.immutable = false;
        self
    }

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

    /// Why the policy cannot be served stale, if it cannot.
    const fn never_goes_stale(&self) -> Option<&'static str> {
        if self.max_age.is_none() {
            return Some(
                "a policy without a lifetime is never served stale: start from public(), max_age() or private()",
            );
        }
        if self.flags.must_revalidate || self.flags.proxy_revalidate {
            return Some(
                "must_revalidate() and proxy_revalidate() forbid what stale_while_revalidate() and stale_if_error() allow",
            );
        }
        None
    }

    #[track_caller]
    const fn assert_forbids_stale(&self) {
        assert!(
            self.max_age.is_some(),
            "a policy without a lifetime is validated at each reuse already: start from public(), max_age() or private()"
        );
        assert!(
            self.stale_while_revalidate.is_none() && self.stale_if_error.is_none(),
            "must_revalidate() and proxy_revalidate() forbid what stale_while_revalidate() and stale_if_error() allow"
        );
    }
}

/// Why a modifier does not go with a policy. Its text names the policy to start from instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConflict {
    reason: &'static str,
}

impl PolicyConflict {
    const fn because<T: Copy>(reason: &'static str) -> Result<T, Self> {
        Err(Self { reason })
    }
}

impl fmt::Display for PolicyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for PolicyConflict {}

#[track_caller]
const fn unless_in_conflict(policy: Result<CachePolicy, PolicyConflict>) -> CachePolicy {
    match policy {
        Ok(policy) => policy,
        Err(conflict) => panic!("{}", conflict.reason),
    }
}

impl From<CachePolicy> for CacheControl {
    fn from(policy: CachePolicy) -> Self {
        let mut field = Self::new();
        field = match policy.storage {
            // G-08: nobody else adds it.
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
        // C-27: what `stale-while-revalidate` permits is then for private caches.
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

/// The value of `Cache-Control`.
impl fmt::Display for CachePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CacheControl::from(*self).fmt(f)
    }
}

impl fmt::Debug for CachePolicy {
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
    fn each_policy_says_exactly_this() {
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
            // The old form repeats itself, which is what it is for.
            let contradictions = usize::from(policy.is_for_http10());
            assert_eq!(CacheControl::from(*policy).contradictions().count(), contradictions, "C-35: {policy}");
        }
    }

    #[test]
    fn a_modifier_that_contradicts_the_constructor_panics_and_says_what_to_write() {
        let table: &[(fn() -> CachePolicy, &str)] = &[
            (|| CachePolicy::private(MINUTE).edge(HOUR), "start from public()"),
            (|| CachePolicy::NO_STORE.edge(HOUR), "start from public()"),
            (|| CachePolicy::NO_CACHE.edge(HOUR), "needs a policy with a lifetime"),
            (|| CachePolicy::NO_CACHE.immutable(), "this policy has none"),
            (|| CachePolicy::NO_STORE.immutable(), "this policy has none"),
            (|| CachePolicy::NO_STORE.must_revalidate(), "already"),
            (|| CachePolicy::NO_CACHE.stale_if_error(HOUR), "never served stale"),
            (|| CachePolicy::public(MINUTE).must_revalidate().stale_if_error(HOUR), "forbid"),
            (|| CachePolicy::public(MINUTE).stale_while_revalidate(HOUR).must_revalidate(), "forbid"),
            (|| CachePolicy::private(MINUTE).proxy_revalidate(), "keeps them out"),
            (|| CachePolicy::public(MINUTE).with_http10_fields(), "start from NO_STORE"),
            (|| CachePolicy::NO_CACHE.stale_in_browser_only(), "never served stale"),
            (|| CachePolicy::edge_only(MINUTE).stale_in_browser_only(), "ruled out browsers"),
            (|| CachePolicy::public(MINUTE).stale_at_edge_only().stale_in_browser_only(), "ruled out browsers"),
            (|| CachePolicy::public(MINUTE).stale_in_browser_only().stale_at_edge_only(), "ruled out edges"),
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
    fn a_conflict_is_an_error_where_the_policy_is_known_at_run_time_only() {
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
    }

    #[test]
    fn a_panic_of_a_builder_names_the_line_of_its_caller() {
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
