//! A cache in the process.

mod baton;
mod body;
mod cache;
mod config;
mod exchange;
mod flight;
mod flights;
mod future;
mod invalidate;
mod layer;
mod plan;
mod reply;
mod service;
mod stats;
mod tee;
mod waiters;

pub use self::body::SharedCacheBody;
pub use self::cache::SharedCache;
pub use self::future::ResponseFuture;
pub use self::layer::SharedCacheLayer;
pub use self::service::SharedCacheService;
pub use self::stats::SharedCacheStats;
