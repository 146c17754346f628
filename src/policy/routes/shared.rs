//! [`SharedRoutes`]: a table that can be replaced at run time.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Method;

use super::table::{RouteMatch, RoutePolicies, Table};

/// A table of routes that can be replaced at run time, for example after a reload of a configuration file.
///
/// Clones share the table, so a replacement affects every layer that has a clone. A response gets the policies of the
/// table that was current when its request arrived.
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
/// // Later, from any thread. If the new table has a mistake, the current one stays.
/// let open = RoutePolicies::builder().route("/", CachePolicy::NO_CACHE).build()?;
/// routes.replace(open);
/// # let _ = layer;
/// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
/// ```
#[derive(Clone)]
pub struct SharedRoutes(Arc<ArcSwap<Table>>);

impl SharedRoutes {
    /// Creates a shared table that starts with these routes.
    #[must_use]
    pub fn new(routes: RoutePolicies) -> Self {
        Self(Arc::new(ArcSwap::new(routes.table)))
    }

    /// Replaces the table for all later requests.
    pub fn replace(&self, routes: RoutePolicies) {
        self.0.store(routes.table);
    }

    /// Returns the current table.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
    ///
    /// let routes = SharedRoutes::new(RoutePolicies::builder().route("/", CachePolicy::NO_STORE).build()?);
    /// let before = routes.current();
    /// routes.replace(RoutePolicies::builder().route("/", CachePolicy::NO_CACHE).build()?);
    ///
    /// assert_eq!(before.rows().next().unwrap().cache_control(), "private, no-store", "a copy does not change");
    /// assert_eq!(routes.current().rows().next().unwrap().cache_control(), "no-cache");
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    #[must_use]
    pub fn current(&self) -> RoutePolicies {
        RoutePolicies { table: self.0.load_full() }
    }
}

impl SharedRoutes {
    /// Finds the route of a request in the current table.
    pub(super) fn find(&self, method: &Method, path: Option<&str>) -> RouteMatch {
        RouteMatch::find(self.0.load(), method, path)
    }
}

/// Formats the current table.
impl fmt::Debug for SharedRoutes {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current().fmt(f)
    }
}
