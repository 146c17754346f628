//! Versioned assets: URLs that change when the bytes of a file change.
//!
//! If a browser stores `/static/style.css` for a year, it does not request the next version during that time. If each
//! page links to a URL such as `/static/style.3f9a….css`, a new version has a new URL. An [`AssetManifest`] generates
//! such URLs from the content of the files. An [`AssetsLayer`](crate::AssetsLayer) around the file service verifies
//! them.
//!
//! ```
//! use axum::{Router, body::Body, http::Request};
//! use tower::{Layer, ServiceExt};
//! use tower_cache_policy::AssetsLayer;
//! use tower_cache_policy::assets::AssetDirectory;
//! use tower_http::services::ServeDir;
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! # std::fs::write(directory.join("style.css"), "p { color: red }").unwrap();
//! // Once, at the start. The argument is `true` in development.
//! let assets = AssetDirectory::new(directory).prefix("/static").source(false)?;
//! let files = AssetsLayer::new(&assets).layer(ServeDir::new(directory));
//! let app: Router = Router::new().nest_service("/static", files);
//!
//! // In a template.
//! let url = assets.current().url("style.css").unwrap().to_owned();
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let send = async |url: &str| {
//!     let request = Request::get(url).body(Body::empty()).unwrap();
//!     let response = app.clone().oneshot(request).await.unwrap();
//!     (response.status().as_u16(), response.headers()["cache-control"].to_str().unwrap().to_owned())
//! };
//! assert_eq!(send(&url).await, (200, "public, max-age=31536000, immutable".to_owned()));
//! assert_eq!(send("/static/style.css").await, (200, "no-cache".to_owned()));
//!
//! let of_yesterday = "/static/style.0123456789abcdef0123456789abcdef.css";
//! assert_eq!(send(of_yesterday).await, (404, "private, no-store".to_owned()));
//!
//! let error = assets.current().url("styel.css").unwrap_err();
//! assert_eq!(error.to_string(), "there is no asset named `styel.css`; did you mean `style.css`?");
//! # });
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! # Sources of a manifest
//!
//! | Source | Method |
//! |---|---|
//! | a directory | [`AssetManifest::from_directory`], or [`AssetDirectory`] with options |
//! | files that are embedded in the program | [`AssetDirectory::embedded`] of [`EmbeddedFiles`], which also serves them |
//! | a build of Vite | [`AssetManifest::from_vite`] |
//! | a build of webpack | [`AssetManifest::from_webpack`] |
//! | a build of Trunk | [`AssetManifest::from_trunk`] |
//! | a build of another tool | [`AssetDirectory::hashed_names`] |
//! | files that your own service serves | [`AssetManifest::from_contents`] |
//! | an earlier step of the build | [`AssetManifest::load`], which reads a file that [`AssetManifest::save`] wrote |
//!
//! An [`AssetError`] names the file that caused it. Examples are a name that leads out of the directory, a missing file
//! that a manifest names, two names with one URL, and a file that changes while it is read.
//!
//! # The fingerprint
//!
//! The fingerprint consists of the first 128 bits of SHA-384 of the content, before any compression, as 32 hexadecimal
//! digits. The strong entity tag and the [`integrity`](Asset::integrity) value come from the same hash. The fingerprint
//! depends only on the content, so an unchanged file has the same URL in every release and on every machine.
//!
//! # In templates
//!
//! A template can hold an [`AssetManifest`]: `{{ assets.url("style.css")? }}` in askama, where the `?` turns an unknown
//! name into a rendering error. For minijinja, the feature `minijinja` provides functions. A page can also send
//! [preloads](AssetManifest::preload). With an [import map](AssetManifest::import_map), scripts import each other by
//! versioned URLs.
//!
//! # While two versions run
//!
//! During a deployment, a page of the old version can request its files from a server of the new version. Deploy the
//! files of both versions next to each other, and add the old manifest to the new one:
//!
//! ```
//! use tower_cache_policy::assets::AssetManifest;
//!
//! # let old_css = "p { color: red }";
//! # let new_css = "p { color: tan }";
//! // Saved by the build of each release, and loaded at the start.
//! let old = AssetManifest::from_contents([("style.css", old_css)])?.stored_under("release-1")?;
//! let new = AssetManifest::from_contents([("style.css", new_css)])?.stored_under("release-2")?;
//!
//! // Put the layer around a `ServeDir` of the directory that contains both.
//! let assets = new.merge_previous(&old)?;
//! assert_eq!(assets.url("style.css").unwrap(), new.url("style.css").unwrap());
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! Conversely, an old server cannot serve the files of a new page. It responds with a 404 that no cache stores, so a
//! later request to a new server succeeds.
//!
//! # A test for links
//!
//! A page that links to a file without a fingerprint works, but browsers revalidate the file for each page view. The
//! following test finds such links. A name that does not exist causes an error when the page is rendered.
//!
//! ```
//! use tower_cache_policy::assets::AssetManifest;
//!
//! let assets = AssetManifest::from_contents([("app.js", "start()"), ("style.css", "p {}")])?.with_prefix("/static")?;
//! let page = format!(r#"<script src="{}"></script>"#, assets.url("app.js").unwrap());
//!
//! for asset in assets.iter() {
//!     let plain = format!("/static/{}", asset.name());
//!     assert!(!page.contains(&plain), "{} is linked without its fingerprint", asset.name());
//! }
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
#![cfg_attr(
    feature = "assets-css",
    doc = "
# References in stylesheets

`url(...)` and `@import` in a stylesheet lead to plain names, and a new image would not change the stylesheet that
shows it. [`AssetDirectory::rewrite_stylesheets`] writes versioned URLs in their place, when the site is built."
)]

mod asset;
mod bundler;
#[cfg(feature = "assets-css")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets-css")))]
pub mod css;
mod digest;
mod directory;
mod embedded;
mod error;
mod hashing;
mod json;
mod manifest;
mod media_type;
#[cfg(feature = "minijinja")]
#[cfg_attr(docsrs, doc(cfg(feature = "minijinja")))]
pub mod minijinja;
mod page;
mod path;
mod recheck;
mod settings;
mod source;
mod stored;
mod trunk;
mod vite;
mod webpack;

pub use self::asset::Asset;
pub use self::directory::AssetDirectory;
pub use self::embedded::EmbeddedFiles;
pub use self::error::{AssetError, AssetErrorKind, UnknownAsset};
pub use self::hashing::AssetProgress;
pub use self::manifest::AssetManifest;
pub use self::settings::FingerprintLocation;
pub use self::source::AssetSource;

pub(crate) use self::manifest::Resolved;
pub(crate) use self::media_type::is_fallback_page;
pub(crate) use self::recheck::Recheck;
pub(crate) use self::stored::StoredFile;
pub(crate) use crate::protocol::is_suspicious;
