use axum::{Router, routing::get};
use tower::util::option_layer;
use tower_cache_policy::{CachingLayer, policy::CachePolicy};

fn main() {
    let layer = option_layer(Some(CachingLayer::new(CachePolicy::NO_CACHE)));
    let _: Router = Router::new().route("/", get(async || "hello")).layer(layer);
}
