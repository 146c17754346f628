use tower_cache_policy::{CachePolicyLayer, policy::CachePolicy};

fn main() {
    let _ = CachePolicyLayer::new(|_| CachePolicy::NO_STORE);
}
