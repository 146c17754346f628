//! The request log: one line for each request, with the reason for its `Cache-Control` and for a 304.
//!
//! ```text
//! GET /me 200 60 bytes: the layer's policy; G-01 Set-Cookie: private
//! GET /articles/1 304 0 bytes: the layer's policy; If-None-Match, before the handler
//! ```

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tower_cache_policy::edge::CacheStatus;
use tower_cache_policy::layers::conditional::ConditionalReason;
use tower_cache_policy::policy::Decision;

/// The destination of the log lines.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&Line) + Send + Sync>);

/// The log line of a request, written after its response has been sent.
#[derive(Clone, Debug)]
pub struct Line {
    method: Method,
    path: String,
    status: StatusCode,
    bytes: u64,
    decision: Option<Decision>,
    reason: Option<ConditionalReason>,
    /// The report of the in-process cache.
    cache: Option<CacheStatus>,
}

impl Log {
    pub fn new(write: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, bytes, .. } = self;
        write!(f, "{method} {path} {} {bytes} bytes", self.status.as_u16())?;
        if let Some(decision) = &self.decision {
            write!(f, ": {decision}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, "; {reason}")?;
        }
        if let Some(cache) = &self.cache {
            write!(f, "; {cache}")?;
        }
        Ok(())
    }
}

/// Logs each request. As the outermost layer, it finds the decisions of all inner layers in the extensions of the
/// response.
pub async fn log_requests(State(log): State<Log>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let line = Line {
        method,
        path,
        status: response.status(),
        bytes: 0,
        decision: response.extensions().get().copied(),
        reason: response.extensions().get().copied(),
        cache: CacheStatus::from_headers(response.headers()),
    };
    response.map(|inner| Body::new(CountingBody { inner, line, log }))
}

/// A body that counts its bytes and writes the log line on drop.
///
/// A body is dropped at its end, when the client disconnects, or when the server does not send it.
struct CountingBody {
    inner: Body,
    line: Line,
    log: Log,
}

impl HttpBody for CountingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.line.bytes += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    // The hint of the inner body, unchanged: for an exact size of zero, the server would write `content-length: 0`,
    // which a 304 must not have.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for CountingBody {
    fn drop(&mut self) {
        (self.log.0)(&self.line);
    }
}
