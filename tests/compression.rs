//! Tests entity tags and ranges with tower-http's `CompressionLayer` and `ServeDir`.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EntityTagLayer, HeadValidators};
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use support::{TestBody, TestService, call, collected, field, get, request};

const TEXT: &str = include_str!("../LICENSE-APACHE");

/// A handler with its own tag, under compression.
fn tagged(etag: &'static str, calls: Arc<AtomicUsize>) -> TestService {
    let handler = service_fn(move |_: Request<TestBody>| {
        calls.fetch_add(1, Ordering::Relaxed);
        let lines = [("content-type", "text/plain"), ("etag", etag), ("cache-control", "max-age=60")];
        std::future::ready(Ok::<_, Infallible>(support::response_with(TEXT, &lines)))
    });
    let stack = ServiceBuilder::new().layer(ConditionalLayer::new()).layer(CompressionLayer::new()).service(handler);
    collected(stack)
}

#[tokio::test]
async fn each_coding_has_its_own_strong_tag_and_revalidates_with_it() {
    let service = tagged("\"v7\"", Arc::default());
    let table: &[(&str, Option<&str>, &str)] =
        &[("identity", None, "\"v7\""), ("gzip", Some("gzip"), "\"v7--gzip\""), ("br", Some("br"), "\"v7--br\"")];
    for (coding, encoding, tag) in table {
        let accept = ("accept-encoding", *coding);
        let first = call(&service, get("/", &[accept])).await;
        assert_eq!(field(first.headers(), "content-encoding").as_deref(), *encoding, "{coding}");
        assert_eq!(field(first.headers(), "etag").as_deref(), Some(*tag), "{coding}");

        let weakened = format!("W/{tag}");
        let list = format!("\"a,b\", {tag}, \"z\"");
        let forms: &[&[(&str, &str)]] = &[
            &[accept, ("if-none-match", tag)],
            &[accept, ("if-none-match", &weakened)],
            &[accept, ("if-none-match", &list)],
            &[accept, ("if-none-match", "\"x\""), ("if-none-match", tag)],
            &[accept, ("if-none-match", "*")],
        ];
        for lines in forms {
            for method in [Method::GET, Method::HEAD] {
                let again = call(&service, request(method, "/", lines)).await;
                assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{coding} {lines:?}");
                assert_eq!(field(again.headers(), "etag").as_deref(), Some(*tag), "{coding} {lines:?}");
                assert_eq!(field(again.headers(), "cache-control").as_deref(), Some("max-age=60"));
                assert_eq!(field(again.headers(), "vary"), field(first.headers(), "vary"), "{coding}");
                assert_eq!(field(again.headers(), "content-encoding"), None);
            }
        }
        let matching = call(&service, get("/", &[accept, ("if-match", &list)])).await;
        assert_eq!(matching.status(), StatusCode::OK, "If-Match with the tag of {coding}");
    }
}

#[tokio::test]
async fn the_tag_of_one_coding_does_not_match_another() {
    let service = tagged("\"v7\"", Arc::default());
    let table: &[(&str, &str, &str, StatusCode)] = &[
        ("a gzip copy is of no use without gzip", "identity", "\"v7--gzip\"", StatusCode::OK),
        ("nor with br", "br", "\"v7--gzip\"", StatusCode::OK),
        ("a plain copy is not the gzip variant", "gzip", "\"v7\"", StatusCode::OK),
        ("a list with both has the right one", "gzip", "\"v7\", \"v7--gzip\"", StatusCode::NOT_MODIFIED),
    ];
    for (sentence, accept, tags, status) in table {
        let lines = [("accept-encoding", *accept), ("if-none-match", *tags)];
        assert_eq!(call(&service, get("/", &lines)).await.status(), *status, "{sentence}");
    }
    let lines = [("accept-encoding", "identity"), ("if-match", "\"v7--gzip\"")];
    assert_eq!(call(&service, get("/", &lines)).await.status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn a_weak_tag_of_handler_or_layer_matches_every_coding() {
    let by_handler = tagged("W/\"v7\"", Arc::default());
    let by_layer = {
        let handler = service_fn(|_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(support::response_with(TEXT, &[("content-type", "text/plain")])))
        });
        let stack = ServiceBuilder::new()
            .layer(ConditionalLayer::new())
            .layer(CompressionLayer::new())
            .layer(EntityTagLayer::new())
            .service(handler);
        collected(stack)
    };
    for service in [by_handler, by_layer] {
        let plain = call(&service, get("/", &[])).await;
        let tag = field(plain.headers(), "etag").unwrap();
        assert!(tag.starts_with("W/\""), "{tag}");
        for coding in ["identity", "gzip", "br"] {
            let accept = ("accept-encoding", coding);
            let coded = call(&service, get("/", &[accept])).await;
            assert_eq!(field(coded.headers(), "etag").as_ref(), Some(&tag));
            let again = call(&service, get("/", &[accept, ("if-none-match", &tag)])).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{coding}");
            assert_eq!(field(again.headers(), "vary"), field(coded.headers(), "vary"), "{coding}");
        }
    }
}

#[tokio::test]
async fn a_write_with_the_tag_of_an_encoded_response_is_decided_by_the_version() {
    let writes = Arc::new(AtomicUsize::new(0));
    let service = {
        let writes = writes.clone();
        let handler = service_fn(move |_: Request<TestBody>| {
            writes.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<_, Infallible>(support::response_with("done", &[])))
        });
        let current = || std::future::ready(Validators::new().with_etag(EntityTag::from_static("\"v7\"")));
        let stack = ServiceBuilder::new()
            .layer(ConditionalLayer::new().validators(move |_| current()))
            .layer(CompressionLayer::new())
            .service(handler);
        collected(stack)
    };
    let table: &[(&str, &str, StatusCode)] = &[
        ("if-match", "\"v7--gzip\"", StatusCode::OK),
        ("if-match", "\"x\", \"v7--br\", \"y\"", StatusCode::OK),
        ("if-match", "\"v6--gzip\"", StatusCode::PRECONDITION_FAILED),
        ("if-match", "W/\"v7--gzip\"", StatusCode::PRECONDITION_FAILED),
        ("if-match", "\"v7--rot13\"", StatusCode::PRECONDITION_FAILED),
        ("if-none-match", "\"v7--gzip\"", StatusCode::PRECONDITION_FAILED),
        ("if-none-match", "\"x\", \"v7--br\"", StatusCode::PRECONDITION_FAILED),
        ("if-none-match", "\"v6--gzip\"", StatusCode::OK),
    ];
    let mut expected_writes = 0;
    for (name, value, status) in table {
        let response = call(&service, request(Method::PUT, "/", &[(name, value)])).await;
        assert_eq!(response.status(), *status, "{name}: {value}");
        expected_writes += usize::from(*status == StatusCode::OK);
        assert_eq!(writes.load(Ordering::Relaxed), expected_writes, "{name}: {value}");
    }
}

/// A directory with one file, served with ranges, under compression.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.txt"), TEXT).unwrap();
        Self { directory }
    }

    fn serve_dir(&self) -> ServeDir {
        ServeDir::new(self.directory.path())
    }

    fn with_source(&self) -> TestService {
        let source = HeadValidators::<_, TestBody>::new(self.serve_dir());
        let stack = ServiceBuilder::new()
            .layer(CachePolicyLayer::new(POLICY).vary(&["accept-encoding"]))
            .layer(ConditionalLayer::new().validator_source(source))
            .layer(CompressionLayer::new())
            .service(self.serve_dir());
        collected(stack)
    }

    fn without_source(&self) -> TestService {
        let stack = ServiceBuilder::new()
            .layer(CachingLayer::new(POLICY).compression(CompressionLayer::new()))
            .service(self.serve_dir());
        collected(stack)
    }
}

const POLICY: CachePolicy = CachePolicy::public(std::time::Duration::from_secs(300));

#[tokio::test]
async fn a_304_of_serve_dir_gets_policy_vary_and_the_tag_of_the_variant() {
    let files = Files::new();
    for service in [files.with_source(), files.without_source()] {
        for coding in ["identity", "gzip", "br"] {
            let accept = ("accept-encoding", coding);
            let first = call(&service, get("/a.txt", &[accept])).await;
            assert_eq!(first.status(), StatusCode::OK);
            let tag = field(first.headers(), "etag").unwrap();
            assert_eq!(tag.ends_with("--gzip\""), coding == "gzip", "{tag}");
            assert_eq!(tag.ends_with("--br\""), coding == "br", "{tag}");

            let list = format!("\"x\", {tag}, \"y\"");
            for lines in [
                vec![accept, ("if-none-match", tag.as_str())],
                vec![accept, ("if-none-match", list.as_str())],
                vec![accept, ("if-none-match", "\"x\""), ("if-none-match", tag.as_str())],
            ] {
                let again = call(&service, get("/a.txt", &lines)).await;
                assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{coding} {lines:?}");
                assert_eq!(field(again.headers(), "etag").as_ref(), Some(&tag), "{coding}");
                assert_eq!(field(again.headers(), "vary").as_deref(), Some("accept-encoding"), "{coding}");
                let policy = field(again.headers(), "cache-control");
                assert_eq!(policy.as_deref(), Some("public, max-age=300"), "{coding}");
                assert!(!again.headers().contains_key("content-type"));
            }
        }
    }
}

#[tokio::test]
async fn a_range_is_sent_only_if_if_range_is_proven() {
    let files = Files::new();
    let identity = ("accept-encoding", "identity");
    let range = ("range", "bytes=0-3");
    let probe = call(&files.with_source(), get("/a.txt", &[identity])).await;
    let tag = field(probe.headers(), "etag").unwrap();
    let date = field(probe.headers(), "last-modified").unwrap();
    let gzip_tag = format!("{}--gzip\"", tag.strip_suffix('"').unwrap());
    let br_tag = format!("{}--br\"", tag.strip_suffix('"').unwrap());

    let table: &[(&str, &[(&str, &str)], StatusCode, StatusCode)] = &[
        ("no condition", &[range], StatusCode::PARTIAL_CONTENT, StatusCode::PARTIAL_CONTENT),
        ("the current tag (R-09)", &[range, ("if-range", &tag)], StatusCode::PARTIAL_CONTENT, StatusCode::OK),
        ("a stale tag (R-10)", &[range, ("if-range", "\"old\"")], StatusCode::OK, StatusCode::OK),
        ("a weak tag (R-11)", &[range, ("if-range", "W/\"x\"")], StatusCode::OK, StatusCode::OK),
        (
            "a date that may be shared by two versions (R-12, V-16)",
            &[range, ("if-range", &date)],
            StatusCode::OK,
            StatusCode::OK,
        ),
        (
            "the tag of an encoded response, whose bytes a range counts",
            &[range, ("if-range", &gzip_tag), ("accept-encoding", "gzip")],
            StatusCode::OK,
            StatusCode::OK,
        ),
        ("by brotli too", &[range, ("if-range", &br_tag), ("accept-encoding", "br")], StatusCode::OK, StatusCode::OK),
    ];
    for (sentence, lines, with_source, without) in table {
        let whole = [(files.with_source(), with_source), (files.without_source(), without)];
        for (service, status) in whole {
            let response = call(&service, get("/a.txt", lines)).await;
            assert_eq!(response.status(), *status, "{sentence}");
            if response.status() == StatusCode::PARTIAL_CONTENT {
                assert_eq!(response.body(), &TEXT[..4], "{sentence}");
                assert_eq!(field(response.headers(), "etag").as_ref(), Some(&tag), "R-06, R-13: {sentence}");
                assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("public, max-age=300"), "R-06");
                assert_eq!(field(response.headers(), "vary").as_deref(), Some("accept-encoding"), "R-06");
            }
        }
    }
    let head = call(&files.with_source(), request(Method::HEAD, "/a.txt", &[range])).await;
    assert_eq!(head.status(), StatusCode::OK, "R-01");
}

#[tokio::test]
async fn two_versions_of_a_file_are_never_combined() {
    let files = Files::new();
    let service = files.with_source();
    let first = call(&service, get("/a.txt", &[("accept-encoding", "identity")])).await;
    let tag = field(first.headers(), "etag").unwrap();

    let path = files.directory.path().join("a.txt");
    std::fs::write(&path, TEXT.to_uppercase() + "longer").unwrap();
    let resumed = call(&service, get("/a.txt", &[("range", "bytes=4-"), ("if-range", &tag)])).await;
    assert_eq!(resumed.status(), StatusCode::OK);
    assert_eq!(resumed.body().len(), TEXT.len() + "longer".len());
}

#[tokio::test]
async fn errors_of_serve_dir_are_unchanged() {
    let files = Files::new();
    let service = files.with_source();
    let beyond = call(&service, get("/a.txt", &[("range", "bytes=999999-")])).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE, "P-27");
    assert!(beyond.headers().contains_key("content-range"));
    let missing = call(&service, get("/b.txt", &[("if-none-match", "*")])).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND, "P-02");
    let failed = call(&service, get("/a.txt", &[("if-match", "\"old\"")])).await;
    assert_eq!(failed.status(), StatusCode::PRECONDITION_FAILED, "P-11");
}

#[test]
fn bodies_of_all_stacks_implement_default() {
    fn needs_default<B: Default>() {}
    needs_default::<tower_cache_policy::layers::conditional::ConditionalBody<Full<Bytes>>>();
    needs_default::<tower_cache_policy::layers::entity_tag::EntityTagBody<Full<Bytes>>>();
    let _ = CachingLayer::new(POLICY).layer(());
}
