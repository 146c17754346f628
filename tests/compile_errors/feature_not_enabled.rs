use tower_cache_policy::AssetsLayer;
use tower_cache_policy::axum_handler::PreconditionFailure;

fn main() {
    let _ = AssetsLayer::new(None::<PreconditionFailure>);
}
