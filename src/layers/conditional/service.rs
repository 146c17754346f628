//! [`ConditionalService`]: decides before the handler if it has a source, and after the handler otherwise.

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
use crate::layers::HttpRequest;
use crate::layers::development::forget_stored_response;

/// The service created by [`ConditionalLayer`](super::ConditionalLayer).
#[derive(Debug)]
pub struct ConditionalService<S, V = NoSource> {
    inner: S,
    config: Arc<Config<V>>,
}

impl<S, V> ConditionalService<S, V> {
    pub(super) const fn new(inner: S, config: Arc<Config<V>>) -> Self {
        Self { inner, config }
    }

    /// Returns whether preconditions and ranges have a meaning for this method.
    fn applies_to<B>(&self, request: &Request<B>) -> bool {
        self.config.settings.enabled && !matches!(*request.method(), Method::CONNECT | Method::OPTIONS | Method::TRACE)
    }
}

impl<S: Clone, V> Clone for ConditionalService<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), config: Arc::clone(&self.config) }
    }
}

impl<S, R, ResBody> Service<R> for ConditionalService<S, NoSource>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, Ready<SelectedRepresentation>, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let http = request.http_mut();
        if !self.applies_to(http) {
            return ResponseFuture::handling(self.inner.call(request), None);
        }
        if self.config.settings.development {
            forget_stored_response(http);
        }
        let exchange = Exchange::begin(&self.config.settings, http);
        match exchange.decide_without_source(http) {
            Some(response) => ResponseFuture::short_circuited(response),
            None => ResponseFuture::handling(self.inner.call(request), Some(exchange)),
        }
    }
}

impl<S, V, R, ResBody> Service<R> for ConditionalService<S, V>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>> + Clone,
    V: ValidatorSource,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, V::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut request = request.into_http();
        if !self.applies_to(&request) {
            return ResponseFuture::handling(self.inner.call(R::from_http(request)), None);
        }
        if self.config.settings.development {
            forget_stored_response(&mut request);
        }
        let exchange = Exchange::begin(&self.config.settings, &mut request);
        let (parts, body) = request.into_parts();
        let current = self.config.source.validators(&parts);
        // The request needs the instance that was polled ready. The clone was not, so it stays here.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::deciding(current, inner, R::from_http(Request::from_parts(parts, body)), exchange)
    }
}
