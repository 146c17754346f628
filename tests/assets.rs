//! Tests `AssetManifest` and `AssetsLayer`: only a URL with a verified fingerprint is immutable.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use tempfile::TempDir;
use tower::util::MapRequest;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::assets::{AssetDirectory, AssetErrorKind, AssetManifest, FingerprintLocation};
use tower_cache_policy::layers::assets::{PathPrefix, StaleFingerprint, UnknownName};
use tower_cache_policy::policy::{CachePolicy, Personalized, Risk};
use tower_cache_policy::{AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use support::{TestBody, content, field, get, request, response_with};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_STORE: &str = "private, no-store";
const OTHER: &str = "00000000000000000000000000000000";

/// Creates a directory with these files, all with the same modification time, as in reproducible builds.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(directory.path(), name, text);
    }
    directory
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    modified(&path, UNIX_EPOCH + Duration::from_secs(1));
}

fn modified(path: &Path, time: SystemTime) {
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

fn site() -> TempDir {
    directory(&[
        ("style.css", "p{color:red}"),
        ("app.js", "alert(1)"),
        ("page.html", "<!doctype html>"),
        ("fonts/caf\u{e9} 1.woff2", "wOF2"),
        ("LICENSE", "MIT"),
    ])
}

fn manifest(directory: &TempDir) -> AssetManifest {
    AssetManifest::from_directory(directory.path()).unwrap()
}

/// The number of calls of each service.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn counted<S>(calls: &Calls, inner: S) -> MapRequest<S, impl Fn(Request<TestBody>) -> Request<TestBody> + Clone> {
    let count = Arc::clone(&calls.0);
    MapRequest::new(inner, move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        request
    })
}

struct TestResponse {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

impl TestResponse {
    fn field(&self, name: &str) -> Option<String> {
        field(&self.headers, name)
    }

    fn cache_control(&self) -> String {
        self.field("cache-control").expect("every response has the field (G-14)")
    }
}

async fn fetch<S, B>(service: &S, request: Request<TestBody>) -> TestResponse
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let response = service.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    TestResponse { status: head.status, headers: head.headers, body: content(body).await }
}

fn path_of(assets: &AssetManifest, name: &str) -> String {
    assets.asset(name).unwrap().url().to_owned()
}

#[tokio::test]
async fn a_current_fingerprint_gets_the_file_for_a_year_in_both_settings() {
    let files = site();
    for place in [FingerprintLocation::Path, FingerprintLocation::Query] {
        let assets = manifest(&files).with_fingerprint_in(place);
        let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
        // The layer accepts both forms, regardless of the form that the manifest writes.
        for other in [FingerprintLocation::Path, FingerprintLocation::Query] {
            for (name, text) in
                [("style.css", "p{color:red}"), ("app.js", "alert(1)"), ("fonts/caf\u{e9} 1.woff2", "wOF2")]
            {
                let url = path_of(&assets.with_fingerprint_in(other), name);
                let response = fetch(&service, get(&url, &[])).await;
                assert_eq!(response.status, 200, "{url}");
                assert_eq!(response.body, text, "{url}");
                assert_eq!(response.cache_control(), IMMUTABLE, "B-01, {url}");
                let tag = format!("\"{}\"", assets.asset(name).unwrap().fingerprint());
                assert_eq!(response.field("etag"), Some(tag), "B-06, {url}");
                assert_eq!(response.field("last-modified"), None, "a date that all files share is misleading, {url}");
            }
        }
    }
}

#[tokio::test]
async fn the_plain_name_is_revalidated_by_content() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let response = fetch(&service, get("/style.css", &[])).await;
    assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, "no-cache"), "B-04");
    let tag = response.field("etag").unwrap();
    let again = fetch(&service, get("/style.css", &[("if-none-match", &tag)])).await;
    assert_eq!((again.status, again.cache_control().as_str()), (StatusCode::NOT_MODIFIED, "no-cache"));
    assert_eq!(again.field("etag"), Some(tag), "N-01");
}

#[tokio::test]
async fn a_page_is_never_immutable() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let response = fetch(&service, get(&path_of(&assets, "page.html"), &[])).await;
    assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, "no-cache"), "G-27");
}

#[tokio::test]
async fn a_stale_fingerprint_is_a_404_that_no_cache_stores() {
    let files = site();
    let calls = Calls::default();
    let service = ServiceBuilder::new()
        .layer(AssetsLayer::new(manifest(&files)))
        .service(counted(&calls, ServeDir::new(files.path()).fallback(ServeFile::new(files.path().join("page.html")))));
    for path in [
        format!("/style.{OTHER}.css"),
        format!("/style.css?v={OTHER}"),
        format!("/gone.{OTHER}.css"),
        format!("/gone.css?v={OTHER}"),
        "/missing-abc123.js".to_owned(),
        "/settings".to_owned(),
        "/".to_owned(),
    ] {
        let response = fetch(&service, get(&path, &[])).await;
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.cache_control(), NO_STORE, "B-03, {path}");
        assert_eq!(response.field("etag"), None, "{path}");
        assert_eq!(response.body, "", "{path}");
    }
    assert_eq!(calls.count(), 0, "the inner service was not called");
}

#[tokio::test]
async fn two_fingerprints_in_one_url_are_not_found() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let fingerprint = assets.asset("style.css").unwrap().fingerprint();
    let path = path_of(&assets, "style.css");
    for (url, status, immutable) in [
        (format!("{path}?v={fingerprint}"), 200, true),
        (format!("{path}?utm=1"), 200, true),
        (format!("/style.css?utm=1&v={fingerprint}"), 200, true),
        (format!("/style.css?v={fingerprint}&v={fingerprint}"), 200, true),
        (format!("{path}?v={OTHER}"), 404, false),
        (format!("/style.css?v={fingerprint}&v={OTHER}"), 404, false),
        (format!("/style.css?v={OTHER}&v={fingerprint}"), 404, false),
        ("/style.css?utm=1".to_owned(), 200, false),
        ("/style.css?V=x".to_owned(), 200, false),
    ] {
        let response = fetch(&service, get(&url, &[])).await;
        assert_eq!(response.status, status, "{url}");
        assert_eq!(response.cache_control() == IMMUTABLE, immutable, "{url}");
    }
}

#[tokio::test]
async fn a_stale_fingerprint_can_get_the_current_content_or_a_redirect() {
    let files = site();
    let assets = manifest(&files);
    let stale = format!("/style.{OTHER}.css");
    let layer = AssetsLayer::new(&assets);
    let current = layer.clone().stale_fingerprint(StaleFingerprint::Current).layer(ServeDir::new(files.path()));
    let response = fetch(&current, get(&stale, &[])).await;
    assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, "no-cache"));
    assert_eq!(response.body, "p{color:red}");
    assert_eq!(response.field("etag").unwrap().trim_matches('"'), assets.asset("style.css").unwrap().fingerprint());

    let redirect = layer.stale_fingerprint(StaleFingerprint::Redirect).layer(ServeDir::new(files.path()));
    for url in [stale, format!("/style.css?v={OTHER}")] {
        let response = fetch(&redirect, get(&url, &[])).await;
        assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::FOUND, NO_STORE));
        assert_eq!(response.field("location").unwrap(), path_of(&assets, "style.css"));
    }
    // A file that never existed does not have a current version.
    assert_eq!(fetch(&current, get(&format!("/gone.{OTHER}.css"), &[])).await.status, 404);
    assert_eq!(fetch(&redirect, get(&format!("/gone.{OTHER}.css"), &[])).await.status, 404);
}

#[tokio::test]
async fn suspicious_paths_reach_no_file() {
    let files = site();
    let secret = files.path().join("secret");
    let calls = Calls::default();
    let assets = manifest(&files);
    write(files.path(), "secret", "x");
    let fingerprint = assets.asset("style.css").unwrap().fingerprint().to_owned();
    for mount in [PathPrefix::AlreadyStripped, PathPrefix::Strip, PathPrefix::Keep] {
        let service = ServiceBuilder::new()
            .layer(AssetsLayer::new(&assets).mount(mount).unknown_name(UnknownName::Service))
            .service(counted(&calls, ServeDir::new(files.path())));
        for path in [
            "/../secret".to_owned(),
            "/./style.css".to_owned(),
            "/a/../style.css".to_owned(),
            "/style.css;x.js".to_owned(),
            "/style%2ecss".to_owned(),
            "/%2e%2e/style.css".to_owned(),
            "/fonts%2fa.woff2".to_owned(),
            "/fonts%5ca.woff2".to_owned(),
            "/style.css%00.js".to_owned(),
            "/style.css%3fv=1".to_owned(),
            "/style.css%23a".to_owned(),
            "/style.css%253b".to_owned(),
            format!("/style.css;?v={fingerprint}"),
            format!("/..%2fstyle.{fingerprint}.css"),
            format!("/style.{fingerprint}.css%00"),
        ] {
            let response = fetch(&service, get(&path, &[])).await;
            assert_eq!(
                (response.status, response.cache_control().as_str()),
                (StatusCode::NOT_FOUND, NO_STORE),
                "{path}"
            );
        }
    }
    assert_eq!(calls.count(), 0);
    assert!(secret.exists());
}

#[tokio::test]
async fn another_spelling_of_a_path_is_the_same_asset() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let versioned = path_of(&assets, "style.css");
    for path in ["/%73tyle.css", &versioned.replacen('s', "%73", 1), "/fonts/caf%c3%a9%201.woff2"] {
        assert_eq!(fetch(&service, get(path, &[])).await.status, 200, "{path}");
    }
    assert_eq!(fetch(&service, get("/%ff.css", &[])).await.status, 404);
}

#[tokio::test]
async fn a_file_that_changed_after_the_manifest_is_refused() {
    for (sentence, text, time) in
        [("another length", "p{color:green}", 1), ("the same length and another time", "p{color:tan}", 2)]
    {
        let files = site();
        let assets = manifest(&files);
        let layer = AssetsLayer::new(&assets);
        write(files.path(), "style.css", text);
        modified(&files.path().join("style.css"), UNIX_EPOCH + Duration::from_secs(time));
        let versioned = path_of(&assets, "style.css");

        let service = layer.clone().layer(ServeDir::new(files.path()));
        let response = fetch(&service, get(&versioned, &[])).await;
        assert_eq!(
            (response.status, response.cache_control().as_str()),
            (StatusCode::NOT_FOUND, NO_STORE),
            "{sentence}"
        );
        assert_eq!(response.body, "", "{sentence}");
        let head = fetch(&service, request(Method::HEAD, &versioned, &[])).await;
        assert_eq!((head.status, head.cache_control().as_str()), (StatusCode::NOT_FOUND, NO_STORE), "{sentence}");

        let plain = fetch(&service, get("/style.css", &[])).await;
        assert_eq!((plain.status, plain.cache_control().as_str()), (StatusCode::OK, NO_STORE), "{sentence}");
        assert_eq!(plain.body, text, "{sentence}");
        assert_eq!(plain.field("etag"), None, "{sentence}");
        assert_eq!(plain.field("last-modified"), None, "{sentence}");

        // A client that requests the plain name notices that the file has changed.
        let tag = format!("\"{}\"", assets.asset("style.css").unwrap().fingerprint());
        for held in [tag.as_str(), "*"] {
            let again = fetch(&service, get("/style.css", &[("if-none-match", held)])).await;
            assert_eq!((again.status, again.cache_control().as_str()), (StatusCode::OK, NO_STORE), "{sentence}");
        }

        // RFC 9110 section 13.1.1 (P-06): the response has no tag, so only `*` matches.
        for (held, status) in [(tag.as_str(), 412), ("\"x\"", 412), ("\"x\", *", 412), ("", 412), ("*", 200)] {
            let again = fetch(&service, get("/style.css", &[("if-match", held)])).await;
            assert_eq!(
                (again.status.as_u16(), again.cache_control().as_str()),
                (status, NO_STORE),
                "{held}: {sentence}"
            );
            assert_eq!(again.body, if status == 200 { text } else { "" }, "{held}: {sentence}");
        }

        // The client would combine a range of different content with its partial copy.
        for url in [versioned.as_str(), "/style.css"] {
            let part = fetch(&service, get(url, &[("range", "bytes=0-3"), ("if-range", &tag)])).await;
            assert!(matches!(part.status.as_u16(), 404 | 503), "{sentence}: {}", part.status);
            assert_eq!((part.cache_control().as_str(), part.body.len()), (NO_STORE, 0), "{sentence}");
        }

        let current = layer.stale_fingerprint(StaleFingerprint::Current).layer(ServeDir::new(files.path()));
        let response = fetch(&current, get(&versioned, &[])).await;
        assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, NO_STORE), "{sentence}");
    }
}

#[tokio::test]
async fn a_loaded_manifest_checks_lengths_until_it_has_read_the_files() {
    let files = site();
    let loaded = AssetManifest::from_json(&manifest(&files).to_json()).unwrap();
    let verified = loaded.verify_directory(files.path()).unwrap();
    let url = path_of(&loaded, "style.css");
    // The deployment changes the modification times, which has no effect.
    modified(&files.path().join("style.css"), UNIX_EPOCH + Duration::from_secs(9));
    let service = AssetsLayer::new(&loaded).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, get(&url, &[])).await.cache_control(), IMMUTABLE);
    let service = AssetsLayer::new(&verified).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, get(&url, &[])).await.cache_control(), IMMUTABLE, "the file is read again");
    write(files.path(), "style.css", "p{color:tan}");
    modified(&files.path().join("style.css"), UNIX_EPOCH + Duration::from_secs(10));
    assert_eq!(fetch(&service, get(&url, &[])).await.status, 404, "after verification other content is noticed");
    write(files.path(), "style.css", "p{}");
    let service = AssetsLayer::new(&loaded).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, get(&url, &[])).await.status, 404, "another length always does");
}

#[tokio::test]
async fn a_deleted_file_is_a_404_that_no_cache_stores() {
    let files = site();
    let assets = manifest(&files);
    fs::remove_file(files.path().join("style.css")).unwrap();
    let service = AssetsLayer::new(&assets)
        .layer(ServeDir::new(files.path()).fallback(ServeFile::new(files.path().join("page.html"))));
    for url in [path_of(&assets, "style.css"), "/style.css".to_owned()] {
        let response = fetch(&service, get(&url, &[])).await;
        assert_eq!(
            (response.status, response.cache_control().as_str()),
            (StatusCode::NOT_FOUND, NO_STORE),
            "G-19, {url}"
        );
        assert_eq!(response.body, "", "no page in place of a stylesheet");
    }
}

/// A service that returns `lines` and a body of the correct length.
fn static_service(
    status: u16,
    lines: &'static [(&'static str, &'static str)],
) -> impl Service<Request<TestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |_: Request<TestBody>| {
        let mut response = response_with("p{color:red}", lines);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        std::future::ready(Ok(response))
    })
}

#[tokio::test]
async fn only_a_proven_response_is_immutable() {
    let assets = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    let url = path_of(&assets, "style.css");
    let layer = AssetsLayer::new(&assets);
    let table: &[(&str, u16, &'static [(&str, &str)], u16, &str)] = &[
        ("the file", 200, &[("content-type", "text/css")], 200, IMMUTABLE),
        ("with its length", 200, &[("content-type", "text/css"), ("content-length", "12")], 200, IMMUTABLE),
        ("another length", 200, &[("content-type", "text/css"), ("content-length", "13")], 404, NO_STORE),
        ("an invalid length", 200, &[("content-type", "text/css"), ("content-length", "x")], 200, NO_STORE),
        ("no type", 200, &[], 200, NO_STORE),
        ("a page", 200, &[("content-type", "text/html; charset=utf-8")], 404, NO_STORE),
        ("another type", 200, &[("content-type", "application/json")], 200, IMMUTABLE),
        ("what is not a type", 200, &[("content-type", "css")], 200, NO_STORE),
        (
            "a coding that is not known",
            200,
            &[("content-type", "text/css"), ("content-encoding", "gzip")],
            200,
            NO_STORE,
        ),
        ("two codings", 200, &[("content-type", "text/css"), ("content-encoding", "gzip, br")], 200, NO_STORE),
        ("no coding by name", 200, &[("content-type", "text/css"), ("content-encoding", "identity")], 200, IMMUTABLE),
        ("a part", 206, &[("content-type", "text/css"), ("content-range", "bytes 0-11/12")], 206, IMMUTABLE),
        ("a part of a page", 206, &[("content-type", "text/html"), ("content-range", "bytes 0-11/12")], 404, NO_STORE),
        ("all of it in the type of parts", 200, &[("content-type", "multipart/byteranges; boundary=a")], 200, NO_STORE),
        (
            "a part of another file",
            206,
            &[("content-type", "text/css"), ("content-range", "bytes 0-11/13")],
            404,
            NO_STORE,
        ),
        (
            "a part of what is not known",
            206,
            &[("content-type", "text/css"), ("content-range", "bytes 0-11/*")],
            206,
            NO_STORE,
        ),
        ("several parts", 206, &[("content-type", "multipart/byteranges; boundary=x")], 206, NO_STORE),
        ("an error", 500, &[("content-type", "text/css"), ("cache-control", "max-age=60")], 500, NO_STORE),
        (
            "a missing file",
            404,
            &[("content-type", "text/css"), ("expires", "Fri, 31 Dec 2100 00:00:00 GMT")],
            404,
            NO_STORE,
        ),
        ("no content", 204, &[("content-type", "text/css")], 204, NO_STORE),
        ("a redirect", 301, &[("location", "/"), ("cache-control", "max-age=60")], 301, NO_STORE),
        ("a range that is not there", 416, &[("content-range", "bytes */12"), ("etag", "\"x\"")], 416, NO_STORE),
        ("a 304 of the service", 304, &[("etag", "\"x\"")], 304, NO_STORE),
        (
            "the policy of the service",
            200,
            &[("content-type", "text/css"), ("cache-control", "max-age=60")],
            200,
            IMMUTABLE,
        ),
        ("its no-store", 200, &[("content-type", "text/css"), ("cache-control", "no-store")], 200, "no-store"),
        (
            "a cookie",
            200,
            &[("content-type", "text/css"), ("set-cookie", "a=b")],
            200,
            "private, max-age=31536000, immutable",
        ),
        (
            "fields for an edge",
            200,
            &[("content-type", "text/css"), ("cdn-cache-control", "max-age=60")],
            200,
            IMMUTABLE,
        ),
    ];
    for (sentence, status, lines, expected, cache_control) in table {
        let service = layer.clone().layer(static_service(*status, lines));
        let response = fetch(&service, get(&url, &[])).await;
        assert_eq!(response.status, *expected, "{sentence}");
        assert_eq!(response.cache_control(), *cache_control, "{sentence}");
        let tag = assets.asset("style.css").unwrap().fingerprint();
        let tagged = response.field("etag").is_some_and(|etag| etag == format!("\"{tag}\""));
        assert_eq!(tagged, !cache_control.starts_with("private, no-store"), "{sentence}");
        assert_eq!(response.field("cdn-cache-control"), None, "{sentence}");
        assert_eq!(response.field("expires"), None, "{sentence}");
        if *expected == 206 {
            let etag = format!("\"{tag}\"");
            let resumed = fetch(&service, get(&url, &[("range", "bytes=0-11"), ("if-range", &etag)])).await;
            let joined = if *cache_control == IMMUTABLE { 206 } else { 503 };
            assert_eq!(
                (resumed.status.as_u16(), resumed.cache_control().as_str()),
                (joined, *cache_control),
                "R-11: {sentence}"
            );
        }
    }
}

#[tokio::test]
async fn an_upgrade_below_the_prefix_is_unchanged() {
    let assets = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    let service = AssetsLayer::new(&assets).layer(static_service(101, &[("etag", "\"a\""), ("upgrade", "echo")]));
    let response = fetch(&service, get(&path_of(&assets, "style.css"), &[("upgrade", "echo")])).await;
    assert_eq!(response.field("etag").as_deref(), Some("\"a\""), "E-05");
    assert_eq!(response.field("cache-control"), None, "E-05");
}

#[tokio::test]
async fn a_policy_of_the_inner_service_has_no_effect_in_an_outer_layer() {
    let assets = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    let files = service_fn(|_: Request<TestBody>| {
        let mut response = response_with("p{color:red}", &[("content-type", "text/css")]);
        response.extensions_mut().insert(CachePolicy::NO_CACHE);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let service = ServiceBuilder::new()
        .layer(CachePolicyLayer::new(CachePolicy::max_age(Duration::from_secs(60))))
        .layer(AssetsLayer::new(&assets))
        .service(files);
    let response = fetch(&service, get(&path_of(&assets, "style.css"), &[])).await;
    assert_eq!(response.cache_control(), IMMUTABLE);
}

#[tokio::test]
async fn shared_caches_do_not_store_an_asset_requested_with_credentials() {
    let files = site();
    let assets = manifest(&files);
    let url = path_of(&assets, "style.css");
    let layer = AssetsLayer::new(&assets);
    let authorized = || get(&url, &[("authorization", "Bearer x")]);
    let service = layer.clone().layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, authorized()).await.cache_control(), "private, max-age=31536000, immutable", "G-02");
    let service = layer.accept_risk(Risk::AuthorizedResponseServedToOthers).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, authorized()).await.cache_control(), IMMUTABLE);
}

#[tokio::test]
async fn preconditions_depend_on_the_content_and_never_on_dates() {
    let files = site();
    let assets = manifest(&files);
    let fingerprint = assets.asset("style.css").unwrap().fingerprint();
    let tag = format!("\"{fingerprint}\"");
    let date = "Fri, 31 Dec 2100 00:00:00 GMT";
    let calls = Calls::default();
    let service =
        ServiceBuilder::new().layer(AssetsLayer::new(&assets)).service(counted(&calls, ServeDir::new(files.path())));
    let versioned = path_of(&assets, "style.css");
    for url in [versioned.as_str(), "/style.css"] {
        let cache_control = if url == versioned { IMMUTABLE } else { "no-cache" };
        for (lines, status, body) in [
            (&[("if-none-match", tag.as_str())][..], 304, ""),
            (&[("if-none-match", "*")], 304, ""),
            (&[("if-none-match", "\"x\""), ("if-none-match", &tag)], 304, ""),
            (&[("if-none-match", "\"x\"")], 200, "p{color:red}"),
            (&[("if-modified-since", date)], 200, "p{color:red}"),
            (&[("if-none-match", "\"x\""), ("if-modified-since", date)], 200, "p{color:red}"),
            (&[("if-match", &tag)], 200, "p{color:red}"),
            (&[("if-match", "\"x\"")], 412, ""),
            (&[("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")], 200, "p{color:red}"),
            (&[("range", "bytes=0-3")], 206, "p{co"),
            (&[("range", "bytes=0-3"), ("if-range", &tag)], 206, "p{co"),
            (&[("range", "bytes=0-3"), ("if-range", "\"x\"")], 200, "p{color:red}"),
            (&[("range", "bytes=0-3"), ("if-range", "Thu, 01 Jan 1970 00:00:01 GMT")], 200, "p{color:red}"),
            (&[("range", "bytes=0-3"), ("if-none-match", &tag)], 304, ""), // R-04
            (&[("range", "bytes=99-"), ("if-none-match", &tag)], 304, ""),
            (&[("range", "bytes=0-1,4-5")], 200, "p{color:red}"), // R-14
            (&[("range", "bytes=99-")], 416, ""),
        ] {
            let before = calls.count();
            let response = fetch(&service, get(url, lines)).await;
            assert_eq!((response.status.as_u16(), &response.body[..]), (status, body.as_bytes()), "{url} {lines:?}");
            let expected = if matches!(status, 200 | 206 | 304) { cache_control } else { NO_STORE };
            assert_eq!(response.cache_control(), expected, "{url} {lines:?}");
            if matches!(status, 304 | 412) {
                let needs_file = url != versioned || lines.iter().any(|(_, value)| *value == "*");
                assert_eq!(calls.count() - before, usize::from(needs_file), "{url} {lines:?}");
                assert_eq!(response.field("content-length"), None, "N-03");
            }
            if matches!(status, 200 | 206 | 304) {
                assert_eq!(response.field("etag").as_ref(), Some(&tag), "{url} {lines:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_304_under_a_versioned_url_does_not_read_the_file() {
    let previous = directory(&[("release-1/style.css", "p{color:tan}")]);
    let gone = AssetManifest::from_directory(previous.path().join("release-1")).unwrap();
    let files = site();
    let assets = manifest(&files).merge_previous(&gone.stored_under("release-1").unwrap()).unwrap();
    let calls = Calls::default();
    let service =
        ServiceBuilder::new().layer(AssetsLayer::new(&assets)).service(counted(&calls, ServeDir::new(files.path())));
    let current = path_of(&assets, "style.css");
    let of_query = path_of(&assets.with_fingerprint_in(FingerprintLocation::Query), "style.css");
    let of_previous = path_of(&gone, "style.css");
    let tag_of = |assets: &AssetManifest| format!("\"{}\"", assets.asset("style.css").unwrap().fingerprint());
    let (tag, tag_of_previous) = (tag_of(&assets), tag_of(&gone));
    for became in ["the same", "another of the same length", "nothing"] {
        match became {
            "the same" => {}
            "nothing" => fs::remove_file(files.path().join("style.css")).unwrap(),
            _ => write(files.path(), "style.css", "p{color:tan}"),
        }
        for (url, tag) in [(&current, &tag), (&of_query, &tag), (&of_previous, &tag_of_previous)] {
            let before = calls.count();
            let (weak, list) = (format!("W/{tag}"), format!("\"x\",,  {tag} , \"y\""));
            let inm = "if-none-match";
            for lines in [
                &[(inm, tag.as_str())][..],
                &[(inm, &weak)],
                &[(inm, &list)],
                &[(inm, "\"x\""), (inm, tag)],
                &[(inm, tag), (inm, "\"unterminated")],
                &[(inm, tag), ("if-match", tag)],
                &[(inm, tag), ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")],
                &[(inm, tag), ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")],
                &[(inm, tag), ("range", "bytes=0-3")],
                &[(inm, tag), ("range", "bytes=0-3"), ("if-range", tag)],
                &[(inm, tag), ("range", "bytes=0-3"), ("if-range", "\"x\"")],
            ] {
                for method in [Method::GET, Method::HEAD] {
                    let response = fetch(&service, request(method.clone(), url, lines)).await;
                    let row = format!("{became}: {method} {url} {lines:?}");
                    assert_eq!((response.status, &response.body[..]), (StatusCode::NOT_MODIFIED, &b""[..]), "{row}");
                    assert_eq!(response.cache_control(), IMMUTABLE, "N-01, {row}");
                    assert_eq!(response.field("etag").as_ref(), Some(tag), "N-01, {row}");
                    assert_eq!(response.headers.len(), 2, "N-02, N-03, {row}");
                }
            }
            assert_eq!(calls.count(), before, "{became}: {url}");
        }
    }
    // A client without this content gets neither other content nor a 304 for a file that may not exist (P-02).
    for (lines, status) in [
        (&[][..], 404),
        (&[("if-none-match", "*")], 404),
        (&[("if-none-match", "\"x\"")], 404),
        (&[("if-none-match", &tag_of_previous)], 404),
        (&[("if-none-match", "")], 404),
        (&[("if-none-match", tag.trim_matches('"'))], 404),
        (&[("if-modified-since", "Fri, 31 Dec 2100 00:00:00 GMT")], 404),
        (&[("if-match", &tag)], 404),
        (&[("if-none-match", &tag), ("if-match", "\"x\"")], 412),
    ] {
        let response = fetch(&service, get(&current, lines)).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (status, NO_STORE), "{lines:?}");
    }
    let before = calls.count();
    let write = fetch(&service, request(Method::PUT, &current, &[("if-none-match", &tag)])).await;
    assert_eq!((write.status, calls.count() - before), (StatusCode::METHOD_NOT_ALLOWED, 1), "M: the method is unsafe");
}

#[tokio::test]
async fn a_304_has_the_fields_of_its_200_for_every_source_of_the_tag() {
    let files = directory(&[("style.css", "p{color:red}"), ("style.css.gz", "not really gzip"), ("page.html", "<p>")]);
    let assets = manifest(&files);
    let layer = AssetsLayer::new(&assets).use_as_dictionary();
    let personal = MapRequest::new(layer.layer(ServeDir::new(files.path())), |mut request: Request<TestBody>| {
        request.extensions_mut().insert(Personalized);
        request
    });
    let service = layer.layer(ServeDir::new(files.path()));
    for name in ["style.css", "page.html"] {
        let url = path_of(&assets, name);
        let tag = format!("\"{}\"", assets.asset(name).unwrap().fingerprint());
        for credentials in [&[][..], &[("authorization", "Bearer x")]] {
            let with = |tag: &str| get(&url, &[credentials, &[("if-none-match", tag)]].concat());
            let (whole, personal_whole) =
                (fetch(&service, get(&url, credentials)).await, fetch(&personal, get(&url, credentials)).await);
            for held in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
                for (response, whole) in [
                    (fetch(&service, with(&held)).await, &whole),
                    (fetch(&personal, with(&held)).await, &personal_whole),
                ] {
                    assert_eq!(response.status, 304, "{url} {held}");
                    for field in ["cache-control", "etag", "vary", "use-as-dictionary", "last-modified", "expires"] {
                        assert_eq!(response.field(field), whole.field(field), "N-01, {url} {credentials:?} {held}");
                    }
                }
            }
        }
        assert!(fetch(&personal, get(&url, &[])).await.cache_control().contains("private"), "G-03");
    }
}

#[tokio::test]
async fn a_304_under_a_versioned_url_does_not_call_inner_authentication() {
    let files = site();
    let assets = manifest(&files);
    let url = path_of(&assets, "style.css");
    let tag = format!("\"{}\"", assets.asset("style.css").unwrap().fingerprint());
    let lines = [("if-none-match", tag.as_str())];
    let refusing = service_fn(|_: Request<TestBody>| {
        let mut refused = response_with("", &[]);
        *refused.status_mut() = StatusCode::UNAUTHORIZED;
        std::future::ready(Ok::<_, Infallible>(refused))
    });
    let inside = AssetsLayer::new(&assets).layer(refusing);
    assert_eq!(fetch(&inside, get(&url, &[])).await.status, 401);
    assert_eq!(fetch(&inside, get("/style.css", &lines)).await.status, 401);
    // The behavior that the module page documents, which is the reason to add authentication as an outer layer (L-03).
    assert_eq!(fetch(&inside, get(&url, &lines)).await.status, 304);
}

#[tokio::test]
async fn in_development_a_304_depends_on_the_file_on_disk() {
    let files = site();
    let assets = manifest(&files);
    let url = path_of(&assets, "style.css");
    let tag = format!("\"{}\"", assets.asset("style.css").unwrap().fingerprint());
    let service = AssetsLayer::new(&assets).development(true).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, get(&url, &[("if-none-match", &tag)])).await.status, 304);
    write(files.path(), "style.css", "p{color:green}");
    let changed = fetch(&service, get(&url, &[("if-none-match", &tag)])).await;
    assert_eq!((changed.status, &changed.body[..]), (StatusCode::OK, &b"p{color:green}"[..]));
}

#[tokio::test]
async fn a_head_response_without_a_length_is_unproven() {
    let assets = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    let url = path_of(&assets, "style.css");
    let empty = AssetsLayer::new(&assets).layer(service_fn(|_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response_with("", &[("content-type", "text/css")])))
    }));
    let response = fetch(&empty, request(Method::HEAD, &url, &[])).await;
    assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, NO_STORE));
    assert_eq!(fetch(&empty, get(&url, &[])).await.status, 404, "an empty body is another file");
    let whole = AssetsLayer::new(&assets).layer(static_service(200, &[("content-type", "text/css")]));
    assert_eq!(fetch(&whole, request(Method::HEAD, &url, &[])).await.cache_control(), IMMUTABLE, "L-06");
}

#[tokio::test]
async fn head_has_the_fields_of_get_and_unsafe_responses_are_not_stored() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    for url in [path_of(&assets, "style.css"), "/style.css".to_owned(), format!("/style.{OTHER}.css")] {
        let (whole, head) =
            (fetch(&service, get(&url, &[])).await, fetch(&service, request(Method::HEAD, &url, &[])).await);
        assert_eq!((whole.status, whole.headers), (head.status, head.headers), "S-07, M-06, {url}");
        assert_eq!(head.body, "", "M-06");
        let response = fetch(&service, request(Method::POST, &url, &[])).await;
        assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::METHOD_NOT_ALLOWED, NO_STORE));
    }
}

#[tokio::test]
async fn encoded_files_have_their_own_tags_and_are_verified() {
    let files = directory(&[("style.css", "p{color:red}"), ("style.css.gz", "not really gzip"), ("old.css", "a{}")]);
    write(files.path(), "old.css.gz", "of an earlier build");
    modified(&files.path().join("old.css.gz"), UNIX_EPOCH);
    let assets = manifest(&files);
    let fingerprint = assets.asset("style.css").unwrap().fingerprint();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()).precompressed_gzip());
    let url = path_of(&assets, "style.css");
    let gzip = ("accept-encoding", "gzip");

    let plain = fetch(&service, get(&url, &[])).await;
    assert_eq!(plain.field("etag").unwrap(), format!("\"{fingerprint}\""));
    assert_eq!(plain.field("vary").unwrap().to_ascii_lowercase(), "accept-encoding", "K-02");
    let coded = fetch(&service, get(&url, &[gzip])).await;
    assert_eq!(
        (coded.status, coded.cache_control().as_str(), &coded.body[..]),
        (StatusCode::OK, IMMUTABLE, &b"not really gzip"[..])
    );
    let tag = coded.field("etag").unwrap();
    assert_eq!(tag, format!("\"{fingerprint}--gzip\""), "V-09");

    let again = fetch(&service, get(&url, &[gzip, ("if-none-match", &tag)])).await;
    assert_eq!((again.status, again.cache_control().as_str()), (StatusCode::NOT_MODIFIED, IMMUTABLE));
    assert_eq!(
        (again.field("etag"), again.field("vary").unwrap().to_ascii_lowercase()),
        (Some(tag), "accept-encoding".to_owned())
    );

    let stale = fetch(&service, get(&path_of(&assets, "old.css"), &[gzip])).await;
    assert_eq!(stale.cache_control(), NO_STORE, "a coded file that is older than its source proves nothing");

    write(files.path(), "style.css.gz", "rebuilt alone");
    assert_eq!(fetch(&service, get(&url, &[gzip])).await.status, 404);
    assert_eq!(fetch(&service, get(&url, &[])).await.cache_control(), IMMUTABLE, "the other one is as it was");
}

#[tokio::test]
async fn if_match_compares_the_tag_of_the_encoded_file() {
    let files = directory(&[("style.css", "p{color:red}"), ("style.css.gz", "not really gzip")]);
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()).precompressed_gzip());
    let fingerprint = assets.asset("style.css").unwrap().fingerprint();
    let (plain, coded) = (format!("\"{fingerprint}\""), format!("\"{fingerprint}--gzip\""));
    for url in ["/style.css", &path_of(&assets, "style.css")] {
        for (accepted, tag, status) in
            [("identity", &plain, 200), ("gzip", &coded, 200), ("gzip", &plain, 412), ("identity", &coded, 412)]
        {
            let write = get(url, &[("accept-encoding", accepted), ("if-match", tag)]);
            assert_eq!(fetch(&service, write).await.status, status, "P-07, V-09: {url}, {accepted}, {tag}");
        }
    }
}

#[tokio::test]
async fn a_file_with_a_compressed_copy_always_has_vary() {
    let files =
        directory(&[("style.css", "p{color:red}"), ("style.css.gz", "not really gzip"), ("app.js", "p{color:red}")]);
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets);
    for (name, content_type, vary) in [
        ("style.css", &[("content-type", "text/css")], Some("accept-encoding")),
        ("app.js", &[("content-type", "text/javascript")], None),
    ] {
        let response =
            fetch(&service.layer(static_service(200, content_type)), get(&path_of(&assets, name), &[])).await;
        assert_eq!(
            (response.cache_control().as_str(), response.field("vary").as_deref()),
            (IMMUTABLE, vary),
            "K-02: {name}"
        );
    }
}

#[tokio::test]
async fn grpc_calls_and_tunnels_are_unchanged() {
    let assets = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    let service = AssetsLayer::new(&assets)
        .layer(static_service(200, &[("etag", "\"a\""), ("content-type", "application/grpc")]));
    let call = request(Method::POST, "/assets/none.css", &[("content-type", "application/grpc")]);
    let tunnel = Request::builder().method(Method::CONNECT).uri("/assets/none.css").body(TestBody::default()).unwrap();
    for request in [call, tunnel] {
        let response = fetch(&service, request).await;
        assert_eq!((response.status, response.field("etag").as_deref()), (StatusCode::OK, Some("\"a\"")), "E-05, Q-03");
    }
}

#[tokio::test]
async fn the_layer_works_within_compression_and_the_usual_stack() {
    let long = "p{color:red}\n".repeat(100);
    let files = directory(&[("style.css", &long)]);
    let assets = manifest(&files);
    let url = path_of(&assets, "style.css");
    let stack = CachingLayer::new(CachePolicy::public(Duration::from_secs(60)))
        .conditional(ConditionalLayer::inner_handles_if_range)
        .compression(CompressionLayer::new());
    let service =
        ServiceBuilder::new().layer(stack).layer(AssetsLayer::new(&assets)).service(ServeDir::new(files.path()));
    let gzip = ("accept-encoding", "gzip");
    let fingerprint = assets.asset("style.css").unwrap().fingerprint();
    let coded = fetch(&service, get(&url, &[gzip])).await;
    assert_eq!((coded.field("content-encoding").as_deref(), coded.cache_control().as_str()), (Some("gzip"), IMMUTABLE));
    let tag = coded.field("etag").unwrap();
    assert_eq!(tag, format!("\"{fingerprint}--gzip\""));
    let again = fetch(&service, get(&url, &[gzip, ("if-none-match", &tag)])).await;
    assert_eq!((again.status, again.cache_control().as_str()), (StatusCode::NOT_MODIFIED, IMMUTABLE));
    assert_eq!(again.field("etag"), Some(tag.clone()));
    // N-07: a client that has stored the file without a content coding gets a 304 for it, regardless of the codings
    // that it accepts.
    let plain = format!("\"{fingerprint}\"");
    let again = fetch(&service, get(&url, &[gzip, ("if-none-match", &plain)])).await;
    assert_eq!((again.status, again.field("etag")), (StatusCode::NOT_MODIFIED, Some(plain)));
    // A range refers to the bytes of the file, so only a download without a content coding can be resumed (R-02).
    for (held, status) in [(format!("\"{fingerprint}\""), 206), (tag, 200), ("\"x\"".to_owned(), 200)] {
        let part = fetch(&service, get(&url, &[("range", "bytes=0-3"), ("if-range", &held)])).await;
        assert_eq!((part.status.as_u16(), part.cache_control().as_str()), (status, IMMUTABLE), "{held}");
    }
    let wrong = fetch(&service, get(&format!("/style.{OTHER}.css"), &[gzip])).await;
    assert_eq!((wrong.status, wrong.cache_control().as_str()), (StatusCode::NOT_FOUND, NO_STORE));
    assert_eq!(fetch(&service, get("/style.css", &[])).await.cache_control(), "no-cache");
}

#[tokio::test]
async fn each_path_prefix_mode_receives_and_forwards_its_documented_paths() {
    let files = directory(&[("static/style.css", "p{}"), ("other", "x")]);
    let inside = files.path().join("static");
    let assets = AssetManifest::from_directory(&inside).unwrap().with_prefix("/static").unwrap();
    let url = path_of(&assets, "style.css");
    assert!(url.starts_with("/static/style."), "{url}");
    let layer = AssetsLayer::new(&assets);

    let stripping = layer.clone().mount(PathPrefix::Strip).layer(ServeDir::new(&inside));
    assert_eq!(fetch(&stripping, get(&url, &[])).await.cache_control(), IMMUTABLE);
    for path in ["/style.css", "/staticstyle.css", "/static", "/other"] {
        let response = fetch(&stripping, get(path, &[])).await;
        assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::NOT_FOUND, NO_STORE), "{path}");
    }

    let keeping = layer.clone().mount(PathPrefix::Keep).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&keeping, get(&url, &[])).await.cache_control(), IMMUTABLE);
    let outside = fetch(&keeping, get("/other", &[])).await;
    assert_eq!(
        (outside.status, outside.field("cache-control")),
        (StatusCode::OK, None),
        "a path outside of the prefix is forwarded"
    );

    let nested = axum::Router::new().nest_service("/static", layer.layer(ServeDir::new(&inside)));
    let response = nested.oneshot(Request::get(&url).body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["cache-control"], IMMUTABLE);
    assert_eq!(content(response.into_body()).await, "p{}");
}

#[tokio::test]
async fn an_unknown_name_can_be_served_but_is_not_stored() {
    let files = site();
    let assets = manifest(&files);
    write(files.path(), "upload.png", "png");
    let service = AssetsLayer::new(&assets)
        .unknown_name(UnknownName::Service)
        .layer(ServeDir::new(files.path()).fallback(ServeFile::new(files.path().join("page.html"))));
    let part = fetch(&service, get("/upload.png", &[("range", "bytes=1-"), ("if-range", "\"x\"")])).await;
    assert_eq!((part.status, &part.body[..]), (StatusCode::OK, &b"png"[..]), "R-10");
    let upload = fetch(&service, get("/upload.png", &[("if-modified-since", "Fri, 31 Dec 2100 00:00:00 GMT")])).await;
    assert_eq!(
        (upload.status, upload.cache_control().as_str(), &upload.body[..]),
        (StatusCode::OK, NO_STORE, &b"png"[..])
    );
    assert_eq!((upload.field("etag"), upload.field("last-modified")), (None, None));
    for (held, status) in [("\"x\"", 412), ("*", 200)] {
        let response = fetch(&service, get("/upload.png", &[("if-match", held)])).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (status, NO_STORE), "P-06: {held}");
    }
    let route = fetch(&service, get("/settings/profile", &[])).await;
    assert_eq!((route.status, route.cache_control().as_str()), (StatusCode::OK, NO_STORE));
    for path in ["/missing-abc123.js", &format!("/gone.{OTHER}.css")] {
        let response = fetch(&service, get(path, &[])).await;
        assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::NOT_FOUND, NO_STORE), "{path}");
    }
}

#[tokio::test]
async fn in_development_nothing_is_stored_and_file_changes_are_seen() {
    let files = site();
    let source = AssetDirectory::new(files.path()).source(true).unwrap();
    let service = AssetsLayer::new(&source).layer(ServeDir::new(files.path()));
    let before = path_of(&source.current(), "style.css");
    let response = fetch(&service, get(&before, &[])).await;
    assert_eq!(
        (response.status, response.cache_control().as_str()),
        (StatusCode::OK, "no-cache, no-store, must-revalidate")
    );

    write(files.path(), "style.css", "p{color:green}");
    let after = path_of(&source.current(), "style.css");
    assert_ne!(before, after);
    let response = fetch(&service, get(&after, &[])).await;
    assert_eq!((response.status, &response.body[..]), (StatusCode::OK, &b"p{color:green}"[..]));
    assert_eq!(response.cache_control(), "no-cache, no-store, must-revalidate");
    write(files.path(), "new.css", "n{}");
    assert_eq!(fetch(&service, get("/new.css", &[])).await.status, 200);

    // While a directory is being rebuilt, its previous manifest is used.
    fs::rename(files.path(), files.path().with_extension("away")).unwrap();
    assert!(source.try_current().is_err());
    assert_eq!(path_of(&source.current(), "style.css"), after);
    fs::rename(files.path().with_extension("away"), files.path()).unwrap();

    let fixed = AssetDirectory::new(files.path()).source(false).unwrap();
    assert!(!fixed.is_development());
    let switched = AssetsLayer::new(&fixed).development(true).layer(ServeDir::new(files.path()));
    let response = fetch(&switched, get(&path_of(&fixed.current(), "style.css"), &[])).await;
    assert_eq!(response.cache_control(), "no-cache, no-store, must-revalidate");
}

#[tokio::test]
async fn a_versioned_text_is_offered_as_a_dictionary_if_enabled() {
    let files = site();
    let assets = manifest(&files).with_prefix("/static").unwrap();
    let layer = AssetsLayer::new(&assets).mount(PathPrefix::Strip).use_as_dictionary();
    let service = layer.clone().layer(ServeDir::new(files.path()));
    let dictionary =
        async |name: &str| fetch(&service, get(&path_of(&assets, name), &[])).await.field("use-as-dictionary");
    assert_eq!(dictionary("style.css").await.unwrap(), r#"match="/static/style.*.css", match-dest=("style")"#);
    assert_eq!(dictionary("app.js").await.unwrap(), r#"match="/static/app.*.js", match-dest=("script")"#);
    assert_eq!(dictionary("page.html").await, None);
    assert_eq!(dictionary("fonts/caf\u{e9} 1.woff2").await, None);
    assert_eq!(fetch(&service, get("/static/style.css", &[])).await.field("use-as-dictionary"), None);
    let query = AssetsLayer::new(assets.with_fingerprint_in(FingerprintLocation::Query))
        .mount(PathPrefix::Strip)
        .use_as_dictionary();
    let response = fetch(&query.layer(ServeDir::new(files.path())), get(&path_of(&assets, "style.css"), &[])).await;
    assert_eq!(response.field("use-as-dictionary").unwrap(), r#"match="/static/style.css", match-dest=("style")"#);
}

#[tokio::test]
async fn a_disabled_layer_changes_nothing() {
    let files = site();
    let assets = manifest(&files);
    let service = AssetsLayer::new(&assets).enabled(false).layer(ServeDir::new(files.path()));
    assert_eq!(fetch(&service, get(&path_of(&assets, "style.css"), &[])).await.status, 404);
    assert_eq!(fetch(&service, get("/style.css", &[])).await.field("cache-control"), None);
}

// ==== The manifest ====

#[test]
fn an_unknown_name_suggests_the_most_similar_one() {
    let assets = AssetManifest::from_contents([("css/style.css", "p{}"), ("app.js", "x")]).unwrap();
    let error = assets.url("css/styel.css").unwrap_err();
    assert_eq!(error.to_string(), "there is no asset named `css/styel.css`; did you mean `css/style.css`?");
    assert_eq!((error.name(), error.nearest()), ("css/styel.css", Some("css/style.css")));
    assert!(assets.url("picture.png").unwrap_err().to_string().contains("names are paths below the directory"));
}

#[test]
fn the_fingerprint_depends_only_on_the_content() {
    let files = site();
    let one = manifest(&files);
    modified(&files.path().join("style.css"), SystemTime::UNIX_EPOCH + Duration::from_secs(99));
    let other = manifest(&files);
    assert_eq!(one.url("style.css").unwrap(), other.url("style.css").unwrap(), "B-05");
    let embedded = AssetManifest::from_contents([("style.css", "p{color:red}")]).unwrap();
    assert_eq!(one.url("style.css").unwrap(), embedded.url("style.css").unwrap());
    assert_eq!(one.asset("style.css").unwrap().integrity(), embedded.asset("style.css").unwrap().integrity());
    let fingerprint = one.asset("style.css").unwrap().fingerprint();
    assert!(fingerprint.len() * 4 >= 64 && fingerprint.bytes().all(|digit| digit.is_ascii_hexdigit()), "{fingerprint}");
}

#[test]
fn names_that_leave_the_directory_are_an_error() {
    for name in ["../style.css", "/style.css", "a/../b", "a//b", "", "a\\b", "a;b", "a%2fb", "a?b", "a\u{0}b"] {
        let error = AssetManifest::from_contents([(name, "x")]).unwrap_err();
        assert!(matches!(error.kind(), AssetErrorKind::InvalidName { .. }), "{error}");
    }
    for prefix in ["static", "/static/", "//", "/a/../b", "/a b", "/"] {
        let assets = AssetManifest::from_contents([("a", "x")]).unwrap();
        assert!(assets.with_prefix(prefix).is_err(), "{prefix}");
    }
    for origin in ["cdn.example.com", "https://cdn.example.com/", "https://cdn.example.com/a", "/", ""] {
        let assets = AssetManifest::from_contents([("a", "x")]).unwrap();
        assert!(assets.with_origin(origin).is_err(), "{origin}");
    }
    let assets =
        AssetManifest::from_contents([("a.css", "x")]).unwrap().with_origin("https://cdn.example.com").unwrap();
    assert!(assets.url("a.css").unwrap().starts_with("https://cdn.example.com/a."));
    assert!(assets.stored_under("../x").is_err());
}

#[test]
fn two_names_never_share_a_url() {
    let error = AssetManifest::from_contents([("a.css", "x"), ("a.css", "y")]).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::DuplicateName), "{error}");
    let assets = AssetManifest::from_contents([("a.css", "x")]).unwrap();
    let copied = assets.url("a.css").unwrap().trim_start_matches('/').to_owned();
    let error = AssetManifest::from_contents([("a.css", "x"), (&copied, "z")]).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::UrlConflict { .. }), "{error}");
}

#[test]
fn an_error_names_the_missing_or_unreadable_file() {
    let error = AssetManifest::from_directory("no/such/directory").unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Missing), "{error}");
    assert!(error.to_string().contains("no/such/directory"));

    let files = site();
    let assets = manifest(&files);
    assert!(assets.verify_directory(files.path()).is_ok());
    write(files.path(), "style.css", "p{color:tan}");
    let error = assets.verify_directory(files.path()).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::ContentMismatch), "{error}");
    assert!(error.to_string().contains("style.css"));
    fs::remove_file(files.path().join("style.css")).unwrap();
    let error = assets.verify_directory(files.path()).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Missing), "{error}");
    assert!(error.file().contains("style.css"));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("b.bin");
    fs::write(files.path().join("a.bin"), "a").unwrap();
    fs::write(&path, vec![0; 16 << 20]).unwrap();
    let (stop, (started, first)) = (Arc::new(AtomicBool::new(false)), std::sync::mpsc::channel());
    let writer = std::thread::spawn({
        let (path, stop) = (path.clone(), Arc::clone(&stop));
        move || {
            for n in 0.. {
                modified(&path, UNIX_EPOCH + Duration::from_secs(n));
                started.send(()).ok();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    first.recv().unwrap();
    let error = AssetManifest::from_directory(files.path()).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Changed), "{error}");
    assert!(error.file().ends_with("b.bin"), "{error}");
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}

#[cfg(unix)]
#[test]
fn hidden_files_and_symbolic_links_are_assets_only_if_enabled() {
    let files = directory(&[("a.css", "a"), (".env", "secret"), (".git/config", "x")]);
    let elsewhere = directory(&[("b.css", "b"), ("sub/c.css", "c")]);
    std::os::unix::fs::symlink(elsewhere.path().join("b.css"), files.path().join("b.css")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), files.path().join("linked")).unwrap();
    let names = |directory: AssetDirectory| -> Vec<String> {
        directory.build().unwrap().iter().map(|asset| asset.name().to_owned()).collect()
    };
    let all = AssetDirectory::new(files.path());
    assert_eq!(names(all.clone()), ["a.css"]);
    assert_eq!(names(all.clone().with_hidden_files()), [".env", ".git/config", "a.css"]);
    assert_eq!(names(all.clone().with_symlinks()), ["a.css", "b.css", "linked/b.css", "linked/sub/c.css"]);

    std::os::unix::fs::symlink(files.path(), files.path().join("loop")).unwrap();
    let error = all.with_symlinks().build().unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::SymlinkLoop), "{error}");
}

#[test]
fn progress_is_reported_once_for_each_file() {
    let files = directory(&[("a", "1"), ("b", "2"), ("c/d", "3")]);
    let events = Arc::new(std::sync::Mutex::new(Vec::new()));
    let recorded = Arc::clone(&events);
    let directory = AssetDirectory::new(files.path()).on_progress(move |progress| {
        recorded.lock().unwrap().push((progress.name().to_owned(), progress.done(), progress.total()));
    });
    assert_eq!(directory.build().unwrap().len(), 3);
    let events = events.lock().unwrap();
    let mut names: Vec<_> = events.iter().map(|(name, ..)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c/d"]);
    let mut done: Vec<_> = events.iter().map(|(_, done, total)| (*done, *total)).collect();
    done.sort_unstable();
    assert_eq!(done, [(1, 3), (2, 3), (3, 3)]);
}

#[derive(rust_embed::RustEmbed)]
#[folder = "tests/data/assets"]
struct Embedded;

static INCLUDED: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/tests/data/assets");

fn included(directory: &'static include_dir::Dir<'static>) -> Vec<(String, &'static [u8])> {
    let files = directory.files().map(|file| (file.path().to_str().unwrap().to_owned(), file.contents()));
    files.chain(directory.dirs().flat_map(included)).collect()
}

#[tokio::test]
async fn embedded_assets_are_assets_like_any_other() {
    let on_disk =
        AssetManifest::from_directory(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/assets")).unwrap();
    let embedded = AssetManifest::from_contents(
        Embedded::iter().map(|name| (name.to_string(), Embedded::get(&name).unwrap().data)),
    )
    .unwrap();
    let compiled_in = AssetManifest::from_contents(included(&INCLUDED)).unwrap();
    for assets in [&embedded, &compiled_in] {
        let urls = |assets: &AssetManifest| assets.iter().map(|asset| asset.url().to_owned()).collect::<Vec<_>>();
        assert_eq!(urls(assets), urls(&on_disk));
    }
    // A short service for embedded files.
    let service = AssetsLayer::new(&embedded).layer(service_fn(|request: Request<TestBody>| {
        let name = request.uri().path().trim_start_matches('/').to_owned();
        let response = match Embedded::get(&name) {
            Some(file) => Response::builder()
                .header("content-type", mime_guess_of(&name))
                .body(Full::new(Bytes::from(file.data.into_owned()))),
            None => Response::builder().status(404).body(Full::default()),
        };
        std::future::ready(Ok::<_, Infallible>(response.unwrap()))
    }));
    let response = fetch(&service, get(&path_of(&embedded, "css/style.css"), &[])).await;
    assert_eq!((response.status, response.cache_control().as_str()), (StatusCode::OK, IMMUTABLE));
    assert_eq!(response.body, "p{color:red}\n");
}

fn mime_guess_of(name: &str) -> &'static str {
    if name.ends_with(".css") { "text/css" } else { "text/javascript" }
}

#[test]
fn a_manifest_is_equal_after_loading_it_from_json() {
    let files = directory(&[("style.css", "p{}"), ("style.css.gz", "gz"), ("a b.js", "x")]);
    let earlier = AssetManifest::from_contents([("style.css", "old")]).unwrap().stored_under("release-1").unwrap();
    let assets = manifest(&files)
        .with_prefix("/static")
        .unwrap()
        .with_origin("https://cdn.example.com")
        .unwrap()
        .with_fingerprint_in(FingerprintLocation::Query)
        .merge_previous(&earlier)
        .unwrap();
    let text = assets.to_json();
    let again = AssetManifest::from_json(&text).unwrap();
    assert_eq!(again.to_json(), text);
    assert_eq!(again.url("a b.js").unwrap(), assets.url("a b.js").unwrap());
    let file = files.path().join("manifest.json");
    assets.save(&file).unwrap();
    assert_eq!(AssetManifest::load(&file).unwrap().to_json(), text);
    let saved = fs::read_to_string(&file).unwrap();
    for (sentence, spoiled) in [
        ("no JSON", "{".to_owned()),
        ("another version", saved.replace("\"version\": 1", "\"version\": 2")),
        ("a name that leaves the directory", saved.replace("\"a b.js\"", "\"../b.js\"")),
        ("a name twice", saved.replace("\"a b.js\"", "\"style.css\"")),
        ("a key that is not known", saved.replace("\"length\"", "\"lenght\"")),
        ("a fingerprint of something else", saved.replacen("\"fingerprint\": \"", "\"fingerprint\": \"0", 1)),
        ("an invalid hash", saved.replacen("sha384-", "sha256-", 1)),
        ("a coding that is not known", saved.replace("\"gzip\"", "\"lzma\"")),
    ] {
        assert_ne!(spoiled, saved, "{sentence}");
        fs::write(&file, spoiled).unwrap();
        assert!(AssetManifest::load(&file).is_err(), "{sentence}");
    }
    let error = AssetManifest::load(file.with_extension("gone")).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Missing), "{error}");
}

const VITE: &str = r#"{
  "_shared-B7PI925R.js": { "file": "assets/shared-B7PI925R.js", "name": "shared", "css": ["assets/shared-ChJ_j-JJ.css"] },
  "logo.svg": { "file": "assets/logo-BuPgAJpw.svg", "src": "logo.svg" },
  "views/main.js": {
    "file": "assets/main-BRBmoGS9.js", "name": "main", "src": "views/main.js", "isEntry": true,
    "imports": ["_shared-B7PI925R.js"], "css": ["assets/main-5UjPuW-k.css"], "assets": ["assets/logo-BuPgAJpw.svg"]
  },
  "views/plain.js": { "file": "assets/plain.js", "name": "plain", "src": "views/plain.js", "isEntry": true }
}"#;

#[tokio::test]
async fn a_vite_build_has_the_names_of_its_manifest() {
    let built = [
        ("assets/shared-B7PI925R.js", "1"),
        ("assets/shared-ChJ_j-JJ.css", "2"),
        ("assets/logo-BuPgAJpw.svg", "<svg/>"),
        ("assets/main-BRBmoGS9.js", "4"),
        ("assets/main-5UjPuW-k.css", "5"),
        ("assets/plain.js", "6"),
        ("favicon.ico", "7"),
    ];
    let files = directory(&built);
    let from_vite = || AssetManifest::from_vite(VITE, &AssetDirectory::new(files.path()).prefix("/static"));
    let assets = from_vite().unwrap();
    assert_eq!(assets.url("views/main.js").unwrap(), "/static/assets/main-BRBmoGS9.js");
    assert_eq!(assets.url("assets/main-5UjPuW-k.css").unwrap(), "/static/assets/main-5UjPuW-k.css");
    let plain = assets.asset("views/plain.js").unwrap();
    assert_eq!(plain.url(), "/static/assets/plain.js", "chunks import it by this URL");
    assert!(assets.url("favicon.ico").unwrap().starts_with("/static/favicon."));
    let again = AssetManifest::from_json(&assets.to_json()).unwrap();
    assert_eq!(again.to_json(), assets.to_json());

    let service = AssetsLayer::new(&assets).mount(PathPrefix::Strip).layer(ServeDir::new(files.path()));
    for (url, status, cache_control) in [
        ("/static/assets/main-BRBmoGS9.js", 200, IMMUTABLE),
        ("/static/assets/shared-ChJ_j-JJ.css", 200, IMMUTABLE),
        ("/static/assets/plain.js", 200, "no-cache"),
        (plain.url(), 200, "no-cache"),
        (&format!("/static/assets/plain.{}.js", plain.fingerprint()), 404, NO_STORE),
        ("/static/favicon.ico", 200, "no-cache"),
        ("/static/assets/main-AAAAAAAA.js", 404, NO_STORE),
    ] {
        let response = fetch(&service, get(url, &[])).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (status, cache_control), "{url}");
    }

    fs::remove_file(files.path().join("assets/main-5UjPuW-k.css")).unwrap();
    let error = from_vite().unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Missing), "{error}");
    assert_eq!(error.file(), "assets/main-5UjPuW-k.css");
    assert!(AssetManifest::from_vite("[]", &AssetDirectory::new(files.path())).is_err());
}

#[test]
fn preloads_and_the_import_map_name_versioned_urls() {
    let assets = AssetManifest::from_contents([
        ("style.css", "p{}"),
        ("app.js", "import './b.js'"),
        ("b.js", "1"),
        ("f.woff2", "f"),
    ])
    .unwrap()
    .with_prefix("/static")
    .unwrap();
    let url = |name: &str| assets.url(name).unwrap().to_owned();
    assert_eq!(assets.preload("style.css").unwrap(), format!("<{}>; rel=preload; as=style", url("style.css")));
    assert_eq!(assets.preload("app.js").unwrap(), format!("<{}>; rel=preload; as=script", url("app.js")));
    assert_eq!(assets.modulepreload("app.js").unwrap(), format!("<{}>; rel=modulepreload", url("app.js")));
    assert_eq!(assets.preload("f.woff2").unwrap(), format!("<{}>; rel=preload; as=font; crossorigin", url("f.woff2")));
    assert!(assets.preload("styl.css").unwrap_err().to_string().contains("did you mean"));

    let map: serde_json::Value = serde_json::from_str(&assets.import_map()).unwrap();
    assert_eq!(map["imports"]["/static/b.js"], url("b.js"));
    assert_eq!(map["integrity"][url("b.js")], assets.asset("b.js").unwrap().integrity());
    assert_eq!(map["imports"].as_object().unwrap().len(), 2, "scripts only");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_name_is_converted_to_a_url_and_back(
        names in prop::collection::btree_set("[a-zA-Z0-9 _.~é@+,()-]{1,12}(/[a-z0-9.é ]{1,8}){0,2}", 1..8),
        query: bool,
    ) {
        let pairs = names.iter().map(|name| (name.clone(), format!("content of {name}")));
        let Ok(assets) = AssetManifest::from_contents(pairs) else { return Ok(()) };
        let assets = if query { assets.with_fingerprint_in(FingerprintLocation::Query) } else { assets };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // Returns the requested path.
        let service = AssetsLayer::new(&assets).layer(service_fn(|request: Request<TestBody>| {
            let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8().unwrap().into_owned();
            std::future::ready(Ok::<_, Infallible>(answer_with(format!("content of {}", &path[1..]))))
        }));
        for name in &names {
            let response = runtime.block_on(fetch(&service, get(assets.url(name).unwrap(), &[])));
            let expected = format!("content of {name}");
            prop_assert_eq!(response.status.as_u16(), 200, "{}", name);
            prop_assert_eq!(&response.body[..], expected.as_bytes());
            prop_assert_eq!(response.cache_control(), IMMUTABLE);
        }
    }

    #[test]
    fn only_a_path_with_a_current_fingerprint_is_immutable(
        path in "/[ -~]{0,40}",
        query in prop::option::of("[!-~]{0,40}"),
    ) {
        let assets = AssetManifest::from_contents([("style.css", "p{color:red}"), ("a/b.js", "p{color:red}")]).unwrap();
        let text = match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let Ok(uri) = text.parse::<http::Uri>() else { return Ok(()) };
        let service = AssetsLayer::new(&assets)
            .unknown_name(UnknownName::Service)
            .stale_fingerprint(StaleFingerprint::Current)
            .layer(static_service(200, &[("content-type", "text/css")]));
        let mut request = get("/", &[]);
        *request.uri_mut() = uri;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(fetch(&service, request));
        prop_assert!(!response.cache_control().contains("immutable"), "{}", text);
    }
}

fn answer_with(text: String) -> Response<Full<Bytes>> {
    Response::builder().header("content-type", "application/octet-stream").body(Full::from(text)).unwrap()
}
