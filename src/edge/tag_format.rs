//! [`TagFormat`]: the field from which an edge reads tags, and the tags that it accepts.

#[cfg(any(feature = "audit", feature = "shared-cache"))]
use http::HeaderMap;
use http::{HeaderName, HeaderValue};

use super::tag_characters::TagCharacters;
use crate::policy::{CacheTag, CacheTags};
use crate::protocol::{BareItem, List, combined, push_structured_string};

/// The field from which an edge reads tags, its separator, and the tags that the edge accepts.
///
/// The separator depends on the edge and not on the field. In `Cache-Tag`, most edges expect commas, but `KeyCDN`
/// expects spaces.
///
/// ```
/// use http::HeaderName;
/// use tower_cache_policy::edge::{TagCharacters, TagFormat, TagSyntax};
/// use tower_cache_policy::policy::CacheTag;
///
/// let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Comma)
///     .characters(TagCharacters::VISIBLE_ASCII.without(",:"))
///     .max_tag_length(64);
/// assert!(format.carries(&CacheTag::from_static("release@1.0.0")));
/// assert!(!format.carries(&CacheTag::from_static("crate:serde")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TagFormat {
    field: HeaderName,
    syntax: TagSyntax,
    characters: TagCharacters,
    case: Option<TagCase>,
    max_tags: usize,
    max_tag_length: usize,
    max_length: usize,
}

/// How the tags of one field are separated.
///
/// With [`EdgeProfile::with_tags`](super::EdgeProfile::with_tags), the tags `news` and `post-7` are sent as:
///
/// | Syntax | Value |
/// |---|---|
/// | [`Comma`](Self::Comma) | `news,post-7` |
/// | [`CommaSpace`](Self::CommaSpace) | `news, post-7` |
/// | [`Space`](Self::Space), [`SpaceOrComma`](Self::SpaceOrComma) | `news post-7` |
/// | [`Strings`](Self::Strings) | `"news", "post-7"` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TagSyntax {
    /// `a,b`
    Comma,
    /// `a, b`
    CommaSpace,
    /// `a b`
    Space,
    /// `a b`. A comma is also a separator.
    SpaceOrComma,
    /// `"a", "b"`: a structured List of Strings ([RFC 9875 section 2]).
    ///
    /// [RFC 9875 section 2]: https://www.rfc-editor.org/rfc/rfc9875#section-2
    Strings,
}

/// Whether an edge distinguishes tags that differ only in case.
///
/// If the edge is not case-sensitive, or if that is not known, use the same case for all tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TagCase {
    /// `User` and `user` are two tags.
    Sensitive,
    /// `User` and `user` are one tag: a purge of one purges the other.
    Insensitive,
}

impl TagFormat {
    /// The default for [`max_length`](Self::max_length): 8 KiB, the longest field line that most servers accept.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// The standard field `Cache-Groups` ([RFC 9875 section 2](https://www.rfc-editor.org/rfc/rfc9875#section-2)), with
    /// the limits that every implementation must support: 32 tags of 32 bytes.
    ///
    /// ```
    /// use tower_cache_policy::edge::{EdgeProfile, TagFormat};
    ///
    /// let edge = EdgeProfile::STANDARD.with_tags(Some(TagFormat::CACHE_GROUPS));
    /// assert_eq!(edge.tags().unwrap().field(), "cache-groups");
    /// ```
    // I-02
    pub const CACHE_GROUPS: Self = Self::new(HeaderName::from_static("cache-groups"), TagSyntax::Strings)
        .case(TagCase::Sensitive)
        .max_tags(32)
        .max_tag_length(32);

    /// Creates a format with this field name and syntax.
    ///
    /// By default, tags may contain all visible ASCII except separators. The field may have any number of tags, up to
    /// [`MAX_LENGTH`](Self::MAX_LENGTH) bytes in total.
    ///
    /// ```
    /// use http::HeaderName;
    /// use tower_cache_policy::edge::{TagFormat, TagSyntax};
    ///
    /// let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Comma);
    /// assert_eq!(format.allowed_characters().to_string(), "visible ASCII except ,");
    /// assert_eq!(format.case_sensitivity(), None);
    /// ```
    pub const fn new(field: HeaderName, syntax: TagSyntax) -> Self {
        let characters = match syntax {
            TagSyntax::Comma | TagSyntax::CommaSpace | TagSyntax::SpaceOrComma => {
                TagCharacters::VISIBLE_ASCII.without(",")
            }
            TagSyntax::Space | TagSyntax::Strings => TagCharacters::VISIBLE_ASCII,
        };
        Self {
            field,
            syntax,
            characters,
            case: None,
            max_tags: usize::MAX,
            max_tag_length: CacheTag::MAX_LENGTH,
            max_length: Self::MAX_LENGTH,
        }
    }

    /// Limits the characters of a tag. Separators of the syntax remain excluded.
    pub const fn characters(mut self, characters: TagCharacters) -> Self {
        self.characters = self.characters.in_both(characters);
        self
    }

    /// States whether the edge distinguishes tags that differ only in case. By default, this is not known.
    pub const fn case(mut self, case: TagCase) -> Self {
        self.case = Some(case);
        self
    }

    /// Sets the maximum number of tags in one response. By default, the number is not limited.
    ///
    /// A response with more tags is treated according to [`TagOverflow`](super::TagOverflow).
    pub const fn max_tags(mut self, count: usize) -> Self {
        self.max_tags = count;
        self
    }

    /// Sets the maximum length of one tag, in bytes. The default is [`CacheTag::MAX_LENGTH`].
    pub const fn max_tag_length(mut self, bytes: usize) -> Self {
        self.max_tag_length = bytes;
        self
    }

    /// Sets the maximum length of the complete value, in bytes. The default is [`MAX_LENGTH`](Self::MAX_LENGTH).
    pub const fn max_length(mut self, bytes: usize) -> Self {
        self.max_length = bytes;
        self
    }

    /// Returns the name of the field.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.field
    }

    /// Returns the syntax of the field.
    #[must_use]
    pub const fn syntax(&self) -> TagSyntax {
        self.syntax
    }

    /// Returns the characters that a tag may contain.
    pub const fn allowed_characters(&self) -> TagCharacters {
        self.characters
    }

    /// Returns whether the edge distinguishes tags that differ only in case, or `None` if that is not known.
    #[must_use]
    pub const fn case_sensitivity(&self) -> Option<TagCase> {
        self.case
    }

    /// Returns whether the edge accepts this tag.
    ///
    /// ```
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// let akamai = EdgeProfile::AKAMAI;
    /// let carries = |tag| akamai.tags().unwrap().carries(&CacheTag::new(tag).unwrap());
    /// assert!(carries("post-7"));
    /// assert!(!carries("post:7"), "a character that Akamai does not accept");
    /// assert!(!carries(&"a".repeat(129)), "longer than 128 characters");
    /// ```
    #[must_use]
    pub fn carries(&self, tag: &CacheTag) -> bool {
        let tag = tag.as_str();
        tag.len() <= self.max_tag_length && tag.bytes().all(|byte| self.characters.contains(char::from(byte)))
    }

    /// Returns the maximum length of a tag, in bytes.
    pub(super) fn longest_tag(&self) -> usize {
        self.max_tag_length.min(self.max_length).min(CacheTag::MAX_LENGTH)
    }

    /// Returns the tags in this field of a response, and whether all members of the field are valid tags.
    #[cfg(any(feature = "audit", feature = "shared-cache"))]
    pub(crate) fn tags_in(&self, headers: &HeaderMap) -> (CacheTags, bool) {
        self.read(headers.get_all(&self.field))
    }

    /// Combines the limits of two formats.
    pub(super) fn within(mut self, other: &Self) -> Self {
        self.characters = self.characters.in_both(other.characters);
        self.max_tags = self.max_tags.min(other.max_tags);
        self.max_tag_length = self.max_tag_length.min(other.max_tag_length);
        self.max_length = self.max_length.min(other.max_length);
        self
    }

    /// Renders all tags, or returns `None` if they do not fit. Never truncates or omits a tag.
    // G-20
    pub(super) fn value<'a>(&self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Option<HeaderValue> {
        let separator = match self.syntax {
            TagSyntax::Comma => ",",
            TagSyntax::CommaSpace | TagSyntax::Strings => ", ",
            TagSyntax::Space | TagSyntax::SpaceOrComma => " ",
        };
        let mut text = String::new();
        for (index, tag) in tags.into_iter().enumerate() {
            if index >= self.max_tags || !self.carries(tag) {
                return None;
            }
            if index > 0 {
                text.push_str(separator);
            }
            if self.syntax == TagSyntax::Strings {
                push_structured_string(&mut text, tag.as_str().chars())
            } else {
                text.push_str(tag.as_str())
            }
            if text.len() > self.max_length {
                return None;
            }
        }
        Some(HeaderValue::try_from(text).expect("tags and separators are visible ASCII and spaces"))
    }

    /// Renders the coarse tag, followed by as many of the tags as fit. Returns `None` if even the coarse tag does not
    /// fit.
    pub(super) fn value_with(&self, coarse: &CacheTag, tags: &CacheTags) -> Option<HeaderValue> {
        let fits = |count: usize| {
            let others = tags.iter().filter(|tag| *tag != coarse && self.carries(tag));
            self.value(std::iter::once(coarse).chain(others.take(count)))
        };
        // The value becomes longer with each tag, so a binary search finds how many fit.
        let (mut fit, mut too_many) = (0, tags.len() + 1);
        while too_many - fit > 1 {
            let middle = usize::midpoint(fit, too_many);
            if fits(middle).is_some() { fit = middle } else { too_many = middle }
        }
        fits(fit)
    }

    /// Reads the tags that an inner service wrote into this field. The flag is `false` if a member of the field is not
    /// a tag that the edge accepts.
    pub(super) fn read<'a>(&self, lines: impl IntoIterator<Item = &'a HeaderValue>) -> (CacheTags, bool) {
        if self.syntax == TagSyntax::Strings {
            return self.read_strings(lines);
        }
        let mut all = true;
        let mut tags = Vec::new();
        for line in lines {
            let Ok(text) = line.to_str() else {
                all = false;
                continue;
            };
            let is_separator = |character| match self.syntax {
                TagSyntax::Space => character == ' ',
                TagSyntax::SpaceOrComma => matches!(character, ' ' | ','),
                TagSyntax::Comma | TagSyntax::CommaSpace | TagSyntax::Strings => character == ',',
            };
            for member in text.split(is_separator) {
                let member = member.trim_matches([' ', '\t']);
                match self.tag(member) {
                    Some(tag) => tags.push(tag),
                    None => all &= member.is_empty(),
                }
            }
        }
        (tags.into_iter().collect(), all)
    }

    /// Like [`read`](Self::read), for a List of Strings, in which commas and quotes may be part of a tag.
    // I-02
    fn read_strings<'a>(&self, lines: impl IntoIterator<Item = &'a HeaderValue>) -> (CacheTags, bool) {
        let value = combined(lines);
        let Some(list) = List::parse(&value) else { return (CacheTags::new(), false) };
        let (mut all, mut tags) = (true, Vec::new());
        for member in list.iter() {
            match member.item() {
                Some(BareItem::String(text)) => match self.tag(text) {
                    Some(tag) => tags.push(tag),
                    None => all = false,
                },
                _ => all = false,
            }
        }
        (tags.into_iter().collect(), all)
    }

    fn tag(&self, text: &str) -> Option<CacheTag> {
        CacheTag::new(text).ok().filter(|tag| self.carries(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(count: usize) -> CacheTags {
        (0..count).map(|n| CacheTag::new(format!("tag-{n}")).unwrap()).collect()
    }

    #[test]
    fn each_syntax_separates_tags_as_documented() {
        for (syntax, expected) in [
            (TagSyntax::Comma, "tag-0,tag-1"),
            (TagSyntax::CommaSpace, "tag-0, tag-1"),
            (TagSyntax::Space, "tag-0 tag-1"),
            (TagSyntax::Strings, r#""tag-0", "tag-1""#),
        ] {
            let format = TagFormat::new(HeaderName::from_static("x-tags"), syntax);
            let value = format.value(&tags(2)).unwrap();
            assert_eq!(value, expected);
            assert_eq!(format.read([&value]), (tags(2), true));
        }
    }

    #[test]
    fn tags_that_do_not_fit_give_no_value() {
        let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Comma);
        assert!(format.clone().max_tags(2).value(&tags(2)).is_some());
        assert!(format.clone().max_tags(2).value(&tags(3)).is_none());
        assert!(format.clone().max_tag_length(5).value(&tags(10)).is_some());
        assert!(format.clone().max_tag_length(5).value(&tags(11)).is_none());
        assert!(format.clone().max_length(11).value(&tags(2)).is_some());
        assert!(format.max_length(10).value(&tags(2)).is_none());
    }

    #[test]
    fn a_coarse_tag_comes_first_and_replaces_the_tags_that_do_not_fit() {
        let coarse = CacheTag::from_static("all");
        let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Space);
        for (format, expected) in [
            (format.clone().max_tags(3), Some("all tag-0 tag-1")),
            (format.clone().max_length(10), Some("all tag-0")),
            (format.clone().max_length(3), Some("all")),
            (format.clone().max_length(2), None),
            (format.max_tag_length(5), Some("all tag-0 tag-1 tag-2 tag-3 tag-4 tag-5 tag-6 tag-7 tag-8 tag-9")),
        ] {
            let value = format.value_with(&coarse, &tags(12));
            assert_eq!(value.as_ref().map(|value| value.to_str().unwrap()), expected);
        }
    }

    #[test]
    fn reading_reports_members_that_the_edge_does_not_accept() {
        let format = |syntax| TagFormat::new(HeaderName::from_static("x-tags"), syntax);
        let narrow = || format(TagSyntax::Comma).characters(TagCharacters::ALPHANUMERIC).max_tag_length(4);
        for (format, line, count, all) in [
            (format(TagSyntax::Comma), "a, b,,c", 3, true),
            (format(TagSyntax::Comma), "a b", 0, false),
            (format(TagSyntax::Comma), "post:9,User@7", 2, true),
            (format(TagSyntax::Comma), "\"a\"", 1, true),
            (format(TagSyntax::Comma), "", 0, true),
            (format(TagSyntax::Space), "a,b c", 2, true),
            (format(TagSyntax::Space), "a\tb c", 1, false),
            (format(TagSyntax::SpaceOrComma), "a, b c,d", 4, true),
            (narrow(), "abc,Ab9", 2, true),
            (narrow(), "abcde,a:b,ab", 1, false),
            (format(TagSyntax::Strings), r#""a", "b,c", "d\"e\\""#, 3, true),
            (format(TagSyntax::Strings), r#""a";x=1"#, 1, true),
            (format(TagSyntax::Strings), r#""a b", "c""#, 1, false),
            (format(TagSyntax::Strings), r#""a", b, 1, ("c")"#, 1, false),
            (format(TagSyntax::Strings), "a\"b", 0, false),
            (format(TagSyntax::Strings), "", 0, true),
        ] {
            let (tags, were) = format.read([&HeaderValue::from_static(line)]);
            assert_eq!((tags.len(), were), (count, all), "{line}");
        }
    }

    #[test]
    fn reading_a_rendered_value_returns_the_same_tags() {
        let visible: Vec<char> = ('!'..='~').collect();
        for syntax in
            [TagSyntax::Comma, TagSyntax::CommaSpace, TagSyntax::Space, TagSyntax::SpaceOrComma, TagSyntax::Strings]
        {
            let format = TagFormat::new(HeaderName::from_static("x-tags"), syntax);
            let texts = visible.iter().map(|character| format!("{character}a{character}"));
            let tags: CacheTags = texts.map(|text| CacheTag::new(text).unwrap()).collect();
            let carried: CacheTags = tags.iter().filter(|tag| format.carries(tag)).cloned().collect();
            let separators = usize::from(syntax != TagSyntax::Space && syntax != TagSyntax::Strings);
            assert_eq!(carried.len(), visible.len() - separators);
            let value = format.value(&carried).unwrap();
            assert_eq!(format.read([&value]), (carried, true), "{value:?}");
            assert_eq!(format.value(&tags).is_some(), separators == 0, "a separator is not accepted");
        }
    }

    #[test]
    fn combined_formats_accept_the_tags_that_both_accept() {
        let name = || HeaderName::from_static("x-tags");
        let one = TagFormat::new(name(), TagSyntax::Comma).characters(TagCharacters::VISIBLE_ASCII.without(":"));
        let other = TagFormat::new(name(), TagSyntax::Comma).characters(TagCharacters::VISIBLE_ASCII.without("@"));
        let both = one.within(&other);
        let carries = |tag| both.carries(&CacheTag::from_static(tag));
        assert!(carries("a/b") && !carries("a:b") && !carries("a@b") && !carries("a,b"));
    }
}
