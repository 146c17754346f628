//! Cache tags: names by which edge caches find the stored responses that a purge affects.
//!
//! A [`CacheTag`] is one name. A [`CacheTags`] holds several in order of importance, coarse tags first. A handler puts
//! them into the extensions of its response, a route can have its own, and services in between can add theirs. An
//! `EdgeLayer` combines them and writes the field that the cache in front reads. No other layer writes this field,
//! because a cache that does not understand it forwards it to clients.
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

mod cache_tag;
mod cache_tags;

pub use self::cache_tag::{CacheTag, InvalidCacheTag};
pub use self::cache_tags::CacheTags;
