//! The answers, and the fields that all of them have.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::body::DashboardBody;
use super::mark::OfDashboard;
use crate::dashboard::config::Config;
use crate::dashboard::history::History;
use crate::dashboard::page;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// On every answer: nobody keeps it, frames it or guesses its type.
const FIELDS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "private, no-store"),
    (CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (RESOURCE_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

pub(super) fn text(status: StatusCode, text: &str) -> Response<DashboardBody> {
    whole(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

pub(super) fn method_not_allowed() -> Response<DashboardBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "There is only GET and HEAD.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

pub(super) fn page(config: &Config, history: &History) -> Response<DashboardBody> {
    whole(StatusCode::OK, "text/html; charset=utf-8", page::document(config, &history.since(0)))
}

pub(super) fn events(history: &Arc<History>, request: &Parts) -> Response<DashboardBody> {
    if request.method == Method::HEAD {
        return response(StatusCode::OK, "text/event-stream", DashboardBody::nothing());
    }
    let Some(listener) = history.listen() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Too many event streams are open. Close one of the pages.");
    };
    let body = DashboardBody::events(Arc::clone(history), listener, seen(request).unwrap_or(0));
    response(StatusCode::OK, "text/event-stream", body)
}

/// The number of the last request that the client has: of its last event, or of its page.
fn seen(request: &Parts) -> Option<u64> {
    let by_event = request.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    by_event.or_else(|| request.uri.query()?.strip_prefix("after=")?.parse().ok())
}

fn whole(status: StatusCode, media_type: &'static str, text: String) -> Response<DashboardBody> {
    let length = text.len();
    let mut response = response(status, media_type, DashboardBody::whole(Bytes::from(text)));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

fn response(status: StatusCode, media_type: &'static str, body: DashboardBody) -> Response<DashboardBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().extend(FIELDS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response.extensions_mut().insert(OfDashboard);
    response
}
