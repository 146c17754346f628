use axum::{Router, routing::get};
use tower_cache_policy::{ConditionalLayer, protocol::Validators};

fn main() {
    let layer = ConditionalLayer::new().validators(async |_| Validators::version(7));
    let _: Router = Router::new().route("/", get(async || "hello")).layer(layer);
}
