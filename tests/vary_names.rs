//! Tests `Vary`: names of policies and layers are added, including names of credentials.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, StatusCode};
use tower::layer::util::Identity;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::{CachePolicy, Risk};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

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

// K-02, G-12
#[tokio::test]
async fn origin_is_added_for_cors_to_the_names_of_the_policy_and_of_the_response() {
    const CORS: (&str, &str) = ("access-control-allow-origin", "https://a.example");
    let layer = |names| CachePolicyLayer::new(PUBLIC).vary(names);
    for (sentence, layer, lines, expected) in [
        ("no names", layer(&[]), &[CORS][..], "origin"),
        ("a name of the policy", layer(&["accept-language"]), &[CORS], "accept-language, origin"),
        (
            "the same name in both",
            layer(&["accept-language"]),
            &[CORS, ("vary", "accept-language")],
            "accept-language, origin",
        ),
        ("other names in the response", layer(&[]), &[CORS, ("vary", "Accept")], "Accept, origin"),
        ("Origin in the response", layer(&[]), &[CORS, ("vary", "Accept,Origin")], "Accept,Origin"),
        ("Origin in the policy", layer(&["origin"]), &[CORS, ("vary", "origin")], "origin"),
        ("`*` next to Origin", layer(&["accept"]), &[CORS, ("vary", "*"), ("vary", "origin")], "*"),
        (
            "`*` next to a name, without a guard",
            layer(&["accept"]).accept_risk(Risk::VariantServedToEverybody),
            &[("vary", "cookie, *")],
            "*",
        ),
        ("every origin", layer(&["accept"]), &[("access-control-allow-origin", "*")], "accept"),
    ] {
        let handler =
            service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", lines))));
        let response = layer.layer(handler).oneshot(get("/", &[])).await.unwrap();
        assert_eq!(field(response.headers(), "vary").as_deref(), Some(expected), "{sentence}");
    }
}

#[tokio::test]
async fn an_outer_layer_reads_lines_of_vary_that_changed_after_the_inner_decision() {
    let of_handler = [&[][..], &[("vary", "accept")]];
    let new = [&["*"][..], &["accept", "*"], &["accept, *"], &["accept", "a b"]];
    for (of_handler, new) in of_handler.into_iter().flat_map(|lines| new.map(|new| (lines, new))) {
        let replace = tower::util::MapResponseLayer::new(|mut response: http::Response<_>| {
            response.headers_mut().remove("vary");
            for line in new {
                response.headers_mut().append("vary", HeaderValue::from_static(line));
            }
            response
        });
        let handler = service_fn(|_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(response_with("hello", of_handler)))
        });
        let inner = replace.layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let response = EdgeLayer::new(EdgeProfile::FASTLY).layer(inner).oneshot(get("/", &[])).await.unwrap();
        let sent = ["vary", "cache-control", "surrogate-control"].map(|name| field(response.headers(), name));
        assert_eq!(sent[0].as_deref(), Some("*"), "K-03: {of_handler:?}, {new:?}");
        assert_eq!(sent[1].as_deref(), Some("private, max-age=60, no-cache"), "{of_handler:?}, {new:?}");
        assert!(sent[2].as_deref().is_none_or(|value| value.contains("no-store")), "{of_handler:?}, {new:?}: {sent:?}");
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
async fn a_response_may_vary_on_credentials_and_is_private_for_clients_that_send_them() {
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
