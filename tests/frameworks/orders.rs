//! Tests the layers of tower-http in the order of the README, and in other orders.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::is_targeted_field;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer, HeadValidators};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::PUBLIC;
use crate::loopback::{Client, ClientResponse, VERSIONS, request, serve};

const TEXT: &str = include_str!("../../LICENSE-APACHE");
const LIMIT: Duration = Duration::from_millis(100);

fn routes(files: &std::path::Path) -> Router {
    Router::new()
        .route("/page", get(async || ([(CONTENT_TYPE, "text/html")], TEXT)).put(async || "written"))
        .route("/slow", get(slow).put(slow))
        .route("/panics", get(panics))
        .fallback_service(ServeDir::new(files))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "slow"
}

async fn panics() -> &'static str {
    // Does not use `panic!`, which prints a message.
    std::panic::resume_unwind(Box::new("the handler panics"))
}

fn cors() -> CorsLayer {
    CorsLayer::new().allow_origin(AllowOrigin::mirror_request()).allow_credentials(true)
}

fn edge() -> EdgeLayer {
    EdgeLayer::new(EdgeProfile::CLOUDFLARE)
}

fn timeout(status: StatusCode) -> TimeoutLayer {
    TimeoutLayer::with_status_code(status, LIMIT)
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.txt"), TEXT).unwrap();
    directory
}

async fn fetch(
    server: SocketAddr,
    version: http::Version,
    method: &str,
    path: &str,
    lines: &[(&str, &str)],
) -> ClientResponse {
    Client::connect(server, version).await.fetch(request(method, server, path, lines)).await
}

fn may_be_shared(headers: &HeaderMap) -> bool {
    let permits = |value: &str| value.contains("max-age") && !value.contains("private") && !value.contains("no-store");
    crate::support::field(headers, "cache-control").is_some_and(|value| permits(&value))
        || headers.iter().any(|(name, value)| is_targeted_field(name) && permits(value.to_str().unwrap()))
}

#[tokio::test]
async fn in_the_documented_order_a_304_has_the_fields_of_the_200() {
    let directory = directory();
    let source = HeadValidators::<_, axum::body::Body>::new(ServeDir::new(directory.path()));
    let plain = CorsLayer::new().allow_origin(["https://a.example".parse().unwrap()]);
    let caching = CachingLayer::new(PUBLIC).compression(CompressionLayer::new());
    let app = |caching: Router| {
        caching.layer(edge()).layer(timeout(StatusCode::GATEWAY_TIMEOUT)).layer(TraceLayer::new_for_http())
    };
    let inside = || routes(directory.path()).layer(CatchPanicLayer::new()).layer(plain.clone());
    // The source has validators only for the files, and no other tag is generated.
    let apps = [
        (app(inside().layer(caching.clone())), &["/page", "/a.txt"][..]),
        (app(inside().layer(caching.validator_source(source))), &["/a.txt"]),
    ];
    for (app, paths) in apps {
        let server = serve(app).await;
        for version in VERSIONS {
            for path in paths.iter().copied() {
                for coding in ["identity", "gzip", "br"] {
                    for origin in ["https://a.example", "https://b.example"] {
                        let lines = [("accept-encoding", coding), ("origin", origin)];
                        let row = format!("{version:?} {path} {lines:?}");
                        let first = fetch(server, version, "GET", path, &lines).await;
                        assert_eq!(first.status, 200, "{row}");
                        let encoded = first.field("content-encoding");
                        assert_eq!(encoded.as_deref(), Some(coding).filter(|coding| *coding != "identity"), "{row}");
                        let vary = first.field("vary").unwrap().to_ascii_lowercase();
                        assert!(vary.contains("origin") && vary.contains("accept-encoding"), "{row}: {vary}");
                        assert!(may_be_shared(&first.headers), "{row}: {:?}", first.headers);

                        let tag = first.field("etag").unwrap();
                        let lines = [lines[0], lines[1], ("if-none-match", &tag)];
                        let again = fetch(server, version, "GET", path, &lines).await;
                        assert_eq!((again.status.as_u16(), again.content.len()), (304, 0), "{row}");
                        for name in [
                            "cache-control",
                            "cloudflare-cdn-cache-control",
                            "content-location",
                            "etag",
                            "expires",
                            "vary",
                            "access-control-allow-origin",
                        ] {
                            assert_eq!(again.field(name), first.field(name), "N-01: {name}, {row}");
                        }
                        assert!(again.headers.contains_key("date"), "A-01: {row}");
                        assert!(!again.headers.contains_key("content-encoding"), "N-02: {row}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn responses_of_third_party_layers_are_not_stored() {
    let directory = directory();
    let app = routes(directory.path())
        .layer(CatchPanicLayer::new())
        .layer(timeout(StatusCode::GATEWAY_TIMEOUT))
        .layer(cors())
        .layer(CachingLayer::new(PUBLIC).compression(CompressionLayer::new()))
        .layer(edge());
    let server = serve(app).await;
    let preflight = [("origin", "https://a.example"), ("access-control-request-method", "PUT")];
    for version in VERSIONS {
        for (method, path, lines, status) in [
            ("GET", "/panics", &[][..], 500),
            ("GET", "/slow", &[], 504),
            ("PUT", "/slow", &[], 504),
            ("OPTIONS", "/page", &preflight, 200),
            ("DELETE", "/page", &[], 405),
            ("GET", "/nothing.txt", &[("accept-encoding", "gzip")], 404),
            ("PUT", "/page", &[], 200),
        ] {
            let response = fetch(server, version, method, path, lines).await;
            let row = format!("{version:?} {method} {path}: {:?}", response.headers);
            assert_eq!(response.status, status, "{row}");
            assert_eq!(response.field("cache-control").as_deref(), Some("private, no-store"), "{row}");
            assert!(!may_be_shared(&response.headers) && !response.headers.contains_key("etag"), "{row}");
        }
    }
}

#[tokio::test]
async fn a_timeout_is_not_stored_wherever_its_layer_is() {
    let directory = directory();
    for status in [StatusCode::REQUEST_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT] {
        let inside = || routes(directory.path());
        let caching = || CachingLayer::new(PUBLIC).compression(CompressionLayer::new());
        for (place, app) in [
            ("outermost", inside().layer(caching()).layer(edge()).layer(timeout(status))),
            ("within the edge layer", inside().layer(caching()).layer(timeout(status)).layer(edge())),
            ("innermost", inside().layer(timeout(status)).layer(caching()).layer(edge())),
            ("outside of a policy layer", inside().layer(CachePolicyLayer::new(PUBLIC)).layer(timeout(status))),
            ("within a policy layer", inside().layer(timeout(status)).layer(CachePolicyLayer::new(PUBLIC))),
        ] {
            let server = serve(app).await;
            for method in ["GET", "PUT"] {
                let response = fetch(server, VERSIONS[0], method, "/slow", &[]).await;
                assert_eq!(response.status, status, "{place}");
                // Heuristic freshness does not apply to these statuses (RFC 9110 section 15.1).
                let cache_control = response.field("cache-control");
                assert!(cache_control.is_none_or(|value| value == "private, no-store"), "{place}");
                assert!(!may_be_shared(&response.headers) && !response.headers.contains_key("expires"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_guard_checks_fields_of_an_inner_layer() {
    let directory = directory();
    let cookie = || {
        tower_http::set_header::SetResponseHeaderLayer::appending(
            http::header::SET_COOKIE,
            http::HeaderValue::from_static("id=1"),
        )
    };
    let inside = || routes(directory.path()).layer(CachingLayer::new(PUBLIC).compression(CompressionLayer::new()));
    let guard = || CachePolicyLayer::new(CachePolicy::PRIVATE_NO_CACHE);
    let origin = [("origin", "https://a.example")];
    for (sentence, app, caught) in [
        ("CORS with credentials, in the edge layer", inside().layer(cors()).layer(edge()), true),
        ("CORS with credentials, in a policy layer", inside().layer(cors()).layer(guard()), true),
        ("a cookie, in the edge layer", inside().layer(cookie()).layer(edge()), true),
        ("a cookie, in a policy layer", inside().layer(cookie()).layer(guard()), true),
        // No layer sees the cookie, which is the reason for the documented order.
        ("CORS with credentials, as the outermost layer", inside().layer(edge()).layer(cors()), false),
        ("a cookie, from the outermost layer", inside().layer(edge()).layer(cookie()), false),
    ] {
        let server = serve(app).await;
        for version in VERSIONS {
            for path in ["/page", "/a.txt"] {
                let response = fetch(server, version, "GET", path, &origin).await;
                assert_eq!(!may_be_shared(&response.headers), caught, "{sentence}: {:?}", response.headers);
                // The guards also apply to a 304.
                let Some(tag) = response.field("etag") else { continue };
                let lines = [origin[0], ("if-none-match", &tag)];
                let again = fetch(server, version, "GET", path, &lines).await;
                assert_eq!(again.status, 304, "{sentence}");
                assert_eq!(!may_be_shared(&again.headers), caught, "{sentence}: {:?}", again.headers);
            }
        }
    }
}

#[tokio::test]
async fn an_unacceptable_coding_is_an_error_that_no_cache_stores() {
    let directory = directory();
    let caching = CachingLayer::new(PUBLIC).compression(CompressionLayer::new());
    let server = serve(routes(directory.path()).layer(caching).layer(edge())).await;
    for version in VERSIONS {
        for path in ["/page", "/a.txt"] {
            let lines = [("accept-encoding", "identity;q=0, *;q=0")];
            let response = fetch(server, version, "GET", path, &lines).await;
            assert_eq!(response.status, StatusCode::NOT_ACCEPTABLE);
            assert!(!may_be_shared(&response.headers), "{path}: {:?}", response.headers);
        }
    }
}

/// The wrong order: tower-http also compresses the 304. It then has `Content-Encoding`, and over HTTP/2 the bytes of
/// compressed empty content.
#[tokio::test]
async fn outer_compression_gives_no_false_304_and_no_broken_connection() {
    let directory = directory();
    let app = routes(directory.path()).layer(CachingLayer::new(PUBLIC)).layer(CompressionLayer::new()).layer(edge());
    let server = serve(app).await;
    for version in VERSIONS {
        let mut client = Client::connect(server, version).await;
        for coding in ["identity", "gzip"] {
            let accept = ("accept-encoding", coding);
            let first = client.fetch(request("GET", server, "/page", &[accept])).await;
            let tag = first.field("etag").unwrap();
            assert!(tag.starts_with("W/"), "L-02: {tag}");
            let again = client.fetch(request("GET", server, "/page", &[accept, ("if-none-match", &tag)])).await;
            assert_eq!((again.status.as_u16(), again.field("etag")), (304, Some(tag)), "{coding} {version:?}");
            assert!(again.content.len() < 32, "{coding} {version:?}");
            let other = client.fetch(request("GET", server, "/page", &[accept, ("if-none-match", "\"other\"")])).await;
            assert_eq!((other.status.as_u16(), other.broken), (200, false), "{coding} {version:?}");
        }
    }
}
