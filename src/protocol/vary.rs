//! [`Vary`]: the request fields that a response depends on.

use std::fmt;

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::cache_control::FieldNames;
use super::name_table::NameTable;
use super::syntax::{MAX_MEMBERS, is_token, members, only_line};

/// The `Vary` of a response: the request fields that selected it
/// ([RFC 9110 section 12.5.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.5)).
///
/// ```text
/// Vary = #( "*" / field-name )
/// ```
///
/// `Vary` is an ordered set of field names, compared without case. Each name retains its first spelling and position.
/// `*` replaces all names, because some caches recognize it only as the sole member.
///
/// Parsing never fails. A member that is not a field name is read as `*`, and so are more than [`MAX_MEMBERS`] members:
/// a cache could not use such names to select a response.
///
/// # Example
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
// K-01, K-06.
#[derive(Clone, PartialEq, Eq)]
pub struct Vary {
    /// `None` for `*`.
    names: Option<FieldNames>,
}

impl Vary {
    /// Creates an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates `*`: the response depends on more than header fields, so a cache must validate it before each reuse
    /// ([RFC 9110 section 12.5.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.5)).
    #[must_use]
    pub fn any() -> Self {
        // K-03.
        Self { names: None }
    }

    /// Creates a set of these names in linear time, unlike repeated [`insert`](Self::insert).
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = NameTable::default();
        // Repeated names do not count toward the limit.
        let names = names.into_iter().filter(|name| seen.insert(name.as_bytes().to_ascii_lowercase()));
        Self::from_members(names.map(str::as_bytes))
    }

    /// Parses all lines of a `Vary` field as one list. Never fails.
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        // K-01, K-06.
        Self { names: FieldNames::from_tokens(readable_members(lines)) }
    }

    /// Parses the `Vary` of a response.
    ///
    /// Returns `None` if the field is absent or has no members.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        // A lookup of one line takes half of the instructions.
        let vary = match only_line(headers, &VARY) {
            Some(line) => Self::parse([line]),
            None => Self::parse(headers.get_all(VARY)),
        };
        (!vary.is_empty()).then_some(vary)
    }

    /// Adds one field name, unless the set contains it in any case.
    ///
    /// If `name` is `*` or not a field name, the set becomes `*`.
    pub fn insert(&mut self, name: &str) {
        // K-06.
        *self = self.union(&Self::from_members([name.as_bytes()].into_iter()));
    }

    /// Returns the names of both sets, those of `self` first, or `*` if either is `*`.
    ///
    /// ```
    /// use tower_cache_policy::protocol::Vary;
    ///
    /// let (mut one, mut other) = (Vary::new(), Vary::new());
    /// one.insert("accept");
    /// other.insert("accept-language");
    /// assert_eq!(one.union(&other).to_string(), "accept, accept-language");
    /// assert_eq!(one.union(&Vary::any()).to_string(), "*");
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        // K-06.
        let names = match (&self.names, &other.names) {
            (Some(own), Some(others)) => own.union(others),
            (None, _) | (_, None) => None,
        };
        Self { names }
    }

    /// Returns whether this is `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        // K-03.
        self.names.is_none()
    }

    /// Returns whether the set contains `name`, ignoring case. `*` contains no names.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Returns the names in order, each in its first spelling. Returns no names for `*`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flat_map(FieldNames::iter)
    }

    /// Returns whether the set is empty, so that the response does not need `Vary`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.as_ref().is_some_and(FieldNames::is_empty)
    }

    /// Adds the names to the `Vary` field of a response, and writes the field as one line.
    ///
    /// Leaves the field unchanged if it already contains all the names.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::Vary;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.append("vary", HeaderValue::from_static("Accept-Encoding"));
    /// headers.append("vary", HeaderValue::from_static("origin"));
    /// let mut vary = Vary::new();
    /// vary.insert("accept-language");
    /// vary.add_to(&mut headers);
    /// assert_eq!(headers["vary"], "Accept-Encoding, origin, accept-language");
    /// ```
    pub fn add_to(&self, response: &mut HeaderMap) {
        // K-06.
        let current = Self::from_headers(response).unwrap_or_default();
        let joined = current.union(self);
        if joined != current {
            response.insert(VARY, joined.to_header_value());
        }
    }

    /// Returns the set as a header value, which is empty if the set [is empty](Self::is_empty).
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        match &self.names {
            None => HeaderValue::from_static("*"),
            Some(names) => names.to_header_value(),
        }
    }

    fn from_members<'a>(members: impl Iterator<Item = &'a [u8]>) -> Self {
        Self { names: FieldNames::from_tokens(members.map(|member| Some(member).filter(|member| is_readable(member)))) }
    }

    fn as_str(&self) -> &str {
        self.names.as_ref().map_or("*", FieldNames::as_str)
    }
}

impl Default for Vary {
    /// Creates an empty set.
    fn default() -> Self {
        Self { names: Some(FieldNames::default()) }
    }
}

impl fmt::Display for Vary {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Vary {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vary({self})")
    }
}

/// A summary of the lines of `Vary`, which does not need the set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VaryLines {
    /// Whether the lines contain `*`, or a member that is not a field name.
    pub(crate) have_any: bool,
    /// Whether the lines contain the name.
    pub(crate) have_name: bool,
}

impl VaryLines {
    /// Reads the lines of a response, and searches for a name, ignoring case.
    pub(crate) fn read(response: &HeaderMap, name: &str) -> Self {
        // The usual case.
        if let Some(line) = only_line(response, &VARY)
            && is_token(line.as_bytes())
            && line != "*"
        {
            return Self { have_any: false, have_name: line.as_bytes().eq_ignore_ascii_case(name.as_bytes()) };
        }
        // K-06.
        let mut found = Self::default();
        for (index, member) in readable_members(response.get_all(VARY)).enumerate() {
            match member {
                _ if index == MAX_MEMBERS => return Self { have_any: true, ..found },
                Some(member) => found.have_name |= member.eq_ignore_ascii_case(name.as_bytes()),
                None => found.have_any = true,
            }
        }
        found
    }
}

/// Iterates over the members of `Vary`, with `None` for those that a cache cannot read as field names.
fn readable_members<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> impl Iterator<Item = Option<&'a [u8]>> {
    let mut members = members(lines);
    let tokens = std::iter::from_fn(move || members.next_with_token());
    // `*` is a token too.
    tokens.map(|(member, token)| (token == member.len() && member != b"*").then_some(member))
}

/// Rejects names that a policy must not add to `Vary`. In a constant this is a compile error.
///
/// # Panics
///
/// Panics if a name is `*` or not a token.
#[track_caller]
pub(crate) const fn assert_names(names: &[&str]) {
    let mut i = 0;
    while i < names.len() {
        let name = names[i].as_bytes();
        assert!(
            is_token(name),
            "`Vary` takes field names of letters, digits and `-`; write one name per element, \
             without commas or spaces"
        );
        assert!(
            is_readable(name),
            "`*` is not a field name; use NO_STORE to prevent reuse, or let the \
             handler set `Vary: *`"
        );
        i += 1;
    }
}

/// Returns whether a cache can read `member` as a field name.
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
    fn each_name_is_added_once_in_its_first_spelling() {
        let table: &[(&str, &[&str], &[&str], &str)] = &[
            ("a name added to an empty set (vary_merge/00)", &[], &["Accept-Encoding"], "Accept-Encoding"),
            (
                "a name that the set contains (vary_merge/01)",
                &["Accept-Encoding"],
                &["accept-encoding"],
                "Accept-Encoding",
            ),
            (
                "a name that the set contains in another case (K-01, vary_merge/02)",
                &["Accept-Encoding"],
                &["ACCEPT-ENCODING"],
                "Accept-Encoding",
            ),
            (
                "two names that the set contains (vary_merge/04)",
                &["Cookie, Accept-Encoding"],
                &["Accept-Encoding", "cookie"],
                "Cookie, Accept-Encoding",
            ),
            (
                "two names added to an empty set (vary_merge/05)",
                &[],
                &["Accept-Encoding", "COOKIE"],
                "Accept-Encoding, COOKIE",
            ),
            (
                "white space is normalized (vary_merge/06)",
                &["Cookie    ,     Accept-Encoding"],
                &["Accept-Encoding", "cookie"],
                "Cookie, Accept-Encoding",
            ),
            ("`*` absorbs what is added (vary_merge/07)", &["*"], &["Accept-Language", "Cookie"], "*"),
            ("an added `*` absorbs (vary_merge/08)", &["Accept-Language, Cookie"], &["*"], "*"),
            ("all lines form one list (K-06)", &["Cookie", "Origin"], &["cookie", "Accept"], "Cookie, Origin, Accept"),
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
    fn an_unreadable_member_becomes_a_star() {
        let table: &[(&str, &[&str])] = &[
            ("`*` alone", &["*"]),
            ("`*` with white space before it (vary_contains/02)", &[" *"]),
            ("`*` after a name (vary_contains/00)", &["Cookie, *"]),
            ("`*` in another line", &["Cookie", "Origin,*"]),
            ("`*` twice", &["*, *"]),
            ("two names without a comma", &["Cookie Origin"]),
            ("a quoted name", &["\"Cookie\""]),
            ("a byte above 127", &["Cooki\u{e9}"]),
            ("a slash", &["Cookie, a/b"]),
        ];
        for (sentence, lines) in table {
            assert!(vary(lines).is_any(), "{sentence}");
            assert_eq!(vary(lines).to_header_value(), "*", "{sentence}");
            assert_eq!(vary(lines).names().count(), 0, "{sentence}");
            assert!(!vary(lines).is_empty(), "{sentence}");
            assert!(VaryLines::read(&headers(lines), "").have_any, "{sentence}");
        }
        let mut with_a_list = vary(&["Cookie"]);
        with_a_list.insert("Origin, Accept");
        assert!(with_a_list.is_any(), "a list is not one name");
        assert!(Vary::any().is_any());
    }

    #[test]
    fn contains_compares_names_without_case() {
        let table: &[(&str, &[&str], &str, bool)] = &[
            ("the same case", &["Cookie, Origin"], "Origin", true),
            ("another case", &["Cookie, Origin"], "ORIGIN", true),
            ("another line", &["Cookie", "Origin"], "origin", true),
            ("a part of a name does not count", &["Cookie2"], "Cookie", false),
            ("`*` contains no name (vary_contains/05)", &["*"], "Cookie", false),
            ("`*` does not contain itself", &["*"], "*", false),
            ("no field", &[], "Cookie", false),
        ];
        for (sentence, lines, name, expected) in table {
            assert_eq!(vary(lines).contains(name), *expected, "{sentence}");
            assert_eq!(VaryLines::read(&headers(lines), name).have_name, *expected, "{sentence}");
        }
    }

    #[test]
    fn a_field_without_members_is_none() {
        for lines in [&[][..], &[""], &[" , ,", ""]] {
            assert_eq!(Vary::from_headers(&headers(lines)), None, "{lines:?}");
            assert!(!VaryLines::read(&headers(lines), "").have_any, "{lines:?}");
        }
        assert!(Vary::new().is_empty());
    }

    #[test]
    fn too_many_members_become_a_star() {
        let names = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("x-{n}")).collect();
            names.join(",")
        };
        assert!(!vary(&[&names(MAX_MEMBERS)]).is_any());
        assert!(!VaryLines::read(&headers(&[&names(MAX_MEMBERS)]), "").have_any);
        assert!(vary(&[&names(MAX_MEMBERS + 1)]).is_any());
        assert!(VaryLines::read(&headers(&[&names(MAX_MEMBERS + 1)]), "").have_any);
        assert!(vary(&[&names(MAX_MEMBERS)]).union(&vary(&["Cookie"])).is_any());
    }

    #[test]
    fn policy_names_are_checked_in_constants() {
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
        fn parsing_a_rendered_value_returns_the_value(lines in any_lines()) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let set = vary(&lines);
            let value = set.to_header_value();
            prop_assert_eq!(Vary::parse([&value]), set.clone());
            prop_assert_eq!(Vary::parse([&value]).to_string(), set.to_string());
        }

        #[test]
        fn the_lines_agree_with_the_set(lines in any_lines(), name in "[A-Ca-c*]{1,3}") {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (set, headers) = (vary(&lines), headers(&lines));
            let lines = VaryLines::read(&headers, &name);
            prop_assert_eq!(lines.have_any, set.is_any());
            if !set.is_any() {
                prop_assert_eq!(lines.have_name, set.contains(&name));
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
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let _ = Vary::parse([&value]).to_header_value();
            }
        }
    }
}
