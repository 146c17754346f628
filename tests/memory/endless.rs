//! A service with responses that are long, or never arrive.

use std::convert::Infallible;
use std::future::{Pending, Ready, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

/// The largest frame, as from a file or a proxy.
pub(crate) const FRAME: usize = 64 << 10;

/// A body of zeros. Each frame has its own memory, so that a frame that is not released is visible.
#[derive(Debug, Default)]
pub(crate) struct Zeros {
    left: u64,
    frame: usize,
    exact: bool,
    /// The remaining length at which the body stops.
    hangs_at: Option<u64>,
    polled: Arc<AtomicUsize>,
}

impl Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.hangs_at == Some(self.left) {
            return Poll::Pending;
        }
        self.polled.fetch_add(1, Ordering::Relaxed);
        let length = self.left.min(self.frame as u64);
        self.left -= length;
        let frame = || Ok(Frame::data(Bytes::from(vec![0; usize::try_from(length).unwrap()])));
        Poll::Ready((length > 0).then(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.exact { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}

/// A service that responds with such a body, or never responds.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    length: u64,
    frame: usize,
    exact: bool,
    hangs_at: Option<u64>,
    headers: HeaderMap,
    responses: bool,
    /// The number of polled frames.
    pub(crate) polled: Arc<AtomicUsize>,
}

impl Origin {
    pub(crate) fn of(length: u64) -> Self {
        Self {
            length,
            frame: FRAME,
            exact: false,
            hangs_at: None,
            headers: HeaderMap::new(),
            responses: true,
            polled: Arc::default(),
        }
    }

    /// A service whose handler waits forever.
    pub(crate) fn silent() -> Self {
        Self { responses: false, ..Self::of(0) }
    }

    /// Returns whether the body declares its length.
    pub(crate) fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    pub(crate) fn in_frames_of(self, frame: usize) -> Self {
        Self { frame, ..self }
    }

    pub(crate) fn hanging_at(self, left: u64) -> Self {
        Self { hangs_at: Some(left), ..self }
    }

    pub(crate) fn field(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }
}

impl<B> Service<Request<B>> for Origin {
    type Response = Response<Zeros>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Zeros>, Infallible>>, Pending<Result<Response<Zeros>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        if !self.responses {
            return Either::Right(pending());
        }
        let mut response = Response::new(Zeros {
            left: self.length,
            frame: self.frame,
            exact: self.exact,
            hangs_at: self.hangs_at,
            polled: Arc::clone(&self.polled),
        });
        *response.headers_mut() = self.headers.clone();
        Either::Left(ready(Ok(response)))
    }
}
