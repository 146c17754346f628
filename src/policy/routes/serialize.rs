//! Serializes a table with serde.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::Method;
use serde::{Serialize, Serializer};

use super::policy_table::PolicyTable;
use super::rows::PolicyRow;
use super::table::RoutePolicies;

/// Serializes as `{ "routes": [..] }`, with one member for each of the [rows](RoutePolicies::rows).
///
/// ```
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let routes = RoutePolicies::builder().route("/login", CachePolicy::NO_STORE).build()?;
/// let json = serde_json::to_value(&routes)?;
/// assert_eq!(json["routes"][0]["pattern"], "/login");
/// assert_eq!(json["routes"][0]["methods"], serde_json::json!(["GET", "HEAD"]));
/// assert_eq!(json["routes"][0]["cache_control"], "private, no-store");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
impl Serialize for RoutePolicies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.policy_table().serialize(serializer)
    }
}

/// Serializes as `{ "routes": [..] }`, with one member for each of the [rows](PolicyTable::rows).
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
impl Serialize for PolicyTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Rows<'a> {
            routes: Vec<&'a PolicyRow<'a>>,
        }
        Rows { routes: self.rows().collect() }.serialize(serializer)
    }
}

/// Serializes the values of the accessors, without those that are `None` or empty.
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
impl Serialize for PolicyRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Cells<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            pattern: Option<&'a str>,
            methods: Vec<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<u16>,
            #[serde(skip_serializing_if = "Option::is_none")]
            content_type: Option<&'a str>,
            cache_control: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            vary: Option<&'a str>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            tags: Vec<&'a str>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            at_edge: BTreeMap<&'a str, Cow<'a, str>>,
        }
        Cells {
            pattern: self.pattern(),
            methods: self.methods().iter().map(Method::as_str).collect(),
            status: self.status().map(|status| status.as_u16()),
            content_type: self.content_type(),
            cache_control: self.cache_control(),
            vary: self.vary(),
            tags: self.tags().collect(),
            at_edge: self
                .at_edge()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect(),
        }
        .serialize(serializer)
    }
}
