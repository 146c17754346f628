//! [`ResponseFuture`]: waits for the answer, and writes what the edges are to read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;

use super::config::Config;
use super::trace;
use crate::edge::Said;
use crate::policy::{CacheTags, ForEdge, Given, RequestFacts, decide};

pin_project! {
    /// The future of an [`EdgeService`](super::EdgeService).
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
        let Self { config, facts } = self;
        let decision = decide(&config.rules, facts, Given::Nothing, response, || config.clock.now());
        if decision.is_none() {
            return;
        }

        let status = response.status();
        let extensions = response.extensions_mut();
        let of_handlers = extensions.remove::<CacheTags>();
        let ForEdge { mut tags, policy, stands_for_whole, .. } = extensions.remove::<ForEdge>().unwrap_or_default();
        if let Some(of_handlers) = of_handlers {
            tags.unite(&of_handlers);
        }
        let all_tags = status != StatusCode::NOT_MODIFIED || stands_for_whole;
        let said = Said { get_or_head: facts.get_or_head(), tags: all_tags.then_some(&tags), policy };
        let notes = config.edges.write(response.headers_mut(), said, &config.overflow);

        for note in &notes {
            trace::event(note);
        }
        if config.record && !notes.is_empty() {
            response.extensions_mut().insert(notes);
        }
    }
}
