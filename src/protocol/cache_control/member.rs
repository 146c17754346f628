//! [`Member`]: one member of the `Cache-Control` list, split into name and argument.

use std::borrow::Cow;

use super::field_names::FieldNames;
use super::limits::clamped;
use crate::protocol::syntax::{delta_seconds, is_tchar, is_token, trim_ows, unquote};

/// A member of the list, split after its first token.
pub(super) struct Member<'a> {
    /// The first token, or empty if the member does not begin with one.
    pub(super) name: &'a [u8],
    argument: Argument<'a>,
}

enum Argument<'a> {
    Absent,
    /// The text after a `=` that directly follows the name.
    Value(&'a [u8]),
    /// The name is followed by anything else, such as white space.
    Malformed,
}

impl<'a> Member<'a> {
    /// Creates a member with this name, which must be a token, and this argument.
    pub(super) fn given(name: &'a [u8], argument: Option<&'a [u8]>) -> Self {
        debug_assert!(is_token(name));
        Self { name, argument: argument.map_or(Argument::Absent, Argument::Value) }
    }

    pub(super) fn split(bytes: &'a [u8]) -> Self {
        let end = bytes.iter().position(|&byte| !is_tchar(byte));
        Self::split_at(bytes, end.unwrap_or(bytes.len()))
    }

    /// Splits a member after `length` bytes, the length of its first token.
    pub(super) fn split_at(bytes: &'a [u8], length: usize) -> Self {
        let (name, rest) = bytes.split_at(length);
        let argument = match rest {
            [] => Argument::Absent,
            [b'=', argument @ ..] => Argument::Value(argument),
            _ => Argument::Malformed,
        };
        Self { name, argument }
    }

    /// Returns the name in lower case. Borrows it in the usual case that it is already in lower case.
    pub(super) fn lower_case_name(&self) -> Cow<'a, [u8]> {
        self.changed_name().map_or(self.name.into(), Cow::Owned)
    }

    /// Calls `read` with the name in lower case, and returns whether `read` knows it.
    pub(super) fn read_name(&self, mut read: impl FnMut(&[u8]) -> bool) -> bool {
        // A known name is usually in lower case, so this avoids a search for capitals.
        read(self.name) || self.changed_name().is_some_and(|name| read(&name))
    }

    /// Returns the name in lower case, or `None` if it is already in lower case.
    fn changed_name(&self) -> Option<Vec<u8>> {
        self.name.iter().any(u8::is_ascii_uppercase).then(|| self.name.to_ascii_lowercase())
    }

    pub(super) fn is_bare(&self) -> bool {
        matches!(self.argument, Argument::Absent)
    }

    /// Returns whether this is a valid `cache-directive`.
    pub(super) fn has_directive_form(&self) -> bool {
        // C-01.
        !self.name.is_empty() && (self.is_bare() || self.text().is_some())
    }

    /// Returns the argument as written.
    pub(super) fn argument(&self) -> Option<&'a [u8]> {
        match self.argument {
            Argument::Value(argument) => Some(argument),
            Argument::Absent | Argument::Malformed => None,
        }
    }

    /// Parses the argument as delta-seconds.
    pub(super) fn seconds(&self) -> Option<u32> {
        // C-04.
        let argument = self.argument()?;
        delta_seconds(argument).or_else(|| delta_seconds(&unquote(argument)?)).map(clamped)
    }

    /// Parses the argument as a list of field names.
    pub(super) fn field_names(&self) -> Option<FieldNames> {
        let text = self.text()?;
        let names = text.split(|&byte| byte == b',').map(trim_ows);
        FieldNames::from_members(names.filter(|name| !name.is_empty()))
    }

    /// Returns the text of the argument, which is a token or a quoted string.
    fn text(&self) -> Option<Cow<'a, [u8]>> {
        // C-02.
        let argument = self.argument()?;
        if is_token(argument) { Some(argument.into()) } else { unquote(argument).map(Cow::Owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_split_after_its_first_token() {
        let table: &[(&str, &str, Option<&str>, bool)] = &[
            ("no-store", "no-store", None, true),
            ("a=b", "a", Some("b"), true),
            (r#"a="b, \"c\"""#, "a", Some(r#""b, \"c\"""#), true),
            ("a=", "a", Some(""), false),
            ("a=b c", "a", Some("b c"), false),
            (r#"a="b"c"#, "a", Some(r#""b"c"#), false),
            ("a =b", "a", None, false),
            ("a b", "a", None, false),
            ("=b", "", Some("b"), false),
            (r#""a""#, "", None, false),
        ];
        for (given, name, argument, has_directive_form) in table {
            let member = Member::split(given.as_bytes());
            assert_eq!(member.name, name.as_bytes(), "{given}");
            assert_eq!(member.argument(), argument.map(str::as_bytes), "{given}");
            assert_eq!(member.has_directive_form(), *has_directive_form, "{given}");
        }
    }

    #[test]
    fn a_token_and_a_quoted_string_are_the_same_argument() {
        for form in ["max-age=060", r#"max-age="060""#, r#"max-age="\060""#] {
            assert_eq!(Member::split(form.as_bytes()).seconds(), Some(60), "{form}");
        }
        for form in ["private=Link", r#"private="Link""#, r#"private=" , Link,""#] {
            let names = Member::split(form.as_bytes()).field_names().unwrap();
            assert_eq!(names.to_string(), "Link", "{form}");
        }
        for form in ["max-age", "max-age=", r#"max-age="5"#, "max-age =5"] {
            assert_eq!(Member::split(form.as_bytes()).seconds(), None, "{form}");
        }
    }
}
