//! Tests two generations of a site at the same time: old and new pages, old and new servers, and a cache in front of
//! them. A versioned URL never returns different content, and no cache stores a 404.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use tempfile::TempDir;
use tower::Layer;
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::{AssetManifest, FingerprintLocation};
use tower_cache_policy::layers::assets::{AssetsService, PathPrefix, StaleFingerprint};
use tower_cache_policy::protocol::CacheControl;
use tower_http::services::ServeDir;

use support::{call, content, get};

/// The files of each generation: one changes but has the same length, one remains, one is removed and one is added.
const OLD: &[(&str, &str)] = &[("style.css", "p{color:red}"), ("same.js", "same"), ("gone.js", "gone")];
const NEW: &[(&str, &str)] = &[("style.css", "p{color:tan}"), ("same.js", "same"), ("come.js", "come")];

const PLACES: [FingerprintLocation; 2] = [FingerprintLocation::Path, FingerprintLocation::Query];

struct Site {
    _root: TempDir,
    old: Generation,
    new: Generation,
}

struct Generation {
    pages: AssetManifest,
    server: AssetsService<ServeDir>,
    files: HashMap<String, &'static str>,
}

/// Both generations in one shared directory, with the same modification time for all files.
fn site(place: FingerprintLocation, stale: StaleFingerprint, keep_previous: bool) -> Site {
    let root = tempfile::tempdir().unwrap();
    let generation = |name: &str, files: &[(&str, &str)]| {
        let directory = root.path().join(name);
        fs::create_dir(&directory).unwrap();
        for (file, text) in files {
            write(&directory.join(file), text);
        }
        let manifest = AssetManifest::from_directory(&directory).unwrap();
        manifest.with_prefix("/static").unwrap().with_fingerprint_in(place).stored_under(name).unwrap()
    };
    let old = generation("release-1", OLD);
    let new = generation("release-2", NEW);
    let merged = if keep_previous { new.merge_previous(&old).unwrap() } else { new.clone() };
    let server = |manifest: &AssetManifest| {
        let layer = AssetsLayer::new(manifest).mount(PathPrefix::Strip).stale_fingerprint(stale);
        layer.layer(ServeDir::new(root.path()))
    };
    let promised = |manifest: &AssetManifest, files: &[(&str, &'static str)]| {
        files.iter().map(|(name, text)| (manifest.url(name).unwrap().to_owned(), *text)).collect()
    };
    Site {
        old: Generation { server: server(&old), files: promised(&old, OLD), pages: old },
        new: Generation { server: server(&merged), files: promised(&new, NEW), pages: new },
        _root: root,
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
}

struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    /// Returns whether a cache may reuse the response for the next client.
    fn is_kept(&self) -> bool {
        let field = CacheControl::from_headers(&self.headers).expect("every response has the field (G-14)");
        !field.no_store() && !field.no_cache() && field.max_age().is_some_and(|seconds| seconds > 0)
    }
}

async fn fetch(server: &AssetsService<ServeDir>, url: &str) -> TestResponse {
    let (head, body) = call(server, get(url, &[])).await.into_parts();
    TestResponse { status: head.status, headers: head.headers, body: content(body).await }
}

#[tokio::test]
async fn every_page_gets_its_own_files_or_none_from_each_server() {
    for place in PLACES {
        for keep_previous in [false, true] {
            let site = site(place, StaleFingerprint::NotFound, keep_previous);
            for (page, server) in
                [(&site.old, &site.old), (&site.old, &site.new), (&site.new, &site.old), (&site.new, &site.new)]
            {
                for (url, promised) in &page.files {
                    let response = fetch(&server.server, url).await;
                    match response.status {
                        StatusCode::OK => {
                            assert_eq!(response.body, promised, "{url}");
                            assert!(response.is_kept(), "{url}");
                        }
                        StatusCode::NOT_FOUND => assert!(!response.is_kept(), "{url}"),
                        status => panic!("{url}: {status}"),
                    }
                }
            }
            // An old page works on the new server only if that server has the old files.
            for url in site.old.files.keys() {
                let unchanged = site.new.files.contains_key(url);
                let response = fetch(&site.new.server, url).await;
                assert_eq!(response.status == StatusCode::OK, unchanged || keep_previous, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn a_cache_in_front_of_mixed_servers_never_stores_a_wrong_file() {
    for place in PLACES {
        for stale in [StaleFingerprint::NotFound, StaleFingerprint::Current, StaleFingerprint::Redirect] {
            let site = site(place, stale, true);
            let promised: HashMap<&String, &&str> = site.old.files.iter().chain(&site.new.files).collect();
            let mut cache: HashMap<String, Bytes> = HashMap::new();
            // Every order of requests to the servers. A rollout requests the old server first, and a rollback the new
            // one.
            for servers in [[&site.old, &site.new], [&site.new, &site.old]] {
                cache.clear();
                for server in servers {
                    for url in promised.keys().map(|url| url.as_str()).chain(["/static/style.css", "/static/gone.js"]) {
                        if cache.contains_key(url) {
                            continue;
                        }
                        let response = fetch(&server.server, url).await;
                        if response.is_kept() {
                            assert_eq!(response.status, StatusCode::OK, "{url}: only a file is stored");
                            cache.insert(url.to_owned(), response.body);
                        } else if response.status == StatusCode::FOUND {
                            let target = response.headers[LOCATION].to_str().unwrap();
                            assert!(server.files.contains_key(target), "{url} leads to {target}");
                        }
                    }
                }
                for (url, body) in &cache {
                    assert_eq!(promised.get(url).map(|text| text.as_bytes()), Some(&body[..]), "{url}");
                }
                // At the end, every page has all of its files, regardless of the order.
                assert_eq!(cache.len(), promised.len(), "{:?}", cache.keys());
            }
        }
    }
}

/// B-02: some CDNs do not include the query in the cache key.
#[tokio::test]
async fn a_fingerprint_in_the_path_works_with_caches_that_ignore_the_query() {
    let site = site(FingerprintLocation::Path, StaleFingerprint::NotFound, true);
    let mut cache: HashMap<String, Bytes> = HashMap::new();
    for url in site.old.files.keys().chain(site.new.files.keys()) {
        let key = url.split('?').next().unwrap().to_owned();
        let response = fetch(&site.new.server, url).await;
        assert_eq!(*cache.entry(key).or_insert_with(|| response.body.clone()), response.body);
    }
}

#[tokio::test]
async fn plain_names_serve_the_current_files_and_are_revalidated() {
    let site = site(FingerprintLocation::Path, StaleFingerprint::NotFound, true);
    for (generation, text) in [(&site.old, "p{color:red}"), (&site.new, "p{color:tan}")] {
        let response = fetch(&generation.server, "/static/style.css").await;
        assert_eq!(response.body, text);
        assert!(!response.is_kept());
        let tag = format!("\"{}\"", generation.pages.asset("style.css").unwrap().fingerprint());
        assert_eq!(response.headers["etag"], tag, "one time of modification for both, and two tags (pitfall 17)");
    }
    let gone = fetch(&site.new.server, "/static/gone.js").await;
    assert_eq!((gone.status, gone.is_kept()), (StatusCode::NOT_FOUND, false));
}

#[test]
fn a_file_with_two_generations_is_rejected() {
    let old = AssetManifest::from_contents(OLD.iter().copied()).unwrap();
    let new = AssetManifest::from_contents(NEW.iter().copied()).unwrap();
    let error = new.merge_previous(&old).unwrap_err();
    assert!(error.to_string().contains("`style.css`: both generations are stored as `style.css`"), "{error}");
    let merged = new.merge_previous(&old.stored_under("release-1").unwrap()).unwrap();
    // The third generation includes the first.
    let third = AssetManifest::from_contents([("style.css", "p{}")]).unwrap().stored_under("release-3").unwrap();
    let third = third.merge_previous(&merged).unwrap();
    let saved = AssetManifest::from_json(&third.to_json()).unwrap();
    assert_eq!(saved.to_json().matches("\"name\": \"style.css\"").count(), 3);
}
