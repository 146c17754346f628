//! A layer that verifies the fingerprints in the URLs of assets.
//!
//! The inner service serves the files. It can be tower-http's `ServeDir`, or
//! [`EmbeddedFiles`](crate::assets::EmbeddedFiles). The layer removes the fingerprint from the path or the query,
//! requests the file from the inner service, and sets how long the response may be stored.
//!
//! | The URL has | Response | `Cache-Control` |
//! |---|---|---|
//! | the fingerprint of a file in the manifest | the file | `public, max-age=31536000, immutable` |
//! | the name of a file, without a fingerprint | the file | `no-cache` |
//! | another fingerprint | 404, or by [choice](StaleFingerprint) | `private, no-store` |
//! | an unknown name | 404, or by [choice](UnknownName), or a [page](#single-page-applications) | `private, no-store` |
//! | a [suspicious path](#suspicious-paths) | 404 | `private, no-store` |
//!
//! A fingerprint is 32 hexadecimal digits. The layer ignores a query such as `?v=4.7.0`, which is not a fingerprint.
//!
//! A page (`text/html`) is `no-cache` under every URL. Errors and redirects of the inner service, and responses to
//! methods other than GET and HEAD, get `private, no-store`. The layer returns its 404 responses without the inner
//! service, which could fall back to a page.
//!
//! # Example
//!
//! ```
//! use http::Request;
//! use tower::{Layer, ServiceExt};
//! use tower_cache_policy::AssetsLayer;
//! use tower_cache_policy::assets::{AssetDirectory, EmbeddedFiles};
//!
//! # tokio_test::block_on(async {
//! let files = EmbeddedFiles::new([("style.css", b"p { color: red }".as_slice())]).unwrap();
//! let assets = AssetDirectory::embedded(&files).build().unwrap();
//! let versioned = assets.url("style.css").unwrap();
//! let service = AssetsLayer::new(&assets).layer(files);
//!
//! for (url, status, cache_control) in [
//!     (versioned, 200, "public, max-age=31536000, immutable"),
//!     ("/style.css", 200, "no-cache"),
//!     ("/style.0123456789abcdef0123456789abcdef.css", 404, "private, no-store"),
//!     ("/unknown.css", 404, "private, no-store"),
//! ] {
//!     let response = service.clone().oneshot(Request::get(url).body(()).unwrap()).await.unwrap();
//!     assert_eq!(response.status(), status, "{url}");
//!     assert_eq!(response.headers()["cache-control"], cache_control, "{url}");
//! }
//! # });
//! ```
//!
//! # Verification
//!
//! It would cost too much to hash the content of each response. The layer compares the head of the response with the
//! manifest:
//!
//! - The status is 200 or 206.
//! - `Content-Type` is present, and it is not the type of a page unless the file is a page. The layer accepts all other
//!   types, because services derive media types differently.
//! - The length is equal to that of the file. The layer reads it from `Content-Length`, from the complete length in
//!   `Content-Range`, or from the exact size of the body. For a file in a content coding, it is the length of the
//!   compressed file next to it.
//! - `Last-Modified` is the modification time that the file had when it was hashed. This applies if the response has
//!   the field and the manifest was built from the directory on this machine.
//!
//! If only the modification time differs, the layer hashes the file again on a separate thread, once for each
//! modification time. The response waits for the result. A file that was only copied or touched is still served. A file
//! whose content has changed is not served under the URL of its earlier content.
//!
//! | The response contains another file | Result |
//! |---|---|
//! | under a versioned URL | 404 |
//! | under a plain name | the file without an entity tag, and no cache stores it |
//! | under a plain name, as a partial response | 503 |
//!
//! No cache stores a response whose length is not known. If the client resumes with `If-Range`, a partial response of
//! unknown length becomes a 503.
//!
//! The layer does not detect one change: a file that is overwritten while the program runs, with the same length and
//! the same modification time in seconds. To avoid this, deploy into a new directory, or restart the program.
//!
//! With a manifest from [`AssetManifest::load`](crate::assets::AssetManifest::load), the layer can compare only lengths
//! until [`verify_directory`](crate::assets::AssetManifest::verify_directory) has read the files.
//!
//! # Validators
//!
//! The entity tag is the fingerprint. It is strong, and it contains the content coding if there is one. The layer
//! evaluates preconditions with it, and removes them from the request.
//!
//! Under a versioned URL, the layer returns a 304 without the inner service: the client already has the bytes that
//! belong to the URL. There are two exceptions, in which the file is verified first: `If-None-Match: *`, and
//! development mode. Under a plain name, the file is always verified first.
//!
//! The layer removes `Last-Modified`. Some builds set the same time for all files, so two versions of a file would have
//! the same date, and a 304 by that date would be wrong. A request for several ranges gets the complete file, because
//! such a response does not show from which file the ranges come.
//!
//! # Compressed files
//!
//! A file with `.br`, `.gz`, `.zst` or `.zz` added to its name is the same file in that content coding, as
//! `ServeDir::precompressed_gzip` and similar options serve it. A compressed file that is older than the file itself
//! comes from an earlier build, so the layer does not treat it as verified. Each form has its own entity tag, such as
//! `"3f9a…--gzip"`, its own length, and `Vary: accept-encoding`.
//!
//! A client that resumes a download with `If-Range` gets the rest of the form that it has, even if a new request would
//! get another form.
//!
//! # Single-page applications
//!
//! The scripts of a single-page application display a view for paths such as `/users/john.doe`. With
//! [`AssetsLayer::fallback_page`], an unknown path gets the page of the application:
//!
//! | The path is | Response | `Cache-Control` |
//! |---|---|---|
//! | a file, such as `/assets/index-BRBmoGS9.js` or `/favicon.svg` | the file | as above |
//! | in a directory of files that a build tool hashed | 404: the file is in another build | `private, no-store` |
//! | like the name of a file, such as `/img/missing.png` | the page if `Accept` contains `text/html`, else 404 | `no-cache`, or `private, no-store` |
//! | any other, such as `/`, `/users/john.doe` and `/packages/react@18.2.0` | the page | `no-cache` |
//! | [suspicious](#suspicious-paths), but without a dot segment | the page | `private, no-store` |
//!
//! The page has its own entity tag, so a client that revalidates it gets a 304 until the next deployment. Browsers send
//! `Accept: text/html` when they open a page, and not when a page loads a script, a stylesheet or an image.
//!
//! ```no_run
//! use axum::{Router, http::StatusCode};
//! use tower::Layer;
//! use tower_cache_policy::AssetsLayer;
//! use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
//! use tower_http::services::ServeDir;
//!
//! let dist = "dist";
//! let manifest = std::fs::read_to_string(format!("{dist}/.vite/manifest.json"))?;
//! let assets = AssetManifest::from_vite(&manifest, &AssetDirectory::new(dist))?;
//! let application = AssetsLayer::new(&assets).fallback_page("index.html")?.layer(ServeDir::new(dist));
//!
//! // An unknown path of the API is not a page.
//! let api = Router::new().fallback(async || StatusCode::NOT_FOUND);
//! let app: Router = Router::new().nest("/api", api).fallback_service(application);
//! # let _ = app;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A page that is still open after a deployment loads scripts of the previous build. Deploy the files of both builds,
//! and add the old manifest to the new one: see [`merge_previous`](crate::assets::AssetManifest::merge_previous).
//!
//! # Order of layers
//!
//! Compression must be an outer layer: a `CompressionLayer` between this layer and the service would remove the length
//! that the layer verifies. Outside of compression, add a [`ConditionalLayer`](crate::ConditionalLayer) with
//! [`inner_handles_if_range`](crate::ConditionalLayer::inner_handles_if_range). It adds the content coding to the
//! entity tag, so that clients can resume downloads. An outer [`CachingLayer`](crate::CachingLayer) respects the
//! policies of this layer, and may restrict them. [`PathPrefix`] sets which paths the layer receives. Assets at the
//! root, next to other routes, need [`PathPrefix::Keep`].
//!
//! The layer returns a 404, a redirect, a 412, and the 304 under a versioned URL without the inner service. None of
//! these responses has content. A layer that adds CORS fields must be an outer layer, so that these responses get the
//! fields too. Authentication must also be an outer layer: an inner layer would not prevent a client from finding out
//! which fingerprints are current.
//!
//! ```
//! use axum::Router;
//! use tower::{Layer, ServiceBuilder};
//! use tower_cache_policy::layers::assets::PathPrefix;
//! use tower_cache_policy::{AssetsLayer, ConditionalLayer, assets::AssetManifest};
//! use tower_http::{compression::CompressionLayer, services::ServeDir};
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! # std::fs::write(directory.join("style.css"), "p{}").unwrap();
//! let assets = AssetManifest::from_directory(directory)?.with_prefix("/static")?;
//!
//! // `nest_service` removes `/static`, as the layer expects.
//! let files = AssetsLayer::new(&assets).layer(ServeDir::new(directory));
//! let app: Router = Router::new().nest_service("/static", files);
//!
//! // `route_service` does not.
//! let files = ServiceBuilder::new()
//!     .layer(ConditionalLayer::new().inner_handles_if_range())
//!     .layer(CompressionLayer::new())
//!     .layer(AssetsLayer::new(&assets).mount(PathPrefix::Strip))
//!     .service(ServeDir::new(directory));
//! let app: Router = Router::new().route_service("/static/{*path}", files);
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! # Suspicious paths
//!
//! A suspicious path contains `;`, `\`, a dot segment, or an encoded `/`, `\`, `.`, `?`, `#`, `%` or NUL. Programs
//! interpret such paths differently, and a cache in front may mistake one for the path of an asset. The layer therefore
//! does not serve an asset under such a path.

mod config;
mod embedded;
mod exchange;
mod fallback;
mod future;
mod layer;
mod service;
mod verdict;

pub use self::config::{PathPrefix, StaleFingerprint, UnknownName};
pub use self::embedded::EmbeddedBody;
pub use self::future::ResponseFuture;
pub use self::layer::AssetsLayer;
pub use self::service::AssetsService;
