//! [`NoVarySearch`]: the query parameters that do not select another response.

use std::fmt::{self, Write as _};

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use super::syntax::set_field;

const NO_VARY_SEARCH: HeaderName = HeaderName::from_static("no-vary-search");

/// The value of `No-Vary-Search`: the query parameters that do not change a response, so that a cache may use one stored
/// response for several URLs
/// ([draft-ietf-httpbis-no-vary-search](https://datatracker.ietf.org/doc/draft-ietf-httpbis-no-vary-search/)).
///
/// A link with `?utm_source=mail` usually leads to the same page as the link without it. Caches that do not support
/// the field, such as most CDNs, store one response for each URL as before. Some browsers obey it.
///
/// | Value | Field |
/// |---|---|
/// | [`NoVarySearch::params`]`(&["utm_source", "ref"])` | `params=("utm_source" "ref")` |
/// | [`NoVarySearch::except`]`(&["id"])` | `except=("id")` |
/// | [`NoVarySearch::key_order`]`()` | `key-order, params=()` |
/// | [`NoVarySearch::params`]`(&["ref"]).`[`and_key_order`](Self::and_key_order)`()` | `key-order, params=("ref")` |
///
/// Pass the value to [`CachePolicyLayer::no_vary_search`](crate::CachePolicyLayer::no_vary_search), return it from an
/// axum handler (feature `axum`), or write it with [`write_to`](Self::write_to).
///
/// # Warning
///
/// A parameter that does change the response must not be listed: a cache would serve the response of one URL for
/// another. That includes the version in URLs such as `/app.js?v=2`, and parameters that only a script of the page
/// reads.
///
/// # Versions of the draft
///
/// The field is not yet a standard. Its syntax changed in December 2025. Caches of both versions understand
/// [`params`](Self::params) and [`key_order`](Self::key_order). [`except`](Self::except) uses the new syntax: a cache
/// that implements an earlier version ignores it, and stores one response for each URL.
///
/// # Example
///
/// ```
/// use http::HeaderMap;
/// use tower_cache_policy::protocol::NoVarySearch;
///
/// // A mistake in a constant does not compile.
/// const TRACKING: NoVarySearch = NoVarySearch::params(&["utm_source", "utm_medium"]);
///
/// let mut headers = HeaderMap::new();
/// TRACKING.write_to(&mut headers);
/// assert_eq!(headers["no-vary-search"], r#"params=("utm_source" "utm_medium")"#);
/// ```
// E-01
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoVarySearch {
    ignores_key_order: bool,
    params: Params,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Params {
    /// These do not change the response.
    Ignored(&'static [&'static str]),
    /// Only these change the response.
    Significant(&'static [&'static str]),
}

impl NoVarySearch {
    /// States that these parameters do not change the response. Names are compared with the decoded names of the URL, and
    /// non-ASCII names are percent-encoded here.
    ///
    /// # Panics
    ///
    /// Panics if a name is empty, or has a space, a control character, a non-ASCII character, or one of `"`, `\`, `&`, `=`,
    /// `+` and `#`. In a `const` this is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn params(names: &'static [&'static str]) -> Self {
        assert_names(names);
        Self { ignores_key_order: false, params: Params::Ignored(names) }
    }

    /// States that only these parameters change the response.
    ///
    /// # Panics
    ///
    /// As [`params`](Self::params).
    #[must_use]
    #[track_caller]
    pub const fn except(names: &'static [&'static str]) -> Self {
        assert_names(names);
        Self { ignores_key_order: false, params: Params::Significant(names) }
    }

    /// States that all parameters change the response, but their order does not. The order of parameters with the same
    /// name still matters.
    #[must_use]
    pub const fn key_order() -> Self {
        // A cache of the current draft ignores `key-order` without `params` or `except`.
        Self { ignores_key_order: true, params: Params::Ignored(&[]) }
    }

    /// States that the order of the remaining parameters does not change the response either.
    #[must_use]
    pub const fn and_key_order(self) -> Self {
        Self { ignores_key_order: true, ..self }
    }

    /// Returns the value of the field.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).unwrap_or_else(|_| {
            // No parameter is ignored. The names were checked, so this value is never sent.
            HeaderValue::from_static("params=()")
        })
    }

    /// Writes the field, and replaces any existing one. If the map is full, the field is not written.
    pub fn write_to(&self, headers: &mut HeaderMap) {
        set_field(headers, NO_VARY_SEARCH, self.to_header_value());
    }
}

impl fmt::Display for NoVarySearch {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ignores_key_order {
            f.write_str("key-order, ")?;
        }
        let names = match self.params {
            Params::Ignored(names) => {
                f.write_str("params=(")?;
                names
            }
            Params::Significant(names) => {
                f.write_str("except=(")?;
                names
            }
        };
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            write!(f, "\"{name}\"")?;
        }
        f.write_char(')')
    }
}

/// Returns whether the response has the field.
pub(crate) fn has_no_vary_search(headers: &HeaderMap) -> bool {
    headers.contains_key(NO_VARY_SEARCH)
}

#[track_caller]
const fn assert_names(names: &[&str]) {
    let mut index = 0;
    while index < names.len() {
        assert!(
            is_name(names[index].as_bytes()),
            "No-Vary-Search takes the names of query parameters: visible ASCII without \" \\ & = + #, and other characters percent-encoded"
        );
        index += 1;
    }
}

const fn is_name(name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        if !name[index].is_ascii_graphic() || matches!(name[index], b'"' | b'\\' | b'&' | b'=' | b'+' | b'#') {
            return false;
        }
        index += 1;
    }
    !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_a_structured_dictionary_with_these_members() {
        let table: &[(NoVarySearch, &str)] = &[
            (NoVarySearch::params(&["a"]), "params=(\"a\")"),
            (
                NoVarySearch::params(&["utm_source", "items[]", "%C3%A9"]),
                "params=(\"utm_source\" \"items[]\" \"%C3%A9\")",
            ),
            (NoVarySearch::params(&["a"]).and_key_order(), "key-order, params=(\"a\")"),
            (NoVarySearch::key_order(), "key-order, params=()"),
            (NoVarySearch::except(&["id", "page"]), "except=(\"id\" \"page\")"),
            (NoVarySearch::except(&[]).and_key_order(), "key-order, except=()"),
        ];
        for (value, text) in table {
            assert_eq!(value.to_string(), *text);
            assert_eq!(value.to_header_value(), *text, "E-01");
            let parsed: sfv::Dictionary = sfv::Parser::new(text).parse().unwrap();
            let members: Vec<_> = parsed.keys().map(|key| key.as_str()).collect();
            assert!(members.iter().filter(|name| **name != "key-order").count() == 1, "one of `params` and `except`");
        }
    }

    #[test]
    fn a_name_that_a_query_or_a_field_cannot_contain_is_rejected() {
        for name in ["", "a b", "a\"", "a\\", "a&b", "a=b", "a+b", "a#b", "\u{e9}", "a\n", "\u{7f}"] {
            assert!(!is_name(name.as_bytes()), "{name:?}");
        }
        for name in ["a", "utm_source", "a.b", "a-b", "~", "filter[x]", "%20", "*", "q:1"] {
            assert!(is_name(name.as_bytes()), "{name:?}");
        }
    }
}
