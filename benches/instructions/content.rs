//! The bodies of the responses.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

pub(crate) const KIB: usize = 1024;

/// The form of a page.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// One frame of this length, whose bytes are allocated for each response, as with a template.
    Made(usize),
    /// One frame of this length. It is the same constant in each response.
    Constant(usize),
    /// One frame of this length. Every two consecutive responses have the same constant.
    ConstantTwice(usize),
}

impl Content {
    pub(crate) fn page(self) -> Page {
        match self {
            Self::Made(length) => Page(Some(Bytes::from(vec![b'a'; length]))),
            Self::Constant(length) => Page(Some(Bytes::from_static(&BYTES[..length]))),
            Self::ConstantTwice(length) => {
                let place = next_place() / 2;
                Page(Some(Bytes::from_static(&BYTES[place..place + length])))
            }
        }
    }
}

/// The number of different contents, which is far more than the number of tags that `EntityTagLayer` remembers.
const PLACES: usize = 4096;
static BYTES: [u8; 16 * KIB + PLACES] = [b'a'; 16 * KIB + PLACES];

fn next_place() -> usize {
    thread_local!(static PLACE: Cell<usize> = const { Cell::new(0) });
    PLACE.replace((PLACE.get() + 1) % PLACES)
}

/// A body of one frame.
pub(crate) struct Page(Option<Bytes>);

impl Body for Page {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}
