//! [`UnsupportedTag`]: a tag that an edge does not accept.

use std::fmt;

use http::HeaderName;

use super::tag_format::TagFormat;
use crate::policy::CacheTag;

/// An error for a tag that an edge does not accept. The edge could not purge a response with this tag.
///
/// Its text names the edge, the tag, the problem, and the characters and the length to use.
///
/// Returned by [`EdgeLayer::check_tags`](crate::EdgeLayer::check_tags) and
/// [`Edges::check_tags`](super::Edges::check_tags):
///
/// ```
/// use tower_cache_policy::edge::{EdgeProfile, Edges};
/// use tower_cache_policy::policy::CacheTag;
///
/// let tag = CacheTag::from_static("user:7");
/// let error = Edges::from(EdgeProfile::BUNNY).check_tags([&tag]);
/// assert!(error.is_ok(), "Bunny accepts a colon");
///
/// let error = Edges::from(EdgeProfile::AKAMAI).check_tags([&tag]).unwrap_err();
/// assert_eq!((error.edge(), error.tag(), error.field().as_str()), ("akamai", &tag, "edge-cache-tag"));
/// assert!(error.to_string().contains("which contains ':'"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedTag {
    edge: &'static str,
    tag: CacheTag,
    format: Box<TagFormat>,
}

impl UnsupportedTag {
    /// Checks a tag. Returns `None` if the edge accepts it.
    pub(super) fn find(edge: &'static str, format: &TagFormat, tag: &CacheTag) -> Option<Self> {
        (!format.carries(tag)).then(|| Self { edge, tag: tag.clone(), format: Box::new(format.clone()) })
    }

    /// Returns the name of the profile.
    #[must_use]
    pub const fn edge(&self) -> &'static str {
        self.edge
    }

    /// Returns the tag.
    #[must_use]
    pub const fn tag(&self) -> &CacheTag {
        &self.tag
    }

    /// Returns the name of the field from which the edge reads tags.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        self.format.field()
    }
}

impl fmt::Display for UnsupportedTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const START: usize = 64;
        let Self { edge, tag, format } = self;
        let start: String = tag.as_str().chars().take(START).collect();
        let more = if start.len() < tag.as_str().len() { " ..." } else { "" };
        write!(f, "the edge `{edge}` cannot carry the tag {start:?}{more} in `{}`, which ", format.field())?;
        match format.allowed_characters().first_outside(tag.as_str()) {
            Some(character) => write!(f, "contains {character:?}")?,
            None => write!(f, "has {} characters", tag.as_str().len())?,
        }
        write!(f, ": use 1 to {} characters of {}", format.longest_tag(), format.allowed_characters())
    }
}

impl std::error::Error for UnsupportedTag {}
