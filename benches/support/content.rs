//! The bodies: one frame, many frames of known length, and a stream of unknown length.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The form of a page.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Content {
    /// One frame of this length.
    Whole(usize),
    /// This number of frames of 1 KiB, with a known length.
    Frames(u64),
    /// This number of frames of 1 KiB, with an unknown length.
    Stream(u64),
}

impl Content {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("1 KiB", Self::Whole(KIB)),
        ("16 KiB", Self::Whole(16 * KIB)),
        ("1 MiB", Self::Whole(LARGEST)),
        ("64 frames", Self::Frames(64)),
        ("stream", Self::Stream(64)),
    ];

    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Whole(length) => length,
            Self::Frames(frames) | Self::Stream(frames) => frames as usize * KIB,
        }
    }

    pub(crate) fn page(self) -> Page {
        match self {
            Self::Whole(length) => Page { frame: other_bytes(length), left: 1, known: true },
            Self::Frames(frames) => Page { frame: other_bytes(KIB), left: frames, known: true },
            Self::Stream(frames) => Page { frame: other_bytes(KIB), left: frames, known: false },
        }
    }
}

pub(crate) const KIB: usize = 1024;
const LARGEST: usize = 1024 * KIB;
/// The number of bodies, which exceeds the 64 tags in the memo of `EntityTagLayer`.
const PLACES: usize = 4096;
static BYTES: [u8; LARGEST + PLACES] = [b'a'; LARGEST + PLACES];

/// Equal bytes at another address than last time, so the memo does not contain their tag.
pub(crate) fn other_bytes(length: usize) -> Bytes {
    thread_local!(static PLACE: Cell<usize> = const { Cell::new(0) });
    let place = PLACE.get();
    PLACE.set((place + 1) % PLACES);
    Bytes::from_static(&BYTES[place..place + length])
}

/// The same bytes at the same address each time.
pub(crate) fn same_bytes(length: usize) -> Bytes {
    Bytes::from_static(&BYTES[..length])
}

/// A body that repeats one frame.
pub(crate) struct Page {
    frame: Bytes,
    left: u64,
    known: bool,
}

impl Page {
    pub(crate) const fn whole(frame: Bytes) -> Self {
        Self { frame, left: 1, known: true }
    }
}

impl Body for Page {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.known { SizeHint::with_exact(self.left * self.frame.len() as u64) } else { SizeHint::default() }
    }
}
