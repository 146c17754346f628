//! Tests files that change between the validator and the body, and while the body is sent.

use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::layers::assets::PathPrefix;
use tower_cache_policy::{AssetsLayer, CachePolicyLayer, ConditionalLayer, HeadValidators};
use tower_http::services::ServeDir;

use super::{PUBLIC, is_kept_by_nobody};
use crate::loopback::{Client, ClientResponse, Events, VERSIONS, request as request_to, serve};
use crate::support::{TestBody, content, field, request};

const OLD: &[u8] = b"the old content";
const NEW: &[u8] = b"NEW CONTENT, and longer";

/// Replaces the file, as a deployment does. The modification time increases by a minute each time.
fn replace(path: &Path, content: &[u8], minutes: u64) {
    let beside = path.with_extension("new");
    let mut file = fs::File::create(&beside).unwrap();
    file.write_all(content).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000 + 60 * minutes)).unwrap();
    drop(file);
    fs::rename(beside, path).unwrap();
}

/// A request for a range of the old file with its tag. The file changes after the source has confirmed the tag.
#[tokio::test]
async fn a_file_that_changes_after_the_lookup_is_never_sent_with_the_old_tag() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    let files = ServeDir::new(directory.path());
    for (sentence, lines, status) in [
        ("the whole", &[][..], StatusCode::OK),
        ("a range with If-Range", &[("range", "bytes=4-7"), ("if-range", "")][..], StatusCode::PARTIAL_CONTENT),
    ] {
        replace(&path, OLD, 0);
        let head = files.clone().oneshot(request(Method::HEAD, "/a.txt", &[])).await.unwrap();
        let old_tag = field(head.headers(), "etag").unwrap();
        let changing = {
            let (files, path) = (files.clone(), path.clone());
            service_fn(move |request: Request<TestBody>| {
                replace(&path, NEW, 1);
                files.clone().oneshot(request)
            })
        };
        let source = HeadValidators::<_, TestBody>::new(files.clone());
        let service = ServiceBuilder::new()
            .layer(CachePolicyLayer::new(PUBLIC))
            .layer(ConditionalLayer::new().validator_source(source))
            .service(changing);
        let lines: Vec<_> =
            lines.iter().map(|(name, value)| (*name, if value.is_empty() { &old_tag } else { *value })).collect();
        let response = service.oneshot(request(Method::GET, "/a.txt", &lines)).await.unwrap();
        // The source proved the range at the time of the lookup. The response has the tag of its file, so the client
        // does not combine it with another one (RFC 9110 section 15.3.7.3).
        assert_eq!(response.status(), status, "{sentence}");
        let tag = field(response.headers(), "etag").unwrap();
        assert_ne!(tag, old_tag, "{sentence}: the old tag with new content");
        let sent = content(response.into_body()).await;
        assert!(NEW.windows(sent.len()).any(|window| window == sent), "{sentence}");
    }
}

#[tokio::test]
async fn a_file_deleted_after_the_lookup_is_a_404_that_no_cache_stores() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    replace(&path, OLD, 0);
    let files = ServeDir::new(directory.path());
    let vanishing = {
        let files = files.clone();
        service_fn(move |request: Request<TestBody>| {
            _ = fs::remove_file(&path);
            files.clone().oneshot(request)
        })
    };
    let source = HeadValidators::<_, TestBody>::new(files);
    let service = ServiceBuilder::new()
        .layer(CachePolicyLayer::new(PUBLIC))
        .layer(ConditionalLayer::new().validator_source(source))
        .service(vanishing);
    let lines = [("range", "bytes=0-1"), ("if-range", "\"x\"")];
    let response = service.oneshot(request(Method::GET, "/a.txt", &lines)).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"));
    is_kept_by_nobody(response.headers());
}

/// The preconditions of a write are decided before the handler. The handler must check for later changes in its
/// transaction.
#[tokio::test]
async fn a_handler_that_checks_again_sees_a_concurrent_write() {
    use tower_cache_policy::protocol::{EntityTag, Outcome, Preconditions, Representation, Validators};
    let events = Events::default();
    let current = |version: u32| -> Representation {
        Validators::new().with_etag(EntityTag::strong(version.to_string()).unwrap()).into()
    };
    let version = std::sync::Arc::new(std::sync::Mutex::new(1));
    let service = {
        let (of_source, of_handler, events) = (version.clone(), version, events.clone());
        let source = move |_: &http::request::Parts| std::future::ready(current(*of_source.lock().unwrap()));
        ConditionalLayer::new().validators(source).layer(service_fn(move |request: Request<TestBody>| {
            let mut version = of_handler.lock().unwrap();
            // The write of another client is first.
            *version += 1;
            let preconditions = Preconditions::new(request.method(), request.headers());
            let now = tower_cache_policy::protocol::HttpDate::UNIX_EPOCH;
            let mut response = Response::new(TestBody::default());
            if preconditions.evaluate(&current(*version), now).outcome() == Outcome::Proceed {
                events.add("lost update");
            } else {
                *response.status_mut() = StatusCode::PRECONDITION_FAILED;
            }
            std::future::ready(Ok::<_, Infallible>(response))
        }))
    };
    let write = request(Method::PUT, "/", &[("if-match", "\"1\"")]);
    assert_eq!(service.oneshot(write).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(events.count("lost update"), 0, "the handler gets the precondition");
}

#[tokio::test]
async fn an_asset_that_is_replaced_while_it_is_sent_arrives_complete() {
    for version in VERSIONS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("big.txt");
        let content: Vec<u8> = (0..2u32 << 20).map(|n| b'a' + (n % 26) as u8).collect();
        replace(&path, &content, 0);
        let assets = AssetManifest::from_directory(directory.path()).unwrap().with_prefix("/static").unwrap();
        let files = ServeDir::new(directory.path());
        let server = serve(AssetsLayer::new(&assets).mount(PathPrefix::Strip).layer(files)).await;
        let mut client = Client::connect(server, version).await;
        let url = assets.url("big.txt").unwrap().to_owned();
        let response = client.send(request_to("GET", server, &url, &[])).await.unwrap();
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("public, max-age=31536000, immutable"));
        replace(&path, NEW, 1);
        let response = ClientResponse::of(response).await;
        assert!(!response.broken && response.content == content, "{version:?}: neither the old file nor the new one");

        let mut client = Client::connect(server, version).await;
        let response = client.fetch(request_to("GET", server, &url, &[])).await;
        assert_eq!(response.status, StatusCode::NOT_FOUND, "B-03");
        is_kept_by_nobody(&response.headers);
    }
}

#[tokio::test]
async fn an_asset_that_is_truncated_while_it_is_sent_arrives_as_incomplete() {
    for version in VERSIONS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("big.txt");
        replace(&path, &vec![b'a'; 2 << 20], 0);
        let assets = AssetManifest::from_directory(directory.path()).unwrap().with_prefix("/static").unwrap();
        let files = ServeDir::new(directory.path());
        let server = serve(AssetsLayer::new(&assets).mount(PathPrefix::Strip).layer(files)).await;
        let mut client = Client::connect(server, version).await;
        let response = client.send(request_to("GET", server, assets.url("big.txt").unwrap(), &[])).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (head, mut body) = response.into_parts();
        _ = body.frame().await.unwrap().unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(1 << 10).unwrap();
        let response = ClientResponse::of(Response::from_parts(head, body)).await;
        assert!(response.broken, "{version:?}: a body of {} bytes looked complete", response.content.len());
    }
}
