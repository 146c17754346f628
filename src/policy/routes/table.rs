//! [`RoutePolicies`]: a table of path patterns and their policies.

use std::fmt;
use std::sync::Arc;

use arc_swap::Guard;
use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::patterns::Patterns;
use super::route::{MethodClass, Route, is_success};
use crate::policy::{CachePolicy, CacheTag, CacheTags, Rendered, RenderedVary};
use crate::protocol::{has_dot_segment, normalized_encoding};

/// A table of path patterns and their policies, for a [`CachePolicyLayer`](crate::CachePolicyLayer).
///
/// A clone is cheap, because it shares the table. See the [module docs](super) for an example and for the choice of the
/// policy.
#[derive(Clone)]
pub struct RoutePolicies {
    pub(in crate::policy) table: Arc<Table>,
}

pub(in crate::policy) struct Table {
    pub(super) patterns: Patterns,
    pub(super) routes: Vec<Route>,
    /// `None` if the default of the layer applies.
    pub(super) default: Option<Rendered>,
    pub(in crate::policy) default_vary: Option<RenderedVary>,
    /// For a request whose route is not known.
    pub(super) unplaced: Rendered,
}

/// The route of a request, and the table that contains it. The table stays the same until the response is finished,
/// even if a new one replaces it.
pub(crate) struct RouteMatch {
    /// Most guards do not count the references of the table, in memory that all threads share.
    table: Guard<Arc<Table>>,
    place: Place,
    method: MethodClass,
}

/// The result of a lookup in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Route(usize),
    /// No pattern matches.
    Nowhere,
    /// Software may resolve the path to another one.
    // G-19
    Ambiguous,
    /// The path that the client sent is not known.
    Unknown,
}

impl RoutePolicies {
    /// Returns the policy of a 200 at this path. Returns `None` if the table does not have one, or if the policy
    /// depends on the content type.
    ///
    /// A [validator source](crate::layers::conditional::SelectedRepresentation) can return it together with the
    /// validators, so that its 304 gets the same fields as the 200.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::Method;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let minute = CachePolicy::public(Duration::from_secs(60));
    /// let table = RoutePolicies::builder().route("/news/{id}", RoutePolicy::new(minute)).build()?;
    /// assert_eq!(table.policy_at(&Method::GET, "/news/1"), Some(minute));
    /// assert_eq!(table.policy_at(&Method::GET, "/about"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn policy_at(&self, method: &Method, path: &str) -> Option<CachePolicy> {
        let found = RouteMatch::find(Guard::from_inner(Arc::clone(&self.table)), method, Some(path));
        if found.depends_on_content(true) {
            return None;
        }
        found.policy(StatusCode::OK, &HeaderMap::new()).map(Rendered::policy)
    }

    /// The tags of all routes, which [`EdgeLayer::check_tags`](crate::EdgeLayer::check_tags) compares with what
    /// the edges can carry.
    ///
    /// ```
    /// use tower_cache_policy::EdgeLayer;
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::new(CachePolicy::NO_CACHE).tags(["crate:serde"]);
    /// let routes = RoutePolicies::builder().route("/crates/serde", page).build()?;
    ///
    /// assert!(EdgeLayer::new(EdgeProfile::CLOUDFLARE).check_tags(routes.tags()).is_ok());
    /// assert!(EdgeLayer::new(EdgeProfile::AKAMAI).check_tags(routes.tags()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tags(&self) -> impl Iterator<Item = &CacheTag> {
        self.table.routes.iter().flat_map(|route| &route.tags)
    }

    /// Returns the pattern of the route at this path, or `None` if no route matches it.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// let table = RoutePolicies::builder().route("/news/{id}", CachePolicy::NO_CACHE).build()?;
    /// assert_eq!(table.pattern_at("/news/1"), Some("/news/{id}"));
    /// assert_eq!(table.pattern_at("/about"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pattern_at(&self, path: &str) -> Option<&str> {
        match self.table.place(path) {
            Place::Route(route) => Some(&self.table.routes[route].pattern),
            _ => None,
        }
    }
}

impl Table {
    fn place(&self, path: &str) -> Place {
        let found = self.patterns.find(path);
        // Most paths do not have any byte that software resolves in different ways.
        let is_plain = !path.bytes().any(|byte| matches!(byte, b'%' | b'.' | b'\\' | 0x80..));
        // Some services decode a path before they route, and would find the route of `/account` for `/%61ccount`.
        let is_ambiguous = || {
            has_dot_segment(path) || normalized_encoding(path).is_some_and(|other| self.patterns.find(&other) != found)
        };
        if !is_plain && is_ambiguous() {
            return Place::Ambiguous;
        }
        found.map_or(Place::Nowhere, Place::Route)
    }
}

impl RouteMatch {
    /// Finds the route of a request. `path` is `None` if the path that the client sent is not known.
    pub(super) fn find(table: Guard<Arc<Table>>, method: &Method, path: Option<&str>) -> Self {
        let place = path.map_or(Place::Unknown, |path| table.place(path));
        Self { table, place, method: MethodClass::of(method) }
    }

    /// The policy for the status and content type of a response. `None` for an error or another status without its own
    /// policy.
    pub(crate) fn policy(&self, status: StatusCode, headers: &HeaderMap) -> Option<&Rendered> {
        match self.place {
            Place::Route(route) => self.table.routes[route].policy(self.method, status, headers),
            _ if self.method == MethodClass::Unsafe => None,
            Place::Nowhere => self.table.default.as_ref().filter(|_| is_success(status)),
            // The default for errors is stricter than this policy.
            Place::Ambiguous | Place::Unknown => {
                (!status.is_client_error() && !status.is_server_error()).then_some(&self.table.unplaced)
            }
        }
    }

    /// Whether the policy depends on the content type.
    pub(crate) fn depends_on_content(&self, immutable_depends: bool) -> bool {
        let default = self.table.default.as_ref().is_some_and(|own| own.policy().is_immutable());
        self.route().map_or(immutable_depends && default, |route| route.depends_on_content(immutable_depends))
    }

    /// The names that every response of the route adds to `Vary`.
    pub(crate) fn vary(&self) -> Option<&RenderedVary> {
        match self.route() {
            Some(route) => route.vary.as_ref(),
            None => self.table.default_vary.as_ref(),
        }
    }

    /// The tags of every response of the route.
    pub(crate) fn tags(&self) -> Option<&CacheTags> {
        self.route().map(|route| &route.tags)
    }

    /// The pattern of the route, or the reason why no route matches, for display.
    pub(crate) fn rule(&self) -> &str {
        match self.place {
            Place::Route(route) => &self.table.routes[route].pattern,
            Place::Nowhere => "no route",
            Place::Ambiguous => "no route: ambiguous path",
            Place::Unknown => "no route: unknown path",
        }
    }

    fn route(&self) -> Option<&Route> {
        match self.place {
            Place::Route(route) => Some(&self.table.routes[route]),
            Place::Nowhere | Place::Ambiguous | Place::Unknown => None,
        }
    }
}

/// Formats as a map from patterns to the routes' own policies.
impl fmt::Debug for RoutePolicies {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.table.routes.iter().map(|route| (&route.pattern, route.own.policy()))).finish()
    }
}

impl fmt::Debug for RouteMatch {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RouteMatch").field(&self.rule()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::CachePolicy;

    proptest! {
        #[test]
        fn no_path_panics(path in any::<String>(), near in "[/.%2eEfF5cC\\\\;*{}a]{0,40}") {
            let routes = RoutePolicies::builder()
                .route("/{a}/b", CachePolicy::NO_CACHE)
                .route("/a/{*rest}", CachePolicy::NO_CACHE)
                .build()
                .unwrap();
            for path in [path.as_str(), &near] {
                let table = Guard::from_inner(Arc::clone(&routes.table));
                let found = RouteMatch::find(table, &Method::GET, Some(path));
                let _ = found.policy(StatusCode::OK, &HeaderMap::new());
            }
        }
    }
}
