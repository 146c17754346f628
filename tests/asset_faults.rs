//! Tests inputs that earlier versions handled incorrectly, by kind.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use tempfile::TempDir;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::{AssetManifest, FingerprintLocation};
use tower_http::services::ServeDir;

use support::{TestBody, content, field, get};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_CACHE: &str = "no-cache";
const NO_STORE: &str = "private, no-store";

/// A value with the form of a fingerprint that does not belong to any file.
const OTHER: &str = "0123456789abcdef0123456789abcdef";

struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn cache_control(&self) -> String {
        field(&self.headers, "cache-control").unwrap_or_default()
    }
}

async fn send<S, B>(service: &S, request: Request<TestBody>) -> Received
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let (head, body) = service.clone().oneshot(request).await.unwrap().into_parts();
    Received { status: head.status, headers: head.headers, body: content(body).await }
}

/// Creates a directory with these files, all with the same modification time.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(directory.path(), name, text, 1);
    }
    directory
}

fn write(directory: &Path, name: &str, text: &str, second: u64) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    touch(&path, UNIX_EPOCH + Duration::from_secs(second));
}

fn touch(path: &Path, time: SystemTime) {
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn a_version_that_is_not_a_fingerprint_is_ignored() {
    let files = directory(&[("fonts/f.woff2", "wOF2"), ("LICENSE", "MIT")]);
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    for name in ["fonts/f.woff2", "LICENSE"] {
        let asset = assets.asset(name).unwrap();
        let (versioned, right) = (asset.url(), asset.fingerprint());
        let upper_case = OTHER.to_uppercase();
        for version in ["v=4.7.0", "v=", "v", "v=1", "v=1&v=2", "v=&v", "v=1&x=2", &format!("v={upper_case}"), "v=%34"]
        {
            let plain = send(&service, get(&format!("/{name}?{version}"), &[])).await;
            assert_eq!((plain.status.as_u16(), plain.cache_control().as_str()), (200, NO_CACHE), "{name}?{version}");
            let current = send(&service, get(&format!("{versioned}?{version}"), &[])).await;
            assert_eq!((current.status.as_u16(), current.cache_control().as_str()), (200, IMMUTABLE), "{version}");
            let current = send(&service, get(&format!("/{name}?{version}&v={right}"), &[])).await;
            assert_eq!((current.status.as_u16(), current.cache_control().as_str()), (200, IMMUTABLE), "{version}");
            let stale = send(&service, get(&format!("/{name}?{version}&v={OTHER}"), &[])).await;
            assert_eq!((stale.status.as_u16(), stale.cache_control().as_str()), (404, NO_STORE), "B-03, {version}");
        }
        let stale = send(&service, get(&format!("{versioned}?v={OTHER}"), &[])).await;
        assert_eq!(stale.status, 404, "two fingerprints that differ name nothing");
        assert_eq!(stale.body, "");
    }
}

#[cfg(feature = "assets-css")]
#[tokio::test]
async fn the_layer_serves_every_url_that_the_rewriter_writes() {
    use tower_cache_policy::assets::AssetDirectory;

    let references = [
        "f.woff2?v=4.7.0",
        "f.woff2?v=4.7.0#iefix",
        "f.woff2?#iefix",
        "f.woff2?v",
        "f.woff2?v=&v=2",
        &format!("f.woff2?v={OTHER}"),
        &format!("f.woff2?x=1&v={OTHER}&v=3"),
        "../css/f.woff2",
        ".//f.woff2",
        "../css//./f.woff2",
        "../css/x/../f.woff2",
        "%66.woff2",
        "/static/css/f.woff2?v=1",
        "/static//css/f.woff2",
        "../img/caf%C3%A9%201.png?v=1",
        "../img/caf\u{e9} 1.png",
    ];
    for (place, prefix) in [
        (FingerprintLocation::Path, "/static"),
        (FingerprintLocation::Query, "/static"),
        (FingerprintLocation::Path, "/a/static"),
    ] {
        for reference in references {
            let reference = reference.replace("/static", prefix);
            let source = directory(&[
                ("css/style.css", &format!("@font-face {{ src: url('{reference}') }}")),
                ("css/f.woff2", "wOF2"),
                ("img/caf\u{e9} 1.png", "png"),
            ]);
            let parent = tempfile::tempdir().unwrap();
            let output = parent.path().join("dist");
            let assets = AssetDirectory::new(source.path())
                .prefix(prefix)
                .fingerprint_in(place)
                .rewrite_stylesheets(&output)
                .unwrap();
            let style = fs::read_to_string(output.join("css/style.css")).unwrap();
            let written = style.split('"').nth(1).unwrap();
            let base = url::Url::parse(&format!("http://localhost{prefix}/css/style.css")).unwrap();
            let url = base.join(written).unwrap();
            let path = url.as_str().strip_prefix("http://localhost").unwrap().split('#').next().unwrap();
            let service = AssetsLayer::new(&assets)
                .mount(tower_cache_policy::layers::assets::PathPrefix::Strip)
                .layer(ServeDir::new(&output));
            let response = send(&service, get(path, &[])).await;
            assert_eq!(
                (response.status.as_u16(), response.cache_control().as_str()),
                (200, IMMUTABLE),
                "{reference} was written as {written}"
            );
        }
    }
}

/// Extensions with their media types. The first lines of each file name its source.
const MEDIA_TYPES: [(&str, &str); 3] = [
    ("nginx", include_str!("data/media-types/nginx.txt")),
    ("Debian", include_str!("data/media-types/debian.txt")),
    ("Python", include_str!("data/media-types/python.txt")),
];

fn is_page(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// A service that sends `text` with this content type for every request.
fn serves(
    text: &'static str,
    content_type: &str,
) -> impl Service<Request<TestBody>, Response = Response<TestBody>, Error = Infallible> + Clone {
    let content_type = content_type.to_owned();
    service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok(support::response_with(text, &[("content-type", &content_type)])))
    })
}

#[tokio::test]
async fn any_media_type_of_the_service_is_accepted_for_a_file() {
    for (table, rows) in MEDIA_TYPES {
        let mut checked = 0;
        for line in rows.lines().filter(|line| !line.starts_with('#')) {
            let (extension, media_type) = line.split_once(' ').unwrap();
            let name = format!("file.{extension}");
            let Ok(assets) = AssetManifest::from_contents([(name.as_str(), "content")]) else { continue };
            let asset = assets.asset(&name).unwrap();
            for content_type in [media_type.to_owned(), format!("{media_type}; charset=utf-8")] {
                let service = AssetsLayer::new(&assets).layer(serves("content", &content_type));
                let expected = if is_page(media_type) { NO_CACHE } else { IMMUTABLE };
                for (url, expected) in [(asset.url(), expected), (asset.file(), NO_CACHE)] {
                    let url = format!("/{}", url.trim_start_matches('/'));
                    let response = send(&service, get(&url, &[])).await;
                    let line = format!("{table}: {url} as {content_type}");
                    assert_eq!(
                        (response.status.as_u16(), response.cache_control().as_str()),
                        (200, expected),
                        "{line}"
                    );
                    let tag = format!("\"{}\"", asset.fingerprint());
                    assert_eq!(field(&response.headers, "etag"), Some(tag), "{line}");
                }
            }
            checked += 1;
        }
        assert!(checked > 100, "{table}: {checked}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_a_file_that_is_not_a_page_is_refused() {
    for (table, rows) in MEDIA_TYPES {
        for line in rows.lines().filter(|line| !line.starts_with('#')) {
            let (extension, media_type) = line.split_once(' ').unwrap();
            let name = format!("file.{extension}");
            let Ok(assets) = AssetManifest::from_contents([(name.as_str(), "content")]) else { continue };
            let asset = assets.asset(&name).unwrap();
            if is_page(media_type) {
                continue;
            }
            for content_type in ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml"] {
                let service = AssetsLayer::new(&assets).layer(serves("content", content_type));
                for url in [asset.url().to_owned(), format!("/{name}")] {
                    let response = send(&service, get(&url.replace(' ', "%20"), &[])).await;
                    let line = format!("G-19, {table}: {url} as {content_type}");
                    assert_eq!(
                        (response.status.as_u16(), response.cache_control().as_str()),
                        (404, NO_STORE),
                        "{line}"
                    );
                    assert_eq!(response.body, "", "{line}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_file_with_a_new_modification_time_is_hashed_again_and_served() {
    let files = directory(&[("style.css", "p{color:red}"), ("style.css.gz", "not really gzip"), ("empty.js", "")]);
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    let loaded = AssetManifest::from_json(&assets.to_json()).unwrap().verify_directory(files.path()).unwrap();
    for (second, assets) in [(5, &assets), (6, &loaded), (3, &assets)] {
        for (name, text) in [("style.css", "p{color:red}"), ("style.css.gz", "not really gzip"), ("empty.js", "")] {
            // Replaces the file like a deployment into the same directory.
            write(files.path(), name, text, second);
        }
        let service = AssetsLayer::new(assets).layer(ServeDir::new(files.path()).precompressed_gzip());
        for name in ["style.css", "empty.js"] {
            let asset = assets.asset(name).unwrap();
            let response = send(&service, get(asset.url(), &[])).await;
            assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (200, IMMUTABLE), "{name}");
            let plain = send(&service, get(&format!("/{name}"), &[])).await;
            assert_eq!((plain.status.as_u16(), plain.cache_control().as_str()), (200, NO_CACHE), "{name}");
            assert_eq!(field(&plain.headers, "etag"), Some(format!("\"{}\"", asset.fingerprint())), "{name}");
        }
        let coded = send(&service, get(assets.url("style.css").unwrap(), &[("accept-encoding", "gzip")])).await;
        assert_eq!((coded.status.as_u16(), coded.cache_control().as_str()), (200, IMMUTABLE), "the coded file");
        write(files.path(), "style.css", "p{color:red}", second + 10);
        let tag = format!("\"{}\"", assets.asset("style.css").unwrap().fingerprint());
        let lines = [("range", "bytes=0-3"), ("if-range", tag.as_str())];
        let part = send(&service, get(assets.url("style.css").unwrap(), &lines)).await;
        assert_eq!((part.status.as_u16(), part.cache_control().as_str()), (206, IMMUTABLE), "R-11");
    }
}

#[tokio::test]
async fn a_changed_file_is_refused_until_its_content_is_restored() {
    let files = directory(&[("style.css", "p{color:red}"), ("style.css.gz", "one")]);
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    let url = assets.url("style.css").unwrap();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()).precompressed_gzip());
    write(files.path(), "style.css", "p{color:tan}", 2);
    for _ in 0..3 {
        let response = send(&service, get(url, &[])).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (404, NO_STORE), "B-03");
        assert_eq!(response.body, "");
        let plain = send(&service, get("/style.css", &[])).await;
        assert_eq!((plain.status.as_u16(), plain.cache_control().as_str()), (200, NO_STORE));
        assert_eq!(field(&plain.headers, "etag"), None);
    }
    write(files.path(), "style.css", "p{color:red}", 3);
    assert_eq!(send(&service, get(url, &[])).await.cache_control(), IMMUTABLE);
    // The same second as the rejected file, with the correct content.
    write(files.path(), "style.css", "p{color:red}", 2);
    assert_eq!(send(&service, get(url, &[])).await.cache_control(), IMMUTABLE);

    write(files.path(), "style.css.gz", "two", 4);
    let coded = send(&service, get(url, &[("accept-encoding", "gzip")])).await;
    assert_eq!((coded.status.as_u16(), coded.cache_control().as_str()), (404, NO_STORE), "V-09");

    // A service that sends the modification time of another file.
    let elsewhere = directory(&[]);
    write(elsewhere.path(), "style.css", "p{color:red}", 9);
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(elsewhere.path()));
    assert_eq!(send(&service, get(url, &[])).await.status, 404, "nothing shows that this is the file");
    fs::remove_file(files.path().join("style.css")).unwrap();
    assert_eq!(send(&service, get(url, &[])).await.status, 404, "the file cannot be read again");
}

#[tokio::test]
async fn concurrent_requests_share_one_check_of_each_file() {
    let names: Vec<String> = (0..40).map(|n| format!("{n}.js")).collect();
    let files = tempfile::tempdir().unwrap();
    names.iter().for_each(|name| write(files.path(), name, name, 1));
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    for second in 2..6 {
        names.iter().for_each(|name| touch(&files.path().join(name), UNIX_EPOCH + Duration::from_secs(second)));
        let requests = names.iter().cycle().take(400).map(|name| send(&service, get(assets.url(name).unwrap(), &[])));
        for response in futures_util::future::join_all(requests).await {
            assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (200, IMMUTABLE));
        }
    }
}

#[tokio::test]
async fn a_cancelled_request_leaves_the_check_to_the_next_one() {
    let files = directory(&[("style.css", "p{color:red}")]);
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let url = assets.url("style.css").unwrap();
    for second in 2..40 {
        touch(&files.path().join("style.css"), UNIX_EPOCH + Duration::from_secs(second));
        let mut given_up = tokio_test::task::spawn(send(&service, get(url, &[])));
        for _ in 0..second % 4 {
            if given_up.poll().is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        drop(given_up);
        assert_eq!(send(&service, get(url, &[])).await.cache_control(), IMMUTABLE);
    }
}

#[tokio::test]
async fn an_empty_file_is_sent_without_a_range() {
    let files = directory(&[("empty.js", ""), ("empty.html", ""), ("empty", ""), ("full.js", "alert(1)")]);
    let assets = AssetManifest::from_directory(files.path()).unwrap();
    for asset in assets.iter().filter(|asset| asset.length() == 0) {
        let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
        for url in [asset.url(), &format!("/{}", asset.name())] {
            let tag = format!("\"{}\"", asset.fingerprint());
            for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-9", "bytes=0-0,2-3", "pages=1-2"] {
                for lines in [&[("range", range)][..], &[("range", range), ("if-range", &tag)]] {
                    let response = send(&service, get(url, lines)).await;
                    assert_eq!(response.status, 200, "{url}: {lines:?}");
                    assert_eq!(field(&response.headers, "content-range"), None, "{url}: {lines:?}");
                    assert_ne!(response.cache_control(), NO_STORE, "{url}: {lines:?}");
                }
            }
        }
    }
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let part = send(&service, get(assets.url("full.js").unwrap(), &[("range", "bytes=0-3")])).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &b"aler"[..]), "other files have ranges");
}

#[tokio::test]
async fn an_impossible_content_range_is_not_trusted() {
    let assets = AssetManifest::from_contents([("empty.js", ""), ("full.js", "alert(1)")]).unwrap();
    for (name, content_range) in [
        ("empty.js", "bytes 0-0/0"),
        ("empty.js", "bytes 0--1/0"),
        ("full.js", "bytes 8-8/8"),
        ("full.js", "bytes 5-3/8"),
        ("full.js", "bytes 0-9/8"),
        ("full.js", "bytes -/8"),
        ("full.js", "bytes */8"),
        ("full.js", "bytes 0-3/8/8"),
    ] {
        let service = AssetsLayer::new(&assets).layer(service_fn(move |_: Request<TestBody>| {
            let lines = [("content-type", "text/javascript"), ("content-range", content_range)];
            let mut response = support::response_with("x", &lines);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            std::future::ready(Ok::<_, Infallible>(response))
        }));
        let response = send(&service, get(assets.url(name).unwrap(), &[("range", "bytes=0-0")])).await;
        assert_eq!(response.cache_control(), NO_STORE, "{name}: {content_range}");
        assert_eq!(field(&response.headers, "etag"), None, "{name}: {content_range}");
    }
}

/// A directory like one that Kubernetes mounts from a ConfigMap.
#[cfg(unix)]
fn config_map(directory: &Path, files: &[(&str, &str)]) {
    use std::os::unix::fs::symlink;

    let content = directory.join("..2026_11_27_12_00_00.123456789");
    files.iter().for_each(|(name, text)| write(&content, name, text, 1));
    symlink(content.file_name().unwrap(), directory.join("..data")).unwrap();
    for (name, _) in files {
        symlink(Path::new("..data").join(name), directory.join(name)).unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_of_symbolic_links_is_an_error_that_names_the_setting() {
    use std::os::unix::fs::symlink;
    use tower_cache_policy::assets::{AssetDirectory, AssetErrorKind};

    let mounted = tempfile::tempdir().unwrap();
    config_map(mounted.path(), &[("style.css", "p{}"), ("app.js", "1")]);
    // A directory of links below a directory with regular files.
    let nested = directory(&[("app.js", "1"), ("theme/.keep", "")]);
    config_map(&nested.path().join("theme"), &[("style.css", "p{}")]);
    // Other tools also create trees of links.
    let linked = tempfile::tempdir().unwrap();
    symlink(nested.path().join("app.js"), linked.path().join("app.js")).unwrap();
    let linked_directory = tempfile::tempdir().unwrap();
    symlink(nested.path(), linked_directory.path().join("files")).unwrap();

    for (root, name) in [
        (&mounted, "style.css"),
        (&nested, "theme/style.css"),
        (&linked, "app.js"),
        (&linked_directory, "files/theme/style.css"),
    ] {
        let assets = AssetDirectory::new(root.path());
        for error in [assets.build().unwrap_err(), assets.source(true).unwrap_err(), assets.source(false).unwrap_err()]
        {
            assert!(matches!(error.kind(), AssetErrorKind::OnlySymlinks), "{error}");
            assert!(error.to_string().contains("with_symlinks"), "{error}");
        }
        let assets = assets.with_symlinks().build().unwrap();
        let service = AssetsLayer::new(&assets).layer(ServeDir::new(root.path()));
        let response = send(&service, get(assets.url(name).unwrap(), &[])).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (200, IMMUTABLE), "{name}");
    }
    assert!(AssetManifest::from_directory(tempfile::tempdir().unwrap().path()).unwrap().is_empty());
}

#[cfg(feature = "assets-css")]
#[test]
fn lenient_mode_reports_faults_in_third_party_stylesheets() {
    use std::sync::{Arc, Mutex};
    use tower_cache_policy::assets::AssetDirectory;
    use tower_cache_policy::assets::css::{rewrite_contents, rewrite_contents_leniently};

    let faulty: &[(&str, &[u8])] = &[
        ("a.css", b"p { background: url(missing.png) } a { background: url(tea.png) }"),
        ("b.css", b"@import 'c.css'; p { background: url(tea.png) }"),
        ("c.css", b"@import 'b.css';"),
        ("d.css", b"p { background: url(d.css) }"),
        ("e.css", b"p { content: '\xff' }"),
        ("f.css", b"@charset \"shift_jis\"; p { content: '\x83\x5c' }"),
        ("tea.png", b"png"),
    ];
    for place in [FingerprintLocation::Path, FingerprintLocation::Query] {
        let mut faults = Vec::new();
        let files = faulty.iter().map(|(name, content)| (*name, content.to_vec()));
        let files = rewrite_contents_leniently(files, "", place, |fault| faults.push(fault.to_string())).unwrap();
        assert_eq!(faults.len(), 5, "{faults:?}");
        for text in
            ["a.css:1:17: `missing.png`", "`b.css` to `c.css` to `b.css`", "`d.css` to `d.css`", "e.css", "f.css"]
        {
            assert!(faults.iter().any(|fault| fault.contains(text)), "{text} in {faults:?}");
        }
        let text = |name: &str| {
            let (_, content) = files.iter().find(|(other, _)| other == name).unwrap();
            String::from_utf8_lossy(content).into_owned()
        };
        let tea = AssetManifest::from_contents([("tea.png", "png")]).unwrap().with_fingerprint_in(place);
        let tea = tea.url("tea.png").unwrap().trim_start_matches('/').to_owned();
        assert_eq!(text("a.css"), format!("p {{ background: url(missing.png) }} a {{ background: url(\"{tea}\") }}"));
        assert_eq!(text("c.css"), "@import 'b.css';", "the reference that closes the circle stays plain");
        assert!(text("b.css").contains(&tea) && !text("b.css").contains("'c.css'"));
        assert_eq!(text("d.css"), "p { background: url(d.css) }");
        for (name, content) in faulty {
            assert!(files.iter().any(|(other, _)| other == name), "{name}");
            if matches!(*name, "e.css" | "f.css") {
                assert!(files.iter().any(|(_, other)| other == content), "{name} stays as it is");
            }
        }
        for (name, content) in &faulty[..6] {
            let files = [(*name, content.to_vec()), ("tea.png", b"png".to_vec())];
            let alone = rewrite_contents(files, "", place);
            assert!(alone.is_err(), "{name}: strict is the default");
        }
    }

    let source = tempfile::tempdir().unwrap();
    faulty.iter().for_each(|(name, content)| fs::write(source.path().join(name), content).unwrap());
    let output = tempfile::tempdir().unwrap();
    let reported = Arc::new(Mutex::new(Vec::new()));
    let faults = Arc::clone(&reported);
    let directory = AssetDirectory::new(source.path());
    assert!(directory.rewrite_stylesheets(output.path().join("strict")).is_err());
    let assets = directory
        .lenient(move |fault| faults.lock().unwrap().push(fault.to_string()))
        .rewrite_stylesheets(output.path().join("lenient"))
        .unwrap();
    assert_eq!((assets.len(), reported.lock().unwrap().len()), (7, 5));
}

#[cfg(feature = "assets-css")]
#[test]
fn valid_css_is_accepted_in_strict_mode() {
    use tower_cache_policy::assets::css::rewrite_contents;

    for css in [
        &b"p { fill: url(#id); clip-path: url('#a b'); mask: url(%23id); filter: url(\"%23id\") }"[..],
        b"@charset \"utf-8\"; p { content: '\xc3\xa9'; background: url(tea.png) }",
        b"@charset \"iso-8859-1\"; p { content: '\xe9\x80'; background: url(tea.png#\xe9) }",
        b"@charset \"ISO-8859-1\"; p { background: url(caf\xe9.png) }",
        b"@charset \"windows-1252\"; p { background: url('tea.png') }",
        b"@charset \"koi8-r\"; p { background: url('tea.png') }",
        b"\xef\xbb\xbf@charset \"utf-8\"; p { background: url('tea.png') }",
    ] {
        let files = [("a.css", css.to_vec()), ("tea.png", b"png".to_vec()), ("caf\u{e9}.png", b"png".to_vec())];
        let written = rewrite_contents(files, "", FingerprintLocation::Path).unwrap();
        let sentence = String::from_utf8_lossy(css);
        let has = |piece: &[u8], content: &[u8]| content.windows(piece.len()).any(|part| part == piece);
        for piece in [&b"content: '\xe9\x80'"[..], b"content: '\xc3\xa9'", b"url(%23id)", b"url(#id)"] {
            assert_eq!(has(piece, css), has(piece, &written[0].1), "{sentence}");
        }
        assert_eq!(has(b".png", css), written[0].1 != css, "{sentence}");
    }
}

/// The files of a default Vite application, and of the example in Vite's guide.
const VITE: &str = r#"{
  "_shared-B7PI925R.js": {
    "file": "assets/shared-B7PI925R.js", "name": "shared", "imports": ["index.html"], "css": ["assets/shared-ChJ_j-JJ.css"]
  },
  "_shared-ChJ_j-JJ.css": { "file": "assets/shared-ChJ_j-JJ.css", "src": "_shared-ChJ_j-JJ.css" },
  "_vendor-CxK9_a2Z.js": { "file": "assets/vendor-CxK9_a2Z.js", "name": "vendor" },
  "index.html": {
    "file": "assets/index-BRBmoGS9.js", "name": "index", "src": "index.html", "isEntry": true,
    "imports": ["_shared-B7PI925R.js", "_vendor-CxK9_a2Z.js"], "dynamicImports": ["lazy.js"],
    "css": ["assets/index-5UjPuW-k.css"],
    "assets": ["assets/index-background.png", "assets/index-BuPgAJpw.svg"]
  },
  "lazy.js": { "file": "assets/lazy.js", "name": "lazy", "src": "lazy.js", "imports": ["_shared-B7PI925R.js"] },
  "main.js": {
    "file": "assets/main.js", "name": "main", "src": "main.js", "isEntry": true, "imports": ["_shared-B7PI925R.js"],
    "css": ["assets/main-stylesheet.css", "assets/shared-ChJ_j-JJ.css"]
  },
  "style.css": { "file": "assets/style-DAZQ0wi2.css", "src": "style.css", "isEntry": true }
}"#;

fn vite() -> TempDir {
    let names = [
        "index.html",
        "favicon.ico",
        "assets/shared-B7PI925R.js",
        "assets/shared-ChJ_j-JJ.css",
        "assets/vendor-CxK9_a2Z.js",
        "assets/index-BRBmoGS9.js",
        "assets/index-5UjPuW-k.css",
        "assets/index-background.png",
        "assets/index-BuPgAJpw.svg",
        "assets/lazy.js",
        "assets/main.js",
        "assets/main-stylesheet.css",
        "assets/style-DAZQ0wi2.css",
    ];
    directory(&names.map(|name| (name, name)))
}

#[tokio::test]
async fn every_file_of_a_default_vite_application_has_its_vite_url() {
    use tower_cache_policy::assets::AssetDirectory;

    let files = vite();
    let assets = AssetManifest::from_vite(VITE, &AssetDirectory::new(files.path())).unwrap();
    assert_eq!(AssetManifest::from_json(&assets.to_json()).unwrap().to_json(), assets.to_json());
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    for (name, url, expected) in [
        ("index.html", "/assets/index-BRBmoGS9.js", IMMUTABLE),
        ("_shared-ChJ_j-JJ.css", "/assets/shared-ChJ_j-JJ.css", IMMUTABLE),
        ("_shared-B7PI925R.js", "/assets/shared-B7PI925R.js", IMMUTABLE),
        ("assets/index-BuPgAJpw.svg", "/assets/index-BuPgAJpw.svg", IMMUTABLE),
        ("assets/index-background.png", "/assets/index-background.png", NO_CACHE),
        ("assets/main-stylesheet.css", "/assets/main-stylesheet.css", NO_CACHE),
        ("main.js", "/assets/main.js", NO_CACHE),
        ("lazy.js", "/assets/lazy.js", NO_CACHE),
    ] {
        assert_eq!(assets.url(name).unwrap(), url, "{name}");
        let response = send(&service, get(url, &[])).await;
        assert_eq!((response.status.as_u16(), response.cache_control().as_str()), (200, expected), "{name}");
    }
    let page = send(&service, get("/index.html", &[])).await;
    assert_eq!((page.status.as_u16(), page.cache_control().as_str()), (200, NO_CACHE), "G-27");
    assert!(assets.url("favicon.ico").unwrap().starts_with("/favicon."));
    assert_eq!(assets.asset("/index.html").unwrap().file(), "index.html");
    assert!(!assets.import_map().contains("main.js"), "a module has a second URL in the import map");

    let directory = AssetDirectory::new(files.path()).hashed_names(|file| file.ends_with("background.png"));
    let assets = AssetManifest::from_vite(VITE, &directory).unwrap();
    let service = AssetsLayer::new(&assets).layer(ServeDir::new(files.path()));
    let response = async |url: &'static str| send(&service, get(url, &[])).await.cache_control();
    assert_eq!(response("/assets/index-background.png").await, IMMUTABLE, "the caller decides");
    assert_eq!(response("/assets/index-BRBmoGS9.js").await, NO_CACHE, "the caller alone decides");
}

#[test]
fn the_tags_of_an_entry_are_in_the_order_of_vites_guide() {
    use tower_cache_policy::assets::AssetDirectory;

    let files = vite();
    let built = AssetManifest::from_vite(VITE, &AssetDirectory::new(files.path()).prefix("/static")).unwrap();
    for assets in [&built, &AssetManifest::from_json(&built.to_json()).unwrap()] {
        let index = [
            r#"<link rel="stylesheet" href="/static/assets/index-5UjPuW-k.css">"#,
            r#"<link rel="stylesheet" href="/static/assets/shared-ChJ_j-JJ.css">"#,
            r#"<script type="module" src="/static/assets/index-BRBmoGS9.js"></script>"#,
            r#"<link rel="modulepreload" href="/static/assets/shared-B7PI925R.js">"#,
            r#"<link rel="modulepreload" href="/static/assets/vendor-CxK9_a2Z.js">"#,
        ];
        assert_eq!(assets.entry_tags("index.html").unwrap(), index.join("\n"));
        let main = [
            r#"<link rel="stylesheet" href="/static/assets/main-stylesheet.css">"#,
            r#"<link rel="stylesheet" href="/static/assets/shared-ChJ_j-JJ.css">"#,
            r#"<link rel="stylesheet" href="/static/assets/index-5UjPuW-k.css">"#,
            r#"<script type="module" src="/static/assets/main.js"></script>"#,
            r#"<link rel="modulepreload" href="/static/assets/vendor-CxK9_a2Z.js">"#,
            r#"<link rel="modulepreload" href="/static/assets/index-BRBmoGS9.js">"#,
            r#"<link rel="modulepreload" href="/static/assets/shared-B7PI925R.js">"#,
        ];
        assert_eq!(assets.entry_tags("main.js").unwrap(), main.join("\n"));
        let style = r#"<link rel="stylesheet" href="/static/assets/style-DAZQ0wi2.css">"#;
        assert_eq!(assets.entry_tags("style.css").unwrap(), style);
        assert!(assets.entry_tags("indx.html").unwrap_err().to_string().contains("did you mean `index.html`?"));
    }
}

#[test]
fn lenient_mode_reports_missing_files_of_a_vite_manifest() {
    use std::sync::{Arc, Mutex};
    use tower_cache_policy::assets::AssetDirectory;

    let files = vite();
    fs::remove_file(files.path().join("assets/shared-ChJ_j-JJ.css")).unwrap();
    let strict = AssetDirectory::new(files.path());
    assert!(AssetManifest::from_vite(VITE, &strict).unwrap_err().to_string().contains("shared-ChJ_j-JJ.css"));
    let reported = Arc::new(Mutex::new(Vec::new()));
    let faults = Arc::clone(&reported);
    let lenient = strict.lenient(move |fault| faults.lock().unwrap().push(fault.to_string()));
    let assets = AssetManifest::from_vite(VITE, &lenient).unwrap();
    assert!(!reported.lock().unwrap().is_empty());
    assert!(reported.lock().unwrap().iter().all(|fault| fault.contains("shared-ChJ_j-JJ.css")));
    assert!(!assets.entry_tags("index.html").unwrap().contains("shared-ChJ_j-JJ.css"));
}
