//! [`Directive`]: an extension of `Cache-Control`.

use std::fmt;

use super::member::Member;
use crate::protocol::syntax::is_token;

/// A member of `Cache-Control` that the parsing type does not recognize, exactly as written
/// ([RFC 9111 section 5.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.3)).
///
/// It is either an extension directive or a malformed member.
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::CacheControl;
///
/// let lines = [HeaderValue::from_static(r#"community="a, b", do not override"#)];
/// let control = CacheControl::parse(&lines);
/// let [community, other] = control.extensions() else { unreachable!() };
/// assert_eq!(community.name(), Some("community"));
/// assert_eq!(community.argument(), Some(&br#""a, b""#[..]));
/// assert_eq!(other.name(), None, "not a valid directive");
/// assert_eq!(other.as_bytes(), b"do not override");
/// ```
// C-08.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directive {
    member: Box<[u8]>,
}

impl Directive {
    /// Returns the complete member as written, without surrounding white space.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.member
    }

    /// Returns the name as written, or `None` if the member is not a valid directive.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        // C-01.
        let member = Member::split(&self.member);
        str::from_utf8(member.name).ok().filter(|_| member.has_directive_form())
    }

    /// Returns the argument as written, including its quotes.
    ///
    /// Returns `None` if there is no argument or the member is not a valid directive.
    #[must_use]
    pub fn argument(&self) -> Option<&[u8]> {
        // C-01.
        let member = Member::split(&self.member);
        member.argument().filter(|_| member.has_directive_form())
    }

    /// Creates an extension with this name and argument. Fails if `is_known` returns `true` for the name.
    pub(super) fn extension(
        name: &str,
        argument: Option<&str>,
        is_known: impl FnOnce(&Member<'_>) -> bool,
    ) -> Result<Self, InvalidDirective> {
        if !is_token(name.as_bytes()) {
            return Err(InvalidDirective(Fault::Name(name.into())));
        }
        if is_known(&Member::split(name.as_bytes())) {
            return Err(InvalidDirective(Fault::Known(name.into())));
        }
        let member = match argument {
            None => name.to_owned(),
            Some(text) if text.contains(|c: char| c.is_ascii_control() && c != '\t') => {
                return Err(InvalidDirective(Fault::Argument(text.into())));
            }
            Some(token) if is_token(token.as_bytes()) => format!("{name}={token}"),
            Some(text) => format!(r#"{name}="{}""#, text.replace('\\', r"\\").replace('"', r#"\""#)),
        };
        Ok(Self { member: member.into_bytes().into() })
    }

    /// Returns `None` if a quoted string is not terminated: it would change how the members after it are read.
    pub(super) fn from_member(member: &[u8]) -> Option<Self> {
        (!has_open_quote(member)).then(|| Self { member: member.into() })
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.member.is_ascii()
    }

    /// Returns whether this is a malformed permission such as `public=1`, which a lenient cache may honor.
    pub(super) fn claims_permission(&self) -> bool {
        let name = Member::split(&self.member).lower_case_name();
        matches!(&name[..], b"public" | b"must-understand" | b"immutable")
    }
}

impl fmt::Display for Directive {
    /// Writes the member. Bytes that are not UTF-8 are replaced with U+FFFD.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.member).fmt(f)
    }
}

impl fmt::Debug for Directive {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directive({self})")
    }
}

/// The error returned for a directive that cannot be written in `Cache-Control`.
///
/// Its text explains whether the name or the argument is invalid, and how to fix it.
///
/// ```
/// use tower_cache_policy::protocol::CacheControl;
///
/// let error = |name, argument| CacheControl::new().with_extension(name, argument).unwrap_err().to_string();
/// assert_eq!(error("max-age", Some("60")), "`max-age` is a known directive; use the method of that name");
/// assert_eq!(
///     error("two words", None),
///     "`two words` is not a valid directive name; use letters, digits and `-`, and pass the argument separately"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDirective(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Name(Box<str>),
    Known(Box<str>),
    Argument(Box<str>),
}

impl fmt::Display for InvalidDirective {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Name(name) => write!(
                f,
                "`{}` is not a valid directive name; use letters, digits and `-`, and pass \
                 the argument separately",
                name.escape_debug()
            ),
            Fault::Known(name) => write!(f, "`{name}` is a known directive; use the method of that name"),
            Fault::Argument(argument) => write!(
                f,
                "`{}` is not a valid directive argument; remove the control characters",
                argument.escape_debug()
            ),
        }
    }
}

impl std::error::Error for InvalidDirective {}

/// Returns whether a quoted string in `member` is not terminated.
fn has_open_quote(member: &[u8]) -> bool {
    let mut bytes = member.iter();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => _ = bytes.next(),
            _ => {}
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &str, argument: Option<&str>) -> Result<Directive, InvalidDirective> {
        Directive::extension(name, argument, |member| *member.lower_case_name() == *b"public")
    }

    #[test]
    fn an_argument_is_quoted_if_it_is_not_a_token() {
        for (argument, expected) in [
            (None, "x"),
            (Some("UCI"), "x=UCI"),
            (Some(""), r#"x="""#),
            (Some("a\tb"), "x=\"a\tb\""),
            (Some(r#"a, "b" \ é"#), r#"x="a, \"b\" \\ é""#),
        ] {
            let directive = extension("x", argument).unwrap();
            assert_eq!(directive.to_string(), expected);
            assert_eq!(Directive::from_member(expected.as_bytes()), Some(directive));
        }
    }

    #[test]
    fn only_a_valid_directive_has_a_name_and_an_argument() {
        type Row = (&'static str, Option<&'static str>, Option<&'static [u8]>);
        let table: [Row; 5] = [
            ("x", Some("x"), None),
            ("X=1", Some("X"), Some(b"1")),
            (r#"x="a, b""#, Some("x"), Some(br#""a, b""#)),
            ("x y", None, None),
            ("x = 1", None, None),
        ];
        for (member, name, argument) in table {
            let directive = Directive { member: member.as_bytes().into() };
            assert_eq!((directive.name(), directive.argument()), (name, argument), "C-01: {member}");
        }
    }

    #[test]
    fn an_invalid_directive_is_rejected_with_a_remedy() {
        for (name, argument, remedy) in [
            ("", None, "letters, digits"),
            ("a b", None, "letters, digits"),
            ("public=1", None, "pass the argument separately"),
            ("Public", Some("\0"), "use the method of that name"),
            ("x", Some("a\r\nb"), "control characters"),
            ("x", Some("\u{7f}"), "control characters"),
        ] {
            let error = extension(name, argument).unwrap_err();
            assert!(error.to_string().contains(remedy), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_quoted_string_must_be_terminated() {
        for (member, ends) in
            [("a", true), (r#"a="b""#, true), (r#"a="b"#, false), (r#"a="\""#, false), (r#"a\"b"#, false)]
        {
            assert_eq!(Directive::from_member(member.as_bytes()).is_some(), ends, "{member}");
        }
    }

    #[test]
    fn debug_shows_the_member() {
        assert_eq!(format!("{:?}", extension("x", Some("1")).unwrap()), "Directive(x=1)");
    }
}
