//! [`PurgeLayer`]: configuration only.

use tower_layer::Layer;

use super::service::PurgeService;

/// Purges what handlers name after a write, before their responses are sent. See the
/// [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct PurgeLayer<P> {
    purger: P,
    announce_groups: bool,
    enabled: bool,
}

impl<P> PurgeLayer<P> {
    /// Creates the layer with a purger: a service from a [`Purge`](crate::edge::purge::Purge) to
    /// anything. It is cloned for each request with an unsafe method, so a clone should be cheap, as
    /// that of an HTTP client is.
    pub const fn new(purger: P) -> Self {
        Self { purger, announce_groups: false, enabled: true }
    }

    /// Names the purged tags in the response to the write as well: in `Cache-Group-Invalidation`, for
    /// caches on its way that support `Cache-Groups` (RFC 9875). See [`TagFormat::CACHE_GROUPS`](crate::edge::TagFormat::CACHE_GROUPS).
    #[must_use]
    pub fn announce_groups(self) -> Self {
        // I-03.
        Self { announce_groups: true, ..self }
    }

    /// If `false`, the layer drops purges, for a service without a cache in front of it.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }
}

impl<S, P: Clone> Layer<S> for PurgeLayer<P> {
    type Service = PurgeService<S, P>;

    fn layer(&self, inner: S) -> PurgeService<S, P> {
        PurgeService::new(inner, self.purger.clone(), self.announce_groups, self.enabled)
    }
}
