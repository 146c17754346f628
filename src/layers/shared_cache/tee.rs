//! [`Tee`]: a body that is sent to a client and collected for the store at the same time.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::baton::{Baton, Held};
use super::event::NotStored;
use super::flights::{Landing, Progress};
use super::waiters::Waiter;
use crate::store::{Blocks, Content, RecordHead};

/// The maximum number of frames that are read in one poll, so that other tasks get their turn.
const FRAMES_PER_POLL: usize = 128;
/// The number of chunks that a body may have, however short they are.
const MAX_CHUNKS: usize = 1_024;
/// The average length of the other chunks, in bytes, below which the memory for each of them would matter.
const SHORT_CHUNK: usize = 256;

/// A body that is sent to a client and collected for the store at the same time. Any waiting task can drive it.
pub(super) struct Tee<B: Body> {
    state: Baton<State<B>>,
    sink: Box<dyn Sink>,
}

/// The receiver of a complete body.
pub(super) trait Sink: Send + Sync {
    /// Stores a complete response, and returns the result for those who wait.
    fn store(&self, head: Box<RecordHead>, body: Content) -> Landing;
    /// Called if the response turns out not to be storable.
    fn give_up(&self, reason: NotStored);
    /// Called if the response is valid, and is not stored because of its body.
    fn replace(&self);
    /// Called if the body is dropped before its end.
    fn abandon(&self);
    /// Whether a body ends at the value of `Content-Length`, as in HTTP/1.1. In HTTP/2, trailers may follow.
    fn ends_at_length(&self) -> bool;
    /// The memory for stored contents.
    fn blocks(&self) -> &Arc<Blocks>;
    /// The maximum size of a body.
    fn max_body(&self) -> usize;
    /// The number of bytes that all unfinished bodies use.
    fn under_way(&self) -> &AtomicUsize;
    /// Whether that number is too high, even if bodies that are read slowly are no longer collected.
    fn is_full(&self) -> bool;
}

struct State<B: Body> {
    /// `None` after its end.
    body: Option<Pin<Box<B>>>,
    /// The chunks that the client has not received. While the body is collected, those that it has received are in
    /// front.
    chunks: VecDeque<Bytes>,
    /// The number of chunks in front that the client has received.
    received: usize,
    collected: usize,
    /// The value of `Content-Length`, or the exact size hint, from which a server makes the field.
    expected: Option<u64>,
    /// The number of bytes that the client has received.
    sent: u64,
    /// The size of the complete body, as the inner service states it.
    hint: SizeHint,
    /// `None` if the response is not stored.
    head: Option<Box<RecordHead>>,
    end: Option<End<B::Error>>,
    /// Whether the body has been polled after its stated length.
    is_probed: bool,
}

enum End<E> {
    Complete,
    Trailers(HeaderMap),
    Error(E),
}

impl<B: Body<Data = Bytes>> Tee<B> {
    /// Creates a tee. If the body is empty, the response is stored immediately.
    pub(super) fn new(
        body: B,
        head: Box<RecordHead>,
        content_length: Option<u64>,
        progress: Arc<Progress>,
        sink: Box<dyn Sink>,
    ) -> Self {
        let hint = body.size_hint();
        let expected = content_length.or(hint.exact());
        let is_empty = body.is_end_stream();
        let state = State {
            body: Some(Box::pin(body)),
            chunks: VecDeque::new(),
            received: 0,
            collected: 0,
            expected,
            sent: 0,
            hint,
            head: Some(head),
            end: None,
            is_probed: false,
        };
        let tee = Self { state: Baton::new(state, progress), sink };
        if let (true, Some(mut state)) = (is_empty, tee.state.take()) {
            tee.finish(&mut state, End::Complete);
        }
        tee
    }

    /// Drives the body to its end, or until the response turns out not to be storable.
    pub(super) fn poll_collected(&self, waiter: &Waiter, cx: &Context<'_>) -> Poll<()> {
        waiter.register(cx);
        let Some(mut state) = self.state.take() else { return Poll::Pending };
        for _ in 0..FRAMES_PER_POLL {
            if state.is_broken() {
                self.give_up(&mut state, NotStored::Incomplete);
            }
            if state.head.is_none() {
                return Poll::Ready(());
            }
            ready!(self.advance(&mut state));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls the next frame for the client.
    ///
    /// If the body panicked in the task of another request, continues the panic here: the server then aborts the
    /// response. Any other end would look like the end of a complete body.
    pub(super) fn poll_frame(&self, waiter: &Waiter, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        waiter.register(cx);
        let Some(mut state) = self.state.take() else { return Poll::Pending };
        for _ in 0..FRAMES_PER_POLL {
            if let Some(chunk) = state.next_chunk() {
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            if let Some(end) = state.end.take() {
                state.end = Some(End::Complete);
                return Poll::Ready(match end {
                    End::Complete => None,
                    End::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
                    End::Error(error) => Some(Err(error)),
                });
            }
            if state.is_broken() {
                self.give_up(&mut state, NotStored::Incomplete);
                std::panic::resume_unwind(Box::new("the body of the response panicked in the task of another request"));
            }
            ready!(self.advance(&mut state));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Stops collecting the body for the store, unless another task drives it at the moment.
    pub(super) fn stop_collecting(&self) {
        if let Some(mut state) = self.state.take() {
            self.give_up(&mut state, NotStored::TooManyUnderWay);
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.state
            .take()
            .is_some_and(|state| state.received >= state.chunks.len() && matches!(state.end, Some(End::Complete)))
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let Some(state) = self.state.take() else { return SizeHint::default() };
        let mut hint = SizeHint::new();
        if let Some(upper) = state.hint.upper() {
            hint.set_upper(upper.saturating_sub(state.sent));
        }
        hint.set_lower(state.hint.lower().saturating_sub(state.sent));
        hint
    }

    /// Polls the body once. Returns `Ready` if there is something new.
    fn advance(&self, state: &mut Held<'_, State<B>>) -> Poll<()> {
        let Some(body) = state.body.as_mut() else { return Poll::Ready(()) };
        let frame = ready!(body.as_mut().poll_frame(&mut Context::from_waker(&self.progress().waker)));
        state.has_news = true;
        match frame.map(|frame| frame.map(Frame::into_data)) {
            None => self.finish(state, End::Complete),
            Some(Err(error)) => self.finish(state, End::Error(error)),
            Some(Ok(Err(frame))) => match frame.into_trailers() {
                Ok(trailers) => self.finish(state, End::Trailers(trailers)),
                // A kind of frame that is not known yet.
                Err(_) => self.give_up(state, NotStored::Incomplete),
            },
            Some(Ok(Ok(chunk))) => {
                self.collect(state, chunk);
                // Servers do not poll the body after its last chunk.
                let is_over = state.body.as_ref().is_some_and(|body| body.is_end_stream());
                let is_complete = state.has_length();
                if is_over {
                    self.finish(state, End::Complete);
                } else if is_complete && state.head.is_some() && !std::mem::replace(&mut state.is_probed, true) {
                    // Once, so that a body of empty chunks does not recurse.
                    _ = self.advance(state);
                }
            }
        }
        Poll::Ready(())
    }

    fn collect(&self, state: &mut State<B>, chunk: Bytes) {
        if state.head.is_some() {
            self.sink.under_way().fetch_add(chunk.len(), Ordering::AcqRel);
            state.collected += chunk.len();
            let too_many = state.chunks.len() > MAX_CHUNKS + state.collected / SHORT_CHUNK;
            let too_long =
                state.expected.is_some_and(|length| u64::try_from(state.collected).is_ok_and(|n| n > length));
            let reason = if state.collected > self.sink.max_body() || too_many {
                Some(NotStored::TooLarge)
            } else if self.sink.is_full() {
                Some(NotStored::TooManyUnderWay)
            } else {
                too_long.then_some(NotStored::Incomplete)
            };
            if let Some(reason) = reason {
                if reason == NotStored::TooLarge {
                    self.sink.replace();
                }
                self.give_up(state, reason);
            }
        }
        if !chunk.is_empty() {
            state.chunks.push_back(chunk);
        }
    }

    fn finish(&self, state: &mut State<B>, end: End<B::Error>) {
        state.body = None;
        let is_complete = matches!(end, End::Complete) && state.has_promised_length();
        if matches!(end, End::Trailers(_)) && state.head.is_some() && state.has_promised_length() {
            self.sink.replace();
        }
        state.end = Some(end);
        if !is_complete {
            return self.give_up(state, NotStored::Incomplete);
        }
        let Some(head) = state.head.take() else { return };
        self.release(state);
        let content = state.content(&*self.sink);
        state.chunks.clear();
        state.received = 0;
        // The rest for the client is a part of the stored content, so that the chunks can be released.
        let sent = usize::try_from(state.sent).unwrap_or(usize::MAX);
        state.chunks.extend(content.part(sent..usize::MAX));
        self.progress().land(self.sink.store(head, content));
    }

    /// Stops collecting. The client receives the rest of the body.
    fn give_up(&self, state: &mut State<B>, reason: NotStored) {
        if state.head.take().is_none() {
            return;
        }
        self.release(state);
        state.chunks.drain(..state.received);
        state.received = 0;
        self.sink.give_up(reason);
        self.progress().land(Landing::NotShared);
    }

    fn progress(&self) -> &Progress {
        self.state.progress()
    }

    fn release(&self, state: &State<B>) {
        self.sink.under_way().fetch_sub(state.collected, Ordering::AcqRel);
    }
}

impl<B: Body> State<B> {
    /// Whether the collected content has the stated length.
    fn has_length(&self) -> bool {
        u64::try_from(self.collected).ok() == self.expected
    }

    /// Whether the length of the collected content contradicts neither `Content-Length` nor the size hint.
    fn has_promised_length(&self) -> bool {
        let is_hinted = |length| length >= self.hint.lower() && self.hint.upper().is_none_or(|upper| length <= upper);
        (self.expected.is_none() || self.has_length()) && u64::try_from(self.collected).is_ok_and(is_hinted)
    }

    /// Copies the collected content.
    fn content(&self, sink: &dyn Sink) -> Content {
        sink.blocks().copy(&self.chunks, self.collected)
    }

    fn next_chunk(&mut self) -> Option<Bytes> {
        let chunk = if self.head.is_some() {
            // The store still needs it.
            let chunk = self.chunks.get(self.received)?.clone();
            self.received += 1;
            chunk
        } else {
            self.chunks.pop_front()?
        };
        self.sent = self.sent.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        Some(chunk)
    }
}

impl<B: Body> Held<'_, State<B>> {
    /// Whether the body panicked in another task. The frame that it was about to return is missing, whatever it returns
    /// next.
    fn is_broken(&self) -> bool {
        self.is_poisoned && self.body.is_some()
    }
}

impl<B: Body> Drop for Tee<B> {
    fn drop(&mut self) {
        let has_landed = self.state.progress().landing().is_some();
        let state = self.state.get_mut();
        let Some(head) = state.head.take() else { return };
        self.sink.under_way().fetch_sub(state.collected, Ordering::AcqRel);
        // Servers drop a body as soon as its length has been sent. A file would only then find out that it has ended.
        if self.sink.ends_at_length() && state.expected.is_some() && state.has_promised_length() && !has_landed {
            self.sink.store(head, state.content(&*self.sink));
        } else {
            self.sink.abandon();
        }
    }
}

impl<B: Body> fmt::Debug for Tee<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee").finish_non_exhaustive()
    }
}
