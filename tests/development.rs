//! Tests the development switch of all layers: if it is on, no cache stores a response, and if it is off, nothing
//! changes.
//!
//! A new layer that permits caches to store a response gets the method `development` and a row in `STACKS`.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
use tower_cache_policy::audit::{CacheAudit, Verdict};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::OriginalPathLayer;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Development};
use tower_cache_policy::protocol::{HttpDate, Validators};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{
    AssetsLayer, CachePolicyLayer, CachingLayer, Clock, ConditionalLayer, EdgeLayer, EntityTagLayer, PurgeLayer,
    SharedCache,
};
use tower_http::compression::CompressionLayer;

use support::{TestBody, TestService, call, collected, field, request, response_with};

const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
const NOT_STORED: &str = "no-cache, no-store, must-revalidate";
/// Some CDNs obey `private` and not `no-store`.
const NOT_STORED_AT_EDGE: &str = "private, no-cache, no-store, must-revalidate";
const NOW: HttpDate = HttpDate::UNIX_EPOCH;

/// A service that sends this response, or a 304 if the request has a precondition.
fn handler(
    response: Response<TestBody>,
) -> impl tower::Service<
    Request<TestBody>,
    Response = Response<TestBody>,
    Error = Infallible,
    Future = Ready<Result<Response<TestBody>, Infallible>>,
> + Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |request: Request<TestBody>| {
        let mut response = response.clone();
        let has_precondition =
            ["if-none-match", "if-modified-since"].iter().any(|name| request.headers().contains_key(*name));
        if has_precondition && response.status() == StatusCode::OK && request.method() != Method::PUT {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Full::default();
        }
        ready(Ok(response))
    })
}

fn edge(profile: &EdgeProfile) -> EdgeLayer {
    EdgeLayer::new(profile.clone())
}

fn no_purges() -> PurgeLayer<
    impl tower::Service<Purge, Response = (), Error = Infallible, Future = Ready<Result<(), Infallible>>>
    + Clone
    + Send
    + Sync
    + 'static,
> {
    PurgeLayer::new(service_fn(|_: Purge| ready(Ok::<_, Infallible>(()))))
}

type Stack = fn(Option<Development>, &EdgeProfile, Response<TestBody>) -> TestService;

/// Sets the switch, or does not change the layer.
macro_rules! switched {
    ($switch:expr, $layer:expr) => {{
        let layer = $layer;
        match $switch {
            Some(switch) => layer.development(switch),
            None => layer,
        }
    }};
}

/// The stacks, and whether the outermost layer is an `EdgeLayer`.
const STACKS: &[(&str, bool, Stack)] = &[
    ("EdgeLayer", true, |on, profile, response| collected(switched!(on, edge(profile)).layer(handler(response)))),
    ("CachePolicyLayer", false, |on, _, response| {
        collected(switched!(on, CachePolicyLayer::new(PAGE)).layer(handler(response)))
    }),
    ("CachePolicyLayer in every mode of precedence", false, |on, _, response| {
        let layers = ServiceBuilder::new()
            .layer(switched!(on, CachePolicyLayer::new(PAGE).override_handler_no_store()))
            .layer(switched!(on, CachePolicyLayer::new(PAGE).tighten()));
        collected(layers.service(handler(response)))
    }),
    ("CachingLayer", false, |on, _, response| {
        collected(switched!(on, CachingLayer::new(PAGE)).layer(handler(response)))
    }),
    ("CachingLayer with a source of validators", false, |on, _, response| {
        let layer = CachingLayer::new(CachePolicy::IMMUTABLE).validators(|_| ready(Validators::version(7)));
        collected(switched!(on, layer).layer(handler(response)))
    }),
    ("all layers", true, |on, profile, response| {
        let layers = ServiceBuilder::new()
            .layer(switched!(on, edge(profile)))
            .layer(OriginalPathLayer::new())
            .layer(switched!(on, no_purges()))
            .layer(switched!(on, CachingLayer::new(PAGE).compression(CompressionLayer::new())))
            .layer(switched!(on, CachePolicyLayer::from_fn(|_| PAGE).record_decisions().explain(true)));
        collected(layers.service(handler(response)))
    }),
    ("EdgeLayer over preconditions and tags", true, |on, profile, response| {
        let layers = ServiceBuilder::new()
            .layer(switched!(on, edge(profile)))
            .layer(switched!(on, ConditionalLayer::new().validators(|_| ready(Validators::version(7)))))
            .layer(EntityTagLayer::new());
        collected(layers.service(handler(response)))
    }),
    ("SharedCache over a policy", false, |on, _, response| {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(Clock::from_fn(|| SystemTime::UNIX_EPOCH));
        let layers =
            ServiceBuilder::new().layer(switched!(on, cache).layer()).layer(switched!(on, CachePolicyLayer::new(PAGE)));
        collected(layers.service(handler(response)))
    }),
];

/// Responses that caches store, and some that they do not.
fn responses() -> Vec<(&'static str, Response<TestBody>)> {
    let with_extensions = |policy: CachePolicy| {
        let mut response = response_with("hello", &[]);
        response.extensions_mut().insert(policy);
        CacheTags::from(CacheTag::from_static("page")).add_to(response.extensions_mut());
        response
    };
    let with_status = |status: u16, lines: &[(&str, &str)]| {
        let mut response = response_with("hello", lines);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    };
    vec![
        ("a page", response_with("hello", &[])),
        (
            "a page with validators",
            response_with("hello", &[("etag", "\"7\""), ("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT")]),
        ),
        ("a policy of the handler", with_extensions(CachePolicy::IMMUTABLE)),
        ("a policy for CDNs only", with_extensions(CachePolicy::edge_only(Duration::from_secs(60)))),
        ("a field of the handler", response_with("hello", &[("cache-control", "public, max-age=60, s-maxage=600")])),
        ("a field of HTTP/1.0", response_with("hello", &[("expires", "Thu, 01 Jan 2037 00:00:00 GMT")])),
        (
            "fields for CDNs",
            response_with(
                "hello",
                &[
                    ("cdn-cache-control", "max-age=600"),
                    ("cloudflare-cdn-cache-control", "max-age=600"),
                    ("surrogate-control", "max-age=600"),
                    ("edge-control", "max-age=600s"),
                    ("x-accel-expires", "600"),
                    ("x-litespeed-cache-control", "public, max-age=600"),
                    ("cache-tag", "page"),
                    ("surrogate-key", "page"),
                ],
            ),
        ),
        ("a permanent redirect", with_status(301, &[("location", "/"), ("cache-control", "max-age=60")])),
        ("an error", with_status(404, &[("cache-control", "public, max-age=60")])),
        ("no-store", response_with("hello", &[("cache-control", "no-store")])),
    ]
}

fn requests() -> Vec<Request<TestBody>> {
    vec![
        request(Method::GET, "/", &[]),
        request(Method::HEAD, "/", &[]),
        request(Method::GET, "/", &[("if-none-match", "\"7\"")]),
        request(Method::GET, "/", &[("if-none-match", "*")]),
        request(Method::GET, "/", &[("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")]),
        request(Method::GET, "/", &[("accept-encoding", "gzip"), ("if-none-match", "W/\"7--gzip\", \"7\"")]),
    ]
}

fn audit(profile: &EdgeProfile, request: &Request<TestBody>, response: &Response<Bytes>) -> CacheAudit {
    let (request, _) = request.clone().into_parts();
    let (response, _) = response.clone().into_parts();
    CacheAudit::of(&request, &response, NOW).with_edge(profile)
}

#[tokio::test]
async fn in_development_no_cache_stores_a_response_of_any_stack() {
    for profile in EdgeProfile::all() {
        for (name, has_edge_layer, stack) in STACKS {
            for (kind, response) in responses() {
                let service = stack(Some(Development::ON), profile, response.clone());
                for request in requests() {
                    let context = format!("{}, {name}, {kind}, {request:?}", profile.name());
                    let received = call(&service, request.clone()).await;
                    assert_eq!(received.status(), response.status(), "{context}");
                    let expected = if *has_edge_layer { NOT_STORED_AT_EDGE } else { NOT_STORED };
                    assert_eq!(field(received.headers(), "cache-control").as_deref(), Some(expected), "{context}");
                    let audit = audit(profile, &request, &received);
                    let standard =
                        audit.verdicts().filter(|verdict| has_edge_layer | !audit.edges().any(|it| it == *verdict));
                    for verdict in standard {
                        assert!(!verdict.may_store(), "{context}\n{:?}\n{audit}", received.headers());
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn in_development_no_tag_and_no_lifetime_is_sent_to_a_cdn() {
    const LIFETIMES: &[&str] = &["max-age=6", "max-age=36", "s-maxage=", "600"];
    for profile in EdgeProfile::all() {
        for (name, _, stack) in STACKS.iter().filter(|(_, has_edge_layer, _)| *has_edge_layer) {
            for (kind, response) in responses() {
                let service = stack(Some(Development::ON), profile, response);
                let received = call(&service, request(Method::GET, "/", &[])).await;
                for (field, value) in received.headers() {
                    let value = value.to_str().unwrap();
                    let context = format!("{}, {name}, {kind}: {field}: {value}", profile.name());
                    assert!(!profile.tags().is_some_and(|tags| tags.field() == field), "{context}");
                    let is_explanation = field == "cache-policy-explain";
                    assert!(is_explanation || !LIFETIMES.iter().any(|lifetime| value.contains(lifetime)), "{context}");
                }
            }
        }
    }
}

#[tokio::test]
async fn with_the_switch_off_the_bytes_are_those_without_it() {
    let head = |response: Response<Bytes>| -> (StatusCode, HeaderMap, Bytes) {
        let (head, body) = response.into_parts();
        (head.status, head.headers, body)
    };
    let mut not_modified = 0;
    for profile in EdgeProfile::all() {
        for (name, _, stack) in STACKS {
            for (kind, response) in responses() {
                let off = stack(Some(Development::OFF), profile, response.clone());
                let without = stack(None, profile, response);
                for request in requests() {
                    let (off, without) = (call(&off, request.clone()).await, call(&without, request.clone()).await);
                    not_modified += usize::from(without.status() == StatusCode::NOT_MODIFIED);
                    assert_eq!(head(off), head(without), "{}, {name}, {kind}, {request:?}", profile.name());
                }
            }
        }
    }
    assert!(not_modified > 100, "the preconditions matter: {not_modified}");
}

#[tokio::test]
async fn in_development_the_preconditions_of_writes_protect_data_as_before() {
    let layer = CachingLayer::new(PAGE).validators(|_| ready(Validators::version(7))).require_preconditions();
    let service = collected(layer.development(true).layer(handler(response_with("written", &[]))));
    for (lines, status, cache_control) in [
        (&[][..], 428, "private, no-store"),
        (&[("if-match", "\"6\"")], 412, "private, no-store"),
        (&[("if-match", "\"7\"")], 200, NOT_STORED),
        (&[("if-none-match", "*")], 412, "private, no-store"),
    ] {
        let response = call(&service, request(Method::PUT, "/", lines)).await;
        assert_eq!(response.status(), status, "{lines:?}");
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(cache_control), "{lines:?}");
    }
}

#[tokio::test]
async fn in_development_no_purge_reaches_the_cdn() {
    for (switch, expected) in [(Development::ON, 0), (Development::OFF, 1)] {
        let count = Arc::new(AtomicUsize::new(0));
        let purger = {
            let count = Arc::clone(&count);
            service_fn(move |_: Purge| {
                count.fetch_add(1, Ordering::SeqCst);
                ready(Ok::<_, Infallible>(()))
            })
        };
        let mut response = response_with("written", &[]);
        Purge::tags([CacheTag::from_static("page")]).add_to(response.extensions_mut());
        let service = PurgeLayer::new(purger).development(switch).layer(handler(response));
        let received = service.oneshot(request(Method::PUT, "/", &[])).await.unwrap();
        assert_eq!((received.status(), count.load(Ordering::SeqCst)), (StatusCode::OK, expected), "{switch:?}");
    }
}

#[tokio::test]
async fn an_assets_layer_has_the_switch_of_its_source_under_any_stack() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("style.css"), "p{}").unwrap();
    let manifest = AssetManifest::from_directory(files.path()).unwrap();
    let url = manifest.url("style.css").unwrap().to_owned();
    for (switch, cache_control) in
        [(Development::ON, NOT_STORED_AT_EDGE), (Development::OFF, "public, max-age=31536000, immutable")]
    {
        let source = AssetDirectory::new(files.path()).source(switch).unwrap();
        let by_source = AssetsLayer::new(&source);
        let by_layer = AssetsLayer::new(&manifest).development(switch);
        for layer in [by_source, by_layer] {
            let files = layer.layer(tower_http::services::ServeDir::new(files.path()));
            for profile in EdgeProfile::all() {
                let stack = ServiceBuilder::new()
                    .layer(edge(profile).development(switch))
                    .layer(CachingLayer::new(PAGE).development(switch));
                let request = Request::get(&url).body(TestBody::default()).unwrap();
                let response = stack.service(files.clone()).oneshot(request.clone()).await.unwrap();
                let (head, _) = response.into_parts();
                assert_eq!(head.headers["cache-control"], cache_control, "{}", profile.name());
                let stored = CacheAudit::of(&request.into_parts().0, &head, NOW).with_edge(profile);
                assert_eq!(stored.verdicts().any(Verdict::may_store), !switch.is_on(), "{}", profile.name());
            }
        }
    }
}
