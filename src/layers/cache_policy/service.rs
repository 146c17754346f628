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
use crate::policy::Facts;

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
        let mut request = request.into_http();
        if !self.config.enabled || is_tunnel(request.method()) {
            return ResponseFuture::new(self.inner.call(R::from_http(request)), None);
        }
        if self.config.rules.development {
            forget_stored_response(&mut request);
        }
        let facts = self.config.rules.facts(&request);
        if self.config.needs_ruling() {
            facts.leave_in(&mut request);
        }
        let Self { inner, config } = self;
        config.source.choose(request, |mut request, pending| {
            if config.position == Position::Innermost && facts.has(Facts::CONDITIONAL) && facts.is_get_or_head() {
                config.withhold_conditions(&pending, request.headers_mut());
            }
            let target = config.panics_on_handler_fields.then(|| RequestTarget::of(&request));
            let exchange = Exchange { config: config.clone(), request: facts, pending, target };
            ResponseFuture::new(inner.call(R::from_http(request)), Some(exchange))
        })
    }
}
