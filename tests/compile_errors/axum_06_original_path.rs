use axum_06::{Router, routing::get};

fn main() {
    let app = Router::new().route("/", get(|| async { "hello" }));
    let _: Router = app.layer(tower_cache_policy::layers::OriginalPathLayer::new());
}
