//! Tests suspicious paths, which some software resolves to other paths. Route tables, assets and purges detect the same
//! paths.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::time::Duration;

use http::Method;
use tower::{Layer, service_fn};
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::{AssetManifest, EmbeddedFiles};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::assets::{PathPrefix, UnknownName};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::policy::routes::RoutePolicies;

use support::{TestBody, call, collected, field, get, response_with};

const ORDINARY: [&str; 8] =
    ["/account", "/.well-known/x", "/a..b", "/a/...", "/v1.2/x", "/caf%C3%A9", "/a%20b", "/users/john.doe"];

/// Each spelling that some software interprets as `.` or `..`.
fn suspicious() -> Vec<String> {
    let dots = ["..", "%2e%2e", ".%2E", "%2e.", "%252e%252e", "%25252e.", "%c0%ae%c0%ae", "%u002e%u002e", "%ef%bc%8e."];
    let ends =
        ["/", "%2f", "%2F", "%252f", "%5c", "%255c", ";/", "%3b/", "%3B/", "%253b/", ";x=1/", "%00/", "%09/", ""];
    let mut paths = Vec::new();
    for dots in dots {
        for end in ends {
            paths.push(format!("/static/{dots}{end}{}", if end.is_empty() { "" } else { "account" }));
            paths.push(format!("/static/css{}{dots}{end}", if end.is_empty() { "/" } else { "%2f" }));
        }
    }
    paths.extend(["/static/.", "/static/./x", "/static/%2e/x", "/static/.;/x", "/.."].map(str::to_owned));
    paths
}

#[test]
fn a_suspicious_path_matches_no_route() {
    const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));
    let routes = RoutePolicies::builder()
        .route("/static/{*path}", PUBLIC)
        .route("/{*path}", PUBLIC)
        .route("/account", CachePolicy::NO_STORE)
        .build()
        .unwrap();
    for path in suspicious() {
        let policy = routes.policy_at(&Method::GET, &path);
        assert_eq!(policy, Some(CachePolicy::NO_STORE), "G-19: {path}");
    }
    for path in &ORDINARY[1..] {
        assert_eq!(routes.policy_at(&Method::GET, path), Some(PUBLIC), "{path}");
    }
}

#[tokio::test]
async fn no_suspicious_path_is_an_asset() {
    let contents = [("css/style.css", b"p{}".as_slice()), ("account", b"an asset"), ("index.html", b"<!doctype html>")];
    let files = EmbeddedFiles::new(contents).unwrap();
    let assets = AssetManifest::from_contents(contents).unwrap().with_prefix("/static").unwrap();
    let site = service_fn(async |_: http::Request<TestBody>| {
        Ok(response_with("x", &[("content-type", "text/css"), ("content-length", "3")]))
    });
    let layers = [
        AssetsLayer::new(&assets).mount(PathPrefix::Strip),
        AssetsLayer::new(&assets).mount(PathPrefix::Strip).unknown_name(UnknownName::Service),
        AssetsLayer::new(&assets).mount(PathPrefix::Strip).fallback_page("index.html").unwrap(),
    ];
    for path in suspicious().iter().filter(|path| path.starts_with("/static/")) {
        for layer in &layers {
            for inner in [collected(layer.layer(files.clone())), collected(layer.layer(site))] {
                let response = call(&inner, get(path, &[("accept", "text/html")])).await;
                assert_eq!(response.status(), 404, "G-19: {path}");
                assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"), "{path}");
            }
        }
        let below = path.strip_prefix("/static").unwrap();
        assert_eq!(call(&collected(files.clone()), get(below, &[])).await.status(), 404, "alone: {path}");
    }
    let ordinary = call(&collected(layers[0].layer(files)), get("/static/css/style.css", &[])).await;
    assert_eq!(ordinary.status(), 200);
}

#[test]
fn no_suspicious_name_is_an_asset() {
    for path in suspicious() {
        let name = path.trim_start_matches('/');
        assert!(AssetManifest::from_contents([(name, "x")]).is_err(), "G-19: {name}");
        assert!(EmbeddedFiles::new([(name, b"x".as_slice())]).is_err(), "G-19: {name}");
    }
}

#[test]
fn no_suspicious_path_is_purged() {
    for path in suspicious() {
        let url = format!("https://example.com{path}");
        let error = Purge::url(&url).map(drop).unwrap_err().to_string();
        assert!(error.contains("'..'"), "G-19: {path}: {error}");
    }
    for path in ORDINARY {
        assert!(Purge::url(format!("https://example.com{path}")).is_ok(), "{path}");
    }
}
