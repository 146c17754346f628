//! [`ResponseFuture`]: the decision, once there is an answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::CACHE_CONTROL;
use pin_project_lite::pin_project;

use super::config::Config;
use super::trace;
use crate::policy::{CACHE_POLICY_EXPLAIN, Chosen, Decision, RequestFacts, Speaker, decide, explain};

pin_project! {
    /// The future of a [`CachePolicyService`](super::CachePolicyService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

/// What is kept of a request while the service inside runs.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) config: Arc<Config>,
    pub(super) facts: RequestFacts,
    pub(super) chosen: Chosen,
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
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(exchange) = this.exchange.take() {
            exchange.decide(&mut response);
        }
        Poll::Ready(Ok(response))
    }
}

impl Exchange {
    fn decide<B>(self, response: &mut Response<B>) {
        let Self { config, facts, chosen } = self;
        let traced = trace::is_enabled();
        let said = if config.explain || traced { response.headers().get(CACHE_CONTROL).cloned() } else { None };
        let given = config.source.given(&chosen);
        let Some(decision) = decide(&config.rules, facts, given, response, || config.clock.now()) else { return };

        let status = response.status();
        let headers = response.headers_mut();
        let repeats = decision.speaker() == Speaker::Handler && decision.guards().is_empty();
        if config.explain && !(repeats && headers.contains_key(CACHE_POLICY_EXPLAIN)) {
            headers.insert(CACHE_POLICY_EXPLAIN, explain(&decision, given.rule(), said.as_ref(), headers));
        }
        if traced {
            trace::event(&decision, given.rule(), status, said.as_ref(), headers.get(CACHE_CONTROL));
        }
        if config.record && !(repeats && response.extensions().get::<Decision>().is_some()) {
            response.extensions_mut().insert(decision);
        }
    }
}
