//! [`Exchange`]: evaluates the preconditions of one request, before and after the handler.
//!
//! Everything is decided here; the future only waits.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE, SET_COOKIE, VARY,
};
use http::response::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;

use super::body::ConditionalBody;
use super::config::{InnerCoding, Settings};
use super::mark::{ModifiedInFuture, ValidatorSourcePresent};
use super::reason::ConditionalReason;
use super::selected::SelectedRepresentation;
use super::trace;
use crate::layers::Clock;
use crate::layers::exempt::{is_grpc_call, is_grpc_exchange, is_interim};
use crate::policy::{CachePolicy, Decision, Facts, Personalized, RequestFacts, Ruling, Unruled};
use crate::protocol::{
    CodedTags, Condition, EntityTagRef, Evaluation, HttpDate, IfRange, Outcome, Preconditions, Representation,
    Validators, accepts_a_coding, forbids_storing, has_valid_byte_range, into_not_modified, into_precondition_failed,
    is_live_stream_type, join_lists_of_tags, limit_last_modified, name_coding, only_line, set_field,
};

const HOW_TO_RESUBMIT: &str = "\
This resource is changed conditionally only, so that no change is lost.\n\
To change it, send If-Match with the strong entity tag of the version that you changed,\n\
or If-Unmodified-Since with its Last-Modified date, if a GET response has one of them.\n\
To create it, send If-None-Match: *\n";

/// The state of a request until its response arrives.
#[derive(Debug)]
pub(crate) struct Exchange {
    clock: Clock,
    /// Where the response to GET may be coded, so that the response to HEAD lacks its coding.
    inner_coding: Option<InnerCoding>,
    mark: Option<ValidatorSourcePresent>,
    kind: Kind,
    is_precondition_required: bool,
    trust_service_with_if_range: bool,
    record: bool,
    /// As the client stated them: for the response, whose tag names its coding.
    stated: Preconditions,
    /// As an inner service sees them, where that differs.
    forwarded: Option<Box<Preconditions>>,
    coded: CodedTags,
    /// What a source knows, for a safe response without validators of its own (V-13, V-17).
    source: Option<Validators>,
    /// Whether the validators of the source are not those of the response that this client gets.
    source_is_withheld: bool,
    /// Whether the request claims to be a call of gRPC.
    claims_grpc: bool,
    /// Whether an outer edge layer is there.
    for_edge: bool,
}

/// What the method tells of the response. An exchange waits for as long as the handler works, so it does not
/// hold more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Head,
    Other,
}

/// A response that is made without the handler.
#[derive(Debug)]
pub(crate) struct EarlyAnswer {
    head: Parts,
    text: Option<&'static str>,
}

impl Exchange {
    /// Reads the preconditions, and prepares the request for the inner services.
    pub(crate) fn begin<B>(settings: &Settings, request: &mut Request<B>) -> Self {
        let method = request.method().clone();
        let for_edge = request.extensions().get::<RequestFacts>().is_some();
        let known = RequestFacts::left_in(request);
        let headers = request.headers_mut();
        join_lists_of_tags(headers);
        let mut stated = match known {
            Some(facts) => {
                // A layer in between may have put a range in the place of another field. Without its conditions
                // the inner service could send a part of another representation.
                let is_any = facts.has(Facts::CONDITIONAL.and(Facts::RANGE)) || headers.contains_key(RANGE);
                Preconditions::known(&method, headers, is_any)
            }
            None => Preconditions::new(&method, headers),
        };
        if method != Method::GET {
            // a range of anything but a GET has no meaning.
            headers.remove(RANGE);
        } else if stated.has_range() && !has_valid_byte_range(headers) {
            headers.remove(RANGE);
            headers.remove(IF_RANGE);
            stated.without_range();
        }
        if stated.selects_safely() && !stated.is_empty() {
            stated.remove_ignored_dates(headers);
        }
        let (coded, forwarded) = if stated.may_name_a_coding() {
            let coded = CodedTags::take_from(&method, headers);
            let forwarded = coded.changed().then(|| Box::new(Preconditions::known(&method, headers, true)));
            (coded, forwarded)
        } else {
            (CodedTags::without_codings(stated.has_if_none_match()), None)
        };
        Self {
            clock: settings.clock.clone(),
            inner_coding: settings
                .inner_coding
                .clone()
                .filter(|_| method == Method::GET || (method == Method::HEAD && accepts_a_coding(headers))),
            mark: settings.mark,
            kind: match method {
                Method::GET => Kind::Get,
                Method::HEAD => Kind::Head,
                _ => Kind::Other,
            },
            is_precondition_required: settings.required.include(&method),
            trust_service_with_if_range: settings.trust_service_with_if_range,
            record: settings.record,
            stated,
            forwarded,
            coded,
            source: None,
            source_is_withheld: false,
            claims_grpc: is_grpc_call(&method, headers),
            for_edge,
        }
    }

    /// Decides by a validator source what can be decided before the handler: `None` when it is to run
    /// (P-01).
    pub(super) fn decide_by_source<B>(
        &mut self,
        selected: SelectedRepresentation,
        request: &mut Request<B>,
    ) -> Option<EarlyAnswer> {
        let (current, policy) = selected.into_parts();
        // The client may have the validators from before it signed in, with another content.
        self.source_is_withheld = self.stated.selects_safely()
            && (request.extensions().get::<Personalized>().is_some() || policy.is_some_and(|it| it.is_no_store()));
        match self.decide_before(current, request) {
            Some(mut answer) => {
                answer.give_policy(policy);
                Some(answer)
            }
            None => {
                if self.kind == Kind::Get
                    && let Some(mark) = self.mark
                {
                    mark.put_into(request.extensions_mut());
                }
                None
            }
        }
    }

    /// Decides what can be decided before the handler: `None` when it is to run (P-01). A write
    /// whose precondition fails never reaches it (P-08).
    pub(crate) fn decide_before<B>(
        &mut self,
        current: Representation,
        request: &mut Request<B>,
    ) -> Option<EarlyAnswer> {
        if self.is_refused(&current) {
            return Some(self.precondition_required());
        }
        // Tested first, because most requests have none, and the clock is not free.
        if !self.stated.is_empty() {
            let evaluation = self.forwarded().evaluate(&current, self.clock.now());
            match (evaluation.outcome(), evaluation.condition()) {
                (Outcome::NotModified, Some(condition)) if !self.source_is_withheld => {
                    return Some(self.not_modified_before(&current, condition));
                }
                (Outcome::PreconditionFailed, Some(condition)) => {
                    return Some(self.failed_before(condition));
                }
                _ => {}
            }
        }
        self.repair_range(&current, request);
        // A source that asks the inner service for them has nothing to add to its response.
        if self.stated.selects_safely()
            && matches!(self.mark, Some(ValidatorSourcePresent::ForAllTags))
            && let Representation::Current(validators) = current
        {
            self.source = Some(validators);
        }
        None
    }

    /// The part of [`decide_before`](Self::decide_before) that needs no source. Writes
    /// are left to the handler, with their preconditions (P-09).
    pub(super) fn decide_without_source<B>(&self, request: &mut Request<B>) -> Option<EarlyAnswer> {
        if self.is_refused(&Representation::Unknown) {
            return Some(self.precondition_required());
        }
        self.repair_range(&Representation::Unknown, request);
        None
    }

    /// Whether the request states nothing that could be decided.
    #[cfg(feature = "assets")]
    pub(crate) const fn is_unconditional(&self) -> bool {
        self.stated.is_empty()
    }

    /// Decides what is left to decide, and completes the fields of the response. A 206 is completed as
    /// the 200 is, and keeps its content and its range.
    pub(crate) fn decide_after<B: Body>(self, response: Response<B>) -> Response<ConditionalBody<B>> {
        let (mut head, body) = response.into_parts();
        if is_interim(head.status) || is_grpc_exchange(self.claims_grpc, &head.headers) {
            return Response::from_parts(head, ConditionalBody::inner(body));
        }
        trace::invalid_etag(&head.headers);
        let is_empty = body.is_end_stream();
        let keeps_body = self.complete(&mut head, is_empty);
        if let Some(modified) = limit_last_modified(&mut head.headers, || self.clock.now())
            && head.extensions.get::<ModifiedInFuture>().is_none()
        {
            head.extensions.insert(ModifiedInFuture(modified));
        }
        // P-29: a body that is not kept is dropped here, unread.
        let body = if keeps_body { ConditionalBody::inner(body) } else { ConditionalBody::nothing() };
        Response::from_parts(head, body)
    }

    /// Whether the response keeps its body.
    fn complete(&self, head: &mut Parts, is_empty: bool) -> bool {
        if head.status == StatusCode::NOT_MODIFIED {
            // P-27: decided by an inner service, and only put in order here. N-04: it has no body.
            self.complete_not_modified(head);
            return false;
        }
        if !self.stated.selects_safely() || !head.status.is_success() {
            // P-02, P-09, P-27, G-10
            return true;
        }
        let unstamped = self.stamp(head);
        let is_coded = name_coding(&mut head.headers);
        let hides_coding = self.hides_coding(head.status, is_coded, is_empty);
        if !self.stated.is_empty() && !head.headers.get(CONTENT_TYPE).is_some_and(is_live_stream_type) {
            let evaluation = self.evaluate_response(head, unstamped, hides_coding);
            match (evaluation.outcome(), evaluation.condition()) {
                (Outcome::NotModified, Some(condition)) => {
                    let may = unstamped.is_none() && may_become_304(head.status);
                    if may && self.becomes_not_modified(head, condition, hides_coding) {
                        return false;
                    }
                }
                (Outcome::PreconditionFailed, Some(condition)) => {
                    // P-11: the method is safe.
                    head.status = StatusCode::PRECONDITION_FAILED;
                    into_precondition_failed(&mut head.headers);
                    // They were about storing the 200.
                    head.extensions.remove::<Decision>();
                    Ruling::forget(&mut head.headers, &mut head.extensions);
                    self.record(head, ConditionalReason::AfterHandler(condition));
                    return false;
                }
                _ => {}
            }
        }
        if hides_coding {
            // RFC 9110 section 9.3.2: the response to GET may have others, as it may be coded.
            for name in [CONTENT_LENGTH, ACCEPT_RANGES] {
                head.headers.remove(name);
            }
            remove_strong_tag(head);
        }
        // Without an exact size: a server would write `content-length: 0` in place of the one that was removed.
        !hides_coding
    }

    /// Fills in what an inner 304 lacks, and removes what it must not have.
    fn complete_not_modified(&self, head: &mut Parts) {
        // The field that decided names the tag (P-16).
        if self.kind != Kind::Other
            && !head.headers.contains_key(ETAG)
            && let Some(tag) = self.forwarded().only_tag_of_if_none_match()
        {
            set_field(&mut head.headers, ETAG, tag.into());
        }
        self.coded.restore_in_not_modified(&mut head.headers);
        into_not_modified(&mut head.headers);
        if head.extensions.get() == Some(&Unruled::BeforeHandler) {
            head.headers.remove(VARY);
        }
    }

    /// Gives a response without validators those of the source. Returns them where they are not those of
    /// this response.
    fn stamp(&self, head: &mut Parts) -> Option<&Validators> {
        let validators = self.source.as_ref()?;
        if head.headers.contains_key(ETAG) || head.headers.contains_key(LAST_MODIFIED) {
            return None;
        }
        let may_be_stamped = self.kind != Kind::Other
            && may_become_304(head.status)
            && !self.source_is_withheld
            && !is_for_one_client(head);
        if !may_be_stamped {
            return Some(validators);
        }
        // A date in the future decides as it is, and is replaced afterwards.
        validators.write_to(&mut head.headers, HttpDate::MAX);
        None
    }

    fn evaluate_response(&self, head: &Parts, unstamped: Option<&Validators>, hides_coding: bool) -> Evaluation {
        let now = || self.clock.now();
        if let Some(validators) = unstamped {
            return self.forwarded().evaluate(&Representation::Current(validators.clone()), now());
        }
        let stated = if hides_coding { self.forwarded() } else { &self.stated };
        let modified = head.extensions.get::<ModifiedInFuture>().map(|modified| modified.0);
        stated.evaluate_modified_answer(&head.headers, modified, now)
    }

    /// Turns a response into a 304, unless its tag is not known. Returns whether it did.
    fn becomes_not_modified(&self, head: &mut Parts, condition: Condition, hides_coding: bool) -> bool {
        if hides_coding {
            let plain = head.headers.get(ETAG).cloned();
            self.coded.restore_in_not_modified(&mut head.headers);
            if head.headers.get(ETAG) == plain.as_ref() {
                // A copy without a coding is not what the response to GET may have (V-09).
                if condition == Condition::IfNoneMatch && remove_strong_tag(head) {
                    return false;
                }
                remove_strong_tag(head);
            }
        }
        head.status = StatusCode::NOT_MODIFIED;
        into_not_modified(&mut head.headers);
        if self.for_edge {
            Ruling::stand_for_response(&mut head.extensions);
        }
        self.record(head, ConditionalReason::AfterHandler(condition));
        true
    }

    /// Whether the response to HEAD lacks what a compression layer does to the response to GET, as its body
    /// is empty.
    fn hides_coding(&self, status: StatusCode, is_coded: bool, is_empty: bool) -> bool {
        let Some(inner) = &self.inner_coding else { return false };
        if is_coded && self.kind == Kind::Get {
            inner.set_known();
        }
        self.kind == Kind::Head && !is_coded && is_empty && status == StatusCode::OK && inner.is_known()
    }

    fn forwarded(&self) -> &Preconditions {
        self.forwarded.as_deref().unwrap_or(&self.stated)
    }

    /// N-09
    fn is_refused(&self, current: &Representation) -> bool {
        self.is_precondition_required && self.stated.is_unprotected_write(current, self.clock.now())
    }

    /// Lets a `Range` through only when its `If-Range` is proved true, and when nothing is left to
    /// decide that comes before the range: an inner service may answer 416 where 304 is right.
    fn repair_range<B>(&self, current: &Representation, request: &mut Request<B>) {
        if !self.stated.has_range() {
            return;
        }
        let decided = matches!(current, Representation::Current(_)) && !self.source_is_withheld;
        let outranked = !decided && !self.trust_service_with_if_range && self.stated.may_be_not_modified();
        let condition = if self.coded.if_range_is_coded() || outranked {
            IfRange::False
        } else if self.trust_service_with_if_range {
            IfRange::Absent
        } else {
            self.forwarded().if_range(current, self.clock.now())
        };
        if condition == IfRange::False {
            request.headers_mut().remove(RANGE);
            request.headers_mut().remove(IF_RANGE);
        }
    }

    fn not_modified_before(&self, current: &Representation, condition: Condition) -> EarlyAnswer {
        let mut answer = EarlyAnswer::new(StatusCode::NOT_MODIFIED);
        let headers = &mut answer.head.headers;
        if let Representation::Current(validators) = current {
            validators.write_to(headers, self.clock.now());
        }
        self.coded.restore_in_not_modified(headers);
        if headers.contains_key(ETAG) {
            // N-02
            headers.remove(LAST_MODIFIED);
        }
        // A part of what the 200 says would take the place of all of it in a cache (N-06).
        headers.remove(VARY);
        self.record(&mut answer.head, ConditionalReason::BeforeHandler(condition));
        answer
    }

    fn failed_before(&self, condition: Condition) -> EarlyAnswer {
        let mut answer = EarlyAnswer::new(StatusCode::PRECONDITION_FAILED);
        into_precondition_failed(&mut answer.head.headers);
        self.record(&mut answer.head, ConditionalReason::BeforeHandler(condition));
        answer
    }

    fn precondition_required(&self) -> EarlyAnswer {
        let mut answer = EarlyAnswer::new(StatusCode::PRECONDITION_REQUIRED);
        answer.text = Some(HOW_TO_RESUBMIT);
        let headers = &mut answer.head.headers;
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        self.record(&mut answer.head, ConditionalReason::PreconditionRequired);
        answer
    }

    fn record(&self, head: &mut Parts, reason: ConditionalReason) {
        if self.record {
            head.extensions.insert(reason);
        }
    }
}

/// The statuses that a 304 can stand for, a partial response among them (P-26, R-04).
const fn may_become_304(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 206)
}

/// Whether a response is not the one that every client gets, or no client stores it: a validator of the
/// source does not name it.
fn is_for_one_client(head: &Parts) -> bool {
    head.headers.contains_key(SET_COOKIE)
        || (head.headers.contains_key(CACHE_CONTROL) && forbids_storing(&head.headers))
        || head.extensions.get::<Personalized>().is_some()
        || head.extensions.get::<CachePolicy>().is_some_and(CachePolicy::is_no_store)
}

/// Whether there was one. A weak tag is shared by all codings.
fn remove_strong_tag(head: &mut Parts) -> bool {
    let is_weak = |line: &HeaderValue| EntityTagRef::parse(line.as_bytes()).is_some_and(EntityTagRef::is_weak);
    let is_strong = head.headers.contains_key(ETAG) && !only_line(&head.headers, &ETAG).is_some_and(is_weak);
    if is_strong {
        head.headers.remove(ETAG);
    }
    is_strong
}

impl EarlyAnswer {
    /// A 304 has the policy of its 200. Where that is not known, an outer layer must not say more than
    /// the handler would have.
    fn give_policy(&mut self, policy: Option<CachePolicy>) {
        if self.head.status != StatusCode::NOT_MODIFIED {
            return;
        }
        match policy {
            Some(policy) => _ = self.head.extensions.insert(policy),
            None => _ = self.head.extensions.insert(Unruled::BeforeHandler),
        }
    }

    fn new(status: StatusCode) -> Self {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = status;
        Self { head, text: None }
    }

    pub(crate) fn into_response<B>(self) -> Response<ConditionalBody<B>> {
        let body = self.text.map_or_else(ConditionalBody::nothing, ConditionalBody::text);
        Response::from_parts(self.head, body)
    }
}
