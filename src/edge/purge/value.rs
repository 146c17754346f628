//! [`Purge`]: the stored responses that edge caches must no longer serve.

use std::fmt;

use http::{Extensions, HeaderName, HeaderValue, Uri};

use super::url::{self, InvalidPurgeUrl};
use crate::edge::{TagFormat, TagSyntax};
use crate::policy::{CacheTag, CacheTags};

/// The stored responses that edge caches must no longer serve: those with certain tags, those of certain URLs, or all.
///
/// A [`PurgeLayer`](crate::PurgeLayer) takes it from the extensions of the response to a request with an unsafe method.
/// The [module page](super) has an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purge {
    tags: CacheTags,
    urls: Vec<Uri>,
    everything: bool,
    soft: bool,
}

/// The maximum number of URLs among which duplicates are detected.
const FEW: usize = 32;

impl Purge {
    /// Purges all responses that have at least one of these tags.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let purge = Purge::tags([CacheTag::from_static("article-7"), CacheTag::from_static("front-page")]);
    /// assert_eq!(purge.cache_tags().len(), 2);
    /// assert!(Purge::tags([]).is_empty(), "purges nothing");
    /// ```
    #[must_use]
    pub fn tags(tags: impl IntoIterator<Item = CacheTag>) -> Self {
        Self { tags: tags.into_iter().collect(), ..Self::default() }
    }

    /// Purges all responses of one absolute URL, given as a [`Uri`], a string, or any other type whose `Display` writes
    /// a URL.
    ///
    /// The URL is converted to the form in which clients request it, because caches compare URLs byte by byte: the host
    /// in lower case, without a default port and without a fragment.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    ///
    /// let purge = Purge::url("HTTPS://Example.com:443/feed?page=2#top")?;
    /// assert_eq!(purge.urls()[0], "https://example.com/feed?page=2");
    /// # Ok::<_, tower_cache_policy::edge::purge::InvalidPurgeUrl>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPurgeUrl`] if the URL is not absolute or not percent-encoded, or if it contains a user name or
    /// a segment `..`, encoded or not, which could direct the purge to another resource. A `'` in the query is rejected
    /// because browsers send `%27`.
    pub fn url(url: impl fmt::Display) -> Result<Self, InvalidPurgeUrl> {
        Ok(Self { urls: vec![url::canonical(&url.to_string())?], ..Self::default() })
    }

    /// Purges all stored responses of the site.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let purge = Purge::everything().and(Purge::tags([CacheTag::from_static("article-7")]));
    /// assert!(purge.is_everything());
    /// assert!(purge.cache_tags().is_empty(), "all responses include those with the tag");
    /// ```
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Makes the purge soft: caches only mark the stored responses as stale. They may serve these responses while they
    /// fetch new ones, and may revalidate them. For a vendor without soft purges, the purger returns an error.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let purge = Purge::tags([CacheTag::from_static("front-page")]).soft();
    /// assert!(purge.is_soft());
    /// ```
    #[must_use]
    pub fn soft(self) -> Self {
        Self { soft: true, ..self }
    }

    /// Makes the purge hard: caches must not serve the stored responses. This is the default, and undoes
    /// [`soft`](Self::soft).
    ///
    /// A middleware can make the soft purge of a handler hard:
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    ///
    /// assert!(!Purge::everything().is_soft());
    /// assert!(!Purge::everything().soft().hard().is_soft());
    /// ```
    #[must_use]
    pub fn hard(self) -> Self {
        Self { soft: false, ..self }
    }

    /// Combines two purges, like [`unite`](Self::unite), and returns the result.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let soft = Purge::tags([CacheTag::from_static("front-page")]).soft();
    /// let hard = Purge::tags([CacheTag::from_static("article-7")]);
    /// let both = soft.and(hard);
    /// assert!(!both.is_soft());
    /// assert_eq!(both.cache_tags().len(), 2);
    /// ```
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.unite(other);
        self
    }

    /// Adds another purge to this one.
    ///
    /// A purge of all responses includes all tags and URLs. The combination of a soft and a hard purge is hard, so that
    /// caches do not serve a response that the hard purge forbids.
    pub fn unite(&mut self, other: Self) {
        if other.is_empty() {
            return;
        }
        self.soft = other.soft && (self.soft || self.is_empty());
        self.everything |= other.everything;
        self.tags.extend(other.tags);
        for url in other.urls {
            if self.urls.len() > FEW || !self.urls.contains(&url) {
                self.urls.push(url);
            }
        }
        if self.everything {
            self.tags = CacheTags::new();
            self.urls = Vec::new();
        }
    }

    /// Inserts the purge into the extensions of a response, and combines it with an existing purge.
    ///
    /// ```
    /// use http::Response;
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let mut response = Response::new(());
    /// Purge::tags([CacheTag::from_static("article-7")]).add_to(response.extensions_mut());
    /// // A middleware adds its own purge.
    /// Purge::tags([CacheTag::from_static("sitemap")]).add_to(response.extensions_mut());
    ///
    /// let purge = response.extensions().get::<Purge>().unwrap();
    /// assert_eq!(purge.cache_tags().len(), 2);
    /// ```
    pub fn add_to(self, extensions: &mut Extensions) {
        match extensions.get_mut::<Self>() {
            Some(purge) => purge.unite(self),
            None => _ = extensions.insert(self),
        }
    }

    /// Returns whether the purge does not name any responses.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.everything && self.tags.is_empty() && self.urls.is_empty()
    }

    /// Returns whether the purge names all responses of the site. Such a purge has neither tags nor URLs.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.everything
    }

    /// Returns whether the purge is soft.
    #[must_use]
    pub const fn is_soft(&self) -> bool {
        self.soft
    }

    /// Returns the tags.
    #[must_use]
    pub const fn cache_tags(&self) -> &CacheTags {
        &self.tags
    }

    /// Returns the URLs. They are absolute and percent-encoded, without dot segments and default ports, and their hosts
    /// are in lower case.
    #[must_use]
    pub fn urls(&self) -> &[Uri] {
        &self.urls
    }

    /// Returns the value of `Cache-Group-Invalidation`, a List of Strings, for the response to an unsafe request
    /// ([RFC 9875 section 3](https://www.rfc-editor.org/rfc/rfc9875#section-3)).
    ///
    /// Returns `None` if the purge has no tags. A cache treats a tag as a group only if the stored responses have it in
    /// `Cache-Groups`.
    ///
    /// ```
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let purge = Purge::tags([CacheTag::from_static("article-7"), CacheTag::from_static("front-page")]);
    /// assert_eq!(purge.cache_group_invalidation().unwrap(), r#""article-7", "front-page""#);
    /// ```
    #[must_use]
    pub fn cache_group_invalidation(&self) -> Option<HeaderValue> {
        // I-03
        const FORMAT: TagFormat =
            TagFormat::new(HeaderName::from_static("cache-group-invalidation"), TagSyntax::Strings)
                .max_length(usize::MAX);
        if self.tags.is_empty() { None } else { FORMAT.value(&self.tags) }
    }
}
