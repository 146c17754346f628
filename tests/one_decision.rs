//! Tests that there is one decision for each response, in cases in which several interpretations of a response differed
//! in earlier versions.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use support::{TestBody, field, get, request, response_with};
use tower::util::MapResponseLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::{DirectiveSyntax, EdgeProfile, TagFormat, TagSyntax, TargetedField};
use tower_cache_policy::policy::{CachePolicy, Personalized, Risk};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

const P: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const MINUTE: CachePolicy = CachePolicy::private(Duration::from_secs(60));
const COOKIE: (&str, &str) = ("set-cookie", "session=secret");

/// Field lines, as names and values.
type Lines = &'static [(&'static str, &'static str)];

/// A service that returns these fields.
fn handler(
    lines: Lines,
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send> + Clone {
    handler_with(lines, |_| {})
}

fn handler_with(
    lines: Lines,
    prepare: impl Fn(&mut Response<TestBody>) + Clone,
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |_: Request<TestBody>| {
        let mut response = response_with("hello", lines);
        prepare(&mut response);
        ready(Ok(response))
    })
}

/// The response to a request, with every line of these fields.
async fn fetch<S, B>(service: S, request: Request<TestBody>) -> Response<B>
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible>,
{
    service.oneshot(request).await.unwrap()
}

fn cache_control<B>(response: &Response<B>) -> Option<String> {
    field(response.headers(), "cache-control")
}

/// Returns whether a permissive parser lets a shared cache store the response.
fn a_permissive_cache_stores<B>(sent: &Request<TestBody>, response: &Response<B>) -> bool {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = response.status();
    head.headers = response.headers().clone();
    let mut request = Request::new(());
    *request.method_mut() = sent.method().clone();
    *request.uri_mut() = "http://a.example/".parse().unwrap();
    *request.headers_mut() = sent.headers().clone();
    http_cache_semantics::CachePolicy::new(&request, &Response::from_parts(head, ())).is_storable()
}

#[tokio::test]
async fn a_request_that_claims_to_be_grpc_is_still_guarded() {
    for claim in ["application/grpc", "application/grpc+json", "application/grpc-web", "application/grpc; x=y"] {
        for method in [Method::POST, Method::PUT, Method::GET] {
            let request = request(method.clone(), "/", &[("content-type", claim)]);
            let response = fetch(CachePolicyLayer::new(P).layer(handler(&[COOKIE])), request.clone()).await;
            assert!(cache_control(&response).unwrap().starts_with("private"), "D1: {method} {claim}");
            let response = fetch(EdgeLayer::new(EdgeProfile::FASTLY).layer(handler(&[COOKIE])), request).await;
            assert!(cache_control(&response).unwrap().starts_with("private"), "D1: {method} {claim}");
        }
    }
    let call = request(Method::POST, "/", &[("content-type", "application/grpc+proto")]);
    let response = fetch(CachePolicyLayer::new(P).layer(handler(&[("content-type", "application/grpc")])), call).await;
    assert_eq!(cache_control(&response), None, "Q-03: a call and its response are unchanged");
}

#[tokio::test]
async fn an_ambiguous_field_is_written_in_its_canonical_form() {
    let long: &'static str = format!("public, max-age=600{}", ", a".repeat(1_100)).leak();
    for own in ["max-age=600, private;", "private=, max-age=600", "max-age=600, Private , x", long] {
        for (request, lines) in [
            (get("/", &[]), vec![COOKIE, ("cache-control", own)]),
            (get("/", &[("authorization", "x")]), vec![("cache-control", own)]),
            (get("/", &[("proxy-authorization", "x")]), vec![("cache-control", own)]),
            (get("/", &[]), vec![("vary", "*"), ("cache-control", own)]),
        ] {
            let lines: Lines = lines.leak();
            for layer in [CachePolicyLayer::new(P), CachePolicyLayer::new(P).tighten()] {
                let response = fetch(layer.layer(handler(lines)), request.clone()).await;
                let text = cache_control(&response).unwrap();
                assert!(text.starts_with("private") || text == "no-store", "D2: {own:.40} became {text}");
                assert!(!a_permissive_cache_stores(&request, &response), "D2: {own:.40} became {text}");
            }
            let response = fetch(EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(handler(lines)), request.clone()).await;
            assert!(!a_permissive_cache_stores(&request, &response), "D2: {own:.40} became {:?}", response.headers());
        }
    }
}

#[tokio::test]
async fn a_restriction_that_appears_only_in_joined_lines_counts() {
    const LINES: Lines = &[("cache-control", "x=\"a"), ("cache-control", "b\", no-store, y=\"c")];
    const WITH_COOKIE: Lines = &[("cache-control", "x=\"a"), ("cache-control", "b\", no-store, y=\"c"), COOKIE];
    let plain = || CachePolicyLayer::new(P);
    for (sentence, layer) in [
        ("alone", plain()),
        ("an overriding layer", plain().override_handler()),
        ("a layer that tightens", plain().tighten()),
        ("lines that may remain separate", plain().accept_risk(Risk::RestrictionInASecondLineMissed)),
    ] {
        for lines in [LINES, WITH_COOKIE] {
            let response = fetch(layer.clone().layer(handler(lines)), get("/", &[])).await;
            assert!(cache_control(&response).unwrap().contains("no-store,"), "D3: {sentence}");
        }
        let with_policy = handler_with(LINES, |response| _ = response.extensions_mut().insert(P));
        let response = fetch(layer.layer(with_policy), get("/", &[])).await;
        assert!(cache_control(&response).unwrap().contains("no-store,"), "D3: {sentence}, with a handler's policy");
    }
    let response = fetch(EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(handler(LINES)), get("/", &[])).await;
    assert_eq!(field(response.headers(), "cloudflare-cdn-cache-control").as_deref(), Some("no-store"), "D3");
}

#[tokio::test]
async fn under_an_overriding_layer_a_no_store_policy_of_the_handler_is_written_in_full() {
    let with_policy = handler_with(&[("cache-control", "no-store")], |response| {
        _ = response.extensions_mut().insert(CachePolicy::NO_STORE)
    });
    let response = fetch(CachePolicyLayer::new(P).override_handler().layer(with_policy), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"));
}

#[tokio::test]
async fn a_replaced_or_restricted_cache_control_removes_looser_edge_fields() {
    const LINES: Lines = &[
        ("cache-control", "public, max-age=86400"),
        ("cdn-cache-control", "max-age=86400"),
        ("x-accel-expires", "86400"),
        ("x-litespeed-cache-control", "public,max-age=86400"),
        ("surrogate-key", "a"),
    ];
    for layer in [CachePolicyLayer::new(MINUTE).override_handler(), CachePolicyLayer::new(MINUTE).tighten()] {
        let response = fetch(layer.layer(handler(LINES)), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=60"));
        for name in ["cdn-cache-control", "x-accel-expires", "x-litespeed-cache-control"] {
            assert_eq!(field(response.headers(), name), None, "D4: {name}");
        }
    }
    let public = CachePolicy::public(Duration::from_secs(60));
    for layer in [CachePolicyLayer::new(public).override_handler(), CachePolicyLayer::new(public).tighten()] {
        let response = fetch(layer.layer(handler(LINES)), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=60"));
        assert_eq!(field(response.headers(), "cdn-cache-control"), None, "D4");
        assert_eq!(
            field(response.headers(), "surrogate-key").as_deref(),
            Some("a"),
            "a storable response keeps its tags"
        );
    }
    // A restriction is preserved if its field is removed.
    const RESTRICTED: Lines = &[("cache-control", "public, max-age=60"), ("cdn-cache-control", "no-store")];
    for layer in [CachePolicyLayer::new(P).override_handler(), CachePolicyLayer::new(P).tighten()] {
        let response = fetch(layer.layer(handler(RESTRICTED)), get("/", &[])).await;
        assert!(cache_control(&response).unwrap().starts_with("private"), "D4: {:?}", response.headers());
    }
    // The policy of a handler also replaces its field.
    let handler = handler_with(LINES, |response| _ = response.extensions_mut().insert(MINUTE));
    let response = fetch(CachePolicyLayer::new(P).layer(handler), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=60"));
    assert_eq!(field(response.headers(), "cdn-cache-control"), None, "D4");
}

#[tokio::test]
async fn a_handlers_policy_applies_only_to_its_success() {
    for status in [201, 202, 204, 205, 207, 226, 300, 301, 302, 303, 307, 308, 400, 404, 410, 451, 500, 503] {
        let expected = if status >= 400 { "private, no-store" } else { "private, no-cache" };
        let handler = handler_with(&[], move |response| {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response.extensions_mut().insert(P);
        });
        for (sentence, layer) in [
            ("under a policy", CachePolicyLayer::new(P)),
            ("under none", CachePolicyLayer::from_fn(|_| None::<CachePolicy>)),
            ("under one that overrides", CachePolicyLayer::new(P).override_handler()),
            ("under one that tightens", CachePolicyLayer::new(P).tighten()),
        ] {
            let response = fetch(layer.layer(handler.clone()), get("/", &[])).await;
            assert_eq!(cache_control(&response).as_deref(), Some(expected), "D5: {status} {sentence}");
        }
        let given = CachePolicyLayer::new(P).for_status(StatusCode::from_u16(status).unwrap(), MINUTE);
        let response = fetch(given.layer(handler), get("/", &[])).await;
        assert_eq!(
            cache_control(&response).as_deref(),
            Some("private, max-age=60"),
            "a policy for the status: {status}"
        );
    }
    let handler = handler_with(&[], |response| {
        *response.status_mut() = StatusCode::FOUND;
        response.extensions_mut().insert(P);
    });
    let layer = CachePolicyLayer::new(MINUTE).accept_risk(Risk::RedirectOutlivesItsReason);
    assert_eq!(
        cache_control(&fetch(layer.layer(handler), get("/", &[])).await).as_deref(),
        Some("public, max-age=300")
    );
}

#[tokio::test]
async fn a_field_without_a_known_directive_is_ignored() {
    for (own, beside) in
        [("undefined", ", undefined"), (";", ", ;"), ("\"", ""), ("=", ", ="), ("max_age=60", ", max_age=60")]
    {
        let lines: Lines = vec![("cache-control", own)].leak();
        let response = fetch(CachePolicyLayer::new(CachePolicy::NO_STORE).layer(handler(lines)), get("/", &[])).await;
        assert_eq!(cache_control(&response), Some(format!("private, no-store{beside}")), "D6: {own}");
        let response = fetch(CachePolicyLayer::new(P).layer(handler(lines)), get("/", &[])).await;
        assert_eq!(cache_control(&response), Some(format!("public, max-age=300{beside}")), "D6: {own}");
        let response = fetch(EdgeLayer::new(EdgeProfile::FASTLY).layer(handler(lines)), get("/", &[])).await;
        assert_eq!(cache_control(&response), Some(format!("private, no-cache{beside}")), "D6: {own}");
    }
    // A permission that only some caches can parse is removed.
    let lines: Lines = &[("cache-control", "public=1, x=2")];
    let response = fetch(CachePolicyLayer::new(CachePolicy::NO_STORE).layer(handler(lines)), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-store, x=2"));
}

#[tokio::test]
async fn a_risk_is_accepted_for_the_values_that_the_layer_saw() {
    let replaced = |lines: Lines| {
        MapResponseLayer::new(move |mut response: Response<TestBody>| {
            for (name, value) in lines {
                response.headers_mut().insert(support::field_name(name), support::latin1(value));
            }
            response
        })
    };
    const ORIGIN: Lines =
        &[("access-control-allow-origin", "https://a.example"), ("access-control-allow-credentials", "true")];
    for (risk, own, between, expected) in [
        (Risk::SetCookieReplayedToOthers, &[("set-cookie", "theme=dark")][..], &[][..], "public"),
        (Risk::SetCookieReplayedToOthers, &[("set-cookie", "theme=dark")], &[COOKIE], "private"),
        (Risk::OneOriginsResponseServedToAnother, ORIGIN, &[], "public"),
        (
            Risk::OneOriginsResponseServedToAnother,
            ORIGIN,
            &[("access-control-allow-origin", "https://b.example")],
            "private",
        ),
    ] {
        let route = || CachePolicyLayer::new(P).accept_risk(risk);
        let outer = CachePolicyLayer::from_fn(|_| None::<CachePolicy>);
        let edge = EdgeLayer::new(EdgeProfile::STANDARD);
        let inner = || replaced(between).layer(route().layer(handler(own)));
        let by_edge = fetch(edge.clone().layer(inner()), get("/", &[])).await;
        let by_policy = fetch(outer.clone().layer(inner()), get("/", &[])).await;
        let by_both = fetch(edge.layer(outer.layer(inner())), get("/", &[])).await;
        let text = cache_control(&by_edge).unwrap();
        assert!(text.starts_with(expected), "D7: {own:?}, then {between:?}: {text}");
        // An outer policy layer does not accept the risk of one route, with and without an `EdgeLayer`.
        for (sentence, response) in [("a policy", by_policy), ("an edge around a policy", by_both)] {
            let text = cache_control(&response).unwrap();
            assert!(text.starts_with("private"), "D8: {sentence}: {own:?}, then {between:?}: {text}");
        }
    }
}

/// A file service that generates a 304 without a content type.
fn files(
    content_type: &'static str,
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |request: Request<TestBody>| {
        let mut response = response_with("hello", &[("etag", "\"a\"")]);
        if request.headers().contains_key("if-none-match") {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = TestBody::default();
        } else {
            response.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
        }
        ready(Ok(response))
    })
}

#[tokio::test]
async fn a_304_has_the_policy_of_its_200_if_the_content_decides() {
    async fn both<S, B: Body>(service: S) -> [Response<B>; 2]
    where
        S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible> + Clone,
    {
        let complete = fetch(service.clone(), get("/", &[])).await;
        let again = fetch(service, get("/", &[("if-none-match", "\"a\"")])).await;
        assert_eq!((complete.status(), again.status()), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        [complete, again]
    }
    for content_type in ["text/html", "image/png"] {
        let immutable = CachingLayer::new(CachePolicy::IMMUTABLE);
        let [complete, again] = both(immutable.clone().layer(files(content_type))).await;
        assert_eq!(cache_control(&again), cache_control(&complete), "D9: {content_type}");
        let edge = EdgeLayer::new(EdgeProfile::CLOUDFLARE);
        let [complete, again] = both(edge.layer(immutable.layer(files(content_type)))).await;
        assert_eq!(cache_control(&again), cache_control(&complete), "D9: {content_type}");
        // A policy layer alone cannot determine the policy of the 200, so it does not change that of the 304.
        let [_, again] = both(CachePolicyLayer::new(CachePolicy::IMMUTABLE).layer(files(content_type))).await;
        assert_eq!(cache_control(&again), None, "D9: {content_type}");
    }
}

#[cfg(feature = "routes")]
#[tokio::test]
async fn a_304_has_the_policy_of_its_200_if_a_table_depends_on_the_type() {
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};

    let table = || {
        let route = RoutePolicy::new(CachePolicy::NO_CACHE).content_type("image/*", P);
        RoutePolicies::builder().route("/", route).build().unwrap()
    };
    let service = CachingLayer::new(table()).layer(files("image/png"));
    let complete = fetch(service.clone(), get("/", &[])).await;
    let again = fetch(service, get("/", &[("if-none-match", "\"a\"")])).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(cache_control(&again).as_deref(), Some("public, max-age=300"), "D10");
    assert_eq!(cache_control(&again), cache_control(&complete), "D10");
}

#[tokio::test]
async fn no_policy_gives_a_live_stream_a_lifetime() {
    for content_type in
        ["text/event-stream", "Text/Event-Stream; charset=utf-8", "multipart/x-mixed-replace; boundary=x"]
    {
        let lines: Lines = vec![("content-type", content_type)].leak();
        for layer in
            [CachePolicyLayer::new(P), CachePolicyLayer::new(P).override_handler(), CachePolicyLayer::new(P).tighten()]
        {
            let response = fetch(layer.clone().layer(handler(lines)), get("/", &[])).await;
            assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"), "D14: {content_type}");
            let handler = handler_with(lines, |response| _ = response.extensions_mut().insert(P));
            let response = fetch(layer.layer(handler), get("/", &[])).await;
            assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"), "D14: {content_type}");
        }
        let response = fetch(CachePolicyLayer::new(CachePolicy::NO_CACHE).layer(handler(lines)), get("/", &[])).await;
        assert_eq!(
            cache_control(&response).as_deref(),
            Some("no-cache"),
            "without a lifetime there is nothing to remove"
        );
        let waived = CachePolicyLayer::new(P).accept_risk(Risk::LiveStreamStored);
        let response = fetch(waived.layer(handler(lines)), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=300"));
    }
    const OWN: Lines = &[("content-type", "text/event-stream"), ("cache-control", "max-age=5")];
    let response = fetch(CachePolicyLayer::new(P).layer(handler(OWN)), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("max-age=5"), "a handler writes the field knowingly");
}

#[tokio::test]
async fn the_fields_of_a_custom_profile_are_guarded() {
    let ttl = HeaderName::from_static("my-edge-ttl");
    let tags = HeaderName::from_static("my-tags");
    let profile = EdgeProfile::custom("mine")
        .with_field(Some(TargetedField::new(ttl, DirectiveSyntax::Seconds)))
        .with_tags(Some(TagFormat::new(tags, TagSyntax::Comma)));
    let edge = || EdgeLayer::new(profile.clone());
    let layered = |lines: Lines| edge().layer(CachePolicyLayer::new(P).layer(handler(lines)));

    let restricted = fetch(layered(&[("my-edge-ttl", "0")]), get("/", &[])).await;
    assert!(cache_control(&restricted).unwrap().starts_with("private"), "D16: {:?}", restricted.headers());
    assert_eq!(field(restricted.headers(), "my-edge-ttl").as_deref(), Some("0"));

    let own = fetch(layered(&[("my-edge-ttl", "600"), ("my-tags", "user-7")]), get("/", &[])).await;
    assert_eq!(field(own.headers(), "my-edge-ttl").as_deref(), Some("600"));
    assert_eq!(field(own.headers(), "my-tags").as_deref(), Some("user-7"));

    for request in [get("/", &[]), request(Method::POST, "/", &[])] {
        let lines: Lines = &[("my-edge-ttl", "600"), ("my-tags", "user-7"), COOKIE];
        let response = fetch(layered(lines), request.clone()).await;
        assert!(cache_control(&response).unwrap().starts_with("private"), "D16: {}", request.method());
        assert_eq!(field(response.headers(), "my-tags"), None, "D16: {}", request.method());
        assert!(field(response.headers(), "my-edge-ttl").is_none_or(|value| value == "0"), "D16: {}", request.method());
    }
}

#[tokio::test]
async fn an_overridden_lifetime_in_the_field_of_a_custom_profile_is_replaced() {
    let ttl = HeaderName::from_static("my-edge-ttl");
    let profile = EdgeProfile::custom("mine").with_field(Some(TargetedField::new(ttl, DirectiveSyntax::Seconds)));
    const OWN: Lines = &[("cache-control", "public, max-age=300"), ("my-edge-ttl", "86400")];
    for (sentence, policy, expected) in [
        ("the handler takes precedence", CachePolicyLayer::new(P), "86400"),
        ("overridden", CachePolicyLayer::new(P).override_handler(), "300"),
        ("tightened", CachePolicyLayer::new(P).tighten(), "300"),
        ("overridden without a policy", CachePolicyLayer::from_fn(|_| None).override_handler(), "86400"),
    ] {
        let service = EdgeLayer::new(profile.clone()).layer(policy.layer(handler(OWN)));
        let response = fetch(service, get("/", &[])).await;
        assert_eq!(field(response.headers(), "my-edge-ttl").as_deref(), Some(expected), "D16: {sentence}");
    }
}

#[tokio::test]
async fn each_lifetime_counts_in_the_order_in_which_the_edge_reads() {
    const LINES: Lines =
        &[("cache-control", "public, max-age=0, must-revalidate"), ("cdn-cache-control", "public, max-age=600")];
    for (profile, name, expected) in [
        (EdgeProfile::VERCEL, "vercel-cdn-cache-control", "max-age=600"),
        (EdgeProfile::CLOUDFLARE, "cloudflare-cdn-cache-control", "max-age=600"),
        (EdgeProfile::NETLIFY, "netlify-cdn-cache-control", "public, max-age=600"),
        (EdgeProfile::STANDARD, "cdn-cache-control", "max-age=600"),
    ] {
        let response = fetch(EdgeLayer::new(profile.clone()).layer(handler(LINES)), get("/", &[])).await;
        assert_eq!(field(response.headers(), name).as_deref(), Some(expected), "D17: {}", profile.name());
        assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=0, must-revalidate"));
    }
    // The field of the edge takes precedence over the standard field.
    const BOTH: Lines = &[
        ("cache-control", "max-age=5"),
        ("cdn-cache-control", "max-age=600"),
        ("vercel-cdn-cache-control", "max-age=60"),
    ];
    let response = fetch(EdgeLayer::new(EdgeProfile::VERCEL).layer(handler(BOTH)), get("/", &[])).await;
    assert_eq!(field(response.headers(), "vercel-cdn-cache-control").as_deref(), Some("max-age=60"), "D17");

    const DURABLE: Lines =
        &[("cache-control", "max-age=0"), ("netlify-cdn-cache-control", "public, durable, max-age=600")];
    let response = fetch(EdgeLayer::new(EdgeProfile::NETLIFY).layer(handler(DURABLE)), get("/", &[])).await;
    let text = field(response.headers(), "netlify-cdn-cache-control").unwrap();
    assert!(text.contains("durable") && text.contains("max-age=600"), "D17: {text}");

    const NGINX: Lines = &[("cache-control", "max-age=5"), ("x-accel-expires", "600")];
    let response = fetch(EdgeLayer::new(EdgeProfile::NGINX).layer(handler(NGINX)), get("/", &[])).await;
    assert_eq!(field(response.headers(), "x-accel-expires").as_deref(), Some("600"), "D17");
}

#[tokio::test]
async fn fields_of_litespeed_are_removed_like_those_of_other_edges() {
    const LINES: Lines = &[COOKIE, ("x-litespeed-cache-control", "public,max-age=600"), ("x-litespeed-tag", "user-7")];
    let response = fetch(CachePolicyLayer::new(P).layer(handler(LINES)), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=300"));
    for name in ["x-litespeed-cache-control", "x-litespeed-tag"] {
        assert_eq!(field(response.headers(), name), None, "D19: {name}");
    }
}

#[tokio::test]
async fn a_response_with_the_maximum_number_of_fields_is_guarded() {
    let crowded = |lines: Lines| {
        handler_with(lines, |response| {
            for n in 0.. {
                let name = HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
                if response.headers_mut().try_insert(name, HeaderValue::from_static("1")).is_err() {
                    break;
                }
            }
            assert!(response.headers().keys_len() > 24_000);
        })
    };
    for lines in [&[][..], &[COOKIE], &[("vary", "*")], &[("access-control-allow-origin", "https://a")]] {
        let response = fetch(CachePolicyLayer::new(MINUTE).explain(true).layer(crowded(lines)), get("/", &[])).await;
        assert!(cache_control(&response).unwrap().starts_with("private"), "D20: {lines:?}");
        let service = EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(CachingLayer::new(P).layer(crowded(lines)));
        let response = fetch(service, get("/", &[])).await;
        assert!(cache_control(&response).is_some(), "D20: {lines:?}");
    }
}

#[tokio::test]
async fn vary_is_the_same_in_development_as_in_production() {
    let layer = CachePolicyLayer::new(P).vary(&["accept-encoding"]).development(true);
    for status in [200, 206, 304] {
        let handler = handler_with(&[("vary", "origin")], move |response| {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
        });
        let response = fetch(layer.clone().layer(handler), get("/", &[])).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), Some("origin, accept-encoding"), "D21: {status}");
        assert_eq!(cache_control(&response).as_deref(), Some("no-cache, no-store, must-revalidate"));
    }
}

#[tokio::test]
async fn the_outer_layer_guards_changes_between_two_layers() {
    let session = MapResponseLayer::new(|mut response: Response<TestBody>| {
        response.headers_mut().append("set-cookie", HeaderValue::from_static("id=1"));
        response
    });
    let marked = MapResponseLayer::new(|mut response: Response<TestBody>| {
        response.extensions_mut().insert(Personalized);
        response
    });
    let looser = MapResponseLayer::new(|mut response: Response<TestBody>| {
        response.headers_mut().insert("cache-control", HeaderValue::from_static("public, max-age=60"));
        response.headers_mut().insert("set-cookie", HeaderValue::from_static("id=1"));
        response
    });
    let page = || CachePolicyLayer::new(P).layer(handler(&[]));
    let edge = || EdgeLayer::new(EdgeProfile::CLOUDFLARE);
    for service in [
        tower::util::BoxCloneService::new(edge().layer(session.layer(page()))),
        tower::util::BoxCloneService::new(edge().layer(marked.layer(page()))),
        tower::util::BoxCloneService::new(edge().layer(looser.layer(page()))),
    ] {
        let response = fetch(service, get("/", &[])).await;
        assert!(cache_control(&response).unwrap().starts_with("private"), "L-04");
        assert_eq!(field(response.headers(), "cloudflare-cdn-cache-control").as_deref(), Some("no-store"));
    }
}

#[tokio::test]
async fn credentials_added_by_an_outer_layer_are_guarded() {
    let swap = tower::util::MapRequestLayer::new(|mut request: Request<TestBody>| {
        if let Some(token) = request.headers_mut().remove("x-token") {
            request.headers_mut().insert("authorization", token);
        }
        request
    });
    let service = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
        .layer(swap)
        .layer(CachePolicyLayer::new(P))
        .service(handler(&[]));
    let response = fetch(service, get("/", &[("x-token", "secret")])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=300"), "G-02");
}
