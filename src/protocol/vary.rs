//! [`Vary`]: which request fields a response depends on.

use std::collections::BTreeSet;
use std::fmt;

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::cache_control::FieldNames;
use super::syntax::{MAX_MEMBERS, is_token, members};

/// The request fields that a response was selected by (RFC 9110 section 12.5.5,
/// K-01).
///
/// ```text
/// Vary = #( "*" / field-name )
/// ```
///
/// A set: each name keeps its first spelling and place, and case means nothing.
/// `*` absorbs every name, because some caches only know it when it stands alone
/// (K-06). A member that is no token, and more than [`MAX_MEMBERS`] members, are `*`
/// as well: a cache cannot honour a name that it cannot read.
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::Vary;
///
/// let lines = [HeaderValue::from_static("Cookie"), HeaderValue::from_static("Origin, cookie")];
/// let mut vary = Vary::parse(&lines);
/// vary.insert("Accept-Encoding");
/// assert_eq!(vary.to_string(), "Cookie, Origin, Accept-Encoding");
/// assert!(vary.contains("ORIGIN"));
///
/// vary.insert("*");
/// assert_eq!(vary.to_string(), "*");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Vary {
    /// `None` for `*`.
    names: Option<FieldNames>,
}

impl Vary {
    /// No field name at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `*`: the response depends on more than the request's fields, so no cache
    /// may reuse it without validation (RFC 9110 section 12.5.5, K-03).
    #[must_use]
    pub fn any() -> Self {
        Self { names: None }
    }

    /// The set of these names. Unlike one [`insert`](Self::insert) after the other, this is not
    /// quadratic in their number.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = BTreeSet::new();
        // Repeated names do not count against the limit.
        let names = names.into_iter().filter(|name| seen.insert(name.to_ascii_lowercase()));
        Self::from_members(names.map(str::as_bytes))
    }

    /// Reads all lines of a `Vary` field as one list; never fails (K-01, K-06).
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        Self::from_members(members(lines))
    }

    /// Reads the `Vary` of a response, or `None` when no line of it has a member.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(VARY);
        members(&lines).next()?;
        Some(Self::parse(&lines))
    }

    /// Adds one field name, unless it is there in any case (K-06).
    ///
    /// A `name` that is `*` or no token makes the whole `*`.
    pub fn insert(&mut self, name: &str) {
        *self = self.union(&Self::from_members([name.as_bytes()].into_iter()));
    }

    /// The names of both, those of `self` first, and `*` when either is (K-06).
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let names = match (&self.names, &other.names) {
            (Some(own), Some(others)) => own.union(others),
            (None, _) | (_, None) => None,
        };
        Self { names }
    }

    /// Whether this is `*` (K-03).
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.names.is_none()
    }

    /// Whether `name` is in the set, in any case. `*` contains no name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The names in order, each in its first spelling; none for `*`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flat_map(FieldNames::iter)
    }

    /// Whether the response depends on nothing, so that no field is to be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.as_ref().is_some_and(FieldNames::is_empty)
    }

    /// Joins the set with the `Vary` of an answer, and writes it as one line (K-06). Writes
    /// nothing where there is nothing to add.
    pub fn add_to(&self, answer: &mut HeaderMap) {
        let stands = Self::from_headers(answer).unwrap_or_default();
        let joined = stands.union(self);
        if joined != stands {
            answer.insert(VARY, joined.to_header_value());
        }
    }

    /// The set as one field value; empty when it [is empty](Self::is_empty).
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        match &self.names {
            None => HeaderValue::from_static("*"),
            Some(names) => names.to_header_value(),
        }
    }

    fn from_members<'a>(members: impl Iterator<Item = &'a [u8]>) -> Self {
        // `*` has the form of a name, so it is taken for an unreadable one.
        let members = members.map(|member| if is_readable(member) { member } else { b"" });
        Self { names: FieldNames::from_members(members) }
    }

    fn as_str(&self) -> &str {
        self.names.as_ref().map_or("*", FieldNames::as_str)
    }
}

impl Default for Vary {
    /// No field name at all.
    fn default() -> Self {
        Self { names: Some(FieldNames::default()) }
    }
}

impl fmt::Display for Vary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Vary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vary({self})")
    }
}

/// Whether any line of `Vary` has a member that is `*` or unreadable, without
/// building the set (K-06).
pub(crate) fn lines_have_any(headers: &HeaderMap) -> bool {
    members(headers.get_all(VARY)).enumerate().any(|(index, member)| index == MAX_MEMBERS || !is_readable(member))
}

/// Whether any line of `Vary` names the field, in any case, without building the
/// set. `*` contains no name.
pub(crate) fn lines_contain(headers: &HeaderMap, name: &str) -> bool {
    members(headers.get_all(VARY))
        .take(MAX_MEMBERS)
        .any(|member| is_readable(member) && member.eq_ignore_ascii_case(name.as_bytes()))
}

/// Refuses, at compile time when called in a constant, what a policy must not put
/// into `Vary`.
///
/// # Panics
///
/// When a name is not a token or is `*`.
#[track_caller]
pub(crate) const fn assert_names(names: &[&str]) {
    let mut i = 0;
    while i < names.len() {
        let name = names[i].as_bytes();
        assert!(
            is_token(name),
            "Vary takes field names: letters, digits and `-`; write one name per element, \
             without commas or spaces"
        );
        assert!(
            is_readable(name),
            "`Vary: *` forbids every reuse, so it is no field name; use NO_STORE, or let the \
             handler set `Vary: *`"
        );
        i += 1;
    }
}

/// Whether a cache can tell which field `member` names.
const fn is_readable(member: &[u8]) -> bool {
    is_token(member) && !matches!(member, b"*")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (VARY, HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
    }

    fn vary(lines: &[&str]) -> Vary {
        Vary::from_headers(&headers(lines)).unwrap_or_default()
    }

    #[test]
    fn names_are_added_once_and_keep_their_first_spelling() {
        let table: &[(&str, &[&str], &[&str], &str)] = &[
            ("a name where there is none (vary_merge/00)", &[], &["Accept-Encoding"], "Accept-Encoding"),
            ("a name that is there (vary_merge/01)", &["Accept-Encoding"], &["accept-encoding"], "Accept-Encoding"),
            (
                "a name that is there in capitals (K-01, vary_merge/02)",
                &["Accept-Encoding"],
                &["ACCEPT-ENCODING"],
                "Accept-Encoding",
            ),
            (
                "two that are there (vary_merge/04)",
                &["Cookie, Accept-Encoding"],
                &["Accept-Encoding", "cookie"],
                "Cookie, Accept-Encoding",
            ),
            ("two where there is none (vary_merge/05)", &[], &["Accept-Encoding", "COOKIE"], "Accept-Encoding, COOKIE"),
            (
                "white space is evened out (vary_merge/06)",
                &["Cookie    ,     Accept-Encoding"],
                &["Accept-Encoding", "cookie"],
                "Cookie, Accept-Encoding",
            ),
            ("`*` absorbs what is added (vary_merge/07)", &["*"], &["Accept-Language", "Cookie"], "*"),
            ("an added `*` absorbs (vary_merge/08)", &["Accept-Language, Cookie"], &["*"], "*"),
            ("lines are one list (K-06)", &["Cookie", "Origin"], &["cookie", "Accept"], "Cookie, Origin, Accept"),
        ];
        for (sentence, given, added, expected) in table {
            let mut one_by_one = vary(given);
            for name in *added {
                one_by_one.insert(name);
            }
            assert_eq!(one_by_one.to_string(), *expected, "{sentence}");
            assert_eq!(one_by_one.to_header_value(), *expected, "{sentence}");
            assert_eq!(vary(given).union(&vary(added)).to_string(), *expected, "{sentence}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_any() {
        let table: &[(&str, &[&str])] = &[
            ("`*` alone", &["*"]),
            ("`*` with white space before it (vary_contains/02)", &[" *"]),
            ("`*` after a name (vary_contains/00)", &["Cookie, *"]),
            ("`*` in another line", &["Cookie", "Origin,*"]),
            ("`*` twice", &["*, *"]),
            ("two names without a comma", &["Cookie Origin"]),
            ("a quoted name", &["\"Cookie\""]),
            ("obs-text", &["Cooki\u{e9}"]),
            ("a slash", &["Cookie, a/b"]),
        ];
        for (sentence, lines) in table {
            assert!(vary(lines).is_any(), "{sentence}");
            assert_eq!(vary(lines).to_header_value(), "*", "{sentence}");
            assert_eq!(vary(lines).names().count(), 0, "{sentence}");
            assert!(!vary(lines).is_empty(), "{sentence}");
            assert!(lines_have_any(&headers(lines)), "{sentence}");
        }
        let mut with_a_list = vary(&["Cookie"]);
        with_a_list.insert("Origin, Accept");
        assert!(with_a_list.is_any(), "a list is not one name");
        assert!(Vary::any().is_any());
    }

    #[test]
    fn containing_is_about_names_and_blind_to_case() {
        let table: &[(&str, &[&str], &str, bool)] = &[
            ("the same case", &["Cookie, Origin"], "Origin", true),
            ("another case", &["Cookie, Origin"], "ORIGIN", true),
            ("another line", &["Cookie", "Origin"], "origin", true),
            ("a part of a name is none", &["Cookie2"], "Cookie", false),
            ("`*` contains no name (vary_contains/05)", &["*"], "Cookie", false),
            ("`*` is no name either", &["*"], "*", false),
            ("no field", &[], "Cookie", false),
        ];
        for (sentence, lines, name, expected) in table {
            assert_eq!(vary(lines).contains(name), *expected, "{sentence}");
            assert_eq!(lines_contain(&headers(lines), name), *expected, "{sentence}");
        }
    }

    #[test]
    fn a_field_without_members_is_no_field() {
        for lines in [&[][..], &[""], &[" , ,", ""]] {
            assert_eq!(Vary::from_headers(&headers(lines)), None, "{lines:?}");
            assert!(!lines_have_any(&headers(lines)), "{lines:?}");
        }
        assert!(Vary::new().is_empty());
    }

    #[test]
    fn more_than_the_greatest_number_of_members_is_any() {
        let names = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("x-{n}")).collect();
            names.join(",")
        };
        assert!(!vary(&[&names(MAX_MEMBERS)]).is_any());
        assert!(!lines_have_any(&headers(&[&names(MAX_MEMBERS)])));
        assert!(vary(&[&names(MAX_MEMBERS + 1)]).is_any());
        assert!(lines_have_any(&headers(&[&names(MAX_MEMBERS + 1)])));
        assert!(vary(&[&names(MAX_MEMBERS)]).union(&vary(&["Cookie"])).is_any());
    }

    #[test]
    fn names_for_a_policy_are_checked_in_constants() {
        // K-05 and G-23: an application may name the credentials that select its responses.
        const { assert_names(&["Accept-Encoding", "Origin", "Sec-CH-UA", "Authorization", "Cookie"]) };
        for (odd, remedy) in
            [("", "one name per element"), ("Accept, Origin", "one name per element"), ("*", "use NO_STORE")]
        {
            let panic = std::panic::catch_unwind(|| assert_names(&["Accept", odd])).unwrap_err();
            let message = panic.downcast_ref::<&str>().unwrap();
            assert!(message.contains(remedy), "{odd:?}: {message}");
        }
    }

    fn any_lines() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(r#"([A-Ca-c]{1,3}(, ?)?|[\*"\\ é,x]){0,6}"#, 0..4)
    }

    proptest! {
        #[test]
        fn parse_of_render_is_the_identity(lines in any_lines()) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let set = vary(&lines);
            let value = set.to_header_value();
            prop_assert_eq!(Vary::parse([&value]), set.clone());
            prop_assert_eq!(Vary::parse([&value]).to_string(), set.to_string());
        }

        #[test]
        fn the_quick_questions_answer_as_the_set_does(lines in any_lines(), name in "[A-Ca-c*]{1,3}") {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (set, headers) = (vary(&lines), headers(&lines));
            prop_assert_eq!(lines_have_any(&headers), set.is_any());
            if !set.is_any() {
                prop_assert_eq!(lines_contain(&headers, &name), set.contains(&name));
            }
        }

        #[test]
        fn union_is_a_semilattice(a in any_lines(), b in any_lines(), c in any_lines()) {
            let [a, b, c] = [a, b, c].map(|lines| {
                vary(&lines.iter().map(String::as_str).collect::<Vec<_>>())
            });
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
            prop_assert_eq!(a.union(&a), a);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let _ = Vary::parse([&value]).to_header_value();
            }
        }
    }
}
