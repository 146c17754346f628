//! [`ObserveService`]: what has to be known of the request.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use tower_service::Service;

use super::body::ObservedBody;
use super::exchange::Exchange;
use super::future::ResponseFuture;
use crate::dashboard::config::Config;
use crate::dashboard::history::History;

/// The service that an [`ObserveLayer`](super::ObserveLayer) makes.
#[derive(Clone, Debug)]
pub struct ObserveService<S> {
    inner: S,
    config: Arc<Config>,
    history: Arc<History>,
    enabled: bool,
}

impl<S> ObserveService<S> {
    pub(super) const fn new(inner: S, config: Arc<Config>, history: Arc<History>, enabled: bool) -> Self {
        Self { inner, config, history, enabled }
    }

    fn exchange<B>(&self, request: &Request<B>) -> Exchange {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.headers = request.headers().clone();
        parts.extensions = request.extensions().clone();
        Exchange {
            config: Arc::clone(&self.config),
            history: Arc::clone(&self.history),
            request: parts,
            began: Instant::now(),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ObserveService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: http_body::Body,
{
    type Response = Response<ObservedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = self.enabled.then(|| self.exchange(&request));
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}
