use std::future::ready;

use http::request::Parts;
use tower_cache_policy::{CachingLayer, policy::CachePolicy, protocol::Validators};

fn main() {
    let source = |_: &Parts| ready(Validators::version(7));
    let _ = CachingLayer::new(CachePolicy::NO_CACHE).validator_source(source);
}
