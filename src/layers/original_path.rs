//! [`OriginalPathLayer`]: records the path of a request before routers and middleware change it.

use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::layers::HttpRequest;
use crate::policy::OriginalPath;

/// Records the path of each request, as an [`OriginalPath`] in the request extensions, for inner layers that
/// choose a policy by path.
///
/// Place the layer outside all routers and middleware that change the path. Otherwise a policy for `/account/`
/// does not apply once a router has removed that prefix. An axum application with the feature `axum` does not
/// need this layer, because the layers of this crate read axum's `OriginalUri`.
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use http::{Request, Response, header::CACHE_CONTROL};
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::layers::OriginalPathLayer;
/// use tower_cache_policy::policy::{CachePolicy, original_path};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(OriginalPathLayer::new())
///     .map_request(|mut request: Request<()>| {
///         *request.uri_mut() = "/7".parse().unwrap(); // The router removes a prefix.
///         request
///     })
///     .layer(CachePolicyLayer::from_fn(|request| {
///         let is_account = original_path(request)?.starts_with("/account/");
///         Some(if is_account { CachePolicy::NO_STORE } else { CachePolicy::public(Duration::from_secs(60)) })
///     }))
///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
///
/// let response = service.oneshot(Request::get("/account/7").body(()).unwrap()).await.unwrap();
/// assert_eq!(response.headers()[CACHE_CONTROL], "private, no-store");
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OriginalPathLayer {
    _private: (),
}

impl OriginalPathLayer {
    /// Creates the layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl<S> Layer<S> for OriginalPathLayer {
    type Service = OriginalPathService<S>;

    fn layer(&self, inner: S) -> OriginalPathService<S> {
        OriginalPathService { inner }
    }
}

/// The service created by [`OriginalPathLayer`].
#[derive(Clone, Copy, Debug)]
pub struct OriginalPathService<S> {
    inner: S,
}

impl<S, R> Service<R> for OriginalPathService<S>
where
    R: HttpRequest,
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> S::Future {
        OriginalPath::record(request.http_mut());
        self.inner.call(request)
    }
}
