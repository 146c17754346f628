//! [`CacheTag`]: one name under which stored answers are found again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A name under which a cache finds stored responses, to purge them: 1 to
/// [`CacheTag::MAX_LENGTH`] characters of visible ASCII, such as `crate:serde` or
/// `release:serde@1.0.0`.
///
/// Few edge caches can carry all of these. [`TagFormat`](crate::edge::TagFormat) states the characters
/// and the length that an edge can carry, and `EdgeLayer` keeps a response with other tags out of shared
/// caches. Every known edge can carry tags of up to 120 letters, digits, `.`, `_` and `-`. Some do not
/// distinguish upper and lower case.
///
/// The [module page](super) has an example.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheTag(Cow<'static, str>);

/// Why a text is not a valid [`CacheTag`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCacheTag {
    tag: String,
}

impl CacheTag {
    /// The length of the longest tag that some edge cache can carry, in bytes.
    pub const MAX_LENGTH: usize = 1_024;

    /// A tag that is a constant of the program.
    ///
    /// ```compile_fail
    /// use tower_cache_policy::policy::CacheTag;
    /// const T: CacheTag = CacheTag::from_static("Two Words");
    /// ```
    ///
    /// # Panics
    ///
    /// If the text is not 1 to [`MAX_LENGTH`](Self::MAX_LENGTH) characters of visible ASCII. In a
    /// `const` it then does not compile.
    #[must_use]
    #[track_caller]
    pub const fn from_static(tag: &'static str) -> Self {
        assert!(is_tag(tag), "a tag has 1 to 1024 characters of visible ASCII, without white space");
        Self(Cow::Borrowed(tag))
    }

    /// A tag that is made at run time.
    ///
    /// # Errors
    ///
    /// If the text is not 1 to [`MAX_LENGTH`](Self::MAX_LENGTH) characters of visible ASCII. Map text that a
    /// user chose, such as a name, to an id first.
    pub fn new(tag: impl Into<String>) -> Result<Self, InvalidCacheTag> {
        let tag = tag.into();
        if is_tag(&tag) { Ok(Self(Cow::Owned(tag))) } else { Err(InvalidCacheTag { tag }) }
    }

    /// The tag.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CacheTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl InvalidCacheTag {
    /// The text.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for InvalidCacheTag {
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
    fn a_tag_is_any_that_some_edge_cache_can_carry() {
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
    fn the_error_for_any_other_text_names_it_and_the_remedy() {
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
            assert_eq!(text.contains("\" ..."), tag.len() > 64, "no more of it than a line holds: {text}");
        }
    }
}
