use tower_cache_policy::CachingLayer;

fn main() {
    let _ = CachingLayer::new("no-store");
}
