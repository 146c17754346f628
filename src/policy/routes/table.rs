//! [`RoutePolicies`]: which path has which policy.

use std::fmt;
use std::sync::Arc;

use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::patterns::Patterns;
use super::route::{MethodClass, Route, is_success};
use crate::policy::{CacheTags, Rendered, RenderedVary, has_dot_segment};

/// Path patterns and their policies: a source for a [`CachePolicyLayer`](crate::CachePolicyLayer).
///
/// Cheap to clone. See the [module docs](super) for an example, and for which policy an answer
/// gets.
#[derive(Clone)]
pub struct RoutePolicies {
    pub(in crate::policy) table: Arc<Table>,
}

pub(in crate::policy) struct Table {
    pub(super) patterns: Patterns,
    pub(super) routes: Vec<Route>,
    /// `None` leaves it to the default of the layer.
    pub(super) default: Option<Rendered>,
    pub(in crate::policy) default_vary: Option<RenderedVary>,
}

/// The route that a request took, and the table that it was found in, which stays as it is
/// while the answer is made.
#[derive(Clone)]
pub(crate) struct RouteMatch {
    table: Arc<Table>,
    route: Option<usize>,
    method: MethodClass,
}

impl RoutePolicies {
    /// The route of a request, with the table itself.
    pub(crate) fn find(self, method: &Method, path: &str) -> RouteMatch {
        let route = if has_dot_segment(path) { None } else { self.table.patterns.find(path) };
        RouteMatch { table: self.table, route, method: MethodClass::of(method) }
    }
}

impl RouteMatch {
    /// The policy that this route gives the answer, when it has one for its status and type.
    /// `None` for an error or another status that the route does not name.
    pub(crate) fn policy(&self, status: StatusCode, answer: &HeaderMap) -> Option<&Rendered> {
        match self.route() {
            Some(route) => route.policy(self.method, status, answer),
            None if self.method == MethodClass::Unsafe || !is_success(status) => None,
            None => self.table.default.as_ref(),
        }
    }

    /// The names that every answer of the route adds to `Vary`.
    pub(crate) fn vary(&self) -> Option<&RenderedVary> {
        match self.route() {
            Some(route) => route.vary.as_ref(),
            None => self.table.default_vary.as_ref(),
        }
    }

    /// The tags of every answer of the route.
    pub(crate) fn tags(&self) -> Option<&CacheTags> {
        self.route().map(|route| &route.tags)
    }

    /// The pattern of the route.
    pub(crate) fn pattern(&self) -> Option<&str> {
        self.route().map(|route| route.pattern.as_str())
    }

    fn route(&self) -> Option<&Route> {
        self.route.map(|route| &self.table.routes[route])
    }
}

/// The patterns, each with the route's own policy.
impl fmt::Debug for RoutePolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.table.routes.iter().map(|route| (&route.pattern, route.own.policy()))).finish()
    }
}

impl fmt::Debug for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RouteMatch").field(&self.route().map(|route| &route.pattern)).finish()
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
                let found = routes.clone().find(&Method::GET, path);
                let _ = found.policy(StatusCode::OK, &HeaderMap::new());
            }
        }
    }
}
