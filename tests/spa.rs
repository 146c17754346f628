//! Tests single-page applications: the page for every unknown path, and files of the expected type.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/received.rs"]
mod received;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use http::{Method, Request};
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::assets::{AssetDirectory, AssetManifest, EmbeddedFiles};
use tower_cache_policy::layers::assets::{PathPrefix, UnknownName};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{AssetsLayer, CachingLayer};
use tower_http::services::ServeDir;

use received::send;
use support::{TestBody, TestService, collected, get, request, response_with};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_CACHE: &str = "no-cache";
const NO_STORE: &str = "private, no-store";

/// The `Accept` fields of a browser that opens a page, and of a page that loads a script, a stylesheet and a picture.
const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const OF_SUBRESOURCES: [&str; 3] =
    ["*/*", "text/css,*/*;q=0.1", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"];

fn dist(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vite").join(name)
}

fn assets(name: &str, directory: &AssetDirectory) -> AssetManifest {
    let manifest = fs::read_to_string(dist(name).join(".vite/manifest.json")).unwrap();
    let directory = directory.clone().hashed_names(|file| file.starts_with("assets/"));
    AssetManifest::from_vite(&manifest, &directory).unwrap()
}

/// The application on disk, served by `ServeDir`.
fn application(name: &str) -> TestService {
    let layer = AssetsLayer::new(assets(name, &AssetDirectory::new(dist(name)))).fallback_page("index.html").unwrap();
    collected(layer.layer(ServeDir::new(dist(name))))
}

/// The application embedded in the program.
fn embedded(name: &str) -> TestService {
    let files = ["index.html", "favicon.svg", "robots.txt"].map(str::to_owned).into_iter().chain(
        fs::read_dir(dist(name).join("assets"))
            .unwrap()
            .map(|entry| format!("assets/{}", entry.unwrap().file_name().to_str().unwrap())),
    );
    let files = files.map(|file| (file.clone(), fs::read(dist(name).join(file)).unwrap()));
    let files = EmbeddedFiles::new(files).unwrap();
    let layer = AssetsLayer::new(assets(name, &AssetDirectory::embedded(&files))).fallback_page("index.html").unwrap();
    collected(layer.layer(files))
}

fn both() -> [(&'static str, TestService); 2] {
    [("on disk", application("plain")), ("embedded", embedded("plain"))]
}

#[tokio::test]
async fn every_unknown_path_gets_the_page_with_its_tag() {
    let page = fs::read(dist("plain").join("index.html")).unwrap();
    for (kind, service) in both() {
        let tag = send(&service, get("/index.html", &[])).await.field("etag");
        assert!(tag.starts_with('"'), "{kind}: strong");
        for path in [
            "/",
            "/?utm_source=x",
            "/users/john.doe",
            "/users/jane/",
            "/packages/react@18.2.0",
            "/packages/%40types/node",
            "/search?q=a/b.js",
            "/caf%C3%A9",
            "/a//b",
            "/assets",
            "/index.htm",
            "/?v=0123456789abcdef0123456789abcdef",
        ] {
            for accept in [NAVIGATION, "*/*"] {
                let sentence = format!("{kind}, {path}, {accept}");
                let response = send(&service, get(path, &[("accept", accept)])).await;
                assert_eq!(response.status_and_policy(), (200, NO_CACHE.to_owned()), "{sentence}");
                assert_eq!((&response.body[..], response.field("etag")), (&page[..], tag.clone()), "{sentence}");
                assert_eq!(response.field("content-type"), "text/html", "{sentence}");
                assert_eq!(response.field("vary"), "", "{sentence}");
                let again = send(&service, get(path, &[("accept", accept), ("if-none-match", &tag)])).await;
                assert_eq!(again.status_and_policy(), (304, NO_CACHE.to_owned()), "{sentence}");
                assert_eq!(again.field("etag"), tag, "{sentence}");
                let head = send(&service, request(Method::HEAD, path, &[("accept", accept)])).await;
                assert_eq!(
                    (head.status_and_policy(), head.field("etag")),
                    ((200, NO_CACHE.to_owned()), tag.clone()),
                    "{sentence}"
                );
                assert_eq!((head.field("content-length"), head.body.len()), (page.len().to_string(), 0), "{sentence}");
            }
        }
    }
}

#[tokio::test]
async fn files_have_the_type_of_their_names() {
    for (kind, service) in both() {
        for (path, content_type, cache_control) in [
            ("/assets/index-Dkug_igI.js", "text/javascript", IMMUTABLE),
            ("/assets/index-DtXW_630.css", "text/css", IMMUTABLE),
            ("/assets/lazy-kuCgS2OT.js", "text/javascript", IMMUTABLE),
            ("/assets/logo-BL149hPB.svg", "image/svg+xml", IMMUTABLE),
            ("/favicon.svg", "image/svg+xml", NO_CACHE),
            ("/robots.txt", "text/plain", NO_CACHE),
        ] {
            for accept in [NAVIGATION, "*/*"] {
                let response = send(&service, get(path, &[("accept", accept)])).await;
                assert_eq!(response.status_and_policy(), (200, cache_control.to_owned()), "{kind}, {path}");
                assert_eq!(response.field("content-type"), content_type, "{kind}, {path}");
                assert!(!response.field("etag").is_empty(), "{kind}, {path}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_asset_is_a_404_that_no_cache_stores() {
    for (kind, service) in both() {
        // Paths in the directory of hashed files never get the page, regardless of what the client accepts.
        for path in [
            "/assets/index-00000000.js",
            "/assets/lazy",
            "/assets/",
            "/assets/deeper/x",
            "/assets%2Findex-00000000.js",
            "/%61ssets/index-00000000.js",
        ] {
            for accept in [NAVIGATION, "*/*"] {
                let response = send(&service, get(path, &[("accept", accept)])).await;
                assert_eq!(response.status_and_policy(), (404, NO_STORE.to_owned()), "G-19: {kind}, {path}, {accept}");
                assert_eq!(response.body, "");
            }
        }
        for path in
            ["/missing.js", "/img/missing.png", "/favicon.ico", "/data/teas.json", "/app.css", "/x.woff2", "/a.map"]
        {
            for accept in OF_SUBRESOURCES {
                let response = send(&service, get(path, &[("accept", accept)])).await;
                assert_eq!(response.status_and_policy(), (404, NO_STORE.to_owned()), "G-19: {kind}, {path}, {accept}");
            }
            assert_eq!(
                send(&service, get(path, &[])).await.status_and_policy(),
                (404, NO_STORE.to_owned()),
                "{kind}, {path}"
            );
            // A user opens `/packages/three.js` in a tab.
            let page = send(&service, get(path, &[("accept", NAVIGATION)])).await;
            assert_eq!(page.status_and_policy(), (200, NO_CACHE.to_owned()), "{kind}, {path}");
            assert_eq!(page.field("vary"), "accept", "K-02: {kind}, {path}");
            let lines = [("accept", NAVIGATION), ("if-none-match", &page.field("etag"))];
            let again = send(&service, get(path, &lines)).await;
            assert_eq!((again.status, again.field("vary")), (304, "accept".to_owned()), "N-01: {kind}, {path}");
        }
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let response = send(&service, request(method.clone(), "/users/1", &[("accept", NAVIGATION)])).await;
            assert_eq!(response.status_and_policy(), (405, NO_STORE.to_owned()), "{kind}, {method}");
        }
    }
}

#[tokio::test]
async fn a_suspicious_path_gets_no_page_that_a_cache_stores() {
    for (kind, service) in both() {
        for (path, status) in [
            ("/users/..%2f..%2fassets/index-Dkug_igI.js", 404),
            ("/users/%2e%2e/assets/x.js", 404),
            ("/users/..;/x", 404),
            ("/users/%252e%252e/x", 404),
            ("/search/a%2Fb", 200),
            ("/users/a;b", 200),
            ("/tags/c%23", 200),
            ("/tags/100%25", 200),
        ] {
            let response = send(&service, get(path, &[("accept", NAVIGATION)])).await;
            assert_eq!(response.status_and_policy(), (status, NO_STORE.to_owned()), "G-19: {kind}, {path}");
            if status == 200 {
                assert_eq!(response.field("content-type"), "text/html", "{kind}, {path}");
            }
        }
        let script = send(&service, get("/users/a;b.js", &[("accept", "*/*")])).await;
        assert_eq!(script.status_and_policy(), (404, NO_STORE.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn after_a_deployment_the_page_is_new_and_unchanged_files_are_reused() {
    let (old, new) = (application("plain"), application("plain-next"));
    let page = send(&old, get("/users/john.doe", &[])).await;
    let lines = [("if-none-match", page.field("etag"))];
    let lines = lines.each_ref().map(|(name, value)| (*name, value.as_str()));
    let next = send(&new, get("/users/john.doe", &lines)).await;
    assert_eq!(next.status_and_policy(), (200, NO_CACHE.to_owned()));
    assert_ne!(next.field("etag"), page.field("etag"));
    for (path, by_old, by_new) in [
        ("/assets/index-Dkug_igI.js", 200, 404),
        ("/assets/index-Bi5Ec5bV.js", 404, 200),
        ("/assets/logo-BL149hPB.svg", 200, 200),
    ] {
        for (service, status) in [(&old, by_old), (&new, by_new)] {
            let expected = if status == 200 { IMMUTABLE } else { NO_STORE };
            assert_eq!(
                send(service, get(path, &[])).await.status_and_policy(),
                (status, expected.to_owned()),
                "B-03: {path}"
            );
        }
    }
}

#[tokio::test]
async fn scripts_of_the_previous_build_are_served_to_open_pages() {
    let root = tempfile::tempdir().unwrap();
    let release = |name: &str, directory: &str| {
        let target = root.path().join(directory);
        fs::create_dir_all(target.join("assets")).unwrap();
        let assets = assets(name, &AssetDirectory::new(dist(name)));
        for asset in assets.iter() {
            fs::copy(dist(name).join(asset.file()), target.join(asset.file())).unwrap();
        }
        assets.stored_under(directory).unwrap()
    };
    let (old, new) = (release("plain", "1"), release("plain-next", "2"));
    let both = new.merge_previous(&old).unwrap().verify_directory(root.path()).unwrap();
    let layer = AssetsLayer::new(&both).fallback_page("index.html").unwrap();
    let service = collected(layer.layer(ServeDir::new(root.path())));
    for path in ["/assets/lazy-kuCgS2OT.js", "/assets/lazy-B_iADybv.js", "/assets/logo-BL149hPB.svg"] {
        assert_eq!(send(&service, get(path, &[])).await.status_and_policy(), (200, IMMUTABLE.to_owned()), "{path}");
    }
    let page = send(&service, get("/users/1", &[])).await;
    assert_eq!(page.body, fs::read(dist("plain-next").join("index.html")).unwrap());
}

#[tokio::test]
async fn no_cache_stores_a_page_of_an_unexpected_length() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("index.html"), "<!doctype html>").unwrap();
    let assets = AssetManifest::from_directory(root.path()).unwrap();
    let layer = AssetsLayer::new(&assets).fallback_page("index.html").unwrap();
    let service = collected(layer.layer(ServeDir::new(root.path())));
    assert_eq!(send(&service, get("/users/1", &[])).await.status_and_policy(), (200, NO_CACHE.to_owned()));
    fs::write(root.path().join("index.html"), "<!doctype html><p>Half of a deployment").unwrap();
    let response = send(&service, get("/users/1", &[])).await;
    assert_eq!((response.status_and_policy(), response.field("etag")), ((200, NO_STORE.to_owned()), String::new()));
}

#[test]
fn a_missing_page_is_an_error_with_the_most_similar_name() {
    let assets = assets("plain", &AssetDirectory::new(dist("plain")));
    for (name, text) in [("indx.html", "index.html"), ("", "names are paths"), ("assets/index-Dkug_igI.js", "index")] {
        let error = AssetsLayer::new(&assets).fallback_page(name).unwrap_err().to_string();
        assert!(error.contains(text), "{name}: {error}");
    }
}

#[tokio::test]
async fn the_page_is_the_same_below_a_prefix_and_in_an_outer_layer() {
    let directory = AssetDirectory::new(dist("plain")).prefix("/admin");
    let layer = AssetsLayer::new(assets("plain", &directory)).fallback_page("index.html").unwrap();
    let layer = layer.mount(PathPrefix::Strip);
    let outer = CachingLayer::new(CachePolicy::IMMUTABLE);
    let service = collected(outer.layer(layer.layer(ServeDir::new(dist("plain")))));
    for (path, expected) in [
        ("/admin/", (200, NO_CACHE)),
        ("/admin/users/1", (200, NO_CACHE)),
        ("/admin/assets/missing.js", (404, NO_STORE)),
        ("/admin/assets/index-Dkug_igI.js", (200, IMMUTABLE)),
        ("/users/1", (404, NO_STORE)),
        ("/admin", (404, NO_STORE)),
    ] {
        let response = send(&service, get(path, &[("accept", NAVIGATION)])).await;
        assert_eq!(response.status_and_policy(), (expected.0, expected.1.to_owned()), "{path}");
    }
}

/// A site with other pages, with assets at the root.
fn site(assets: &AssetManifest) -> TestService {
    let files = EmbeddedFiles::new([("style.css", b"p{}".as_slice()), ("about", b"?")]).unwrap();
    let inner = service_fn(move |request: Request<TestBody>| {
        let files = files.clone();
        async move {
            if request.uri().path() == "/style.css" {
                let (head, body) = files.oneshot(request).await.unwrap().into_parts();
                return Ok(http::Response::from_parts(head, TestBody::new(support::content(body).await)));
            }
            // The fields of the site stay unchanged.
            let lines = [("cache-control", "public, max-age=60"), ("etag", "\"page\""), ("last-modified", "x")];
            let mut response = response_with("a page of the site", &lines);
            if let Some(tag) = request.headers().get("if-none-match") {
                response.headers_mut().insert("x-received", tag.clone());
            }
            Ok(response)
        }
    });
    collected(AssetsLayer::new(assets).mount(PathPrefix::Keep).layer(inner))
}

#[tokio::test]
async fn a_manifest_at_the_root_handles_only_its_own_assets() {
    let assets = AssetManifest::from_contents([("style.css", "p{}")]).unwrap();
    let service = site(&assets);
    let versioned = assets.url("style.css").unwrap();
    for (path, expected) in [
        (versioned, (200, IMMUTABLE)),
        ("/style.css", (200, NO_CACHE)),
        ("/style.0123456789abcdef0123456789abcdef.css", (404, NO_STORE)),
        ("/style.css?v=0123456789abcdef0123456789abcdef", (404, NO_STORE)),
        ("/style%2Ecss", (404, NO_STORE)),
    ] {
        assert_eq!(
            send(&service, get(path, &[])).await.status_and_policy(),
            (expected.0, expected.1.to_owned()),
            "{path}"
        );
    }
    for path in [
        "/",
        "/about",
        "/articles/style.css",
        "/style.css/",
        "/style",
        "/other.css",
        "/other.0123456789abcdef0123456789abcdef.css",
        "/articles?v=0123456789abcdef0123456789abcdef",
        "/a;b",
        "/a%2Fb",
        "/a/../b",
        "/caf%C3%A9",
        "/%ff",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            let lines = [("if-none-match", "\"page\""), ("range", "bytes=0-1")];
            let response = send(&service, request(method.clone(), path, &lines)).await;
            assert_eq!(response.status_and_policy(), (200, "public, max-age=60".to_owned()), "{method} {path}");
            let untouched = ["etag", "last-modified", "x-received"].map(|name| response.field(name));
            assert_eq!(untouched, ["\"page\"", "x", "\"page\""], "{method} {path}");
            assert_eq!(response.body, "a page of the site", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_other_routes_of_an_axum_router_are_unchanged() {
    use axum::routing::{get as route, post};

    let root = tempfile::tempdir().unwrap();
    for (name, text) in [("style.css", "p{}"), ("img/tea.svg", "<svg/>")] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), text).unwrap();
    }
    let assets = AssetManifest::from_directory(root.path()).unwrap();
    let router = || {
        axum::Router::new()
            .route("/", route(async || "the front page"))
            .route("/articles/{id}", route(async || "an article").put(async |body: String| body))
            .route("/img", post(async || "an upload"))
            .fallback_service(ServeDir::new(root.path()))
    };
    let plain = collected(router());
    let service = collected(AssetsLayer::new(&assets).mount(PathPrefix::Keep).layer(router()));
    for (method, path) in [
        (Method::GET, "/"),
        (Method::HEAD, "/"),
        (Method::GET, "/articles/1"),
        (Method::PUT, "/articles/style.css"),
        (Method::POST, "/img"),
        (Method::DELETE, "/img"),
        (Method::GET, "/missing.css"),
    ] {
        let [expected, response] = [&plain, &service].map(|service| send(service, request(method.clone(), path, &[])));
        let (expected, response) = (expected.await, response.await);
        assert_eq!(response.status, expected.status, "{method} {path}");
        assert_eq!((&response.headers, &response.body), (&expected.headers, &expected.body), "{method} {path}");
    }
    for asset in assets.iter() {
        assert_eq!(
            send(&service, get(asset.url(), &[])).await.status_and_policy(),
            (200, IMMUTABLE.to_owned()),
            "{}",
            asset.name()
        );
        let plain = format!("/{}", asset.name());
        assert_eq!(send(&service, get(&plain, &[])).await.status_and_policy(), (200, NO_CACHE.to_owned()), "{plain}");
    }
}

#[tokio::test]
async fn unknown_names_pass_only_if_the_caller_enables_it() {
    let assets = AssetManifest::from_contents([("style.css", "p{}")]).unwrap().with_prefix("/static").unwrap();
    let inner = || {
        service_fn(async |request: Request<TestBody>| {
            let mut response = response_with("of the site", &[("cache-control", "max-age=1")]);
            response.headers_mut().insert("x-path", request.uri().path().parse().unwrap());
            Ok(response)
        })
    };
    for (layer, inside, outside) in [
        (AssetsLayer::new(&assets).mount(PathPrefix::Keep), (404, NO_STORE), (200, "max-age=1")),
        (
            AssetsLayer::new(&assets).mount(PathPrefix::Keep).unknown_name(UnknownName::Pass),
            (200, "max-age=1"),
            (200, "max-age=1"),
        ),
        (AssetsLayer::new(&assets).mount(PathPrefix::Strip), (404, NO_STORE), (404, NO_STORE)),
        (
            AssetsLayer::new(&assets).mount(PathPrefix::Strip).unknown_name(UnknownName::Pass),
            (200, "max-age=1"),
            (404, NO_STORE),
        ),
    ] {
        let service = collected(layer.layer(inner()));
        for (path, expected) in [("/static/other", inside), ("/other", outside)] {
            let response = send(&service, get(path, &[])).await;
            assert_eq!(response.status_and_policy(), (expected.0, expected.1.to_owned()), "{layer:?}: {path}");
            if expected.0 == 200 {
                let is_stripped = format!("{layer:?}").contains("mount: Strip,");
                let seen = if is_stripped { path.strip_prefix("/static").unwrap_or(path) } else { path };
                assert_eq!(response.field("x-path"), seen, "{layer:?}: {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_compressed_page_varies_by_accept_encoding() {
    let contents = [
        ("index.html", b"<!doctype html><p>A page".as_slice()),
        ("index.html.gz", b"in gzip"),
        ("index.html.br", b"in brotli"),
    ];
    let files = EmbeddedFiles::new(contents).unwrap();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let service = collected(AssetsLayer::new(&assets).fallback_page("index.html").unwrap().layer(files));
    let plain = format!("\"{}\"", assets.asset("index.html").unwrap().fingerprint());
    for (path, vary) in [("/users/1", "accept-encoding"), ("/users/1.js", "accept, accept-encoding")] {
        for (accepted, length, tag) in [
            ("gzip", 7, plain.replace("\"", "").as_str().to_owned() + "--gzip"),
            ("br", 9, plain.replace("\"", "").as_str().to_owned() + "--br"),
            ("identity", 24, plain.replace("\"", "")),
        ] {
            let lines = [("accept", NAVIGATION), ("accept-encoding", accepted)];
            let page = send(&service, get(path, &lines)).await;
            assert_eq!(
                (page.status_and_policy(), page.body.len()),
                ((200, NO_CACHE.to_owned()), length),
                "{path}, {accepted}"
            );
            let mut varies: Vec<String> = page.field("vary").split(", ").map(str::to_owned).collect();
            varies.sort();
            assert_eq!(varies.join(", "), vary, "K-02: {path}, {accepted}");
            assert_eq!(page.field("etag"), format!("\"{tag}\""), "V-09: {path}, {accepted}");
            let again = [lines[0], lines[1], ("if-none-match", &page.field("etag"))];
            assert_eq!(
                send(&service, get(path, &again)).await.status_and_policy(),
                (304, NO_CACHE.to_owned()),
                "{path}, {accepted}"
            );
        }
    }
}

#[tokio::test]
async fn in_development_no_cache_stores_the_page() {
    let layer = AssetsLayer::new(assets("plain", &AssetDirectory::new(dist("plain")))).development(true);
    let service = collected(layer.fallback_page("index.html").unwrap().layer(ServeDir::new(dist("plain"))));
    for (path, status) in [("/users/1", 200), ("/assets/index-Dkug_igI.js", 200), ("/assets/missing.js", 404)] {
        let response = send(&service, get(path, &[])).await;
        assert_eq!(response.status, status, "{path}");
        assert!(response.field("cache-control").contains("no-store"), "{path}");
    }
}

#[tokio::test]
async fn a_long_path_is_found_unknown_in_linear_time() {
    let service = application("plain");
    for path in ["/a".repeat(30_000), "/%61".repeat(15_000), format!("/{}", "%2f".repeat(20_000)), "/".repeat(60_000)] {
        let began = std::time::Instant::now();
        let response = send(&service, get(&path, &[])).await;
        assert!(matches!(response.status, 200 | 404));
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
