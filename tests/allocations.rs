//! Tests that a policy does not allocate anything except the space for the fields in the header map.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{CacheControl, EntityTag, Representation, Validators};
use tower_cache_policy::{CachePolicyLayer, ConditionalLayer, EntityTagLayer};

use support::{TestBody, get};

const PUBLIC: CachePolicy = CachePolicy::public(std::time::Duration::from_secs(300));

/// A service that returns these fields in a header map of this capacity, so that growth of the map is not counted.
fn service(
    lines: &'static [(HeaderName, &'static str)],
) -> impl Service<Request<TestBody>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone {
    service_fn(move |_: Request<TestBody>| {
        let mut response = Response::new(Full::new(Bytes::from_static(b"hello")));
        *response.headers_mut() = HeaderMap::with_capacity(16);
        for (name, value) in lines {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        std::future::ready(Ok(response))
    })
}

/// Counts the allocations of one call of a service, whose future must be ready immediately.
fn allocated<S, B>(mut service: S, request: Request<TestBody>) -> AllocationInfo
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible>,
{
    let mut request = Some(request);
    let mut last = None;
    let info = measure(|| {
        let mut future = pin!(service.call(request.take().unwrap()));
        let Poll::Ready(response) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing here waits");
        };
        last = Some(response);
    });
    drop(last);
    info
}

#[test]
fn a_policy_allocates_nothing() {
    const PLAIN: &[(HeaderName, &str)] = &[(CONTENT_TYPE, "text/html")];
    const COOKIE: &[(HeaderName, &str)] = &[(SET_COOKIE, "a=b")];
    const OWN: &[(HeaderName, &str)] = &[(CACHE_CONTROL, "max-age=5")];
    let bare = allocated(service(PLAIN), get("/", &[]));
    let table: &[(&str, CachePolicy, &'static [(HeaderName, &'static str)])] = &[
        ("a fixed policy", PUBLIC, PLAIN),
        ("with Vary", PUBLIC.vary(&["accept-encoding"]), PLAIN),
        ("no-store", CachePolicy::NO_STORE, PLAIN),
        ("a guard that makes the response private", PUBLIC, COOKIE),
        ("the handler's own field", PUBLIC, OWN),
    ];
    for (sentence, policy, lines) in table {
        let service = CachePolicyLayer::new(*policy).layer(service(lines));
        // A thread reads each field value of the application once.
        allocated(service.clone(), get("/", &[]));
        assert_eq!(allocated(service, get("/", &[])).count_total, bare.count_total, "{sentence}");
    }
}

#[test]
fn reading_an_ordinary_cache_control_allocates_nothing() {
    let field = HeaderValue::from_static("public, max-age=300, s-maxage=600, stale-while-revalidate=30, immutable");
    let read = measure(|| _ = std::hint::black_box(CacheControl::parse([&field])));
    assert_eq!(read.count_total, 0);
}

#[test]
fn a_304_before_the_handler_allocates_only_its_header_map_and_one_extension() {
    static CURRENT: std::sync::LazyLock<Representation> =
        std::sync::LazyLock::new(|| Validators::new().with_etag(EntityTag::from_static("\"v1\"")).into());
    let layer = ConditionalLayer::new().validators(|_| std::future::ready(CURRENT.clone()));
    // As in a server: a slice of a buffer that is already shared.
    let request = || {
        let mut request = get("/", &[]);
        request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("\"v1\""));
        request
    };
    // The extension marks the 304 for outer policy layers.
    let made = measure(|| {
        let (mut head, ()) = Response::new(()).into_parts();
        head.headers.insert(ETAG, HeaderValue::from_static("\"v1\""));
        head.extensions.insert(0_u8);
        std::hint::black_box(&head);
    });
    let count = allocated(layer.layer(service(&[])), request());
    assert_eq!(count.count_total, made.count_total);
}

#[test]
fn a_generated_tag_allocates_only_the_tag() {
    // A page that is created for each response.
    let made = || {
        service_fn(|_: Request<TestBody>| {
            let mut response = Response::new(Full::new(Bytes::from(b"hello".to_vec())));
            *response.headers_mut() = HeaderMap::with_capacity(16);
            std::future::ready(Ok::<_, Infallible>(response))
        })
    };
    let bare = allocated(made(), get("/", &[]));
    let tagged = allocated(EntityTagLayer::new().layer(made()), get("/", &[]));
    assert_eq!(tagged.count_total, bare.count_total + 1, "the bytes of the tag");
}

#[test]
fn the_tag_of_a_repeated_shared_body_allocates_nothing() {
    let layer = EntityTagLayer::new();
    let bare = allocated(service(&[]), get("/", &[]));
    for _ in 0..2 {
        allocated(layer.layer(service(&[])), get("/", &[]));
    }
    let tagged = allocated(layer.layer(service(&[])), get("/", &[]));
    assert_eq!(tagged.count_total, bare.count_total);
    let hashed = allocated(layer.hash_every_body().layer(service(&[])), get("/", &[]));
    assert_eq!(hashed.count_total, bare.count_total + 1);
}

#[cfg(feature = "assets")]
#[test]
fn a_verified_asset_allocates_nothing() {
    use tower_cache_policy::{AssetsLayer, assets::AssetManifest};

    const CSS: &[(HeaderName, &str)] = &[(CONTENT_TYPE, "text/css")];
    let assets = AssetManifest::from_contents([("css/style.css", "hello")]).unwrap();
    let layer = AssetsLayer::new(&assets);
    for url in [assets.url("css/style.css").unwrap(), "/css/style.css"] {
        // The first response allocates the counters of shared values.
        allocated(layer.layer(service(CSS)), get(url, &[]));
        let bare = allocated(service(CSS), get(url, &[]));
        let layered = allocated(layer.layer(service(CSS)), get(url, &[]));
        assert_eq!(layered.count_total, bare.count_total, "{url}");
    }
}

#[cfg(feature = "assets")]
#[test]
fn a_304_of_a_versioned_asset_allocates_only_its_header_map() {
    use tower_cache_policy::{AssetsLayer, assets::AssetManifest};

    let assets = AssetManifest::from_contents([("css/style.css", "hello")]).unwrap();
    let asset = assets.asset("css/style.css").unwrap();
    let service = AssetsLayer::new(&assets).layer(service(&[]));
    let tag = HeaderValue::try_from(format!("\"{}\"", asset.fingerprint())).unwrap();
    let request = || {
        let mut request = get(asset.url(), &[]);
        request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
        request
    };
    // The first response allocates the counters of shared values.
    allocated(service.clone(), request());
    let one_field = measure(|| {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"v1\""));
        std::hint::black_box(&headers);
    });
    assert_eq!(allocated(service, request()).count_total, one_field.count_total);
}
