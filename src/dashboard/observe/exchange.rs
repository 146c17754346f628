//! [`Exchange`]: what is noted of a request and its answer.

use std::sync::Arc;
use std::time::Instant;

use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderMap, Method, Response, StatusCode, request};
use http_body::Body;

use super::body::Tally;
use crate::audit::CacheAudit;
use crate::dashboard::bounds::bounded;
use crate::dashboard::config::Config;
use crate::dashboard::history::History;
use crate::dashboard::lanes::Lanes;
use crate::dashboard::lengths::ContentKey;
use crate::dashboard::record::{Record, RouteName, Saved, Warned};
use crate::dashboard::serve::OfDashboard;
use crate::edge::Edges;
use crate::protocol::{CacheControl, HttpDate};

/// What is kept of a request while the service inside runs.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) config: Arc<Config>,
    pub(super) history: Arc<History>,
    pub(super) request: request::Parts,
    pub(super) began: Instant,
}

impl Exchange {
    /// Takes note, and gives what is to count the content where its length is not known yet.
    pub(super) fn note<B: Body>(self, response: &Response<B>) -> Option<Tally> {
        // Whoever looks does not change what is seen.
        if response.extensions().get::<OfDashboard>().is_some() {
            return None;
        }
        let content =
            (self.request.method == Method::GET).then(|| ContentKey::of(&self.request, response.headers())).flatten();
        self.history.add(self.record(response, content));

        let content = content.filter(|_| response.status() == StatusCode::OK)?;
        match length_of(response) {
            Some(length) => {
                self.history.remember(content, length);
                None
            }
            None => Some(Tally { history: self.history, content, octets: 0 }),
        }
    }

    fn record<B>(&self, response: &Response<B>, content: Option<ContentKey>) -> Record {
        let Self { config, request, .. } = self;
        let now = config.clock.now();
        let audit = self.audit(response, now);
        let saved = match content.map(|content| self.history.length_of(content)) {
            _ if request.method != Method::GET || response.status() != StatusCode::NOT_MODIFIED => Saved::Nothing,
            Some(Some(octets)) => Saved::Octets(octets),
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
            took: self.began.elapsed(),
            // The worst comes first.
            warning: audit.warnings().first().map(|warning| {
                let text = warning.to_string();
                let level = warning.level();
                let text = text.strip_prefix(&format!("{level}: ")).unwrap_or(&text);
                Warned { level, text: bounded(text.as_bytes()) }
            }),
            lanes: Lanes::of(&audit),
        }
    }

    fn audit<B>(&self, response: &Response<B>, now: HttpDate) -> CacheAudit {
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.status = response.status();
        parts.headers = response.headers().clone();
        parts.extensions = response.extensions().clone();
        let edges = self.config.edges.as_ref().into_iter().flat_map(Edges::profiles);
        CacheAudit::of(&self.request, &parts, now).at_all(edges)
    }
}

/// How much content the answer has, where it tells that beforehand.
fn length_of<B: Body>(response: &Response<B>) -> Option<u64> {
    let field = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    field.or_else(|| response.body().size_hint().exact())
}

fn cache_control_of(answer: &HeaderMap) -> Option<String> {
    let lines: Vec<&[u8]> = answer.get_all(CACHE_CONTROL).iter().map(|value| value.as_bytes()).collect();
    (!lines.is_empty()).then(|| bounded(&lines.join(&b", "[..])))
}
