//! [`CacheTag`]: one name under which stored answers are found again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// One name under which stored answers are found again: 1 to [`CacheTag::MAX_LENGTH`] of a-z,
/// 0-9, `.`, `_` and `-`, which every edge cache takes and none tells from another case
/// (G-20).
///
/// The [module page](super) has an example.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheTag(Cow<'static, str>);

/// Why a text is no [`CacheTag`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCacheTag {
    tag: String,
}

impl CacheTag {
    /// The length of the longest tag, in octets.
    pub const MAX_LENGTH: usize = 128;

    /// A tag that is known when the program is written.
    ///
    /// ```compile_fail
    /// use tower_cache_policy::policy::CacheTag;
    /// const T: CacheTag = CacheTag::from_static("Two Words");
    /// ```
    ///
    /// # Panics
    ///
    /// When it is outside the grammar; in a `const` it then does not compile.
    #[must_use]
    #[track_caller]
    pub const fn from_static(tag: &'static str) -> Self {
        assert!(is_tag(tag), "a tag is 1 to 128 of a-z, 0-9, '.', '_' and '-' (G-20)");
        Self(Cow::Borrowed(tag))
    }

    /// A tag that is made when the program runs.
    ///
    /// # Errors
    ///
    /// When it is outside the grammar: what a user may choose, such as a slug or a name, has to
    /// be mapped to an id first.
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
    /// What was given.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for InvalidCacheTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const START: usize = 64;
        // A text from outside may be long.
        let start: String = self.tag.chars().take(START).collect();
        let more = if start.len() < self.tag.len() { " ..." } else { "" };
        write!(f, "the tag {start:?}{more} ")?;
        match self.tag.chars().find(|&c| !u8::try_from(c).is_ok_and(is_tag_octet)) {
            Some(c) => write!(f, "has {c:?} in it")?,
            None if self.tag.is_empty() => f.write_str("is empty")?,
            None => write!(f, "has {} octets", self.tag.len())?,
        }
        write!(f, ": write 1 to {} of a-z, 0-9, '.', '_' and '-' (G-20)", CacheTag::MAX_LENGTH)
    }
}

impl std::error::Error for InvalidCacheTag {}

const fn is_tag(tag: &str) -> bool {
    let octets = tag.as_bytes();
    if octets.is_empty() || octets.len() > CacheTag::MAX_LENGTH {
        return false;
    }
    let mut index = 0;
    while index < octets.len() {
        if !is_tag_octet(octets[index]) {
            return false;
        }
        index += 1;
    }
    true
}

const fn is_tag_octet(octet: u8) -> bool {
    matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_every_edge_cache_takes() {
        let longest = "a".repeat(CacheTag::MAX_LENGTH);
        for tag in ["a", "articles", "article-7", "v1.2_3", longest.as_str()] {
            let read = CacheTag::new(tag).unwrap();
            assert_eq!((read.as_str(), read.as_ref()), (tag, tag));
        }
    }

    #[test]
    fn what_it_is_not_is_an_error_that_names_it_and_the_rule() {
        let too_long = "a".repeat(CacheTag::MAX_LENGTH + 1);
        for (tag, reason) in [
            ("", "is empty"),
            ("two words", "has ' ' in it"),
            ("a,b", "has ',' in it"),
            ("User", "has 'U' in it"),
            ("user:7", "has ':' in it"),
            ("a\r\nSet-Cookie: id=1", "has '\\r' in it"),
            ("a\0", "has '\\0' in it"),
            ("käse", "has 'ä' in it"),
            ("a\u{212a}", "in it"),
            (too_long.as_str(), "has 129 octets"),
        ] {
            let error = CacheTag::new(tag).unwrap_err();
            assert_eq!(error.tag(), tag);
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains("G-20"), "{text}");
            assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
            assert_eq!(text.contains("\" ..."), tag.len() > 64, "no more of it than a line holds: {text}");
        }
    }
}
