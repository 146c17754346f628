use std::future::ready;

use axum_06::{Router, routing::get};
use tower_cache_policy::{ConditionalLayer, protocol::Validators};

fn main() {
    let app = Router::new().route("/", get(|| async { "hello" }));
    let _: Router = app.layer(ConditionalLayer::new().validators(|_| ready(Validators::version(7))));
}
