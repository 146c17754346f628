//! [`Exchange`]: decides what becomes of the response to one request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use http::request::Parts as RequestParts;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};

use super::config::{Config, Core, Mode};
use super::event::{NotStored, Observed, SharedCacheEvent, SharedCacheOutcome};
use super::flights::Landing;
use super::invalidate::{Invalidation, tags_in};
use super::stats::count;
use super::tee::Sink;
use crate::edge::ForwardReason;
use crate::layers::bypass::is_interim;
use crate::policy::{CacheTags, Guard, Layer, Personalized, RequestFacts, ResolvedPolicy, Ruling};
use crate::protocol::{
    Age, CacheControl, EffectiveControl, HttpDate, Validators, Vary, has_nonce, is_confirmed_by_head,
    is_confirmed_by_not_modified, is_grpc_type, is_live_stream_type, is_never_stored, only_line, take_freshness_fields,
    update_stored_fields,
};
use crate::store::{Blocks, CACHE_STATUS, Content, Moment, PrimaryKey, Record, RecordHead, Selection, Terms};

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
    /// The same one, while the response that replaces it is collected.
    pub(super) replaced: Weak<Record>,
    /// The stored responses that an unsafe request invalidates.
    pub(super) invalidation: Option<Invalidation>,
    /// Why the request is passed to the inner service.
    pub(super) reason: ForwardReason,
    /// Whether no client waits for the response.
    pub(super) is_in_background: bool,
    /// The status of the response that is stored.
    pub(super) status: Option<StatusCode>,
}

/// A stored response that is no longer fresh.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    pub(super) record: Arc<Record>,
    /// Whether it may be used in place of an error.
    pub(super) on_error: bool,
    /// Whether it may be used if the inner service fails without a response.
    pub(super) when_disconnected: bool,
    /// Whether the request contains its validators.
    pub(super) is_validated: bool,
}

/// The result of a decision about a response.
#[derive(Debug)]
pub(super) enum Verdict<B, E> {
    /// It is sent to the client and stored.
    Store { head: Box<RecordHead>, length: Option<u64>, response: Parts, body: B },
    /// It is only sent to the client.
    Pass(Response<B>, NotStored),
    /// The stored response is used, because the inner service confirmed it.
    Confirmed { record: Arc<Record>, is_stored: bool },
    /// The stored response is used in place of an error.
    Failed(Arc<Record>),
    /// The client gets the error.
    Error(E),
    /// The response cannot be used. The request has to be repeated without validators.
    Again,
}

impl Stale {
    /// Adds the validators of the stored response to a request. An invalid one is omitted, because no 304 could be
    /// compared with it.
    // S-08
    pub(super) fn add_validators(&mut self, request: &mut HeaderMap, now: HttpDate) {
        let head = self.record.head();
        if head.status != StatusCode::OK {
            return;
        }
        let validators = Validators::from_headers(&head.headers, now);
        let etag = validators.etag().map(|etag| (IF_NONE_MATCH, etag.to_header_value()));
        // As it was sent, because some servers compare the text.
        let modified = validators.last_modified().and_then(|_| only_line(&head.headers, &LAST_MODIFIED));
        let modified = modified.map(|date| (IF_MODIFIED_SINCE, date.clone()));
        for (condition, value) in etag.into_iter().chain(modified) {
            self.is_validated |= request.try_insert(condition, value).is_ok();
        }
    }
}

impl Exchange {
    /// Decides what becomes of a response. If it is stored, the exchange is the receiver of its body.
    pub(super) fn judge<B, E>(&mut self, result: Result<Response<B>, E>) -> Verdict<B, E> {
        let now = self.config.clock.now();
        if let Some(stale) = self.stale.as_ref().filter(|stale| stale.record.is_ahead_of(now)) {
            // It would take precedence over the new response, because it seems to be the later one.
            self.core.store.remove(&self.key, &stale.record);
        }
        if let Some(stale) = &mut self.stale
            && !stale.record.moment_is_current(&self.key, &self.core.purges)
        {
            // A purge arrived while the request was in progress.
            (stale.on_error, stale.when_disconnected) = (false, false);
        }
        let verdict = match result {
            Err(error) => match &self.stale {
                Some(stale) if stale.on_error || stale.when_disconnected => Verdict::Failed(Arc::clone(&stale.record)),
                _ => Verdict::Error(error),
            },
            Ok(response) if self.invalidates_more_than_itself(&response) => {
                Verdict::Pass(response, NotStored::Forbidden)
            }
            Ok(response) => self.judge_response(response, now),
        };
        // The response to an unsafe request does not affect the responses to GET.
        if let (Verdict::Pass(response, reason), None) = (&verdict, &self.invalidation) {
            count(&self.core.stats.not_stored);
            if !self.is_due_to_request(response.status(), response.headers(), *reason) {
                self.core.mark(&self.key, now);
            }
        }
        self.observe(&verdict, now);
        if let Verdict::Store { head, .. } = &verdict {
            self.status = Some(head.status);
            // The old response is not held while the new one is collected.
            self.replaced = self.stale.take().map_or_else(Weak::new, |stale| Arc::downgrade(&stale.record));
        }
        verdict
    }

    /// Whether a response is not stored because of this request, so that the responses to other requests may be stored.
    /// Otherwise one client could prevent the storage of a URL.
    fn is_due_to_request(&self, status: StatusCode, headers: &HeaderMap, reason: NotStored) -> bool {
        match reason {
            NotStored::RequestCookie => true,
            // The values of the request are too long.
            NotStored::Vary => Selection::of(headers, &HeaderMap::new(), self.config.selection_rules()).is_some(),
            // Unlike other errors of the client, these mean that the URL has no response.
            _ => status.is_client_error() && !matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE),
        }
    }

    /// Whether a response that is not stored shows that the stored response to the URL is out of date. One client could
    /// otherwise remove a response that others may use while it is stale.
    fn replaces(&self, response: &Parts, reason: NotStored) -> bool {
        let status = response.status;
        // A response that was public may have become one for some clients.
        let is_refusal = matches!(status.as_u16(), 401 | 402 | 403 | 405 | 451);
        !status.is_server_error() && (is_refusal || !self.is_due_to_request(status, &response.headers, reason))
    }

    fn event(&self, storing: Result<(), NotStored>) -> SharedCacheEvent<'_> {
        let request = Observed::of_parts(&self.request);
        let event = SharedCacheEvent::new(request, SharedCacheOutcome::Miss(self.reason));
        let event = event.with_storing(storing).in_background(self.is_in_background);
        self.status.map_or(event.clone(), |status| event.with_status(status))
    }

    /// Applies the invalidation by an unsafe request. Its own response was generated after that, so it may be stored.
    /// Returns whether it must not be, because the request failed, or another purge arrived while it was in progress.
    // I-01
    fn invalidates_more_than_itself<B>(&mut self, response: &Response<B>) -> bool {
        let Some(invalidation) = &self.invalidation else { return false };
        let of_response = (response.status(), response.headers());
        let moment = invalidation.apply_before(&self.core, of_response, (self.moment, &self.key));
        self.moment = moment.unwrap_or(self.moment);
        moment.is_none()
    }

    /// Reports what becomes of a response, unless that depends on its body.
    fn observe<B, E>(&self, verdict: &Verdict<B, E>, now: HttpDate) {
        let event = |outcome| {
            let event = SharedCacheEvent::new(Observed::of_parts(&self.request), outcome);
            event.in_background(self.is_in_background)
        };
        let miss = || event(SharedCacheOutcome::Miss(self.reason));
        match verdict {
            // The request is repeated, and that is observed.
            Verdict::Store { .. } | Verdict::Again => {}
            Verdict::Pass(..) if self.invalidation.is_some() => {
                self.config.observe(|| event(SharedCacheOutcome::Bypass("method")));
            }
            Verdict::Pass(response, reason) => {
                self.config.observe(|| miss().with_status(response.status()).with_storing(Err(*reason)));
            }
            Verdict::Confirmed { record, is_stored } => self.config.observe(|| {
                let storing = if *is_stored { Ok(()) } else { Err(NotStored::Forbidden) };
                event(SharedCacheOutcome::Revalidated).with_record(record, now).with_storing(storing)
            }),
            Verdict::Failed(record) => self.config.observe(|| {
                event(SharedCacheOutcome::Stale).with_record(record, now).with_storing(Err(NotStored::InnerError))
            }),
            Verdict::Error(_) => self.config.observe(|| miss().with_storing(Err(NotStored::InnerError))),
        }
    }

    fn judge_response<B, E>(&self, response: Response<B>, now: HttpDate) -> Verdict<B, E> {
        let status = response.status();
        if let Some(stale) = &self.stale {
            if stale.is_validated && status == StatusCode::NOT_MODIFIED {
                return self.confirm(stale, response, now);
            }
            // C-31
            if stale.on_error && matches!(status.as_u16(), 500 | 502 | 503 | 504) {
                return Verdict::Failed(Arc::clone(&stale.record));
            }
        }
        let (mut parts, body) = response.into_parts();
        match self.admit(&mut parts, now) {
            Ok((head, length)) => Verdict::Store { head: Box::new(head), length, response: parts, body },
            Err(reason) => {
                // The URL has a new response, so the old one must not be used in place of an error.
                if let Some(stale) = self.stale.as_ref().filter(|_| self.replaces(&parts, reason)) {
                    self.core.store.remove(&self.key, &stale.record);
                }
                Verdict::Pass(Response::from_parts(parts, body), reason)
            }
        }
    }

    /// Decides whether a response is stored. In the mode by policy, applies the guards to it, as an `EdgeLayer` does.
    fn admit(&self, response: &mut Parts, now: HttpDate) -> Result<(RecordHead, Option<u64>), NotStored> {
        let status = response.status;
        // The parts of a 206 and the missing content of a 304 cannot be served to others.
        let is_part = status == StatusCode::PARTIAL_CONTENT
            || (self.config.mode == Mode::Policy && response.headers.contains_key(CONTENT_RANGE));
        if is_interim(status) || is_part || status == StatusCode::NOT_MODIFIED || is_never_stored(status) {
            return Err(NotStored::Status);
        }
        let decided = self.decide(response, now)?;
        let length = content_length(&response.headers).ok_or(NotStored::ContentLength)?;
        let ruling = response.extensions.get::<Ruling>().cloned();
        let head = self.head(status, &response.headers, decided, ruling, now)?;
        Ok((head, length))
    }

    /// Updates the stored response with the fields of a 304, and stores it again if these allow it.
    // N-06, N-07
    fn confirm<B, E>(&self, stale: &Stale, response: Response<B>, now: HttpDate) -> Verdict<B, E> {
        let stored = stale.record.head();
        let (mut parts, _) = response.into_parts();
        // The request had the validators of one stored response only, so a 304 without any is about that one.
        let names_none = !parts.headers.contains_key(ETAG) && !parts.headers.contains_key(LAST_MODIFIED);
        if !names_none && !is_confirmed_by_not_modified(&stored.headers, &parts.headers, now) {
            self.core.store.remove(&self.key, &stale.record);
            return Verdict::Again;
        }
        let Some((headers, head)) = self.updated(stored, &mut parts, now) else {
            self.core.store.remove(&self.key, &stale.record);
            return Verdict::Again;
        };
        let head = match head {
            Ok(head) => head,
            Err(reason) => {
                // Only this client gets the content that the inner service confirmed.
                if reason != NotStored::RequestCookie {
                    self.core.store.remove(&self.key, &stale.record);
                }
                let ruling = parts.extensions.remove::<Ruling>().or_else(|| stored.ruling.clone());
                let head = RecordHead { headers, received: now, initial_age: Age::ZERO, ruling, ..stored.clone() };
                let record = Record::new(head, stale.record.body().clone());
                return Verdict::Confirmed { record: Arc::new(record), is_stored: false };
            }
        };
        let record = Arc::new(Record::new(head, stale.record.body().clone()));
        self.core.put_update(&self.key, &stale.record, &record);
        Verdict::Confirmed { record, is_stored: true }
    }

    /// Updates the stored response with the response to a HEAD request, or removes it if that is about other content.
    // S-07
    pub(super) fn update_by_head<B>(&self, response: &Response<B>) {
        let Some(Stale { record, .. }) = &self.stale else { return };
        if response.status() != StatusCode::OK || record.head().status != StatusCode::OK {
            return;
        }
        let now = self.config.clock.now();
        let length = u64::try_from(record.body().len()).unwrap_or(u64::MAX);
        let headers = response.headers();
        if !is_confirmed_by_head(&record.head().headers, length, headers, now) {
            // A response without any of these does not identify the content.
            if [ETAG, LAST_MODIFIED, CONTENT_LENGTH].iter().any(|name| headers.contains_key(name)) {
                self.core.store.remove(&self.key, record);
            }
            return;
        }
        // The client gets the response as it is.
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.headers = headers.clone();
        parts.extensions = response.extensions().clone();
        match self.updated(record.head(), &mut parts, now) {
            Some((_, Ok(head))) => {
                let updated = Arc::new(Record::new(head, record.body().clone()));
                self.core.put_update(&self.key, record, &updated);
            }
            Some((_, Err(NotStored::RequestCookie))) => {}
            _ => self.core.store.remove(&self.key, record),
        }
    }

    /// Updates the fields of a stored response, and its head if it may still be stored. Returns `None` if the fields
    /// cannot be updated.
    // N-06, S-06
    fn updated(
        &self,
        stored: &RecordHead,
        parts: &mut Parts,
        now: HttpDate,
    ) -> Option<(HeaderMap, Result<RecordHead, NotStored>)> {
        let is_by_fields = self.config.mode == Mode::Fields;
        // An update without a decision leaves that of the stored response in place, unless its fields differ.
        let is_silent = !is_by_fields
            && parts.extensions.get::<Ruling>().is_none()
            && has_no_other_directives(&parts.headers, &stored.headers);
        let decided = if is_silent || is_by_fields { None } else { Some(self.decide(parts, now)) };
        let mut headers = stored.headers.clone();
        if headers.get_all(CACHE_STATUS).iter().all(HeaderValue::is_empty) {
            // It only makes room for a report.
            headers.remove(CACHE_STATUS);
        }
        update_stored_fields(&mut headers, &parts.headers).ok()?;
        // The content is still the one that was selected by these fields. Some servers send less in a 304, or in a
        // response to HEAD, because only a response with content is compressed.
        Vary::from_headers(&stored.headers).unwrap_or_default().add_to(&mut headers);
        for name in [AGE, DATE] {
            if let Some(value) = parts.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let (decided, ruling) = match decided {
            Some(decided) => (decided, parts.extensions.get::<Ruling>().cloned()),
            // The directives that the update does not have are those of the stored response.
            None if is_by_fields => (self.decide_by_fields(stored.status, &headers, now), None),
            None => {
                // The guards see the updated fields, as if the stored response had come with them.
                let (mut updated, ()) = Response::new(()).into_parts();
                (updated.status, updated.headers) = (stored.status, headers);
                stored.ruling.clone().and_then(|ruling| updated.extensions.insert(ruling));
                parts.extensions.get::<CacheTags>().and_then(|tags| updated.extensions.insert(tags.clone()));
                let decided = self.decide_by_policy(&mut updated, now);
                headers = updated.headers;
                (decided, updated.extensions.remove::<Ruling>())
            }
        };
        let personalized = parts.extensions.get::<Personalized>().map(|_| NotStored::Personalized);
        let forbidden = self.never_shared(&parts.headers).or(personalized);
        let head = forbidden.map_or(decided, Err).and_then(|decided| {
            let mut tags = stored.tags.clone();
            tags.unite(&decided.tags);
            self.head(stored.status, &headers, Decided { tags, ..decided }, ruling, now)
        });
        Some((headers, head))
    }

    /// Creates the head of a stored response, unless the response must not be stored.
    fn head(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        decided: Decided,
        ruling: Option<Ruling>,
        now: HttpDate,
    ) -> Result<RecordHead, NotStored> {
        let Decided { terms, tags, control } = decided;
        let control = control.as_ref().or(ruling.as_ref().map(Ruling::directives)).ok_or(NotStored::NoPolicy)?;
        let has_validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        let initial_age = Age::corrected_initial(headers, self.requested, now);
        let is_fresh = initial_age.seconds() < terms.lifetime;
        if !terms.is_useful(has_validator) || (!is_fresh && !has_validator) {
            return Err(NotStored::NoLifetime);
        }
        let selection = Selection::of(headers, &self.request.headers, self.config.selection_rules());
        let date = only_line(headers, &DATE).and_then(|line| HttpDate::parse_in_any_case(line.as_bytes(), now).ok());
        Ok(RecordHead {
            status,
            headers: RecordHead::fields_for_storing(headers, control, now).ok_or(NotStored::Fields)?,
            selection: selection.ok_or(NotStored::Vary)?,
            terms,
            moment: self.moment,
            received: now,
            initial_age,
            // A date in the future would take precedence over those of all later responses. Without a date, the response
            // may be as old as its request, and must not replace that to a later request.
            date: date.unwrap_or(self.requested).min(now),
            tags,
            ruling,
        })
    }

    /// Why the fields show that a response must not be served to others, whatever allows it.
    fn never_shared(&self, headers: &HeaderMap) -> Option<NotStored> {
        let (mut has_type, mut is_live, mut is_for_one_response) = (false, false, false);
        for (name, value) in headers {
            match name.as_str() {
                "set-cookie" if !self.config.accepts(Guard::SetCookie) => return Some(NotStored::SetCookie),
                "content-type" => {
                    // Only the first line tells whether it is gRPC.
                    is_live |= is_live_stream_type(value) || (!has_type && is_grpc_type(value));
                    has_type = true;
                }
                "content-security-policy" | "content-security-policy-report-only" => {
                    // The nonce is for one response.
                    is_for_one_response |= has_nonce(value);
                }
                _ => {}
            }
        }
        if is_live { Some(NotStored::LiveStream) } else { is_for_one_response.then_some(NotStored::Nonce) }
    }

    /// Determines how long a response may be used. Returns the reason if it must not be stored.
    fn decide(&self, response: &mut Parts, now: HttpDate) -> Result<Decided, NotStored> {
        let decided = match self.config.mode {
            Mode::Policy => self.decide_by_policy(response, now),
            Mode::Fields => self.decide_by_fields(response.status, &response.headers, now),
        };
        if response.extensions.get::<Personalized>().is_some() {
            return Err(NotStored::Personalized);
        }
        // A guard may have made the response private because of these, and they are the better reason.
        self.never_shared(&response.headers).map_or(decided, Err)
    }

    /// Decides by the decision of an inner policy layer, and by the guards.
    fn decide_by_policy(&self, response: &mut Parts, now: HttpDate) -> Result<Decided, NotStored> {
        // Without the decision of a policy layer, the response is not changed either.
        response.extensions.get::<Ruling>().ok_or(NotStored::NoPolicy)?;
        let mut tags = response.extensions.get::<CacheTags>().cloned().unwrap_or_default();
        let layer = Layer {
            rules: &self.config.rules,
            request: self.facts.wanting_the_ruling(),
            policy: ResolvedPolicy::Nothing,
        };
        let ruled = layer.rule_head(response.status, &mut response.headers, &mut response.extensions, || now);
        let ruling = ruled.and_then(|_| response.extensions.get::<Ruling>()).ok_or(NotStored::Forbidden)?;
        if ruling.is_for_one_client() {
            return Err(NotStored::Forbidden);
        }
        tags.unite(ruling.known_tags());
        let terms = Terms::of_ruling(ruling, response.status, &response.headers).ok_or(NotStored::Forbidden)?;
        Ok(Decided { terms, tags, control: None })
    }

    /// Decides by the fields (RFC 9111).
    fn decide_by_fields(&self, status: StatusCode, headers: &HeaderMap, now: HttpDate) -> Result<Decided, NotStored> {
        let control = EffectiveControl::from_targeted(headers, &self.config.targeted);
        // G-28: a handler that sets `max-age` for a page with the name of its user means the browser.
        let directives = control.control();
        let is_for_shared_caches = control.is_targeted() || directives.public() || directives.s_maxage().is_some();
        if self.has_cookie && !is_for_shared_caches {
            return Err(NotStored::RequestCookie);
        }
        let heuristics = self.config.heuristics;
        let terms = Terms::of_fields(&control, &self.request, status, headers, now, heuristics);
        let terms = terms.ok_or(NotStored::Forbidden)?;
        let tags = tags_in(headers, || self.key.url().host()).ok_or(NotStored::Tags)?;
        Ok(Decided { terms, tags, control: Some(control.control().clone()) })
    }
}

/// How long a response may be used, and by which tags it is purged.
#[derive(Debug)]
struct Decided {
    terms: Terms,
    tags: CacheTags,
    /// `None` if the ruling contains the directives.
    control: Option<CacheControl>,
}

/// Where a complete response is stored.
impl Sink for Exchange {
    fn store(&self, head: Box<RecordHead>, body: Content) -> Landing {
        let record = Arc::new(Record::new(*head, body));
        let storing = self.core.put(&self.key, &record);
        if storing == Err(NotStored::TooLarge) {
            self.replace();
        }
        self.config.observe(|| self.event(storing).with_content(record.body().len()));
        Landing::Stored(record)
    }

    fn give_up(&self, reason: NotStored) {
        count(&self.core.stats.not_stored);
        self.core.mark(&self.key, self.config.clock.now());
        self.config.observe(|| self.event(Err(reason)));
    }

    fn replace(&self) {
        // The URL has a new response, so the old one must not be used in place of an error.
        if let Some(stale) = self.replaced.upgrade() {
            self.core.store.remove(&self.key, &stale);
        }
    }

    fn abandon(&self) {
        self.config.observe(|| self.event(Err(NotStored::Disconnected)));
    }

    fn ends_at_length(&self) -> bool {
        self.request.version <= Version::HTTP_11
    }

    fn blocks(&self) -> &Arc<Blocks> {
        self.core.store.blocks()
    }

    fn max_body(&self) -> usize {
        self.core.store.max_object()
    }

    fn under_way(&self) -> &AtomicUsize {
        &self.core.under_way
    }

    fn is_full(&self) -> bool {
        let Self { config, core, .. } = self;
        let most = usize::try_from(core.store.capacity() / 8).unwrap_or(usize::MAX);
        let has_room = || core.under_way.load(Ordering::Acquire) <= most;
        // Clients that read slowly could otherwise keep all other responses out of the store.
        let make_room = || core.flights.make_room(config.waits_for_since(config.clock.now()), has_room);
        !has_room() && !make_room()
    }
}

/// Whether an update has the directives of the stored response, or none at all.
fn has_no_other_directives(update: &HeaderMap, stored: &HeaderMap) -> bool {
    let of_edges = |headers: &HeaderMap| take_freshness_fields(&mut headers.clone(), [&[], &[]], None);
    let lines = |headers: &HeaderMap| headers.get_all(CACHE_CONTROL).iter().cloned().collect::<Vec<_>>();
    !of_edges(update) && (!update.contains_key(CACHE_CONTROL) || lines(update) == lines(stored))
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
