use axum::{Router, routing::get};
use tower_cache_policy::policy::CachePolicy;

async fn page() -> (CachePolicy, &'static str) {
    (CachePolicy::NO_STORE, "hello")
}

fn main() {
    let _: Router = Router::new().route("/", get(page));
}
