//! The layers of the peers, created as in their documentation.

use std::time::Duration;

use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http_cache::{MokaCache, MokaManager};
use http_cache_tower::HttpCacheLayer;
use tower_cache_control::{CacheControl, CacheControlLayer};
use tower_cache_policy::SharedCache;
use tower_cache_policy::layers::shared_cache::SharedCacheLayer;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http_cache::prelude::InMemoryBackend;

pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
pub(crate) const PUBLIC: CachePolicy = CachePolicy::public(LIFETIME);

/// The cache of an application, which stores responses that an inner policy layer decided about.
pub(crate) fn shared_by_policy() -> SharedCacheLayer {
    SharedCache::by_policy(MemoryStore::new(64 << 20)).layer()
}

/// The cache of a gateway, which stores responses whose fields allow it.
pub(crate) fn shared_by_fields() -> SharedCacheLayer {
    SharedCache::by_fields(MemoryStore::new(64 << 20)).layer()
}

pub(crate) fn set_header() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
}

pub(crate) fn cache_control() -> CacheControlLayer {
    CacheControlLayer::new(CacheControl::new().with_public().with_max_age(LIFETIME))
}

pub(crate) fn http_cache() -> tower_http_cache::CacheLayer<InMemoryBackend> {
    tower_http_cache::CacheLayer::builder(InMemoryBackend::new(1_000)).ttl(LIFETIME).build()
}

pub(crate) fn cache_tower() -> HttpCacheLayer<MokaManager> {
    HttpCacheLayer::new(MokaManager::new(MokaCache::new(1_000)))
}
