//! [`ResponseFuture`]: waits for the inner service, and for a file that is read again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::exchange::{Completion, Exchange, Unverified};
use crate::assets::Recheck;
use crate::layers::conditional::ConditionalBody;

pin_project! {
    /// The response future of [`AssetsService`](super::AssetsService).
    pub struct ResponseFuture<F, B> {
        #[pin]
        kind: Kind<F, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, B> {
        // Without an exchange, the response passes unchanged.
        Forwarded { #[pin] inner: F, exchange: Option<Exchange> },
        // The future waits until the file of the response has been read again.
        Rechecking { #[pin] recheck: Recheck, unverified: Option<Unverified<B>> },
        Immediate { response: Option<Response<ConditionalBody<B>>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) const fn forwarded(inner: F, exchange: Option<Exchange>) -> Self {
        Self { kind: Kind::Forwarded { inner, exchange } }
    }

    pub(super) const fn immediate(response: Response<ConditionalBody<B>>) -> Self {
        Self { kind: Kind::Immediate { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut kind = self.as_mut().project().kind;
            return Poll::Ready(Ok(match kind.as_mut().project() {
                KindProjection::Forwarded { inner, exchange } => {
                    let response = ready!(inner.poll(cx))?;
                    let completion = match exchange.take() {
                        Some(exchange) => exchange.complete(response),
                        None => Completion::Complete(response.map(ConditionalBody::inner)),
                    };
                    match completion {
                        Completion::Complete(response) => response,
                        Completion::Wait { recheck, unverified } => {
                            kind.set(Kind::Rechecking { recheck, unverified: Some(unverified) });
                            continue;
                        }
                    }
                }
                KindProjection::Rechecking { recheck, unverified } => {
                    ready!(recheck.poll(cx));
                    unverified.take().expect(READY_ONCE).complete()
                }
                KindProjection::Immediate { response } => response.take().expect(READY_ONCE),
            }));
        }
    }
}

const READY_ONCE: &str = "a future is not polled after it was ready";

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Forwarded { .. } => "asked",
            Kind::Rechecking { .. } => "rechecking",
            Kind::Immediate { .. } => "answered",
        };
        f.debug_tuple("ResponseFuture").field(&kind).finish()
    }
}
