//! [`TagFormat`]: the field in which an edge reads tags, and how much it reads.

#[cfg(feature = "audit")]
use http::HeaderMap;
use http::{HeaderName, HeaderValue};

use crate::policy::{CacheTag, CacheTags};

/// The field in which an edge reads tags, how it parts them, and how much of it it reads.
///
/// A separator belongs to the edge and not to the field: `Cache-Tag` is parted by commas at
/// most edges and by spaces at one (E2-1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TagFormat {
    field: HeaderName,
    syntax: TagSyntax,
    max_tags: usize,
    max_tag_length: usize,
    max_length: usize,
}

/// How the tags of one field are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TagSyntax {
    /// `a,b`
    Comma,
    /// `a, b`
    CommaSpace,
    /// `a b`
    Space,
    /// `"a", "b"`: a structured List of Strings (I-02).
    Strings,
}

impl TagFormat {
    /// What a value may be long where an edge states no limit of its own: 8 KiB, which is what
    /// a field line may have at most servers.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// `Cache-Groups` (RFC 9875): as many and as long as every cache that knows it must take,
    /// 32 of 32 octets (I-02).
    pub const CACHE_GROUPS: Self =
        Self::new(HeaderName::from_static("cache-groups"), TagSyntax::Strings).max_tags(32).max_tag_length(32);

    /// A field with this name and syntax, without limits but [`MAX_LENGTH`](Self::MAX_LENGTH).
    pub const fn new(field: HeaderName, syntax: TagSyntax) -> Self {
        Self { field, syntax, max_tags: usize::MAX, max_tag_length: CacheTag::MAX_LENGTH, max_length: Self::MAX_LENGTH }
    }

    /// How many tags an edge reads.
    pub const fn max_tags(mut self, count: usize) -> Self {
        self.max_tags = count;
        self
    }

    /// How long each may be, in octets.
    pub const fn max_tag_length(mut self, octets: usize) -> Self {
        self.max_tag_length = octets;
        self
    }

    /// How long the whole value may be, in octets.
    pub const fn max_length(mut self, octets: usize) -> Self {
        self.max_length = octets;
        self
    }

    /// The name of the field.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.field
    }

    /// How its tags are parted.
    #[must_use]
    pub const fn syntax(&self) -> TagSyntax {
        self.syntax
    }

    /// The tags in this field of an answer, and whether all that stands there are tags.
    #[cfg(feature = "audit")]
    pub(crate) fn tags_in(&self, headers: &HeaderMap) -> (CacheTags, bool) {
        self.read(headers.get_all(&self.field))
    }

    /// The limits of both.
    pub(super) fn within(mut self, other: &Self) -> Self {
        self.max_tags = self.max_tags.min(other.max_tags);
        self.max_tag_length = self.max_tag_length.min(other.max_tag_length);
        self.max_length = self.max_length.min(other.max_length);
        self
    }

    /// The value with all of the tags, or `None` where they do not fit: a tag is not cut, and
    /// none is left out (G-20).
    pub(super) fn value<'a>(&self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Option<HeaderValue> {
        let (separator, quote) = match self.syntax {
            TagSyntax::Comma => (",", ""),
            TagSyntax::CommaSpace => (", ", ""),
            TagSyntax::Space => (" ", ""),
            TagSyntax::Strings => (", ", "\""),
        };
        let mut text = String::new();
        for (index, tag) in tags.into_iter().enumerate() {
            let tag = tag.as_str();
            if index > 0 {
                text.push_str(separator);
            }
            for part in [quote, tag, quote] {
                text.push_str(part);
            }
            if index >= self.max_tags || tag.len() > self.max_tag_length || text.len() > self.max_length {
                return None;
            }
        }
        Some(HeaderValue::try_from(text).expect("tags and separators make a field value (G-20)"))
    }

    /// As many of the tags as fit, of which the first is this one, which stands for all that
    /// are left out. `None` where not even that fits.
    pub(super) fn value_with(&self, coarse: &CacheTag, tags: &CacheTags) -> Option<HeaderValue> {
        let fits = |count: usize| {
            let others = tags.iter().filter(|tag| *tag != coarse && tag.as_str().len() <= self.max_tag_length);
            self.value(std::iter::once(coarse).chain(others.take(count)))
        };
        // The more tags, the longer: so the place where they begin not to fit is searched for.
        let (mut fit, mut too_many) = (0, tags.len() + 1);
        while too_many - fit > 1 {
            let middle = usize::midpoint(fit, too_many);
            if fits(middle).is_some() { fit = middle } else { too_many = middle }
        }
        fits(fit)
    }

    /// The tags that a service inside wrote into this field itself, and whether all of them
    /// were tags.
    pub(super) fn read<'a>(&self, lines: impl IntoIterator<Item = &'a HeaderValue>) -> (CacheTags, bool) {
        let (mut tags, mut all) = (CacheTags::new(), true);
        let mut names = Vec::new();
        for line in lines {
            let Ok(text) = line.to_str() else {
                all = false;
                continue;
            };
            for member in text.split(|c| if self.syntax == TagSyntax::Space { c == ' ' } else { c == ',' }) {
                let member = member.trim_matches([' ', '\t']);
                let name = match self.syntax {
                    TagSyntax::Strings => member.strip_prefix('"').and_then(|name| name.strip_suffix('"')),
                    _ => Some(member),
                };
                match name.map(CacheTag::new) {
                    Some(Ok(tag)) => names.push(tag),
                    _ => all &= member.is_empty(),
                }
            }
        }
        tags.extend(names);
        (tags, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(count: usize) -> CacheTags {
        (0..count).map(|n| CacheTag::new(format!("tag-{n}")).unwrap()).collect()
    }

    #[test]
    fn each_syntax_parts_tags_in_its_way() {
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
    fn what_does_not_fit_is_not_cut_and_not_left_out() {
        let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Comma);
        assert!(format.clone().max_tags(2).value(&tags(2)).is_some());
        assert!(format.clone().max_tags(2).value(&tags(3)).is_none());
        assert!(format.clone().max_tag_length(5).value(&tags(10)).is_some());
        assert!(format.clone().max_tag_length(5).value(&tags(11)).is_none());
        assert!(format.clone().max_length(11).value(&tags(2)).is_some());
        assert!(format.max_length(10).value(&tags(2)).is_none());
    }

    #[test]
    fn a_coarse_tag_stands_first_and_for_those_that_are_left_out() {
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
    fn what_is_no_tag_in_a_field_that_a_service_wrote_is_noticed() {
        let format = TagFormat::new(HeaderName::from_static("x-tags"), TagSyntax::Comma);
        for (line, count, all) in
            [("a, b,,c", 3, true), ("a b", 0, false), ("a,User:7", 1, false), ("", 0, true), ("\"a\"", 0, false)]
        {
            let (tags, were) = format.read([&HeaderValue::from_static(line)]);
            assert_eq!((tags.len(), were), (count, all), "{line}");
        }
    }
}
