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
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B>
    where
        B: Body,
    {
        // Nothing was read.
        Inner { #[pin] body: B },
        // The complete content was read, and is one frame.
        Frame { data: Option<Bytes> },
        // Boxed, because this case is rare and would make each response larger.
        Resumed { read: Box<ReadAhead<B::Error>>, #[pin] rest: Option<B> },
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
        Self { kind: Kind::Inner { body } }
    }

    /// Creates a body whose complete content is one frame.
    pub(super) const fn frame(data: Bytes) -> Self {
        Self { kind: Kind::Frame { data: Some(data) } }
    }

    /// Creates a body that starts with the frames in `read`. `rest` is `None` if the inner body has ended.
    pub(super) fn resumed(read: ReadAhead<B::Error>, rest: Option<B>) -> Self {
        Self { kind: Kind::Resumed { read: Box::new(read), rest } }
    }
}

impl<B: Body> fmt::Debug for EntityTagBody<B> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, has_rest) = match &self.kind {
            Kind::Inner { .. } => (0, true),
            Kind::Frame { data } => (data.as_ref().map_or(0, |data| data.len() as u64), false),
            Kind::Resumed { read, rest } => (read.bytes, rest.is_some()),
        };
        f.debug_struct("EntityTagBody").field("bytes_read_ahead", &bytes).field("rest", &has_rest).finish()
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

    /// Returns the size hint of the complete body: the frames that were read, and the rest.
    fn size_hint<B: Body>(&self, rest: Option<&B>) -> SizeHint {
        if let End::Misstated(hint) = self.end {
            return hint;
        }
        let rest = rest.map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(self.bytes));
        // Without an upper bound the server does not write `Content-Length`. With that field there would be no room
        // for trailers, and a truncated body would look complete.
        if matches!(self.end, End::Plain)
            && let Some(upper) = rest.upper()
        {
            hint.set_upper(upper.saturating_add(self.bytes));
        }
        hint
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
        let mut kind = self.project().kind;
        match kind.as_mut().project() {
            KindProjection::Inner { body } => {
                let frame = ready!(body.poll_frame(cx));
                if frame.is_none() {
                    // A body that has ended is not polled again.
                    kind.set(Kind::Frame { data: None });
                }
                Poll::Ready(frame)
            }
            KindProjection::Frame { data } => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
            KindProjection::Resumed { read, mut rest } => {
                if let Some(frame) = read.pop() {
                    return Poll::Ready(Some(frame));
                }
                let Some(body) = rest.as_mut().as_pin_mut() else {
                    return Poll::Ready(None);
                };
                let frame = ready!(body.poll_frame(cx));
                if frame.is_none() {
                    rest.set(None);
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Frame { data } => data.is_none(),
            Kind::Resumed { read, rest } => read.is_empty() && rest.as_ref().is_none_or(Body::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Frame { data } => SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64)),
            Kind::Resumed { read, rest } => read.size_hint(rest.as_ref()),
        }
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
