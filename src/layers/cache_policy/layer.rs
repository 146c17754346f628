//! [`CachePolicyLayer`]: configuration only.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, StatusCode};
use tower_layer::Layer;

use super::config::{Config, Position, Source};
use super::service::CachePolicyService;
use super::step::{InnerPolicy, OuterPolicy};
use crate::layers::Clock;
use crate::policy::{
    CachePolicy, Chooser, Development, IntoPolicySource, PolicySource, Precedence, Rendered, Risk, Rules,
};
use crate::protocol::{NoVarySearch, assert_vary_names, is_never_stored};

/// Sets `Cache-Control` and `Vary`. See the [module docs](super) for an example.
///
/// # Precedence
///
/// By default, a policy or a `Cache-Control` field from the handler takes precedence over the policy of this layer.
/// [`tighten`](Self::tighten), [`override_handler`](Self::override_handler) and
/// [`override_handler_no_store`](Self::override_handler_no_store) change that. The last call wins. Guards, such as the
/// one for `Set-Cookie`, take precedence over both.
#[derive(Clone, Debug)]
pub struct CachePolicyLayer {
    config: Arc<Config>,
    chooser: Option<Arc<Chooser>>,
}

impl CachePolicyLayer {
    /// Creates a layer from one policy or a table of routes. A closure that chooses by the request is for
    /// [`from_fn`](Self::from_fn).
    pub fn new(source: impl IntoPolicySource) -> Self {
        let (policy, chooser) = source.into_policy_source().into_parts();
        let mut config = Config {
            policy,
            rules: Rules::default(),
            clock: Clock::system(),
            record: false,
            explain: false,
            panics_on_handler_fields: false,
            no_vary_search: None,
            enabled: true,
            position: Position::Standalone,
            is_plain: false,
        };
        config.settle();
        Self { config: Arc::new(config), chooser }
    }

    /// Creates a layer from a closure that chooses the policy by the request. The closure returns a [`CachePolicy`], or
    /// an `Option` of one: with `None`, the handler's own `Cache-Control` applies, or else the default of
    /// the layer, even if an outer layer has a policy.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// let layer = CachePolicyLayer::from_fn(|request| match request.uri.query() {
    ///     Some(_) => CachePolicy::NO_STORE,
    ///     None => CachePolicy::public(Duration::from_secs(60)),
    /// });
    /// # let _ = layer;
    /// ```
    ///
    /// To choose by the path, call [`original_path`](crate::policy::original_path): see
    /// [Policies by path](super#policies-by-path).
    pub fn from_fn<F, P>(choose: F) -> Self
    where
        F: Fn(&Parts) -> P + Send + Sync + 'static,
        P: Into<Option<CachePolicy>>,
    {
        Self::new(PolicySource::from_fn(choose))
    }

    /// Merges the handler's `Cache-Control` with the layer's: the shorter lifetime wins, restrictions are combined, and
    /// a permission stays only if both grant it.
    ///
    /// [`CacheControl::tighten`](crate::protocol::CacheControl::tighten) lists the rule for each directive. As in every
    /// mode, the names in `Vary` and the cache tags of both are combined.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// // No response of this service may be stored for more than a minute.
    /// let limit = CachePolicy::public(Duration::from_secs(60));
    /// for (handler, cache_control) in [
    ///     ("max-age=3600, must-revalidate", "max-age=60, must-revalidate"),
    ///     ("private, max-age=10", "private, max-age=10"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(CachePolicyLayer::new(limit).tighten()).service_fn(
    ///         move |_: Request<()>| async move {
    ///             Ok::<_, Infallible>(Response::builder().header("cache-control", handler).body(()).unwrap())
    ///         },
    ///     );
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn tighten(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::Tightest)
    }

    /// Gives the layer's policy precedence over the handler's.
    ///
    /// A `no-store` from the handler still applies, and so do guards.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let ten_minutes = CachePolicy::public(Duration::from_secs(600));
    /// for (handler, cache_control) in [
    ///     // A third-party service sends this for each page.
    ///     ("max-age=0", "public, max-age=600"),
    ///     ("no-store", "no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(CachePolicyLayer::new(ten_minutes).override_handler()).service_fn(
    ///         move |_: Request<()>| async move {
    ///             Ok::<_, Infallible>(Response::builder().header("cache-control", handler).body(()).unwrap())
    ///         },
    ///     );
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn override_handler(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::Layer)
    }

    /// Gives the layer's policy precedence over the handler's, even if the handler sends `no-store`.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// // A framework sends `no-store` for the public feed too.
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(600))).override_handler_no_store();
    /// let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
    ///     Ok::<_, Infallible>(Response::builder().header("cache-control", "no-store").body(()).unwrap())
    /// });
    /// let response = service.oneshot(Request::get("/feed").body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "public, max-age=600");
    /// # });
    /// ```
    ///
    /// # Warning
    ///
    /// A handler usually sends `no-store` because the response is confidential. If you can change the handler, remove
    /// its `no-store` instead.
    #[must_use]
    #[inline]
    pub fn override_handler_no_store(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::LayerEvenOverNoStore)
    }

    /// Sets the policy for responses with this status, unless the handler sets one.
    ///
    /// By default, error responses get `private, no-store`. Use this method for a short lifetime of a 404, or to allow
    /// caches to store a 301. A later call for the same status replaces the earlier one.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .for_status(StatusCode::NOT_FOUND, CachePolicy::public(Duration::from_secs(10)));
    /// for (status, cache_control) in [
    ///     (StatusCode::OK, "public, max-age=300"),
    ///     (StatusCode::NOT_FOUND, "public, max-age=10"),
    ///     (StatusCode::GONE, "private, no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(layer.clone()).service_fn(move |_: Request<()>| async move {
    ///         Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
    ///     });
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `status` is 428, 429, 431 or 511, because caches must not store these responses
    /// ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585.html)).
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn for_status(self, status: StatusCode, policy: CachePolicy) -> Self {
        // N-09
        assert!(
            !is_never_stored(status),
            "a response with status {} must not be stored (RFC 6585); remove its policy",
            status.as_u16()
        );
        self.with(|config| {
            // K-02: all responses of a resource need the same `Vary`, whichever policy they get.
            config.rules.add_vary_names(policy.vary_names());
            config.rules.by_status.retain(|(other, _)| *other != status);
            config.rules.by_status.push((status, Rendered::new(policy)));
        })
    }

    /// Sets the policy for successful responses to safe requests that get no policy from the handler or from the source
    /// of this layer. The default is `private, no-cache`.
    ///
    /// It also applies to redirects and to statuses such as 201 and 204, but not to errors:
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60)))
    ///     .default_policy(CachePolicy::NO_CACHE);
    /// for (status, cache_control) in [
    ///     (StatusCode::OK, "public, max-age=60"),
    ///     (StatusCode::FOUND, "no-cache"),
    ///     (StatusCode::NOT_FOUND, "private, no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(layer.clone()).service_fn(move |_: Request<()>| async move {
    ///         Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
    ///     });
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn default_policy(self, policy: CachePolicy) -> Self {
        self.with(|config| {
            // G-14
            config.rules.add_vary_names(policy.vary_names());
            config.rules.fallback = Rendered::new(policy);
        })
    }

    /// Adds these request field names to the `Vary` of every response, regardless of its policy. Later calls add more
    /// names.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// // All pages exist in several languages. The handler adds another name.
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300))).vary(&["accept-language"]);
    /// let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
    ///     Ok::<_, Infallible>(Response::builder().header("vary", "accept").body(()).unwrap())
    /// });
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// assert_eq!(response.headers()["vary"], "accept, accept-language");
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a name is `*` or is not a valid field name.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn vary(self, names: &'static [&'static str]) -> Self {
        assert_vary_names(names);
        self.with(|config| config.rules.add_vary_names(names.iter().copied()))
    }

    /// Adds `No-Vary-Search` to every GET and HEAD response that a cache may store, unless the handler has set the field.
    ///
    /// All responses of a URL should have the same value, so this is a setting of the layer and not of a policy. See
    /// [`NoVarySearch`] for the parameters that must not be listed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy, protocol::NoVarySearch};
    ///
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .no_vary_search(NoVarySearch::params(&["utm_source", "utm_medium", "utm_campaign"]));
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[inline]
    pub fn no_vary_search(self, value: NoVarySearch) -> Self {
        // E-01
        self.with(|config| config.no_vary_search = Some(value))
    }

    /// Sets the function that returns the path for a [table of routes](crate::policy::routes#which-path).
    ///
    /// Use it for a framework that stores the client's path in its own request extension. The table matches the
    /// returned path instead of the path that it finds itself. Other policy sources ignore the function.
    ///
    /// `None` means that the path is unknown. The response then gets a policy that is at least as strict as every
    /// policy in the table: `private, no-store` if one of them has `no-store`, and `private, no-cache` otherwise.
    /// With the feature `tracing`, the first such request of a layer logs a warning.
    ///
    /// ```
    /// use http::Uri;
    /// use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// #[derive(Clone)]
    /// struct UriAsSent(Uri); // An extension of the framework
    ///
    /// let routes = RoutePolicies::builder().route("/account/{*rest}", CachePolicy::NO_STORE).build()?;
    /// let layer = CachePolicyLayer::new(routes)
    ///     .original_path(|request| request.extensions.get::<UriAsSent>().map(|uri| uri.0.path()));
    /// # let _ = layer;
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    #[cfg(feature = "routes")]
    #[cfg_attr(docsrs, doc(cfg(feature = "routes")))]
    #[must_use]
    #[inline]
    pub fn original_path<F>(mut self, path: F) -> Self
    where
        F: for<'a> Fn(&'a Parts) -> Option<&'a str> + Send + Sync + 'static,
    {
        if let Some(chooser) = &mut self.chooser {
            Arc::make_mut(chooser).read_path(Arc::new(path));
        }
        self
    }

    /// Adds request fields that contain credentials, in addition to `Authorization` and `Proxy-Authorization`.
    ///
    /// A guard makes responses to requests with such a field private.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{HeaderName, Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .credential_headers([HeaderName::from_static("x-api-key")]);
    /// let service =
    ///     ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    ///
    /// let request = Request::get("/").header("x-api-key", "secret").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "private, max-age=300");
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        // G-02
        self.with(|config| config.rules.credentials.extend(names))
    }

    /// Makes a response private if its request has a field, such as `X-Forwarded-Host`, that often changes responses
    /// but is not part of any cache key.
    ///
    /// This protects against cache poisoning: an attacker sends such a field, and a shared cache then serves the
    /// changed response to other clients. It is off by default, because behind a proxy all requests have some of
    /// these fields. Turn it on if untrusted clients can send them to the service.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300))).distrust_unkeyed_headers();
    /// let service =
    ///     ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    ///
    /// let attack = Request::get("/").header("x-forwarded-host", "attacker.example").body(()).unwrap();
    /// let response = service.clone().oneshot(attack).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "private, max-age=300");
    ///
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn distrust_unkeyed_headers(self) -> Self {
        // G-13
        self.with(|config| config.rules.distrust_unkeyed = true)
    }

    /// Turns one guard off for the inner routes. [`Risk`] lists the guards and the risk of each.
    ///
    /// [`Risk`] has an example. To keep the guard for all other routes, put the layer on the route whose responses are
    /// safe.
    #[must_use]
    #[inline]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// Disables caching for all responses if the [switch](Development) is on, regardless of the policy and the handler.
    ///
    /// Responses then have `Cache-Control: no-cache, no-store, must-revalidate`, `Pragma: no-cache` and `Expires: 0`. The
    /// inner service does not get `If-None-Match` and `If-Modified-Since` of a GET, so it sends the complete response.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::{CachePolicy, Development};
    ///
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .development(Development::from_env("SHOP_DEVELOPMENT")?);
    /// # let _ = layer;
    /// # Ok::<(), tower_cache_policy::policy::InvalidDevelopment>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        self.with(|config| config.rules.development = switch.into().is_on())
    }

    /// Adds the [`Decision`](crate::policy::Decision) to the response extensions, for example for a log.
    ///
    /// This is off by default because it allocates. A decision that an inner layer recorded stays, unless this layer
    /// changes the result.
    ///
    /// [`Decision`](crate::policy::Decision) has an example.
    #[must_use]
    #[inline]
    pub fn record_decisions(self) -> Self {
        self.with(|config| config.record = true)
    }

    /// If `on`, adds a `Cache-Policy-Explain` field to each response.
    ///
    /// The field starts with the source of the decision and its rule. `inner` is the `Cache-Control` of the inner
    /// service, if it set one, and `sent` is the final value. `guards` lists the guards that changed the result:
    ///
    /// ```text
    /// Cache-Policy-Explain: layer;rule="one policy";sent="private, max-age=60";guards="G-01 Set-Cookie: private"
    /// ```
    ///
    /// The field is meant for developers. It is off by default, because it reveals internal configuration to clients. A
    /// field from an inner layer stays, unless this layer changes the result.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))).tighten().explain(true);
    /// let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
    ///     Ok::<_, Infallible>(Response::builder().header("cache-control", "max-age=600").body(()).unwrap())
    /// });
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// let explanation = response.headers()["cache-policy-explain"].to_str().unwrap();
    /// assert!(explanation.starts_with("tightened;rule=\"one policy\";"), "{explanation}");
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn explain(self, on: bool) -> Self {
        // G-26
        self.with(|config| config.explain = on)
    }

    /// If `on`, panics when the inner service has set a cache field itself: `Cache-Control`, `Expires`, `Pragma`, or a
    /// field for edge caches.
    ///
    /// Use it in an application whose handlers return a [`CachePolicy`] and never write these fields. Every test that
    /// sends a request then also tests this rule. Set it from a setting of the tests or from `cfg!(debug_assertions)`,
    /// and leave it off in production. Responses of an inner layer of this crate do not panic.
    ///
    /// ```should_panic
    /// use std::convert::Infallible;
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(CachePolicyLayer::new(CachePolicy::NO_CACHE).panic_on_handler_fields(true))
    ///     .service_fn(async |_: Request<()>| {
    ///         Ok::<_, Infallible>(Response::builder().header("cache-control", "max-age=60").body(()).unwrap())
    ///     });
    /// let response = service.oneshot(Request::new(())).await; // Panics and names the path and the field.
    /// # let _ = response;
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// The layer does not panic. The future of the response does, if `on`.
    #[must_use]
    #[inline]
    pub fn panic_on_handler_fields(self, on: bool) -> Self {
        self.with(|config| config.panics_on_handler_fields = on)
    }

    /// Reads the time from this clock. The default is the system clock.
    #[must_use]
    #[inline]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    #[must_use]
    #[inline]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    /// Makes this layer the innermost one of a [`CachingLayer`](crate::CachingLayer).
    #[inline]
    pub(crate) fn inner_half(self) -> Self {
        self.with(|config| config.position = Position::Innermost)
    }

    /// Returns the policy of the innermost layer, as a step of another service.
    pub(crate) fn inner_step(&self) -> InnerPolicy {
        InnerPolicy(self.source())
    }

    /// Returns the policy of the outermost layer, as a step of another service.
    pub(crate) fn outer_step(&self) -> OuterPolicy {
        OuterPolicy(self.source())
    }

    /// Makes this layer the outermost one of a [`CachingLayer`](crate::CachingLayer). It sets only
    /// the policy of responses that the inner one did not see. It does not override the fields of the inner one,
    /// because a 304 no longer shows the content that the inner one has seen.
    #[inline]
    pub(crate) fn outer_half(self, has_compression: bool) -> Self {
        // N-01
        self.with(|config| {
            config.rules.precedence = Precedence::Response;
            config.position = if has_compression { Position::OutermostWithCompression } else { Position::Outermost };
        })
    }

    fn source(&self) -> Source {
        Source::new(&self.config, self.chooser.as_ref())
    }

    #[inline]
    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let config = Arc::make_mut(&mut self.config);
        change(config);
        config.settle();
        self
    }
}

impl<S> Layer<S> for CachePolicyLayer {
    type Service = CachePolicyService<S>;

    fn layer(&self, inner: S) -> CachePolicyService<S> {
        CachePolicyService::new(inner, self.source())
    }
}
