//! [`EntityTag`], its borrowed form [`EntityTagRef`], and [`EntityTagList`].

use std::fmt;

use http::HeaderValue;

use super::syntax::{MAX_MEMBERS, trim_ows};

/// An entity tag, the opaque validator of the `ETag` field
/// ([RFC 9110 section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3)).
///
/// ```text
/// entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
/// etagc      = %x21 / %x23-7E / %x80-FF     ; no space, no DQUOTE, no control character
/// ```
///
/// To compare two tags, use [`strong_eq`] or [`weak_eq`], the two comparison functions of the standard. Do not use
/// `==`, which compares the bytes of the field value.
///
/// | First | Second | [`strong_eq`] | [`weak_eq`] |
/// |---|---|---|---|
/// | `W/"1"` | `W/"1"` | no | yes |
/// | `W/"1"` | `W/"2"` | no | no |
/// | `W/"1"` | `"1"` | no | yes |
/// | `"1"` | `"1"` | yes | yes |
///
/// # Example
///
/// ```
/// use tower_cache_policy::protocol::EntityTag;
///
/// const V1: EntityTag = EntityTag::from_static("\"v1\"");
/// let weak = EntityTag::weak("v1")?;
/// assert!(V1.weak_eq(&weak));
/// assert!(!V1.strong_eq(&weak));
/// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
/// ```
///
/// [`strong_eq`]: EntityTag::strong_eq
/// [`weak_eq`]: EntityTag::weak_eq
// V-05.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntityTag(HeaderValue);

impl EntityTag {
    /// Creates a tag from its complete text, including the quotes.
    ///
    /// # Panics
    ///
    /// Panics if `text` is not an entity tag. In a `const` this is a compile error. Accepts visible ASCII only; use
    /// [`EntityTag::parse`] for bytes above 127.
    ///
    /// ```compile_fail
    /// use tower_cache_policy::protocol::EntityTag;
    /// const UNQUOTED: EntityTag = EntityTag::from_static("v1");
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(
            is_entity_tag(text.as_bytes()),
            "an entity tag includes its quotes, as in \"\\\"v1\\\"\" or \"W/\\\"v1\\\"\", and must not contain spaces"
        );
        Self(HeaderValue::from_static(text))
    }

    /// Creates a strong tag from its opaque text, without quotes.
    ///
    /// Use a revision or a hash of the content. The tag must change whenever the response changes, for example with the
    /// language.
    ///
    /// ```
    /// use tower_cache_policy::protocol::EntityTag;
    ///
    /// let etag = EntityTag::strong(format!("rev-{}", 7))?;
    /// assert_eq!(etag.to_header_value(), "\"rev-7\"");
    /// assert!(!etag.is_weak());
    /// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `opaque` contains a space, a double quote or a control character.
    pub fn strong(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        // V-01.
        Self::from_parts(b"\"", opaque.as_ref())
    }

    /// Creates a weak tag from its opaque text, without quotes and `W/` prefix.
    ///
    /// Use a weak tag if two responses with the same tag may differ in their bytes, for example in their compression.
    ///
    /// ```
    /// use tower_cache_policy::protocol::EntityTag;
    ///
    /// let etag = EntityTag::weak("rev-7")?;
    /// assert_eq!(etag.to_header_value(), "W/\"rev-7\"");
    /// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `opaque` contains a space, a double quote or a control character.
    pub fn weak(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        // V-01.
        Self::from_parts(b"W/\"", opaque.as_ref())
    }

    /// Parses one entity tag, such as an `ETag` field value. The prefix `W/` is case-sensitive.
    ///
    /// Surrounding white space is ignored.
    ///
    /// ```
    /// use tower_cache_policy::protocol::EntityTag;
    ///
    /// let etag = EntityTag::parse(b"W/\"v1\"")?;
    /// assert!(etag.is_weak());
    /// assert_eq!(etag.opaque(), b"v1");
    /// assert!(EntityTag::parse(b"v1").is_err(), "the quotes are part of a tag");
    /// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `bytes` is not exactly one tag.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidEntityTag> {
        // V-01 to V-04.
        let text = trim_ows(bytes);
        if EntityTagRef::parse(text).is_none() {
            return Err(InvalidEntityTag::new(bytes));
        }
        HeaderValue::from_bytes(text).map(Self).map_err(|_| InvalidEntityTag::new(bytes))
    }

    /// Borrows the tag.
    #[must_use]
    pub fn as_ref(&self) -> EntityTagRef<'_> {
        EntityTagRef::split(self.0.as_bytes())
    }

    /// Returns whether the tag is weak.
    ///
    /// A weak tag can match `If-None-Match`, but never `If-Match` or `If-Range`.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        // P-07, R-11.
        self.as_ref().is_weak()
    }

    /// Returns the bytes between the quotes.
    #[must_use]
    pub fn opaque(&self) -> &[u8] {
        self.as_ref().opaque()
    }

    /// Strong comparison: returns whether both tags are strong and their opaque bytes are equal
    /// ([RFC 9110 section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2)).
    #[must_use]
    pub fn strong_eq(&self, other: &Self) -> bool {
        // V-05.
        self.as_ref().strong_eq(other.as_ref())
    }

    /// Weak comparison: returns whether the opaque bytes are equal
    /// ([RFC 9110 section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2)).
    #[must_use]
    pub fn weak_eq(&self, other: &Self) -> bool {
        // V-05.
        self.as_ref().weak_eq(other.as_ref())
    }

    /// Returns the value of an `ETag` field.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Returns the complete text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Creates a tag from a value that is known to be valid.
    pub(crate) fn from_valid(value: HeaderValue) -> Self {
        debug_assert!(is_entity_tag(value.as_bytes()));
        Self(value)
    }

    fn from_parts(prefix: &[u8], opaque: &[u8]) -> Result<Self, InvalidEntityTag> {
        if !is_opaque(opaque) {
            return Err(InvalidEntityTag::new(opaque));
        }
        let text = [prefix, opaque, b"\""].concat();
        HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).map(Self).map_err(|_| InvalidEntityTag::new(opaque))
    }
}

impl TryFrom<HeaderValue> for EntityTag {
    type Error = InvalidEntityTag;

    /// Converts an `ETag` field value without copying it.
    fn try_from(value: HeaderValue) -> Result<Self, InvalidEntityTag> {
        if is_entity_tag(value.as_bytes()) { Ok(Self(value)) } else { Self::parse(value.as_bytes()) }
    }
}

impl std::str::FromStr for EntityTag {
    type Err = InvalidEntityTag;

    fn from_str(text: &str) -> Result<Self, InvalidEntityTag> {
        Self::parse(text.as_bytes())
    }
}

impl From<EntityTag> for HeaderValue {
    fn from(tag: EntityTag) -> Self {
        tag.0
    }
}

impl fmt::Display for EntityTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.0.as_bytes()))
    }
}

impl fmt::Debug for EntityTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTag({self})")
    }
}

/// A borrowed [`EntityTag`], for comparison without allocation.
///
/// ```
/// use tower_cache_policy::protocol::{EntityTag, EntityTagRef};
///
/// const CURRENT: EntityTag = EntityTag::from_static("\"v7\"");
/// let sent = EntityTagRef::parse(b"\"v7\"").unwrap();
/// assert!(sent.strong_eq(CURRENT.as_ref()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntityTagRef<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> EntityTagRef<'a> {
    /// Parses one entity tag. Surrounding white space is ignored.
    ///
    /// Returns `None` if `bytes` is not exactly one tag.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        // V-01 to V-04.
        let text = trim_ows(bytes);
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        match quoted {
            [b'"', opaque @ .., b'"'] if is_opaque(opaque) => Some(Self { weak, opaque }),
            _ => None,
        }
    }

    /// Reads the tag that `bytes` starts with, and returns it with its length, including the white space after it.
    /// Returns `None` if `bytes` does not start with a complete member that is a tag.
    fn parse_first(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let start = if bytes.starts_with(b"W/") { 3 } else { 1 };
        if bytes.get(start - 1) != Some(&b'"') {
            return None;
        }
        let opaque = bytes.get(start..)?;
        let length = opaque.iter().position(|&byte| !is_etagc(byte))?;
        let (opaque, rest) = opaque.split_at(length);
        let mut after = rest.strip_prefix(b"\"")?;
        while let [b' ' | b'\t', others @ ..] = after {
            after = others;
        }
        matches!(after, [] | [b',', ..]).then(|| (Self { weak: start == 3, opaque }, bytes.len() - after.len()))
    }

    /// Returns whether the tag is weak.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        self.weak
    }

    /// Returns the bytes between the quotes.
    #[must_use]
    pub const fn opaque(self) -> &'a [u8] {
        self.opaque
    }

    /// Strong comparison: returns whether both tags are strong and their opaque bytes are equal
    /// ([RFC 9110 section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2)).
    #[must_use]
    pub fn strong_eq(self, other: EntityTagRef<'_>) -> bool {
        // V-05.
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison: returns whether the opaque bytes are equal
    /// ([RFC 9110 section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2)).
    #[must_use]
    pub fn weak_eq(self, other: EntityTagRef<'_>) -> bool {
        // V-05, V-06.
        self.opaque == other.opaque
    }

    pub(crate) fn to_owned(self) -> EntityTag {
        let prefix: &[u8] = if self.weak { b"W/\"" } else { b"\"" };
        let text = [prefix, self.opaque, b"\""].concat();
        EntityTag(HeaderValue::from_bytes(&text).expect("an entity tag is a valid field value"))
    }

    /// Returns whether a field line consists of this tag alone, weak or strong.
    pub(crate) fn is_all_of(self, line: &HeaderValue) -> bool {
        let line = line.as_bytes();
        matches!(line.strip_prefix(b"W/").unwrap_or(line), [b'"', opaque @ .., b'"'] if opaque == self.opaque)
    }

    /// Splits `text`, which must be an entity tag.
    fn split(text: &'a [u8]) -> Self {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        Self { weak, opaque: quoted.get(1..quoted.len() - 1).unwrap_or_default() }
    }
}

impl fmt::Debug for EntityTagRef<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.weak { "W/" } else { "" };
        write!(f, "EntityTagRef({prefix}\"{}\")", self.opaque.escape_ascii())
    }
}

/// An iterator over the members of `If-Match` or `If-None-Match`, across all field lines.
///
/// A comma inside a tag does not separate members, and a backslash is not an escape character. Empty members are
/// skipped. The iterator ends after [`MAX_MEMBERS`] members.
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::{EntityTagList, EntityTagMember};
///
/// let lines = [HeaderValue::from_static(r#""a,b", oops"#), HeaderValue::from_static(r#"W/"c""#)];
/// let opaque: Vec<_> = EntityTagList::new(&lines)
///     .filter_map(|member| match member {
///         EntityTagMember::Tag(tag) => Some(tag.opaque()),
///         _ => None,
///     })
///     .collect();
/// assert_eq!(opaque, [b"a,b".as_slice(), b"c"]);
/// ```
// V-03, P-21.
#[derive(Clone, Debug)]
pub struct EntityTagList<'a, L> {
    lines: L,
    rest: &'a [u8],
    members: usize,
}

/// A member of an [`EntityTagList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntityTagMember<'a> {
    /// A valid tag.
    Tag(EntityTagRef<'a>),
    /// `*`, which is valid only as the sole member of the list.
    // P-22.
    Any,
    /// An invalid member. It does not match any tag.
    // P-23.
    Malformed,
    /// An unterminated quoted string, or more than [`MAX_MEMBERS`] members. The iterator ends here.
    Unreadable,
}

impl<'a, L: Iterator<Item = &'a HeaderValue>> EntityTagList<'a, L> {
    /// Creates an iterator over these field lines, usually those of `headers.get_all(name)`.
    pub fn new<I>(lines: I) -> Self
    where
        I: IntoIterator<Item = &'a HeaderValue, IntoIter = L>,
    {
        Self { lines: lines.into_iter(), rest: &[], members: 0 }
    }
}

impl<'a, L: Iterator<Item = &'a HeaderValue>> Iterator for EntityTagList<'a, L> {
    type Item = EntityTagMember<'a>;

    fn next(&mut self) -> Option<EntityTagMember<'a>> {
        if self.members > MAX_MEMBERS {
            return None;
        }
        loop {
            while let [b' ' | b'\t' | b',', rest @ ..] = self.rest {
                self.rest = rest;
            }
            if !self.rest.is_empty() {
                break;
            }
            self.rest = self.lines.next()?.as_bytes();
        }
        self.members += 1;
        // Nearly all members are tags, which are read and checked in one pass.
        if self.members <= MAX_MEMBERS
            && let Some((tag, length)) = EntityTagRef::parse_first(self.rest)
        {
            self.rest = &self.rest[length..];
            return Some(EntityTagMember::Tag(tag));
        }
        let member_end = if self.members > MAX_MEMBERS { None } else { member_end(self.rest) };
        let Some(end) = member_end else {
            self.members = MAX_MEMBERS + 1;
            return Some(EntityTagMember::Unreadable);
        };
        let member = trim_ows(&self.rest[..end]);
        self.rest = &self.rest[end..];
        Some(match member {
            b"*" => EntityTagMember::Any,
            _ => EntityTagRef::parse(member).map_or(EntityTagMember::Malformed, EntityTagMember::Tag),
        })
    }
}

/// The error returned for bytes that are not an entity tag.
///
/// Its text shows the first 64 bytes of the value.
///
/// ```
/// use tower_cache_policy::protocol::EntityTag;
///
/// let error = EntityTag::strong("two words").unwrap_err();
/// assert!(error.to_string().starts_with("`two words` is not an entity tag; "), "{error}");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidEntityTag {
    value: Box<[u8]>,
}

impl InvalidEntityTag {
    fn new(bytes: &[u8]) -> Self {
        const SHOWN: usize = 64;
        Self { value: bytes[..bytes.len().min(SHOWN)].into() }
    }
}

impl fmt::Display for InvalidEntityTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an entity tag; use visible characters other than the double quote, inside two double \
             quotes, which `strong` and `weak` add",
            self.value.escape_ascii()
        )
    }
}

impl fmt::Debug for InvalidEntityTag {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidEntityTag({self})")
    }
}

impl std::error::Error for InvalidEntityTag {}

/// Returns the end of the first member of `bytes`, or `None` if a quoted string in it is not terminated. A backslash is
/// deliberately not an escape character here, because it is an ordinary byte of a tag.
fn member_end(bytes: &[u8]) -> Option<usize> {
    // V-03.
    let mut quoted = false;
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(i),
            _ => {}
        }
    }
    (!quoted).then_some(bytes.len())
}

const fn is_entity_tag(bytes: &[u8]) -> bool {
    let quoted = match bytes {
        [b'W', b'/', quoted @ ..] => quoted,
        quoted => quoted,
    };
    match quoted {
        [b'"', opaque @ .., b'"'] => is_opaque(opaque),
        _ => false,
    }
}

/// Because there is no branch for each byte, the compiler can check 16 bytes at once. The last bytes may overlap the
/// previous ones. Without the early return, it would also combine the chunks, in 13 KiB of code.
const fn is_opaque(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else {
        return match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => are_etagc(first) & are_etagc(last),
            _ => are_etagc(bytes),
        };
    };
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        if !are_etagc(chunk) {
            return false;
        }
        rest = after;
    }
    are_etagc(last)
}

#[inline]
const fn are_etagc(bytes: &[u8]) -> bool {
    let (mut index, mut all) = (0, true);
    while index < bytes.len() {
        all &= is_etagc(bytes[index]);
        index += 1;
    }
    all
}

const fn is_etagc(byte: u8) -> bool {
    (byte > b' ') & (byte != b'"') & (byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parsing_accepts_exactly_one_valid_tag() {
        // V-01, V-03, V-04
        let valid: &[&[u8]] =
            &[br#""""#, br#""a,b""#, br#""\""#, br#""!#~""#, b"\"\xE9\"", br#"W/"x""#, br#"W/"""#, br#" "x" "#];
        for tag in valid {
            let parsed = EntityTag::parse(tag).unwrap();
            assert_eq!(parsed.to_header_value().as_bytes(), trim_ows(tag));
        }
        let invalid: &[&[u8]] = &[
            b"",
            b"abc",
            b"'abc'",
            br#""a b""#,
            br#""a"b""#,
            // V-02
            br#"w/"x""#,
            br#"W"x""#,
            b"\"\x7f\"",
            b"\"\t\"",
            br#"""#,
            br#"W/""#,
            b"W/",
            br#""a", "b""#,
            b"*",
            br#"W/ "x""#,
        ];
        for tag in invalid {
            assert!(EntityTag::parse(tag).is_err(), "{:?}", tag.escape_ascii().to_string());
            assert_eq!(EntityTagRef::parse(tag), None);
        }
    }

    #[test]
    fn one_invalid_byte_at_any_position_makes_a_tag_invalid() {
        // V-03
        for length in 1..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut opaque = vec![b'x'; length];
                    opaque[at] = byte;
                    let tag = [b"\"", opaque.as_slice(), b"\""].concat();
                    let valid = matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
                    assert_eq!(EntityTagRef::parse(&tag).is_some(), valid, "{byte:#x} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn comparison_follows_the_table_of_the_standard() {
        let table: &[(&str, &str, bool, bool)] = &[
            // V-05
            (r#"W/"1""#, r#"W/"1""#, false, true),
            (r#"W/"1""#, r#"W/"2""#, false, false),
            (r#"W/"1""#, r#""1""#, false, true),
            (r#""1""#, r#"W/"1""#, false, true),
            (r#""1""#, r#""1""#, true, true),
            // V-06
            (r#""a""#, r#""A""#, false, false),
            (r#""""#, r#""""#, true, true),
        ];
        for (a, b, strong, weak) in table {
            let (a, b): (EntityTag, EntityTag) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(a.strong_eq(&b), *strong, "{a} {b} strongly");
            assert_eq!(a.weak_eq(&b), *weak, "{a} {b} weakly");
        }
    }

    #[test]
    fn an_invalid_tag_is_an_error_with_its_value() {
        let error = EntityTag::strong("a b").unwrap_err().to_string();
        assert!(error.starts_with("`a b` is not an entity tag"), "{error}");
        assert!(EntityTag::weak("a\"b").is_err());
        assert!(EntityTag::weak("a\r\nset-cookie: x").is_err());
        assert!(EntityTag::strong(b"\x7f").is_err());
        assert_eq!(EntityTag::strong(b"\xe9").unwrap().opaque(), b"\xe9");
    }

    #[test]
    fn a_list_is_read_across_lines_and_respects_quotes() {
        use EntityTagMember::{Any, Malformed, Unreadable};
        let tag = |text: &'static str| EntityTagMember::Tag(EntityTagRef::parse(text.as_bytes()).unwrap());
        let table: Vec<(&str, &[&[u8]], Vec<EntityTagMember<'_>>)> = vec![
            ("one", &[br#""a""#], vec![tag(r#""a""#)]),
            ("two lines (P-21)", &[br#""a""#, br#"W/"b""#], vec![tag(r#""a""#), tag(r#"W/"b""#)]),
            ("empty members", &[br#", "a",, "b","#], vec![tag(r#""a""#), tag(r#""b""#)]),
            ("a tab as white space", &[b"\"a\",\t\"b\""], vec![tag(r#""a""#), tag(r#""b""#)]),
            ("a comma in the tag (V-03)", &[br#""a,b", "c""#], vec![tag(r#""a,b""#), tag(r#""c""#)]),
            ("a backslash is not an escape (V-03)", &[br#""a\", "b""#], vec![tag(r#""a\""#), tag(r#""b""#)]),
            ("a star", &[b" * "], vec![Any]),
            ("stars with tags", &[br#"*, "a", *"#], vec![Any, tag(r#""a""#), Any]),
            (
                "a malformed member does not hide the next (P-23)",
                &[br#"a, w/"b", "c" d, "e""#],
                vec![Malformed, Malformed, Malformed, tag(r#""e""#)],
            ),
            (
                "an unterminated tag includes the next quote",
                &[br#""a", "b, "c"#, br#""d""#],
                vec![tag(r#""a""#), Malformed],
            ),
            ("an unterminated tag ends the list", &[br#""a", "b"#, br#""d""#], vec![tag(r#""a""#), Unreadable]),
            ("empty lines", &[b"", b" , "], vec![]),
        ];
        for (sentence, lines, expected) in table {
            let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_bytes(line).unwrap()).collect();
            let members: Vec<_> = EntityTagList::new(&lines).take(expected.len()).collect();
            assert_eq!(members, expected, "{sentence}");
        }
    }

    #[test]
    fn a_list_that_exceeds_the_limit_is_unreadable() {
        let line = HeaderValue::from_str(&r#""a","#.repeat(MAX_MEMBERS)).unwrap();
        let full: Vec<_> = EntityTagList::new([&line]).collect();
        assert_eq!(full.len(), MAX_MEMBERS);
        assert!(!full.contains(&EntityTagMember::Unreadable));

        let over: Vec<_> = EntityTagList::new([&line, &line]).collect();
        assert_eq!(over.len(), MAX_MEMBERS + 1);
        assert_eq!(over.last(), Some(&EntityTagMember::Unreadable));
    }

    proptest! {
        #[test]
        fn parsing_a_rendered_tag_returns_the_tag(weak: bool, opaque in proptest::collection::vec(any::<u8>(), 0..40)) {
            let made = if weak { EntityTag::weak(&opaque) } else { EntityTag::strong(&opaque) };
            prop_assert_eq!(made.is_ok(), is_opaque(&opaque));
            if let Ok(tag) = made {
                prop_assert_eq!(tag.is_weak(), weak);
                prop_assert_eq!(tag.opaque(), &opaque[..]);
                prop_assert_eq!(EntityTag::parse(tag.to_header_value().as_bytes()), Ok(tag.clone()));
                prop_assert_eq!(EntityTag::try_from(tag.to_header_value()), Ok(tag));
            }
        }

        #[test]
        fn parsing_a_rendered_list_returns_the_tags(tags in proptest::collection::vec((any::<bool>(), "[!#-~]{0,8}"), 0..20)) {
            let tags: Vec<_> = tags
                .iter()
                .map(|(weak, opaque)| if *weak { EntityTag::weak(opaque) } else { EntityTag::strong(opaque) }.unwrap())
                .collect();
            let text = tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let line = HeaderValue::from_str(&text).unwrap();
            let read: Vec<_> = EntityTagList::new([&line]).collect();
            let expected: Vec<_> = tags.iter().map(|tag| EntityTagMember::Tag(tag.as_ref())).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn arbitrary_bytes_never_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4)) {
            let lines: Vec<_> = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
            let _ = EntityTagList::new(&lines).count();
        }
    }
}
