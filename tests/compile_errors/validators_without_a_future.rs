use tower_cache_policy::{CachingLayer, policy::CachePolicy, protocol::Validators};

fn main() {
    let _ = CachingLayer::new(CachePolicy::NO_CACHE).validators(|_| Validators::version(7));
}
