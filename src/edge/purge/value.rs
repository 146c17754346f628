//! [`Purge`]: what is to be forgotten.

use std::fmt;

use http::{Extensions, HeaderName, HeaderValue, Uri};

use super::checks;
use super::error::PurgeError;
use crate::edge::{TagFormat, TagSyntax};
use crate::policy::{CacheTag, CacheTags};

/// What edge caches are to forget: answers with some tags, answers of some URLs, or everything.
///
/// In the extensions of an answer to a write it is what a [`PurgeLayer`](crate::PurgeLayer)
/// hands on. The [module page](super) has an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purge {
    tags: CacheTags,
    urls: Vec<Uri>,
    everything: bool,
    soft: bool,
}

/// As many URLs as are compared with a new one.
const FEW: usize = 32;

impl Purge {
    /// All answers with one of these tags.
    #[must_use]
    pub fn tags(tags: impl IntoIterator<Item = CacheTag>) -> Self {
        Self { tags: tags.into_iter().collect(), ..Self::default() }
    }

    /// All answers of one absolute URL, given as an [`Uri`], a text, or anything that prints as one.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`] when it is not absolute, is not percent-encoded, or has something
    /// in it that could lead a request elsewhere: a user name, or a segment `..`, encoded or not.
    pub fn url(url: impl fmt::Display) -> Result<Self, PurgeError> {
        Ok(Self { urls: vec![checks::url(url.to_string())?], ..Self::default() })
    }

    /// All that is stored of the site.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Only marks what is stored as stale, so that it may be served while it is fetched anew, and
    /// be revalidated. Where a vendor has no such purge, making its requests fails.
    #[must_use]
    pub fn soft(self) -> Self {
        Self { soft: true, ..self }
    }

    /// Lets nothing be served that was stored before; as it is unless it was made
    /// [soft](Self::soft).
    #[must_use]
    pub fn hard(self) -> Self {
        Self { soft: false, ..self }
    }

    /// This and the other, as [`unite`](Self::unite).
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.unite(other);
        self
    }

    /// Adds what the other purges. Everything takes in tags and URLs; of a soft and a hard one the
    /// union is hard, so that nothing is served that one of them forbids.
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

    /// Puts it into an answer's extensions, united with one that is there.
    pub fn add_to(self, extensions: &mut Extensions) {
        match extensions.get_mut::<Self>() {
            Some(purge) => purge.unite(self),
            None => _ = extensions.insert(self),
        }
    }

    /// Whether it purges nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.everything && self.tags.is_empty() && self.urls.is_empty()
    }

    /// Whether it purges everything; there are no tags and no URLs then.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether it is soft.
    #[must_use]
    pub const fn is_soft(&self) -> bool {
        self.soft
    }

    /// The tags.
    #[must_use]
    pub const fn cache_tags(&self) -> &CacheTags {
        &self.tags
    }

    /// The URLs: absolute, percent-encoded, and without dot segments.
    #[must_use]
    pub fn urls(&self) -> &[Uri] {
        &self.urls
    }

    /// The value of `Cache-Group-Invalidation`, a list of strings, for the answer to a write
    /// (RFC 9875 section 3, I-03). Nothing when there are no tags, which are all that the field can
    /// say. Tags are only groups to a cache when the answers carry them in `Cache-Groups`.
    #[must_use]
    pub fn cache_group_invalidation(&self) -> Option<HeaderValue> {
        const FORMAT: TagFormat =
            TagFormat::new(HeaderName::from_static("cache-group-invalidation"), TagSyntax::Strings)
                .max_length(usize::MAX);
        if self.tags.is_empty() { None } else { FORMAT.value(&self.tags) }
    }
}
