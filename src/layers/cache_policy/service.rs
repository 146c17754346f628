//! [`CachePolicyService`]: collects the request data that the decision needs.

use std::task::{Context, Poll};

use http::Response;
use tower_service::Service;

use super::config::{Config, Position};
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
    config: Shared<Config>,
}

impl<S> CachePolicyService<S> {
    pub(super) const fn new(inner: S, config: Shared<Config>) -> Self {
        Self { inner, config }
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

    fn call(&mut self, request: R) -> Self::Future {
        Exchange::begin(&self.config, request, |request, exchange| {
            ResponseFuture::new(self.inner.call(request), exchange)
        })
    }
}

impl Exchange {
    /// Collects the request data that the decision needs, and continues with the request. Without an exchange, the
    /// response passes through unchanged. To return the request instead would move it once more.
    #[inline]
    pub(super) fn begin<R: HttpRequest, T>(
        config: &Shared<Config>,
        mut request: R,
        next: impl FnOnce(R, Option<Self>) -> T,
    ) -> T {
        let http = request.http_mut();
        if !config.enabled || is_tunnel(http.method()) {
            return next(request, None);
        }
        if config.rules.development {
            forget_stored_response(http);
        }
        let facts = config.rules.facts(http);
        if config.needs_ruling() {
            facts.leave_in(http);
        }
        let mut pending = PendingPolicy::Nothing;
        if config.source.depends_on_request() {
            let http;
            (http, pending) = config.source.choose(request.into_http());
            request = R::from_http(http);
        }
        let http = request.http_mut();
        if config.position == Position::Innermost && facts.has(Facts::CONDITIONAL) && facts.is_get_or_head() {
            config.withhold_conditions(&pending, http.headers_mut());
        }
        let target = config.panics_on_handler_fields.then(|| RequestTarget::of(http));
        let exchange = Self { config: config.clone(), request: facts, pending, target };
        next(request, Some(exchange))
    }
}
