//! [`CacheTag`]: a name by which a cache finds stored responses.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A name by which a cache finds the stored responses that a purge affects, such as `crate:serde` or
/// `release:serde@1.0.0`.
///
/// A tag consists of 1 to [`CacheTag::MAX_LENGTH`] characters of visible ASCII. Few edge caches accept all of these.
/// [`TagFormat`](crate::edge::TagFormat) describes the characters and the length that an edge accepts. `EdgeLayer`
/// makes a response private if an edge does not accept one of its tags. Every edge with a built-in profile accepts
/// tags of up to 120 letters, digits, `.`, `_` and `-`. Some edges do not distinguish upper and lower case.
///
/// The [module page](super) has an example.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheTag(Cow<'static, str>);

/// An error for a text that is not a valid [`CacheTag`]. Its text names the fault and the characters to use.
///
/// ```
/// use tower_cache_policy::policy::CacheTag;
///
/// for (text, message) in [
///     ("", "the tag \"\" is empty: use 1 to 1024 characters of visible ASCII, without white space"),
///     ("caf\u{e9}", "the tag \"café\" contains 'é': use 1 to 1024 characters of visible ASCII, without white space"),
/// ] {
///     let error = CacheTag::new(text).unwrap_err();
///     assert_eq!(error.to_string(), message);
///     assert_eq!(error.tag(), text);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCacheTag {
    tag: String,
}

impl CacheTag {
    /// The maximum length of a tag in bytes: 1024, the largest limit of the known edge caches.
    pub const MAX_LENGTH: usize = 1_024;

    /// Creates a tag from a constant. An invalid tag in a `const` does not compile:
    ///
    /// ```compile_fail
    /// use tower_cache_policy::policy::CacheTag;
    /// const T: CacheTag = CacheTag::from_static("Two Words");
    /// ```
    ///
    /// # Panics
    ///
    /// If the text is not 1 to [`MAX_LENGTH`](Self::MAX_LENGTH) characters of visible ASCII.
    #[must_use]
    #[track_caller]
    pub const fn from_static(tag: &'static str) -> Self {
        assert!(is_tag(tag), "not a valid tag: use 1 to 1024 characters of visible ASCII, without white space");
        Self(Cow::Borrowed(tag))
    }

    /// Creates a tag from a text that is known only at run time.
    ///
    /// Do not use a text that a user chose, such as a name. Use an id.
    ///
    /// ```
    /// use tower_cache_policy::policy::{CacheTag, InvalidCacheTag};
    ///
    /// fn tag_of(id: u64) -> Result<CacheTag, InvalidCacheTag> {
    ///     CacheTag::new(format!("article-{id}"))
    /// }
    /// assert_eq!(tag_of(7)?.as_str(), "article-7");
    /// # Ok::<(), InvalidCacheTag>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not 1 to [`MAX_LENGTH`](Self::MAX_LENGTH) characters of visible ASCII.
    pub fn new(tag: impl Into<String>) -> Result<Self, InvalidCacheTag> {
        let tag = tag.into();
        if is_tag(&tag) { Ok(Self(Cow::Owned(tag))) } else { Err(InvalidCacheTag { tag }) }
    }

    /// Returns the tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for CacheTag {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for CacheTag {
    type Err = InvalidCacheTag;

    fn from_str(tag: &str) -> Result<Self, InvalidCacheTag> {
        Self::new(tag)
    }
}

impl TryFrom<&str> for CacheTag {
    type Error = InvalidCacheTag;

    fn try_from(tag: &str) -> Result<Self, InvalidCacheTag> {
        Self::new(tag)
    }
}

impl TryFrom<String> for CacheTag {
    type Error = InvalidCacheTag;

    fn try_from(tag: String) -> Result<Self, InvalidCacheTag> {
        Self::new(tag)
    }
}

impl fmt::Display for CacheTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CacheTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl InvalidCacheTag {
    /// Returns the text that is not a valid tag.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for InvalidCacheTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const START: usize = 64;
        let start: String = self.tag.chars().take(START).collect();
        let more = if start.len() < self.tag.len() { " ..." } else { "" };
        write!(f, "the tag {start:?}{more} ")?;
        // The search ends where a valid tag would.
        match self.tag.chars().take(CacheTag::MAX_LENGTH).find(|character| !character.is_ascii_graphic()) {
            Some(character) => write!(f, "contains {character:?}")?,
            None if self.tag.is_empty() => f.write_str("is empty")?,
            None => write!(f, "has {} characters", self.tag.len())?,
        }
        write!(f, ": use 1 to {} characters of visible ASCII, without white space", CacheTag::MAX_LENGTH)
    }
}

impl std::error::Error for InvalidCacheTag {}

const fn is_tag(tag: &str) -> bool {
    let bytes = tag.as_bytes();
    if bytes.is_empty() || bytes.len() > CacheTag::MAX_LENGTH {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() {
        if !bytes[index].is_ascii_graphic() {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_tags_of_all_edge_caches() {
        let longest = "a".repeat(CacheTag::MAX_LENGTH);
        for tag in [
            "a",
            "articles",
            "article-7",
            "v1.2_3",
            "crate:serde",
            "release:serde@1.0.0",
            "crate-Inflector",
            "01J9ZC8W4M3T7QK5N2X6V0HBYA",
            "node_list",
            "config:user.role.anonymous",
            "/news/7?page=2#top",
            "a,b",
            "\"a\"",
            "BQD?*",
            "t#k[uP",
            longest.as_str(),
        ] {
            let read = CacheTag::new(tag).unwrap();
            assert_eq!((read.as_str(), read.as_ref()), (tag, tag));
        }
    }

    #[test]
    fn the_error_names_the_text_and_the_remedy() {
        let too_long = "a".repeat(CacheTag::MAX_LENGTH + 1);
        for (tag, reason) in [
            ("", "is empty"),
            ("two words", "contains ' '"),
            ("a\tb", "contains '\\t'"),
            ("a\r\nSet-Cookie: id=1", "contains '\\r'"),
            ("a\0", "contains '\\0'"),
            ("a\u{7f}", "contains '\\u{7f}'"),
            ("käse", "contains 'ä'"),
            ("a\u{212a}", "contains"),
            (too_long.as_str(), "has 1025 characters"),
        ] {
            let error = CacheTag::new(tag).unwrap_err();
            assert_eq!(error.tag(), tag);
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains("use 1 to 1024 characters"), "{text}");
            assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
            assert_eq!(text.contains("\" ..."), tag.len() > 64, "a long tag is shortened: {text}");
        }
    }
}
