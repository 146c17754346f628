use tower_cache_policy::{CachingLayer, policy::CachePolicy};

fn main() {
    let _ = CachingLayer::new(|request| request.uri.query().map(|_| CachePolicy::NO_STORE));
}
