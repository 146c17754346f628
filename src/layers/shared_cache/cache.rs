//! [`SharedCache`]: the handle of a cache.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderName, Uri};
use tower_service::Service;

use super::config::{Config, Core, Mode};
use super::future::Cache;
use super::layer::SharedCacheLayer;
use super::second_level::{SecondLevel, Ticket};
use super::stats::SharedCacheStats;
use super::task::{BackgroundTask, Spawner};
use crate::edge::CacheName;
use crate::edge::purge::{InvalidPurgeUrl, Purge};
use crate::layers::Clock;
use crate::policy::{CacheTags, Development, Risk, Rules};
use crate::store::{KeyRules, MemoryStore, PurgeOf, RemoteFuture, UrlName};

/// A cache in the process, shared by all clients of a service. See the [module docs](super) for an example.
///
/// The handle makes the [layer](Self::layer), takes [`Purge`]s and returns [numbers](Self::stats). Clones share the
/// stored responses. Set the options before the first layer is made: a change applies only to layers that are made
/// afterwards.
#[derive(Clone)]
pub struct SharedCache {
    config: Arc<Config>,
    core: Arc<Core>,
}

impl SharedCache {
    /// Creates a cache for an application. It stores only responses that an inner
    /// [`CachePolicyLayer`](crate::CachePolicyLayer) or [`CachingLayer`](crate::CachingLayer) decided about, and only
    /// if their policy lets shared caches store them.
    ///
    /// A handler's own `Cache-Control` is sufficient if it has `public` or `s-maxage`. A lifetime that comes only from
    /// the handler's `max-age` is meant for browsers.
    #[must_use]
    pub fn by_policy(store: MemoryStore) -> Self {
        Self::new(Mode::Policy, store)
    }

    /// Creates a cache for a gateway. It stores the responses that their fields allow
    /// ([RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html)), and decides by `CDN-Cache-Control` if a response has
    /// it ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213.html)).
    ///
    /// It is stricter than the standard: responses with `Set-Cookie`, and to requests with `Authorization`, are never
    /// stored. A response to a request with `Cookie` is stored only if it has `public`, `s-maxage` or a targeted field.
    /// Heuristic freshness is [off](Self::heuristics).
    #[must_use]
    pub fn by_fields(store: MemoryStore) -> Self {
        Self::new(Mode::Fields, store)
    }

    fn new(mode: Mode, store: MemoryStore) -> Self {
        let mut rules = Rules::default();
        rules.heeds_accepted = true;
        let config = Config {
            mode,
            keys: KeyRules::with_seed(store.seed()),
            rules,
            clock: Clock::system(),
            name: CacheName::new("tower-cache-policy").ok(),
            targeted: vec![HeaderName::from_static("cdn-cache-control")],
            heuristics: false,
            by_weight_of_language: false,
            stale_when_disconnected: 0,
            coalesces: true,
            wait: 5,
            spawner: None,
            as_origin: false,
            second_level: None,
            enabled: true,
            development: false,
        };
        Self { config: Arc::new(config), core: Arc::new(Core::new(store)) }
    }

    /// Creates the layer of this cache.
    ///
    /// Each call returns a layer with keys of its own, because the inner services may differ. To share stored responses
    /// between routes, put one layer on their router. Clones of a layer share their keys.
    ///
    /// A router that removes a prefix from the path, such as axum's `Router::nest`, hides the complete path from layers on
    /// nested routers. Put the layer outside of it, enable the feature `axum`, or make one layer for each nested router.
    #[must_use]
    pub fn layer(&self) -> SharedCacheLayer {
        self.core.start(&self.config);
        let space = self.core.layers.fetch_add(1, Ordering::Relaxed);
        SharedCacheLayer::new(Cache { config: Arc::clone(&self.config), core: Arc::clone(&self.core), space })
    }

    /// Sets the name in `Cache-Status`. The default is `tower-cache-policy`.
    // H-03
    #[must_use]
    pub fn name(self, name: CacheName) -> Self {
        self.with(|config| config.name = Some(name))
    }

    /// Does not send `Cache-Status`.
    #[must_use]
    pub fn without_cache_status(self) -> Self {
        self.with(|config| config.name = None)
    }

    /// Uses only these parameters of the query in keys. Requests that differ in other parameters get the same stored
    /// response. A `*` at the end of a name stands for any text.
    ///
    /// # Warning
    ///
    /// A parameter that changes the response and is not in the list lets one client choose the response that others
    /// get.
    #[must_use]
    pub fn query<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.with(|config| config.keys.only_query(names.into_iter().map(Into::into)))
    }

    /// Leaves these parameters of the query out of keys, such as `utm_*`. A `*` at the end of a name stands for any
    /// text.
    ///
    /// # Warning
    ///
    /// A parameter in the list that changes the response lets one client choose the response that others get.
    #[must_use]
    pub fn ignore_query<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.with(|config| config.keys.without_query(names.into_iter().map(Into::into)))
    }

    /// Ignores the order of parameters with different names in the query.
    #[must_use]
    pub fn sorted_query(self) -> Self {
        self.with(|config| config.keys.sort_query())
    }

    /// Stores responses for these hosts only, each with its port if it is not the default one. Other requests are
    /// passed through.
    ///
    /// A client chooses the `Host` of its request, and can fill the cache with responses for hosts that do not exist.
    #[must_use]
    pub fn hosts<N: Into<String>>(self, hosts: impl IntoIterator<Item = N>) -> Self {
        self.with(|config| config.keys.only_hosts(hosts.into_iter().map(Into::into)))
    }

    /// Adds names of request fields that contain credentials, in addition to `Authorization` and `Proxy-Authorization`.
    /// Requests with such a field are passed through, and their responses are not stored.
    // G-02
    #[must_use]
    pub fn credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|config| config.rules.credentials.extend(names))
    }

    /// Passes requests through that have a field which often changes responses and is not part of keys, such as
    /// `X-Forwarded-Host`. Use it if the handlers read such fields and no proxy in front of the service sets them.
    // G-13
    #[must_use]
    pub fn distrust_unkeyed_headers(self) -> Self {
        self.with(|config| config.rules.distrust_unkeyed = true)
    }

    /// Sets the targeted fields that take precedence over `Cache-Control` in a cache [by fields](Self::by_fields), in
    /// this order. The default is `CDN-Cache-Control`.
    // T-05
    #[must_use]
    pub fn targeted_fields(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|config| config.targeted = names.into_iter().collect())
    }

    /// Allows heuristic freshness in a cache [by fields](Self::by_fields): a tenth of the time since `Last-Modified`,
    /// for responses without a lifetime. The default is `false`.
    // G-14
    #[must_use]
    pub fn heuristics(self, allowed: bool) -> Self {
        self.with(|config| config.heuristics = allowed)
    }

    /// Accepts a risk in a cache [by fields](Self::by_fields): switches the guard against it off. These two risks have an
    /// effect:
    ///
    /// - [`Risk::SetCookieReplayedToOthers`]: responses with `Set-Cookie` are stored.
    /// - [`Risk::AuthorizedResponseServedToOthers`]: requests with `Authorization` are looked up, and their responses are
    ///   stored if [RFC 9111 section 3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5) allows it.
    #[must_use]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// States that the service chooses a language only by the weights in `Accept-Language`, and not by the order of the
    /// languages. Clients with the same preferences then get the same stored response. The default is `false`.
    ///
    /// Many services prefer the language that comes first, although the standard gives the order no meaning.
    #[must_use]
    pub fn language_by_weight(self, by_weight: bool) -> Self {
        self.with(|config| config.by_weight_of_language = by_weight)
    }

    /// Sets how long after its expiry a stored response may be used if the inner service returns an error instead of a
    /// response. A response whose directives forbid stale use is never used. The default is zero.
    ///
    /// A response can have a longer time of its own for such errors, `stale-if-error`. That applies to responses with
    /// the status 500, 502, 503 and 504 too.
    // F-05
    #[must_use]
    pub fn stale_when_disconnected(self, time: Duration) -> Self {
        self.with(|config| config.stale_when_disconnected = time.as_secs())
    }

    /// Switches coalescing on or off: whether a request waits for another one for the same URL that is under way. The
    /// default is `true`.
    #[must_use]
    pub fn coalesce(self, coalesces: bool) -> Self {
        self.with(|config| config.coalesces = coalesces)
    }

    /// Sets the age of a request from which on no further request waits for it. The default is 5 seconds.
    ///
    /// A handler that hangs therefore does not make its URL unusable. Requests that already wait for it are not
    /// released, so put a timeout on the inner service.
    #[must_use]
    pub fn wait(self, limit: Duration) -> Self {
        self.with(|config| config.wait = limit.as_secs())
    }

    /// Sets a function that runs revalidations in the background, for `stale-while-revalidate`. Without it, one of the
    /// requests waits for the revalidation.
    ///
    /// ```
    /// use tower_cache_policy::SharedCache;
    /// use tower_cache_policy::store::MemoryStore;
    ///
    /// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).spawner(|task| {
    ///     tokio::spawn(task);
    /// });
    /// # let _ = cache;
    /// ```
    #[must_use]
    pub fn spawner(self, spawn: impl Fn(BackgroundTask) + Send + Sync + 'static) -> Self {
        self.with(|config| config.spawner = Some(Spawner::new(spawn)))
    }

    /// Adds a store that several processes share, behind the memory of each of them. Without one, as with `None`, each
    /// process has a cache of its own. See the [module docs](super#with-several-processes).
    ///
    /// It is started, with the spawner of the [`SecondLevel`], when the first layer is made.
    #[must_use]
    pub fn second_level(self, second: impl Into<Option<SecondLevel>>) -> Self {
        self.with(|config| config.second_level = second.into())
    }

    /// Sends responses from the cache as if they had just been made: without `Age`, and with the current time as `Date`.
    /// The default is to send the true age.
    ///
    /// If a policy gives shared caches a longer lifetime than browsers, a browser otherwise gets responses that are
    /// already stale, and revalidates them at once. With this option, a browser may use a response for its own lifetime
    /// in addition to the time that the response has been in the cache. Other shared caches in front do the same.
    // T-09
    #[must_use]
    pub fn as_origin(self) -> Self {
        self.with(|config| config.as_origin = true)
    }

    /// Replaces the clock, for example in tests. The default is the system clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// Sets the [development switch](crate::layers#development). If it is on, requests and responses pass through
    /// unchanged, and nothing is stored.
    #[must_use]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        self.with(|config| config.development = switch.into().is_on())
    }

    /// Switches the layer on or off. If `false`, it passes requests and responses through unchanged. The default is
    /// `true`.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    /// Removes the stored responses that the purge names, at once. Responses that are still under way are not stored.
    ///
    /// A [soft](Purge::soft) purge makes them stale. With a [second level](Self::second_level), the purge is published
    /// to other processes in the background. To wait for that, call the cache as a service.
    pub fn purge(&self, purge: &Purge) {
        self.apply_purge(purge);
    }

    /// Removes the stored responses of all URLs that start with this one.
    ///
    /// # Errors
    ///
    /// Like [`Purge::url`].
    pub fn purge_prefix(&self, url: impl fmt::Display) -> Result<(), InvalidPurgeUrl> {
        let prefix = Purge::url(url)?;
        let prefixes: Vec<UrlName> = prefix.urls().iter().filter_map(|url| self.name_of(url)).collect();
        self.apply(&CacheTags::new(), &[], &prefixes, false, false);
        Ok(())
    }

    /// Returns the numbers of the cache since it was created.
    #[must_use]
    pub fn stats(&self) -> SharedCacheStats {
        let store = &self.core.store;
        SharedCacheStats {
            under_way: u64::try_from(self.core.flights.len()).unwrap_or(u64::MAX),
            urls: u64::try_from(store.len()).unwrap_or(u64::MAX),
            bytes: store.weight(),
            second_level: self.core.second_level().map(|second| second.stats()),
            ..self.core.stats.read()
        }
    }

    fn apply_purge(&self, purge: &Purge) -> Option<Ticket> {
        let urls: Vec<UrlName> = purge.urls().iter().filter_map(|url| self.name_of(url)).collect();
        self.apply(purge.cache_tags(), &urls, &[], purge.is_everything(), purge.is_soft())
    }

    fn apply(
        &self,
        tags: &CacheTags,
        urls: &[UrlName],
        prefixes: &[UrlName],
        everything: bool,
        is_soft: bool,
    ) -> Option<Ticket> {
        self.core.start(&self.config);
        let soft = is_soft.then(|| self.config.clock.now());
        self.core.purge(PurgeOf { tags, urls, prefixes, everything, soft })
    }

    fn name_of(&self, url: &Uri) -> Option<UrlName> {
        Some(self.config.keys.url(url.authority()?.as_str(), url.path_and_query()?))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

/// Waits until a purge has been published to other processes, or for the limit of an operation.
///
/// Without a [second level](SharedCache::second_level), it is ready at once.
pub struct PublishFuture(Option<RemoteFuture<()>>);

impl Future for PublishFuture {
    type Output = Result<(), Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(publication) = &mut self.0 {
            ready!(publication.as_mut().poll(cx));
            self.0 = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for PublishFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishFuture").finish_non_exhaustive()
    }
}

/// Applies purges at once, so that a [`PurgeLayer`](crate::PurgeLayer) can use the cache as its purger. With a [second
/// level](SharedCache::second_level), the future waits until the purge is published.
impl Service<Purge> for SharedCache {
    type Response = ();
    type Error = Infallible;
    type Future = PublishFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, purge: Purge) -> Self::Future {
        let ticket = self.apply_purge(&purge);
        PublishFuture(self.core.second_level().zip(ticket).and_then(|(second, ticket)| second.published(ticket)))
    }
}

impl fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCache").field("store", &self.core.store).finish_non_exhaustive()
    }
}
