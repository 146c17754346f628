//! [`ResponseFuture`]: waits for the source, then for the inner service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ConditionalBody;
use super::exchange::{Exchange, ShortCircuit};
use super::selected::SelectedRepresentation;

pin_project! {
    /// The response future of a [`ConditionalService`](super::ConditionalService).
    pub struct ResponseFuture<S, R, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, R, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, R, B>
    where
        S: Service<Request<B>>,
    {
        // Waits for the source.
        Deciding { #[pin] current: R, waiting: Option<Waiting<S, B>> },
        // Waits for the inner service. Without an exchange, its response passes through unchanged.
        Handling { #[pin] inner: S::Future, exchange: Option<Exchange> },
        // The inner service does not run.
        ShortCircuited { response: Option<ShortCircuit> },
    }
}

/// A request that waits for the source, and the service that was polled ready for it.
struct Waiting<S, B> {
    inner: S,
    request: Request<B>,
    exchange: Exchange,
}

impl<S, R, B> ResponseFuture<S, R, B>
where
    S: Service<Request<B>>,
{
    pub(super) const fn deciding(current: R, inner: S, request: Request<B>, exchange: Exchange) -> Self {
        let waiting = Some(Waiting { inner, request, exchange });
        Self { state: State::Deciding { current, waiting } }
    }

    pub(super) const fn handling(inner: S::Future, exchange: Option<Exchange>) -> Self {
        Self { state: State::Handling { inner, exchange } }
    }

    pub(super) const fn short_circuited(response: ShortCircuit) -> Self {
        Self { state: State::ShortCircuited { response: Some(response) } }
    }
}

impl<S, R, B, ResBody> Future for ResponseFuture<S, R, B>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    R: Future<Output: Into<SelectedRepresentation>>,
    ResBody: Body,
{
    type Output = Result<Response<ConditionalBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Deciding { current, waiting } => {
                    let current = ready!(current.poll(cx));
                    let Waiting { mut inner, mut request, mut exchange } =
                        waiting.take().expect("a future must not be polled after it is ready");
                    let next = match exchange.decide_by_source(current.into(), &mut request) {
                        Some(response) => State::ShortCircuited { response: Some(response) },
                        None => State::Handling { inner: inner.call(request), exchange: Some(exchange) },
                    };
                    state.set(next);
                }
                StateProjection::Handling { inner, exchange } => {
                    let response = ready!(inner.poll(cx))?;
                    return Poll::Ready(Ok(match exchange.take() {
                        Some(exchange) => exchange.decide_after(response),
                        None => response.map(ConditionalBody::inner),
                    }));
                }
                StateProjection::ShortCircuited { response } => {
                    let response = response.take().expect("a future must not be polled after it is ready");
                    return Poll::Ready(Ok(response.into_response()));
                }
            }
        }
    }
}

impl<S, R, B> fmt::Debug for ResponseFuture<S, R, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Deciding { .. } => "deciding",
            State::Handling { .. } => "handling",
            State::ShortCircuited { .. } => "short-circuited",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
