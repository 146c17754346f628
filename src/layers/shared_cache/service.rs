//! [`SharedCacheService`]: responds to requests from the cache.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use tower_service::Service;

use super::body::SharedCacheBody;
use super::future::{Cache, ResponseFuture};
use crate::layers::HttpRequest;

/// The service that [`SharedCacheLayer`](super::SharedCacheLayer) creates.
///
/// The inner service is cloned for each request that is passed to it. Its futures and bodies can be driven by the task
/// of another request, so they must be `Send`. Request bodies must implement `Default`: if the result of
/// another request cannot be used, the cache repeats the request with an empty body.
#[derive(Clone, Debug)]
pub struct SharedCacheService<S> {
    inner: S,
    cache: Cache,
}

impl<S> SharedCacheService<S> {
    pub(super) const fn new(inner: S, cache: Cache) -> Self {
        Self { inner, cache }
    }
}

impl<S, R, B> Service<R> for SharedCacheService<S>
where
    R: HttpRequest<Body: Body + Default>,
    S: Service<R, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<SharedCacheBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, R, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        ResponseFuture::new(&self.cache, &mut self.inner, request.into_http())
    }
}
