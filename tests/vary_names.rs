//! Tests `Vary`: names of policies and layers are added, including names of credentials.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use tower::layer::util::Identity;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::policy::{CachePolicy, Risk};
use tower_cache_policy::{CachePolicyLayer, CachingLayer};

use support::{TestBody, field, get, response_with};

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));

async fn through(layer: &CachePolicyLayer, status: u16, request: Request<TestBody>) -> HeaderMap {
    let handler = service_fn(move |_: Request<TestBody>| {
        let mut response = response_with("hello", &[]);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    layer.layer(handler).oneshot(request).await.unwrap().headers().clone()
}

async fn vary(layer: &CachePolicyLayer, status: u16) -> Option<String> {
    field(&through(layer, status, get("/", &[])).await, "vary")
}

#[tokio::test]
async fn every_call_of_vary_adds_its_names() {
    const OF_POLICY: CachePolicy = PUBLIC.vary(&["accept-language"]).vary(&["origin", "Accept-Language"]);
    let layers = [
        (CachePolicyLayer::new(OF_POLICY), "accept-language, origin"),
        (CachePolicyLayer::new(PUBLIC).vary(&["accept-language"]).vary(&["origin"]), "accept-language, origin"),
        (
            CachePolicyLayer::new(PUBLIC).vary(&["a"]).vary(&["b"]).vary(&[]).vary(&["c", "A"]).vary(&["d"]),
            "a, b, c, d",
        ),
        (
            CachePolicyLayer::new(PUBLIC).vary(&["a"]).vary(&["b"]).vary(&["c"]).vary(&["d"]).vary(&["e"]),
            "a, b, c, d, e",
        ),
        (CachePolicyLayer::new(OF_POLICY).vary(&["a"]).vary(&["b"]), "accept-language, origin, a, b"),
    ];
    for (layer, expected) in layers {
        assert_eq!(vary(&layer, 200).await.as_deref(), Some(expected), "K-02");
    }
    let chosen = CachePolicyLayer::from_fn(|_| OF_POLICY).vary(&["a"]);
    assert_eq!(vary(&chosen, 200).await.as_deref(), Some("a, accept-language, origin"));
}

#[tokio::test]
async fn the_names_of_a_policy_for_a_status_or_by_default_are_on_every_response() {
    let layer = CachePolicyLayer::new(PUBLIC.vary(&["a"]))
        .for_status(StatusCode::NOT_FOUND, PUBLIC.vary(&["b"]))
        .for_status(StatusCode::NOT_FOUND, PUBLIC.vary(&["c"]))
        .default_policy(CachePolicy::NO_CACHE.vary(&["d"]));
    for status in [200, 304, 404, 301] {
        assert_eq!(vary(&layer, status).await.as_deref(), Some("a, b, c, d"), "K-02: {status}");
    }
}

#[tokio::test]
async fn compression_and_policy_layer_add_their_vary_names_in_any_order() {
    let stacks = [
        CachingLayer::new(PUBLIC).policy(|policy| policy.vary(&["accept-language"])).compression(Identity::new()),
        CachingLayer::new(PUBLIC).compression(Identity::new()).policy(|policy| policy.vary(&["accept-language"])),
        CachingLayer::new(PUBLIC.vary(&["accept-language"])).compression(Identity::new()),
    ];
    for stack in stacks {
        let handler =
            service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", &[]))));
        let response = stack.layer(handler).oneshot(get("/", &[])).await.unwrap();
        let vary = field(response.headers(), "vary").unwrap();
        let mut names: Vec<&str> = vary.split(", ").collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "accept-language"], "K-02");
    }
}

#[tokio::test]
async fn a_response_may_vary_on_credentials_and_stays_private_for_those_who_send_them() {
    const SIGN_IN: CachePolicy = PUBLIC.vary(&["authorization"]).vary(&["Cookie"]);
    let layer = CachePolicyLayer::new(SIGN_IN);
    let signed_in = || get("/", &[("authorization", "Bearer x")]);
    for (request, expected) in [(get("/", &[]), "public, max-age=60"), (signed_in(), "private, max-age=60")] {
        let headers = through(&layer, 200, request).await;
        assert_eq!(field(&headers, "cache-control").as_deref(), Some(expected), "G-02");
        assert_eq!(field(&headers, "vary").as_deref(), Some("authorization, Cookie"), "K-02, K-05");
    }
    let accepted = layer.accept_risk(Risk::AuthorizedResponseServedToOthers);
    let headers = through(&accepted, 200, signed_in()).await;
    assert_eq!(field(&headers, "cache-control").as_deref(), Some("public, max-age=60"));
    assert_eq!(field(&headers, "vary").as_deref(), Some("authorization, Cookie"));
    let by_layer = CachePolicyLayer::new(PUBLIC).vary(&["Authorization"]);
    assert_eq!(vary(&by_layer, 200).await.as_deref(), Some("Authorization"));
}

#[test]
fn equal_policies_have_equal_names() {
    let one = PUBLIC.vary(&["accept", "origin"]);
    assert_eq!(one, PUBLIC.vary(&["Origin"]).vary(&["accept"]));
    assert_ne!(one, PUBLIC.vary(&["accept"]));
    assert!(one.vary_names().eq(["accept", "origin"]));
    assert_eq!(format!("{one:?}"), "CachePolicy(public, max-age=60; vary: accept, origin)");
    // A handler's policy is copied for each response.
    assert!(size_of::<CachePolicy>() <= 72, "{}", size_of::<CachePolicy>());
}
