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
use crate::layers::cache_policy::PolicyStep;

pin_project! {
    /// The response future of a [`ConditionalService`](super::ConditionalService).
    pub struct ResponseFuture<S, P, C, R>
    where
        S: Service<R>,
        P: PolicyStep,
    {
        #[pin]
        state: State<S, P, C, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, P, C, R>
    where
        S: Service<R>,
        P: PolicyStep,
    {
        // Waits for the source.
        Deciding { #[pin] lookup: C },
        // Waits for the inner service. Without an exchange, its response passes through unchanged.
        Handling { #[pin] inner: S::Future, exchange: Option<Exchange>, policy: P::Exchange },
        // The inner service does not run.
        ShortCircuited { response: Option<ShortCircuit> },
    }
}

pin_project! {
    /// The future of a source, and the request that waits for it.
    #[allow(unnameable_types)] // It only joins the two.
    pub struct Lookup<C, W> {
        #[pin]
        current: C,
        waiting: Option<W>,
    }
}

/// A request that waits for the source, and the service that was polled ready for it.
#[allow(unnameable_types, missing_debug_implementations)] // As above.
pub struct Waiting<S, P: PolicyStep, R> {
    pub(super) inner: S,
    pub(super) request: R,
    pub(super) exchange: Exchange,
    pub(super) policy: P,
    pub(super) pending: P::Exchange,
}

impl<C, W> Lookup<C, W> {
    pub(super) const fn new(current: C, waiting: W) -> Self {
        Self { current, waiting: Some(waiting) }
    }
}

impl<C, W> Future for Lookup<C, W>
where
    C: Future<Output: Into<SelectedRepresentation>>,
{
    type Output = (SelectedRepresentation, W);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let current = ready!(this.current.poll(cx)).into();
        Poll::Ready((current, this.waiting.take().expect("a future must not be polled after it is ready")))
    }
}

impl<C, W> fmt::Debug for Lookup<C, W> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

impl<S, P, C, R> ResponseFuture<S, P, C, R>
where
    S: Service<R>,
    P: PolicyStep,
{
    pub(super) const fn deciding(lookup: C) -> Self {
        Self { state: State::Deciding { lookup } }
    }

    pub(super) const fn handling(inner: S::Future, exchange: Option<Exchange>, policy: P::Exchange) -> Self {
        Self { state: State::Handling { inner, exchange, policy } }
    }

    pub(super) const fn short_circuited(response: ShortCircuit) -> Self {
        Self { state: State::ShortCircuited { response: Some(response) } }
    }
}

impl<S, P, C, R, ResBody> Future for ResponseFuture<S, P, C, R>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    P: PolicyStep,
    C: Future<Output = (SelectedRepresentation, Waiting<S, P, R>)>,
    ResBody: Body,
{
    type Output = Result<Response<ConditionalBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Deciding { lookup } => {
                    let (current, waiting) = ready!(lookup.poll(cx));
                    let Waiting { mut inner, mut request, mut exchange, policy, pending } = waiting;
                    let http = request.http_mut();
                    let next = match exchange.decide_by_source(current, http) {
                        Some(mut response) => {
                            policy.decide_early(&pending, http, response.head_mut());
                            State::ShortCircuited { response: Some(response) }
                        }
                        None => {
                            State::Handling { inner: inner.call(request), exchange: Some(exchange), policy: pending }
                        }
                    };
                    state.set(next);
                }
                StateProjection::Handling { inner, exchange, policy } => {
                    let response = ready!(inner.poll(cx))?;
                    let mut response = match exchange {
                        Some(exchange) => exchange.decide_after(response),
                        None => response.map(ConditionalBody::inner),
                    };
                    P::decide(policy, &mut response);
                    return Poll::Ready(Ok(response));
                }
                StateProjection::ShortCircuited { response } => {
                    let response = response.take().expect("a future must not be polled after it is ready");
                    return Poll::Ready(Ok(response.into_response()));
                }
            }
        }
    }
}

impl<S, P, C, R> fmt::Debug for ResponseFuture<S, P, C, R>
where
    S: Service<R>,
    P: PolicyStep,
{
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Deciding { .. } => "deciding",
            State::Handling { .. } => "handling",
            State::ShortCircuited { .. } => "short-circuited",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
