//! [`FieldNames`]: a list of field names, as directives and `Vary` carry one.

use std::collections::BTreeSet;
use std::fmt;

use http::HeaderValue;

use crate::protocol::syntax::{MAX_MEMBERS, is_token};

/// An ordered list of field names without duplicates, as in `private="a, b"`
/// (RFC 9110 section 5.1).
///
/// Each name keeps its first spelling and place. Two lists are equal when they
/// hold the same names, since case and order mean nothing.
///
/// ```
/// use tower_cache_policy::protocol::FieldNames;
///
/// let names = FieldNames::new(["Set-Cookie", "Link", "set-cookie"])?;
/// assert_eq!(names.to_string(), "Set-Cookie, Link");
/// assert!(names.contains("SET-COOKIE"));
/// # Ok::<(), tower_cache_policy::protocol::InvalidFieldName>(())
/// ```
#[derive(Clone, Default)]
pub struct FieldNames {
    /// The names with `, ` between them, which no name can hold.
    joined: String,
}

impl FieldNames {
    pub(super) const EMPTY: &'static Self = &Self { joined: String::new() };

    /// The names of `names`, each once.
    ///
    /// # Errors
    ///
    /// When one of them is no token, or there are more than [`MAX_MEMBERS`].
    pub fn new<I>(names: I) -> Result<Self, InvalidFieldName>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let names: Vec<I::Item> = names.into_iter().take(MAX_MEMBERS + 1).collect();
        if let Some(odd) = names.iter().map(AsRef::as_ref).find(|name| !is_token(name.as_bytes())) {
            return Err(InvalidFieldName { name: Some(odd.into()) });
        }
        let members = names.iter().map(|name| name.as_ref().as_bytes());
        Self::from_members(members).ok_or(InvalidFieldName { name: None })
    }

    /// The names in order, each in its first spelling.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.joined.split(", ").filter(|name| !name.is_empty())
    }

    /// Whether `name` is in the list, in any case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether there is no name in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// The list as a field carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.joined
    }

    pub(crate) fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.joined).expect("field names are tokens, which are ASCII")
    }

    /// `None` when a member is no token, or there are more than [`MAX_MEMBERS`].
    pub(crate) fn from_members<'a>(members: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let token = |member| str::from_utf8(member).ok().filter(|_| is_token(member));
        let names: Vec<&str> = members.take(MAX_MEMBERS + 1).map(token).collect::<Option<_>>()?;
        (names.len() <= MAX_MEMBERS).then(|| Self::deduplicated(names))
    }

    /// The names of both, or `None` when they are more than [`MAX_MEMBERS`].
    pub(crate) fn union(&self, other: &Self) -> Option<Self> {
        let mut names = self.clone();
        names.append(other);
        names.without_duplicates()
    }

    /// Leaves duplicates in.
    pub(super) fn append(&mut self, other: &Self) {
        if !self.is_empty() && !other.is_empty() {
            self.joined.push_str(", ");
        }
        self.joined.push_str(&other.joined);
    }

    /// The names each once, or `None` when they are more than [`MAX_MEMBERS`].
    pub(super) fn without_duplicates(&self) -> Option<Self> {
        let names = Self::deduplicated(self.iter());
        (names.iter().count() <= MAX_MEMBERS).then_some(names)
    }

    fn as_set(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        // Deliberately not collected: that brings a sort along, an eighth of a debug build of the crate.
        for name in self.iter() {
            names.insert(name.to_ascii_lowercase());
        }
        names
    }

    /// By a set, since comparing each name with each would be quadratic in a field's
    /// length.
    fn deduplicated<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = BTreeSet::new();
        let first = |name: &&str| seen.insert(name.to_ascii_lowercase());
        let names: Vec<&str> = names.into_iter().filter(first).collect();
        Self { joined: names.join(", ") }
    }
}

impl PartialEq for FieldNames {
    fn eq(&self, other: &Self) -> bool {
        self.as_set() == other.as_set()
    }
}

impl Eq for FieldNames {}

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.joined)
    }
}

impl fmt::Debug for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldNames({self})")
    }
}

/// The text was no field name, or there were too many names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFieldName {
    /// `None` when the names were too many.
    name: Option<Box<str>>,
}

impl fmt::Display for InvalidFieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(
                f,
                "`{}` is not a field name; write one name at a time, of letters, digits and `-`",
                name.escape_debug()
            ),
            None => write!(f, "more than {MAX_MEMBERS} field names; leave the argument out"),
        }
    }
}

impl std::error::Error for InvalidFieldName {}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> FieldNames {
        FieldNames::new(names).unwrap()
    }

    #[test]
    fn field_names_are_a_set_that_keeps_its_order() {
        let set = names(&["Set-Cookie", "Link", "LINK", "set-cookie", "a"]);
        assert_eq!(set.iter().collect::<Vec<_>>(), ["Set-Cookie", "Link", "a"]);
        assert_eq!(set, names(&["A", "link", "Set-cookie"]));
        assert_ne!(set, names(&["link", "set-cookie"]));
        assert!(set.contains("LiNk") && !set.contains("Lin"));
        assert!(FieldNames::default().is_empty());
        let error = FieldNames::new(["a", "b, c"]).unwrap_err();
        assert!(error.to_string().contains("`b, c`"), "{error}");
    }

    #[test]
    fn nothing_is_added_to_a_list_by_an_empty_one() {
        for (first, second) in [("", "a, b"), ("a, b", ""), ("a", "b")] {
            let list = |text: &str| names(&text.split(", ").filter(|name| !name.is_empty()).collect::<Vec<_>>());
            let mut joined = list(first);
            joined.append(&list(second));
            assert_eq!(joined.as_str(), "a, b", "{first:?} and {second:?}");
        }
    }

    #[test]
    fn there_is_a_greatest_number_of_names() {
        let mut names: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        assert_eq!(FieldNames::new(&names).unwrap().iter().count(), MAX_MEMBERS);
        names.push("a".to_owned());
        assert!(FieldNames::new(names).unwrap_err().to_string().contains("1024"));
    }
}
