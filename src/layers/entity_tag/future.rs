//! [`ResponseFuture`]: selects responses that get a tag, and reads and hashes their content.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, SET_COOKIE};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::body::{EntityTagBody, ReadAhead};
use super::config::Config;
use super::metadata::Metadata;
use crate::layers::cache_policy::PolicyStep;
use crate::layers::shared::Shared;
use crate::policy::{HandlerPolicy, Personalized};
use crate::protocol::{EntityTag, Prescan, forbids_storing, is_grpc_type, is_live_stream_type, only_line};

pin_project! {
    /// The response future of an [`EntityTagService`](super::EntityTagService).
    pub struct ResponseFuture<F, B, P>
    where
        B: Body,
        P: PolicyStep,
    {
        #[pin]
        state: State<F, B, P>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B, P>
    where
        B: Body,
        P: PolicyStep,
    {
        // Waits for the inner service.
        Waiting { #[pin] inner: F, config: Option<Shared<Config>>, policy: P::Exchange },
        // Reads the body. Boxed, because most bodies are ready immediately, and this state would make each future
        // larger.
        Reading { reading: Option<Box<Reading<B>>> },
    }
}

/// A response whose head waits for its tag.
struct Reading<B: Body> {
    head: Parts,
    body: B,
    read: ReadAhead<B::Error>,
    empty_frames: u32,
    plan: Plan,
    config: Shared<Config>,
}

/// The maximum number of empty frames that are read. Without it, a body of such frames would never reach a limit.
const MAX_EMPTY_FRAMES: u32 = 100;

/// How a response gets its tag.
struct Plan {
    /// The bounds of the size hint before the body was read, in bytes.
    lower: u64,
    upper: Option<NonZeroU64>,
    metadata: Metadata,
    has_content_length: bool,
}

/// The result of reading a body.
#[derive(Clone, Copy)]
enum Progress {
    /// All content was read.
    Complete,
    /// The content is longer than the limit.
    TooLong,
    /// The body failed.
    Failed,
}

impl<F, B: Body, P: PolicyStep> ResponseFuture<F, B, P> {
    pub(super) const fn new(inner: F, config: Option<Shared<Config>>, policy: P::Exchange) -> Self {
        Self { state: State::Waiting { inner, config, policy } }
    }
}

impl<F, B, P, E> Future for ResponseFuture<F, B, P>
where
    P: PolicyStep,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<EntityTagBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Waiting { inner, config, policy } => {
                    let mut polled = inner.poll(cx);
                    if let Poll::Ready(Ok(response)) = &mut polled {
                        P::decide(policy, response);
                    }
                    let (mut head, mut body) = ready!(polled)?.into_parts();
                    let Some((config, plan, content_type)) = config
                        .take()
                        .and_then(|config| config.plan(&head, &body).map(|(plan, line)| (config, plan, line)))
                    else {
                        return Poll::Ready(Ok(Response::from_parts(head, EntityTagBody::untouched(body))));
                    };
                    let frame = Pin::new(&mut body).poll_frame(cx);
                    // Most bodies are one frame that is ready immediately.
                    let frame = match plan.only_frame(&config, frame, &head.headers, &body) {
                        Ok(content) => {
                            let tag = config.tag_of_frame(&head.headers, plan.metadata, content_type, &content);
                            // A full header map does not get a tag.
                            _ = head.headers.try_insert(ETAG, tag.into());
                            return Poll::Ready(Ok(Response::from_parts(head, EntityTagBody::frame(content))));
                        }
                        Err(frame) => frame,
                    };
                    let mut reading =
                        Box::new(Reading { head, body, read: ReadAhead::new(), empty_frames: 0, plan, config });
                    let is_pending = frame.is_pending();
                    if let Poll::Ready(frame) = frame
                        && let Some(progress) = reading.take(frame)
                    {
                        return Poll::Ready(Ok(reading.respond(progress)));
                    }
                    state.set(State::Reading { reading: Some(reading) });
                    if is_pending {
                        return Poll::Pending;
                    }
                }
                StateProjection::Reading { reading } => {
                    let progress =
                        ready!(reading.as_mut().expect("a future must not be polled after it is ready").poll_body(cx));
                    let reading = reading.take().expect("the line above polled it");
                    return Poll::Ready(Ok(reading.respond(progress)));
                }
            }
        }
    }
}

impl<F, B: Body, P: PolicyStep> fmt::Debug for ResponseFuture<F, B, P> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Waiting { .. } => "waiting",
            State::Reading { .. } => "reading",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}

impl Config {
    /// Decides how the response to a GET gets a tag, before its body is read. Returns the first `Content-Type` too, or
    /// `None` if the response gets no tag.
    fn plan<'a, B: Body>(&self, head: &'a Parts, body: &B) -> Option<(Plan, Option<&'a HeaderValue>)> {
        // The content of a 203 was changed by an intermediary. V-20: a 206 has only a part of the content. V-18: other
        // statuses do not send the selected representation.
        if head.status != StatusCode::OK || body.is_end_stream() {
            return None;
        }
        let (mut content_type, mut has_content_length, mut cache_control) = (None, false, Prescan::default());
        let mut metadata = Metadata::default();
        // A single pass, because a lookup of each field by name would cost more than the hash.
        for (name, value) in &head.headers {
            match *name {
                ETAG | SET_COOKIE => return None,
                // Every layer reads only the first line of this field.
                CONTENT_TYPE if content_type.is_none() => {
                    if is_grpc_type(value) || is_live_stream_type(value) {
                        return None;
                    }
                    content_type = Some(value);
                    metadata.add(name);
                }
                CONTENT_TYPE => metadata.add_second_type(),
                CONTENT_LENGTH => has_content_length = true,
                CACHE_CONTROL => cache_control.add(value),
                _ => metadata.add(name),
            }
        }
        let extensions = &head.extensions;
        // No client revalidates a response that it must not store.
        if (cache_control.may_forbid_storing() && forbids_storing(&head.headers))
            || HandlerPolicy::is_no_store(head.status, extensions)
            || (!self.digest.is_keyed() && extensions.get::<Personalized>().is_some())
        {
            return None;
        }
        let hint = body.size_hint();
        let plan = Plan {
            lower: hint.lower(),
            upper: match hint.upper() {
                Some(upper) => Some(NonZeroU64::new(upper)?),
                None => None,
            },
            metadata,
            has_content_length,
        };
        (plan.lower <= self.limit(&plan)?).then_some((plan, content_type))
    }

    /// Returns the limit in bytes. A longer body is streamed without a tag.
    fn limit(&self, plan: &Plan) -> Option<u64> {
        match plan.upper {
            Some(upper) if upper.get() == plan.lower => Some(plan.lower.min(self.max_body)),
            _ => Some(self.max_unknown_length?.min(self.max_body)),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Reading<B> {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            if let Some(progress) = self.take(frame) {
                return Poll::Ready(progress);
            }
        }
    }

    /// Takes the next frame of the body. Returns `None` if more must be read.
    fn take(&mut self, frame: Option<Result<Frame<Bytes>, B::Error>>) -> Option<Progress> {
        let frame = match frame {
            None => return Some(Progress::Complete),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                self.read.push_error(error);
                return Some(Progress::Failed);
            }
        };
        match frame.into_data() {
            Ok(data) if data.is_empty() => {
                self.empty_frames += 1;
                if self.empty_frames > MAX_EMPTY_FRAMES {
                    return Some(Progress::TooLong);
                }
            }
            Ok(data) => self.read.push(data),
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    self.read.push_trailers(trailers);
                }
                return Some(Progress::Complete);
            }
        }
        if self.config.limit(&self.plan).is_none_or(|limit| self.read.bytes() > limit) {
            return Some(Progress::TooLong);
        }
        // Saves another poll of a body that has ended.
        self.body.is_end_stream().then_some(Progress::Complete)
    }

    fn respond(mut self, progress: Progress) -> Response<EntityTagBody<B>> {
        let rest = match progress {
            Progress::Complete if self.plan.expects(self.read.bytes(), &self.head.headers) => {
                let tag = self.config.tag(&self.head.headers, self.plan.metadata, &self.read);
                if let Some(tag) = tag {
                    // A full header map does not get a tag.
                    _ = self.head.headers.try_insert(ETAG, tag.into());
                }
                None
            }
            Progress::Complete => {
                self.read.state_length(self.plan.hint());
                None
            }
            Progress::TooLong => Some(self.body),
            // No frame follows an error.
            Progress::Failed => None,
        };
        Response::from_parts(self.head, EntityTagBody::resumed(self.read, rest))
    }
}

/// The result of polling a body.
type Polled<E> = Poll<Option<Result<Frame<Bytes>, E>>>;

impl Plan {
    /// Returns the content of the response if the frame is all of it. Otherwise returns the frame.
    fn only_frame<B: Body<Data = Bytes>>(
        &self,
        config: &Config,
        frame: Polled<B::Error>,
        headers: &HeaderMap,
        body: &B,
    ) -> Result<Bytes, Polled<B::Error>> {
        let data = match frame {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => data,
                Err(frame) => return Err(Poll::Ready(Some(Ok(frame)))),
            },
            frame => return Err(frame),
        };
        let length = data.len() as u64;
        let is_complete = length > 0
            && config.limit(self).is_some_and(|limit| length <= limit)
            && body.is_end_stream()
            && self.expects(length, headers);
        if is_complete { Ok(data) } else { Err(Poll::Ready(Some(Ok(Frame::data(data))))) }
    }

    /// Returns whether the number of bytes matches the size hint and `Content-Length`. Otherwise the content was
    /// truncated without an error, or it is not the content that the handler described.
    fn expects(&self, bytes: u64, headers: &HeaderMap) -> bool {
        let matches_hint = self.lower <= bytes && self.upper.is_none_or(|upper| bytes <= upper.get());
        matches_hint
            && (!self.has_content_length || only_line(headers, &CONTENT_LENGTH).and_then(content_length) == Some(bytes))
    }

    fn hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.lower);
        if let Some(upper) = self.upper {
            hint.set_upper(upper.get());
        }
        hint
    }
}

fn content_length(line: &HeaderValue) -> Option<u64> {
    let text = line.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Config {
    /// Returns the tag of the complete content, or `None` if there is no content.
    fn tag<E>(&self, headers: &HeaderMap, metadata: Metadata, read: &ReadAhead<E>) -> Option<EntityTag> {
        if let Some(content) = read.single_frame() {
            return Some(self.tag_of_frame(headers, metadata, headers.get(CONTENT_TYPE), content));
        }
        let mut frames = read.frames().peekable();
        frames.peek()?;
        let mut hasher = self.digest.hasher(metadata.lines(headers));
        frames.for_each(|frame| hasher.update(frame));
        Some(hasher.finish())
    }

    /// Returns the tag of content in a single frame.
    fn tag_of_frame(
        &self,
        headers: &HeaderMap,
        metadata: Metadata,
        content_type: Option<&HeaderValue>,
        content: &Bytes,
    ) -> EntityTag {
        if !metadata.is_at_most_one_type() {
            return self.digest.of(metadata.lines(headers), content);
        }
        let line = content_type.map(|line| (Metadata::CONTENT_TYPE, line));
        let hash = || self.digest.of(line.into_iter(), content);
        match &self.memo {
            Some(memo) => memo.tag_of(content, content_type, hash),
            None => hash(),
        }
    }
}
