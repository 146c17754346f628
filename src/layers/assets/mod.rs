//! A layer that verifies the fingerprints in the URLs of assets.
//!
//! Put it around a service that has the files: tower-http's `ServeDir`, or
//! [`EmbeddedFiles`](crate::assets::EmbeddedFiles). It takes the fingerprint out of the path or the query, requests the
//! stored file from the service, and says how long the response may be stored.
//!
//! | The URL has | Response | `Cache-Control` |
//! |---|---|---|
//! | the fingerprint of a file of the manifest | the file | `public, max-age=31536000, immutable` |
//! | the name of a file, without a fingerprint | the file | `no-cache` |
//! | another fingerprint | 404, or by [choice](StaleFingerprint) | `private, no-store` |
//! | an unknown name | 404, or by [choice](UnknownName), or a [page](#single-page-applications) | `private, no-store` |
//! | a path that may be [taken for another one](#suspicious-paths) | 404 | `private, no-store` |
//!
//! A fingerprint is 32 hexadecimal digits. A query such as `?v=4.7.0` is not one, and is ignored.
//!
//! A page (`text/html`) is `no-cache` under every URL. No cache stores the errors and redirects of the service, nor
//! the responses to methods other than GET and HEAD. The layer sends its 404s without the service, which could fall
//! back to a page.
//!
//! # What is verified
//!
//! Reading the bytes of each response again would cost more than serving them. The layer compares the head of the
//! response with the manifest:
//!
//! - The status is 200 or 206.
//! - `Content-Type` is present, and is not that of a page unless the file is a page. The layer accepts every other
//!   type, because tables of media types differ.
//! - The length is that of the file: `Content-Length`, the complete length in `Content-Range`, or the exact size of the
//!   body. For a file in a content coding, it is the length of the compressed file next to it.
//! - `Last-Modified`, if the response has one and the manifest was made from the directory on this machine, is the time
//!   that the file had when it was hashed.
//!
//! A file with the same length and another modification time is hashed again, once for each time, on a separate thread.
//! The response waits for the result. A file that was only copied or touched is served as before, and one that was
//! changed is not served under the URL of its earlier content.
//!
//! A response with another file becomes a 404 under a versioned URL. Under a plain one it is sent without an entity
//! tag, no cache stores it, and a partial response becomes a 503. A response that does not show its length is not
//! stored either, and if the client resumes with `If-Range`, a partial response becomes a 503.
//!
//! The layer does not notice a file that is overwritten by another one with the same length and the same second as its
//! modification time while the program runs. Deploy into a new directory, or restart the program.
//!
//! A [loaded](crate::assets::AssetManifest::load) manifest knows lengths only, until
//! [`verify_directory`](crate::assets::AssetManifest::verify_directory) has read the files.
//!
//! # Validators
//!
//! The entity tag is the fingerprint. It is strong, and names the content coding if there is one. The layer evaluates
//! preconditions by it, and removes them from the request.
//!
//! Under a versioned URL the layer sends a 304 without the service: the client has the bytes that the URL names,
//! whatever became of the file. `If-None-Match: *` names no bytes, and in development the file on the disk counts.
//! There, and under a plain name, a 304 stands for a file that was verified.
//!
//! `Last-Modified` is removed. Builds that set all times to one give two files the same date, and a 304 by that date
//! would leave the old file in use. A request for several ranges gets the complete file, because nothing in such a
//! response shows from which file they are.
//!
//! # Compressed files
//!
//! A file next to another one, with `.br`, `.gz`, `.zst` or `.zz` added to its name, is the same file in that content
//! coding: what `ServeDir::precompressed_gzip` and its like serve. One that is older than the file was left by an
//! earlier build, and is not verified. Each form has its own entity tag, `"3f9a…--gzip"` for that in gzip, its own
//! length, and
//! `Vary: accept-encoding`.
//!
//! A client that resumes a download with `If-Range` gets more of the form that it has, even if it would now get another
//! one from the start.
//!
//! # Single-page applications
//!
//! The scripts of a single-page application make pages of paths such as `/users/john.doe`. With
//! [`AssetsLayer::fallback_page`], an unknown path gets the page of the application:
//!
//! | The path is | Response | `Cache-Control` |
//! |---|---|---|
//! | a file, such as `/assets/index-BRBmoGS9.js` or `/favicon.svg` | the file | as above |
//! | in a directory of files that a build tool hashed | 404: the file is in another build | `private, no-store` |
//! | like the name of a file, such as `/img/missing.png` | the page if `Accept` names `text/html`, else 404 | `no-cache`, or `private, no-store` |
//! | another one, such as `/`, `/users/john.doe` and `/packages/react@18.2.0` | the page | `no-cache` |
//! | one with `;`, or an encoded `/` and the like | the page | `private, no-store` |
//!
//! The page has its own entity tag, so that a client revalidates it with a 304 until the next deployment. A browser
//! names
//! `text/html` when it opens a page, and not when a page loads a script, a stylesheet or a picture.
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
//! A page that is still open after a deployment loads scripts of the build before. Keep both builds, and let the new
//! manifest know the old one: see
//! [`merge_previous`](crate::assets::AssetManifest::merge_previous).
//!
//! # Order of layers
//!
//! Compression must be an outer layer: a `CompressionLayer` between this layer and the service would remove the length
//! that the layer verifies. Outside of compression, add a [`ConditionalLayer`](crate::ConditionalLayer) with
//! [`inner_handles_if_range`](crate::ConditionalLayer::inner_handles_if_range). It adds the content coding to the
//! entity tag, and clients can resume downloads. An outer [`CachingLayer`](crate::CachingLayer) respects the policies
//! of this layer, and may restrict them. [`PathPrefix`] sets which paths the layer receives. Assets at the root, next
//! to other routes, need [`PathPrefix::Keep`].
//!
//! The layer sends a 404, a redirect, a 412 and the 304 under a versioned URL without the service. A layer that adds
//! CORS fields therefore belongs outside, and so does authentication: an inner one would not prevent anyone from
//! learning which fingerprints are current. No response that the layer makes itself has content.
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
//! // `nest_service` takes `/static` off, as the layer expects.
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
//! A path with `;`, `\`, dot segments, or an encoded `/`, `\`, `.`, `?`, `#`, `%` or NUL never reaches a file. What it
//! names depends on the software that reads it, and a cache in front may take it for the name of an asset.

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
