//! [`ObservedBody`]: the body inside, whose length is found out on the way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::dashboard::history::History;
use crate::dashboard::lengths::ContentKey;

pin_project! {
    /// The body of an answer that went through an [`ObserveService`](super::ObserveService): the
    /// same frames, and the same hints.
    #[derive(Debug)]
    pub struct ObservedBody<B> {
        #[pin]
        inner: B,
        tally: Option<Tally>,
    }
}

/// Counts content whose length no field tells, as of a page that is compressed on its way.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) history: Arc<History>,
    pub(super) content: ContentKey,
    pub(super) octets: u64,
}

impl<B> ObservedBody<B> {
    pub(super) const fn new(inner: B, tally: Option<Tally>) -> Self {
        Self { inner, tally }
    }
}

/// Without content, and not observed.
impl<B: Default> Default for ObservedBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: Body> Body for ObservedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(tally), Some(data)) = (this.tally.as_mut(), frame.data_ref()) {
                    tally.octets = tally.octets.saturating_add(data.remaining() as u64);
                }
            }
            // What broke off has a length that nobody saw.
            Some(Err(_)) => *this.tally = None,
            None => {}
        }
        // A server need not ask again after the last frame.
        if (frame.is_none() || this.inner.is_end_stream())
            && let Some(tally) = this.tally.take()
        {
            tally.history.remember(tally.content, tally.octets);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
