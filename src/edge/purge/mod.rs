//! Descriptions of the stored responses that edge caches must no longer serve.
//!
//! A [`Purge`] names responses by tag or by URL, or all responses of the site. A handler that changes data puts it into
//! the extensions of its response. A [`PurgeLayer`](crate::PurgeLayer) takes it out and passes it to a purger, which
//! can be any `tower::Service<Purge>`.
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

mod url;
mod value;

pub use self::url::InvalidPurgeUrl;
pub use self::value::Purge;
