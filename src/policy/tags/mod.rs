//! Cache tags: names by which edge caches find the stored responses that a purge affects.
//!
//! A [`CacheTag`] is one name. A [`CacheTags`] holds several in order of importance, coarse tags first. A handler
//! inserts tags into the extensions of its response, a route can have its own tags, and services in between can add
//! more. An `EdgeLayer` combines them and writes the field that the cache in front reads. No other layer writes this
//! field, because a cache that does not understand it forwards it to clients.
//!
//! ```
//! use tower_cache_policy::policy::{CacheTag, CacheTags};
//!
//! // An invalid tag in a constant does not compile.
//! const ARTICLES: CacheTag = CacheTag::from_static("articles");
//!
//! let mut response = http::Response::new(());
//! let one = CacheTag::new(format!("article-{}", 7))?;
//! CacheTags::from_iter([ARTICLES, one]).add_to(response.extensions_mut());
//!
//! let error = CacheTag::new("two words").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "the tag \"two words\" contains ' ': use 1 to 1024 characters of visible ASCII, without white space"
//! );
//! # Ok::<(), tower_cache_policy::policy::InvalidCacheTag>(())
//! ```
//!
//! # Naming tags
//!
//! - Name the data and not the page: use `article-7` on each page that shows the article. A change of the article then
//!   purges all of them.
//! - Add a tag for the kind, such as `articles`, for changes of a template.
//! - Use letters, digits, `.`, `_` and `-`, and at most 120 characters: all built-in profiles accept these.
//! - Use ids. Text from a user may contain characters that an edge does not accept, and the response is then not
//!   stored.
//! - Do not put secrets into tags. Some edges forward the field to clients.
//!
//! # From tag to purge
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
//! use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
//!
//! # tokio_test::block_on(async {
//! let policy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(86_400));
//! let service = ServiceBuilder::new()
//!     .layer(EdgeLayer::new(EdgeProfile::FASTLY))
//!     .layer(CachePolicyLayer::new(policy))
//!     .service_fn(async |_: Request<()>| {
//!         let mut response = Response::new("the news");
//!         let tags = [CacheTag::from_static("articles"), CacheTag::from_static("article-7")];
//!         CacheTags::from_iter(tags).add_to(response.extensions_mut());
//!         Ok::<_, Infallible>(response)
//!     });
//! let response = service.oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.headers()["surrogate-key"], "articles article-7");
//! # });
//! ```
//!
//! After a change, a handler returns a `Purge` (feature `purge`) with the tag `article-7`. Fastly then removes each
//! stored response that has it.

mod cache_tag;
mod cache_tags;

pub use self::cache_tag::{CacheTag, InvalidCacheTag};
pub use self::cache_tags::CacheTags;
