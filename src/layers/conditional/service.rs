//! [`ConditionalService`]: with a source it decides before the handler, without one after.

use std::future::Ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ConditionalBody;
use super::config::Config;
use super::exchange::Exchange;
use super::future::ResponseFuture;
use super::selected::SelectedRepresentation;
use super::source::{NoSource, ValidatorSource};

/// The service that [`ConditionalLayer`](super::ConditionalLayer) makes.
#[derive(Debug)]
pub struct ConditionalService<S, V = NoSource> {
    inner: S,
    config: Arc<Config<V>>,
}

impl<S, V> ConditionalService<S, V> {
    pub(super) const fn new(inner: S, config: Arc<Config<V>>) -> Self {
        Self { inner, config }
    }

    /// Whether preconditions and ranges mean anything for this request.
    fn concerns<B>(&self, request: &Request<B>) -> bool {
        self.config.settings.enabled && !matches!(*request.method(), Method::CONNECT | Method::OPTIONS | Method::TRACE)
    }
}

impl<S: Clone, V> Clone for ConditionalService<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), config: Arc::clone(&self.config) }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ConditionalService<S, NoSource>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, Ready<SelectedRepresentation>, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if !self.concerns(&request) {
            return ResponseFuture::handling(self.inner.call(request), None);
        }
        let exchange = Exchange::begin(&self.config.settings, &mut request);
        match exchange.decide_without_source(&mut request) {
            Some(answer) => ResponseFuture::answered(answer),
            None => ResponseFuture::handling(self.inner.call(request), Some(exchange)),
        }
    }
}

impl<S, V, ReqBody, ResBody> Service<Request<ReqBody>> for ConditionalService<S, V>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    V: ValidatorSource,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, V::Future, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if !self.concerns(&request) {
            return ResponseFuture::handling(self.inner.call(request), None);
        }
        let exchange = Exchange::begin(&self.config.settings, &mut request);
        let (parts, body) = request.into_parts();
        let current = self.config.source.validators(&parts);
        // The instance that was polled ready goes with the request; its clone, which was
        // not, stays.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::deciding(current, inner, Request::from_parts(parts, body), exchange)
    }
}
