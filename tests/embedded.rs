//! Tests `EmbeddedFiles`, and files with precompressed copies, embedded and on disk.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/loopback.rs"]
mod loopback;
#[path = "support/received.rs"]
mod received;
mod support;

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use http::{Method, Request};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;
use tower::{Layer, ServiceExt};
use tower_cache_policy::assets::{Asset, AssetDirectory, AssetErrorKind, AssetManifest, EmbeddedFiles};
use tower_cache_policy::layers::assets::{EmbeddedBody, PathPrefix, UnknownName};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{AssetsLayer, CachingLayer, ConditionalLayer};
use tower_http::services::ServeDir;

use received::{Received, send};
use support::{TestBody, TestService, collected, content, get, request};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_CACHE: &str = "no-cache";
const NO_STORE: &str = "private, no-store";

/// `style.css` is available in every content coding, and the Brotli copy is the shortest.
const FILES: [(&str, &[u8]); 9] = [
    ("style.css", b"p { color: red; background: white }"),
    ("style.css.br", b"in brotli"),
    ("style.css.gz", b"in gzip, which is longer"),
    ("style.css.zst", b"in zstandard, longer"),
    ("app.js", b"alert(1)"),
    ("long.txt", b"short"),
    ("long.txt.gz", b"longer than the file itself"),
    ("empty.txt", b""),
    ("caf\u{e9} 1.svg", b"<svg/>"),
];

fn embedded() -> EmbeddedFiles {
    EmbeddedFiles::new(FILES).unwrap()
}

/// The same files on disk, all with one modification time.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    }
    directory
}

/// The files under an `AssetsLayer`, embedded and served by `ServeDir`.
fn both(directory: &TempDir) -> [(&'static str, AssetManifest, TestService); 2] {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let service = collected(AssetsLayer::new(&assets).layer(files));
    let on_disk = AssetManifest::from_directory(directory.path()).unwrap();
    let served = ServeDir::new(directory.path()).precompressed_br().precompressed_gzip().precompressed_zstd();
    [("embedded", assets, service), ("on disk", on_disk.clone(), collected(AssetsLayer::new(&on_disk).layer(served)))]
}

#[tokio::test]
async fn embedded_files_do_not_need_their_own_routes() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).prefix("/static").build().unwrap();
    let app: axum::Router = axum::Router::new().nest_service("/static", AssetsLayer::new(&assets).layer(files.clone()));
    let at = async |method: &str, url: &str| {
        let request = Request::builder().method(method).uri(url).body(axum::body::Body::empty()).unwrap();
        let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
        Received { status: head.status.as_u16(), headers: head.headers, body: content(body).await }
    };
    for asset in assets.iter() {
        let (_, expected) = FILES.iter().find(|(name, _)| *name == asset.name()).unwrap();
        let response = at("GET", asset.url()).await;
        assert_eq!((response.status, response.field("cache-control").as_str()), (200, IMMUTABLE), "{}", asset.name());
        assert_eq!((&response.body[..], response.field("content-length")), (*expected, expected.len().to_string()));
        let head = at("HEAD", asset.url()).await;
        assert_eq!(head.headers, response.headers, "RFC 9110 section 9.3.2");
        assert_eq!(head.body, "");
    }
    for (url, content_type) in [
        ("/static/style.css", "text/css"),
        ("/static/app.js", "text/javascript"),
        ("/static/caf%C3%A9%201.svg", "image/svg+xml"),
        ("/static/caf%c3%a9%201.svg", "image/svg+xml"),
    ] {
        let response = at("GET", url).await;
        let status_and_policy = (response.status, response.field("cache-control"), response.field("content-type"));
        assert_eq!(status_and_policy, (200, NO_CACHE.to_owned(), content_type.to_owned()), "{url}");
    }
    for url in ["/static/missing.css", "/static/", "/static/style.0123456789abcdef0123456789abcdef.css"] {
        let response = at("GET", url).await;
        assert_eq!((response.status, response.field("cache-control").as_str()), (404, NO_STORE), "B-03: {url}");
    }
    let post = at("POST", "/static/style.css").await;
    assert_eq!(
        (post.status, post.field("allow").as_str(), post.field("cache-control").as_str()),
        (405, "GET, HEAD", NO_STORE)
    );
}

#[test]
fn every_kind_of_embedded_contents_is_accepted() {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "tests/data/assets"]
    struct Embedded;
    static INCLUDED: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/tests/data/assets");

    let by_rust_embed = Embedded::iter().map(|name| (name.to_string(), Embedded::get(&name).unwrap().data));
    let by_include_dir = INCLUDED.files().chain(INCLUDED.dirs().flat_map(include_dir::Dir::files));
    let by_include_dir = by_include_dir.map(|file| (file.path().to_str().unwrap(), file.contents()));
    let owned = Embedded::iter().map(|name| (name.to_string(), Embedded::get(&name).unwrap().data.into_owned()));
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/assets");
    let on_disk = AssetManifest::from_directory(root).unwrap();
    let urls = |assets: AssetManifest| assets.iter().map(|asset| asset.url().to_owned()).collect::<Vec<_>>();
    for files in [EmbeddedFiles::new(by_rust_embed), EmbeddedFiles::new(by_include_dir), EmbeddedFiles::new(owned)] {
        assert_eq!(urls(AssetDirectory::embedded(&files.unwrap()).build().unwrap()), urls(on_disk.clone()));
    }
}

#[test]
fn embedded_names_are_those_of_a_directory() {
    for name in ["", "../a", "a//b", "/a", "a;b", "a%2fb"] {
        let error = EmbeddedFiles::new([(name, b"".as_slice())]).unwrap_err();
        assert!(matches!(error.kind(), AssetErrorKind::InvalidName { .. }), "{name:?}: {error}");
    }
    let twice = EmbeddedFiles::new([("a.css", b"1".as_slice()), ("a.css", b"2")]).unwrap_err();
    assert!(matches!(twice.kind(), AssetErrorKind::DuplicateName), "{twice}");
    let files = EmbeddedFiles::new([(".vite/manifest.json", b"{}".as_slice()), ("a.css", b"")]).unwrap();
    assert_eq!(AssetDirectory::embedded(&files).build().unwrap().len(), 1);
    assert_eq!(AssetDirectory::embedded(&files).with_hidden_files().build().unwrap().len(), 2);
    assert!(!format!("{files:?}").contains("{}"), "names, and no contents");
}

#[cfg(feature = "assets-css")]
#[test]
fn rewriting_embedded_stylesheets_is_an_error_with_a_remedy() {
    let output = tempfile::tempdir().unwrap().path().join("dist");
    let error = AssetDirectory::embedded(&embedded()).rewrite_stylesheets(&output).unwrap_err();
    assert!(error.to_string().contains("css::rewrite_contents"), "{error}");
    assert!(!output.exists());
}

#[tokio::test]
async fn an_embedded_file_without_a_manifest_is_revalidated() {
    let service = collected(ConditionalLayer::new().layer(embedded()));
    let response = send(&service, get("/style.css", &[])).await;
    assert_eq!((response.status, response.field("cache-control").as_str()), (200, NO_CACHE));
    let again = send(&service, get("/style.css", &[("if-none-match", &response.field("etag"))])).await;
    assert_eq!((again.status, again.field("cache-control").as_str()), (304, NO_CACHE));
    for (path, lines, status) in [
        ("/missing.css", &[][..], 404),
        ("/a/../style.css", &[], 404),
        ("/style%2Ecss", &[], 404),
        ("/style.css;x", &[], 404),
        ("/app.js", &[("accept-encoding", "identity;q=0")], 406),
        ("/app.js", &[("range", "bytes=8-")], 416),
    ] {
        for service in [collected(embedded()), collected(CachingLayer::new(CachePolicy::IMMUTABLE).layer(embedded()))] {
            let response = send(&service, get(path, lines)).await;
            assert_eq!((response.status, response.field("cache-control").as_str()), (status, NO_STORE), "{path}");
        }
    }
}

/// The coding of a response, according to its field and its content.
fn form(response: &Received) -> &'static str {
    let coding = response.field("content-encoding");
    let (form, name) = [("br", "style.css.br"), ("gzip", "style.css.gz"), ("zstd", "style.css.zst"), ("", "style.css")]
        .into_iter()
        .find(|(form, _)| *form == coding)
        .unwrap();
    let (_, content) = FILES.iter().find(|(file, _)| *file == name).unwrap();
    assert_eq!(&response.body[..], *content, "{form}");
    form
}

#[tokio::test]
async fn each_coding_of_a_file_is_chosen_by_weight_and_revalidated_with_its_own_tag() {
    // `ServeDir` has its own order for equal weights, and does not support `*`.
    let table: &[(&str, &str, &str)] = &[
        ("", "", ""),
        ("br", "br", "br"),
        ("gzip", "gzip", "gzip"),
        ("zstd", "zstd", "zstd"),
        ("GZIP", "gzip", "gzip"),
        ("gzip;q=1, br;q=0.9, zstd;q=0.8", "gzip", "gzip"),
        ("gzip;q=0.1", "gzip", "gzip"),
        ("gzip;q=0, br;q=0, zstd", "zstd", "zstd"),
        ("gzip;q=0", "", ""),
        ("identity, gzip;q=0.5", "", ""),
        ("identity;q=0, gzip", "gzip", "gzip"),
        ("identity;q=0.5, gzip", "gzip", "gzip"),
        ("deflate", "", ""),
        ("rot13", "", ""),
        ("gzip, deflate, br, zstd", "br", "zstd"),
        ("*", "br", ""),
        ("*;q=0.1, identity", "", ""),
        ("*, br;q=0", "zstd", ""),
    ];
    let files = directory();
    for (kind, assets, service) in both(&files) {
        let asset = assets.asset("style.css").unwrap();
        for (accepted, by_embedded, by_serve_dir) in table {
            let expected = if kind == "embedded" { by_embedded } else { by_serve_dir };
            for (url, cache_control) in [(asset.url(), IMMUTABLE), ("/style.css", NO_CACHE)] {
                let sentence = format!("{kind}, {url}, {accepted:?}");
                let mut lines = vec![("accept-encoding", *accepted)];
                lines.retain(|(_, value)| !value.is_empty());
                let response = send(&service, get(url, &lines)).await;
                assert_eq!((response.status, form(&response)), (200, *expected), "{sentence}");
                assert_eq!(response.field("cache-control"), cache_control, "{sentence}");
                assert_eq!(response.field("vary").to_lowercase(), "accept-encoding", "K-02: {sentence}");
                let tag = match *expected {
                    "" => format!("\"{}\"", asset.fingerprint()),
                    coding => format!("\"{}--{coding}\"", asset.fingerprint()),
                };
                assert_eq!(response.field("etag"), tag, "V-09: {sentence}");

                let head = send(&service, request(Method::HEAD, url, &lines)).await;
                for name in ["content-length", "content-encoding", "etag", "vary", "cache-control", "content-type"] {
                    assert_eq!(head.field(name), response.field(name), "{name} of {sentence}");
                }
                assert_eq!((head.status, head.body.len()), (200, 0), "{sentence}");

                lines.push(("if-none-match", &tag));
                let again = send(&service, get(url, &lines)).await;
                assert_eq!((again.status, again.body.len()), (304, 0), "{sentence}");
                for name in ["etag", "vary", "cache-control"] {
                    assert_eq!(
                        again.field(name).to_lowercase(),
                        response.field(name).to_lowercase(),
                        "N-01: {name} of {sentence}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_coding_that_is_longer_than_the_file_is_sent_only_if_preferred() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let service = collected(AssetsLayer::new(&assets).layer(files));
    for (accepted, coding) in [("gzip, identity", ""), ("*", ""), ("gzip, identity;q=0.5", "gzip"), ("gzip", "gzip")] {
        let response = send(&service, get("/long.txt", &[("accept-encoding", accepted)])).await;
        assert_eq!((response.status, response.field("content-encoding").as_str()), (200, coding), "{accepted}");
    }
}

#[tokio::test]
async fn a_client_that_refuses_every_coding_gets_a_406_that_no_cache_stores() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let service = collected(AssetsLayer::new(&assets).layer(files));
    for (name, accepted, status) in [
        ("app.js", "identity;q=0", 406),
        ("app.js", "*;q=0", 406),
        ("app.js", "identity;q=0, gzip", 406),
        ("app.js", "*;q=0, identity;q=0.1", 200),
        ("style.css", "*;q=0", 406),
        ("style.css", "identity;q=0, gzip", 200),
    ] {
        let response = send(&service, get(assets.url(name).unwrap(), &[("accept-encoding", accepted)])).await;
        let cache_control = if status == 200 { IMMUTABLE } else { NO_STORE };
        let status_and_policy = (response.status, response.field("cache-control"));
        assert_eq!(status_and_policy, (status, cache_control.to_owned()), "{name}, {accepted}");
    }
}

#[tokio::test]
async fn a_range_of_one_coding_is_never_combined_with_another() {
    let files = directory();
    let forms = [("", "style.css"), ("gzip", "style.css.gz"), ("br", "style.css.br"), ("zstd", "style.css.zst")];
    for (kind, assets, service) in both(&files) {
        let asset = assets.asset("style.css").unwrap();
        let tag = |coding: &str| match coding {
            "" => format!("\"{}\"", asset.fingerprint()),
            coding => format!("\"{}--{coding}\"", asset.fingerprint()),
        };
        for (coding, name) in forms {
            let (_, whole) = FILES.iter().find(|(file, _)| *file == name).unwrap();
            let end = whole.len() - 1;
            let accepted = if coding.is_empty() { "identity" } else { coding };
            for (url, cache_control) in [(asset.url(), IMMUTABLE), ("/style.css", NO_CACHE)] {
                for (range, first, last) in [
                    ("bytes=0-3".to_owned(), 0, 3),
                    ("bytes=4-".to_owned(), 4, end),
                    ("bytes=-2".to_owned(), end - 1, end),
                    ("bytes=2-9999".to_owned(), 2, end),
                ] {
                    let sentence = format!("{kind}, {url}, {coding:?}, {range}");
                    // Without a condition, with the correct one, and with the tag of another coding.
                    let own = tag(coding);
                    for lines in [
                        &[("accept-encoding", accepted), ("range", &range)][..],
                        &[("accept-encoding", accepted), ("range", &range), ("if-range", &own)],
                        &[("accept-encoding", "gzip, br, zstd"), ("range", &range), ("if-range", &own)],
                    ] {
                        let part = send(&service, get(url, lines)).await;
                        assert_eq!(
                            (part.status, part.field("etag")),
                            (206, own.clone()),
                            "R-10: {sentence}, {lines:?}"
                        );
                        assert_eq!(part.field("content-encoding"), coding, "{sentence}");
                        assert_eq!(
                            part.field("content-range"),
                            format!("bytes {first}-{last}/{}", whole.len()),
                            "R-07: {sentence}"
                        );
                        assert_eq!(&part.body[..], &whole[first..=last], "{sentence}");
                        assert_eq!(part.field("cache-control"), cache_control, "{sentence}");
                    }
                    // The tag of another coding or file, a weak tag, a date, two lines, and a coding that is not
                    // accepted.
                    let other = tag(if coding == "gzip" { "br" } else { "gzip" });
                    let weak = format!("W/{own}");
                    for lines in [
                        &[("accept-encoding", accepted), ("range", &range), ("if-range", &other)][..],
                        &[("accept-encoding", accepted), ("range", &range), ("if-range", "\"other\"")],
                        &[("accept-encoding", accepted), ("range", &range), ("if-range", &weak)],
                        &[
                            ("accept-encoding", accepted),
                            ("range", &range),
                            ("if-range", "Thu, 01 Jan 1970 00:00:01 GMT"),
                        ],
                        &[("accept-encoding", accepted), ("range", &range), ("if-range", &own), ("if-range", &own)],
                        &[("accept-encoding", accepted), ("range", "bytes=0-1,3-4"), ("if-range", &own)],
                    ] {
                        let complete = send(&service, get(url, lines)).await;
                        assert_eq!(complete.status, 200, "R-10: {sentence}, {lines:?}");
                        form(&complete);
                    }
                }
                let beyond = [("accept-encoding", accepted), ("range", "bytes=9999-")];
                let response = send(&service, get(url, &beyond)).await;
                let status_and_policy =
                    (response.status, response.field("content-range"), response.field("cache-control"));
                assert_eq!(
                    status_and_policy,
                    (416, format!("bytes */{}", whole.len()), NO_STORE.to_owned()),
                    "R-05: {kind}, {coding}"
                );
                let head = send(&service, request(Method::HEAD, url, &[("range", "bytes=0-3")])).await;
                assert_eq!(head.status, 200, "R-01");
            }
        }
        let refused = [("accept-encoding", "identity;q=0, br"), ("range", "bytes=0-3")];
        for own in [tag(""), tag("gzip")] {
            let lines = [refused[0], refused[1], ("if-range", &own)];
            assert_eq!(send(&service, get("/style.css", &lines)).await.status, 200, "{kind}, {own}");
        }
        let empty = send(&service, get(assets.url("empty.txt").unwrap(), &[("range", "bytes=0-0")])).await;
        assert_eq!((empty.status, empty.field("cache-control").as_str()), (200, IMMUTABLE), "{kind}");
    }
}

#[tokio::test]
async fn a_range_of_another_coding_than_the_client_has_is_refused() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let asset = assets.asset("style.css").unwrap();
    // The service does not read `Accept-Encoding`.
    let always_br = tower::util::MapRequest::new(files, |mut request: Request<TestBody>| {
        request.headers_mut().insert("accept-encoding", "br".parse().unwrap());
        request
    });
    let service = collected(AssetsLayer::new(&assets).layer(always_br));
    let tag = format!("\"{}\"", asset.fingerprint());
    for url in [asset.url(), "/style.css"] {
        let lines = [("accept-encoding", "br"), ("range", "bytes=0-3"), ("if-range", tag.as_str())];
        let response = send(&service, get(url, &lines)).await;
        assert_eq!((response.status, response.field("cache-control").as_str()), (503, NO_STORE), "R-10: {url}");
        assert_eq!(response.body, "");
    }
}

#[tokio::test]
async fn each_encoded_file_on_disk_is_verified_by_its_own_content() {
    let files = directory();
    for (coding, name) in [("br", "style.css.br"), ("gzip", "style.css.gz"), ("zstd", "style.css.zst")] {
        let assets = AssetManifest::from_directory(files.path()).unwrap();
        let served = ServeDir::new(files.path()).precompressed_br().precompressed_gzip().precompressed_zstd();
        let service = collected(AssetsLayer::new(&assets).layer(served));
        let url = assets.url("style.css").unwrap();
        let status_and_policy = async |coding| {
            let response = send(&service, get(url, &[("accept-encoding", coding)])).await;
            (response.status, response.field("cache-control"))
        };
        assert_eq!(status_and_policy(coding).await, (200, IMMUTABLE.to_owned()), "{coding}");
        let path = files.path().join(name);
        let before = fs::read(&path).unwrap();
        fs::write(&path, "of another length").unwrap();
        assert_eq!(status_and_policy(coding).await, (404, NO_STORE.to_owned()), "{coding}");
        // The file has the same length but a different modification time.
        fs::write(&path, vec![b'x'; before.len()]).unwrap();
        assert_eq!(status_and_policy(coding).await, (404, NO_STORE.to_owned()), "{coding}");
        assert_eq!(status_and_policy("identity").await, (200, IMMUTABLE.to_owned()), "the others are as they were");
        fs::write(&path, &before).unwrap();
        assert_eq!(status_and_policy(coding).await, (200, IMMUTABLE.to_owned()), "{coding}");
    }
}

#[test]
fn embedded_content_is_not_copied() {
    use http_body::Body as _;

    let (_, content) = FILES[0];
    let response = futures_util::FutureExt::now_or_never(embedded().oneshot(get("/style.css", &[]))).unwrap().unwrap();
    let mut body: EmbeddedBody = response.into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(content.len() as u64), false));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Some(Ok(frame))) = std::pin::Pin::new(&mut body).poll_frame(&mut context) else {
        panic!("the content is there at once");
    };
    assert_eq!(frame.into_data().unwrap().as_ptr(), content.as_ptr());
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn embedded_files_are_found_below_a_prefix_and_next_to_other_routes() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).prefix("/static").build().unwrap();
    let service =
        collected(AssetsLayer::new(&assets).mount(PathPrefix::Strip).unknown_name(UnknownName::Service).layer(files));
    for (path, status) in
        [("/static/style.css", 200), ("/static/missing", 404), ("/style.css", 404), ("/static/a%2fb", 404)]
    {
        assert_eq!(send(&service, get(path, &[])).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_client_gets_the_response_of_the_service_over_http1_and_http2() {
    let files = embedded();
    let assets = AssetDirectory::embedded(&files).build().unwrap();
    let server = loopback::serve(AssetsLayer::new(&assets).layer(files)).await;
    let url = assets.url("style.css").unwrap();
    let tag = format!("\"{}--br\"", assets.asset("style.css").unwrap().fingerprint());
    for version in loopback::VERSIONS {
        let mut client = loopback::Client::connect(server, version).await;
        for (method, path, lines, status, length, content) in [
            ("GET", url, &[("accept-encoding", "br")][..], 200, Some("9"), "in brotli"),
            ("HEAD", url, &[("accept-encoding", "br")], 200, Some("9"), ""),
            ("GET", url, &[("accept-encoding", "br"), ("if-none-match", &tag)], 304, None, ""),
            ("HEAD", url, &[("accept-encoding", "br"), ("if-none-match", &tag)], 304, None, ""),
            ("GET", url, &[("accept-encoding", "br"), ("range", "bytes=3-4")], 206, Some("2"), "br"),
            ("GET", "/app.js", &[("range", "bytes=8-")], 416, None, ""),
            ("GET", "/empty.txt", &[], 200, Some("0"), ""),
            ("GET", "/missing.css", &[], 404, None, ""),
            ("POST", "/app.js", &[], 405, None, ""),
        ] {
            let response = client.fetch(loopback::request(method, server, path, lines)).await;
            let sentence = format!("{version:?}: {method} {path} {lines:?}");
            assert_eq!((response.status.as_u16(), response.broken), (status, false), "{sentence}");
            assert_eq!(String::from_utf8_lossy(&response.content), content, "{sentence}");
            if length.is_some() || status == 304 {
                assert_eq!(response.field("content-length").as_deref(), length, "N-03: {sentence}");
            }
        }
    }
}

/// A request for a file, with tags of earlier responses.
#[derive(Clone, Debug)]
struct Sent {
    is_versioned: bool,
    is_head: bool,
    accepted: Vec<(&'static str, u16)>,
    range: Option<(u64, u64)>,
    if_range: Option<&'static str>,
    if_none_match: Vec<&'static str>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let forms = || prop::sample::select(vec!["", "br", "gzip", "zstd", "deflate", "other"]);
    let coding = prop::sample::select(vec!["br", "gzip", "zstd", "deflate", "identity", "*"]);
    let weight = prop::sample::select(vec![0u16, 1, 500, 999, 1000]);
    (
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::collection::vec((coding, weight), 0..4),
        prop::option::weighted(0.7, (0u64..12, 0u64..40)),
        prop::option::weighted(0.7, forms()),
        prop::collection::vec(forms(), 0..3),
    )
        .prop_map(|(is_versioned, is_head, mut accepted, range, if_range, if_none_match)| {
            // If one coding has two weights, `ServeDir` uses the higher one.
            accepted.sort_by_key(|(coding, _)| *coding);
            accepted.dedup_by_key(|(coding, _)| *coding);
            Sent { is_versioned, is_head, accepted, range, if_range, if_none_match }
        })
}

impl Sent {
    fn tag(asset: &Asset, form: &str) -> String {
        match form {
            "" => format!("\"{}\"", asset.fingerprint()),
            "other" => "\"0123456789abcdef0123456789abcdef\"".to_owned(),
            coding => format!("\"{}--{coding}\"", asset.fingerprint()),
        }
    }

    fn request(&self, asset: &Asset) -> Request<TestBody> {
        let mut lines = Vec::new();
        if !self.accepted.is_empty() {
            let members =
                self.accepted.iter().map(|(coding, weight)| format!("{coding};q={}", f64::from(*weight) / 1000.0));
            lines.push(("accept-encoding", members.collect::<Vec<_>>().join(", ")));
        }
        lines.extend(self.range.map(|(first, last)| ("range", format!("bytes={first}-{last}"))));
        lines.extend(self.if_range.map(|form| ("if-range", Self::tag(asset, form))));
        lines.extend(self.if_none_match.iter().map(|form| ("if-none-match", Self::tag(asset, form))));
        let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = if self.is_versioned { asset.url() } else { "/style.css" };
        request(if self.is_head { Method::HEAD } else { Method::GET }, url, &lines)
    }

    /// Returns whether the client accepts a coding, according to its lowest weight.
    fn accepts(&self, form: &str) -> bool {
        let name = if form.is_empty() { "identity" } else { form };
        let least =
            |of: &str| self.accepted.iter().filter(|(coding, _)| *coding == of).map(|(_, weight)| *weight).min();
        least(name).or(least("*")).map_or(form.is_empty(), |weight| weight > 0)
    }
}

#[derive(Default)]
struct Coverage {
    complete: usize,
    parts: usize,
    resumed: usize,
    not_modified: usize,
}

/// The properties of every response.
fn check_response(sent: &Sent, asset: &Asset, response: &Received, is_embedded: bool, seen: &mut Coverage) {
    let coding = response.field("content-encoding");
    let content = |coding: &str| {
        let extension = match coding {
            "" => "",
            "br" => ".br",
            "gzip" => ".gz",
            "zstd" => ".zst",
            other => panic!("{other} was not there"),
        };
        FILES.iter().find(|(name, _)| *name == format!("style.css{extension}")).unwrap().1
    };
    let tag = response.field("etag");
    match response.status {
        200 => {
            seen.complete += 1;
            assert_eq!(tag, Sent::tag(asset, &coding), "V-09");
            let expected = content(&coding);
            assert_eq!(response.field("content-length"), expected.len().to_string());
            assert_eq!(&response.body[..], if sent.is_head { b"" } else { expected });
            // `ServeDir` sends the file without a coding to a client that does not accept any coding, and does not
            // support `*`.
            assert!(sent.accepts(&coding) || (!is_embedded && coding.is_empty()), "RFC 9110 section 12.5.3");
        }
        206 => {
            seen.parts += 1;
            assert_eq!(tag, Sent::tag(asset, &coding), "V-09");
            let (first, last) = sent.range.unwrap();
            let expected = content(&coding);
            let last = last.min(expected.len() as u64 - 1);
            assert_eq!(response.field("content-range"), format!("bytes {first}-{last}/{}", expected.len()));
            assert_eq!(&response.body[..], &expected[first as usize..=last as usize]);
            if let Some(form) = sent.if_range {
                seen.resumed += 1;
                assert_eq!(tag, Sent::tag(asset, form), "R-10: a part of another form");
            }
        }
        304 => {
            seen.not_modified += 1;
            assert!(sent.if_none_match.iter().any(|form| Sent::tag(asset, form) == tag), "P-15: {tag}");
            let form = sent.if_none_match.iter().find(|form| Sent::tag(asset, form) == tag).unwrap();
            assert!(form.is_empty() || sent.accepts(form), "a 304 for a form that the client refuses: {form}");
        }
        416 => {
            let (first, _) = sent.range.unwrap();
            let length: u64 = response.field("content-range").strip_prefix("bytes */").unwrap().parse().unwrap();
            assert!(first >= length, "R-03");
        }
        406 => assert!(is_embedded && ["", "br", "gzip", "zstd"].iter().all(|form| !sent.accepts(form))),
        other => panic!("{other}"),
    }
    if matches!(response.status, 200 | 206 | 304) {
        assert_eq!(response.field("cache-control"), if sent.is_versioned { IMMUTABLE } else { NO_CACHE });
        assert_eq!(response.field("vary").to_lowercase(), "accept-encoding", "K-02");
    } else {
        assert_eq!(response.field("cache-control"), NO_STORE);
    }
}

#[test]
fn every_request_gets_an_acceptable_coding_and_no_range_of_another() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let files = directory();
    for (kind, assets, service) in both(&files) {
        let is_embedded = kind == "embedded";
        let asset = assets.asset("style.css").unwrap();
        let seen = std::cell::RefCell::new(Coverage::default());
        let cases = if is_embedded { 5_000 } else { 1_000 };
        let mut runner =
            TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
        let result = runner.run(&sent(), |sent| {
            let response = runtime.block_on(send(&service, sent.request(asset)));
            check_response(&sent, asset, &response, is_embedded, &mut seen.borrow_mut());
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{kind}: {error}"));
        let seen = seen.into_inner();
        for (name, count) in [
            ("complete", seen.complete),
            ("parts", seen.parts),
            ("resumed", seen.resumed),
            ("not modified", seen.not_modified),
        ] {
            assert!(count >= 20, "{kind}: only {count} of {name}");
        }
    }
}
