use tower_cache_policy::{EdgeLayer, edge::EdgeProfile};

fn main() {
    let _ = EdgeLayer::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX]);
}
