//! Requests to a service without a connection.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::case::Case;
use super::question::Question;

/// A case that sends the same request to a service each time. Both are created when the case runs.
pub(crate) fn request_case<S, B>(
    group: &'static str,
    name: impl Into<String>,
    service: impl Fn() -> S + Clone + 'static,
    question: impl Fn() -> Question + Clone + 'static,
) -> Case
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug> + Clone + Send + 'static,
    B: Body<Error: Debug> + 'static,
{
    let (shared, same) = (service.clone(), question.clone());
    let mut case = Case::new(group, name, move || Box::new(run(service(), question())));
    let once = OnceCell::new();
    case.per_thread = Some(Box::new(move |threads| {
        // A server has one service, which it clones for each connection. Each connection has its own requests.
        let service = once.get_or_init(&shared);
        (0..threads).map(|_| Box::new(run(service.clone(), same())) as Box<_>).collect()
    }));
    case
}

fn run<S, B>(mut service: S, question: Question) -> impl FnMut(u64)
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    move |times| {
        for _ in 0..times {
            ask(&mut service, question.request());
        }
    }
}

/// Sends the request and reads the response to its end.
pub(crate) fn ask<S, Q, B>(service: &mut S, request: Request<Q>)
where
    S: Service<Request<Q>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    let (head, body) = respond(service, request).into_parts();
    black_box(&head);
    let mut body = pin!(body);
    while let Some(frame) = at_once(|cx| body.as_mut().poll_frame(cx)) {
        black_box(frame.unwrap());
    }
}

/// Returns the response with an unread body.
pub(crate) fn respond<S, Q, B>(service: &mut S, request: Request<Q>) -> Response<B>
where
    S: Service<Request<Q>, Response = Response<B>, Error: Debug>,
{
    at_once(|cx| service.poll_ready(cx)).unwrap();
    let mut future = pin!(service.call(black_box(request)));
    at_once(|cx| future.as_mut().poll(cx)).unwrap()
}

fn at_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> T {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("these stacks never wait"),
    }
}
