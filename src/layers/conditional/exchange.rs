//! [`Exchange`]: one request and its answer, as the standard sees them.
//!
//! Everything that is decided stands here; the future only waits.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use http::response::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::body::ConditionalBody;
use super::config::Settings;
use super::reason::ConditionalReason;
use crate::layers::exempt::is_interim;
use crate::policy::{Decision, RequestFacts, Ruling, WithoutHandler};
use crate::protocol::{
    CodedTags, Condition, IfRange, Outcome, Preconditions, Representation, Validators, into_not_modified,
    into_precondition_failed, is_grpc_type, is_live_stream_type, name_coding_in_etag,
};

const HOW_TO_RESUBMIT: &str = "\
This resource is changed conditionally only, so that nobody's change is lost.\n\
To change it, send If-Match with the entity tag that GET gave you.\n\
To create it, send If-None-Match: *\n";

/// What is kept of a request until its answer comes.
#[derive(Debug)]
pub(crate) struct Exchange {
    settings: Settings,
    /// As the client stated them: for the answer, whose tag names its coding.
    stated: Preconditions,
    /// As a service inside sees them, where that differs.
    forwarded: Option<Box<Preconditions>>,
    coded: CodedTags,
    /// What a source knew, for a safe answer that says nothing of its own (V-13, V-17).
    stamp: Option<Validators>,
    safe: bool,
    /// Whether an edge layer is around.
    for_edge: bool,
}

/// What is answered without the handler.
#[derive(Debug)]
pub(crate) struct EarlyAnswer {
    head: Parts,
    text: Option<&'static str>,
}

impl Exchange {
    /// Reads the preconditions, and prepares the request for the services inside.
    pub(crate) fn begin<B>(settings: &Settings, request: &mut Request<B>) -> Self {
        let method = request.method().clone();
        let stated = Preconditions::new(&method, request.headers());
        let (coded, forwarded) = if stated.may_name_a_coding() {
            let coded = CodedTags::take_from(&method, request.headers_mut());
            let forwarded = coded.changed().then(|| Box::new(Preconditions::new(&method, request.headers())));
            (coded, forwarded)
        } else {
            (CodedTags::without_codings(stated.has_if_none_match()), None)
        };
        if method != Method::GET {
            // a range of anything but a GET has no meaning.
            request.headers_mut().remove(RANGE);
        }
        Self {
            settings: settings.clone(),
            stated,
            forwarded,
            coded,
            stamp: None,
            safe: matches!(method, Method::GET | Method::HEAD),
            for_edge: request.extensions().get::<RequestFacts>().is_some(),
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
        // Asked first, because most requests have none, and the clock is not free.
        if !self.stated.is_empty() {
            let evaluation = self.forwarded().evaluate(&current, self.settings.clock.now());
            match (evaluation.outcome(), evaluation.condition()) {
                (Outcome::NotModified, Some(condition)) => {
                    return Some(self.not_modified_before(&current, condition));
                }
                (Outcome::PreconditionFailed, Some(condition)) => {
                    return Some(self.failed_before(condition));
                }
                _ => {}
            }
        }
        self.repair_range(&current, request);
        if self.safe
            && let Representation::Current(validators) = current
        {
            self.stamp = Some(validators);
        }
        None
    }

    /// The part of [`decide_before`](Self::decide_before) that needs no source. Writes
    /// are left to the handler, with their preconditions as they came (P-09).
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

    /// Decides what is to be decided on the answer, and completes its fields. A 206 is completed as
    /// the 200 is, and keeps its content and its range.
    pub(crate) fn decide_after<B>(self, response: Response<B>) -> Response<ConditionalBody<B>> {
        let (mut head, body) = response.into_parts();
        let content_type = head.headers.get(CONTENT_TYPE);
        if is_interim(head.status) || content_type.is_some_and(is_grpc_type) {
            return Response::from_parts(head, ConditionalBody::inner(body));
        }
        let never_ends = content_type.is_some_and(is_live_stream_type);
        if head.status == StatusCode::NOT_MODIFIED {
            // P-27: decided inside, and only put in order here. N-04: it has no body.
            self.coded.restore_in_not_modified(&mut head.headers);
            into_not_modified(&mut head.headers);
            return Response::from_parts(head, ConditionalBody::nothing());
        }
        if !self.safe || !head.status.is_success() {
            // P-02, P-09, P-27, G-10
            return Response::from_parts(head, ConditionalBody::inner(body));
        }
        // P-26: the statuses that a 304 can stand for, a part among them.
        let may_be_not_modified = matches!(head.status.as_u16(), 200 | 203 | 206);
        let stamp = self.stamp.as_ref().filter(|_| {
            may_be_not_modified && !head.headers.contains_key(ETAG) && !head.headers.contains_key(LAST_MODIFIED)
        });
        if let Some(validators) = stamp {
            validators.write_to(&mut head.headers, self.settings.clock.now());
        }
        name_coding_in_etag(&mut head.headers);
        if self.stated.is_empty() || never_ends {
            return Response::from_parts(head, ConditionalBody::inner(body));
        }
        let evaluation = self.stated.evaluate_answer_at(&head.headers, || self.settings.clock.now());
        match (evaluation.outcome(), evaluation.condition()) {
            // The source's date was later than the client's, and was sent as now, which is earlier: by
            // a clock that is behind, the older version that the client has would stay in use (V-14).
            (Outcome::NotModified, Some(Condition::IfModifiedSince)) if stamp.is_some() => {
                Response::from_parts(head, ConditionalBody::inner(body))
            }
            (Outcome::NotModified, Some(condition)) if may_be_not_modified => {
                head.status = StatusCode::NOT_MODIFIED;
                into_not_modified(&mut head.headers);
                if self.for_edge {
                    Ruling::stand_for_response(&mut head.extensions);
                }
                self.record(&mut head, ConditionalReason::AfterHandler(condition));
                // P-29: the body is dropped here, unread.
                Response::from_parts(head, ConditionalBody::nothing())
            }
            (Outcome::PreconditionFailed, Some(condition)) => {
                // P-11: it was a GET or a HEAD.
                head.status = StatusCode::PRECONDITION_FAILED;
                into_precondition_failed(&mut head.headers);
                // It was about storing the 200.
                head.extensions.remove::<Decision>();
                self.record(&mut head, ConditionalReason::AfterHandler(condition));
                Response::from_parts(head, ConditionalBody::nothing())
            }
            _ => Response::from_parts(head, ConditionalBody::inner(body)),
        }
    }

    fn forwarded(&self) -> &Preconditions {
        self.forwarded.as_deref().unwrap_or(&self.stated)
    }

    /// N-09
    fn is_refused(&self, current: &Representation) -> bool {
        self.settings.require_preconditions && self.stated.is_unprotected_write(current, self.settings.clock.now())
    }

    /// Lets a `Range` through only when its `If-Range` is proved true.
    fn repair_range<B>(&self, current: &Representation, request: &mut Request<B>) {
        if !self.stated.has_range() {
            return;
        }
        let condition = if self.coded.if_range_is_coded() {
            IfRange::False
        } else if self.settings.trust_service_with_if_range {
            IfRange::Absent
        } else {
            self.forwarded().if_range(current, self.settings.clock.now())
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
            validators.write_to(headers, self.settings.clock.now());
        }
        self.coded.restore_in_not_modified(headers);
        into_not_modified(headers);
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
        if self.settings.record {
            head.extensions.insert(reason);
        }
    }
}

impl EarlyAnswer {
    fn new(status: StatusCode) -> Self {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = status;
        head.extensions.insert(WithoutHandler);
        Self { head, text: None }
    }

    pub(crate) fn into_response<B>(self) -> Response<ConditionalBody<B>> {
        let body = self.text.map_or_else(ConditionalBody::nothing, ConditionalBody::text);
        Response::from_parts(self.head, body)
    }
}
