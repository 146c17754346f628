//! [`EdgeService`]: what has to be known of the request.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::config::Config;
use super::future::{Exchange, ResponseFuture};
use crate::layers::exempt::{is_grpc_call, is_tunnel};
use crate::policy::EdgeListens;

/// The service that [`EdgeLayer`](super::EdgeLayer) makes.
#[derive(Clone, Debug)]
pub struct EdgeService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> EdgeService<S> {
    pub(super) const fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for EdgeService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if !self.config.enabled || is_tunnel(request.method()) || is_grpc_call(request.method(), request.headers()) {
            return ResponseFuture::new(self.inner.call(request), None);
        }
        request.extensions_mut().insert(EdgeListens);
        let facts = self.config.rules.facts(request.method(), request.headers(), request.extensions());
        let exchange = Exchange { config: Arc::clone(&self.config), facts };
        ResponseFuture::new(self.inner.call(request), Some(exchange))
    }
}
