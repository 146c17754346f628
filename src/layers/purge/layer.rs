//! [`PurgeLayer`]: the builder of the layer.

use tower_layer::Layer;

use super::service::PurgeService;
use crate::policy::Development;

/// A layer that runs the purges in the responses of handlers, before these responses are sent. See the
/// [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct PurgeLayer<P> {
    purger: P,
    announce_groups: bool,
    enabled: bool,
    development: bool,
}

impl<P> PurgeLayer<P> {
    /// Creates a layer with a purger: a service for [`Purge`](crate::edge::purge::Purge) requests, with any response.
    ///
    /// The layer clones the purger for each request with an unsafe method, so cloning should be as cheap as for an HTTP
    /// client.
    pub const fn new(purger: P) -> Self {
        Self { purger, announce_groups: false, enabled: true, development: false }
    }

    /// Also sends the purged tags to the client, in `Cache-Group-Invalidation` ([RFC 9875 section
    /// 3](https://www.rfc-editor.org/rfc/rfc9875#section-3)). Caches between the service and the client that support
    /// `Cache-Groups` then invalidate their stored responses. See
    /// [`TagFormat::CACHE_GROUPS`](crate::edge::TagFormat::CACHE_GROUPS). By default, the field is not sent.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_cache_policy::PurgeLayer;
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// # tokio_test::block_on(async {
    /// let purger = service_fn(async |_: Purge| Ok::<_, Infallible>(()));
    /// let service = PurgeLayer::new(purger).announce_groups().layer(service_fn(async |_: Request<()>| {
    ///     let mut response = Response::new(());
    ///     Purge::tags([CacheTag::from_static("article-7")]).add_to(response.extensions_mut());
    ///     Ok::<_, Infallible>(response)
    /// }));
    /// let response = service.oneshot(Request::put("/articles/7").body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.headers()["cache-group-invalidation"], "\"article-7\"");
    /// # });
    /// ```
    #[must_use]
    pub fn announce_groups(self) -> Self {
        // I-03.
        Self { announce_groups: true, ..self }
    }

    /// Drops all purges if the [switch](Development) is on, so that a program under development does not purge a deployed
    /// CDN.
    #[must_use]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        Self { development: switch.into().is_on(), ..self }
    }

    /// Enables or disables the purger. If `false`, the layer drops all purges, for a service without a cache in front.
    /// The default is `true`.
    ///
    /// Handlers then do not need their own condition:
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use tower::service_fn;
    /// use tower_cache_policy::PurgeLayer;
    /// use tower_cache_policy::edge::purge::Purge;
    ///
    /// let purger = service_fn(async |_: Purge| Ok::<_, Infallible>(()));
    /// let layer = PurgeLayer::new(purger).enabled(std::env::var_os("CDN_TOKEN").is_some());
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }
}

impl<S, P: Clone> Layer<S> for PurgeLayer<P> {
    type Service = PurgeService<S, P>;

    fn layer(&self, inner: S) -> PurgeService<S, P> {
        PurgeService::new(inner, self.purger.clone(), self.announce_groups, self.enabled && !self.development)
    }
}
