//! [`Flight`]: one request to the inner service, which any waiting task can drive.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use http_body::Body;

use super::baton::{Baton, Held};
use super::exchange::{Exchange, Verdict};
use super::flights::{Drive, Landing, Reservation};
use super::tee::Tee;
use super::waiters::Waiter;
use crate::store::Record;

/// One request to the inner service, which any waiting task can drive. It continues when the client that started it
/// leaves, as long as another one waits.
pub(super) struct Flight<F, B: Body, E> {
    stage: Baton<Stage<F, B, E>>,
    /// Given up when the flight is dropped.
    place: Reservation,
}

struct Stage<F, B: Body, E> {
    call: Option<(Pin<Box<F>>, Box<Exchange>)>,
    tee: Option<Arc<Tee<B>>>,
    first: Option<First<B, E>>,
}

/// The result for the client that caused the flight.
pub(super) enum First<B: Body, E> {
    /// The response is stored while its body is sent.
    Collected(Parts, Arc<Tee<B>>),
    /// The response is not stored.
    Passed(Response<B>),
    /// The stored response has been confirmed.
    Confirmed {
        record: Arc<Record>,
        is_stored: bool,
    },
    /// The stored response is used in place of an error.
    Failed(Arc<Record>),
    Error(E),
    /// The request has to be repeated.
    Again,
}

impl<F, B, E> Flight<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
    E: Send + 'static,
{
    /// Starts a flight.
    pub(super) fn start(inner: F, exchange: Exchange, place: Reservation) -> Arc<Self> {
        let stage = Stage { call: Some((Box::pin(inner), Box::new(exchange))), tee: None, first: None };
        let stage = Baton::new(stage, Arc::clone(place.progress()));
        let flight = Arc::new(Self { stage, place });
        let drive: Weak<Self> = Arc::downgrade(&flight);
        flight.place.take_off(drive);
        flight
    }

    /// Polls the result for the client that caused the flight.
    pub(super) fn poll_first(&self, waiter: &Waiter, cx: &mut Context<'_>) -> Poll<First<B, E>> {
        let Some(mut stage) = self.stage.take(waiter, cx) else { return Poll::Pending };
        let has_landed = || self.stage.progress().landing().is_some();
        if stage.first.is_none() && !has_landed() {
            _ = self.advance(&mut stage, cx);
        }
        match stage.first.take() {
            Some(first) => Poll::Ready(first),
            // The flight ended without a result, because it panicked in another task.
            None if has_landed() => Poll::Ready(First::Again),
            None => Poll::Pending,
        }
    }

    fn advance(&self, stage: &mut Held<'_, Stage<F, B, E>>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = stage.poll(cx, |stage, cx| match &mut stage.call {
            Some((inner, _)) => inner.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        });
        let Some(result) = ready!(polled) else { return Poll::Ready(()) };
        stage.has_news = true;
        let Some((inner, mut exchange)) = stage.call.take() else { return Poll::Ready(()) };
        drop(inner);
        let (first, landing) = match exchange.judge(result) {
            Verdict::Store { head, length, response, body } => {
                let tee = Arc::new(Tee::new(body, head, length, Arc::clone(self.stage.progress()), exchange));
                stage.tee = Some(Arc::clone(&tee));
                (First::Collected(response, tee), None)
            }
            Verdict::Pass(response, _) => (First::Passed(response), Some(Landing::NotShared)),
            Verdict::Confirmed { record, is_stored } => {
                let landing = if is_stored { Landing::Stored(Arc::clone(&record)) } else { Landing::NotShared };
                (First::Confirmed { record, is_stored }, Some(landing))
            }
            Verdict::Failed(record) => {
                let landing = Landing::Failed(Arc::clone(&record));
                (First::Failed(record), Some(landing))
            }
            Verdict::Error(error) => (First::Error(error), Some(Landing::NotShared)),
            Verdict::Again => (First::Again, Some(Landing::NotShared)),
        };
        if let Some(landing) = landing {
            stage.land(landing);
        }
        stage.first = Some(first);
        Poll::Ready(())
    }
}

impl<F, B, E> Drive for Flight<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
    E: Send + 'static,
{
    fn poll_landing(&self, waiter: &Waiter, cx: &mut Context<'_>) -> Poll<Landing> {
        let tee = {
            let Some(mut stage) = self.stage.take(waiter, cx) else { return Poll::Pending };
            if self.stage.progress().landing().is_none() {
                _ = self.advance(&mut stage, cx);
            }
            stage.tee.clone()
        };
        if let (None, Some(tee)) = (self.stage.progress().landing(), tee) {
            ready!(tee.poll_collected(waiter, cx));
        }
        self.stage.progress().landing().map_or(Poll::Pending, |landing| Poll::Ready(landing.clone()))
    }

    fn stop_collecting(&self) {
        let tee = self.stage.try_take().and_then(|stage| stage.tee.clone());
        if let Some(tee) = tee {
            tee.stop_collecting();
        }
    }
}

impl<F, B: Body, E> fmt::Debug for Flight<F, B, E> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("progress", self.stage.progress()).finish_non_exhaustive()
    }
}
