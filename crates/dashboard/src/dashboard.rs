//! [`Dashboard`]: the handle that a layer and a service share.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tower_cache_policy::edge::{Edges, IntoEdges};
use tower_cache_policy::policy::original_path;
use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
use tower_cache_policy::{Clock, SharedCache};

use crate::access::Access;
use crate::history::History;
use crate::observe::ObserveLayer;
use crate::record::RouteName;
use crate::serve::DashboardService;

/// A live page that shows how responses are cached. See the [crate docs](crate) for an example and the access rules.
///
/// It is cheap to clone, and all clones share their data. It stores the last 200 requests with the first 300 bytes of
/// each path and field, counters for 256 routes, 100 different warnings, and the lengths of 1024 responses. It serves
/// up to 32 event streams. It does not store queries, bodies, or fields other than `Cache-Control`.
#[derive(Clone)]
pub struct Dashboard {
    config: Arc<Config>,
    history: Arc<History>,
}

impl Dashboard {
    /// Creates a dashboard without a table of routes.
    #[must_use]
    pub fn new() -> Self {
        let config = Config {
            routes: None,
            route_by: None,
            edges: None,
            cache: None,
            allows_purges: false,
            access: Access::Loopback { peers_are_local: false },
            clock: Clock::system(),
        };
        Self { config: Arc::new(config), history: Arc::default() }
    }

    /// Shows this table of routes, and counts requests by its patterns.
    #[must_use]
    pub fn routes(self, routes: RoutePolicies) -> Self {
        self.shared_routes(SharedRoutes::new(routes))
    }

    /// Shows the current table of routes, and counts requests by its patterns.
    #[must_use]
    pub fn shared_routes(self, routes: SharedRoutes) -> Self {
        self.with(|config| config.routes = Some(routes))
    }

    /// Counts a request under the name that `route` returns, for an application whose router knows the pattern. For
    /// `None`, the table determines the name.
    ///
    /// Use few names. All names after the first 255 share one row.
    #[must_use]
    pub fn route_by(self, route: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with(|config| config.route_by = Some(RouteBy(Arc::new(route))))
    }

    /// Shows which responses these edges store, instead of those that a standard shared cache stores, and warns about
    /// their deviations. Pass the same edges as to the [`EdgeLayer`](tower_cache_policy::EdgeLayer).
    #[must_use]
    pub fn edges(self, edges: impl IntoEdges) -> Self {
        let edges = Some(edges.into_edges()).filter(|edges| edges.profiles().next().is_some());
        self.with(|config| config.edges = edges)
    }

    /// Shows the stored responses of this cache when the page is loaded.
    ///
    /// The page shows the URLs of stored responses with their queries.
    #[must_use]
    pub fn shared_cache(self, cache: &SharedCache) -> Self {
        self.with(|config| config.cache = Some(cache.clone()))
    }

    /// Adds buttons that purge the [cache](Self::shared_cache). The [crate docs](crate#in-process-cache) describe how
    /// they are protected.
    ///
    /// # Warning
    ///
    /// Anyone who may see the page can purge the cache.
    #[must_use]
    pub fn allow_purges(self) -> Self {
        self.with(|config| config.allows_purges = true)
    }

    /// States that only this machine can reach the service, because the listener is bound to a loopback address. The
    /// peer's address then need not be known. The other conditions remain.
    ///
    /// # Warning
    ///
    /// If the listener is bound to any other address, a client that can reach it can send a loopback `Host`, and gets
    /// the page.
    #[must_use]
    pub fn bound_to_loopback(self) -> Self {
        self.with(|config| config.access = Access::Loopback { peers_are_local: true })
    }

    /// Lets this rule decide who may see the page. Peer, host and proxies are no longer checked. A request of another
    /// site's page is still refused, unless it opens the dashboard in its own window.
    ///
    /// # Warning
    ///
    /// The page shows what other visitors request. Use a rule that allows every request only in a network where that is
    /// not confidential.
    #[must_use]
    pub fn allow(self, rule: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.access = Access::Rule(Arc::new(rule)))
    }

    /// Sets the clock of the dashboard.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// Returns the layer that records the responses that pass through it. It should be the outermost one.
    #[must_use]
    pub fn observe(&self) -> ObserveLayer {
        ObserveLayer::new(Arc::clone(&self.config), Arc::clone(&self.history))
    }

    /// Returns the service that shows the page, at `/`.
    #[must_use]
    pub fn service(&self) -> DashboardService {
        DashboardService::new(Arc::clone(&self.config), Arc::clone(&self.history))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl Default for Dashboard {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the number of recorded requests, and of open event streams.
impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (requests, listeners) = self.history.size();
        f.debug_struct("Dashboard")
            .field("access", &self.config.access)
            .field("requests", &requests)
            .field("listeners", &listeners)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) routes: Option<SharedRoutes>,
    pub(crate) route_by: Option<RouteBy>,
    pub(crate) edges: Option<Edges>,
    pub(crate) cache: Option<SharedCache>,
    pub(crate) allows_purges: bool,
    pub(crate) access: Access,
    pub(crate) clock: Clock,
}

/// A function of the application that names the route of a request.
#[derive(Clone)]
pub(crate) struct RouteBy(Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>);

impl Config {
    pub(crate) fn route_of(&self, request: &Parts) -> RouteName {
        let by_table = || {
            let routes = self.routes.as_ref()?.current();
            routes.pattern_at(original_path(request)?).map(str::to_owned)
        };
        let named = self.route_by.as_ref().and_then(|route_by| (route_by.0)(request));
        named.or_else(by_table).map_or(RouteName::Unknown, RouteName::Pattern)
    }
}

impl fmt::Debug for RouteBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}
