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
use super::event::{Observer, SharedCacheEvent};
use super::future::Cache;
use super::layer::SharedCacheLayer;
use super::second_level::{SecondLevel, Ticket};
use super::stats::SharedCacheStats;
use super::stored_url::StoredUrl;
use super::task::{BackgroundTask, Spawner};
use super::time_limit::Timer;
use crate::edge::CacheName;
use crate::edge::purge::{InvalidPurgeUrl, Purge};
use crate::layers::Clock;
#[cfg(feature = "config")]
use crate::policy::config::{QueryKeys, StoreConfig};
use crate::policy::{CacheTags, Development, Risk, Rules};
use crate::store::{KeyRules, MemoryStore, PurgeOf, RemoteFuture, UrlName, Usability};

/// A cache in the process, shared by all clients of a service. See the [module docs](super) for an example.
///
/// The handle creates the [layer](Self::layer), accepts [`Purge`]s and returns [statistics](Self::stats). Clones share
/// the stored responses. Set the options before you create the first layer: a change applies only to layers that are
/// created afterwards.
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

    /// Creates a cache with the settings of a [file](crate::policy::config#the-cache-in-the-process). They can be changed
    /// afterwards with the other methods.
    ///
    /// ```
    /// use tower_cache_policy::SharedCache;
    /// use tower_cache_policy::policy::config::PolicyConfig;
    ///
    /// let config = PolicyConfig::from_toml("store.memory = '64 MiB'")?;
    /// let cache = config.store().map(SharedCache::from_config).unwrap();
    /// // Five eighths of 64 MiB are for stored responses.
    /// assert_eq!(cache.stats().capacity, 40 << 20);
    /// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
    /// ```
    #[cfg(feature = "config")]
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    #[must_use]
    pub fn from_config(config: &StoreConfig) -> Self {
        let store = match config.max_object {
            Some(size) => MemoryStore::with_max_object(config.memory, usize::try_from(size).unwrap_or(usize::MAX)),
            None => MemoryStore::new(config.memory),
        };
        let mode = if config.is_by_fields { Mode::Fields } else { Mode::Policy };
        Self::new(mode, store).with(|own| {
            match config.query.clone() {
                QueryKeys::All => {}
                QueryKeys::Only(names) => own.keys.only_query(names),
                QueryKeys::Without(names) => own.keys.without_query(names),
            }
            if config.sorted_query {
                own.keys.sort_query();
            }
            if let Some(hosts) = config.hosts.clone() {
                own.keys.only_hosts(hosts);
            }
            own.rules.credentials.extend(config.credential_headers.iter().cloned());
            own.rules.distrust_unkeyed = config.distrust_unkeyed_headers;
            if let Some(fields) = config.targeted_fields.clone() {
                own.targeted = fields;
            }
            own.heuristics = config.heuristics;
            own.by_weight_of_language = config.language_by_weight;
            own.as_origin = config.as_origin;
            let name = config.name.as_deref().and_then(|name| CacheName::new(name).ok());
            own.name = name.or(own.name.take()).filter(|_| config.cache_status);
            for risk in &config.accepted_risks {
                own.rules.waived.insert(risk.guard());
            }
            own.enabled = config.enabled;
            own.coalesces = config.coalesce;
            own.wait = config.wait.unwrap_or(own.wait);
            own.finish_within = config.finish_within.unwrap_or(own.finish_within);
            own.stale_when_disconnected = config.stale_when_disconnected.map_or(0, |time| time.as_secs());
        })
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
            wait: Duration::from_secs(5),
            spawner: None,
            finish_within: Duration::from_secs(30),
            timer: None,
            observer: None,
            as_origin: false,
            second_level: None,
            enabled: true,
            development: false,
        };
        Self { config: Arc::new(config), core: Arc::new(Core::new(store)) }
    }

    /// Creates the layer of this cache.
    ///
    /// Each call returns a layer with its own keys, because the inner services may differ. To share stored responses
    /// between routes, put one layer on their router. Clones of a layer share their keys.
    ///
    /// A router that removes a prefix from the path, such as axum's `Router::nest`, hides the complete path from layers on
    /// nested routers. Put the layer outside that router, enable the feature `axum`, or create one layer for each
    /// nested router.
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
    /// response. A `*` at the end of a name matches any text.
    ///
    /// # Warning
    ///
    /// A parameter that changes the response and is not in the list lets one client choose the response that others
    /// get.
    #[must_use]
    pub fn query<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.with(|config| config.keys.only_query(names.into_iter().map(Into::into)))
    }

    /// Omits these parameters of the query, such as `utm_*`, from keys. A `*` at the end of a name matches any text.
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

    /// Passes a request through if it has a field that often changes responses and is not part of keys, such as
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
    /// With `stale-if-error`, a response can have its own, longer time for such errors. That directive also applies to
    /// responses with the status 500, 502, 503 and 504.
    // F-05
    #[must_use]
    pub fn stale_when_disconnected(self, time: Duration) -> Self {
        self.with(|config| config.stale_when_disconnected = time.as_secs())
    }

    /// Switches coalescing on or off. With coalescing, a request waits for another one for the same URL that is in
    /// progress. The default is `true`.
    #[must_use]
    pub fn coalesce(self, coalesces: bool) -> Self {
        self.with(|config| config.coalesces = coalesces)
    }

    /// Sets how long a request waits for another one, before it is passed to the inner service itself. No request waits
    /// for one that is older than this. The default is 5 seconds.
    ///
    /// A handler that hangs therefore does not make its URL unusable. Requests that already wait for it are released
    /// only if there is a [timer](Self::timer), or when a part of the body arrives. Without a timer, put a timeout on
    /// the inner service.
    #[must_use]
    pub fn wait(self, limit: Duration) -> Self {
        self.with(|config| config.wait = limit)
    }

    /// Sets a function whose future ends after the given time, such as the `sleep` of your runtime. It is used for the
    /// limits [`wait`](Self::wait) and [`finish_within`](Self::finish_within). By default, there is none.
    ///
    /// ```
    /// use tower_cache_policy::SharedCache;
    /// use tower_cache_policy::store::MemoryStore;
    ///
    /// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).timer(tokio::time::sleep);
    /// # let _ = cache;
    /// ```
    #[must_use]
    pub fn timer<F>(self, sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.with(|config| config.timer = Some(Timer::new(sleep)))
    }

    /// Sets a function that runs tasks in the background. By default, there is none.
    ///
    /// | Task | Without the function |
    /// |---|---|
    /// | a revalidation for `stale-while-revalidate` | one of the requests waits for it |
    /// | a request whose clients have all disconnected | nothing is stored, and the call of the inner service is dropped |
    ///
    /// At most 1024 tasks run at the same time. Further ones are treated as without the function.
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

    /// Sets the time after which a [background](Self::spawner) task ends without a stored response. The default is 30
    /// seconds.
    ///
    /// Without a [timer](Self::timer), a task whose inner service hangs does not end.
    #[must_use]
    pub fn finish_within(self, limit: Duration) -> Self {
        self.with(|config| config.finish_within = limit)
    }

    /// Adds a store that several processes share, behind the memory of each of them. Without one, or with `None`, each
    /// process has its own cache. See the [module docs](super#with-several-processes).
    ///
    /// The second level is started when the first layer is created, with the spawner of the [`SecondLevel`].
    #[must_use]
    pub fn second_level(self, second: impl Into<Option<SecondLevel>>) -> Self {
        self.with(|config| config.second_level = second.into())
    }

    /// Sets a function that is called with the [outcome](SharedCacheEvent) of each request, for example to count hits by
    /// route. Without an observer, no events are created.
    ///
    /// The function is called when the outcome is known. For a response that may be stored, that is when its body has
    /// ended. It must not block. The feature `tracing` records the same events at the level DEBUG.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_cache_policy::store::MemoryStore;
    /// use tower_cache_policy::{CachePolicyLayer, SharedCache, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let (sender, events) = mpsc::channel();
    /// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).observer(move |event| {
    ///     let reason = event.not_stored().map_or("", |reason| reason.as_str());
    ///     _ = sender.send(format!("{} {} {reason}", event.path().unwrap_or_default(), event.outcome()));
    /// });
    /// let handler = service_fn(async |_: Request<Full<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::from("a page for one user")))
    /// });
    /// let service = cache.layer().layer(CachePolicyLayer::new(CachePolicy::PRIVATE_NO_CACHE).layer(handler));
    /// let request = Request::get("/me?tab=1").body(Full::default()).unwrap();
    /// service.oneshot(request).await.unwrap();
    /// assert_eq!(events.recv().unwrap(), "/me miss (uri-miss) forbidden");
    /// # });
    /// ```
    #[must_use]
    pub fn observer(self, observe: impl Fn(&SharedCacheEvent<'_>) + Send + Sync + 'static) -> Self {
        self.with(|config| config.observer = Some(Observer::new(observe)))
    }

    /// Sends responses from the cache as if they had just been generated: without `Age`, and with the current time as
    /// `Date`. The default is to send the true age.
    ///
    /// If a policy gives shared caches a longer lifetime than browsers, a browser otherwise gets responses that are
    /// already stale, and revalidates them immediately. With this option, a browser may use a response for its own
    /// lifetime in addition to the time that the response has been in the cache. Other shared caches in front do the
    /// same.
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

    /// Removes the stored responses that the purge names immediately. Responses that are still in progress are not
    /// stored.
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

    /// Returns the statistics of the cache since it was created.
    #[must_use]
    pub fn stats(&self) -> SharedCacheStats {
        let store = &self.core.store;
        SharedCacheStats {
            under_way: u64::try_from(self.core.flights.len()).unwrap_or(u64::MAX),
            urls: u64::try_from(store.len()).unwrap_or(u64::MAX),
            bytes: store.weight(),
            second_level: self.core.second_level().map(|second| second.stats()),
            capacity: store.capacity_for_responses(),
            ..self.core.stats.read()
        }
    }

    /// Returns the URLs whose stored responses use the most memory, the largest first. Purged responses are omitted.
    ///
    /// The call iterates over all stored responses, so use it only for development and for rare checks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::{Request, Response};
    /// use http_body_util::{BodyExt, Full};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_cache_policy::store::MemoryStore;
    /// use tower_cache_policy::{CachePolicyLayer, SharedCache, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    /// let handler = service_fn(async |_: Request<Full<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::from("news")))
    /// });
    /// let policy = CachePolicy::public(Duration::from_secs(60));
    /// let service = cache.layer().layer(CachePolicyLayer::new(policy).layer(handler));
    ///
    /// let request = Request::get("/news").header("host", "example.com").body(Full::default()).unwrap();
    /// service.oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    ///
    /// let largest = &cache.largest(10)[0];
    /// assert_eq!((largest.host.as_str(), largest.target.as_str()), ("example.com", "/news"));
    /// assert_eq!((largest.variants, largest.ttl), (1, 60));
    /// # });
    /// ```
    #[must_use]
    pub fn largest(&self, limit: usize) -> Vec<StoredUrl> {
        let Core { store, purges, .. } = &*self.core;
        let now = self.config.clock.now();
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let found = store.largest(limit, |key, record| record.moment_is_current(key, purges));
        let described = found.into_iter().filter_map(|(key, records, bytes)| {
            let last = records.last()?;
            let url = key.url();
            Some(StoredUrl {
                host: url.host(),
                target: url.target(),
                variants: records.len(),
                bytes,
                status: last.head().status,
                age: last.age(now),
                ttl: match last.usability(&key, now, purges) {
                    Usability::Fresh(ttl) => seconds(ttl),
                    Usability::Stale { staleness, .. } => -seconds(staleness),
                    Usability::Purged => return None,
                },
                tags: last.head().tags.clone(),
            })
        });
        described.collect()
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
/// Without a [second level](SharedCache::second_level), it is ready immediately.
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishFuture").finish_non_exhaustive()
    }
}

/// Applies purges immediately, so that a [`PurgeLayer`](crate::PurgeLayer) can use the cache as its purger. With a
/// [second level](SharedCache::second_level), the future waits until the purge is published.
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCache").field("store", &self.core.store).finish_non_exhaustive()
    }
}

#[cfg(feature = "config")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::config::PolicyConfig;

    /// The settings as text, without the random seed of the keys.
    fn settings(cache: &SharedCache) -> String {
        let all = format!("{:?}", cache.config);
        let (before, after) = all.split_once("seed: ").expect("the keys have a seed");
        before.to_owned() + after.trim_start_matches(|c: char| c.is_ascii_digit())
    }

    #[test]
    fn each_key_of_a_file_has_the_effect_of_the_method_of_the_same_name() {
        const HOUR: Duration = Duration::from_secs(3_600);
        type Change = fn(SharedCache) -> SharedCache;
        let table: &[(&str, Change)] = &[
            ("", |cache| cache),
            ("mode = 'by_policy'", |cache| cache),
            ("mode = 'by_fields'", |_| SharedCache::by_fields(MemoryStore::new(0))),
            ("mode = 'by_fields'\nheuristics = true", |_| SharedCache::by_fields(MemoryStore::new(0)).heuristics(true)),
            ("mode = 'by_fields'\ntargeted_fields = ['My-Cc']", |_| {
                SharedCache::by_fields(MemoryStore::new(0)).targeted_fields([HeaderName::from_static("my-cc")])
            }),
            ("query = ['a', 'b']", |cache| cache.query(["a", "b"])),
            ("ignore_query = ['utm_*']", |cache| cache.ignore_query(["utm_*"])),
            ("sorted_query = true", SharedCache::sorted_query),
            ("hosts = ['a.example', '[::1]:80']", |cache| cache.hosts(["a.example", "[::1]:80"])),
            ("credential_headers = ['x-key']", |cache| cache.credential_headers([HeaderName::from_static("x-key")])),
            ("distrust_unkeyed_headers = true", SharedCache::distrust_unkeyed_headers),
            ("language_by_weight = true", |cache| cache.language_by_weight(true)),
            ("as_origin = true", SharedCache::as_origin),
            ("cache_status = true", |cache| cache),
            ("cache_status = false", SharedCache::without_cache_status),
            ("coalesce = true", |cache| cache),
            ("coalesce = false", |cache| cache.coalesce(false)),
            ("wait = '1h'", |cache| cache.wait(HOUR)),
            ("finish_within = '1h'", |cache| cache.finish_within(HOUR)),
            ("stale_when_disconnected = '1h'", |cache| cache.stale_when_disconnected(HOUR)),
        ];
        let plain = settings(&SharedCache::by_policy(MemoryStore::new(0)));
        for (keys, change) in table {
            let config = PolicyConfig::from_toml(&format!("[store]\nmemory = '1 MiB'\n{keys}")).unwrap();
            let from_file = settings(&SharedCache::from_config(config.store().unwrap()));
            assert_eq!(from_file, settings(&change(SharedCache::by_policy(MemoryStore::new(0)))), "{keys}");
            let is_default = matches!(*keys, "" | "mode = 'by_policy'" | "cache_status = true" | "coalesce = true");
            assert_eq!(from_file == plain, is_default, "{keys}");
        }
        for (keys, max_object) in [("max_object = '100 KiB'", 100 << 10), ("", 64 << 10)] {
            let config = PolicyConfig::from_toml(&format!("[store]\nmemory = '1 MiB'\n{keys}")).unwrap();
            let cache = SharedCache::from_config(config.store().unwrap());
            let store = &cache.core.store;
            assert_eq!((store.capacity(), store.max_object()), (1 << 20, max_object), "{keys}");
        }
    }
}
