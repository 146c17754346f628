//! [`SharedCacheLayer`]: the layer of a cache.

use tower_layer::Layer;

use super::future::Cache;
use super::service::SharedCacheService;

/// A layer that stores responses and uses them for later requests. [`SharedCache::layer`](super::SharedCache::layer)
/// creates it. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct SharedCacheLayer {
    cache: Cache,
}

impl SharedCacheLayer {
    pub(super) const fn new(cache: Cache) -> Self {
        Self { cache }
    }
}

impl<S> Layer<S> for SharedCacheLayer {
    type Service = SharedCacheService<S>;

    fn layer(&self, inner: S) -> SharedCacheService<S> {
        SharedCacheService::new(inner, self.cache.clone())
    }
}
