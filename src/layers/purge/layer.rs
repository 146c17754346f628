//! [`PurgeLayer`]: configuration only.

use tower_layer::Layer;

use super::service::PurgeService;

/// Purges what handlers of writes ask for, before their answers go on. See the
/// [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct PurgeLayer<P> {
    purger: P,
    announce_groups: bool,
    enabled: bool,
}

impl<P> PurgeLayer<P> {
    /// The layer for a service from a [`Purge`](crate::edge::purge::Purge) to anything. It is cloned
    /// for each request with an unsafe method, so a clone should cost little, as that of a client
    /// does.
    pub const fn new(purger: P) -> Self {
        Self { purger, announce_groups: false, enabled: true }
    }

    /// Says in the answer to the write, too, which tags are to be purged: in
    /// `Cache-Group-Invalidation`, for caches that it passes and that know `Cache-Groups`
    /// (RFC 9875, I-03). See [`TagFormat::CACHE_GROUPS`](crate::edge::TagFormat::CACHE_GROUPS).
    #[must_use]
    pub fn announce_groups(self) -> Self {
        Self { announce_groups: true, ..self }
    }

    /// When not, as in front of no cache, the layer drops what is to be purged.
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
