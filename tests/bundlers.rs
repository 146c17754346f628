//! Tests the output of Vite, webpack, Trunk and other tools, on disk and embedded.
#![cfg(feature = "assets")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tower::{Layer, ServiceExt};
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::{AssetDirectory, AssetError, AssetErrorKind, AssetManifest, EmbeddedFiles};
use tower_cache_policy::layers::assets::PathPrefix;
use tower_http::services::ServeDir;

use support::{TestService, collected, field, get};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_CACHE: &str = "no-cache";
const NO_STORE: &str = "private, no-store";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn vite(name: &str, directory: &AssetDirectory) -> AssetManifest {
    let manifest = fs::read_to_string(data("vite").join(name).join(".vite/manifest.json")).unwrap();
    AssetManifest::from_vite(&manifest, directory).unwrap()
}

async fn status_and_policy(service: &TestService, url: &str) -> (u16, String) {
    let response = service.clone().oneshot(get(url, &[])).await.unwrap();
    (response.status().as_u16(), field(response.headers(), "cache-control").unwrap())
}

/// Returns the URL of each existing file by its plain path, or by its plain name and versioned URL.
async fn check(assets: &AssetManifest, service: &TestService, files: &[(&str, &str)], sentence: &str) {
    for (file, expected) in files {
        let url = format!("{}/{file}", assets.prefix());
        assert_eq!(status_and_policy(service, &url).await, (200, (*expected).to_owned()), "{sentence}: {url}");
    }
    for asset in assets.iter() {
        let (status, cache_control) = status_and_policy(service, asset.url()).await;
        assert_eq!(status, 200, "{sentence}: {}", asset.url());
        assert_ne!(cache_control, NO_STORE, "{sentence}: {}", asset.url());
    }
}

/// The files of each build whose hashes do not look like words, and a few others.
const BUILDS: [(&str, &[(&str, &str)]); 6] = [
    (
        "plain",
        &[
            ("assets/index-Dkug_igI.js", IMMUTABLE),
            ("assets/index-DtXW_630.css", IMMUTABLE),
            ("assets/lazy-kuCgS2OT.js", IMMUTABLE),
            ("assets/logo-BL149hPB.svg", IMMUTABLE),
            ("assets/tile-B-OjCZyu.png", IMMUTABLE),
            ("favicon.svg", NO_CACHE),
            ("robots.txt", NO_CACHE),
            ("index.html", NO_CACHE),
        ],
    ),
    ("plain-next", &[("assets/lazy-B_iADybv.js", IMMUTABLE), ("assets/index-Bi5Ec5bV.js", IMMUTABLE)]),
    (
        "react",
        &[
            ("assets/index-m2QZwfKK.js", IMMUTABLE),
            ("assets/Settings-C3Ztj6tZ.js", IMMUTABLE),
            ("assets/hero-rKzI8Kk6.png", IMMUTABLE),
            ("vite.svg", NO_CACHE),
        ],
    ),
    (
        "multi",
        &[
            ("assets/index-BhKBMn9v.js", IMMUTABLE),
            ("assets/index-pbQE4oJx.js", IMMUTABLE),
            ("assets/greet-CRKXnaJI.js", IMMUTABLE),
            ("assets/report-B5e_rcF1.css", IMMUTABLE),
            ("assets/print-Cuj8fcGl.css", IMMUTABLE),
            ("admin/index.html", NO_CACHE),
        ],
    ),
    (
        "legacy",
        &[
            ("assets/index-lVj3XUtD.js", IMMUTABLE),
            ("assets/index-legacy-B-xp9C4F.js", IMMUTABLE),
            ("assets/lazy-legacy-Dh5Xi_Xd.js", IMMUTABLE),
            ("assets/polyfills-D6v_7CQY.js", IMMUTABLE),
            ("assets/lazy-X7mikAO1.js", IMMUTABLE),
        ],
    ),
    (
        "unhashed",
        &[
            ("assets/index.js", NO_CACHE),
            ("assets/index.css", NO_CACHE),
            ("assets/lazy.js", NO_CACHE),
            ("assets/logo.svg", NO_CACHE),
            ("favicon.svg", NO_CACHE),
        ],
    ),
];

#[tokio::test]
async fn each_file_of_a_vite_build_has_its_vite_url() {
    for (name, files) in BUILDS {
        let directory = AssetDirectory::new(data("vite").join(name));
        let assets = vite(name, &directory);
        let service = collected(AssetsLayer::new(&assets).layer(ServeDir::new(data("vite").join(name))));
        check(&assets, &service, files, name).await;
        for asset in assets.iter().filter(|asset| asset.file().starts_with("assets/")) {
            assert_eq!(asset.url(), format!("/{}", asset.file()), "{name}");
        }
        assert_eq!(status_and_policy(&service, "/.vite/manifest.json").await, (404, NO_STORE.to_owned()), "{name}");
        assert_eq!(AssetManifest::from_json(&assets.to_json()).unwrap().to_json(), assets.to_json(), "{name}");
    }
}

#[tokio::test]
async fn the_caller_can_declare_a_directory_of_hashed_names() {
    for (name, files) in BUILDS.into_iter().filter(|(name, _)| *name != "unhashed") {
        let root = data("vite").join(name);
        let directory = AssetDirectory::new(&root).hashed_names(|file| file.starts_with("assets/"));
        for assets in [vite(name, &directory), directory.build().unwrap(), directory.source(false).unwrap().current()] {
            let service = collected(AssetsLayer::new(&assets).layer(ServeDir::new(&root)));
            check(&assets, &service, files, name).await;
            for asset in assets.iter().filter(|asset| asset.file().starts_with("assets/")) {
                assert_eq!(
                    status_and_policy(&service, asset.url()).await,
                    (200, IMMUTABLE.to_owned()),
                    "{name}: {}",
                    asset.url()
                );
            }
        }
    }
}

#[test]
fn the_tags_of_an_entry_equal_those_in_the_page_of_vite() {
    for (name, page) in
        [("plain", "index.html"), ("react", "index.html"), ("multi", "index.html"), ("multi", "admin/index.html")]
    {
        let root = data("vite").join(name);
        let assets = vite(name, &AssetDirectory::new(&root));
        let html = fs::read_to_string(root.join(page)).unwrap();
        let urls = |text: &str| {
            let mut urls: Vec<String> =
                text.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
            urls.sort();
            urls
        };
        let tags = assets.entry_tags(page).unwrap();
        assert_eq!(urls(&tags), urls(&html), "{name}: {tags}");
        assert!(!urls(&html).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn every_manifest_of_vites_guide_is_read() {
    for (guide, entry, tags, files) in [
        (
            "guide-2.json",
            "main.js",
            &["/assets/main.b82dbe22.css", "/assets/main.4889e940.js"][..],
            &[
                ("assets/main.4889e940.js", IMMUTABLE),
                ("assets/main.b82dbe22.css", IMMUTABLE),
                ("assets/foo.869aea0d.js", IMMUTABLE),
                ("assets/shared.83069a53.js", IMMUTABLE),
                // The manifest does not contain its name.
                ("assets/asset.0ab0f9cd.png", NO_CACHE),
            ][..],
        ),
        (
            "guide-3.json",
            "views/foo.js",
            &["/assets/foo.869aea0d.js", "/assets/shared.83069a53.js"],
            &[("assets/main.b82dbe22.css", IMMUTABLE)],
        ),
        (
            "guide-5.json",
            "views/foo.js",
            &[
                "/assets/foo-5UjPuW-k.css",
                "/assets/shared-ChJ_j-JJ.css",
                "/assets/foo-BRBmoGS9.js",
                "/assets/shared-B7PI925R.js",
            ],
            &[("assets/shared-ChJ_j-JJ.css", IMMUTABLE), ("assets/baz-B2H3sXNv.js", IMMUTABLE)],
        ),
        (
            "guide-7.json",
            "views/bar.js",
            &["/assets/shared-ChJ_j-JJ.css", "/assets/bar-gkvgaI9m.js", "/assets/shared-B7PI925R.js"],
            &[("assets/logo-BuPgAJpw.svg", IMMUTABLE), ("assets/shared-ChJ_j-JJ.css", IMMUTABLE)],
        ),
    ] {
        let manifest = fs::read_to_string(data("vite").join(guide)).unwrap();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("assets")).unwrap();
        for file in manifest.split('"').filter(|part| part.starts_with("assets/")) {
            fs::write(root.path().join(file), file).unwrap();
        }
        let assets = AssetManifest::from_vite(&manifest, &AssetDirectory::new(root.path())).unwrap();
        let service = collected(AssetsLayer::new(&assets).layer(ServeDir::new(root.path())));
        check(&assets, &service, files, guide).await;
        let written = assets.entry_tags(entry).unwrap();
        let urls: Vec<&str> = written.split('"').filter(|part| part.starts_with('/')).collect();
        assert_eq!(urls, tags, "{guide}");
    }
}

/// The three forms of the manifest for one build.
const WEBPACK: [&str; 3] = ["manifest.json", "asset-manifest.json", "assets-manifest.json"];

fn webpack(manifest: &str, directory: &AssetDirectory) -> Result<AssetManifest, AssetError> {
    AssetManifest::from_webpack(&fs::read_to_string(data("webpack").join(manifest)).unwrap(), directory)
}

/// `webpack-assets-manifest` contains the hashes of files that are omitted here.
fn reported(directory: &AssetDirectory) -> (AssetDirectory, Arc<Mutex<Vec<String>>>) {
    let faults = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&faults);
    (directory.clone().lenient(move |fault| reported.lock().unwrap().push(fault.to_string())), faults)
}

#[tokio::test]
async fn hashes_of_webpack_are_recognized_in_each_form_of_manifest() {
    let directory = AssetDirectory::new(data("webpack")).prefix("/app");
    for manifest in WEBPACK {
        let (directory, faults) = reported(&directory);
        let assets = webpack(manifest, &directory).unwrap();
        let faults = faults.lock().unwrap().clone();
        let left_out = manifest == "assets-manifest.json";
        assert_eq!(faults.len(), usize::from(left_out), "{manifest}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.contains("main.8efea723.js.map")), "{faults:?}");
        for (name, url) in [
            ("main.js", "/app/static/js/main.8efea723.js"),
            ("main.css", "/app/static/css/main.3a39cd3b.css"),
            ("lazy.js", "/app/static/js/lazy.1d726147.chunk.js"),
            ("static/media/logo.svg", "/app/static/media/logo.b7c2ba6fa07daa69a954.svg"),
        ] {
            assert_eq!(assets.url(name).unwrap(), url, "{manifest}");
        }
        let service =
            collected(AssetsLayer::new(&assets).mount(PathPrefix::Strip).layer(ServeDir::new(data("webpack"))));
        let files = [
            ("static/js/main.8efea723.js", IMMUTABLE),
            ("static/js/lazy.1d726147.chunk.js", IMMUTABLE),
            ("static/css/main.3a39cd3b.css", IMMUTABLE),
            ("static/media/logo.b7c2ba6fa07daa69a954.svg", IMMUTABLE),
            ("README.md", NO_CACHE),
        ];
        check(&assets, &service, &files, manifest).await;
    }
}

#[test]
fn an_invalid_webpack_manifest_is_an_error_with_the_entry_and_a_remedy() {
    let directory = AssetDirectory::new(data("webpack")).prefix("/app");
    for (manifest, texts) in [
        ("[]", &["manifest"][..]),
        ("{", &["manifest"]),
        (r#"{"main.js": 1}"#, &["main.js", "plugin"]),
        (r#"{"main.js": {"integrity": ""}}"#, &["main.js", "src"]),
        (r#"{"main.js": "/static/js/main.8efea723.js"}"#, &["main.js", "AssetDirectory::prefix", "publicPath"]),
        (r#"{"main.js": "/app/static/js/main.00000000.js"}"#, &["static/js/main.00000000.js", "does not exist"]),
        (r#"{"main.js": "/app/../../etc/passwd"}"#, &["../../etc/passwd", "does not exist"]),
        (r#"{"files": {"main.js": null}}"#, &["main.js"]),
    ] {
        let error = AssetManifest::from_webpack(manifest, &directory).unwrap_err().to_string();
        assert!(texts.iter().all(|text| error.contains(text)), "{manifest}: {error}");
    }
    let other = r#"{"main.css": {"src": "static/css/main.3a39cd3b.css", "integrity":
        "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"}}"#;
    let error = AssetManifest::from_webpack(other, &directory).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::ContentMismatch), "{error}");
    let long = format!(r#"{{"main.js": "/app/{}"}}"#, "x/".repeat(500_000));
    let error = AssetManifest::from_webpack(&long, &directory).unwrap_err().to_string();
    assert!(error.len() < 2_000, "{} bytes", error.len());
    let (directory, faults) = reported(&directory);
    assert!(AssetManifest::from_webpack(r#"{"a.js": "/app/a.js", "b.js": "/app/b.js"}"#, &directory).is_ok());
    assert_eq!(faults.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn trunk_hashes_are_recognized_by_file_names() {
    let directory = AssetDirectory::new(data("trunk"));
    let assets = AssetManifest::from_trunk(&directory).unwrap();
    for (name, url) in [
        ("tea.js", "/tea-af4a2d3bd1ca8f3e.js"),
        ("tea_bg.wasm", "/tea-af4a2d3bd1ca8f3e_bg.wasm"),
        ("main.css", "/main-6ce04bd34fcbb2fb.css"),
        ("favicon.svg", "/favicon-2d9f1c4ab85e6037.svg"),
        ("snippets/tea-4b1c7a2f9d3e8051/inline0.js", "/snippets/tea-4b1c7a2f9d3e8051/inline0.js"),
    ] {
        assert_eq!(assets.url(name).unwrap(), url);
    }
    let service = collected(AssetsLayer::new(&assets).layer(ServeDir::new(data("trunk"))));
    let files = [
        ("tea-af4a2d3bd1ca8f3e.js", IMMUTABLE),
        ("tea-af4a2d3bd1ca8f3e_bg.wasm", IMMUTABLE),
        ("main-6ce04bd34fcbb2fb.css", IMMUTABLE),
        ("snippets/tea-4b1c7a2f9d3e8051/inline0.js", NO_CACHE),
        ("robots.txt", NO_CACHE),
        ("index.html", NO_CACHE),
    ];
    check(&assets, &service, &files, "trunk").await;
    assert_eq!(status_and_policy(&service, "/tea-0000000000000000.js").await, (404, NO_STORE.to_owned()));

    // Two builds in one directory, and a file whose name does not contain a hash.
    for other in ["tea-bf4a2d3bd1ca8f3e.js", "tea.js"] {
        let root = tempfile::tempdir().unwrap();
        for name in ["tea-af4a2d3bd1ca8f3e.js", other] {
            fs::write(root.path().join(name), name).unwrap();
        }
        let assets = AssetManifest::from_trunk(&AssetDirectory::new(root.path())).unwrap();
        for name in ["tea-af4a2d3bd1ca8f3e.js", other] {
            assert_eq!(assets.url(name).unwrap(), format!("/{name}"));
        }
    }
}

#[tokio::test]
async fn an_embedded_build_equals_one_on_disk() {
    fn files(root: &Path, below: &str) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(root.join(below)).unwrap().map(|entry| entry.unwrap());
        entries
            .flat_map(|entry| {
                let name = format!("{below}{}", entry.file_name().to_str().unwrap());
                match entry.path().is_dir() {
                    true => files(root, &format!("{name}/")),
                    false => vec![(name, fs::read(entry.path()).unwrap())],
                }
            })
            .collect()
    }
    for (name, expected) in BUILDS {
        let root = data("vite").join(name);
        let embedded = EmbeddedFiles::new(files(&root, "")).unwrap();
        let assets = vite(name, &AssetDirectory::embedded(&embedded));
        assert_eq!(assets.to_json(), vite(name, &AssetDirectory::new(&root)).to_json(), "{name}");
        let service = collected(AssetsLayer::new(&assets).layer(embedded));
        check(&assets, &service, expected, name).await;
        assert_eq!(status_and_policy(&service, "/.vite/manifest.json").await, (404, NO_STORE.to_owned()), "{name}");
    }
}
