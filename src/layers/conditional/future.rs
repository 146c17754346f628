//! [`ResponseFuture`]: waits for the source, then for the inner service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ConditionalBody;
use super::exchange::{Exchange, ShortCircuit};
use super::selected::SelectedRepresentation;
use crate::layers::HttpRequest;

pin_project! {
    /// The response future of a [`ConditionalService`](super::ConditionalService).
    pub struct ResponseFuture<S, C, R>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, C, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, C, R>
    where
        S: Service<R>,
    {
        // Waits for the source.
        Deciding { #[pin] lookup: C },
        // Waits for the inner service. Without an exchange, its response passes through unchanged.
        Handling { #[pin] inner: S::Future, exchange: Option<Exchange> },
        // The inner service does not run.
        ShortCircuited { response: Option<ShortCircuit> },
    }
}

pin_project! {
    /// The future of a source, and the request that waits for it.
    #[allow(unnameable_types)] // It only joins the two.
    pub struct Lookup<C, S, R> {
        #[pin]
        current: C,
        waiting: Option<Waiting<S, R>>,
    }
}

/// A request that waits for the source, and the service that was polled ready for it.
#[allow(unnameable_types, missing_debug_implementations)] // As above.
pub struct Waiting<S, R> {
    inner: S,
    request: R,
    exchange: Exchange,
}

impl<C, S, R> Lookup<C, S, R> {
    pub(super) const fn new(current: C, inner: S, request: R, exchange: Exchange) -> Self {
        Self { current, waiting: Some(Waiting { inner, request, exchange }) }
    }
}

impl<C, S, R> Future for Lookup<C, S, R>
where
    C: Future<Output: Into<SelectedRepresentation>>,
{
    type Output = (SelectedRepresentation, Waiting<S, R>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let current = ready!(this.current.poll(cx)).into();
        Poll::Ready((current, this.waiting.take().expect("a future must not be polled after it is ready")))
    }
}

impl<C, S, R> fmt::Debug for Lookup<C, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

impl<S, C, R> ResponseFuture<S, C, R>
where
    S: Service<R>,
{
    pub(super) const fn deciding(lookup: C) -> Self {
        Self { state: State::Deciding { lookup } }
    }

    pub(super) const fn handling(inner: S::Future, exchange: Option<Exchange>) -> Self {
        Self { state: State::Handling { inner, exchange } }
    }

    pub(super) const fn short_circuited(response: ShortCircuit) -> Self {
        Self { state: State::ShortCircuited { response: Some(response) } }
    }
}

impl<S, C, R, ResBody> Future for ResponseFuture<S, C, R>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    C: Future<Output = (SelectedRepresentation, Waiting<S, R>)>,
    ResBody: Body,
{
    type Output = Result<Response<ConditionalBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Deciding { lookup } => {
                    let (current, Waiting { mut inner, mut request, mut exchange }) = ready!(lookup.poll(cx));
                    let next = match exchange.decide_by_source(current, request.http_mut()) {
                        Some(response) => State::ShortCircuited { response: Some(response) },
                        None => State::Handling { inner: inner.call(request), exchange: Some(exchange) },
                    };
                    state.set(next);
                }
                StateProjection::Handling { inner, exchange } => {
                    let response = ready!(inner.poll(cx))?;
                    return Poll::Ready(Ok(match exchange {
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

impl<S, C, R> fmt::Debug for ResponseFuture<S, C, R>
where
    S: Service<R>,
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
