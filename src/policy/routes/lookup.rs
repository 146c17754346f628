//! [`RouteLookup`]: finds the route of a request by the path that the client sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Request;
use http::request::Parts;

use super::shared::SharedRoutes;
use super::table::RouteMatch;
use crate::policy::original_path::path_as_sent;

/// A function that returns the path that the client sent, or `None` if it is not known.
pub(crate) type ReadPath = dyn for<'a> Fn(&'a Parts) -> Option<&'a str> + Send + Sync;

/// A table of routes, with the function that reads the path of a request.
#[derive(Clone)]
pub(crate) struct RouteLookup {
    routes: SharedRoutes,
    path: Option<Arc<ReadPath>>,
    has_warned: Arc<AtomicBool>,
}

impl RouteLookup {
    pub(crate) fn new(routes: SharedRoutes) -> Self {
        Self { routes, path: None, has_warned: Arc::default() }
    }

    pub(crate) fn read_path(&mut self, path: Arc<ReadPath>) {
        self.path = Some(path);
    }

    /// Finds the route of a request, and passes both to `call`. The request is split into parts, which moves it,
    /// only for a function of the application.
    pub(crate) fn find<B, T>(&self, request: Request<B>, call: impl FnOnce(Request<B>, RouteMatch) -> T) -> T {
        let Some(path) = &self.path else {
            let path = path_as_sent(request.extensions(), request.uri());
            self.warn_if_unknown(path);
            let found = self.routes.find(request.method(), path);
            return call(request, found);
        };
        let (parts, body) = request.into_parts();
        // The query is not part of a path.
        let path = path(&parts).map(|path| path.split_once('?').map_or(path, |(path, _)| path));
        self.warn_if_unknown(path);
        let found = self.routes.find(&parts.method, path);
        call(Request::from_parts(parts, body), found)
    }

    /// Warns once that the table does not know the path of a request.
    fn warn_if_unknown(&self, path: Option<&str>) {
        if path.is_none() && !self.has_warned.swap(true, Ordering::Relaxed) {
            warn();
        }
    }
}

#[cfg(feature = "tracing")]
fn warn() {
    tracing::warn!(
        target: "tower_cache_policy",
        "a table of routes does not know the path that the client sent, so shared caches do not store the responses: \
         add an outer OriginalPathLayer before the path changes, or set CachePolicyLayer::original_path"
    );
}

#[cfg(not(feature = "tracing"))]
const fn warn() {}

impl fmt::Debug for RouteLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.routes.fmt(f)
    }
}
