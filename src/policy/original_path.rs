//! [`OriginalPath`]: the path of a request as the client sent it.

#[cfg(feature = "axum")]
use axum::extract::{NestedPath, OriginalUri};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Extensions, Request, Uri};

use crate::protocol::has_dot_segment;

/// The path of a request as the client sent it, in the request's extensions.
///
/// Routers and proxies remove a prefix from the path or rewrite it. Policies by path must use the path that the
/// client sent, since caches store the response under that one. An
/// [`OriginalPathLayer`](crate::layers::OriginalPathLayer) records it on the way in, and a
/// [table of routes](super#many-routes) and [`original_path`] read the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalPath(PathAndQuery);

impl OriginalPath {
    /// Records the path of a request, unless an outer layer has recorded it.
    ///
    /// Middleware that changes the path calls this before the change:
    ///
    /// ```
    /// use http::Request;
    /// use tower_cache_policy::policy::OriginalPath;
    ///
    /// let mut request = Request::get("/api/users?page=2").body(()).unwrap();
    /// OriginalPath::record(&mut request);
    /// *request.uri_mut() = "/users?page=2".parse().unwrap();
    ///
    /// let original = request.extensions().get::<OriginalPath>().unwrap();
    /// assert_eq!(original.as_str(), "/api/users");
    /// ```
    pub fn record<B>(request: &mut Request<B>) {
        if request.extensions().get::<Self>().is_some() {
            return;
        }
        if let Some(path) = uri_as_sent(request.extensions(), request.uri()).and_then(Uri::path_and_query).cloned() {
            request.extensions_mut().insert(Self(path));
        }
    }

    /// Returns the path, without the query.
    ///
    /// The path is percent-encoded, as the client sent it:
    ///
    /// ```
    /// use http::Request;
    /// use tower_cache_policy::policy::OriginalPath;
    ///
    /// let mut request = Request::get("/caf%C3%A9/?menu=1").body(()).unwrap();
    /// OriginalPath::record(&mut request);
    /// assert_eq!(request.extensions().get::<OriginalPath>().unwrap().as_str(), "/caf%C3%A9/");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.path()
    }
}

/// Returns the path of a request as the client sent it, for a closure that chooses a policy by it.
///
/// Returns the recorded [`OriginalPath`], or else the path of the request. With the feature `axum`, it uses axum's
/// `OriginalUri`, so that a closure under `Router::nest` gets the complete path.
///
/// Returns `None` if the path has a segment `.` or `..` in any spelling, which the inner service may resolve, or
/// if an axum router has removed a prefix and the extension with the original path is missing. A closure should
/// then return `None` too.
///
/// ```
/// use std::time::Duration;
///
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::{CachePolicy, original_path};
///
/// let layer = CachePolicyLayer::from_fn(|request| {
///     let policy = match original_path(request)? {
///         path if path.starts_with("/account/") => CachePolicy::NO_STORE,
///         _ => CachePolicy::public(Duration::from_secs(60)),
///     };
///     Some(policy)
/// });
/// # let _ = layer;
/// ```
///
/// ```
/// use http::Request;
/// use tower_cache_policy::policy::original_path;
///
/// let path = |uri| {
///     let (request, ()) = Request::get(uri).body(()).unwrap().into_parts();
///     original_path(&request).map(str::to_owned)
/// };
/// assert_eq!(path("/news/7?page=2").as_deref(), Some("/news/7"));
/// // Some services resolve this to `/account`.
/// assert_eq!(path("/static/..%2faccount"), None);
/// ```
#[must_use]
pub fn original_path(request: &Parts) -> Option<&str> {
    path_as_sent(&request.extensions, &request.uri).filter(|path| !has_dot_segment(path))
}

/// Returns the path and query of a request as the client sent them. Returns `None` if they are not known.
#[cfg(feature = "shared-cache")]
pub(crate) fn target_as_sent<B>(request: &Request<B>) -> Option<&PathAndQuery> {
    match request.extensions().get::<OriginalPath>() {
        Some(OriginalPath(recorded)) => Some(recorded),
        None => uri_as_sent(request.extensions(), request.uri())?.path_and_query(),
    }
}

/// The path as the client sent it, or `None` if the original path is not known.
pub(crate) fn path_as_sent<'a>(extensions: &'a Extensions, uri: &'a Uri) -> Option<&'a str> {
    match extensions.get::<OriginalPath>() {
        Some(recorded) => Some(recorded.as_str()),
        None => uri_as_sent(extensions, uri).map(Uri::path),
    }
}

/// Returns the original path from axum's extension. Under `nest` a router has removed the prefix from `uri`.
#[cfg(feature = "axum")]
fn uri_as_sent<'a>(extensions: &'a Extensions, uri: &'a Uri) -> Option<&'a Uri> {
    match extensions.get::<OriginalUri>() {
        Some(OriginalUri(original)) => Some(original),
        None if extensions.get::<NestedPath>().is_some() => None,
        None => Some(uri),
    }
}

#[cfg(not(feature = "axum"))]
const fn uri_as_sent<'a>(_: &'a Extensions, uri: &'a Uri) -> Option<&'a Uri> {
    Some(uri)
}
