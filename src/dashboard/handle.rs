//! [`Dashboard`]: the handle that a layer and a service share.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::access::Access;
use super::config::{Config, RouteBy};
use super::history::History;
use super::observe::ObserveLayer;
use super::serve::DashboardService;
use crate::edge::Edges;
use crate::layers::Clock;
use crate::policy::routes::{RoutePolicies, SharedRoutes};

/// A page that shows what caches are told. See the [module docs](super) for an example, and for
/// who may see it.
///
/// Cheap to clone, and all clones are one. It keeps the last 200 requests with the first 300
/// octets of each path and field, counters of 256 routes, 100 different warnings, and the lengths of
/// 1024 answers, and serves 32 event streams at a time. It keeps no query, no body, and no field
/// but `Cache-Control`.
#[derive(Clone)]
pub struct Dashboard {
    config: Arc<Config>,
    history: Arc<History>,
}

impl Dashboard {
    /// A dashboard that has seen nothing yet, without a table of routes.
    #[must_use]
    pub fn new() -> Self {
        let config = Config {
            routes: None,
            route_by: None,
            edges: None,
            access: Access::Loopback { peers_are_local: false },
            clock: Clock::system(),
        };
        Self { config: Arc::new(config), history: Arc::default() }
    }

    /// Shows this table, and counts by its patterns.
    #[must_use]
    pub fn routes(self, routes: RoutePolicies) -> Self {
        self.shared_routes(SharedRoutes::new(routes))
    }

    /// Shows the table that is in force, and counts by its patterns.
    #[must_use]
    pub fn shared_routes(self, routes: SharedRoutes) -> Self {
        self.with(|config| config.routes = Some(routes))
    }

    /// Counts a request under the name that `route` gives, for an application whose router knows
    /// the pattern. `None` leaves it to the table.
    ///
    /// The names should be few: those beyond 255 share one row.
    #[must_use]
    pub fn route_by(self, route: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with(|config| config.route_by = Some(RouteBy(Arc::new(route))))
    }

    /// Shows what these edges keep, in place of a shared cache by the standard, and warns of what
    /// they get wrong. They should be those of the [`EdgeLayer`](crate::EdgeLayer).
    #[must_use]
    pub fn edges(self, edges: impl Into<Edges>) -> Self {
        let edges = Some(edges.into()).filter(|edges| edges.profiles().next().is_some());
        self.with(|config| config.edges = edges)
    }

    /// Says that only this machine can reach the service, since the listener is bound to a loopback
    /// address: then the peer's address need not be known. Host and proxies are still looked at.
    ///
    /// # Warning
    ///
    /// On a listener that is bound to another address everybody who reaches it can send a
    /// `Host` of loopback, and gets the page.
    #[must_use]
    pub fn bound_to_loopback(self) -> Self {
        self.with(|config| config.access = Access::Loopback { peers_are_local: true })
    }

    /// Asks this rule who may see the page, and nothing else: neither peer nor host nor proxies are
    /// looked at any more.
    ///
    /// # Warning
    ///
    /// The page shows what other visitors ask for. A rule that lets through whoever comes is for
    /// a network where that is no secret.
    #[must_use]
    pub fn allow(self, rule: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.access = Access::Rule(Arc::new(rule)))
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// The layer that takes note of what goes through it. It belongs outside all others.
    #[must_use]
    pub fn observe(&self) -> ObserveLayer {
        ObserveLayer::new(Arc::clone(&self.config), Arc::clone(&self.history))
    }

    /// The service that shows it, at `/`.
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

/// With how many requests were seen, and how many event streams are open.
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
