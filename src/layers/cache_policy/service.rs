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
use crate::policy::{PendingPolicy, RequestFacts};

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
        let mut exchange = None;
        if let Some(facts) = Exchange::facts(&self.source, request.http_mut()) {
            let pending = match self.source.chooser() {
                None => PendingPolicy::Nothing,
                Some(chooser) => match chooser.closure() {
                    None => chooser.choose(request.http_mut()),
                    Some(choose) => {
                        // To move the request takes less than to lend its parts.
                        let (parts, body) = request.into_http().into_parts();
                        let policy = choose(&parts);
                        request = R::from_http(Request::from_parts(parts, body));
                        PendingPolicy::of(policy)
                    }
                },
            };
            exchange = Some(Exchange::new(&self.source, facts, pending, request.http_mut()));
        }
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}

impl Exchange {
    /// Collects the request data that the decision needs, for a step of another service. Returns `None` if the response
    /// passes through unchanged.
    pub(super) fn begin<B>(source: &Source, http: &mut Request<B>) -> Option<Self> {
        let facts = Self::facts(source, http)?;
        let config = source.config();
        let pending = source.chooser().map_or(PendingPolicy::Nothing, |chooser| chooser.choose(http));
        if config.position == Position::Innermost && facts.is_get_or_head() {
            config.withhold_conditions(&pending, http.headers_mut());
        }
        Some(Self::new(source, facts, pending, http))
    }

    #[inline(always)]
    fn facts<B>(source: &Source, http: &mut Request<B>) -> Option<RequestFacts> {
        let config = source.config();
        if is_tunnel(http.method()) {
            return None;
        }
        if config.is_plain { Some(RequestFacts::of(http)) } else { config.prepare(http) }
    }

    #[inline(always)]
    fn new<B>(source: &Source, request: RequestFacts, pending: PendingPolicy, http: &Request<B>) -> Self {
        let config = source.config();
        let target = (!config.is_plain && config.panics_on_handler_fields).then(|| RequestTarget::of(http));
        Self { config: Shared::clone(config), request, pending, target }
    }
}

impl Config {
    /// Collects the facts of a request for a layer with settings. Returns `None` if the layer is disabled.
    #[inline(never)]
    fn prepare<B>(&self, http: &mut Request<B>) -> Option<RequestFacts> {
        if !self.enabled {
            return None;
        }
        if self.rules.development {
            forget_stored_response(http);
        }
        let facts = self.rules.facts(http);
        if self.needs_ruling() {
            facts.leave_in(http);
        }
        Some(facts)
    }
}
