//! [`CachePolicyService`]: collects the request data that the decision needs.

use std::mem::swap;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::config::{Config, Position};
use super::future::{Exchange, ResponseFuture};
use super::handler_fields::RequestTarget;
use crate::layers::HttpRequest;
use crate::layers::bypass::is_tunnel;
use crate::layers::development::forget_stored_response;
use crate::layers::shared::Shared;
use crate::policy::{Chooser, Facts, PendingPolicy, RequestFacts};

/// The service created by [`CachePolicyLayer`](super::CachePolicyLayer).
#[derive(Clone, Debug)]
pub struct CachePolicyService<S> {
    inner: S,
    source: Source,
}

/// The configuration of a service, and what chooses its policies. The two are separate, so that the future of a request
/// need not count the references of a closure or a table.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Fixed(Shared<Config>),
    PerRequest(Arc<(Shared<Config>, Arc<Chooser>)>),
}

impl<S> CachePolicyService<S> {
    pub(super) const fn new(inner: S, source: Source) -> Self {
        Self { inner, source }
    }
}

impl Source {
    pub(super) fn new(config: Shared<Config>, chooser: Option<Arc<Chooser>>) -> Self {
        match chooser {
            Some(chooser) => Self::PerRequest(Arc::new((config, chooser))),
            None => Self::Fixed(config),
        }
    }

    pub(super) fn config(&self) -> &Shared<Config> {
        match self {
            Self::Fixed(config) => config,
            Self::PerRequest(source) => &source.0,
        }
    }

    fn chooser(&self) -> Option<&Chooser> {
        match self {
            Self::Fixed(_) => None,
            Self::PerRequest(source) => Some(&source.1),
        }
    }
}

impl<S, R, ResBody> Service<R> for CachePolicyService<S>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let config = self.source.config();
        let Some(facts) = Exchange::facts(config, request.http_mut()) else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let mut pending = PendingPolicy::Nothing;
        if let Some(chooser) = self.source.chooser() {
            let http;
            (http, pending) = chooser.choose(request.into_http());
            request = R::from_http(http);
        }
        let exchange = Exchange::new(config, request.http_mut(), facts, pending);
        ResponseFuture::new(self.inner.call(request), Some(exchange))
    }
}

impl Exchange {
    /// Collects the request data that the decision needs. Returns `None` if the response passes through unchanged.
    pub(super) fn begin<B>(source: &Source, http: &mut Request<B>) -> Option<Self> {
        let config = source.config();
        let facts = Self::facts(config, http)?;
        let mut pending = PendingPolicy::Nothing;
        if let Some(chooser) = source.chooser() {
            // The body stays in its place. Most policies do not depend on the request, and moving each request would
            // take longer.
            let mut head = Request::new(());
            swap_heads(&mut head, http);
            (head, pending) = chooser.choose(head);
            swap_heads(&mut head, http);
        }
        Some(Self::new(config, http, facts, pending))
    }

    #[inline]
    fn facts<B>(config: &Config, http: &mut Request<B>) -> Option<RequestFacts> {
        if !config.enabled || is_tunnel(http.method()) {
            return None;
        }
        if config.rules.development {
            forget_stored_response(http);
        }
        let facts = config.rules.facts(http);
        if config.needs_ruling() {
            facts.leave_in(http);
        }
        Some(facts)
    }

    // Otherwise the chosen policy is copied once more.
    #[inline(always)]
    fn new<B>(config: &Shared<Config>, http: &mut Request<B>, facts: RequestFacts, pending: PendingPolicy) -> Self {
        if config.position == Position::Innermost && facts.has(Facts::CONDITIONAL) && facts.is_get_or_head() {
            config.withhold_conditions(&pending, http.headers_mut());
        }
        let target = config.panics_on_handler_fields.then(|| RequestTarget::of(http));
        Self { config: config.clone(), request: facts, pending, target }
    }
}

fn swap_heads<B>(one: &mut Request<()>, other: &mut Request<B>) {
    swap(one.method_mut(), other.method_mut());
    swap(one.uri_mut(), other.uri_mut());
    swap(one.version_mut(), other.version_mut());
    swap(one.headers_mut(), other.headers_mut());
    swap(one.extensions_mut(), other.extensions_mut());
}
