//! [`TagCharacters`]: the characters that an edge accepts in tags.

use std::fmt;

/// A set of characters that an edge accepts in tags. All of them are visible ASCII.
///
/// `Display` writes the shorter of two lists: the characters in the set, or those that are excluded.
///
/// ```
/// use tower_cache_policy::edge::TagCharacters;
///
/// const TOKEN: TagCharacters = TagCharacters::ALPHANUMERIC.with("!#$%&'*+-.^_`|~");
/// assert!(TOKEN.contains('*') && !TOKEN.contains(':'));
/// assert_eq!(TOKEN.without("*").to_string(), "A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~");
/// assert_eq!(TagCharacters::VISIBLE_ASCII.without(",").to_string(), "visible ASCII except ,");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct TagCharacters(u128);

impl TagCharacters {
    /// All visible ASCII characters: `!` to `~`.
    pub const VISIBLE_ASCII: Self = Self::range(b'!', b'~');

    /// The ASCII letters and digits.
    pub const ALPHANUMERIC: Self =
        Self(Self::range(b'A', b'Z').0 | Self::range(b'a', b'z').0 | Self::range(b'0', b'9').0);

    /// Adds these characters.
    ///
    /// ```
    /// use tower_cache_policy::edge::TagCharacters;
    ///
    /// const SLUG: TagCharacters = TagCharacters::ALPHANUMERIC.with("-_");
    /// assert!("post-7".chars().all(|character| SLUG.contains(character)));
    /// assert!(!SLUG.contains(' '));
    /// assert_eq!(SLUG.to_string(), "A-Z, a-z, 0-9, - _");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if one of them is not visible ASCII.
    #[track_caller]
    pub const fn with(self, characters: &str) -> Self {
        Self(self.0 | Self::of(characters).0)
    }

    /// Removes these characters.
    ///
    /// ```
    /// use tower_cache_policy::edge::TagCharacters;
    ///
    /// // An edge that interprets `*` in a purge as a wildcard.
    /// const LITERAL: TagCharacters = TagCharacters::VISIBLE_ASCII.without("*");
    /// assert!(!LITERAL.contains('*'));
    /// assert_eq!(LITERAL.to_string(), "visible ASCII except *");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if one of them is not visible ASCII.
    #[track_caller]
    pub const fn without(self, characters: &str) -> Self {
        Self(self.0 & !Self::of(characters).0)
    }

    /// Returns whether a tag may contain this character.
    #[must_use]
    pub const fn contains(self, character: char) -> bool {
        character.is_ascii() && self.0 & (1 << character as u32) != 0
    }

    /// Returns the first character of the string that is not in the set.
    pub(super) fn first_outside(self, text: &str) -> Option<char> {
        text.chars().find(|character| !self.contains(*character))
    }

    /// Returns the characters that are in both sets.
    pub(super) const fn in_both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn range(first: u8, last: u8) -> Self {
        let (mut bits, mut byte) = (0, first);
        while byte <= last {
            bits |= 1 << byte;
            byte += 1;
        }
        Self(bits)
    }

    #[track_caller]
    const fn of(characters: &str) -> Self {
        let (mut bits, mut index) = (0, 0);
        let bytes = characters.as_bytes();
        while index < bytes.len() {
            assert!(bytes[index].is_ascii_graphic(), "not a character of a tag: use visible ASCII, `!` to `~`");
            bits |= 1 << bytes[index];
            index += 1;
        }
        Self(bits)
    }

    fn iter(self) -> impl Iterator<Item = char> {
        (b'!'..=b'~').map(char::from).filter(move |character| self.contains(*character))
    }
}

impl fmt::Display for TagCharacters {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FEW: usize = 4;
        let refused = Self(Self::VISIBLE_ASCII.0 & !self.0);
        if refused.0.count_ones() as usize <= FEW {
            f.write_str("visible ASCII")?;
            for (index, character) in refused.iter().enumerate() {
                write!(f, "{}{character}", if index == 0 { " except " } else { " " })?;
            }
            return Ok(());
        }
        let mut rest = *self;
        let mut separator = "";
        for (name, range) in
            [("A-Z", Self::range(b'A', b'Z')), ("a-z", Self::range(b'a', b'z')), ("0-9", Self::range(b'0', b'9'))]
        {
            if self.in_both(range) == range {
                write!(f, "{separator}{name}")?;
                rest = Self(rest.0 & !range.0);
                separator = ", ";
            }
        }
        for character in rest.iter() {
            write!(f, "{separator}{character}")?;
            separator = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for TagCharacters {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagCharacters({self})")
    }
}
