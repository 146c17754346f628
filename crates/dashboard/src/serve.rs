//! [`DashboardService`]: serves the page at `/`, and its events at `/events`. Purges the cache.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

use crate::dashboard::Config;
use crate::history::{History, Listener};
use crate::page;
use crate::stored;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The fields of each response. They prevent storing, framing, sniffing, and reading by other sites.
const FIELDS: [(HeaderName, &str); 6] = [
    (OPENER_POLICY, "same-origin"),
    (CACHE_CONTROL, "private, no-store"),
    (CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (RESOURCE_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Marks responses of the dashboard in their extensions, so that the layer does not record them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DashboardResponse;

/// The service that [`Dashboard::service`](crate::Dashboard::service) returns. It serves the page at `/`, and
/// its events at `/events`.
#[derive(Clone, Debug)]
pub struct DashboardService {
    config: Arc<Config>,
    history: Arc<History>,
}

impl DashboardService {
    pub(crate) const fn new(config: Arc<Config>, history: Arc<History>) -> Self {
        Self { config, history }
    }

    fn respond(&self, request: &Parts) -> Response<DashboardBody> {
        // This is the first check, so that an unauthorized client does not get any information about the page.
        if let Err(refusal) = self.config.access.check(request) {
            return text(StatusCode::FORBIDDEN, &refusal.to_string());
        }
        if request.method == Method::POST && request.uri.path() == "/purge" {
            return self.purge(request);
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            return method_not_allowed();
        }
        match request.uri.path() {
            "" | "/" => document(&self.config, &self.history),
            "/events" => events(&self.history, request),
            _ => text(StatusCode::NOT_FOUND, "The paths are `/` and `/events`."),
        }
    }

    fn purge(&self, request: &Parts) -> Response<DashboardBody> {
        let cache = self.config.cache.as_ref().filter(|_| self.config.allows_purges);
        match (cache, self.config.access.check_change(request)) {
            (None, _) => text(
                StatusCode::FORBIDDEN,
                "Purges are not enabled. Call `Dashboard::shared_cache` and `Dashboard::allow_purges`.",
            ),
            (Some(_), Err(refusal)) => text(StatusCode::FORBIDDEN, &refusal.to_string()),
            (Some(cache), Ok(())) if stored::purge(cache, request) => text(StatusCode::OK, "Purged."),
            (Some(_), Ok(())) => text(
                StatusCode::BAD_REQUEST,
                "Send the field `X-Cache-Purge` with `*`, `tag` and a tag, or `url` and a URL without its scheme.",
            ),
        }
    }
}

impl<B> Service<Request<B>> for DashboardService {
    type Response = Response<DashboardBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<DashboardBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, _) = request.into_parts();
        let response = self.respond(&request);
        // The fields still contain the length of the content.
        let head = request.method == Method::HEAD;
        ready(Ok(if head { response.map(|_| DashboardBody::nothing()) } else { response }))
    }
}

fn text(status: StatusCode, text: &str) -> Response<DashboardBody> {
    complete(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

fn method_not_allowed() -> Response<DashboardBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn document(config: &Config, history: &History) -> Response<DashboardBody> {
    complete(StatusCode::OK, "text/html; charset=utf-8", page::document(config, &history.since(0)))
}

fn events(history: &Arc<History>, request: &Parts) -> Response<DashboardBody> {
    if request.method == Method::HEAD {
        return response(StatusCode::OK, "text/event-stream", DashboardBody::nothing());
    }
    let Some(listener) = history.listen() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Too many event streams are open. Close one of the pages.");
    };
    let body = DashboardBody::events(Arc::clone(history), listener, seen(request).unwrap_or(0));
    response(StatusCode::OK, "text/event-stream", body)
}

/// Returns the number of the last request that the client has received, from its last event or its page.
fn seen(request: &Parts) -> Option<u64> {
    let by_event = request.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    by_event.or_else(|| request.uri.query()?.strip_prefix("after=")?.parse().ok())
}

fn complete(status: StatusCode, media_type: &'static str, text: String) -> Response<DashboardBody> {
    let length = text.len();
    let mut response = response(status, media_type, DashboardBody::complete(Bytes::from(text)));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

fn response(status: StatusCode, media_type: &'static str, body: DashboardBody) -> Response<DashboardBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().extend(FIELDS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response.extensions_mut().insert(DashboardResponse);
    response
}

/// The body of a response of a [`DashboardService`].
#[derive(Debug)]
pub struct DashboardBody(Kind);

#[derive(Debug)]
enum Kind {
    /// The hint is not exact, because the fields of a response to HEAD contain the length.
    Nothing,
    Complete(Option<Bytes>),
    Events(Events),
}

/// One event stream. It does not have a queue: changes are read when the client accepts more data.
struct Events {
    history: Arc<History>,
    listener: Listener,
    /// The number of the last request that was sent.
    sent: u64,
    opened: bool,
}

impl DashboardBody {
    const fn nothing() -> Self {
        Self(Kind::Nothing)
    }

    const fn complete(text: Bytes) -> Self {
        Self(Kind::Complete(Some(text)))
    }

    const fn events(history: Arc<History>, listener: Listener, sent: u64) -> Self {
        Self(Kind::Events(Events { history, listener, sent, opened: false }))
    }
}

impl Body for DashboardBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.0 {
            Kind::Nothing => None,
            Kind::Complete(text) => text.take(),
            Kind::Events(events) => match events.poll(cx) {
                Poll::Ready(text) => Some(Bytes::from(text)),
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Nothing => true,
            Kind::Complete(text) => text.is_none(),
            Kind::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Nothing | Kind::Events(_) => SizeHint::default(),
            Kind::Complete(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
        }
    }
}

impl Events {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<String> {
        if !self.opened {
            self.opened = true;
            let restarted = self.history.size().0 < self.sent;
            return Poll::Ready(page::opening(restarted));
        }
        match self.history.next(self.listener, self.sent, cx.waker()) {
            Some(update) => {
                self.sent = update.number;
                Poll::Ready(page::events(&update))
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.history.leave(self.listener);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("sent", &self.sent).finish_non_exhaustive()
    }
}
