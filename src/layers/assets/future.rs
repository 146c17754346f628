//! [`ResponseFuture`]: waits for the service inside, where it was asked.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::exchange::Exchange;
use crate::layers::conditional::ConditionalBody;

pin_project! {
    /// The future of an [`AssetsService`](super::AssetsService).
    pub struct ResponseFuture<F, B> {
        #[pin]
        kind: Kind<F, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, B> {
        // No exchange: the answer passes untouched.
        Asked { #[pin] inner: F, exchange: Option<Exchange> },
        Answered { response: Option<Response<ConditionalBody<B>>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) const fn asked(inner: F, exchange: Option<Exchange>) -> Self {
        Self { kind: Kind::Asked { inner, exchange } }
    }

    pub(super) const fn answered(response: Response<ConditionalBody<B>>) -> Self {
        Self { kind: Kind::Answered { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Asked { inner, exchange } => {
                let response = ready!(inner.poll(cx))?;
                Poll::Ready(Ok(match exchange.take() {
                    Some(exchange) => exchange.complete(response),
                    None => response.map(ConditionalBody::inner),
                }))
            }
            KindProjection::Answered { response } => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it was ready")))
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Asked { .. } => "asked",
            Kind::Answered { .. } => "answered",
        };
        f.debug_tuple("ResponseFuture").field(&kind).finish()
    }
}
