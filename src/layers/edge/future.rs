//! [`ResponseFuture`]: waits for the response, and writes the fields for the edges.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use super::config::Config;
use super::trace;
use crate::layers::shared::Shared;
use crate::policy::{Layer, RequestFacts, ResolvedPolicy};

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
    pub(super) config: Shared<Config>,
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
        let mut polled = this.inner.poll(cx);
        // Changes the response in place, because moving it would take as long as the decision.
        if let (Poll::Ready(Ok(response)), Some(exchange)) = (&mut polled, this.exchange) {
            exchange.write(response);
        }
        polled
    }
}

impl Exchange {
    fn write<B>(&self, response: &mut Response<B>) {
        let Self { config, request } = self;
        let layer = Layer { rules: &config.rules, request: *request, policy: ResolvedPolicy::Nothing };
        let mut diagnostics = Vec::new();
        layer.rule_for_edges(
            response,
            || config.clock.now(),
            |headers, reading| config.edges.write_line(headers, reading.line(), reading.directives()),
            |status, headers, ruling| {
                diagnostics = config.edges.write(headers, status, request.is_get_or_head(), ruling, &config.overflow);
                ruling.leave_edge(&config.rules.edge_names, *request)
            },
        );
        for diagnostic in &diagnostics {
            trace::event(diagnostic);
        }
        if config.record && !diagnostics.is_empty() {
            response.extensions_mut().insert(diagnostics);
        }
    }
}
