//! [`EdgeLayer`]: the builder of the layer.

use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::config::Config;
use super::service::EdgeService;
use crate::edge::{IntoEdges, TagOverflow, UnsupportedTag};
use crate::layers::Clock;
use crate::policy::{CachePolicy, CacheTag, Development, Rendered, Risk, Rules};

/// A layer that writes the fields that the CDNs and caches in front of a service read. See the [module docs](super) for
/// an example.
#[derive(Clone, Debug)]
pub struct EdgeLayer {
    config: Arc<Config>,
}

impl EdgeLayer {
    /// Creates a layer for one edge, given as an [`EdgeProfile`](crate::edge::EdgeProfile), or for several, given as
    /// [`Edges`](crate::edge::Edges).
    pub fn new(edges: impl IntoEdges) -> Self {
        let edges = edges.into_edges();
        // Guards treat the fields of custom profiles like the well-known ones.
        let mut rules = Rules::default();
        rules.edge_names = edges.own_names();
        rules.heeds_accepted = true;
        Self {
            config: Arc::new(Config {
                edges,
                overflow: TagOverflow::default(),
                rules,
                clock: Clock::system(),
                record: false,
                enabled: true,
            }),
        }
    }

    /// Sets the treatment of a response with a tag that an edge does not accept, or with more tags than it reads. By
    /// default, such a response becomes private.
    ///
    /// [`TagOverflow`] has an example.
    ///
    /// # Panics
    ///
    /// If an edge does not accept the tag of [`TagOverflow::Coarser`]. For a tag that is known only at run time, use
    /// [`try_on_overflow`](Self::try_on_overflow).
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn on_overflow(self, overflow: TagOverflow) -> Self {
        match self.try_on_overflow(overflow) {
            Ok(layer) => layer,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`on_overflow`](Self::on_overflow), for a tag that is known only at run time.
    ///
    /// ```
    /// use tower_cache_policy::EdgeLayer;
    /// use tower_cache_policy::edge::{EdgeProfile, TagOverflow};
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let tag = CacheTag::new("tenant:3").unwrap();
    /// let error = EdgeLayer::new(EdgeProfile::AKAMAI).try_on_overflow(TagOverflow::Coarser(tag)).unwrap_err();
    /// assert_eq!(error.edge(), "akamai");
    /// ```
    ///
    /// # Errors
    ///
    /// If an edge does not accept the tag of [`TagOverflow::Coarser`].
    #[inline]
    pub fn try_on_overflow(self, overflow: TagOverflow) -> Result<Self, UnsupportedTag> {
        let layer = match &overflow {
            TagOverflow::Coarser(tag) => self.check_tags([tag])?,
            TagOverflow::NotStored => self,
        };
        Ok(layer.with(|config| config.overflow = overflow))
    }

    /// Checks that the edges accept these tags. Pass the tags that are constants, such as those of a table of routes.
    ///
    /// Without this check, a mistake in a tag shows only at run time, when responses with this tag become private.
    ///
    /// ```
    /// use tower_cache_policy::EdgeLayer;
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// const SERDE: CacheTag = CacheTag::from_static("crate:serde");
    ///
    /// assert!(EdgeLayer::new(EdgeProfile::CLOUDFLARE).check_tags([&SERDE]).is_ok());
    ///
    /// let error = EdgeLayer::new(EdgeProfile::AKAMAI).check_tags([&SERDE]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the edge `akamai` cannot carry the tag \"crate:serde\" in `edge-cache-tag`, which contains ':': use 1 to 128 \
    ///      characters of A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// If an edge does not accept a tag. The error names the edge and the first such tag.
    #[inline]
    pub fn check_tags<'a>(self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Result<Self, UnsupportedTag> {
        self.config.edges.check_tags(tags).map(|()| self)
    }

    /// Sets the policy for a successful response to GET or HEAD without a policy and without `Cache-Control`. The
    /// default is [`PRIVATE_NO_CACHE`](CachePolicy::PRIVATE_NO_CACHE).
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::EdgeLayer;
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CachePolicy;
    ///
    /// # tokio_test::block_on(async {
    /// let minute = CachePolicy::public(Duration::from_secs(60));
    /// for (layer, cache_control) in [
    ///     (EdgeLayer::new(EdgeProfile::FASTLY), "private, no-cache"),
    ///     (EdgeLayer::new(EdgeProfile::FASTLY).default_policy(minute), "public, max-age=60"),
    /// ] {
    ///     let service =
    ///         ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    // G-14, F-04
    #[must_use]
    #[inline]
    pub fn default_policy(self, policy: CachePolicy) -> Self {
        self.with(|config| config.rules.fallback = Rendered::new(policy))
    }

    /// Adds names of request fields that contain credentials, in addition to `Authorization` and `Proxy-Authorization`.
    /// Responses to requests with such a field become private.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{HeaderName, Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(EdgeLayer::new(EdgeProfile::VARNISH).credential_headers([HeaderName::from_static("x-api-key")]))
    ///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    /// let request = Request::get("/").header("x-api-key", "secret").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// assert_eq!(response.headers()["cache-control"], "private, max-age=60");
    /// # });
    /// ```
    // G-02
    #[must_use]
    #[inline]
    pub fn credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|config| config.rules.credentials.extend(names))
    }

    /// Accepts a risk: switches the guard against it off, for all responses.
    ///
    /// A risk that an inner [`CachePolicyLayer`](crate::CachePolicyLayer) accepted applies here too, unless the
    /// response has changed since, for example by another cookie.
    #[must_use]
    #[inline]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// Puts a `Vec` of [`EdgeDiagnostic`](crate::edge::EdgeDiagnostic)s into the extensions of each response in which
    /// the layer finds a problem.
    ///
    /// [`EdgeDiagnostic`](crate::edge::EdgeDiagnostic) has an example.
    #[must_use]
    #[inline]
    pub fn record_diagnostics(self) -> Self {
        self.with(|config| config.record = true)
    }

    /// Replaces the clock, for example in tests. The default is the system clock.
    #[must_use]
    #[inline]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// Prevents all caches from storing any response if the [switch](Development) is on: see
    /// [`CachePolicyLayer::development`](crate::CachePolicyLayer::development).
    ///
    /// Fields that permit a CDN to store the response are removed, and cache tags are not sent. If a CDN
    /// obeys only its own field, it gets a `no-store` in that field.
    #[must_use]
    #[inline]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        self.with(|config| config.rules.development = switch.into().is_on())
    }

    /// Switches the layer on or off. If `false`, it passes requests and responses through unchanged. The default is
    /// `true`.
    ///
    /// Switch it off if no cache is in front, for example in a test environment. Handlers can then still return
    /// tags, which are not sent.
    #[must_use]
    #[inline]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    #[inline]
    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService::new(inner, Config::shared(&self.config))
    }
}
