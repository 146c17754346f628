//! [`AssetsService`]: forwards a request to the inner service, or responds itself.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use tower_service::Service;

use super::config::Config;
use super::exchange::{Exchange, RequestPlan};
use super::future::ResponseFuture;
use crate::layers::HttpRequest;
use crate::layers::bypass::is_tunnel;
use crate::layers::conditional::ConditionalBody;

/// The service that [`AssetsLayer`](super::AssetsLayer) creates. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct AssetsService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> AssetsService<S> {
    pub(super) const fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, R, ResBody> Service<R> for AssetsService<S>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let http = request.http_mut();
        if !self.config.enabled || is_tunnel(http.method()) {
            return ResponseFuture::forwarded(self.inner.call(request), None);
        }
        match Exchange::begin(&self.config, http) {
            RequestPlan::PassThrough => ResponseFuture::forwarded(self.inner.call(request), None),
            RequestPlan::Forward(exchange) => ResponseFuture::forwarded(self.inner.call(request), Some(exchange)),
            RequestPlan::Respond(response) => ResponseFuture::immediate(response),
        }
    }
}
