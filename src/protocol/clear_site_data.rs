//! [`ClearSiteData`]: the data of a site that a browser deletes.

use std::fmt;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use super::syntax::set_field;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// The value of `Clear-Site-Data`, which makes a browser delete the data of an origin ([Clear Site
/// Data](https://www.w3.org/TR/clear-site-data/)).
///
/// Send it in the response to a sign-out, so that the next user of the browser cannot see the pages of the previous
/// one. It does not reach shared caches: purge these, or do not let them store such pages. Browsers obey the field only
/// over HTTPS.
///
/// Send the response itself with [`CachePolicy::NO_STORE`](crate::policy::CachePolicy::NO_STORE). A cache that stored it
/// would repeat it to other clients. A guard of the layers therefore makes every response with this field private.
///
/// ```
/// use http::HeaderMap;
/// use tower_cache_policy::protocol::ClearSiteData;
///
/// let mut headers = HeaderMap::new();
/// ClearSiteData::CACHE.and(ClearSiteData::COOKIES).and(ClearSiteData::STORAGE).write_to(&mut headers);
/// assert_eq!(headers["clear-site-data"], r#""cache", "cookies", "storage""#);
/// ```
// E-02
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClearSiteData(u8);

/// The types in the order in which they are written.
const TYPES: [(ClearSiteData, &str); 5] = [
    (ClearSiteData::CACHE, "\"cache\""),
    (ClearSiteData::COOKIES, "\"cookies\""),
    (ClearSiteData::STORAGE, "\"storage\""),
    (ClearSiteData::EXECUTION_CONTEXTS, "\"executionContexts\""),
    (ClearSiteData::CLIENT_HINTS, "\"clientHints\""),
];

impl ClearSiteData {
    /// `"cache"`: the stored responses of the origin.
    pub const CACHE: Self = Self(1);

    /// `"cookies"`: all cookies of the registered domain, including those of its other hosts, and HTTP authentication.
    pub const COOKIES: Self = Self(1 << 1);

    /// `"storage"`: local storage, IndexedDB, service workers and similar data of the origin.
    pub const STORAGE: Self = Self(1 << 2);

    /// `"executionContexts"`: reloads the open pages of the origin.
    pub const EXECUTION_CONTEXTS: Self = Self(1 << 3);

    /// `"clientHints"`: the client hints that the origin has requested.
    pub const CLIENT_HINTS: Self = Self(1 << 4);

    /// `"*"`: every type, including those that browsers add later.
    pub const ALL: Self = Self(u8::MAX);

    /// Combines the types of two values.
    #[must_use]
    #[inline]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the value of the field.
    #[must_use]
    #[inline]
    pub fn to_header_value(self) -> HeaderValue {
        // The text is one of 33 constants of visible ASCII.
        HeaderValue::try_from(self.to_string()).unwrap_or_else(|_| HeaderValue::from_static("\"*\""))
    }

    /// Writes the field, and replaces any existing one. If the map is full, the field is not written.
    #[inline]
    pub fn write_to(self, headers: &mut HeaderMap) {
        set_field(headers, CLEAR_SITE_DATA, self.to_header_value());
    }
}

impl fmt::Display for ClearSiteData {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("\"*\"");
        }
        let mut separator = "";
        for (_, text) in TYPES.iter().filter(|(kind, _)| self.0 & kind.0 != 0) {
            write!(f, "{separator}{text}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for ClearSiteData {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClearSiteData({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_lists_the_types_in_quotes() {
        let table: &[(ClearSiteData, &str)] = &[
            (ClearSiteData::CACHE, "\"cache\""),
            (ClearSiteData::STORAGE.and(ClearSiteData::COOKIES), "\"cookies\", \"storage\""),
            (ClearSiteData::EXECUTION_CONTEXTS, "\"executionContexts\""),
            (ClearSiteData::CLIENT_HINTS.and(ClearSiteData::CACHE), "\"cache\", \"clientHints\""),
            (ClearSiteData::ALL, "\"*\""),
            (ClearSiteData::ALL.and(ClearSiteData::CACHE), "\"*\""),
        ];
        for (value, text) in table {
            assert_eq!(value.to_header_value(), *text, "E-02");
        }
    }

    #[test]
    fn all_types_together_are_listed_and_not_a_star() {
        let all_known = TYPES.iter().fold(ClearSiteData(0), |all, (kind, _)| all.and(*kind));
        assert!(all_known.to_string().ends_with("\"executionContexts\", \"clientHints\""));
    }
}
