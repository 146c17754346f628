//! The sizes of futures and responses around a route of axum, in bytes.
//!
//! A server holds the future of each request while the handler runs, and moves it several times. The values are limits,
//! because another compiler may lay out a type differently.

use axum::body::Body;
use axum::routing::Route;
use http::Request;
use tower::layer::util::Identity;
use tower::{Layer, Service};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

/// Returns the size of the future of a layer around a route, and the size of its response.
fn sizes<L>() -> [usize; 2]
where
    L: Layer<Route, Service: Service<Request<Body>>>,
{
    [
        size_of::<<L::Service as Service<Request<Body>>>::Future>(),
        size_of::<<L::Service as Service<Request<Body>>>::Response>(),
    ]
}

#[test]
fn futures_and_responses_are_small() {
    for (layer, [future, response], [most_future, most_response]) in [
        ("no layer", sizes::<Identity>(), [320, 128]),
        ("CachePolicyLayer", sizes::<CachePolicyLayer>(), [432, 128]),
        ("EntityTagLayer", sizes::<EntityTagLayer>(), [344, 160]),
        ("ConditionalLayer", sizes::<ConditionalLayer>(), [480, 144]),
        ("EdgeLayer", sizes::<EdgeLayer>(), [352, 128]),
        ("CachingLayer", sizes::<CachingLayer>(), [656, 160]),
    ] {
        println!("{layer:20}{future:>6}{response:>6}");
        assert!(future <= most_future, "{layer}: the future has {future} bytes, {most_future} are permitted");
        assert!(response <= most_response, "{layer}: the response has {response} bytes, {most_response} are permitted");
    }
}
