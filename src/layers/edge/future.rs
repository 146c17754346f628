//! [`ResponseFuture`]: waits for the response, and writes the fields for the edges.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::config::Config;
use super::trace;
use crate::policy::{CacheTags, DecisionSource, Layer, RequestFacts, ResolvedPolicy, Ruling};

pin_project! {
    /// The future of an [`EdgeService`](super::EdgeService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

/// The state of one request while the inner service runs.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) config: Arc<Config>,
    pub(super) request: RequestFacts,
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
            exchange.write(&mut response);
        }
        Poll::Ready(Ok(response))
    }
}

impl Exchange {
    fn write<B>(self, response: &mut Response<B>) {
        let Self { config, request } = self;
        let request_with_ruling = request.wanting_the_ruling();
        let layer = Layer { rules: &config.rules, request: request_with_ruling, policy: ResolvedPolicy::Nothing };
        let Some(decision) = layer.rule(response, || config.clock.now()) else { return };

        let status = response.status();
        let extensions = response.extensions_mut();
        let handler_tags = extensions.remove::<CacheTags>();
        let mut ruling = extensions.remove::<Ruling>().unwrap_or_default();
        if decision.source() == DecisionSource::Nothing {
            return;
        }
        if let Some(handler_tags) = handler_tags {
            ruling.add_tags(&handler_tags);
        }
        let diagnostics =
            config.edges.write(response.headers_mut(), status, request.is_get_or_head(), &ruling, &config.overflow);

        ruling.leave_after_edge(&config.rules.edge_names, request, response.extensions_mut());

        for diagnostic in &diagnostics {
            trace::event(diagnostic);
        }
        if config.record && !diagnostics.is_empty() {
            response.extensions_mut().insert(diagnostics);
        }
    }
}
