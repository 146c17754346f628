//! Two generations of a site at once: old pages and new ones, old servers and new ones, and a
//! cache in front of all of them. No URL ever gives other bytes than it promises, and no cache
//! keeps a 404.
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

/// The files of each generation: one that changes and keeps its length, one that stays, one that is removed and one
/// that is added.
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

/// Both in one directory, as one that is shared or copied to every machine, with the times
/// of modification all the same.
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

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Whether a cache may give it to the next one who asks.
    fn is_kept(&self) -> bool {
        let field = CacheControl::from_headers(&self.headers).expect("no answer leaves without it (G-14)");
        !field.no_store() && !field.no_cache() && field.max_age().is_some_and(|seconds| seconds > 0)
    }
}

async fn ask(server: &AssetsService<ServeDir>, url: &str) -> Answer {
    let (head, body) = call(server, get(url, &[])).await.into_parts();
    Answer { status: head.status, headers: head.headers, body: content(body).await }
}

#[tokio::test]
async fn every_page_gets_its_own_bytes_from_every_server_or_none() {
    for place in PLACES {
        for keep_previous in [false, true] {
            let site = site(place, StaleFingerprint::NotFound, keep_previous);
            for (page, server) in
                [(&site.old, &site.old), (&site.old, &site.new), (&site.new, &site.old), (&site.new, &site.new)]
            {
                for (url, promised) in &page.files {
                    let answer = ask(&server.server, url).await;
                    match answer.status {
                        StatusCode::OK => {
                            assert_eq!(answer.body, promised, "{url}");
                            assert!(answer.is_kept(), "{url}");
                        }
                        StatusCode::NOT_FOUND => assert!(!answer.is_kept(), "{url}"),
                        status => panic!("{url}: {status}"),
                    }
                }
            }
            // An old page works on the new server only if that server has the old files.
            for url in site.old.files.keys() {
                let unchanged = site.new.files.contains_key(url);
                let answer = ask(&site.new.server, url).await;
                assert_eq!(answer.status == StatusCode::OK, unchanged || keep_previous, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn a_cache_before_a_mixed_fleet_holds_nothing_wrong_at_any_time() {
    for place in PLACES {
        for stale in [StaleFingerprint::NotFound, StaleFingerprint::Current, StaleFingerprint::Redirect] {
            let site = site(place, stale, true);
            let promised: HashMap<&String, &&str> = site.old.files.iter().chain(&site.new.files).collect();
            let mut cache: HashMap<String, Bytes> = HashMap::new();
            // Every order in which a fleet can be asked: the old server first is a roll-out, the
            // new one first a roll-back.
            for servers in [[&site.old, &site.new], [&site.new, &site.old]] {
                cache.clear();
                for server in servers {
                    for url in promised.keys().map(|url| url.as_str()).chain(["/static/style.css", "/static/gone.js"]) {
                        if cache.contains_key(url) {
                            continue;
                        }
                        let answer = ask(&server.server, url).await;
                        if answer.is_kept() {
                            assert_eq!(answer.status, StatusCode::OK, "{url}: only a file is kept");
                            cache.insert(url.to_owned(), answer.body);
                        } else if answer.status == StatusCode::FOUND {
                            let target = answer.headers[LOCATION].to_str().unwrap();
                            assert!(server.files.contains_key(target), "{url} leads to {target}");
                        }
                    }
                }
                for (url, body) in &cache {
                    assert_eq!(promised.get(url).map(|text| text.as_bytes()), Some(&body[..]), "{url}");
                }
                // In the end, whatever came first, every page has all of its files.
                assert_eq!(cache.len(), promised.len(), "{:?}", cache.keys());
            }
        }
    }
}

/// B-02: some CDNs leave the query out of their keys.
#[tokio::test]
async fn with_the_fingerprint_in_the_path_a_cache_may_forget_the_query() {
    let site = site(FingerprintLocation::Path, StaleFingerprint::NotFound, true);
    let mut cache: HashMap<String, Bytes> = HashMap::new();
    for url in site.old.files.keys().chain(site.new.files.keys()) {
        let key = url.split('?').next().unwrap().to_owned();
        let answer = ask(&site.new.server, url).await;
        assert_eq!(*cache.entry(key).or_insert_with(|| answer.body.clone()), answer.body);
    }
}

#[tokio::test]
async fn plain_names_mean_the_files_of_the_server_and_are_revalidated() {
    let site = site(FingerprintLocation::Path, StaleFingerprint::NotFound, true);
    for (generation, text) in [(&site.old, "p{color:red}"), (&site.new, "p{color:tan}")] {
        let answer = ask(&generation.server, "/static/style.css").await;
        assert_eq!(answer.body, text);
        assert!(!answer.is_kept());
        let tag = format!("\"{}\"", generation.pages.asset("style.css").unwrap().fingerprint());
        assert_eq!(answer.headers["etag"], tag, "one time of modification for both, and two tags (pitfall 17)");
    }
    let gone = ask(&site.new.server, "/static/gone.js").await;
    assert_eq!((gone.status, gone.is_kept()), (StatusCode::NOT_FOUND, false));
}

#[test]
fn two_generations_in_one_file_are_refused() {
    let old = AssetManifest::from_contents(OLD.iter().copied()).unwrap();
    let new = AssetManifest::from_contents(NEW.iter().copied()).unwrap();
    let error = new.merge_previous(&old).unwrap_err();
    assert!(error.to_string().contains("`style.css`: both generations are stored as `style.css`"), "{error}");
    let merged = new.merge_previous(&old.stored_under("release-1").unwrap()).unwrap();
    // A third one brings the first along.
    let third = AssetManifest::from_contents([("style.css", "p{}")]).unwrap().stored_under("release-3").unwrap();
    let third = third.merge_previous(&merged).unwrap();
    let saved = AssetManifest::from_json(&third.to_json()).unwrap();
    assert_eq!(saved.to_json().matches("\"name\": \"style.css\"").count(), 3);
}
