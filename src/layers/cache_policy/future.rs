//! [`ResponseFuture`]: decides when the inner service has responded.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::CACHE_CONTROL;
use http::{HeaderMap, Response, StatusCode};
use pin_project_lite::pin_project;

use super::config::Config;
use super::handler_fields::{RequestTarget, assert_no_fields_of_handler};
use super::trace;
use crate::layers::shared::Shared;
use crate::policy::{
    CACHE_POLICY_EXPLAIN, CachePolicy, Decision, DecisionSource, Facts, Layer, PendingPolicy, RequestFacts, explain,
    write_usual,
};
use crate::protocol::{CacheControl, has_no_vary_search, set_field};

pin_project! {
    /// The response future of a [`CachePolicyService`](super::CachePolicyService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

/// The data of a request that the decision needs after the inner service has responded.
#[derive(Debug)]
#[allow(unnameable_types)] // Held by the services that a policy is a step of.
pub struct Exchange {
    pub(super) config: Shared<Config>,
    pub(super) request: RequestFacts,
    pub(super) pending: PendingPolicy,
    /// The target of the request, if the layer panics on a field of the handler.
    pub(super) target: Option<Box<RequestTarget>>,
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut polled = this.inner.poll(cx);
        // Changes the response in place, because moving it would take as long as the decision.
        if let (Poll::Ready(Ok(response)), Some(exchange)) = (&mut polled, this.exchange) {
            exchange.decide(response);
        }
        polled
    }
}

impl Exchange {
    #[inline]
    pub(super) fn decide<B>(&self, response: &mut Response<B>) {
        if !self.config.is_plain || self.request.ruling_is_wanted() || trace::is_enabled() {
            self.decide_and_report(response);
        } else if let Err(facts) = write_usual(response, |own, status, headers| self.write(own, status, headers)) {
            self.layer().rule_unusual(facts, response, || self.config.clock.now());
        }
    }

    fn write(
        &self,
        own: Option<&CachePolicy>,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Option<Facts>> {
        self.layer().write_usual(own, status, headers)
    }

    #[inline]
    fn layer(&self) -> Layer<'_> {
        let Self { config, request, pending, .. } = self;
        Layer { rules: &config.rules, request: *request, policy: pending.resolve(config.policy.as_ref()) }
    }

    #[inline(never)]
    fn decide_and_report<B>(&self, response: &mut Response<B>) {
        let Self { config, request, target, .. } = self;
        if let Some(target) = target {
            assert_no_fields_of_handler(target, response);
        }
        let traced = trace::is_enabled();
        let before = if config.explain || traced { response.headers().get(CACHE_CONTROL).cloned() } else { None };
        let layer = self.layer();
        let rule = layer.policy.rule();
        let Some(decision) = layer.rule(response, || config.clock.now()) else { return };

        let status = response.status();
        let headers = response.headers_mut();
        // A 304 without `Cache-Control` was created before the handler ran. The fields of its 200 remain.
        if let Some(no_vary_search) = config.no_vary_search
            && request.is_get_or_head()
            && !has_no_vary_search(headers)
            && CacheControl::from_headers(headers).is_some_and(|directives| !directives.no_store())
        {
            // E-01
            no_vary_search.write_to(headers);
        }
        let repeats = decision.source() == DecisionSource::Handler && decision.guards().is_empty();
        if config.explain && !(repeats && headers.contains_key(CACHE_POLICY_EXPLAIN)) {
            let explanation = explain(&decision, rule, before.as_ref(), headers);
            set_field(headers, CACHE_POLICY_EXPLAIN, explanation);
        }
        if traced {
            trace::event(&decision, rule, status, before.as_ref(), headers.get(CACHE_CONTROL));
        }
        if config.record && !(repeats && response.extensions().get::<Decision>().is_some()) {
            response.extensions_mut().insert(decision);
        }
    }
}
