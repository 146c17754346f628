//! [`PolicyRow`]: the policy for one kind of response.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::route::Route;
use super::table::RoutePolicies;
use crate::policy::{CachePolicy, CacheTag, CacheTags, Rendered, RenderedVary};

const GET: &[Method] = &[Method::GET];
const HEAD: &[Method] = &[Method::HEAD];
const GET_AND_HEAD: &[Method] = &[Method::GET, Method::HEAD];

/// A row of [`RoutePolicies::rows`]: the fields that one kind of response gets before guards apply.
///
/// A test can check rules that all routes must follow:
///
/// ```
/// use std::time::Duration;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let routes = RoutePolicies::builder()
///     .route("/news/{id}", CachePolicy::public(Duration::from_secs(60)))
///     .route("/account/{*rest}", CachePolicy::NO_STORE)
///     .build()?;
///
/// for row in routes.rows() {
///     let is_account = row.pattern().is_some_and(|pattern| pattern.starts_with("/account"));
///     assert!(!is_account || row.cache_control() == "private, no-store", "{row:?}");
/// }
/// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
/// ```
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
    /// Returns one row for each kind of response, sorted by pattern, with the default at the end.
    ///
    /// Rows show the policies before guards apply. A status without a row gets the policy that
    /// [`policy`](crate::policy#which-statuses) describes. The last row is `private, no-cache` for a table without a
    /// default, although a layer may have another default.
    ///
    /// A program can print them at start, so that a log shows the policies of the running version:
    ///
    /// ```
    /// use http::StatusCode;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::new(CachePolicy::NO_CACHE).status(StatusCode::GONE, CachePolicy::IMMUTABLE);
    /// let routes = RoutePolicies::builder().route("/jobs/{id}", page).build()?;
    /// let lines: Vec<String> = routes
    ///     .rows()
    ///     .map(|row| format!("{} {}: {}", row.pattern().unwrap_or("*"), row.status_label(), row.cache_control()))
    ///     .collect();
    /// assert_eq!(
    ///     lines,
    ///     [
    ///         "/jobs/{id} success: no-cache",
    ///         "/jobs/{id} 410: public, max-age=31536000, immutable",
    ///         "* success: private, no-cache",
    ///     ]
    /// );
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
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
    /// Returns the pattern of the route, or `None` for paths that no route matches.
    #[must_use]
    pub const fn pattern(&self) -> Option<&str> {
        self.pattern
    }

    /// Returns the methods.
    #[must_use]
    pub const fn methods(&self) -> &[Method] {
        self.methods
    }

    /// Returns the status, or `None` for 200, 203, 206 and 304.
    ///
    /// In a row for methods other than GET and HEAD, `None` means every status.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns the content type, `*/*` for every type without its own row, or `None` for a response that does not have
    /// exactly one valid `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Returns the value of `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> &str {
        &self.cache_control
    }

    /// Returns the fields for edge caches, in the order in which they are sent.
    ///
    /// It is empty unless the row is from [`Edges::policy_table`](crate::edge::Edges::policy_table).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::edge::{EdgeProfile, Edges};
    /// use tower_cache_policy::policy::{CachePolicy, routes::RoutePolicies};
    ///
    /// let page = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
    /// let routes = RoutePolicies::builder().route("/", page).build()?;
    /// let table = Edges::from(EdgeProfile::FASTLY).policy_table(&routes);
    /// let (name, value) = table.rows().next().unwrap().at_edge().next().unwrap();
    /// assert_eq!((name.as_str(), value.to_str()?), ("surrogate-control", "max-age=3600"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at_edge(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.at_edge.iter().map(|(name, value)| (name, value))
    }

    /// Returns the names that the route adds to `Vary`, separated by commas, or `None` if it does not add any.
    #[must_use]
    pub fn vary(&self) -> Option<&str> {
        self.vary.as_deref()
    }

    /// Returns the cache tags, in the order in which they are sent.
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

    /// Whether the row is for GET and HEAD.
    pub(crate) fn get_or_head(&self) -> bool {
        self.methods.iter().all(|method| matches!(*method, Method::GET | Method::HEAD))
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(crate) const fn cache_tags(&self) -> Option<&CacheTags> {
        self.tags
    }

    /// Replaces the fields of the row with those that an edge layer wrote.
    pub(crate) fn into_sent(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers {
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
        // Responses to these methods are not stored, so neither field has a use.
        vary: None,
        tags: None,
    }));
    rows
}

fn vary_of(vary: Option<&RenderedVary>) -> Option<String> {
    vary.map(|vary| vary.names().to_string())
}
