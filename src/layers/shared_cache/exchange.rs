//! [`Exchange`]: decides what becomes of the response to one request.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, DATE,
    ETAG, LAST_MODIFIED, SET_COOKIE, TRAILER,
};
use http::request::Parts as RequestParts;
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};

use super::config::{Config, Core, Mode};
use super::flights::{Landing, Progress};
use super::stats::count;
use super::tee::Sink;
use crate::layers::bypass::{is_interim, is_of_grpc};
use crate::policy::{CacheTags, Layer, Personalized, RequestFacts, ResolvedPolicy, Ruling};
use crate::protocol::{
    Age, HttpDate, has_nonce, is_live_stream_type, is_never_stored, only_line,
};
use crate::store::{Moment, PrimaryKey, Record, RecordHead, Selection, Terms};

/// One request to the inner service, whose response may be stored.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) config: Arc<Config>,
    pub(super) core: Arc<Core>,
    pub(super) key: PrimaryKey,
    /// The head of the request, as the client sent it.
    pub(super) request: Arc<RequestParts>,
    pub(super) facts: RequestFacts,
    pub(super) has_cookie: bool,
    pub(super) moment: Moment,
    pub(super) requested: HttpDate,
    /// The stored response that is no longer fresh.
    pub(super) stale: Option<Stale>,
    pub(super) progress: Arc<Progress>,
}

/// A stored response that is no longer fresh.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    pub(super) record: Arc<Record>,
    /// Whether it may be used in place of an error.
    pub(super) on_error: bool,
    /// Whether the request contains its validators.
    pub(super) is_validated: bool,
}

/// What becomes of a response.
#[derive(Debug)]
pub(super) enum Verdict<B, E> {
    /// It is sent to the client and stored.
    Store { head: Box<RecordHead>, length: Option<u64>, response: Parts, body: B },
    /// It is only sent to the client.
    Pass(Response<B>),
    /// The stored response is used, because the inner service confirmed it.
    Confirmed(Arc<Record>),
    /// The stored response is used in place of an error.
    Failed(Arc<Record>),
    /// The client gets the error.
    Error(E),
    /// The response cannot be used. The request has to be repeated without validators.
    Again,
}

impl Exchange {
    /// Decides what becomes of a response. If it is not stored, the waiting requests are released.
    pub(super) fn judge<B, E>(self, result: Result<Response<B>, E>) -> (Verdict<B, E>, Arc<Depot>) {
        let now = self.config.clock.now();
        let verdict = match result {
            Err(error) => match &self.stale {
                Some(stale) if stale.on_error => Verdict::Failed(Arc::clone(&stale.record)),
                _ => Verdict::Error(error),
            },
            Ok(response) => self.judge_response(response, now),
        };
        match &verdict {
            Verdict::Store { .. } => {}
            Verdict::Confirmed(record) => self.progress.land(Landing::Stored(Arc::clone(record))),
            Verdict::Failed(record) => self.progress.land(Landing::Failed(Arc::clone(record))),
            Verdict::Pass(_) => {
                count(&self.core.stats.not_stored);
                self.core.mark(&self.key, now);
                self.progress.land(Landing::NotShared);
            }
            Verdict::Error(_) | Verdict::Again => self.progress.land(Landing::NotShared),
        }
        let depot = Depot { config: self.config, core: self.core, key: self.key };
        (verdict, Arc::new(depot))
    }

    fn judge_response<B, E>(&self, response: Response<B>, now: HttpDate) -> Verdict<B, E> {
        let status = response.status();
        if let Some(stale) = &self.stale {
            if stale.is_validated && status == StatusCode::NOT_MODIFIED {
                return self.confirm(stale, response.headers(), now);
            }
            // C-31
            if stale.on_error && matches!(status.as_u16(), 500 | 502 | 503 | 504) {
                return Verdict::Failed(Arc::clone(&stale.record));
            }
        }
        let (mut parts, body) = response.into_parts();
        match self.admit(&mut parts, now) {
            Some((head, length)) => Verdict::Store { head: Box::new(head), length, response: parts, body },
            None => {
                // The URL has a new response, so the old one must not be used in place of an error.
                if let Some(stale) = self.stale.as_ref().filter(|_| !status.is_server_error()) {
                    self.core.store.remove(&self.key, &stale.record);
                }
                Verdict::Pass(Response::from_parts(parts, body))
            }
        }
    }

    /// Decides whether a response is stored. In the mode by policy, applies the guards to it, as an `EdgeLayer` does.
    fn admit(&self, response: &mut Parts, now: HttpDate) -> Option<(RecordHead, Option<u64>)> {
        let status = response.status;
        // The parts of a 206 and the missing content of a 304 cannot be served to others.
        if is_interim(status) || matches!(status.as_u16(), 206 | 304) || is_never_stored(status) {
            return None;
        }
        let (terms, tags) = match self.config.mode {
            Mode::Policy => self.admit_by_policy(response, now)?,
            Mode::Fields => return None,
        };
        let headers = &response.headers;
        let length = content_length(headers)?;
        let is_personalized = response.extensions.get::<Personalized>().is_some();
        if is_personalized || is_never_shared(headers) {
            return None;
        }
        let has_validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        let initial_age = Age::corrected_initial(headers, self.requested, now);
        let is_fresh = initial_age.seconds() < terms.lifetime;
        if !terms.is_useful(has_validator) || (!is_fresh && !has_validator) {
            return None;
        }
        let selection = Selection::of(headers, &self.request.headers, self.config.mode == Mode::Policy)?;
        let date = only_line(headers, &DATE).and_then(|line| HttpDate::parse(line.as_bytes(), now).ok()).unwrap_or(now);
        let head = RecordHead {
            status,
            headers: RecordHead::fields_for_storing(headers, now)?,
            selection,
            terms,
            moment: self.moment,
            received: now,
            initial_age,
            date,
            tags,
            ruling: response.extensions.get::<Ruling>().cloned(),
        };
        Some((head, length))
    }

    /// Returns the terms and tags of a response that an inner policy layer decided about.
    fn admit_by_policy(&self, response: &mut Parts, now: HttpDate) -> Option<(Terms, CacheTags)> {
        // Without the decision of a policy layer, the response is not changed either.
        response.extensions.get::<Ruling>()?;
        let tags = response.extensions.get::<CacheTags>().cloned().unwrap_or_default();
        let layer = Layer {
            rules: &self.config.rules,
            request: self.facts.wanting_the_ruling(),
            policy: ResolvedPolicy::Nothing,
        };
        layer.rule_head(response.status, &mut response.headers, &mut response.extensions, || now)?;
        let ruling = response.extensions.get::<Ruling>()?;
        if ruling.is_for_one_client() {
            return None;
        }
        let mut all_tags = ruling.known_tags().clone();
        all_tags.unite(&tags);
        Some((Terms::of_ruling(ruling, response.status, &response.headers)?, all_tags))
    }

    /// Updates the stored response with the fields of a 304.
    fn confirm<B, E>(&self, _stale: &Stale, _response: &HeaderMap, _now: HttpDate) -> Verdict<B, E> {
        Verdict::Again
    }
}

/// Where a complete response is stored.
#[derive(Debug)]
pub(super) struct Depot {
    config: Arc<Config>,
    core: Arc<Core>,
    key: PrimaryKey,
}

impl Sink for Depot {
    fn store(&self, head: RecordHead, body: Bytes) -> Landing {
        let record = Arc::new(Record::new(head, body));
        count(&self.core.stats.stored);
        let is_usable = |known: &Record| known.moment_is_current(&self.key, &self.core.purges);
        self.core.store.insert(self.key.clone(), Arc::clone(&record), is_usable);
        Landing::Stored(record)
    }

    fn give_up(&self) {
        count(&self.core.stats.not_stored);
        self.core.mark(&self.key, self.config.clock.now());
    }

    fn max_body(&self) -> usize {
        self.core.store.max_object()
    }

    fn under_way(&self) -> &std::sync::atomic::AtomicUsize {
        &self.core.under_way
    }

    fn max_under_way(&self) -> usize {
        usize::try_from(self.core.store.capacity() / 8).unwrap_or(usize::MAX)
    }
}

/// Whether the fields show that a response must not be served to others, whatever allows it.
fn is_never_shared(headers: &HeaderMap) -> bool {
    headers.contains_key(SET_COOKIE)
        || headers.contains_key(CONTENT_RANGE)
        || headers.contains_key(TRAILER)
        || is_of_grpc(headers)
        || headers.get_all(CONTENT_TYPE).iter().any(is_live_stream_type)
        // The nonce is for one response.
        || [CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY]
            .iter()
            .any(|name| headers.get_all(name).iter().any(has_nonce))
}

/// Returns the value of `Content-Length`. The outer `Option` is `None` if it is not valid.
fn content_length(headers: &HeaderMap) -> Option<Option<u64>> {
    if !headers.contains_key(CONTENT_LENGTH) {
        return Some(None);
    }
    let line = only_line(headers, &CONTENT_LENGTH)?.as_bytes();
    let is_number = !line.is_empty() && line.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(line).ok()?.parse().ok()).flatten().map(Some)
}
