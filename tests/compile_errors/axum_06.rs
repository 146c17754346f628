use axum_06::{Router, routing::get};
use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};

fn main() {
    let app = Router::new().route("/", get(|| async { "hello" }));
    let _: Router = app.layer(CachePolicyLayer::new(CachePolicy::NO_CACHE));
}
