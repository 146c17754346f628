//! [`Config`]: what a dashboard was told.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::access::Access;
use super::record::RouteName;
use crate::edge::Edges;
use crate::layers::Clock;
use crate::policy::original_path;
use crate::policy::routes::SharedRoutes;

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) routes: Option<SharedRoutes>,
    pub(super) route_by: Option<RouteBy>,
    pub(super) edges: Option<Edges>,
    pub(super) access: Access,
    pub(super) clock: Clock,
}

/// The application's own way to name the route of a request.
#[derive(Clone)]
pub(super) struct RouteBy(pub(super) Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>);

impl Config {
    pub(super) fn route_of(&self, request: &Parts) -> RouteName {
        let by_table = || {
            let found = self.routes.as_ref()?.current().find(&request.method, original_path(request));
            found.pattern().map(str::to_owned)
        };
        let named = self.route_by.as_ref().and_then(|route_by| (route_by.0)(request));
        named.or_else(by_table).map_or(RouteName::Nothing, RouteName::Pattern)
    }
}

impl fmt::Debug for RouteBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}
