//! [`Directive`]: a member that the type holding it does not know.

use std::fmt;

use super::member::Member;
use crate::protocol::syntax::is_token;

/// A member of `Cache-Control` that the type holding it does not know, exactly as
/// it was written (RFC 9111 section 5.2.3, C-08).
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
/// assert_eq!(other.name(), None, "it is no directive at all");
/// assert_eq!(other.as_bytes(), b"do not override");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directive {
    member: Box<[u8]>,
}

impl Directive {
    /// The whole member as written, without the white space around it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.member
    }

    /// The name as written, or `None` when the member has not the form of a
    /// directive (C-01).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let member = Member::split(&self.member);
        str::from_utf8(member.name).ok().filter(|_| member.has_directive_form())
    }

    /// The argument as written, quotes included, or `None` when there is none or
    /// the member has not the form of a directive (C-01).
    #[must_use]
    pub fn argument(&self) -> Option<&[u8]> {
        let member = Member::split(&self.member);
        member.argument().filter(|_| member.has_directive_form())
    }

    /// The one of this name and argument, unless `is_known` knows the name.
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

    /// `None` for a quoted string that never ends, as it would change what is quoted
    /// in the members after it.
    pub(super) fn from_member(member: &[u8]) -> Option<Self> {
        (!has_open_quote(member)).then(|| Self { member: member.into() })
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.member.is_ascii()
    }

    /// Whether this is `public=1` or the like: a permission that this crate takes
    /// for malformed and a laxer cache may yet honour.
    pub(super) fn claims_permission(&self) -> bool {
        let name = Member::split(&self.member).lower_case_name();
        matches!(&name[..], b"public" | b"must-understand" | b"immutable")
    }
}

impl fmt::Display for Directive {
    /// The member as written; octets that are no UTF-8 are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.member).fmt(f)
    }
}

impl fmt::Debug for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directive({self})")
    }
}

/// The directive could not be written in `Cache-Control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDirective(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Name(Box<str>),
    Known(Box<str>),
    Argument(Box<str>),
}

impl fmt::Display for InvalidDirective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Name(name) => write!(
                f,
                "`{}` is not the name of a directive; use letters, digits and `-`, and give \
                 the argument apart",
                name.escape_debug()
            ),
            Fault::Known(name) => write!(f, "`{name}` is not an extension; use the method for it"),
            Fault::Argument(argument) => write!(
                f,
                "`{}` is not an argument of a directive; take the control characters out",
                argument.escape_debug()
            ),
        }
    }
}

impl std::error::Error for InvalidDirective {}

/// Whether a quoted string starts in `member` and does not end in it.
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
    fn an_argument_is_quoted_where_it_must_be() {
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
    fn name_and_argument_are_those_of_a_directive_and_of_nothing_else() {
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
    fn what_cannot_be_written_is_refused_with_its_remedy() {
        for (name, argument, remedy) in [
            ("", None, "letters, digits"),
            ("a b", None, "letters, digits"),
            ("public=1", None, "give the argument apart"),
            ("Public", Some("\0"), "use the method"),
            ("x", Some("a\r\nb"), "control characters"),
            ("x", Some("\u{7f}"), "control characters"),
        ] {
            let error = extension(name, argument).unwrap_err();
            assert!(error.to_string().contains(remedy), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_quoted_string_must_end() {
        for (member, ends) in
            [("a", true), (r#"a="b""#, true), (r#"a="b"#, false), (r#"a="\""#, false), (r#"a\"b"#, false)]
        {
            assert_eq!(Directive::from_member(member.as_bytes()).is_some(), ends, "{member}");
        }
    }

    #[test]
    fn debug_reads_like_the_member() {
        assert_eq!(format!("{:?}", extension("x", Some("1")).unwrap()), "Directive(x=1)");
    }
}
