//! [`Purge`]: what edge caches must no longer serve.

use std::fmt;

use http::{Extensions, HeaderName, HeaderValue, Uri};

use super::url::{self, InvalidPurgeUrl};
use crate::edge::{TagFormat, TagSyntax};
use crate::policy::{CacheTag, CacheTags};

/// Stored responses that edge caches must no longer serve: those with some tags, those of some
/// URLs, or everything.
///
/// A [`PurgeLayer`](crate::PurgeLayer) takes it from the extensions of the response to a write. The
/// [module page](super) has an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purge {
    tags: CacheTags,
    urls: Vec<Uri>,
    everything: bool,
    soft: bool,
}

/// A new URL is compared with this many others at most.
const FEW: usize = 32;

impl Purge {
    /// Purges all responses with one of these tags.
    #[must_use]
    pub fn tags(tags: impl IntoIterator<Item = CacheTag>) -> Self {
        Self { tags: tags.into_iter().collect(), ..Self::default() }
    }

    /// Purges all responses of one absolute URL, given as a [`Uri`], a text, or anything that prints
    /// as one.
    ///
    /// The host is written in lower case and the default port is left out, as in the requests by
    /// which caches stored the responses. A fragment is not part of what is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidPurgeUrl`] when it is not absolute, is not percent-encoded, or contains something
    /// that could lead a request elsewhere: a user name, or a segment `..`, encoded or not. A `'` in
    /// the query is refused because browsers send `%27`.
    pub fn url(url: impl fmt::Display) -> Result<Self, InvalidPurgeUrl> {
        Ok(Self { urls: vec![url::canonical(&url.to_string())?], ..Self::default() })
    }

    /// Purges everything that is stored of the site.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Only marks the stored responses as stale: a cache may serve them while it fetches new ones,
    /// and may revalidate them. A vendor without such a purge refuses it with an error.
    #[must_use]
    pub fn soft(self) -> Self {
        Self { soft: true, ..self }
    }

    /// Forbids serving what was stored before. This is the default, unless the purge was made
    /// [soft](Self::soft).
    #[must_use]
    pub fn hard(self) -> Self {
        Self { soft: false, ..self }
    }

    /// Returns this purge united with the other, as by [`unite`](Self::unite).
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.unite(other);
        self
    }

    /// Adds what the other purges. A purge of everything includes tags and URLs. The union of a soft
    /// and a hard purge is hard, so that nothing is served that one of them forbids.
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

    /// Puts it into a response's extensions, united with a purge that is already there.
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

    /// Whether it purges everything. It then has no tags and no URLs.
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

    /// The URLs: absolute, percent-encoded, without dot segments and without the default port, with
    /// their hosts in lower case.
    #[must_use]
    pub fn urls(&self) -> &[Uri] {
        &self.urls
    }

    /// The value of `Cache-Group-Invalidation`, a list of strings, for the response to a write
    /// (RFC 9875 section 3). `None` without tags, since the field can name nothing else. A cache
    /// knows a tag as a group only if the responses carry it in `Cache-Groups`.
    #[must_use]
    pub fn cache_group_invalidation(&self) -> Option<HeaderValue> {
        // I-03
        const FORMAT: TagFormat =
            TagFormat::new(HeaderName::from_static("cache-group-invalidation"), TagSyntax::Strings)
                .max_length(usize::MAX);
        if self.tags.is_empty() { None } else { FORMAT.value(&self.tags) }
    }
}
