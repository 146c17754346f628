//! [`FieldNames`]: a list of field names, as used by `private="..."`, `no-cache="..."` and `Vary`.

use std::fmt;

use http::HeaderValue;

use crate::protocol::name_table::NameTable;
use crate::protocol::syntax::{MAX_MEMBERS, is_token, position};

/// An ordered list of field names without duplicates, as in `private="a, b"`
/// ([RFC 9110 section 5.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.1)).
///
/// Each name retains its first spelling and position. Two lists are equal if they contain the same names, regardless of
/// case and order.
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
    /// The names, separated by `, `, which cannot occur in a name.
    joined: String,
}

impl FieldNames {
    pub(super) const EMPTY: &'static Self = &Self { joined: String::new() };

    /// Creates a list of the given names without duplicates.
    ///
    /// # Errors
    ///
    /// Returns an error if a name is not a token, or if there are more than [`MAX_MEMBERS`] names.
    pub fn new<I>(names: I) -> Result<Self, InvalidFieldName>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let names: Vec<I::Item> = names.into_iter().take(MAX_MEMBERS + 1).collect();
        if names.len() > MAX_MEMBERS {
            return Err(InvalidFieldName { name: None });
        }
        if let Some(odd) = names.iter().map(AsRef::as_ref).find(|name| !is_token(name.as_bytes())) {
            return Err(InvalidFieldName { name: Some(odd.into()) });
        }
        let tokens = names.iter().map(|name| Some(name.as_ref().as_bytes()));
        Self::from_tokens(tokens).ok_or(InvalidFieldName { name: None })
    }

    /// Returns the names in order, each in its first spelling.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.joined.as_str();
        // Not `str::split`, which takes three times as many instructions.
        std::iter::from_fn(move || {
            let end = position(rest.as_bytes(), b',').unwrap_or(rest.len());
            let name = rest.get(..end).filter(|name| !name.is_empty());
            rest = rest.get(end + 2..).unwrap_or_default();
            name
        })
    }

    /// Returns whether the list contains `name`, ignoring case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Returns whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// Returns the list as written in a field.
    pub(crate) fn as_str(&self) -> &str {
        &self.joined
    }

    pub(crate) fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.joined).expect("field names are tokens, which are ASCII")
    }

    /// Returns `None` if a member is not a token, or if there are more than [`MAX_MEMBERS`].
    pub(crate) fn from_members<'a>(members: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        Self::from_tokens(members.map(|member| Some(member).filter(|member| is_token(member))))
    }

    /// Returns `None` if a token is `None`, or if there are more than [`MAX_MEMBERS`].
    pub(crate) fn from_tokens<'a>(tokens: impl Iterator<Item = Option<&'a [u8]>>) -> Option<Self> {
        let mut names = Distinct::default();
        for (index, token) in tokens.enumerate() {
            if index == MAX_MEMBERS {
                return None;
            }
            names.push(token?);
        }
        Some(names.into_list())
    }

    /// Returns the names of both lists, or `None` if there are more than [`MAX_MEMBERS`].
    pub(crate) fn union(&self, other: &Self) -> Option<Self> {
        let mut names = self.clone();
        names.append(other);
        names.without_duplicates()
    }

    /// Appends `other`, but does not remove duplicates.
    pub(super) fn append(&mut self, other: &Self) {
        if !self.is_empty() && !other.is_empty() {
            self.joined.push_str(", ");
        }
        self.joined.push_str(&other.joined);
    }

    /// Removes duplicates. Returns `None` if more than [`MAX_MEMBERS`] names remain.
    pub(super) fn without_duplicates(&self) -> Option<Self> {
        let mut names = Distinct::default();
        self.iter().for_each(|name| names.push(name.as_bytes()));
        (names.count <= MAX_MEMBERS).then(|| names.into_list())
    }

    fn in_lower_case(&self) -> NameTable {
        let mut names = NameTable::default();
        for name in self.iter() {
            names.insert(name.as_bytes().to_ascii_lowercase());
        }
        names
    }
}

/// Joins names without duplicates.
#[derive(Default)]
struct Distinct<'a> {
    joined: Vec<u8>,
    count: usize,
    /// The first names, which are compared one by one.
    first: [&'a [u8]; 8],
    /// The other names in lower case, as a set: comparing all pairs of names would take quadratic time.
    others: NameTable,
}

impl<'a> Distinct<'a> {
    /// Adds a name, which must be a token.
    fn push(&mut self, name: &'a [u8]) {
        let known = &self.first[..self.count.min(self.first.len())];
        if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return;
        }
        match self.first.get_mut(self.count) {
            Some(place) => *place = name,
            None if self.others.insert(name.to_ascii_lowercase()) => {}
            None => return,
        }
        self.count += 1;
        if self.joined.is_empty() {
            // Enough for the usual lists, because growing the vector costs more than joining the names.
            self.joined = Vec::with_capacity(64);
        } else {
            self.joined.extend_from_slice(b", ");
        }
        self.joined.extend_from_slice(name);
    }

    fn into_list(self) -> FieldNames {
        FieldNames { joined: String::from_utf8(self.joined).expect("tokens are ASCII") }
    }
}

impl PartialEq for FieldNames {
    fn eq(&self, other: &Self) -> bool {
        self.joined == other.joined || self.in_lower_case().has_same_names(&other.in_lower_case())
    }
}

impl Eq for FieldNames {}

impl fmt::Display for FieldNames {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.joined)
    }
}

impl fmt::Debug for FieldNames {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldNames({self})")
    }
}

/// The error returned for an invalid field name, or for too many of them.
///
/// ```
/// use tower_cache_policy::protocol::FieldNames;
///
/// let error = FieldNames::new(["accept, accept-language"]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`accept, accept-language` is not a field name; pass each name separately, using letters, digits and `-`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFieldName {
    /// `None` if there were too many names.
    name: Option<Box<str>>,
}

impl fmt::Display for InvalidFieldName {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(
                f,
                "`{}` is not a field name; pass each name separately, using letters, digits and `-`",
                name.escape_debug()
            ),
            None => {
                write!(f, "more than {MAX_MEMBERS} field names; list fewer names, or use the directive without names")
            }
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
    fn field_names_are_an_ordered_set() {
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
    fn appending_an_empty_list_changes_nothing() {
        for (first, second) in [("", "a, b"), ("a, b", ""), ("a", "b")] {
            let list = |text: &str| names(&text.split(", ").filter(|name| !name.is_empty()).collect::<Vec<_>>());
            let mut joined = list(first);
            joined.append(&list(second));
            assert_eq!(joined.as_str(), "a, b", "{first:?} and {second:?}");
        }
    }

    #[test]
    fn the_number_of_names_is_limited() {
        let mut names: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        assert_eq!(FieldNames::new(&names).unwrap().iter().count(), MAX_MEMBERS);
        names.push("a".to_owned());
        assert!(FieldNames::new(names).unwrap_err().to_string().contains("1024"));
    }
}
