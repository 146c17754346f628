//! [`Exchange`]: evaluates the preconditions of one request, before and after the handler.
//!
//! All decisions are made here. The future only waits.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE, SET_COOKIE, VARY,
};
use http::response::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;

use super::body::ConditionalBody;
use super::config::Settings;
use super::mark::{ModifiedInFuture, ValidatorSourcePresent};
use super::reason::ConditionalReason;
use super::selected::SelectedRepresentation;
use super::trace;
use crate::layers::bypass::{is_grpc_call, is_grpc_exchange, is_interim};
use crate::layers::shared::Shared;
use crate::policy::{CachePolicy, Decision, Facts, HandlerPolicy, Personalized, RequestFacts, Ruling, Unruled};
use crate::protocol::{
    Condition, ContentCodedTags, EntityTagRef, Evaluation, HttpDate, IfRange, Outcome, Preconditions, Representation,
    RepresentationFields, Validators, accepts_a_coding, add_coding_suffix, forbids_storing, has_valid_byte_range,
    into_not_modified, into_precondition_failed, join_lists_of_tags, limit_last_modified, only_line, set_field,
};

const HOW_TO_RESUBMIT: &str = "\
This resource accepts only conditional changes, so that no change is lost.\n\
To change it, send If-Match with the strong entity tag of the version that you changed,\n\
or If-Unmodified-Since with its Last-Modified date, if a GET response has one of them.\n\
To create it, send If-None-Match: *\n";

/// The state of a request until its response arrives.
#[derive(Debug)]
pub(crate) struct Exchange {
    settings: Shared<Settings>,
    kind: Kind,
    /// Whether the response to GET may have a content coding that the response to HEAD lacks.
    may_hide_coding: bool,
    is_precondition_required: bool,
    /// The preconditions of the client. They apply to the response, whose tag names its content coding.
    stated: Preconditions,
    /// Boxed, because few requests have tags that name a content coding.
    rewritten: Option<Box<Rewritten>>,
    /// The validators of a source, for the response to a safe request that does not have its own.
    // V-13, V-17
    source: Option<Box<Validators>>,
    /// Whether the validators of the source do not describe the response that this client gets.
    source_is_withheld: bool,
    /// Whether the request claims to be a gRPC call.
    claims_grpc: bool,
    /// Whether the stack has an outer edge layer.
    for_edge: bool,
}

/// The preconditions that the inner service receives in place of those whose tags name a content coding.
#[derive(Debug)]
struct Rewritten {
    coded: ContentCodedTags,
    preconditions: Preconditions,
}

/// The method, reduced to the cases that affect the response. An exchange lives as long as the handler runs, so it
/// stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Head,
    Other,
}

impl Rewritten {
    /// Removes the names of content codings from the tags of the request. Returns `None` if it has none.
    fn of<B>(request: &mut Request<B>) -> Option<Box<Self>> {
        let method = request.method().clone();
        let headers = request.headers_mut();
        let coded = ContentCodedTags::take_from(&method, headers);
        // A malformed `If-Range` stays as it is, but no range is sent for its tag either.
        let is_rewritten = coded.changed() || coded.if_range_is_coded();
        is_rewritten.then(|| Box::new(Self { coded, preconditions: Preconditions::known(&method, headers, true) }))
    }
}

impl Kind {
    const fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            _ => Self::Other,
        }
    }
}

/// A response that the layer returns without calling the handler.
#[derive(Debug)]
pub(crate) struct ShortCircuit {
    head: Response<()>,
    text: Option<&'static str>,
}

impl Exchange {
    /// Reads the preconditions and prepares the request for the inner service.
    pub(crate) fn begin<B>(settings: &Shared<Settings>, request: &mut Request<B>) -> Self {
        let (for_edge, known) = RequestFacts::left_in(request);
        join_lists_of_tags(request.headers_mut());
        let (method, headers) = (request.method(), request.headers());
        let kind = Kind::of(method);
        let mut stated = match known {
            Some(facts) => {
                // A layer in between may have replaced another field with a range. If the conditions of that range
                // were ignored, the inner service could send a range of another representation.
                let is_any = facts.has(Facts::CONDITIONAL) || headers.contains_key(RANGE);
                Preconditions::known(method, headers, is_any)
            }
            None => Preconditions::new(method, headers),
        };
        let is_precondition_required = settings.required.include(method);
        let claims_grpc = is_grpc_call(method, headers);
        let may_hide_coding =
            settings.inner_coding.is_some() && (kind == Kind::Get || (kind == Kind::Head && accepts_a_coding(headers)));
        let headers = request.headers_mut();
        if kind != Kind::Get {
            // ranges are defined only for GET.
            headers.remove(RANGE);
        } else if stated.has_range() && !has_valid_byte_range(headers) {
            headers.remove(RANGE);
            headers.remove(IF_RANGE);
            stated.without_range();
        }
        if stated.selects_safely() && !stated.is_empty() {
            stated.remove_ignored_dates(headers);
        }
        let rewritten = if stated.may_name_a_coding() { Rewritten::of(request) } else { None };
        Self {
            settings: settings.clone(),
            kind,
            may_hide_coding,
            is_precondition_required,
            stated,
            rewritten,
            source: None,
            source_is_withheld: false,
            claims_grpc,
            for_edge,
        }
    }

    /// Evaluates the preconditions with the validators of a source. Returns `None` if the handler must run.
    // P-01
    pub(super) fn decide_by_source<B>(
        &mut self,
        selected: SelectedRepresentation,
        request: &mut Request<B>,
    ) -> Option<ShortCircuit> {
        let (current, policy) = selected.into_parts();
        // The client may have received these validators before it signed in, with other content.
        self.source_is_withheld = self.stated.selects_safely()
            && (request.extensions().get::<Personalized>().is_some() || policy.is_some_and(|it| it.is_no_store()));
        match self.decide_before(current, request) {
            Some(mut response) => {
                response.give_policy(policy);
                Some(response)
            }
            None => {
                if self.kind == Kind::Get
                    && let Some(mark) = self.settings.mark
                {
                    mark.put_into(request.extensions_mut());
                }
                None
            }
        }
    }

    /// Evaluates the preconditions against the current representation. Returns `None` if the handler must run. An
    /// unsafe request whose precondition fails never reaches the handler.
    // P-01, P-08
    pub(crate) fn decide_before<B>(
        &mut self,
        current: Representation,
        request: &mut Request<B>,
    ) -> Option<ShortCircuit> {
        if self.is_refused(&current) {
            return Some(self.precondition_required());
        }
        // Most requests do not have preconditions, and reading the clock has a cost.
        if !self.stated.is_empty() {
            let evaluation = self.forwarded().evaluate_at(&current, &|| self.settings.clock.now());
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
        self.remove_unproved_range(&current, request);
        // A source that reads validators from the inner service has nothing to add to the response.
        if self.stated.selects_safely()
            && matches!(self.settings.mark, Some(ValidatorSourcePresent::ForAllTags))
            && let Representation::Current(validators) = current
        {
            self.source = Some(Box::new(validators));
        }
        None
    }

    /// Prepares the request for the handler without a source. Returns a 428 if a required precondition is missing. The
    /// handler evaluates the preconditions of unsafe requests itself.
    // P-09
    pub(super) fn decide_without_source<B>(&self, request: &mut Request<B>) -> Option<ShortCircuit> {
        if self.is_refused(&Representation::Unknown) {
            return Some(self.precondition_required());
        }
        self.remove_unproved_range(&Representation::Unknown, request);
        None
    }

    /// Returns whether the request lacks preconditions.
    #[cfg(feature = "assets")]
    pub(crate) const fn is_unconditional(&self) -> bool {
        self.stated.is_empty()
    }

    /// Returns whether a response without a validator can fail a precondition.
    #[cfg(feature = "assets")]
    pub(crate) fn requires_a_validator(&self) -> bool {
        self.stated.has_if_match()
    }

    /// Decides after the handler and completes the fields of the response. A 206 gets the same fields as the 200. Its
    /// content and its `Content-Range` stay.
    //
    #[inline]
    pub(crate) fn decide_after<B: Body>(&self, response: Response<B>) -> Response<ConditionalBody<B>> {
        let (mut head, body) = response.into_parts();
        // P-29: the body of a 304 or 412 is dropped unread.
        let keeps_body = self.decide_head(&mut head, body.is_end_stream());
        let body = if keeps_body { ConditionalBody::inner(body) } else { ConditionalBody::nothing() };
        Response::from_parts(head, body)
    }

    /// Decides about the head of a response. Returns whether the response has its body.
    fn decide_head(&self, head: &mut Parts, is_empty: bool) -> bool {
        if is_interim(head.status) || is_grpc_exchange(self.claims_grpc, &head.headers) {
            return true;
        }
        trace::invalid_etag(&head.headers);
        let (keeps_body, may_be_dated) = self.complete(head, is_empty);
        if may_be_dated
            && let Some(modified) = limit_last_modified(&mut head.headers, || self.settings.clock.now())
            && head.extensions.get::<ModifiedInFuture>().is_none()
        {
            head.extensions.insert(ModifiedInFuture(modified));
        }
        keeps_body
    }

    /// Completes the fields of the response. Returns whether the response has its body, and whether it may have a
    /// `Last-Modified`.
    fn complete(&self, head: &mut Parts, is_empty: bool) -> (bool, bool) {
        if head.status == StatusCode::NOT_MODIFIED {
            // P-27: the inner service decided, and only the fields are corrected. N-04: a 304 does not have a body.
            self.complete_not_modified(head);
            return (false, true);
        }
        if !self.stated.selects_safely() || !head.status.is_success() {
            // P-02, P-09, P-27, G-10
            return (true, true);
        }
        let unstamped = self.stamp(head);
        let (fields, mut tag) = RepresentationFields::with_tag(&head.headers);
        if fields.is_coded() || fields.tag_may_be_coded() {
            add_coding_suffix(&mut head.headers);
            tag = only_line(&head.headers, &ETAG);
        }
        let hides_coding = self.hides_coding(head.status, fields.is_coded(), is_empty);
        if !self.stated.is_empty() && !fields.is_live_stream() {
            let evaluation = self.evaluate_response(head, tag, unstamped, hides_coding);
            match (evaluation.outcome(), evaluation.condition()) {
                (Outcome::NotModified, Some(condition)) => {
                    let may = unstamped.is_none() && may_become_304(head.status);
                    if may && self.becomes_not_modified(head, fields, condition, hides_coding) {
                        return (false, fields.is_dated());
                    }
                }
                (Outcome::PreconditionFailed, Some(condition)) => {
                    // P-11: the method is safe.
                    head.status = StatusCode::PRECONDITION_FAILED;
                    into_precondition_failed(&mut head.headers);
                    // Both describe the 200, which is not sent.
                    head.extensions.remove::<Decision>();
                    Ruling::forget(&mut head.headers, &mut head.extensions);
                    self.record(&mut head.extensions, ConditionalReason::AfterHandler(condition));
                    return (false, false);
                }
                _ => {}
            }
        }
        if hides_coding {
            // RFC 9110 section 9.3.2: the response to GET may have other values, because it may have a content coding.
            for name in [CONTENT_LENGTH, ACCEPT_RANGES] {
                head.headers.remove(name);
            }
            remove_strong_tag(head);
        }
        // An empty body with an exact size would make the server write `content-length: 0`.
        (!hides_coding, fields.is_dated())
    }

    /// Completes the fields of a 304 from the inner service and removes those that a 304 must not have.
    fn complete_not_modified(&self, head: &mut Parts) {
        // P-16: `If-None-Match` takes precedence, so the 304 belongs to its tag.
        if self.kind != Kind::Other
            && !head.headers.contains_key(ETAG)
            && let Some(tag) = self.forwarded().only_tag_of_if_none_match()
        {
            set_field(&mut head.headers, ETAG, tag.into());
        }
        self.restore_coding(&mut head.headers);
        into_not_modified(&mut head.headers);
        if head.extensions.get() == Some(&Unruled::BeforeHandler) {
            head.headers.remove(VARY);
        }
    }

    /// Adds the validators of the source to a response that does not have its own. Returns the validators instead if
    /// they do not describe this response.
    fn stamp(&self, head: &mut Parts) -> Option<&Validators> {
        let validators = self.source.as_deref()?;
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
        // A date in the future is compared unchanged. It is replaced afterwards.
        validators.write_to(&mut head.headers, HttpDate::MAX);
        None
    }

    fn evaluate_response(
        &self,
        head: &Parts,
        tag: Option<&HeaderValue>,
        unstamped: Option<&Validators>,
        hides_coding: bool,
    ) -> Evaluation {
        let now = || self.settings.clock.now();
        if let Some(validators) = unstamped {
            return self.forwarded().evaluate(&Representation::Current(validators.clone()), now());
        }
        let stated = if hides_coding { self.forwarded() } else { &self.stated };
        let modified = head.extensions.get::<ModifiedInFuture>().map(|modified| modified.0);
        stated.evaluate_modified_response(&head.headers, tag, modified, now)
    }

    /// Turns the response into a 304, unless its entity tag is unknown. Returns whether it did.
    fn becomes_not_modified(
        &self,
        head: &mut Parts,
        mut fields: RepresentationFields,
        condition: Condition,
        hides_coding: bool,
    ) -> bool {
        if hides_coding {
            let plain = head.headers.get(ETAG).cloned();
            self.restore_coding(&mut head.headers);
            if head.headers.get(ETAG) == plain.as_ref() {
                // V-09: the response to GET may have a content coding, and then another strong tag.
                if condition == Condition::IfNoneMatch && remove_strong_tag(head) {
                    return false;
                }
                remove_strong_tag(head);
            }
            fields = RepresentationFields::of(&head.headers);
        }
        head.status = StatusCode::NOT_MODIFIED;
        fields.into_not_modified(&mut head.headers);
        if self.for_edge {
            Ruling::stand_for_response(&mut head.extensions);
        }
        self.record(&mut head.extensions, ConditionalReason::AfterHandler(condition));
        true
    }

    /// Returns whether a compression layer would compress the response to GET, but not this empty response to HEAD.
    fn hides_coding(&self, status: StatusCode, is_coded: bool, is_empty: bool) -> bool {
        let Some(inner) = self.settings.inner_coding.as_ref().filter(|_| self.may_hide_coding) else { return false };
        if is_coded && self.kind == Kind::Get {
            inner.set_known();
        }
        self.kind == Kind::Head && !is_coded && is_empty && status == StatusCode::OK && inner.is_known()
    }

    /// Adds the content coding of the client's tag to the tag of a 304.
    fn restore_coding(&self, headers: &mut HeaderMap) {
        match &self.rewritten {
            Some(rewritten) => rewritten.coded.restore_in_not_modified(headers),
            None => {
                ContentCodedTags::without_codings(self.stated.has_if_none_match()).restore_in_not_modified(headers);
            }
        }
    }

    fn forwarded(&self) -> &Preconditions {
        self.rewritten.as_ref().map_or(&self.stated, |rewritten| &rewritten.preconditions)
    }

    /// Returns whether the request must get a 428.
    fn is_refused(&self, current: &Representation) -> bool {
        // N-09
        self.is_precondition_required && self.stated.is_unprotected_write(current, self.settings.clock.now())
    }

    /// Removes a `Range` whose `If-Range` is not proved true, and one that another precondition precedes. An inner
    /// service could otherwise return 416 instead of 304.
    //
    fn remove_unproved_range<B>(&self, current: &Representation, request: &mut Request<B>) {
        if !self.stated.has_range() {
            return;
        }
        let decided = matches!(current, Representation::Current(_)) && !self.source_is_withheld;
        let outranked = !decided && !self.settings.inner_handles_if_range && self.stated.may_be_not_modified();
        let is_coded = self.rewritten.as_ref().is_some_and(|rewritten| rewritten.coded.if_range_is_coded());
        let condition = if is_coded || outranked {
            IfRange::False
        } else if self.settings.inner_handles_if_range {
            IfRange::Absent
        } else {
            self.forwarded().if_range(current, self.settings.clock.now())
        };
        if condition == IfRange::False {
            request.headers_mut().remove(RANGE);
            request.headers_mut().remove(IF_RANGE);
        }
    }

    fn not_modified_before(&self, current: &Representation, condition: Condition) -> ShortCircuit {
        let mut response = ShortCircuit::new(StatusCode::NOT_MODIFIED);
        let headers = response.head.headers_mut();
        if let Representation::Current(validators) = current {
            match validators.etag() {
                // N-02: without `Last-Modified`.
                Some(tag) => set_field(headers, ETAG, tag.to_header_value()),
                None => validators.write_to(headers, self.settings.clock.now()),
            }
        }
        self.restore_coding(headers);
        if self.rewritten.is_some() {
            // N-06: a cache would replace the `Vary` of the 200 with this incomplete one.
            headers.remove(VARY);
        }
        self.record(response.head.extensions_mut(), ConditionalReason::BeforeHandler(condition));
        response
    }

    fn failed_before(&self, condition: Condition) -> ShortCircuit {
        let mut response = ShortCircuit::new(StatusCode::PRECONDITION_FAILED);
        into_precondition_failed(response.head.headers_mut());
        self.record(response.head.extensions_mut(), ConditionalReason::BeforeHandler(condition));
        response
    }

    fn precondition_required(&self) -> ShortCircuit {
        let mut response = ShortCircuit::new(StatusCode::PRECONDITION_REQUIRED);
        response.text = Some(HOW_TO_RESUBMIT);
        let headers = response.head.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        self.record(response.head.extensions_mut(), ConditionalReason::PreconditionRequired);
        response
    }

    fn record(&self, extensions: &mut Extensions, reason: ConditionalReason) {
        if self.settings.record {
            extensions.insert(reason);
        }
    }
}

/// Returns whether a 304 can replace a response with this status. A partial response is one of them.
const fn may_become_304(status: StatusCode) -> bool {
    // P-26, R-04
    matches!(status.as_u16(), 200 | 203 | 206)
}

/// Returns whether the response is for one client or must not be stored. The validators of the source then do not
/// describe it.
fn is_for_one_client(head: &Parts) -> bool {
    head.headers.contains_key(SET_COOKIE)
        || (head.headers.contains_key(CACHE_CONTROL) && forbids_storing(&head.headers))
        || head.extensions.get::<Personalized>().is_some()
        || HandlerPolicy::is_no_store(head.status, &head.extensions)
}

/// Removes a strong `ETag` and returns whether there was one. All content codings share a weak tag, so it stays.
fn remove_strong_tag(head: &mut Parts) -> bool {
    let is_weak = |line: &HeaderValue| EntityTagRef::parse(line.as_bytes()).is_some_and(EntityTagRef::is_weak);
    let is_strong = head.headers.contains_key(ETAG) && !only_line(&head.headers, &ETAG).is_some_and(is_weak);
    if is_strong {
        head.headers.remove(ETAG);
    }
    is_strong
}

impl ShortCircuit {
    /// Gives a 304 the policy of its 200. If that policy is unknown, the mark tells outer layers to add nothing that
    /// could differ from the 200.
    fn give_policy(&mut self, policy: Option<CachePolicy>) {
        if self.head.status() != StatusCode::NOT_MODIFIED {
            return;
        }
        let extensions = self.head.extensions_mut();
        match policy {
            Some(policy) => _ = extensions.insert(policy),
            None => _ = extensions.insert(Unruled::BeforeHandler),
        }
    }

    fn new(status: StatusCode) -> Self {
        let mut head = Response::new(());
        *head.status_mut() = status;
        Self { head, text: None }
    }

    pub(super) const fn head_mut(&mut self) -> &mut Response<()> {
        &mut self.head
    }

    pub(crate) fn into_response<B>(self) -> Response<ConditionalBody<B>> {
        let body = self.text.map_or_else(ConditionalBody::nothing, ConditionalBody::text);
        self.head.map(|()| body)
    }
}
