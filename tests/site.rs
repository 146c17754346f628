//! Tests the example site over HTTP/1.1 and HTTP/2.

#![cfg(all(
    feature = "assets-css",
    feature = "axum",
    feature = "config",
    feature = "minijinja",
    feature = "shared-cache",
    feature = "testing"
))]
#![allow(clippy::unwrap_used)] // clippy.toml allows it only in functions that are marked as tests.
#![allow(unreachable_pub)] // As in the program whose files these are.

#[path = "../examples/site/app.rs"]
mod app;
#[path = "../examples/site/articles.rs"]
mod articles;
#[path = "../examples/site/assets.rs"]
mod assets;
#[path = "../examples/site/download.rs"]
mod download;
#[path = "../examples/site/front.rs"]
mod front;
#[path = "../examples/site/log.rs"]
mod log;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::{EdgeProfile, Edges};
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::testing::assert_table_matches_snapshot;

use crate::app::Caches;
use crate::articles::Store;
use crate::assets::Assets;
use crate::log::Log;

const TEA: &str = r#"{"title":"Tea","text":"Hot."}"#;

/// The fields of a request.
type Fields<'a> = &'a [(&'a str, &'a str)];

// ==== Which responses may be stored, and for how long ====

enum Tag {
    None,
    Weak,
    Strong,
}

const OTHER_VERSION: &str = "/static/cup.0123456789abcdef0123456789abcdef.svg";

/// The description of a URL, its path, and its status, `Cache-Control` and `ETag`.
const URLS: &[(&str, &str, u16, &str, Tag)] = &[
    ("the front page is generated for each request", "/", 200, "private, no-store", Tag::None),
    ("a generated page is fresh for two minutes", "/page", 200, "max-age=120", Tag::Weak),
    ("a file is fresh for five minutes", "/dashboard", 200, "public, max-age=300", Tag::Strong),
    ("an article is revalidated before each reuse", "/articles/1", 200, "no-cache", Tag::Strong),
    ("a missing article is not stored", "/articles/4", 404, "private, no-store", Tag::None),
    ("an article without a number is an error", "/articles/first", 400, "private, no-store", Tag::None),
    ("a download is fresh for an hour", "/download", 200, "public, max-age=3600", Tag::Strong),
    ("an event stream is not stored", "/events", 200, "private, no-store", Tag::None),
    ("a page with a cookie is private despite its public route", "/me", 200, "private, max-age=300", Tag::None),
    ("a failure is not stored despite its route", "/fail", 500, "private, no-store", Tag::None),
    ("a file under its plain name is revalidated before each reuse", "/static/cup.svg", 200, "no-cache", Tag::Strong),
    ("a file of another version is a 404", OTHER_VERSION, 404, "private, no-store", Tag::None),
    ("a missing page is not stored", "/nothing/here", 404, "private, no-store", Tag::None),
];

#[tokio::test]
async fn each_url_has_its_cache_control() {
    let [one, other] = Site::over_both(false).await;
    // The policy file is equal to the code.
    let by_file = Site::start("HTTP/1.1", Some(policies()), false).await;
    for site in [one, other, by_file] {
        for (sentence, path, status, cache_control, etag) in URLS {
            let row = site.row(sentence);
            let get = site.head(Method::GET, path, &[]).await;
            assert_eq!(get.status(), *status, "{row}");
            assert_eq!(field(&get, "cache-control"), Some(*cache_control), "{row}");
            assert_eq!(field(&get, "vary"), Some("accept-encoding"), "{row}");
            let tag = field(&get, "etag");
            match etag {
                Tag::None => assert_eq!(tag, None, "{row}"),
                Tag::Weak => assert!(tag.is_some_and(|tag| tag.starts_with("W/\"")), "{row}: {tag:?}"),
                Tag::Strong => assert!(tag.is_some_and(|tag| tag.starts_with('"')), "{row}: {tag:?}"),
            }

            let head = site.fetch(Method::HEAD, path, &[], "").await;
            assert_eq!(head.status(), *status, "HEAD: {row}");
            assert_eq!(field(&head, "cache-control"), Some(*cache_control), "HEAD: {row}");
            assert_eq!(field(&head, "vary"), Some("accept-encoding"), "HEAD: {row}");
            assert!(head.body().is_empty(), "HEAD: {row}");
        }
    }
}

fn policies() -> RoutePolicies {
    RoutePolicies::from_toml(include_str!("../examples/site/policies.toml")).unwrap()
}

fn no_edges() -> Edges {
    Edges::new([]).unwrap()
}

/// A change of a policy changes this file, so it is visible in a review.
#[test]
fn the_policies_of_the_site_equal_the_reviewed_ones() {
    let (edges, policies) = (Edges::from(EdgeProfile::CLOUDFLARE), policies());
    assert_table_matches_snapshot(&edges.policy_table(&policies), "tests/data/site-policies.md");
}

#[tokio::test]
async fn a_response_to_credentials_is_private_despite_its_route() {
    for site in Site::over_both(false).await {
        let response = site.head(Method::GET, "/dashboard", &[("authorization", "Bearer x")]).await;
        assert_eq!(field(&response, "cache-control"), Some("private, max-age=300"), "{}", site.version);
    }
}

#[tokio::test]
async fn with_no_cache_nothing_is_stored_for_any_url_or_status() {
    for site in Site::over_both(true).await {
        let dashboard = site.tag_of("/dashboard", &[]).await;
        let stored: Fields<'_> = &[("if-none-match", &dashboard)];
        let mut requests: Vec<(Method, &str, Fields<'_>, u16)> =
            URLS.iter().map(|(_, path, status, ..)| (Method::GET, *path, &[] as Fields<'_>, *status)).collect();
        requests.extend([
            (Method::HEAD, "/page", &[] as Fields<'_>, 200),
            // In development, content can change without its validators, so the site does not return 304.
            (Method::GET, "/dashboard", stored, 200),
            (Method::GET, "/articles/1", &[("if-none-match", "\"1-1\"")], 200),
            (Method::DELETE, "/articles/1", &[("if-match", "\"1-0\"")], 412),
            (Method::DELETE, "/articles/1", &[], 428),
            (Method::DELETE, "/articles/1", &[("if-match", "\"1-1\"")], 204),
            (Method::GET, "/download", &[("range", "bytes=0-9")], 206),
            (Method::GET, "/download", &[("range", "bytes=9999999-")], 416),
            (Method::POST, "/page", &[], 405),
        ]);
        for (method, path, fields, status) in requests {
            let row = site.row(&format!("{method} {path} {fields:?}"));
            let response = site.head(method, path, fields).await;
            assert_eq!(response.status(), status, "{row}");
            assert_eq!(field(&response, "cache-control"), Some("no-cache, no-store, must-revalidate"), "{row}");
            assert_eq!(field(&response, "pragma"), Some("no-cache"), "{row}");
            assert_eq!(field(&response, "expires"), Some("0"), "{row}");
        }
    }
}

// ==== The files of the front page ====

#[tokio::test]
async fn the_front_page_has_an_immutable_url_for_each_file() {
    for site in Site::over_both(false).await {
        let page = text(site.fetch(Method::GET, "/", &[], "").await);
        let manifest = site.assets.source.current();
        for asset in manifest.iter() {
            let row = site.row(asset.name());
            assert!(page.contains(&format!("\"{}\"", asset.url())), "{row}: {page}");
            let response = site.fetch(Method::GET, asset.url(), &[], "").await;
            assert_eq!(response.status(), 200, "{row}");
            assert_eq!(field(&response, "cache-control"), Some("public, max-age=31536000, immutable"), "{row}");
            assert_eq!(response.body().len() as u64, asset.length(), "{row}");
            let tag = field(&response, "etag").unwrap();
            assert_eq!(tag, format!("\"{}\"", asset.fingerprint()), "{row}");
            let again = site.fetch(Method::GET, asset.url(), &[("if-none-match", tag)], "").await;
            assert_not_modified(&again, &response, &row);
        }
    }
}

#[tokio::test]
async fn the_stylesheet_refers_to_versioned_urls_and_the_page_preloads_the_font() {
    for site in Site::over_both(false).await {
        let manifest = site.assets.source.current();
        let style = text(site.fetch(Method::GET, manifest.url("style.css").unwrap(), &[], "").await);
        for name in ["cup.svg", "tally.woff2"] {
            let below_prefix = manifest.url(name).unwrap().strip_prefix("/static/").unwrap();
            assert!(style.contains(below_prefix), "{name}: {style}");
        }
        let page = site.fetch(Method::GET, "/", &[], "").await;
        let preload = format!("<{}>; rel=preload; as=font; crossorigin", manifest.url("tally.woff2").unwrap());
        assert_eq!(field(&page, "link"), Some(&*preload));
    }
}

#[tokio::test]
async fn a_file_compressed_by_the_layer_has_the_same_lifetime() {
    for site in Site::over_both(false).await {
        for (name, coding) in [("style.css", Some("gzip")), ("tally.woff2", None)] {
            let row = site.row(name);
            let url = site.assets.source.current().url(name).unwrap().to_owned();
            let response = site.fetch(Method::GET, &url, &[("accept-encoding", "gzip")], "").await;
            assert_eq!(field(&response, "content-encoding"), coding, "{row}");
            assert_eq!(field(&response, "cache-control"), Some("public, max-age=31536000, immutable"), "{row}");
        }
    }
}

#[tokio::test]
async fn a_range_is_sent_to_a_client_with_the_current_tag() {
    for site in Site::over_both(false).await {
        let url = site.assets.source.current().url("tally.woff2").unwrap().to_owned();
        let tag = site.tag_of(&url, &[]).await;
        for (if_range, status) in [(&*tag, 206), ("\"another\"", 200)] {
            let response = site.fetch(Method::GET, &url, &[("range", "bytes=100-"), ("if-range", if_range)], "").await;
            assert_eq!(response.status(), status, "{}", site.row(if_range));
        }
    }
}

#[tokio::test]
async fn with_no_cache_a_changed_file_has_a_new_url_on_the_next_page() {
    let directory = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(assets::DIRECTORY).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
    }
    let site = Site::start_with("HTTP/1.1", None, true, directory.path()).await;
    let before = site.assets.source.current().url("style.css").unwrap().to_owned();
    assert!(text(site.fetch(Method::GET, "/", &[], "").await).contains(&before));

    std::fs::write(directory.path().join("style.css"), "h1 { color: tan }").unwrap();
    let after = site.assets.source.current().url("style.css").unwrap().to_owned();
    assert_ne!(after, before);
    assert!(text(site.fetch(Method::GET, "/", &[], "").await).contains(&after));
    let style = site.fetch(Method::GET, &after, &[], "").await;
    assert_eq!(field(&style, "cache-control"), Some("no-cache, no-store, must-revalidate"));
    assert_eq!(text(style), "h1 { color: tan }");

    std::fs::remove_file(directory.path().join("style.css")).unwrap();
    let mistake = site.fetch(Method::GET, "/", &[], "").await;
    assert_eq!(mistake.status(), 500);
    assert!(text(mistake).contains("there is no asset named `style.css`"));
}

#[test]
fn a_page_with_an_unknown_file_stops_the_program_at_startup() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("styles.css"), "").unwrap();
    let assets = Assets::new(directory.path(), false).unwrap();
    let error = front::FrontPage::new(&assets.source, false).unwrap_err();
    assert!(error.to_string().contains("there is no asset named `cup.svg`"), "{error}");
}

// ==== Revalidation ====

#[tokio::test]
async fn each_coding_is_revalidated_with_its_own_tag_and_the_304_has_the_fields_of_the_200() {
    for site in Site::over_both(false).await {
        for path in ["/page", "/dashboard", "/articles/1", "/static/style.css"] {
            for coding in ["identity", "gzip", "br"] {
                let row = site.row(&format!("{path} in {coding}"));
                let accepted = ("accept-encoding", coding);
                let full = site.fetch(Method::GET, path, &[accepted], "").await;
                let tag = field(&full, "etag").unwrap();
                assert_eq!(full.status(), 200, "{row}");
                assert_eq!(field(&full, "content-encoding").unwrap_or("identity"), coding, "{row}");
                // All content codings may share a weak tag. Each has its own strong tag.
                let weak = tag.starts_with("W/");
                if !weak && coding != "identity" {
                    assert!(tag.ends_with(&format!("--{coding}\"")), "{row}: {tag}");
                }

                let revalidation: Fields<'_> = &[accepted, ("if-none-match", tag)];
                let again = site.fetch(Method::GET, path, revalidation, "").await;
                assert_not_modified(&again, &full, &row);
                // Weak tags are generated from the content, which a response to HEAD does not have.
                if !weak {
                    let again = site.fetch(Method::HEAD, path, revalidation, "").await;
                    assert_not_modified(&again, &full, &format!("HEAD: {row}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_file_is_also_revalidated_by_its_date() {
    for site in Site::over_both(false).await {
        for path in ["/dashboard", "/download"] {
            let row = site.row(path);
            let full = site.fetch(Method::GET, path, &[], "").await;
            let date = field(&full, "last-modified").unwrap();
            let again = site.fetch(Method::GET, path, &[("if-modified-since", date)], "").await;
            assert_not_modified(&again, &full, &row);
        }
    }
}

#[tokio::test]
async fn a_tag_of_an_unacceptable_coding_gets_the_complete_response() {
    for site in Site::over_both(false).await {
        let tag = site.tag_of("/dashboard", &[("accept-encoding", "gzip")]).await;
        let response = site.fetch(Method::GET, "/dashboard", &[("if-none-match", &tag)], "").await;
        assert_eq!(response.status(), 200, "{}", site.version);
        assert_eq!(field(&response, "content-encoding"), None, "{}", site.version);
    }
}

#[tokio::test]
async fn a_changed_page_is_sent_again() {
    for site in Site::over_both(false).await {
        let tag = site.tag_of("/page", &[]).await;
        site.fetch(Method::DELETE, "/articles/1", &[("if-match", "\"1-1\"")], "").await;
        let response = site.fetch(Method::GET, "/page", &[("if-none-match", &tag)], "").await;
        assert_eq!(response.status(), 200, "{}", site.version);
        assert_ne!(field(&response, "etag"), Some(&*tag), "{}", site.version);
    }
}

// ==== Lost updates ====

/// The description of a write, the write, its status, and the tag of the article afterwards.
type Write = (&'static str, Method, &'static str, Fields<'static>, u16, Option<&'static str>);

const WRITES: &[Write] = &[
    ("a blind change is refused", Method::PUT, "/articles/1", &[], 428, Some("\"1-1\"")),
    (
        "a change of the current version succeeds",
        Method::PUT,
        "/articles/1",
        &[("if-match", "\"1-1\"")],
        204,
        Some("\"1-2\""),
    ),
    (
        "the same change again would lose the first one",
        Method::PUT,
        "/articles/1",
        &[("if-match", "\"1-1\"")],
        412,
        Some("\"1-2\""),
    ),
    (
        "a tag that was seen under gzip names the same revision",
        Method::PUT,
        "/articles/1",
        &[("if-match", "\"1-2--gzip\"")],
        204,
        Some("\"1-3\""),
    ),
    (
        "one of several tags is enough",
        Method::PUT,
        "/articles/1",
        &[("if-match", "\"1-1\", \"1-3\"")],
        204,
        Some("\"1-4\""),
    ),
    ("a weak tag never matches", Method::PUT, "/articles/1", &[("if-match", "W/\"1-4\"")], 412, Some("\"1-4\"")),
    ("what exists is not created", Method::PUT, "/articles/1", &[("if-none-match", "*")], 412, Some("\"1-4\"")),
    ("what does not exist is not changed", Method::PUT, "/articles/9", &[("if-match", "*")], 412, None),
    ("a blind creation is refused", Method::PUT, "/articles/9", &[], 428, None),
    ("what does not exist is created", Method::PUT, "/articles/9", &[("if-none-match", "*")], 201, Some("\"9-5\"")),
    ("a blind deletion is refused", Method::DELETE, "/articles/9", &[], 428, Some("\"9-5\"")),
    (
        "a deletion of what has changed is refused",
        Method::DELETE,
        "/articles/9",
        &[("if-match", "\"9-4\"")],
        412,
        Some("\"9-5\""),
    ),
    (
        "a deletion of the current version succeeds",
        Method::DELETE,
        "/articles/9",
        &[("if-match", "\"9-5\"")],
        204,
        None,
    ),
    ("the second deletion fails", Method::DELETE, "/articles/9", &[("if-match", "\"9-5\"")], 412, None),
    (
        "what is created again does not get an old tag",
        Method::PUT,
        "/articles/9",
        &[("if-none-match", "*")],
        201,
        Some("\"9-6\""),
    ),
    (
        "a number in percent-encoding is decided by the handler, and changes nothing blindly",
        Method::PUT,
        "/articles/%39",
        &[("if-match", "\"9-6\"")],
        412,
        Some("\"9-6\""),
    ),
];

#[tokio::test]
async fn a_write_succeeds_only_with_the_current_tag() {
    for site in Site::over_both(false).await {
        for (sentence, method, path, fields, status, then) in WRITES {
            let row = site.row(sentence);
            let json = [*fields, &[("content-type", "application/json")]].concat();
            let response = site.fetch(method.clone(), path, &json, TEA).await;
            assert_eq!(response.status(), *status, "{row}");
            assert!(field(&response, "cache-control").is_some_and(|value| value.contains("no-store")), "{row}");
            assert_eq!(field(&response, "etag"), None, "{row}");
            if *status == 428 {
                assert!(response.body().starts_with(b"This resource accepts only conditional changes"), "{row}");
            }
            let now = site.fetch(Method::GET, path, &[], "").await;
            assert_eq!(field(&now, "etag"), *then, "{row}");
            assert_eq!(now.status(), if then.is_some() { 200 } else { 404 }, "{row}");
        }
        let tea = site.fetch(Method::GET, "/articles/1", &[], "").await;
        assert_eq!(tea.body(), TEA.as_bytes(), "{}", site.version);
    }
}

#[tokio::test]
async fn exactly_one_of_a_hundred_writes_with_the_same_tag_succeeds() {
    const WRITERS: usize = 100;
    let download = download::write().unwrap();
    let assets = Assets::new(Path::new(assets::DIRECTORY), false).unwrap();
    let log = Log::new(|_| {});
    let caches = Caches { edges: &no_edges(), shared: None };
    let app = app::app(Store::new(), download.path(), &assets, None, caches, false, log).unwrap();
    let all_let_through = Arc::new(Barrier::new(WRITERS));
    let writers = (0..WRITERS).map(|_| {
        // The layer decides before the content is read. Each request sends its content after all others have arrived,
        // so the layer has forwarded all of them before the first write.
        let let_through = all_let_through.clone();
        let content = Body::from_stream(stream::once(async move {
            let_through.wait().await;
            Ok::<_, axum::Error>(TEA)
        }));
        let request = Request::put("/articles/1")
            .header("if-match", "\"1-1\"")
            .header("content-type", "application/json")
            .body(content)
            .unwrap();
        tokio::spawn(app.clone().oneshot(request))
    });
    let responses = timeout(Duration::from_secs(30), join_all(writers)).await.unwrap();
    let statuses: Vec<_> = responses.into_iter().map(|response| response.unwrap().unwrap().status()).collect();
    let count = |status| statuses.iter().filter(|&&each| each == status).count();
    assert_eq!(count(StatusCode::NO_CONTENT), 1, "{statuses:?}");
    assert_eq!(count(StatusCode::PRECONDITION_FAILED), WRITERS - 1, "{statuses:?}");

    let last = app.oneshot(Request::get("/articles/1").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(last.headers()["etag"], "\"1-2\"");
}

// ==== Ranges ====

#[tokio::test]
async fn a_range_is_sent_only_of_the_file_that_the_client_has() {
    for site in Site::over_both(false).await {
        let full = site.fetch(Method::GET, "/download", &[("accept-encoding", "gzip, br")], "").await;
        assert_eq!(full.body().len() as u64, download::LENGTH);
        assert_eq!(field(&full, "content-encoding"), None, "a download is not compressed");
        assert_eq!(field(&full, "accept-ranges"), Some("bytes"));
        let tag = field(&full, "etag").unwrap();
        let date = field(&full, "last-modified").unwrap();
        let weak = format!("W/{tag}");

        let rest = ("range", "bytes=4000000-");
        let table: &[(&str, Fields<'_>, u16)] = &[
            ("a range alone", &[rest], 206),
            ("the client has a part of this file", &[rest, ("if-range", tag)], 206),
            ("the client has a part of another file", &[rest, ("if-range", "\"another\"")], 200),
            ("the client has something like this file", &[rest, ("if-range", &weak)], 200),
            // A file may change twice within a second.
            ("a date proves nothing", &[rest, ("if-range", date)], 200),
            ("the client has all of it", &[rest, ("if-none-match", tag)], 304),
            ("beyond the end", &[("range", "bytes=9999999-")], 416),
        ];
        for (sentence, fields, status) in table {
            let row = site.row(sentence);
            let response = site.fetch(Method::GET, "/download", fields, "").await;
            assert_eq!(response.status(), *status, "{row}");
            assert_eq!(field(&response, "vary"), Some("accept-encoding"), "{row}");
            match status {
                206 => {
                    assert_eq!(field(&response, "content-range"), Some("bytes 4000000-4194303/4194304"), "{row}");
                    assert_eq!(response.body()[..], full.body()[4_000_000..], "{row}");
                    assert_eq!(field(&response, "cache-control"), field(&full, "cache-control"), "{row}");
                    assert_eq!(field(&response, "etag"), Some(tag), "{row}");
                }
                200 => assert!(response.body() == full.body(), "{row}"),
                304 => assert_not_modified(&response, &full, &row),
                _ => assert_eq!(field(&response, "cache-control"), Some("private, no-store"), "{row}"),
            }
        }
    }
}

// ==== Streams, and the log ====

#[tokio::test]
async fn events_are_sent_at_once_without_compression_or_tag() {
    for site in Site::over_both(false).await {
        let mut response = site.head(Method::GET, "/events", &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(field(&response, "content-type"), Some("text/event-stream"));
        assert_eq!(field(&response, "content-encoding"), None);
        assert_eq!(field(&response, "etag"), None);
        for (second, patience) in [(0, Duration::from_millis(900)), (1, Duration::from_secs(3))] {
            let frame = timeout(patience, response.frame()).await.expect("an event that is on time");
            let event = frame.unwrap().unwrap().into_data().unwrap();
            assert_eq!(event, format!("event: second\ndata: {second}\n\n"), "{}", site.version);
        }
        drop(response);
        assert_eq!(site.logged(1).await, ["GET /events 200 46 bytes: the handler's policy"], "{}", site.version);
    }
}

#[tokio::test]
async fn each_request_is_logged_with_its_bytes_and_its_reason() {
    let table: &[(Method, &str, Fields<'_>, &str)] = &[
        (Method::GET, "/", &[], "the handler's policy"),
        (Method::GET, "/download", &[], "the layer's policy"),
        (Method::HEAD, "/download", &[], "the layer's policy"),
        (Method::GET, "/dashboard", &[("accept-encoding", "gzip")], "the layer's policy"),
        (Method::GET, "/me", &[], "the layer's policy; G-01 Set-Cookie: private"),
        (Method::GET, "/fail", &[], "the default; G-04 error: not stored"),
        (
            Method::GET,
            "/articles/1",
            &[("if-none-match", "\"1-1\"")],
            "the handler's policy; If-None-Match, before the handler",
        ),
        (
            Method::DELETE,
            "/articles/1",
            &[],
            "the default; G-04 error: not stored; no precondition, before the handler",
        ),
        (Method::DELETE, "/articles/1", &[("if-match", "\"1-1\"")], "the default; G-09 unsafe method: not stored"),
    ];
    for site in Site::over_both(false).await {
        for (method, path, fields, why) in table {
            let response = site.fetch(method.clone(), path, fields, "").await;
            let (status, bytes) = (response.status().as_u16(), response.body().len());
            let expected = format!("{method} {path} {status} {bytes} bytes: {why}");
            assert_eq!(site.logged(1).await, [expected], "{}", site.version);
        }
    }
}

// ==== The in-process cache ====

#[tokio::test]
async fn with_the_shared_cache_a_page_is_generated_once_and_purged_by_a_change() {
    for version in ["HTTP/1.1", "HTTP/2"] {
        let site = Site::with_cache(version, false).await;
        let status = async |path: &str, fields: Fields<'_>| {
            let response = site.fetch(Method::GET, path, fields, "").await;
            let age = field(&response, "age").map(|age| age.parse::<u32>().unwrap());
            (field(&response, "cache-status").unwrap().to_owned(), age, response.into_body())
        };
        let (miss, age, generated) = status("/page", &[]).await;
        assert_eq!((&*miss, age), ("tower-cache-policy; fwd=uri-miss; fwd-status=200; stored", None), "{version}");
        let (hit, age, stored) = status("/page", &[]).await;
        assert!(
            hit.starts_with("tower-cache-policy; hit; ttl=") && age.is_some_and(|age| age < 60),
            "{version}: {hit}"
        );
        assert_eq!(stored, generated, "{version}");
        // Each content coding is a separate variant.
        assert!(status("/page", &[("accept-encoding", "gzip")]).await.0.contains("; fwd=vary-miss; "), "{version}");
        assert!(status("/page", &[("accept-encoding", "gzip")]).await.0.contains("; hit; "), "{version}");
        // The client's copy is compared with the stored response.
        let tag = site.tag_of("/page", &[]).await;
        let current = site.fetch(Method::GET, "/page", &[("if-none-match", &tag)], "").await;
        assert_eq!(current.status(), 304, "{version}");
        assert!(field(&current, "cache-status").unwrap().contains("; hit; "), "{version}");

        // A rejected write does not change or purge anything.
        let refused = site.fetch(Method::DELETE, "/articles/1", &[("if-match", "\"1-0\"")], "").await;
        assert_eq!(refused.status(), 412, "{version}");
        assert!(status("/page", &[]).await.0.contains("; hit; "), "{version}");

        let json = ("content-type", "application/json");
        let changed = site.fetch(Method::PUT, "/articles/9", &[json, ("if-none-match", "*")], TEA).await;
        assert_eq!(changed.status(), 201, "{version}");
        for fields in [&[] as Fields<'_>, &[("accept-encoding", "gzip")]] {
            let (miss, _, _) = status("/page", fields).await;
            assert!(miss.contains("; fwd=") && miss.ends_with("; stored"), "{version}: {miss}");
        }
        let page = status("/page", &[]).await.2;
        assert!(String::from_utf8_lossy(&page).contains("Article 9"), "{version}");
    }
}

#[tokio::test]
async fn with_the_shared_cache_only_what_every_client_may_get_is_stored() {
    for version in ["HTTP/1.1", "HTTP/2"] {
        let site = Site::with_cache(version, false).await;
        for (sentence, path, status, cache_control, _) in URLS {
            let row = site.row(sentence);
            let mut last = None;
            for _ in 0..3 {
                let response = match *path {
                    "/events" => site.head(Method::GET, path, &[]).await.map(|_| Bytes::new()),
                    _ => site.fetch(Method::GET, path, &[], "").await,
                };
                assert_eq!(response.status(), *status, "{row}");
                assert_eq!(field(&response, "cache-control"), Some(*cache_control), "{row}");
                last = field(&response, "cache-status").map(str::to_owned);
            }
            let last = last.unwrap();
            let is_hit = last.contains("; hit");
            assert_eq!(is_hit, matches!(*path, "/page" | "/dashboard" | "/download"), "{row}: {last}");
        }
        let authorized = site.fetch(Method::GET, "/page", &[("authorization", "Basic eA==")], "").await;
        let status = field(&authorized, "cache-status").unwrap();
        assert_eq!(status, "tower-cache-policy; fwd=bypass; fwd-status=200; detail=credentials", "{version}");

        let front = text(site.fetch(Method::GET, "/", &[], "").await);
        assert!(front.contains("This server has a cache in its process"), "{version}");
        let without = Site::start(version, None, false).await;
        let front = text(without.fetch(Method::GET, "/", &[], "").await);
        assert!(!front.contains("This server has a cache in its process"), "{version}");
    }
}

#[tokio::test]
async fn the_shared_cache_stores_nothing_with_no_cache() {
    let site = Site::with_cache("HTTP/1.1", true).await;
    for _ in 0..2 {
        let response = site.fetch(Method::GET, "/page", &[], "").await;
        assert_eq!(field(&response, "cache-control"), Some("no-cache, no-store, must-revalidate"));
        assert_eq!((field(&response, "cache-status"), field(&response, "age")), (None, None));
    }
}

// ==== The site and its client ====

/// A site on its own port, with a client for one HTTP version.
struct Site {
    version: &'static str,
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    lines: Arc<Mutex<Vec<String>>>,
    assets: Assets,
    _download: NamedTempFile,
}

impl Site {
    async fn over_both(no_cache: bool) -> [Self; 2] {
        [Self::start("HTTP/1.1", None, no_cache).await, Self::start("HTTP/2", None, no_cache).await]
    }

    async fn start(version: &'static str, policies: Option<RoutePolicies>, no_cache: bool) -> Self {
        Self::start_with(version, policies, no_cache, Path::new(assets::DIRECTORY)).await
    }

    async fn start_with(version: &'static str, policies: Option<RoutePolicies>, no_cache: bool, files: &Path) -> Self {
        Self::start_behind(version, policies, no_cache, files, None).await
    }

    /// A site with an in-process cache.
    async fn with_cache(version: &'static str, no_cache: bool) -> Self {
        let cache = SharedCache::by_policy(MemoryStore::new(256 << 20));
        Self::start_behind(version, None, no_cache, Path::new(assets::DIRECTORY), Some(&cache)).await
    }

    async fn start_behind(
        version: &'static str,
        policies: Option<RoutePolicies>,
        no_cache: bool,
        files: &Path,
        shared: Option<&SharedCache>,
    ) -> Self {
        let download = download::write().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Log::new({
            let lines = lines.clone();
            move |line| lines.lock().unwrap().push(line.to_string())
        });
        let assets = Assets::new(files, no_cache).unwrap();
        let caches = Caches { edges: &no_edges(), shared };
        let app = app::app(Store::new(), download.path(), &assets, policies, caches, no_cache, log).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, app).into_future());
        let client = Client::builder(TokioExecutor::new()).http2_only(version == "HTTP/2").build_http();
        Self { version, address, client, lines, assets, _download: download }
    }

    /// Sends a request without reading the content, because an event stream never ends.
    async fn head(&self, method: Method, path: &str, fields: Fields<'_>) -> Response<Incoming> {
        self.send(method, path, fields, "").await
    }

    async fn fetch(&self, method: Method, path: &str, fields: Fields<'_>, content: &'static str) -> Response<Bytes> {
        let (head, body) = self.send(method, path, fields, content).await.into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    }

    async fn send(&self, method: Method, path: &str, fields: Fields<'_>, content: &'static str) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        self.client.request(request.body(Full::from(content)).unwrap()).await.unwrap()
    }

    async fn tag_of(&self, path: &str, fields: Fields<'_>) -> String {
        let response = self.fetch(Method::GET, path, fields, "").await;
        field(&response, "etag").unwrap().to_owned()
    }

    /// Waits for this number of lines since the last call. A line is written when the server drops a response, possibly
    /// after the client has received it.
    async fn logged(&self, count: usize) -> Vec<String> {
        for _ in 0..500 {
            if self.lines.lock().unwrap().len() >= count {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    fn row(&self, sentence: &str) -> String {
        format!("over {}, {sentence}", self.version)
    }
}

/// The only line of a field.
fn field<'a, B>(response: &'a Response<B>, name: &str) -> Option<&'a str> {
    let headers: &HeaderMap = response.headers();
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    assert_eq!(lines.next(), None, "one line of {name}");
    Some(line.to_str().unwrap())
}

fn text(response: Response<Bytes>) -> String {
    String::from_utf8(response.into_body().to_vec()).unwrap()
}

/// N-01 to N-04
fn assert_not_modified(response: &Response<Bytes>, full: &Response<Bytes>, row: &str) {
    assert_eq!(response.status(), 304, "{row}");
    for name in ["cache-control", "etag", "vary"] {
        assert_eq!(field(response, name), field(full, name), "{row}: {name}");
    }
    for name in ["content-encoding", "content-length", "content-type", "transfer-encoding"] {
        assert_eq!(field(response, name), None, "{row}: {name}");
    }
    assert!(response.body().is_empty(), "{row}");
}
