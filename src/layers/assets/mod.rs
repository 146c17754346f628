//! A layer that verifies the fingerprints in the URLs of assets.
//!
//! It sits around a service that has the files: tower-http's `ServeDir`, or one that has them
//! embedded. It takes the fingerprint out of the path or the query, asks the service for the
//! stored file, and says how long the answer may be kept.
//!
//! | The URL has | Answer | `Cache-Control` |
//! |---|---|---|
//! | the fingerprint of a file of the manifest | the file | `public, max-age=31536000, immutable` |
//! | none, and the name of a file | the file | `no-cache` |
//! | another fingerprint | 404, or by [choice](StaleFingerprint) | `private, no-store` |
//! | a name that is not known | 404, or by [choice](UnknownName) | `private, no-store` |
//! | what may be [taken for another path](#suspicious-paths) | 404 | `private, no-store` |
//!
//! A fingerprint is 32 hexadecimal digits. A query such as `?v=4.7.0` is not one, and is ignored.
//!
//! A page (`text/html`) is `no-cache` under every URL (G-27). Errors and redirects of the
//! service, and the answers to other methods than GET and HEAD, are kept by nobody. For the 404s
//! the service is not asked, so that it cannot fall back to a page (G-19).
//!
//! # What is verified
//!
//! The bytes of an answer are not read again, which would cost more than serving them. Its head
//! is held against the manifest:
//!
//! - the status is 200 or 206,
//! - `Content-Type` is present, and is not that of a page unless the file is a page. Every other type is believed,
//!   because tables of media types differ,
//! - the length is that of the file: `Content-Length`, the complete length in `Content-Range`, or
//!   the exact size of the body. Of a file in a content coding it is the length of the `.br`,
//!   `.gz`, `.zst` or `.zz` that lies beside it, unless that one is older,
//! - `Last-Modified`, where the response has one and the manifest was made from the directory on
//!   this machine, is the time that the file had when it was hashed.
//!
//! A file with another time of modification and the same length is hashed again, once for each time, on a thread of
//! its own. The response waits for the result, so a file that was only copied or touched is served as before, and one
//! that was changed is not served under the URL of its earlier content.
//!
//! An answer that shows another file is a 404 under a versioned URL, and under a plain one it is
//! kept by nobody and has no entity tag; a part of it is not sent, and is a 503 there. One that does
//! not show its length is kept by nobody, and a part of it is a 503 to who resumes with `If-Range`,
//! and would join it to a part of the right file.
//!
//! What is not noticed: a file that is overwritten by another of the same length, with the same
//! second as its time of modification, while the program runs. Deploy into a new directory, or
//! start the program again.
//!
//! A manifest that was [loaded](crate::assets::AssetManifest::load) knows lengths only, until
//! [`verify_directory`](crate::assets::AssetManifest::verify_directory) has read the files.
//!
//! # Validators
//!
//! The entity tag is the fingerprint, strong, and names the content coding where there is one
//! (V-09). Preconditions, `If-Range` among them, are decided by it and taken out of the request.
//!
//! Under a versioned URL a 304 needs no file, and the service is not asked: the client names the
//! bytes that the URL names, and has them, whatever became of the file. Where the file was
//! overwritten or deleted, the client keeps the bytes of the fingerprint, while a client that has
//! none gets the 404 of [above](#what-is-verified). `If-None-Match: *` names no bytes, and in
//! development the file on the disk counts; there the service is asked, as it is under a plain
//! name, and a 304 stands for a file that was verified.
//!
//! `Last-Modified` is removed: builds that make all times equal give two files one date, and a
//! 304 by that date would leave the old file in use. Of several ranges in one request none is
//! answered, as nothing shows of which file they are.
//!
//! # Where it goes
//!
//! Inside compression: a `CompressionLayer` between the layer and the service takes away the
//! length that is verified. Outside of compression belongs a
//! [`ConditionalLayer`](crate::ConditionalLayer), which names the coding in the entity tag. Inside a
//! [`CachingLayer`](crate::CachingLayer) as well, which leaves what is said here and may tighten
//! it; give the conditional layer
//! [`trust_service_with_if_range`](crate::ConditionalLayer::trust_service_with_if_range), so that
//! downloads can be resumed. [`Mount`] says which paths the layer sees.
//!
//! A 404, a redirect, a 412 and the 304 under a versioned URL are answered without the service, so
//! nothing inside is asked for them. A layer that adds CORS fields therefore belongs outside, and
//! so does authentication (L-03, G-16): inside it would not keep anybody from learning which
//! fingerprints are current. No answer of the layer's own has content.
//!
//! ```
//! use axum::Router;
//! use tower::{Layer, ServiceBuilder};
//! use tower_cache_policy::layers::assets::Mount;
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
//!     .layer(ConditionalLayer::new().trust_service_with_if_range())
//!     .layer(CompressionLayer::new())
//!     .layer(AssetsLayer::new(&assets).mount(Mount::Stripping))
//!     .service(ServeDir::new(directory));
//! let app: Router = Router::new().route_service("/static/{*path}", files);
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! # Suspicious paths
//!
//! Paths with `;`, `\`, dot segments, or an encoded `/`, `\`, `.`, `?`, `#`, `%` or NUL never
//! reach a file: what they name depends on who reads them, and a cache in front may read them as
//! the name of an asset (G-19).

mod config;
mod embedded;
mod exchange;
mod fallback;
mod future;
mod layer;
mod service;
mod verdict;

pub use self::config::{Mount, StaleFingerprint, UnknownName};
pub use self::embedded::EmbeddedBody;
pub use self::future::ResponseFuture;
pub use self::layer::AssetsLayer;
pub use self::service::AssetsService;
