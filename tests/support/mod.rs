//! Helpers for tests: bodies that report their use, and short functions for requests.
#![allow(dead_code, unreachable_pub)] // Each test uses its own part.
#![allow(clippy::unwrap_used)] // As in any test.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// The body of the services in tests.
pub type TestBody = Full<Bytes>;

/// A request with these fields, each as its own line in Latin-1.
pub fn request(method: Method, path: &str, lines: &[(&str, &str)]) -> Request<TestBody> {
    let mut request = Request::builder().method(method).uri(path).body(TestBody::default()).unwrap();
    for (name, value) in lines {
        request.headers_mut().append(field_name(name), latin1(value));
    }
    request
}

pub fn get(path: &str, lines: &[(&str, &str)]) -> Request<TestBody> {
    request(Method::GET, path, lines)
}

/// A 200 with this body and these fields.
pub fn response_with(body: &'static str, lines: &[(&str, &str)]) -> Response<TestBody> {
    let mut response = Response::new(Full::from(body));
    for (name, value) in lines {
        response.headers_mut().append(field_name(name), latin1(value));
    }
    response
}

pub fn field_name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).unwrap()
}

pub fn latin1(text: &str) -> HeaderValue {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    HeaderValue::from_bytes(&bytes).unwrap()
}

/// Returns all lines of a field as one string.
pub fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| line.as_bytes().iter().map(|&byte| char::from(byte)).collect::<String>())
        .collect();
    (!lines.is_empty()).then(|| lines.join(" | "))
}

pub async fn call<S, Q, B>(service: &S, request: Request<Q>) -> Response<B>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
{
    service.clone().oneshot(request).await.unwrap()
}

pub async fn content<B>(body: B) -> Bytes
where
    B: Body,
    B::Error: std::fmt::Debug,
{
    body.collect().await.unwrap().to_bytes()
}

/// Any stack of layers, with its body read to the end.
pub type TestService = BoxCloneSyncService<Request<TestBody>, Response<Bytes>, Infallible>;

/// Reads the body to its end, so that responses of all stacks have one type.
pub fn collected<S, B>(service: S) -> TestService
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    let service = service.then(|result: Result<Response<B>, Infallible>| async move {
        let (head, body) = result.unwrap().into_parts();
        Ok::<_, Infallible>(Response::from_parts(head, content(body).await))
    });
    BoxCloneSyncService::new(service)
}

/// A body that panics when it is polled.
#[derive(Debug, Default)]
pub struct NeverPolled;

impl Body for NeverPolled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("this body must not be polled");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(11)
    }
}

/// A body with these frames. One of them may be an error.
#[derive(Debug)]
pub struct Frames {
    pub frames: std::collections::VecDeque<Result<Frame<Bytes>, BodyError>>,
    pub hint: SizeHint,
    pub polls: Arc<AtomicUsize>,
    /// Returns `Pending` once before each frame.
    pub slow: bool,
    pending: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct BodyError;

impl Frames {
    pub fn new(frames: impl IntoIterator<Item = Result<Frame<Bytes>, BodyError>>) -> Self {
        Self {
            frames: frames.into_iter().collect(),
            hint: SizeHint::default(),
            polls: Arc::default(),
            slow: false,
            pending: false,
        }
    }

    pub fn of(pieces: &[&'static str]) -> Self {
        Self::new(pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
    }

    /// Sets the size hint to the length of the data frames.
    pub fn sized(mut self) -> Self {
        let length =
            self.frames.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref().map(|data| data.len() as u64)).sum();
        self.hint = SizeHint::with_exact(length);
        self
    }

    pub fn hinted(mut self, length: u64) -> Self {
        self.hint = SizeHint::with_exact(length);
        self
    }

    pub fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    pub fn trailers(name: &'static str, value: &'static str) -> Result<Frame<Bytes>, BodyError> {
        let mut trailers = HeaderMap::new();
        trailers.insert(name, HeaderValue::from_static(value));
        Ok(Frame::trailers(trailers))
    }

    pub fn data(piece: &'static str) -> Result<Frame<Bytes>, BodyError> {
        Ok(Frame::data(Bytes::from_static(piece.as_bytes())))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.slow && !self.pending {
            self.pending = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.pending = false;
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.hint.exact().is_some()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// All frames of a body.
pub async fn frames<B>(body: B) -> Vec<Result<Frame<Bytes>, B::Error>>
where
    B: Body<Data = Bytes>,
{
    let mut body = std::pin::pin!(body);
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        let failed = frame.is_err();
        frames.push(frame);
        if failed {
            break;
        }
    }
    frames
}
