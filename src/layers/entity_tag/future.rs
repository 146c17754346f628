//! [`ResponseFuture`]: which answers get a tag, and reading them for it.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, SizeHint};
use pin_project_lite::pin_project;

use super::body::{EntityTagBody, ReadAhead};
use super::config::Config;
use super::metadata::Metadata;
use crate::policy::{CachePolicy, Personalized};
use crate::protocol::{EntityTag, forbids_storing, is_grpc_type, is_live_stream_type, only_line};

pin_project! {
    /// The future of an [`EntityTagService`](super::EntityTagService).
    pub struct ResponseFuture<F, B>
    where
        B: Body,
    {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B>
    where
        B: Body,
    {
        // The service inside has not answered.
        Waiting { #[pin] inner: F, config: Option<Arc<Config>> },
        // Its body is being read. Not pinned here: it moves into the answer later, with
        // what it has left.
        Reading { reading: Option<Reading<B>> },
    }
}

/// An answer whose head waits for its tag.
struct Reading<B: Body> {
    head: Parts,
    body: B,
    read: ReadAhead<B::Error>,
    plan: Plan,
    config: Arc<Config>,
}

/// How a response gets its tag.
struct Plan {
    /// The fewest and the most bytes that the body stated before it was read.
    least: u64,
    most: Option<NonZeroU64>,
    metadata: Metadata,
    has_content_length: bool,
}

/// How far reading came.
#[derive(Clone, Copy)]
enum Progress {
    /// The whole content was read.
    Whole,
    /// There is more than the limit.
    TooLong,
    /// The body failed.
    Failed,
}

impl<F, B: Body> ResponseFuture<F, B> {
    pub(super) const fn new(inner: F, config: Option<Arc<Config>>) -> Self {
        Self { state: State::Waiting { inner, config } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<EntityTagBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Waiting { inner, config } => {
                    let response = ready!(inner.poll(cx))?;
                    let Some((config, plan)) =
                        config.take().and_then(|config| config.plan(&response).map(|plan| (config, plan)))
                    else {
                        return Poll::Ready(Ok(response.map(EntityTagBody::untouched)));
                    };
                    let (head, body) = response.into_parts();
                    let reading = Some(Reading { head, body, read: ReadAhead::new(), plan, config });
                    state.set(State::Reading { reading });
                }
                StateProjection::Reading { reading } => {
                    let progress =
                        ready!(reading.as_mut().expect("a future is not polled after it was ready").poll_body(cx));
                    let reading = reading.take().expect("it was polled in the line above");
                    return Poll::Ready(Ok(reading.respond(progress)));
                }
            }
        }
    }
}

impl<F, B: Body> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Waiting { .. } => "waiting",
            State::Reading { .. } => "reading",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}

impl Config {
    /// How the response to a GET gets a tag, or `None` when it gets none, decided before its body is
    /// touched.
    fn plan<B: Body>(&self, response: &Response<B>) -> Option<Plan> {
        // 203 is another's content, 206 a part of it (V-20), and what is not a success
        // is no representation (V-18).
        if response.status() != StatusCode::OK || response.body().is_end_stream() {
            return None;
        }
        let headers = response.headers();
        let (mut typed, mut said, mut has_content_length) = (false, false, false);
        let mut metadata = Metadata::default();
        // One walk: looking up each of the fields by its name would cost more than the tag.
        for (name, value) in headers {
            match name.as_str() {
                "etag" | "set-cookie" => return None,
                // The first line counts, as for every layer.
                "content-type" if !typed && (is_grpc_type(value) || is_live_stream_type(value)) => return None,
                "content-type" => typed = true,
                "content-length" => has_content_length = true,
                "cache-control" => said = true,
                _ => {}
            }
            metadata.add(name.as_str());
        }
        let extensions = response.extensions();
        // Nobody will come back with the tag of what nobody keeps.
        if (said && forbids_storing(headers))
            || extensions.get::<CachePolicy>().is_some_and(CachePolicy::is_no_store)
            || (!self.digest.is_keyed() && extensions.get::<Personalized>().is_some())
        {
            return None;
        }
        let hint = response.body().size_hint();
        let plan = Plan {
            least: hint.lower(),
            most: match hint.upper() {
                Some(upper) => Some(NonZeroU64::new(upper)?),
                None => None,
            },
            metadata,
            has_content_length,
        };
        (plan.least <= self.limit(&plan)?).then_some(plan)
    }

    /// A body with more bytes than this is streamed on without a tag.
    fn limit(&self, plan: &Plan) -> Option<u64> {
        match plan.most {
            Some(most) if most.get() == plan.least => Some(plan.least.min(self.max_body)),
            _ => Some(self.max_unknown_length?.min(self.max_body)),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Reading<B> {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(Progress::Whole),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    self.read.push_error(error);
                    return Poll::Ready(Progress::Failed);
                }
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => self.read.push(data),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        self.read.push_trailers(trailers);
                    }
                    return Poll::Ready(Progress::Whole);
                }
            }
            if self.config.limit(&self.plan).is_none_or(|limit| self.read.bytes() > limit) {
                return Poll::Ready(Progress::TooLong);
            }
            // Asked here, because a body that has ended need not be polled once more.
            if self.body.is_end_stream() {
                return Poll::Ready(Progress::Whole);
            }
        }
    }

    fn respond(mut self, progress: Progress) -> Response<EntityTagBody<B>> {
        let rest = match progress {
            Progress::Whole if self.has_the_stated_length() => {
                let tag = self.config.tag(&self.head.headers, self.plan.metadata, &self.read);
                if let Some(tag) = tag {
                    // A map that has no room for it gets none.
                    _ = self.head.headers.try_insert(ETAG, tag.into());
                }
                None
            }
            Progress::Whole => {
                self.read.state_length(self.plan.hint());
                None
            }
            Progress::TooLong => Some(self.body),
            // The error was read, and there is nothing after it.
            Progress::Failed => None,
        };
        Response::from_parts(self.head, EntityTagBody::resumed(self.read, rest))
    }

    /// Whether as many bytes came as the body and `Content-Length` say. Other content broke off without an
    /// error, or is not what the handler meant to send.
    fn has_the_stated_length(&self) -> bool {
        let bytes = self.read.bytes();
        let as_hinted = self.plan.least <= bytes && self.plan.most.is_none_or(|most| bytes <= most.get());
        as_hinted
            && (!self.plan.has_content_length
                || only_line(&self.head.headers, &CONTENT_LENGTH).and_then(content_length) == Some(bytes))
    }
}

impl Plan {
    fn hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.least);
        if let Some(most) = self.most {
            hint.set_upper(most.get());
        }
        hint
    }
}

fn content_length(line: &HeaderValue) -> Option<u64> {
    let text = line.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Config {
    /// The tag of the complete content, or `None` when there is no content.
    fn tag<E>(&self, headers: &HeaderMap, metadata: Metadata, read: &ReadAhead<E>) -> Option<EntityTag> {
        if let Some(content) = read.single_frame() {
            let hash = || self.digest.of(metadata.lines(headers), content);
            return Some(match (&self.memory, metadata.as_content_type(headers)) {
                (Some(memory), Ok(content_type)) => memory.tag_of(content, content_type, hash),
                _ => hash(),
            });
        }
        let mut frames = read.frames().peekable();
        frames.peek()?;
        let mut hasher = self.digest.hasher(metadata.lines(headers));
        frames.for_each(|frame| hasher.update(frame));
        Some(hasher.finish())
    }
}
