//! [`PolicyTable`]: a table of routes for a review.

use http::Method;

use super::rows::PolicyRow;
use super::table::RoutePolicies;
use crate::markdown::markdown_table;

/// A table of routes for people and programs: the fields that each kind of response gets before guards apply.
///
/// [`RoutePolicies::policy_table`] creates one. [`Edges::policy_table`](crate::edge::Edges::policy_table) creates one
/// that also contains the fields for edge caches.
///
/// ```
/// use std::time::Duration;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let hour = CachePolicy::public(Duration::from_secs(3_600));
/// let table = RoutePolicies::builder().route("/news", hour).build()?;
/// assert_eq!(
///     table.to_markdown().lines().nth(2),
///     Some("| /news       | GET, HEAD | success | any          | public, max-age=3600 |      |      |"),
/// );
/// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolicyTable<'a> {
    rows: Vec<PolicyRow<'a>>,
    for_edges: bool,
}

const TITLES: [&str; 7] = ["Pattern", "Methods", "Status", "Content type", "Cache-Control", "Vary", "Tags"];

impl RoutePolicies {
    /// Returns the rows of the table, without the fields for edge caches.
    #[must_use]
    pub fn policy_table(&self) -> PolicyTable<'_> {
        PolicyTable { rows: self.rows().collect(), for_edges: false }
    }

    /// Returns the rows as a Markdown table: see [`PolicyTable::to_markdown`].
    #[must_use]
    pub fn to_markdown(&self) -> String {
        self.policy_table().to_markdown()
    }
}

impl<'a> PolicyTable<'a> {
    pub(crate) const fn for_edges(rows: Vec<PolicyRow<'a>>) -> Self {
        Self { rows, for_edges: true }
    }

    /// Returns the rows, sorted by pattern, with the default at the end.
    pub fn rows(&self) -> std::slice::Iter<'_, PolicyRow<'a>> {
        self.rows.iter()
    }

    /// Returns the rows as a Markdown table, which a review can compare with the previous version.
    ///
    /// | Cell | Meaning |
    /// |---|---|
    /// | Status `success` | 200, 203, 206 and 304 |
    /// | Content type `none` | the response does not have exactly one valid `Content-Type` |
    /// | Content type `any`, Status `any` | any value that does not have its own row |
    ///
    /// A table for edge caches has a column with their fields in place of the tags.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::StatusCode;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let minute = Duration::from_secs(60);
    /// let article = RoutePolicy::new(CachePolicy::public(5 * minute))
    ///     .status(StatusCode::NOT_FOUND, CachePolicy::max_age(minute))
    ///     .vary(["accept-language"])
    ///     .tags(["articles"]);
    /// let routes = RoutePolicies::builder().route("/articles/{id}", article).build()?;
    /// assert_eq!(
    ///     routes.to_markdown(),
    ///     "\
    /// | Pattern        | Methods   | Status  | Content type | Cache-Control       | Vary            | Tags     |
    /// | -------------- | --------- | ------- | ------------ | ------------------- | --------------- | -------- |
    /// | /articles/{id} | GET, HEAD | success | any          | public, max-age=300 | accept-language | articles |
    /// | /articles/{id} | GET, HEAD | 404     | any          | max-age=60          | accept-language | articles |
    /// | (any other)    | GET, HEAD | success | any          | private, no-cache   |                 |          |
    /// "
    /// );
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut titles = TITLES.map(str::to_owned);
        if self.for_edges {
            titles[6] = "At the edge".to_owned();
        }
        let mut lines = vec![titles];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        markdown_table(&lines)
    }

    fn cells(&self, row: &PolicyRow<'_>) -> [String; 7] {
        let methods: Vec<&str> = row.methods().iter().map(Method::as_str).collect();
        let last = if self.for_edges {
            let fields =
                row.at_edge().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
            fields.collect::<Vec<_>>().join("; ")
        } else {
            row.tags().collect::<Vec<_>>().join(", ")
        };
        [
            row.pattern().unwrap_or("(any other)"),
            &methods.join(", "),
            row.status_label(),
            row.content_type_label(),
            row.cache_control(),
            row.vary().unwrap_or_default(),
            &last,
        ]
        .map(str::to_owned)
    }
}
