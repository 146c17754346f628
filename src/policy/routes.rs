//! [`RoutePolicies`]: which path has which policy.

use std::sync::Arc;

use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::rendered::Rendered;

/// Path patterns and their policies.
#[derive(Clone, Debug)]
pub struct RoutePolicies {
    table: Arc<Table>,
}

#[derive(Debug)]
struct Table {}

/// The route that a request took, and the table that it was found in, which stays as it is
/// while the answer is made.
#[derive(Clone, Debug)]
pub(crate) struct RouteMatch {
    table: Arc<Table>,
}

impl RoutePolicies {
    pub(crate) fn find(&self, _method: &Method, _path: &str) -> RouteMatch {
        RouteMatch { table: Arc::clone(&self.table) }
    }
}

impl RouteMatch {
    /// The policy that this route gives the answer, when it has one for its status and type.
    /// `None` for an error or another status that the route does not name.
    pub(crate) fn policy(&self, _status: StatusCode, _answer: &HeaderMap) -> Option<&Rendered> {
        let _ = &self.table;
        None
    }

    /// For the names that every answer of the route adds to `Vary`.
    pub(crate) fn vary(&self) -> Option<&Rendered> {
        None
    }
}
