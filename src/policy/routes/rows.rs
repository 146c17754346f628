//! [`PolicyRow`]: what one kind of answers gets.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

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
    policy: CachePolicy,
    cache_control: String,
    at_edge: Vec<(HeaderName, HeaderValue)>,
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
        let policy = self.table.default.as_ref().map_or(CachePolicy::PRIVATE_NO_CACHE, Rendered::policy);
        let default = PolicyRow {
            pattern: None,
            methods: GET_AND_HEAD,
            status: None,
            content_type: Some("*/*".to_owned()),
            policy,
            cache_control: policy.to_string(),
            at_edge: Vec::new(),
            vary: vary_of(self.table.default_vary.as_ref()),
            tags: None,
        };
        routes.into_iter().flat_map(rows_of).chain([default])
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

    /// The fields for the edges in front, in the order in which they are sent: none in a table
    /// that was made for no edge.
    pub fn at_edge(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.at_edge.iter().map(|(name, value)| (name, value))
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

    /// Returns the status as a table shows it: `404`, or `success` or `any` if the row is not for one status.
    #[must_use]
    pub fn status_label(&self) -> &str {
        match &self.status {
            Some(status) => status.as_str(),
            None if self.get_or_head() => "success",
            None => "any",
        }
    }

    /// Returns the content type as a table shows it: `image/*`, or `any` or `none`.
    #[must_use]
    pub fn content_type_label(&self) -> &str {
        match self.content_type() {
            Some("*/*") => "any",
            Some(content_type) => content_type,
            None => "none",
        }
    }

    /// Whether the answers are those to GET and HEAD.
    pub(crate) fn get_or_head(&self) -> bool {
        self.methods.iter().all(|method| matches!(*method, Method::GET | Method::HEAD))
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(crate) const fn cache_tags(&self) -> Option<&CacheTags> {
        self.tags
    }

    /// Says it in the words of an answer to which an edge layer wrote its fields.
    pub(crate) fn into_sent(mut self, answer: &HeaderMap) -> Self {
        for (name, value) in answer {
            if name == CACHE_CONTROL {
                self.cache_control = String::from_utf8_lossy(value.as_bytes()).into_owned();
            } else {
                self.at_edge.push((name.clone(), value.clone()));
            }
        }
        self
    }
}

fn rows_of(route: &Route) -> Vec<PolicyRow<'_>> {
    let row = |methods, status, content_type: Option<String>, policy: &Rendered| PolicyRow {
        pattern: Some(&route.pattern),
        methods,
        status,
        content_type,
        policy: policy.policy(),
        cache_control: policy.policy().to_string(),
        at_edge: Vec::new(),
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
        policy: CachePolicy::NO_STORE,
        cache_control: CachePolicy::NO_STORE.to_string(),
        at_edge: Vec::new(),
        // Both are for what is stored.
        vary: None,
        tags: None,
    }));
    rows
}

fn vary_of(vary: Option<&RenderedVary>) -> Option<String> {
    vary.map(|vary| vary.names().to_string())
}
