//! [`CachePolicyService`]: collects the request data that the decision needs.

use std::sync::Arc;
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
use crate::policy::{Chooser, Facts, PendingPolicy};

/// The service created by [`CachePolicyLayer`](super::CachePolicyLayer).
#[derive(Clone, Debug)]
pub struct CachePolicyService<S> {
    inner: S,
    source: Source,
}

/// The configuration of a service, and what chooses its policies. The two are separate, so that the future of a request
/// need not count the references of a closure or a table.
#[derive(Clone, Debug)]
enum Source {
    Fixed(Shared<Config>),
    PerRequest(Arc<(Shared<Config>, Arc<Chooser>)>),
}

impl<S> CachePolicyService<S> {
    pub(super) fn new(inner: S, config: Shared<Config>, chooser: Option<Arc<Chooser>>) -> Self {
        let source = match chooser {
            Some(chooser) => Source::PerRequest(Arc::new((config, chooser))),
            None => Source::Fixed(config),
        };
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
        let (config, chooser) = match &self.source {
            Source::Fixed(config) => (config, None),
            Source::PerRequest(source) => (&source.0, Some(&source.1)),
        };
        let http = request.http_mut();
        if !config.enabled || is_tunnel(http.method()) {
            return ResponseFuture::new(self.inner.call(request), None);
        }
        if config.rules.development {
            forget_stored_response(http);
        }
        let facts = config.rules.facts(http);
        if config.needs_ruling() {
            facts.leave_in(http);
        }
        let mut pending = PendingPolicy::Nothing;
        if let Some(chooser) = chooser {
            let http;
            (http, pending) = chooser.choose(request.into_http());
            request = R::from_http(http);
        }
        let http = request.http_mut();
        if config.position == Position::Innermost && facts.has(Facts::CONDITIONAL) && facts.is_get_or_head() {
            config.withhold_conditions(&pending, http.headers_mut());
        }
        let target = config.panics_on_handler_fields.then(|| RequestTarget::of(http));
        let exchange = Exchange { config: config.clone(), request: facts, pending, target };
        ResponseFuture::new(self.inner.call(request), Some(exchange))
    }
}
