//! [`ConditionalService`]: decides before the handler if it has a source, and after the handler otherwise.

use std::future::{Future, Pending};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ConditionalBody;
use super::config::Settings;
use super::exchange::Exchange;
use super::future::{Lookup, ResponseFuture, Waiting};
use super::selected::SelectedRepresentation;
use super::source::{NoSource, ValidatorSource};
use crate::layers::HttpRequest;
use crate::layers::cache_policy::{NoPolicy, PolicyStep};
use crate::layers::development::forget_stored_response;
use crate::layers::shared::Shared;

/// The service created by [`ConditionalLayer`](super::ConditionalLayer).
#[derive(Debug)]
pub struct ConditionalService<S, V = NoSource, P = NoPolicy> {
    inner: S,
    /// `None` for [`NoSource`].
    source: Option<Arc<V>>,
    settings: Shared<Settings>,
    policy: P,
}

impl<S, V, P> ConditionalService<S, V, P> {
    pub(super) const fn new(inner: S, source: Option<Arc<V>>, settings: Shared<Settings>, policy: P) -> Self {
        Self { inner, source, settings, policy }
    }

    /// Prepares the request for the inner service. There is no exchange if preconditions do not apply.
    fn begin<B>(&self, request: &mut Request<B>) -> (Option<Exchange>, P::Exchange)
    where
        P: PolicyStep,
    {
        let policy = self.policy.begin(request);
        if !self.applies_to(request) {
            return (None, policy);
        }
        if self.settings.development {
            forget_stored_response(request);
        }
        (Some(Exchange::begin(&self.settings, request)), policy)
    }

    /// Returns whether preconditions and ranges have a meaning for this method.
    fn applies_to<B>(&self, request: &Request<B>) -> bool {
        self.settings.enabled && !matches!(*request.method(), Method::CONNECT | Method::OPTIONS | Method::TRACE)
    }
}

impl<S: Clone, V, P: Clone> Clone for ConditionalService<S, V, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            source: self.source.clone(),
            settings: self.settings.clone(),
            policy: self.policy.clone(),
        }
    }
}

// One implementation, with and without a source: the compiler explains why a request does not fit only if there is one.
impl<S, V, P, R, ResBody> Service<R> for ConditionalService<S, V, P>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    V: Decide<S, P, R>,
    P: PolicyStep,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, P, V::Lookup, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        V::decide(self, request)
    }
}

/// A [`ValidatorSource`], or [`NoSource`]: decides before or after the handler.
#[allow(unnameable_types)] // It only joins the two.
pub trait Decide<S: Service<R>, P: PolicyStep, R>: Sized {
    /// The future that looks up the validators.
    type Lookup: Future<Output = (SelectedRepresentation, Waiting<S, P, R>)>;

    #[doc(hidden)]
    fn decide(service: &mut ConditionalService<S, Self, P>, request: R) -> ResponseFuture<S, P, Self::Lookup, R>;
}

impl<S: Service<R>, P: PolicyStep, R: HttpRequest> Decide<S, P, R> for NoSource {
    // Never made, and without a size.
    type Lookup = Pending<(SelectedRepresentation, Waiting<S, P, R>)>;

    fn decide(service: &mut ConditionalService<S, Self, P>, mut request: R) -> ResponseFuture<S, P, Self::Lookup, R> {
        let http = request.http_mut();
        let (exchange, policy) = service.begin(http);
        if let Some(mut response) = exchange.as_ref().and_then(|exchange| exchange.decide_without_source(http)) {
            service.policy.decide_early(&policy, http, response.head_mut());
            return ResponseFuture::short_circuited(response);
        }
        ResponseFuture::handling(service.inner.call(request), exchange, policy)
    }
}

impl<S: Service<R> + Clone, P: PolicyStep, V: ValidatorSource, R: HttpRequest> Decide<S, P, R> for V {
    type Lookup = Lookup<V::Future, Waiting<S, P, R>>;

    fn decide(service: &mut ConditionalService<S, V, P>, mut request: R) -> ResponseFuture<S, P, Self::Lookup, R> {
        let (exchange, pending) = service.begin(request.http_mut());
        let Some(exchange) = exchange else {
            return ResponseFuture::handling(service.inner.call(request), None, pending);
        };
        let (parts, body) = request.into_http().into_parts();
        let source = service.source.as_ref().expect("only a layer without a source passes none on");
        let current = source.validators(&parts);
        // The request needs the instance that was polled ready. The clone was not polled, so it remains in the service.
        let clone = service.inner.clone();
        let inner = std::mem::replace(&mut service.inner, clone);
        let request = R::from_http(Request::from_parts(parts, body));
        let waiting = Waiting { inner, request, exchange, policy: service.policy.clone(), pending };
        ResponseFuture::deciding(Lookup::new(current, waiting))
    }
}
