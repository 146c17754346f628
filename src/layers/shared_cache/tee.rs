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
use crate::store::{Blocks, Content, Draft, RecordHead};

/// The maximum number of frames that are read in one poll, so that other tasks get their turn.
const FRAMES_PER_POLL: usize = 128;

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
    /// The next chunks for the client. While the body is collected, there is at most one, and the client receives those
    /// after it from the content.
    chunks: VecDeque<Bytes>,
    /// The value of `Content-Length`, or the exact size hint, from which a server makes the field.
    expected: Option<u64>,
    /// The number of bytes that the client has received.
    sent: u64,
    /// The size of the complete body, as the inner service states it.
    hint: SizeHint,
    /// `None` if the response is not stored.
    collected: Option<Collected>,
    end: Option<End<B::Error>>,
    /// Whether the body has been polled after its stated length.
    is_probed: bool,
}

/// The part of a response that is available.
struct Collected {
    head: Box<RecordHead>,
    content: Draft,
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
        let content = Draft::new(Arc::clone(sink.blocks()));
        let state = State {
            body: Some(Box::pin(body)),
            chunks: VecDeque::new(),
            expected,
            sent: 0,
            hint,
            collected: Some(Collected { head, content }),
            end: None,
            is_probed: false,
        };
        let tee = Self { state: Baton::new(state, progress), sink };
        if is_empty && let Some(mut state) = tee.state.try_take() {
            tee.finish(&mut state, End::Complete);
        }
        tee
    }

    /// Drives the body to its end, or until the response turns out not to be storable.
    pub(super) fn poll_collected(&self, waiter: &Waiter, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut state) = self.state.take(waiter, cx) else { return Poll::Pending };
        for _ in 0..FRAMES_PER_POLL {
            if state.is_broken() {
                self.give_up(&mut state, NotStored::Incomplete);
            }
            if state.collected.is_none() {
                return Poll::Ready(());
            }
            ready!(self.advance(&mut state, cx));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls the next frame for the client.
    ///
    /// If the body panicked in the task of another request, continues the panic here: the server then aborts the
    /// response. Any other end would look like the end of a complete body.
    pub(super) fn poll_frame(
        &self,
        waiter: &Waiter,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(mut state) = self.state.take(waiter, cx) else { return Poll::Pending };
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
            ready!(self.advance(&mut state, cx));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Stops collecting the body for the store, unless another task drives it at the moment.
    pub(super) fn stop_collecting(&self) {
        if let Some(mut state) = self.state.try_take() {
            self.give_up(&mut state, NotStored::TooManyUnderWay);
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.state.try_take().is_some_and(|state| state.chunks.is_empty() && matches!(state.end, Some(End::Complete)))
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let Some(state) = self.state.try_take() else { return SizeHint::default() };
        let mut hint = SizeHint::new();
        if let Some(upper) = state.hint.upper() {
            hint.set_upper(upper.saturating_sub(state.sent));
        }
        hint.set_lower(state.hint.lower().saturating_sub(state.sent));
        hint
    }

    /// Polls the body once. Returns `Ready` if there is something new.
    fn advance(&self, state: &mut Held<'_, State<B>>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = state.poll(cx, |state, cx| match &mut state.body {
            Some(body) => body.as_mut().poll_frame(cx).map(Some),
            None => Poll::Ready(None),
        });
        let Some(frame) = ready!(polled) else { return Poll::Ready(()) };
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
                let is_complete = state.collected.as_ref().is_some_and(|collected| state.has_length(collected));
                if is_over {
                    self.finish(state, End::Complete);
                } else if is_complete && !std::mem::replace(&mut state.is_probed, true) {
                    // Once, so that a body of empty chunks does not recurse.
                    _ = self.advance(state, cx);
                }
            }
        }
        Poll::Ready(())
    }

    fn collect(&self, held: &mut Held<'_, State<B>>, chunk: Bytes) {
        let state = &mut **held;
        if let Some(collected) = &mut state.collected {
            let content = &mut collected.content;
            let length = content.len() + chunk.len();
            let is_too_long = state.expected.is_some_and(|expected| u64::try_from(length).is_ok_and(|n| n > expected));
            self.sink.under_way().fetch_add(chunk.len(), Ordering::AcqRel);
            let reason = if length > self.sink.max_body() {
                Some(NotStored::TooLarge)
            } else if self.sink.is_full() {
                Some(NotStored::TooManyUnderWay)
            } else {
                is_too_long.then_some(NotStored::Incomplete)
            };
            match reason {
                None => {
                    let is_next = u64::try_from(content.len()).is_ok_and(|length| length == state.sent);
                    content.append(&chunk, state.expected.and_then(|expected| usize::try_from(expected).ok()));
                    if !is_next {
                        return;
                    }
                }
                Some(reason) => {
                    self.sink.under_way().fetch_sub(chunk.len(), Ordering::AcqRel);
                    if reason == NotStored::TooLarge {
                        self.sink.replace();
                    }
                    self.give_up(held, reason);
                }
            }
        }
        if !chunk.is_empty() {
            held.chunks.push_back(chunk);
        }
    }

    fn finish(&self, state: &mut Held<'_, State<B>>, end: End<B::Error>) {
        state.body = None;
        let has_promised_length =
            state.collected.as_ref().is_some_and(|collected| state.has_promised_length(collected));
        if matches!(end, End::Trailers(_)) && has_promised_length {
            self.sink.replace();
        }
        let is_complete = matches!(end, End::Complete) && has_promised_length;
        state.end = Some(end);
        if !is_complete {
            return self.give_up(state, NotStored::Incomplete);
        }
        let Some((head, content)) = self.stop(state) else { return };
        state.land(self.sink.store(head, content));
    }

    /// Stops collecting for this reason.
    fn give_up(&self, state: &mut Held<'_, State<B>>, reason: NotStored) {
        if self.stop(state).is_some() {
            self.sink.give_up(reason);
            state.land(Landing::NotShared);
        }
    }

    /// Stops collecting. The client receives the rest from the content, whose memory is released with it.
    fn stop(&self, state: &mut State<B>) -> Option<(Box<RecordHead>, Content)> {
        let Collected { head, content } = state.collected.take()?;
        self.sink.under_way().fetch_sub(content.len(), Ordering::AcqRel);
        let content = content.finish();
        let sent = usize::try_from(state.sent).unwrap_or(usize::MAX);
        state.chunks.clear();
        state.chunks.extend(content.part(sent..usize::MAX));
        Some((head, content))
    }
}

impl<B: Body> State<B> {
    /// Whether the collected content has the stated length.
    fn has_length(&self, collected: &Collected) -> bool {
        u64::try_from(collected.content.len()).ok() == self.expected
    }

    /// Whether the length of the collected content contradicts neither `Content-Length` nor the size hint.
    fn has_promised_length(&self, collected: &Collected) -> bool {
        let is_hinted = |length| length >= self.hint.lower() && self.hint.upper().is_none_or(|upper| length <= upper);
        (self.expected.is_none() || self.has_length(collected))
            && u64::try_from(collected.content.len()).is_ok_and(is_hinted)
    }

    fn next_chunk(&mut self) -> Option<Bytes> {
        let chunk = match self.chunks.pop_front() {
            Some(chunk) => chunk,
            None => self.collected.as_ref()?.content.read(usize::try_from(self.sent).ok()?)?,
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
        let Some(collected) = state.collected.take() else { return };
        // Servers drop a body as soon as its length has been sent. A file would only then find out that it has ended.
        let is_complete = self.sink.ends_at_length()
            && state.expected.is_some()
            && state.has_promised_length(&collected)
            && !has_landed;
        self.sink.under_way().fetch_sub(collected.content.len(), Ordering::AcqRel);
        if is_complete {
            self.sink.store(collected.head, collected.content.finish());
        } else {
            self.sink.abandon();
        }
    }
}

impl<B: Body> fmt::Debug for Tee<B> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee").finish_non_exhaustive()
    }
}
