//! [`SharedRoutes`]: a table that is replaced while requests run.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::table::{RoutePolicies, Table};

/// A table of routes that can be replaced at run time, for all layers that it was given to.
///
/// Each answer is wholly of one table: of the one that was in force when its request came.
///
/// ```
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
///
/// let closed = RoutePolicies::builder().default_policy(CachePolicy::NO_STORE).build()?;
/// let routes = SharedRoutes::new(closed);
/// let layer = CachePolicyLayer::new(routes.clone());
///
/// // Later, and from anywhere. What does not build is not put in force.
/// let open = RoutePolicies::builder().route("/", CachePolicy::NO_CACHE).build()?;
/// routes.replace(open);
/// # let _ = layer;
/// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
/// ```
#[derive(Clone)]
pub struct SharedRoutes(Arc<ArcSwap<Table>>);

impl SharedRoutes {
    /// With this table in force.
    #[must_use]
    pub fn new(routes: RoutePolicies) -> Self {
        Self(Arc::new(ArcSwap::new(routes.table)))
    }

    /// Puts another table in force, for every request that comes from now on.
    pub fn replace(&self, routes: RoutePolicies) {
        self.0.store(routes.table);
    }

    /// The table that is in force.
    #[must_use]
    pub fn current(&self) -> RoutePolicies {
        RoutePolicies { table: self.0.load_full() }
    }
}

/// As the table that is in force.
impl fmt::Debug for SharedRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current().fmt(f)
    }
}
