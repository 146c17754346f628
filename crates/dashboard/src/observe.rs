//! [`ObserveLayer`]: records each response that passes through it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Buf;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_cache_policy::audit::CacheAudit;
use tower_cache_policy::edge::{CacheOutcome, CacheStatus, Edges};
use tower_cache_policy::protocol::{CacheControl, HttpDate};
use tower_layer::Layer;
use tower_service::Service;

use crate::dashboard::Config;
use crate::history::History;
use crate::lengths::ContentKey;
use crate::record::{Record, RecordedWarning, RouteName, Saved, bounded};
use crate::serve::DashboardResponse;
use crate::timeline::Timeline;

/// A layer that records each response for the [`Dashboard`](crate::Dashboard) that created the layer.
///
/// It does not change any fields, and forwards the content as it arrives.
#[derive(Clone, Debug)]
pub struct ObserveLayer {
    config: Arc<Config>,
    history: Arc<History>,
    enabled: bool,
}

impl ObserveLayer {
    pub(crate) const fn new(config: Arc<Config>, history: Arc<History>) -> Self {
        Self { config, history, enabled: true }
    }

    /// If `false`, the layer records nothing.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = ObserveService<S>;

    fn layer(&self, inner: S) -> ObserveService<S> {
        ObserveService::new(inner, Arc::clone(&self.config), Arc::clone(&self.history), self.enabled)
    }
}

/// The service that an [`ObserveLayer`] creates.
#[derive(Clone, Debug)]
pub struct ObserveService<S> {
    inner: S,
    config: Arc<Config>,
    history: Arc<History>,
    enabled: bool,
}

impl<S> ObserveService<S> {
    const fn new(inner: S, config: Arc<Config>, history: Arc<History>, enabled: bool) -> Self {
        Self { inner, config, history, enabled }
    }

    fn exchange<B>(&self, request: &Request<B>) -> Exchange {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.headers = request.headers().clone();
        parts.extensions = request.extensions().clone();
        Exchange {
            config: Arc::clone(&self.config),
            history: Arc::clone(&self.history),
            request: parts,
            began: Instant::now(),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ObserveService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Response = Response<ObservedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = self.enabled.then(|| self.exchange(&request));
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}

pin_project! {
    /// The future of an [`ObserveService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    const fn new(inner: F, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ObservedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let counter = this.exchange.take().and_then(|exchange| exchange.record_response(&response));
        Poll::Ready(Ok(response.map(|body| ObservedBody::new(body, counter))))
    }
}

pin_project! {
    /// The body of a response that passed through an [`ObserveService`], with the same frames and the same hints.
    #[derive(Debug)]
    pub struct ObservedBody<B> {
        #[pin]
        inner: B,
        counter: Option<ByteCounter>,
    }
}

/// Counts the bytes of content without a known length, such as a page that is compressed while it is sent.
#[derive(Debug)]
struct ByteCounter {
    history: Arc<History>,
    content: ContentKey,
    bytes: u64,
}

impl<B> ObservedBody<B> {
    const fn new(inner: B, counter: Option<ByteCounter>) -> Self {
        Self { inner, counter }
    }
}

/// The body does not have content, and does not record anything.
impl<B: Default> Default for ObservedBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: Body> Body for ObservedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(counter), Some(data)) = (this.counter.as_mut(), frame.data_ref()) {
                    counter.bytes = counter.bytes.saturating_add(data.remaining() as u64);
                }
            }
            // If content ends with an error, its length is unknown.
            Some(Err(_)) => *this.counter = None,
            None => {}
        }
        // A server need not poll again after the last frame.
        if (frame.is_none() || this.inner.is_end_stream())
            && let Some(counter) = this.counter.take()
        {
            counter.history.remember(counter.content, counter.bytes);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A request, while the inner service handles it.
#[derive(Debug)]
struct Exchange {
    config: Arc<Config>,
    history: Arc<History>,
    request: Parts,
    began: Instant,
}

impl Exchange {
    /// Records the response. Returns a counter if the length of the content is not known yet.
    fn record_response<B: Body>(self, response: &Response<B>) -> Option<ByteCounter> {
        // Requests to the dashboard are not recorded.
        if response.extensions().get::<DashboardResponse>().is_some() {
            return None;
        }
        let content =
            (self.request.method == Method::GET).then(|| ContentKey::of(&self.request, response.headers())).flatten();
        self.history.add(self.record_of(response, content));

        let content = content.filter(|_| response.status() == StatusCode::OK)?;
        match length_of(response) {
            Some(length) => {
                self.history.remember(content, length);
                None
            }
            None => Some(ByteCounter { history: self.history, content, bytes: 0 }),
        }
    }

    fn record_of<B>(&self, response: &Response<B>, content: Option<ContentKey>) -> Record {
        let Self { config, request, .. } = self;
        let now = config.clock.now();
        let audit = self.audit(response, now);
        let saved = match content.map(|content| self.history.length_of(content)) {
            _ if request.method != Method::GET || response.status() != StatusCode::NOT_MODIFIED => Saved::Nothing,
            Some(Some(bytes)) => Saved::Bytes(bytes),
            Some(None) | None => Saved::Unknown,
        };
        Record {
            at: now,
            method: bounded(request.method.as_str().as_bytes()),
            path: bounded(request.uri.path().as_bytes()),
            route: match config.route_of(request) {
                RouteName::Pattern(pattern) => RouteName::Pattern(bounded(pattern.as_bytes())),
                other => other,
            },
            status: response.status(),
            cache_control: cache_control_of(response.headers()),
            no_store: CacheControl::from_headers(response.headers()).is_some_and(|control| control.no_store()),
            decision: response.extensions().get().copied(),
            reason: response.extensions().get().copied(),
            saved,
            cache: outcome_of(response.headers()),
            took: self.began.elapsed(),
            // The most severe warning is the first.
            warning: audit.warnings().first().map(|warning| {
                let text = warning.to_string();
                let level = warning.level();
                let text = text.strip_prefix(&format!("{level}: ")).unwrap_or(&text);
                RecordedWarning { level, text: bounded(text.as_bytes()) }
            }),
            timeline: Timeline::of(&audit),
        }
    }

    fn audit<B>(&self, response: &Response<B>, now: HttpDate) -> CacheAudit {
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.status = response.status();
        parts.headers = response.headers().clone();
        parts.extensions = response.extensions().clone();
        let edges = self.config.edges.as_ref().into_iter().flat_map(Edges::profiles);
        CacheAudit::of(&self.request, &parts, now).with_edges(edges)
    }
}

/// Returns the report of the nearest cache in `Cache-Status`, which is the in-process cache if there is one.
fn outcome_of(response: &HeaderMap) -> Option<CacheOutcome> {
    let mut reports = CacheStatus::all_in(response);
    reports.find(|status| status.field() == "cache-status").map(|status| status.outcome())
}

/// Returns the length of the content, if it is known in advance.
fn length_of<B: Body>(response: &Response<B>) -> Option<u64> {
    let field = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    field.or_else(|| response.body().size_hint().exact())
}

fn cache_control_of(response: &HeaderMap) -> Option<String> {
    let lines: Vec<&[u8]> = response.get_all(CACHE_CONTROL).iter().map(|value| value.as_bytes()).collect();
    (!lines.is_empty()).then(|| bounded(&lines.join(&b", "[..])))
}
