//! [`CachePolicyService`]: collects the request data that the decision needs.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::config::{Config, Position, Source};
use super::future::{Exchange, ResponseFuture};
use super::handler_fields::RequestTarget;
use crate::layers::HttpRequest;
use crate::layers::bypass::is_tunnel;
use crate::layers::development::forget_stored_response;
use crate::layers::shared::Shared;
use crate::policy::{Facts, PendingPolicy};

/// The service created by [`CachePolicyLayer`](super::CachePolicyLayer).
#[derive(Clone, Debug)]
pub struct CachePolicyService<S> {
    inner: S,
    source: Source,
}

impl<S> CachePolicyService<S> {
    pub(super) const fn new(inner: S, source: Source) -> Self {
        Self { inner, source }
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
        let exchange = Exchange::begin(&self.source, request.http_mut());
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}

impl Exchange {
    /// Collects the request data that the decision needs. Returns `None` if the response passes through unchanged.
    #[inline]
    pub(super) fn begin<B>(source: &Source, http: &mut Request<B>) -> Option<Self> {
        let shared = source.config();
        let config: &Config = shared;
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
        let pending = source.chooser().map_or(PendingPolicy::Nothing, |chooser| chooser.choose(http));
        if config.position == Position::Innermost && facts.has(Facts::CONDITIONAL) && facts.is_get_or_head() {
            config.withhold_conditions(&pending, http.headers_mut());
        }
        let target = config.panics_on_handler_fields.then(|| RequestTarget::of(http));
        Some(Self { config: Shared::clone(shared), request: facts, pending, target })
    }
}
