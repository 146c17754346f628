use axum::{Router, routing::get};
use tower_cache_policy::policy::CachePolicy;

fn main() {
    let _: Router = Router::new().route("/", get(async || ("hello", CachePolicy::NO_STORE)));
}
