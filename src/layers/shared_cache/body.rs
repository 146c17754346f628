//! [`SharedCacheBody`]: the stored content, or the body of the inner service.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::flights::Joined;
use super::tee::Tee;
use crate::store::Rest;

pin_project! {
    /// The response body of a [`SharedCacheService`](super::SharedCacheService).
    ///
    /// It is the body of the inner service, which may be stored while it is sent, or the stored content. Its default
    /// value is empty.
    pub struct SharedCacheBody<B: Body> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B: Body> {
        Inner { #[pin] body: B },
        Stored { content: Rest },
        // The flight is held so that others can join it until the body has been sent.
        Collected { tee: Arc<Tee<B>>, flight: Joined },
        // N-03: a 304 must not have `content-length: 0`, which a server writes if the size hint is exactly zero.
        Nothing,
    }
}

impl<B: Body> SharedCacheBody<B> {
    pub(super) const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(super) const fn stored(content: Rest) -> Self {
        Self { kind: Kind::Stored { content } }
    }

    pub(super) const fn collected(tee: Arc<Tee<B>>, flight: Joined) -> Self {
        Self { kind: Kind::Collected { tee, flight } }
    }

    pub(super) const fn nothing() -> Self {
        Self { kind: Kind::Nothing }
    }
}

impl<B: Body> Default for SharedCacheBody<B> {
    fn default() -> Self {
        Self::nothing()
    }
}

impl<B: Body<Data = Bytes>> Body for SharedCacheBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Stored { content } => Poll::Ready(content.next().map(|piece| Ok(Frame::data(piece)))),
            KindProjection::Collected { tee, flight } => tee.poll_frame(flight.waiter(), cx),
            KindProjection::Nothing => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Stored { content } => content.is_empty(),
            Kind::Collected { tee, .. } => tee.is_end_stream(),
            Kind::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Stored { content } => SizeHint::with_exact(u64::try_from(content.len()).unwrap_or(u64::MAX)),
            Kind::Collected { tee, .. } => tee.size_hint(),
            Kind::Nothing => SizeHint::default(),
        }
    }
}

impl<B: Body> fmt::Debug for SharedCacheBody<B> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Inner { .. } => "SharedCacheBody(inner)",
            Kind::Stored { .. } => "SharedCacheBody(stored)",
            Kind::Collected { .. } => "SharedCacheBody(collected)",
            Kind::Nothing => "SharedCacheBody(nothing)",
        })
    }
}
