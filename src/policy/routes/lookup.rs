//! [`RouteLookup`]: finds the route of a request by the path that the client sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::request::Parts;
use http::{Method, Request};

use super::shared::SharedRoutes;
use super::table::RouteMatch;
use crate::policy::original_path::path_as_sent;
use crate::policy::source::with_parts;

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

    /// Finds the route of a request.
    pub(crate) fn find<B>(&self, request: &mut Request<B>) -> RouteMatch {
        let Some(path) = &self.path else {
            return self.at(request.method(), path_as_sent(request.extensions(), request.uri()));
        };
        with_parts(request, |parts| {
            // The query is not part of a path.
            let path = path(parts).map(|path| path.split_once('?').map_or(path, |(path, _)| path));
            self.at(&parts.method, path)
        })
    }

    /// Finds the route at a path. Warns once if the table does not know the path of a request.
    fn at(&self, method: &Method, path: Option<&str>) -> RouteMatch {
        if path.is_none() && !self.has_warned.swap(true, Ordering::Relaxed) {
            warn();
        }
        self.routes.find(method, path)
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.routes.fmt(f)
    }
}
