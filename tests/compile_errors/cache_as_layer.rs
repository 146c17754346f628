use axum::{Router, routing::get};
use tower_cache_policy::{SharedCache, store::MemoryStore};

fn main() {
    let cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
    let _: Router = Router::new().route("/", get(async || "hello")).layer(cache);
}
