//! Tags: names under which edge caches find stored responses, to purge them.
//!
//! A [`CacheTag`] is one name. A [`CacheTags`] has several in order of importance, the coarse ones
//! first. A handler puts them into its response's extensions, a route has its own, and services in
//! between add theirs. An `EdgeLayer` combines them and writes the field that the cache in front
//! reads. No other layer writes them, because a cache that does not know the field would forward it
//! to clients.
//!
//! ```
//! use tower_cache_policy::policy::{CacheTag, CacheTags};
//!
//! // A mistake in a constant does not compile.
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

mod cache_tag;
mod cache_tags;

pub use self::cache_tag::{CacheTag, InvalidCacheTag};
pub use self::cache_tags::CacheTags;
