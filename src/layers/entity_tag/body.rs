//! [`EntityTagBody`]: the frames that were read for hashing, followed by the rest of the body.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The response body of an [`EntityTagService`](super::EntityTagService).
    ///
    /// It returns the frames that the layer has read for hashing, unchanged, and then the remaining frames of the inner
    /// body.
    ///
    /// If the compiler expects this type and finds another body, the layer is probably in an `option_layer`. Use
    /// [`enabled`](crate::EntityTagLayer::enabled) instead.
    pub struct EntityTagBody<B>
    where
        B: Body,
    {
        read: ReadAhead<B::Error>,
        #[pin]
        rest: Option<B>,
    }
}

/// The frames that were read from a body. The first frame has its own field, because most bodies have only one.
pub(super) struct ReadAhead<E> {
    first: Option<Bytes>,
    more: VecDeque<Bytes>,
    bytes: u64,
    end: End<E>,
}

/// The state after the last data frame that was read.
enum End<E> {
    /// The body ended, or the rest follows.
    Plain,
    /// The body ended without an error, but its length differs from its size hint. The remaining size hint.
    Misstated(SizeHint),
    Trailers(HeaderMap),
    Error(E),
}

impl<B: Body> EntityTagBody<B> {
    /// Creates a body from which nothing was read.
    pub(super) const fn untouched(body: B) -> Self {
        Self { read: ReadAhead::new(), rest: Some(body) }
    }

    /// Creates a body that starts with the frames in `read`. `rest` is `None` if the inner body has ended.
    pub(super) const fn resumed(read: ReadAhead<B::Error>, rest: Option<B>) -> Self {
        Self { read, rest }
    }
}

impl<B: Body> fmt::Debug for EntityTagBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntityTagBody")
            .field("bytes_read_ahead", &self.read.bytes)
            .field("rest", &self.rest.is_some())
            .finish()
    }
}

impl<B> Default for EntityTagBody<B>
where
    B: Body + Default,
{
    fn default() -> Self {
        Self::untouched(B::default())
    }
}

impl<E> ReadAhead<E> {
    pub(super) const fn new() -> Self {
        Self { first: None, more: VecDeque::new(), bytes: 0, end: End::Plain }
    }

    pub(super) fn push(&mut self, data: Bytes) {
        self.bytes += data.len() as u64;
        if self.first.is_none() {
            self.first = Some(data);
        } else {
            self.more.push_back(data);
        }
    }

    pub(super) fn push_trailers(&mut self, trailers: HeaderMap) {
        self.end = End::Trailers(trailers);
    }

    pub(super) fn push_error(&mut self, error: E) {
        self.end = End::Error(error);
    }

    /// Reports the size hint of the original body. The number of bytes read would make a truncated body look complete.
    pub(super) fn state_length(&mut self, hint: SizeHint) {
        if matches!(self.end, End::Plain) {
            self.end = End::Misstated(hint);
        }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = &Bytes> {
        self.first.iter().chain(&self.more)
    }

    /// Returns the content if it is a single frame.
    pub(super) fn single_frame(&self) -> Option<&Bytes> {
        if self.more.is_empty() { self.first.as_ref() } else { None }
    }

    fn pop(&mut self) -> Option<Result<Frame<Bytes>, E>> {
        if let Some(data) = self.first.take().or_else(|| self.more.pop_front()) {
            self.bytes -= data.len() as u64;
            if let End::Misstated(hint) = &mut self.end {
                *hint = without(*hint, data.len() as u64);
            }
            return Some(Ok(Frame::data(data)));
        }
        match std::mem::replace(&mut self.end, End::Plain) {
            End::Plain | End::Misstated(_) => None,
            End::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
            End::Error(error) => Some(Err(error)),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty() && matches!(self.end, End::Plain | End::Misstated(_))
    }
}

impl<B> Body for EntityTagBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if let Some(frame) = this.read.pop() {
            return Poll::Ready(Some(frame));
        }
        let Some(rest) = this.rest.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let frame = ready!(rest.poll_frame(cx));
        if frame.is_none() {
            this.rest.set(None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if let End::Misstated(hint) = self.read.end {
            return hint;
        }
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(self.read.bytes));
        // Without an upper bound the server does not write `Content-Length`. With that field there would be no room
        // for trailers, and a truncated body would look complete.
        if matches!(self.read.end, End::Plain)
            && let Some(upper) = rest.upper()
        {
            hint.set_upper(upper.saturating_add(self.read.bytes));
        }
        hint
    }
}

/// Returns the size hint that remains after `bytes` bytes.
fn without(hint: SizeHint, bytes: u64) -> SizeHint {
    let mut left = SizeHint::new();
    left.set_lower(hint.lower().saturating_sub(bytes));
    if let Some(upper) = hint.upper() {
        left.set_upper(upper.saturating_sub(bytes));
    }
    left
}
