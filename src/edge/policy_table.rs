//! A table of routes with the fields that browsers and edges get.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};

use super::edges::Edges;
use super::overflow::TagOverflow;
use crate::policy::Ruling;
use crate::policy::routes::{PolicyRow, PolicyTable, RoutePolicies};

impl Edges {
    /// Returns a table of the routes, with the `Cache-Control` and the fields for these edges that each response gets
    /// before guards are applied. Requires the feature `routes`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::edge::{EdgeProfile, Edges};
    /// use tower_cache_policy::policy::{CachePolicy, routes::{RoutePolicies, RoutePolicy}};
    ///
    /// let page = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
    /// let routes = RoutePolicies::builder().route("/", RoutePolicy::new(page).tags(["pages"])).build()?;
    ///
    /// let edges = Edges::from(EdgeProfile::CLOUDFLARE);
    /// let table = edges.policy_table(&routes).to_markdown();
    /// assert!(table.contains("| public, max-age=60 "));
    /// assert!(table.contains("| cloudflare-cdn-cache-control: max-age=3600; cache-tag: pages |"));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "routes")))]
    #[must_use]
    pub fn policy_table<'a>(&self, routes: &'a RoutePolicies) -> PolicyTable<'a> {
        PolicyTable::for_edges(routes.rows().map(|row| self.sent(row)).collect())
    }

    fn sent<'a>(&self, row: PolicyRow<'a>) -> PolicyRow<'a> {
        let ruling = Ruling::for_policy(row.policy(), row.cache_tags());
        let mut headers = HeaderMap::new();
        headers.extend(ruling.line().map(|line| (CACHE_CONTROL, line.clone())));
        self.write(&mut headers, StatusCode::OK, row.get_or_head(), &ruling, &TagOverflow::NotStored);
        row.into_sent(&headers)
    }
}
