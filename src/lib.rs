//! HTTP caching policy for tower services: conditional requests, and a `Cache-Control` per
//! route, that answer one question: how long may this be kept, and by whom?
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
//! use tower::ServiceExt;
//! use tower_cache_policy::{CachingLayer, policy::CachePolicy};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let app = Router::<()>::new()
//!     .route("/", get(async || "hello"))
//!     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))));
//!
//! let first = app.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
//! assert_eq!(first.headers()["cache-control"], "public, max-age=300");
//!
//! let again = Request::get("/").header("if-none-match", &first.headers()["etag"]);
//! let second = app.oneshot(again.body(Body::empty()).unwrap()).await.unwrap();
//! assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
//! # });
//! ```
//!
//! # Which layer do I need?
//!
//! | I want | Layer |
//! |---|---|
//! | all of it, in the right order | [`CachingLayer`] |
//! | to say how long an answer may be kept | [`CachePolicyLayer`] |
//! | an `ETag` without making one | [`EntityTagLayer`] |
//! | the CDN to be told in its own fields, with tags to purge by | [`EdgeLayer`] |
//! | `304` without running the handler, `412`, `428` | [`ConditionalLayer`] |
//! | caches to drop what a write made out of date | `PurgeLayer`, of the feature `purge` |
//! | files whose URLs change with their bytes, also those of Vite, webpack and Trunk | `AssetsLayer` (feature `assets`) |
//! | a single-page application | `AssetsLayer::fallback_page` |
//! | files that are embedded in the program | `assets::EmbeddedFiles` inside `AssetsLayer` |
//! | the rules themselves, inside a transaction | [`protocol::Preconditions`] |
//!
//! # Where it goes
//!
//! ```text
//! tracing, timeouts                outermost
//!   EdgeLayer                      sees what goes out, and has the guards look once more
//!   authentication                 before anything that tells whether a thing exists
//!     CachePolicyLayer      ┐
//!       ConditionalLayer    │      outside compression: it names the coding in strong tags
//!         compression       ├─ CachingLayer::new(policy).compression(..)
//!           EntityTagLayer  │      inside compression: it needs the content as it is
//!             CORS, session ┘      inside, so that the guards see what they add
//!               handler
//! ```
//!
//! # Choosing a policy
//!
//! ```
//! use std::time::Duration;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//! const HOUR: Duration = Duration::from_secs(3_600);
//! for (situation, policy, field) in [
//!     ("a page for all", CachePolicy::public(5 * MINUTE), "public, max-age=300"),
//!     ("and longer at the edge", CachePolicy::public(MINUTE).edge(HOUR), "public, max-age=60, s-maxage=3600"),
//!     ("at the edge only", CachePolicy::edge_only(HOUR), "max-age=0, s-maxage=3600, must-revalidate"),
//!     ("a page for one visitor", CachePolicy::private(MINUTE), "private, max-age=60"),
//!     ("an API answer, never stale", CachePolicy::NO_CACHE, "no-cache"),
//!     ("a login, a secret", CachePolicy::NO_STORE, "private, no-store"),
//!     ("a URL that changes with its bytes", CachePolicy::IMMUTABLE, "public, max-age=31536000, immutable"),
//! ] {
//!     assert_eq!(policy.to_string(), field, "{situation}");
//! }
//! ```
//!
//! Errors get `private, no-store`, and what nobody spoke for `private, no-cache`. Who wins when
//! several speak, and what the guards do, is told in [`policy`].
//!
//! # What this crate promises
//!
//! - A precondition of a write is decided before the handler when the application can say what
//!   it has, and otherwise left to the handler. There is no 412 after the write (RFC 9110
//!   section 13.2.1).
//! - A 304 carries what the 200 would have carried (RFC 9110 section 15.4.5), on HTTP/1.1 and on
//!   HTTP/2, and no body is read for it.
//! - Every field is read over all its lines and as bytes. No input panics, and every parser is
//!   linear.
//! - What a handler wrote is not rewritten unless a guard tightens it, and no guard loosens.
//! - Generated entity tags are the same on every replica and after a restart.
//! - gRPC, server-sent events, upgrades, and streams of unknown length pass untouched.
//!
//! # What it does not do
//!
//! It is the origin's side of caching: it stores no answer, emits no `Age` and no
//! `Cache-Status`, and slices no body into ranges.
//!
//! # Features
//!
//! | Feature | Adds | Default |
//! |---|---|---|
//! | `axum` | response parts and an extractor, over `axum-core` | no |
//! | `routes` | a table of path patterns and policies, on `matchit` | no |
//! | `config` | that table as a TOML file | no |
//! | `purge` | purges as values, and a layer that passes them to a purger such as [that of `tower-cache-policy-purge`](https://docs.rs/tower-cache-policy-purge) | no |
//! | `assets` | versioned URLs for files, and the layer that verifies them | no |
//! | `assets-css` | versioned references in stylesheets, at build time | no |
//! | `minijinja` | versioned URLs as functions of minijinja templates | no |
//! | `audit` | what caches will do with an answer, and why, as a value | no |
//! | `audit-serde` | that value as a document, by serde | no |
//! | `testing` | assertions for tests of a service | no |
//! | `tracing` | an event for each decision | no |
//! | `strong-tags` | strong and keyed entity tags, by BLAKE3 | no |
//!
//! A feature adds items and never changes what another part does. The least Rust version is
//! 1.88; it moves with a minor release, never with a patch.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub mod assets;
#[cfg(feature = "audit")]
#[cfg_attr(docsrs, doc(cfg(feature = "audit")))]
pub mod audit;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum_handler;
pub mod edge;
pub mod layers;
pub mod policy;
pub mod protocol;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use self::layers::Clock;
#[cfg(feature = "assets")]
#[cfg_attr(docsrs, doc(cfg(feature = "assets")))]
pub use self::layers::assets::AssetsLayer;
pub use self::layers::cache_policy::CachePolicyLayer;
pub use self::layers::caching::CachingLayer;
pub use self::layers::conditional::{ConditionalLayer, HeadValidators};
pub use self::layers::edge::EdgeLayer;
pub use self::layers::entity_tag::EntityTagLayer;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub use self::layers::purge::PurgeLayer;

#[cfg(all(doctest, feature = "assets"))]
#[doc = include_str!("../README.md")]
mod readme {}
