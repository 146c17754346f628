//! [`ConditionalBody`]: the body inside, or an answer's own.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of an answer that went through a
    /// [`ConditionalService`](super::ConditionalService).
    #[derive(Debug)]
    pub struct ConditionalBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProjection]
    enum Kind<B> {
        Inner { #[pin] body: B },
        // No content. A body type of its own, because the hint must not be exact:
        // a server that reads "exactly zero" writes `content-length: 0`, which a 304 must
        // not have (N-03) and HTTP/2 would send.
        Nothing,
        Text { text: Option<Bytes> },
    }
}

impl<B> ConditionalBody<B> {
    pub(crate) const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) const fn nothing() -> Self {
        Self { kind: Kind::Nothing }
    }

    pub(super) const fn text(text: &'static str) -> Self {
        Self { kind: Kind::Text { text: Some(Bytes::from_static(text.as_bytes())) } }
    }
}

impl<B> Default for ConditionalBody<B> {
    fn default() -> Self {
        Self::nothing()
    }
}

/// The frames, the trailers, the end and the hint of the body inside are its own.
impl<B> Body for ConditionalBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Nothing => Poll::Ready(None),
            KindProjection::Text { text } => Poll::Ready(text.take().map(|text| Ok(Frame::data(text.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Nothing => true,
            Kind::Text { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Nothing => SizeHint::default(),
            Kind::Text { text } => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
        }
    }
}
