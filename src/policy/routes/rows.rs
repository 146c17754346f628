//! [`PolicyRow`]: the table as people read it.

use http::{Method, StatusCode};

use super::route::Route;
use super::table::RoutePolicies;
use crate::policy::{CachePolicy, CacheTag, CacheTags, Rendered, RenderedVary};

const GET: &[Method] = &[Method::GET];
const HEAD: &[Method] = &[Method::HEAD];
const GET_AND_HEAD: &[Method] = &[Method::GET, Method::HEAD];

/// What one kind of answers gets, before guards: a row of [`RoutePolicies::rows`].
#[derive(Clone, Debug)]
pub struct PolicyRow<'a> {
    pattern: Option<&'a str>,
    methods: &'a [Method],
    status: Option<StatusCode>,
    content_type: Option<String>,
    cache_control: String,
    vary: Option<String>,
    tags: Option<&'a CacheTags>,
}

impl RoutePolicies {
    /// What each kind of answers gets, before guards, in the order of the patterns and with
    /// the default at the end.
    ///
    /// A status that has no row gets what [`policy`](crate::policy#which-statuses) says of it.
    /// The last row is `private, no-cache` for a table without a default of its own, which a
    /// layer may have replaced.
    pub fn rows(&self) -> impl Iterator<Item = PolicyRow<'_>> {
        let mut routes: Vec<&Route> = self.table.routes.iter().collect();
        routes.sort_by(|one, other| one.pattern.cmp(&other.pattern));
        let default = PolicyRow {
            pattern: None,
            methods: GET_AND_HEAD,
            status: None,
            content_type: Some("*/*".to_owned()),
            cache_control: self
                .table
                .default
                .as_ref()
                .map_or(CachePolicy::PRIVATE_NO_CACHE, Rendered::policy)
                .to_string(),
            vary: vary_of(self.table.default_vary.as_ref()),
            tags: None,
        };
        routes.into_iter().flat_map(rows_of).chain([default])
    }

    /// The rows as a Markdown table, for a review to diff.
    ///
    /// | Cell | Means |
    /// |---|---|
    /// | Status `success` | 200, 203, 206 and 304 |
    /// | Content type `none` | the answer does not say in one way what it is |
    /// | Content type, Status `any` | any that no other row of the route names |
    #[must_use]
    pub fn to_markdown(&self) -> String {
        const TITLES: [&str; 7] = ["Pattern", "Methods", "Status", "Content type", "Cache-Control", "Vary", "Tags"];
        let mut lines = vec![TITLES.map(str::to_owned)];
        lines.extend(self.rows().map(|row| row.cells()));
        let mut widths = [0; TITLES.len()];
        for cells in &lines {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        lines.insert(1, widths.map(|width| "-".repeat(width)));
        let mut text = String::new();
        for cells in &lines {
            for (width, cell) in widths.iter().zip(cells) {
                text.push_str(&format!("| {cell:width$} "));
            }
            text.push_str("|\n");
        }
        text
    }
}

impl PolicyRow<'_> {
    /// The pattern of the paths, or `None` for those that no route names.
    #[must_use]
    pub const fn pattern(&self) -> Option<&str> {
        self.pattern
    }

    /// The methods.
    #[must_use]
    pub const fn methods(&self) -> &[Method] {
        self.methods
    }

    /// The status, or `None` for every success: 200, 203, 206 and 304. With a method other
    /// than GET and HEAD it is `None` for all.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The content type: `*/*` for any that no other row of the route names, and `None` for an
    /// answer that does not say in one way what it is.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The value of `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> &str {
        &self.cache_control
    }

    /// The names that are added to `Vary`.
    #[must_use]
    pub fn vary(&self) -> Option<&str> {
        self.vary.as_deref()
    }

    /// The tags, in order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.into_iter().flatten().map(CacheTag::as_str)
    }

    fn cells(&self) -> [String; 7] {
        let methods: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let status = match self.status {
            Some(status) => status.as_str().to_owned(),
            None if methods.iter().all(|method| matches!(*method, "GET" | "HEAD")) => "success".to_owned(),
            None => "any".to_owned(),
        };
        let content_type = match self.content_type() {
            Some("*/*") => "any",
            Some(content_type) => content_type,
            None => "none",
        };
        [
            self.pattern.unwrap_or("(any other)"),
            &methods.join(", "),
            &status,
            content_type,
            &self.cache_control,
            self.vary().unwrap_or_default(),
            &self.tags().collect::<Vec<_>>().join(", "),
        ]
        .map(escape)
    }
}

fn rows_of(route: &Route) -> Vec<PolicyRow<'_>> {
    let row = |methods, status, content_type: Option<String>, policy: &Rendered| PolicyRow {
        pattern: Some(&route.pattern),
        methods,
        status,
        content_type,
        cache_control: policy.policy().to_string(),
        vary: vary_of(route.vary.as_ref()),
        tags: Some(&route.tags),
    };
    let any = || Some("*/*".to_owned());
    let of_own = if route.head.is_some() { GET } else { GET_AND_HEAD };

    let mut rows = vec![row(of_own, None, any(), &route.own)];
    rows.extend(route.by_content_type.iter().map(|(range, policy)| row(of_own, None, Some(range.to_string()), policy)));
    rows.extend(route.untyped.iter().map(|policy| row(of_own, None, None, policy)));
    rows.extend(route.head.iter().map(|policy| row(HEAD, None, any(), policy)));
    rows.extend(route.by_status.iter().map(|(status, policy)| row(GET_AND_HEAD, Some(*status), any(), policy)));
    rows.extend(route.unsafe_methods.iter().map(|method| PolicyRow {
        pattern: Some(&route.pattern),
        methods: std::slice::from_ref(method),
        status: None,
        content_type: any(),
        cache_control: CachePolicy::NO_STORE.to_string(),
        // Both are for what is stored.
        vary: None,
        tags: None,
    }));
    rows
}

fn vary_of(vary: Option<&RenderedVary>) -> Option<String> {
    vary.map(|vary| vary.names().to_string())
}

/// Keeps a text in its cell. A line break cannot be in one: no pattern, name or tag holds it.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}
