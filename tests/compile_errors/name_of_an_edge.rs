use tower_cache_policy::EdgeLayer;

fn main() {
    let _ = EdgeLayer::new("cloudflare");
}
