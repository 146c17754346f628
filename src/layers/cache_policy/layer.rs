//! [`CachePolicyLayer`]: configuration only.

use std::sync::Arc;

#[cfg(feature = "routes")]
use http::request::Parts;
use http::{HeaderName, StatusCode};
use tower_layer::Layer;

use super::config::{Config, Place};
use super::service::CachePolicyService;
use crate::layers::Clock;
use crate::policy::{CachePolicy, IntoPolicySource, Precedence, Rendered, Risk, Rules};
use crate::protocol::{assert_vary_names, is_never_stored};

/// Decides and writes `Cache-Control` and `Vary`. See the [module docs](super) for an
/// example.
#[derive(Clone, Debug)]
pub struct CachePolicyLayer {
    config: Arc<Config>,
}

impl CachePolicyLayer {
    /// The layer for one policy, or for a closure from `&http::request::Parts` to a
    /// policy.
    pub fn new(source: impl IntoPolicySource) -> Self {
        Self {
            config: Arc::new(Config {
                source: source.into_policy_source(),
                rules: Rules::default(),
                clock: Clock::system(),
                record: false,
                explain: false,
                enabled: true,
                place: Place::Alone,
            }),
        }
    }

    /// Where handler and layer both speak, both count: of lifetimes the least, of what
    /// restricts all that either says, of what permits only what both say.
    /// [`CacheControl::tighten`](crate::protocol::CacheControl::tighten) tells it in full. `Vary`
    /// names and tags are united, as they always are.
    #[must_use]
    pub fn tighten(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::Tightest)
    }

    /// The layer's word goes before the handler's. `no-store` still stands, and
    /// guards go before both.
    #[must_use]
    pub fn overriding(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::Layer)
    }

    /// The layer's word goes before the handler's, even where that is `no-store`.
    ///
    /// # Warning
    ///
    /// Whoever wrote `no-store` had a reason. Where a route should be stored, change
    /// the route.
    #[must_use]
    pub fn overriding_even_no_store(self) -> Self {
        self.with(|config| config.rules.precedence = Precedence::LayerEvenOverNoStore)
    }

    /// A policy for one status of which no handler has spoken, such as a short
    /// lifetime for 404, or one for 301 or 204.
    ///
    /// # Panics
    ///
    /// For 428, 429, 431 and 511, which must not be stored (N-09).
    #[must_use]
    #[track_caller]
    pub fn for_status(self, status: StatusCode, policy: CachePolicy) -> Self {
        assert!(
            !is_never_stored(status),
            "an answer with status {} must not be stored (RFC 6585): leave it without a policy",
            status.as_u16()
        );
        self.with(|config| {
            // One resource, one `Vary`, whichever of its policies a response gets (K-02).
            config.rules.add_vary_names(policy.vary_names());
            config.rules.by_status.retain(|(other, _)| *other != status);
            config.rules.by_status.push((status, Rendered::new(policy)));
        })
    }

    /// The policy for safe answers that nobody gave one, in place of `private,
    /// no-cache` (G-14).
    #[must_use]
    pub fn default_policy(self, policy: CachePolicy) -> Self {
        self.with(|config| {
            config.rules.add_vary_names(policy.vary_names());
            config.rules.fallback = Rendered::new(policy);
        })
    }

    /// Adds request fields on which every response under this layer depends, whatever its
    /// policy, to `Vary`. Further calls add further names.
    ///
    /// # Panics
    ///
    /// When a name is not a field name or is `*`.
    #[must_use]
    #[track_caller]
    pub fn vary(self, names: &'static [&'static str]) -> Self {
        assert_vary_names(names);
        self.with(|config| config.rules.add_vary_names(names.iter().copied()))
    }

    /// Has a [table of routes](crate::policy::routes#which-path) match the path that `path` returns,
    /// in place of the one that it finds itself. For frameworks that keep the path that the client
    /// sent in an extension of their own. A source that is not a table does not call it.
    ///
    /// `None` means that the path is not known. The response then gets the policy that loosens none
    /// of the table: `private, no-cache`, or `private, no-store` if a policy of the table says so.
    /// With the feature `tracing`, the first such request of a layer causes a warning.
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
    pub fn original_path<F>(self, path: F) -> Self
    where
        F: for<'a> Fn(&'a Parts) -> Option<&'a str> + Send + Sync + 'static,
    {
        self.with(|config| config.source.read_path(Arc::new(path)))
    }

    /// Request fields that carry credentials, beside `Authorization` and
    /// `Proxy-Authorization` (G-02).
    #[must_use]
    pub fn credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|config| config.rules.credentials.extend(names))
    }

    /// Takes an answer for personal when its request carries a field that changes the answers
    /// of many frameworks and stands in no cache's key, such as `X-Forwarded-Host` (G-13).
    ///
    /// Off by default, because behind a proxy every request carries some of them. Switch it
    /// on where they come from peers that are not trusted.
    #[must_use]
    pub fn distrust_unkeyed_headers(self) -> Self {
        self.with(|config| config.rules.distrust_unkeyed = true)
    }

    /// Switches one guard off, for the routes under this layer.
    #[must_use]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// When `on`, every answer is `no-cache, no-store, must-revalidate` with `Pragma:
    /// no-cache` and `Expires: 0`, whatever policy and handler say.
    ///
    /// To be switched by an explicit argument of the program, never by the kind of
    /// its build: a debug build that is deployed must behave like any other.
    #[must_use]
    pub fn development(self, on: bool) -> Self {
        self.with(|config| config.rules.development = on)
    }

    /// Puts the [`Decision`](crate::policy::Decision) into the answer's extensions,
    /// for a log. Off by default: it allocates.
    ///
    /// A decision that a layer inside recorded stays, unless this layer changed it.
    #[must_use]
    pub fn record_decisions(self) -> Self {
        self.with(|config| config.record = true)
    }

    /// Adds a `Cache-Policy-Explain` field that tells which rule spoke, what the handler had
    /// said, and what a guard changed and why. Off by default (G-26): it is for developers,
    /// and tells strangers more than they need to know.
    ///
    /// ```text
    /// Cache-Policy-Explain: layer;rule="one policy";wrote="private, max-age=60";guards="G-01 Set-Cookie: private"
    /// ```
    ///
    /// What a layer inside explained stays, unless this layer changed it.
    #[must_use]
    pub fn explain(self, on: bool) -> Self {
        self.with(|config| config.explain = on)
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// When not, the layer does nothing at all.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    /// The innermost layer of a [`CachingLayer`](crate::CachingLayer).
    pub(crate) fn inner_half(self) -> Self {
        self.with(|config| config.place = Place::InCachingLayer)
    }

    /// The outermost one, which decides only about what the inner one did not see. What that one wrote is not
    /// overridden: of a 304 there is no content to see any more (N-01).
    pub(crate) fn outer_half(self, has_compression: bool) -> Self {
        self.with(|config| {
            config.rules.precedence = Precedence::Response;
            config.place = if has_compression { Place::AroundCompression } else { Place::AroundCachingLayer };
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S> Layer<S> for CachePolicyLayer {
    type Service = CachePolicyService<S>;

    fn layer(&self, inner: S) -> CachePolicyService<S> {
        CachePolicyService::new(inner, Arc::clone(&self.config))
    }
}
