//! [`ConditionalBody`]: the inner body, or the content of a response that the layer makes itself.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The response body of a [`ConditionalService`](super::ConditionalService).
    ///
    /// It is the body of the inner service, or empty for a 304 or 412, or a short text for a 428. Its default value is
    /// empty.
    ///
    /// If the compiler expects this type and finds another body, the layer is probably in an `option_layer`. Use
    /// [`enabled`](crate::ConditionalLayer::enabled) instead.
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
        // N-03: a 304 must not have `content-length: 0`. A server writes that field if the size hint is exactly
        // zero, so this kind does not have an exact hint.
        Nothing,
        Text { text: Option<&'static str> },
    }
}

impl<B> ConditionalBody<B> {
    pub(crate) const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) const fn nothing() -> Self {
        Self { kind: Kind::Nothing }
    }

    pub(crate) const fn text(text: &'static str) -> Self {
        Self { kind: Kind::Text { text: Some(text) } }
    }
}

impl<B> Default for ConditionalBody<B> {
    fn default() -> Self {
        Self::nothing()
    }
}

/// Frames, trailers, end and size hint of an inner body are forwarded unchanged.
//
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
            KindProjection::Text { text } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes()).into()))))
            }
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
