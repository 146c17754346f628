//! [`PurgeFailed`]: a purge that failed.

use std::fmt;

use crate::edge::purge::Purge;

/// A response extension that indicates that the handler succeeded but the purge failed. Edge caches may serve the old
/// responses until these are stale.
///
/// An outer layer can log or count it, or retry the purge:
///
/// ```
/// use http::Response;
/// use tower_cache_policy::layers::purge::PurgeFailed;
///
/// fn log<B>(response: &Response<B>) {
///     if let Some(failed) = response.extensions().get::<PurgeFailed>() {
///         eprintln!("{failed}: {:?}", failed.purge().cache_tags());
///     }
/// }
/// # log(&Response::new(()));
/// ```
#[derive(Clone, Debug)]
pub struct PurgeFailed {
    purge: Purge,
    reason: String,
}

impl PurgeFailed {
    pub(super) fn new(purge: Purge, error: &dyn fmt::Display) -> Self {
        Self { purge, reason: error.to_string() }
    }

    /// Returns the purge that failed.
    #[must_use]
    pub const fn purge(&self) -> &Purge {
        &self.purge
    }

    /// Returns the text of the purger's error.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use http::{Request, Response, StatusCode};
    /// use tower::{BoxError, Layer, ServiceExt, service_fn};
    /// use tower_cache_policy::PurgeLayer;
    /// use tower_cache_policy::edge::purge::Purge;
    /// use tower_cache_policy::layers::purge::PurgeFailed;
    ///
    /// # tokio_test::block_on(async {
    /// let purger = service_fn(async |_: Purge| Err::<(), BoxError>("the vendor is not available".into()));
    /// let service = PurgeLayer::new(purger).layer(service_fn(async |_: Request<()>| {
    ///     let mut response = Response::new(());
    ///     Purge::everything().add_to(response.extensions_mut());
    ///     Ok::<_, Infallible>(response)
    /// }));
    /// let response = service.oneshot(Request::post("/").body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::OK, "the change was made");
    /// let failed = response.extensions().get::<PurgeFailed>().unwrap();
    /// assert_eq!(failed.reason(), "the vendor is not available");
    /// assert!(failed.purge().is_everything());
    /// # });
    /// ```
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PurgeFailed {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the purge after a write failed: {}", self.reason)
    }
}

impl std::error::Error for PurgeFailed {}
