use tower_cache_policy::EdgeLayer;
use tower_cache_policy::edge::{EdgeProfile, Edges};

fn main() {
    let _ = EdgeLayer::new(Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX]));
}
