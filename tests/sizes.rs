//! Tests the sizes of the types that each layer adds to an axum route: the service, which is cloned for each request,
//! and its future and response, which are moved. The values are limits, because a different compiler may lay out a type
//! differently.
#![allow(clippy::unwrap_used)] // As in any test.

use std::future::ready;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::Route;
use http::Response;
use tower::layer::util::Identity;
use tower::{Layer, Service};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

/// The sizes of a service, its future and its response, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sizes {
    service: usize,
    future: usize,
    response: usize,
}

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300));

#[test]
fn services_futures_and_responses_stay_small() {
    let source = |_: &http::request::Parts| ready(Validators::new().with_etag(EntityTag::from_static("\"v1\"")));
    let conditional = ConditionalLayer::new();
    let edge = EdgeLayer::new(EdgeProfile::CLOUDFLARE);
    let limits = [
        ("a route of axum", of(&Identity::new()), sizes(16, 320, 128)),
        ("CachePolicyLayer", of(&CachePolicyLayer::new(PUBLIC)), sizes(32, 432, 128)),
        ("EntityTagLayer", of(&EntityTagLayer::new()), sizes(32, 344, 160)),
        ("ConditionalLayer", of(&conditional), sizes(40, 424, 144)),
        ("ConditionalLayer, a source", of(&conditional.clone().validators(source)), sizes(40, 424, 144)),
        ("EdgeLayer", of(&edge), sizes(32, 352, 128)),
        ("CachingLayer", of(&CachingLayer::new(PUBLIC)), sizes(88, 560, 160)),
        ("CachingLayer, a source", of(&CachingLayer::new(PUBLIC).validators(source)), sizes(88, 560, 160)),
        ("EdgeLayer, CachingLayer", of(&(edge, CachingLayer::new(PUBLIC))), sizes(104, 584, 160)),
    ];
    let larger: Vec<_> = limits
        .into_iter()
        .inspect(|(name, found, _)| println!("{name}: {found:?}"))
        .filter(|(_, found, most)| {
            found.service > most.service || found.future > most.future || found.response > most.response
        })
        .collect();
    assert!(larger.is_empty(), "these grew, with their limits: {larger:#?}");
}

const fn sizes(service: usize, future: usize, response: usize) -> Sizes {
    Sizes { service, future, response }
}

fn of<L, B>(_: &L) -> Sizes
where
    L: Layer<Route>,
    L::Service: Service<Request, Response = Response<B>>,
{
    Sizes {
        service: size_of::<L::Service>(),
        future: size_of::<<L::Service as Service<Request>>::Future>(),
        response: size_of::<Response<B>>(),
    }
}
