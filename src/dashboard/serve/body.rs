//! [`DashboardBody`]: a page, or a stream of events.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::dashboard::history::{History, Listener};
use crate::dashboard::page;

/// The body of an answer of a [`DashboardService`](super::DashboardService).
#[derive(Debug)]
pub struct DashboardBody(Kind);

#[derive(Debug)]
enum Kind {
    /// With a hint that is not exact, since the field of a HEAD tells the length.
    Nothing,
    Whole(Option<Bytes>),
    Events(Events),
}

/// One event stream. It holds no queue: what it has to tell is read when the client can take it.
struct Events {
    history: Arc<History>,
    listener: Listener,
    /// The number of the last request that was told.
    told: u64,
    opened: bool,
}

impl DashboardBody {
    pub(super) const fn nothing() -> Self {
        Self(Kind::Nothing)
    }

    pub(super) const fn whole(text: Bytes) -> Self {
        Self(Kind::Whole(Some(text)))
    }

    pub(super) const fn events(history: Arc<History>, listener: Listener, told: u64) -> Self {
        Self(Kind::Events(Events { history, listener, told, opened: false }))
    }
}

impl Body for DashboardBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.0 {
            Kind::Nothing => None,
            Kind::Whole(text) => text.take(),
            Kind::Events(events) => match events.poll(cx) {
                Poll::Ready(text) => Some(Bytes::from(text)),
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Nothing => true,
            Kind::Whole(text) => text.is_none(),
            Kind::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Nothing | Kind::Events(_) => SizeHint::default(),
            Kind::Whole(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
        }
    }
}

impl Events {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<String> {
        if !self.opened {
            self.opened = true;
            let restarted = self.history.size().0 < self.told;
            return Poll::Ready(page::opening(restarted));
        }
        match self.history.next(self.listener, self.told, cx.waker()) {
            Some(news) => {
                self.told = news.number;
                Poll::Ready(page::events(&news))
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.history.leave(self.listener);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("told", &self.told).finish_non_exhaustive()
    }
}
