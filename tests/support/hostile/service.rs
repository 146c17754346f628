//! A service with any response, which runs without a runtime.

use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_layer::Layer;
use tower_service::Service;

use super::case::Change;
use super::readers::is_grpc_content;

/// The error of a body that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// The body of any layer.
pub type AnyBody = Pin<Box<dyn Body<Data = Bytes, Error = Broken>>>;

/// A service in any layers.
#[derive(Clone)]
pub struct AnyService(Rc<dyn Fn(Request<()>) -> Response<AnyBody>>);

/// One poll of a [`FramesBody`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Data(Bytes),
    Pending,
    Trailers(HeaderMap),
    Break,
}

/// The length that a body declares.
#[derive(Clone, Copy, Debug)]
pub enum Hint {
    Exact,
    Nothing,
    AtLeast,
}

/// A body that takes these steps.
#[derive(Clone, Debug)]
pub struct FramesBody {
    pub steps: VecDeque<Step>,
    pub hint: Hint,
}

/// All frames that were read from a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub trailers: Option<HeaderMap>,
    pub broken: bool,
}

impl AnyService {
    pub fn new(handler: impl Fn(Request<()>) -> Response<AnyBody> + 'static) -> Self {
        Self(Rc::new(handler))
    }

    /// Wraps this service in a layer.
    pub fn wrapped_in<L, B>(self, layer: L) -> Self
    where
        L: Layer<Self>,
        L::Service: Service<Request<()>, Response = Response<B>, Error = Broken> + Clone + 'static,
        B: Body<Data = Bytes, Error = Broken> + 'static,
    {
        Self::of(layer.layer(self))
    }

    fn of<S, B>(service: S) -> Self
    where
        S: Service<Request<()>, Response = Response<B>, Error = Broken> + Clone + 'static,
        B: Body<Data = Bytes, Error = Broken> + 'static,
    {
        Self::new(move |request| {
            let mut service = service.clone();
            let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(ready, Poll::Ready(Ok(()))), "the inner service is always ready");
            let response = run(service.call(request)).expect("the inner service does not fail");
            response.map(|body| Box::pin(body) as AnyBody)
        })
    }

    /// This service in a layer that encodes responses as tower-http's `CompressionLayer` does, with a coding that
    /// replaces each byte. It encodes complete representations without a content coding, for clients that accept gzip.
    /// It sets `Vary`, removes `Content-Length`, and does not change entity tags.
    pub fn compressed(self) -> Self {
        Self::new(move |request| {
            let accepted =
                request.headers().get_all("accept-encoding").iter().any(|line| accepts_gzip(line.as_bytes()));
            let mut response = self.respond(request);
            let headers = response.headers_mut();
            let coded = headers.contains_key("content-encoding") || headers.contains_key("content-range");
            // `CompressionLayer` gives content to an empty response. `compression.rs` tests that.
            if is_grpc_content(headers)
                || coded
                || response.status().is_informational()
                || response.body().is_end_stream()
            {
                return response;
            }
            let headers = response.headers_mut();
            headers.append("vary", HeaderValue::from_static("accept-encoding"));
            if !accepted {
                return response;
            }
            headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            headers.remove("content-length");
            response.map(|body| Box::pin(Encoded(body)) as AnyBody)
        })
    }

    /// Wraps this service in a custom layer of the application.
    pub fn changed(self, change: Change) -> Self {
        Self::new(move |mut request| {
            change.apply_to_request(request.headers_mut());
            let mut response = self.respond(request);
            change.apply_to_response(response.headers_mut());
            response
        })
    }

    pub fn respond(&self, request: Request<()>) -> Response<AnyBody> {
        (self.0)(request)
    }
}

/// [`AnyService::compressed`] as a layer.
#[derive(Clone, Copy, Debug)]
pub struct TestCompression;

impl<S, B> Layer<S> for TestCompression
where
    S: Service<Request<()>, Response = Response<B>, Error = Broken> + Clone + 'static,
    B: Body<Data = Bytes, Error = Broken> + 'static,
{
    type Service = AnyService;

    fn layer(&self, service: S) -> AnyService {
        AnyService::of(service).compressed()
    }
}

impl Service<Request<()>> for AnyService {
    type Response = Response<AnyBody>;
    type Error = Broken;
    type Future = Ready<Result<Response<AnyBody>, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(self.respond(request)))
    }
}

fn accepts_gzip(line: &[u8]) -> bool {
    line.split(|byte| *byte == b',').any(|member| matches!(member.trim_ascii(), b"gzip" | b"*"))
}

/// A body with each byte replaced.
struct Encoded(AnyBody);

/// Encodes or decodes bytes.
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0x5a).collect()
}

impl Body for Encoded {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = self.0.as_mut().poll_frame(cx);
        frame.map_ok(|frame| frame.map_data(|data| Bytes::from(encode(&data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

impl FramesBody {
    pub fn empty() -> Self {
        Self { steps: VecDeque::new(), hint: Hint::Exact }
    }

    pub fn content(&self) -> Content {
        let mut content = Content::default();
        for step in &self.steps {
            match step {
                Step::Data(data) => content.bytes.extend_from_slice(data),
                Step::Trailers(trailers) => content.trailers = Some(trailers.clone()),
                Step::Break => content.broken = true,
                Step::Pending => {}
            }
        }
        content
    }
}

impl Body for FramesBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(match self.steps.pop_front() {
            None => None,
            Some(Step::Pending) => return Poll::Pending,
            Some(Step::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Break) => {
                self.steps.clear();
                Some(Err(Broken))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let content = self.content();
        let mut hint = SizeHint::new();
        let length = content.bytes.len() as u64;
        match self.hint {
            Hint::Nothing => {}
            Hint::AtLeast => hint.set_lower(if content.broken { 0 } else { length / 2 }),
            Hint::Exact => hint.set_exact(length),
        }
        hint
    }
}

/// Runs a future that needs only to be polled again.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("the future does not complete")
}

/// Reads a body to its end, and checks its `is_end_stream` and `size_hint`.
pub fn read(mut body: AnyBody) -> Content {
    let mut content = Content::default();
    let hint = body.size_hint();
    for _ in 0..10_000 {
        let ended = body.is_end_stream();
        match body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => assert!(!ended, "a body is pending after its end"),
            Poll::Ready(None) => {
                let length = content.bytes.len() as u64;
                if !content.broken {
                    assert!(hint.lower() <= length && hint.upper().is_none_or(|upper| length <= upper), "{hint:?}");
                }
                return content;
            }
            Poll::Ready(Some(frame)) => {
                assert!(!ended, "a body has a frame after its end: {frame:?}");
                assert!(!content.broken, "a body continues after an error");
                match frame.map(Frame::into_data) {
                    Ok(Ok(data)) => content.bytes.extend_from_slice(&data),
                    Ok(Err(frame)) => content.trailers = Some(frame.into_trailers().unwrap()),
                    Err(Broken) => content.broken = true,
                }
            }
        }
    }
    panic!("the body does not end")
}
