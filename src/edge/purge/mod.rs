//! Descriptions of the stored responses that edge caches must no longer serve.
//!
//! A [`Purge`] names responses by tag or by URL, or all responses of the site. A handler that changes data inserts a
//! purge into the extensions of its response. A [`PurgeLayer`](crate::PurgeLayer) removes it and passes it to a purger,
//! which can be any `tower::Service<Purge>`.
//!
//! The package [`tower-cache-policy-purge`](https://docs.rs/tower-cache-policy-purge) contains such a purger, for any
//! HTTP client. It sends the purge requests of Cloudflare, Fastly, Akamai, CloudFront, Google Cloud CDN, Vercel,
//! Netlify, Bunny, KeyCDN, Varnish, Squid and nginx.
//!
//! # Example
//!
//! ```
//! use tower_cache_policy::edge::purge::Purge;
//! use tower_cache_policy::policy::CacheTag;
//!
//! let purge = Purge::tags([CacheTag::from_static("article-7")]).and(Purge::url("https://Example.com:443/feed")?);
//! assert!(purge.cache_tags().contains("article-7"));
//! assert_eq!(purge.urls()[0], "https://example.com/feed");
//! # Ok::<_, tower_cache_policy::edge::purge::InvalidPurgeUrl>(())
//! ```
//!
//! # In a handler
//!
//! ```
//! use axum::{Router, extract::Path, http::StatusCode, response::{IntoResponse, Response}, routing::put};
//! use tower_cache_policy::edge::purge::Purge;
//! use tower_cache_policy::policy::CacheTag;
//!
//! async fn save(Path(id): Path<u32>) -> Response {
//!     // Write to the database first. The purge runs after the handler.
//!     let mut response = StatusCode::NO_CONTENT.into_response();
//!     let tag = CacheTag::new(format!("article-{id}")).expect("a valid tag: letters, digits and '-'");
//!     Purge::tags([tag, CacheTag::from_static("front-page")]).add_to(response.extensions_mut());
//!     response
//! }
//!
//! let app: Router = Router::new().route("/articles/{id}", put(save));
//! # let _ = app;
//! ```
//!
//! # Which kind of purge
//!
//! | | By tag | By URL | Everything |
//! |---|---|---|---|
//! | needs | tags in the responses, and an edge that reads them | the exact URL with its query | nothing |
//! | affects | all pages that show the data | one URL, and at some edges only one variant | the site |
//! | use for | data that appears on several pages | a single file | a broken deployment |
//!
//! A purge never reaches browsers. Give a response that you purge a short lifetime for browsers and a long one for the
//! edge: see [`CachePolicy::edge`](crate::policy::CachePolicy::edge).

mod url;
mod value;

pub use self::url::InvalidPurgeUrl;
pub use self::value::Purge;
