use axum::response::IntoResponse;
use tower_cache_policy::policy::CachePolicy;

async fn page() -> impl IntoResponse {
    (CachePolicy::NO_STORE, "hello")
}

fn main() {
    let _ = page();
}
