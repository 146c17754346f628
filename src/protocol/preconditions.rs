//! [`Preconditions`]: conditional requests, as specified by RFC 9110 section 13.

use http::header::{
    DATE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::coding::may_name_a_coding;
use super::freshness::single_date;
use super::syntax::{only_line, set_field, trim_ows};
use super::validators::{etag_line, last_modified_of};
use super::{EntityTag, EntityTagList, EntityTagMember, EntityTagRef, HttpDate, Representation, Validators};

/// The field `If` of WebDAV (RFC 4918 section 10.4).
const IF: HeaderName = HeaderName::from_static("if");

/// The result of evaluating the preconditions of a request.
///
/// ```
/// use http::StatusCode;
/// use tower_cache_policy::protocol::Outcome;
///
/// fn status_without_content(outcome: Outcome) -> Option<StatusCode> {
///     match outcome {
///         Outcome::Proceed => None,
///         Outcome::NotModified => Some(StatusCode::NOT_MODIFIED),
///         Outcome::PreconditionFailed => Some(StatusCode::PRECONDITION_FAILED),
///     }
/// }
/// assert_eq!(status_without_content(Outcome::NotModified), Some(StatusCode::NOT_MODIFIED));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // RFC 9110 section 13.2.2 defines three results.
pub enum Outcome {
    /// Perform the method.
    Proceed,
    /// Respond with 304 (Not Modified): the client has the current representation.
    NotModified,
    /// Respond with 412 (Precondition Failed) and do not perform the method.
    PreconditionFailed,
}

/// The field that caused an [`Outcome`] other than [`Proceed`](Outcome::Proceed).
///
/// | Field | Sent by | The request proceeds if |
/// |---|---|---|
/// | [`IfMatch`](Self::IfMatch) | a client that changes a resource | one of the tags is current (strong comparison) |
/// | [`IfNoneMatch`](Self::IfNoneMatch) | a cache that revalidates, or a client that creates a resource with `*` | none of the tags is current (weak comparison) |
/// | [`IfModifiedSince`](Self::IfModifiedSince) | a cache that has only a date | the content was modified later |
/// | [`IfUnmodifiedSince`](Self::IfUnmodifiedSince) | a client that has only a date and changes a resource | the content was not modified later |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // RFC 9110 section 13.1 defines these fields.
pub enum Condition {
    /// `If-Match` ([RFC 9110 section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.1)).
    IfMatch,
    /// `If-None-Match` ([RFC 9110 section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.2)).
    IfNoneMatch,
    /// `If-Modified-Since` ([RFC 9110 section 13.1.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.3)).
    IfModifiedSince,
    /// `If-Unmodified-Since` ([RFC 9110 section 13.1.4](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.4)).
    IfUnmodifiedSince,
}

impl Condition {
    /// Returns the name of the field.
    #[must_use]
    pub const fn name(self) -> HeaderName {
        match self {
            Self::IfMatch => IF_MATCH,
            Self::IfNoneMatch => IF_NONE_MATCH,
            Self::IfModifiedSince => IF_MODIFIED_SINCE,
            Self::IfUnmodifiedSince => IF_UNMODIFIED_SINCE,
        }
    }
}

/// An [`Outcome`] and the field that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evaluation {
    outcome: Outcome,
    condition: Option<Condition>,
}

impl Evaluation {
    const PROCEED: Self = Self { outcome: Outcome::Proceed, condition: None };

    const fn failed(condition: Condition) -> Self {
        Self { outcome: Outcome::PreconditionFailed, condition: Some(condition) }
    }

    const fn not_modified(condition: Condition) -> Self {
        Self { outcome: Outcome::NotModified, condition: Some(condition) }
    }

    /// Returns how to handle the request.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.outcome
    }

    /// Returns the field whose condition was false, or `None` if the request proceeds.
    #[must_use]
    pub const fn condition(self) -> Option<Condition> {
        self.condition
    }
}

/// The result of evaluating `If-Range`, which makes a `Range` conditional
/// ([RFC 9110 section 13.1.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // A condition is absent, true or false.
pub enum IfRange {
    /// The request has no `If-Range`, or no `Range` that it could apply to.
    // R-08.
    Absent,
    /// The client has a part of the current representation. Send the requested range.
    True,
    /// The client has a different representation, or the validators cannot prove otherwise. Ignore `Range` and send the
    /// complete representation.
    // R-10.
    False,
}

/// The preconditions of one request.
///
/// Holds reference-counted field values, so it remains usable after a handler has consumed the request.
///
/// # Example
///
/// Compare the preconditions of an update with the current representation:
/// ```
/// use http::{HeaderMap, HeaderValue, Method, header::IF_MATCH};
/// use tower_cache_policy::protocol::{
///     EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators,
/// };
///
/// let mut headers = HeaderMap::new();
/// headers.insert(IF_MATCH, HeaderValue::from_static("\"v1\""));
/// let preconditions = Preconditions::new(&Method::PUT, &headers);
///
/// let now = HttpDate::UNIX_EPOCH;
/// let v2 = Validators::new().with_etag(EntityTag::from_static("\"v2\""));
/// assert_eq!(preconditions.evaluate(&v2.into(), now).outcome(), Outcome::PreconditionFailed);
/// assert_eq!(
///     preconditions.evaluate(&Representation::Missing, now).outcome(),
///     Outcome::PreconditionFailed,
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Preconditions {
    scope: Scope,
    /// `If-None-Match`, or `If-Modified-Since` if the former is absent. Otherwise `If-Modified-Since` is ignored
    /// (P-17).
    received: FieldLines,
    received_is_date: bool,
    /// The other fields. Boxed, because most requests have none of them, and layers hold this value until they get the
    /// response.
    others: Option<Box<RareFields>>,
    has_range: bool,
    /// Whether the request has `If-Modified-Since` or `If-Unmodified-Since`, even if its method ignores them.
    has_date: bool,
    has_webdav_if: bool,
}

impl Preconditions {
    /// Collects the preconditions of a request with this method and these header fields.
    ///
    /// The method determines which results are possible:
    ///
    /// | Method | Possible results |
    /// |---|---|
    /// | GET, HEAD, QUERY | proceed, 304, 412 |
    /// | OPTIONS, PRI, PROPFIND, REPORT, SEARCH, TRACE, CONNECT | proceed, because the fields do not apply |
    /// | any other method, which is treated as unsafe | proceed, 412 |
    #[must_use]
    pub fn new(method: &Method, headers: &HeaderMap) -> Self {
        // Most requests have no preconditions. One iteration over all fields costs less than a lookup of each name.
        #[cfg(test)]
        super::counters::count(|counts| counts.request_walks += 1);
        let mut present = 0;
        for name in headers.keys() {
            present |= match *name {
                IF_NONE_MATCH => 1,
                IF_MODIFIED_SINCE => 1 << 1,
                IF_MATCH => 1 << 2,
                IF_UNMODIFIED_SINCE => 1 << 3,
                IF_RANGE => 1 << 4,
                RANGE => 1 << 5,
                _ => 0,
            };
        }
        let place = |name: &HeaderName| match *name {
            IF_NONE_MATCH => 1,
            IF_MODIFIED_SINCE => 1 << 1,
            IF_MATCH => 1 << 2,
            IF_UNMODIFIED_SINCE => 1 << 3,
            IF_RANGE => 1 << 4,
            _ => 1 << 5,
        };
        Self::of_fields(method, headers, |name| present & place(name) != 0)
    }

    /// Collects the preconditions for a caller that already knows whether the request has any.
    pub(crate) fn known(method: &Method, headers: &HeaderMap, is_any: bool) -> Self {
        Self::of_fields(method, headers, |name| is_any && headers.contains_key(name))
    }

    /// Reads the fields that are present.
    fn of_fields(method: &Method, headers: &HeaderMap, is_present: impl Fn(&HeaderName) -> bool) -> Self {
        let scope = Scope::of(method);
        let lines = |name: HeaderName, applies: bool| {
            if applies && is_present(&name) { FieldLines::of(headers, &name) } else { FieldLines::None }
        };
        // P-03, P-25
        let applies = scope != Scope::None;
        let is_get = *method == Method::GET;
        let has_range = is_get && is_present(&RANGE);
        let has_date = is_present(&IF_UNMODIFIED_SINCE) || is_present(&IF_MODIFIED_SINCE);
        let has_others =
            is_present(&IF_UNMODIFIED_SINCE) || is_present(&IF_MATCH) || (has_range && is_present(&IF_RANGE));
        let others = has_others.then(|| RareFields {
            if_match: lines(IF_MATCH, applies),
            if_unmodified_since: lines(IF_UNMODIFIED_SINCE, applies),
            // R-08: `If-Range` has no effect without a `Range`.
            if_range: lines(IF_RANGE, has_range),
        });
        let if_none_match = lines(IF_NONE_MATCH, applies);
        // P-18: applies only to GET and HEAD, and not to QUERY.
        let takes_date = if_none_match.is_none() && (is_get || *method == Method::HEAD);
        let received = if takes_date { lines(IF_MODIFIED_SINCE, true) } else { if_none_match };
        let is_condition = |line: &HeaderValue| is_webdav_condition(line.as_bytes());
        Self {
            scope,
            received_is_date: takes_date,
            received,
            others: others.and_then(RareFields::boxed),
            has_date,
            has_range,
            has_webdav_if: scope == Scope::Unsafe && headers.get_all(IF).iter().any(is_condition),
        }
    }

    const fn if_none_match_lines(&self) -> &FieldLines {
        if self.received_is_date { FieldLines::none() } else { &self.received }
    }

    const fn if_modified_since_lines(&self) -> &FieldLines {
        if self.received_is_date { &self.received } else { FieldLines::none() }
    }

    fn others(&self) -> &RareFields {
        static NONE: RareFields = RareFields {
            if_match: FieldLines::None,
            if_unmodified_since: FieldLines::None,
            if_range: FieldLines::None,
        };
        self.others.as_deref().unwrap_or(&NONE)
    }

    /// Returns whether the request has no preconditions.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.received.is_none() && self.others.is_none()
    }

    /// Returns whether the method is unsafe, so that [`Outcome::Proceed`] may change the resource.
    #[must_use]
    pub const fn is_unsafe_method(&self) -> bool {
        matches!(self.scope, Scope::Unsafe)
    }

    /// Returns whether the request is unsafe and has no protection against lost updates.
    ///
    /// Each of these fields protects a request: `If-Match`, an `If-None-Match` with a valid tag or `*`, an
    /// `If-Unmodified-Since` that has an effect, and the `If` of WebDAV ([RFC 4918 section
    /// 10.4](https://www.rfc-editor.org/rfc/rfc4918.html#section-10.4)), which the application evaluates.
    ///
    /// `If-Unmodified-Since` has no effect if its date is invalid, or if the representation has no modification date.
    /// The standard requires a server to ignore it then.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method};
    /// use tower_cache_policy::protocol::{EntityTag, HttpDate, Preconditions, Validators};
    ///
    /// let current = Validators::new().with_etag(EntityTag::from_static("\"v7\"")).into();
    /// let now = HttpDate::UNIX_EPOCH;
    ///
    /// let mut headers = HeaderMap::new();
    /// assert!(Preconditions::new(&Method::PUT, &headers).is_unprotected_write(&current, now), "send 428");
    /// assert!(!Preconditions::new(&Method::GET, &headers).is_unprotected_write(&current, now));
    /// headers.insert("if-match", HeaderValue::from_static("\"v7\""));
    /// assert!(!Preconditions::new(&Method::PUT, &headers).is_unprotected_write(&current, now));
    /// ```
    #[must_use]
    pub fn is_unprotected_write(&self, current: &Representation, now: HttpDate) -> bool {
        // N-09, P-12.
        self.scope == Scope::Unsafe
            && self.others().if_match.is_none()
            && !self.if_none_match_has_effect()
            && !self.has_webdav_if
            && match current {
                Representation::Current(validators) => {
                    validators.last_modified().is_none() || self.others().if_unmodified_since.date(now).is_none()
                }
                Representation::Missing => true,
                Representation::Unknown => self.others().if_unmodified_since.date(now).is_none(),
            }
    }

    /// Returns whether `If-None-Match` has a member that can prevent a write. A malformed member matches nothing.
    // P-23
    fn if_none_match_has_effect(&self) -> bool {
        let mut members = EntityTagList::new(self.if_none_match_lines().as_slice());
        members.any(|member| member != EntityTagMember::Malformed)
    }

    /// Evaluates the preconditions against the current representation.
    ///
    /// Follows steps 1 to 4 and 6 of [RFC 9110 section
    /// 13.2.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2). Step 5 is [`if_range`](Self::if_range).
    /// `now` is used only to interpret two-digit years.
    ///
    /// - A safe request for a [`Missing`](Representation::Missing) or [`Unknown`](Representation::Unknown)
    ///   representation proceeds. The response may be an error, to which preconditions do not apply.
    /// - An unsafe request with a precondition fails if the representation is [`Unknown`](Representation::Unknown).
    ///
    /// To evaluate against the response of a handler, use [`evaluate_response`](Self::evaluate_response).
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method};
    /// use tower_cache_policy::protocol::{Condition, EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("if-none-match", HeaderValue::from_static("W/\"v7\""));
    /// let preconditions = Preconditions::new(&Method::GET, &headers);
    /// let now = HttpDate::UNIX_EPOCH;
    ///
    /// // A revalidation ignores whether a tag is weak.
    /// let current = Validators::new().with_etag(EntityTag::from_static("\"v7\"")).into();
    /// let evaluation = preconditions.evaluate(&current, now);
    /// assert_eq!(evaluation.outcome(), Outcome::NotModified);
    /// assert_eq!(evaluation.condition(), Some(Condition::IfNoneMatch));
    /// assert_eq!(preconditions.evaluate(&Representation::Missing, now).outcome(), Outcome::Proceed);
    /// ```
    #[must_use]
    pub fn evaluate(&self, current: &Representation, now: HttpDate) -> Evaluation {
        self.evaluate_at(current, &|| now)
    }

    /// Evaluates like [`evaluate`](Self::evaluate). Reads the clock only to compare dates.
    pub(crate) fn evaluate_at(&self, current: &Representation, now: &impl Fn() -> HttpDate) -> Evaluation {
        // P-02, P-05, D-04.
        match (current, self.scope) {
            (_, Scope::None) | (Representation::Missing | Representation::Unknown, Scope::Safe) => Evaluation::PROCEED,
            (Representation::Missing, Scope::Unsafe) => {
                if self.others().if_match.is_none() {
                    Evaluation::PROCEED
                } else {
                    Evaluation::failed(Condition::IfMatch)
                }
            }
            (Representation::Unknown, Scope::Unsafe) => self.refuse_unknown(now()),
            (Representation::Current(validators), Scope::Safe | Scope::Unsafe) => {
                self.in_order(validators.etag().map(EntityTag::as_ref), || validators.last_modified(), now)
            }
        }
    }

    /// Evaluates the preconditions of a safe request against the validators in a response.
    ///
    /// The caller must first check that preconditions apply to the response's status code
    /// ([RFC 9110 section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.1)). An unsafe request
    /// always proceeds, because the handler has already performed it.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method};
    /// use tower_cache_policy::protocol::{HttpDate, Outcome, Preconditions, into_not_modified};
    ///
    /// let mut request = HeaderMap::new();
    /// request.insert("if-none-match", HeaderValue::from_static("\"v7\""));
    /// let mut response = HeaderMap::new();
    /// response.insert("etag", HeaderValue::from_static("\"v7\""));
    /// response.insert("content-length", HeaderValue::from_static("5"));
    ///
    /// let evaluation = Preconditions::new(&Method::GET, &request).evaluate_response(&response, HttpDate::UNIX_EPOCH);
    /// assert_eq!(evaluation.outcome(), Outcome::NotModified);
    /// into_not_modified(&mut response);
    /// assert!(!response.contains_key("content-length"));
    /// ```
    #[must_use]
    pub fn evaluate_response(&self, response: &HeaderMap, now: HttpDate) -> Evaluation {
        // P-02, P-26, P-09.
        self.evaluate_answer_at(response, || now)
    }

    /// Evaluates the preconditions of a GET or HEAD against a stored response, as a cache does
    /// ([RFC 9111 section 4.3.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.2)).
    ///
    /// Considers only `If-None-Match` and `If-Modified-Since`. If [`is_for_origin`](Self::is_for_origin) returns
    /// `true`, the cache forwards the request instead.
    ///
    /// If the stored response does not have `Last-Modified`, its `Date` is compared with `If-Modified-Since`, or
    /// `received`, the time at which the cache received it, if the response does not have a valid `Date`. `now` is used
    /// only to interpret two-digit years.
    ///
    /// The caller must first check that the stored response is reusable and has the status code 200.
    ///
    /// ```
    /// use http::{HeaderMap, Method};
    /// use tower_cache_policy::protocol::{HttpDate, Outcome, Preconditions};
    ///
    /// let received = HttpDate::from_unix_seconds(784_111_777).unwrap();
    /// let mut request = HeaderMap::new();
    /// request.insert("if-modified-since", received.to_header_value());
    ///
    /// let preconditions = Preconditions::new(&Method::GET, &request);
    /// let evaluation = preconditions.evaluate_stored(&HeaderMap::new(), received, received);
    /// assert_eq!(evaluation.outcome(), Outcome::NotModified);
    /// ```
    #[must_use]
    pub fn evaluate_stored(&self, stored: &HeaderMap, received: HttpDate, now: HttpDate) -> Evaluation {
        // P-10.
        if self.scope != Scope::Safe {
            return Evaluation::PROCEED;
        }
        let modified = || {
            if stored.contains_key(LAST_MODIFIED) {
                last_modified_of(stored, now)
            } else {
                Some(single_date(stored, &DATE, now).unwrap_or(received))
            }
        };
        let etag = etag_line(stored).and_then(|line| EntityTagRef::parse(line.as_bytes()));
        self.since_client_received_it(etag, &modified, &|| now)
    }

    /// Returns whether the request has `If-Match` or `If-Unmodified-Since`, which only an origin server evaluates
    /// ([RFC 9111 section 4.3.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.2)).
    #[must_use]
    pub const fn is_for_origin(&self) -> bool {
        // P-10.
        match &self.others {
            Some(others) => !others.if_match.is_none() || !others.if_unmodified_since.is_none(),
            None => false,
        }
    }

    /// Evaluates like [`evaluate_response`](Self::evaluate_response). Reads the clock only to compare dates.
    pub(crate) fn evaluate_answer_at(&self, response: &HeaderMap, now: impl Fn() -> HttpDate) -> Evaluation {
        self.evaluate_modified_response(response, etag_line(response), None, now)
    }

    /// Evaluates a response whose `Last-Modified` was in the future and has been replaced. Compares `modified`, the
    /// original date, instead of the date that is sent.
    pub(crate) fn evaluate_modified_response(
        &self,
        response: &HeaderMap,
        etag: Option<&HeaderValue>,
        modified: Option<HttpDate>,
        now: impl Fn() -> HttpDate,
    ) -> Evaluation {
        // V-14.
        if self.scope != Scope::Safe {
            return Evaluation::PROCEED;
        }
        self.in_order(
            etag.and_then(|line| EntityTagRef::parse(line.as_bytes())),
            || modified.or_else(|| last_modified_of(response, now())),
            &now,
        )
    }

    /// Returns whether the method is safe and selects a representation, so that a 304 is possible.
    pub(crate) const fn selects_safely(&self) -> bool {
        matches!(self.scope, Scope::Safe)
    }

    pub(crate) const fn has_if_none_match(&self) -> bool {
        !self.if_none_match_lines().is_none()
    }

    /// Returns whether the request has `If-Match`.
    #[cfg(feature = "assets")]
    pub(crate) fn has_if_match(&self) -> bool {
        !self.others().if_match.is_none()
    }

    /// Returns whether one of the fields can turn the response to a GET into a 304.
    pub(crate) fn may_be_not_modified(&self) -> bool {
        !self.if_none_match_lines().is_none() || !self.if_modified_since_lines().is_none()
    }

    /// Returns whether a condition depends on a validator and not only on the existence of the representation.
    pub(crate) fn needs_validators(&self) -> bool {
        let names_a_tag =
            |field: &FieldLines| EntityTagList::new(field.as_slice()).any(|member| member != EntityTagMember::Any);
        names_a_tag(&self.others().if_match)
            || names_a_tag(self.if_none_match_lines())
            || !self.others().if_unmodified_since.is_none()
            || !self.others().if_range.is_none()
    }

    /// Returns whether a condition depends on an entity tag.
    pub(crate) fn needs_entity_tag(&self) -> bool {
        !self.others().if_match.is_none() || !self.if_none_match_lines().is_none() || !self.others().if_range.is_none()
    }

    /// Returns the tag of an `If-None-Match` that contains exactly one.
    pub(crate) fn only_tag_of_if_none_match(&self) -> Option<EntityTag> {
        let FieldLines::One(line) = self.if_none_match_lines() else { return None };
        let mut members = EntityTagList::new([line]);
        match (members.next(), members.next()) {
            (Some(EntityTagMember::Tag(tag)), None) => Some(tag.to_owned()),
            _ => None,
        }
    }

    /// Removes a `Range` that will not be honored, and the `If-Range` that depends on it.
    pub(crate) fn without_range(&mut self) {
        // R-08.
        self.has_range = false;
        self.others =
            self.others.take().and_then(|others| RareFields { if_range: FieldLines::None, ..*others }.boxed());
    }

    /// Removes the dates of a safe request that a server must ignore. Some services evaluate such a date if the list of
    /// tags is empty, or use the first of several lines.
    pub(crate) fn remove_ignored_dates(&self, headers: &mut HeaderMap) {
        // P-12, P-17, P-18.
        if !self.has_date {
            return;
        }
        let is_list = |field: &FieldLines| matches!(field, FieldLines::Many(_));
        if !self.if_none_match_lines().is_none() || is_list(self.if_modified_since_lines()) {
            headers.remove(IF_MODIFIED_SINCE);
        }
        if !self.others().if_match.is_none() || is_list(&self.others().if_unmodified_since) {
            headers.remove(IF_UNMODIFIED_SINCE);
        }
    }

    /// Returns whether an entity tag may contain the name of a content coding. This is an inexpensive check.
    pub(crate) fn may_name_a_coding(&self) -> bool {
        let names_a_coding = |field: &FieldLines| field.as_slice().iter().any(may_name_a_coding);
        names_a_coding(self.if_none_match_lines())
            || self.others.as_ref().is_some_and(|it| names_a_coding(&it.if_match) || names_a_coding(&it.if_range))
    }

    /// Evaluates `If-Range`, which is step 5 of
    /// [RFC 9110 section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2).
    ///
    /// Returns [`IfRange::False`] for a [`Missing`](Representation::Missing) or [`Unknown`](Representation::Unknown)
    /// representation. `now` is used only to interpret two-digit years.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method, header::{IF_RANGE, RANGE}};
    /// use tower_cache_policy::protocol::{EntityTag, HttpDate, IfRange, Preconditions, Validators};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(RANGE, HeaderValue::from_static("bytes=100-"));
    /// headers.insert(IF_RANGE, HeaderValue::from_static("\"v1\""));
    /// let preconditions = Preconditions::new(&Method::GET, &headers);
    ///
    /// let now = HttpDate::UNIX_EPOCH;
    /// let current = |etag| Validators::new().with_etag(EntityTag::from_static(etag)).into();
    /// assert_eq!(preconditions.if_range(&current("\"v1\""), now), IfRange::True);
    /// assert_eq!(preconditions.if_range(&current("\"v2\""), now), IfRange::False);
    /// ```
    #[must_use]
    pub fn if_range(&self, current: &Representation, now: HttpDate) -> IfRange {
        // R-08 to R-12.
        let value = match &self.others().if_range {
            FieldLines::None => return IfRange::Absent,
            FieldLines::One(value) => value.as_bytes(),
            // Several lines are neither a tag nor a date.
            FieldLines::Many(_) => return IfRange::False,
        };
        let Representation::Current(validators) = current else {
            return IfRange::False;
        };
        if if_range_holds(value, validators, now) { IfRange::True } else { IfRange::False }
    }

    /// Returns whether the request is a GET with a `Range`.
    #[must_use]
    pub const fn has_range(&self) -> bool {
        self.has_range
    }

    /// Follows RFC 9110 section 13.2.2 for a representation that exists.
    fn in_order(
        &self,
        etag: Option<EntityTagRef<'_>>,
        last_modified: impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Evaluation {
        // Step 1. Step 2 applies if If-Match is absent, but not if it is malformed (P-12).
        if self.others.is_some() {
            match self.if_match(etag) {
                Some(true) => {}
                Some(false) => return Evaluation::failed(Condition::IfMatch),
                None => {
                    if self.if_unmodified_since(&last_modified, now) == Some(false) {
                        return Evaluation::failed(Condition::IfUnmodifiedSince);
                    }
                }
            }
        }
        self.since_client_received_it(etag, &last_modified, now)
    }

    /// Evaluates `If-None-Match` and `If-Modified-Since`.
    fn since_client_received_it(
        &self,
        etag: Option<EntityTagRef<'_>>,
        last_modified: &impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Evaluation {
        // Step 3. Step 4 applies only if If-None-Match is absent (P-17).
        match self.if_none_match(etag) {
            Some(true) => {}
            // P-16.
            Some(false) if self.scope == Scope::Safe => {
                return Evaluation::not_modified(Condition::IfNoneMatch);
            }
            Some(false) => return Evaluation::failed(Condition::IfNoneMatch),
            None => {
                if self.if_modified_since(last_modified, now) == Some(false) {
                    return Evaluation::not_modified(Condition::IfModifiedSince);
                }
            }
        }
        // Step 6.
        Evaluation::PROCEED
    }

    /// Evaluates `If-Match`. Returns `None` if the field is absent.
    fn if_match(&self, etag: Option<EntityTagRef<'_>>) -> Option<bool> {
        // P-06, P-07.
        let matches = |tag: EntityTagRef<'_>| etag.is_some_and(|etag| etag.strong_eq(tag));
        let list = TagListSummary::of(&self.others().if_match, matches)?;
        Some(match list.stars {
            0 => list.matched,
            // P-22: `*` with other members is invalid and matches nothing.
            1 => list.others == 0,
            _ => false,
        })
    }

    /// Evaluates `If-None-Match`. Returns `None` if the field is absent.
    fn if_none_match(&self, etag: Option<EntityTagRef<'_>>) -> Option<bool> {
        // P-14, P-15. The usual case: a browser sends the tag exactly as it received it.
        if etag.is_some_and(|etag| matches!(self.if_none_match_lines(), FieldLines::One(line) if etag.is_all_of(line)))
        {
            return Some(false);
        }
        let matches = |tag: EntityTagRef<'_>| etag.is_some_and(|etag| etag.weak_eq(tag));
        let list = TagListSummary::of(self.if_none_match_lines(), matches)?;
        let star_alone = list.stars == 1 && list.others == 0;
        Some(match self.scope {
            // P-22: an invalid `*` does not cause a 304.
            Scope::Safe | Scope::None => !(star_alone || list.matched),
            // Neither an invalid `*` nor a malformed list permits an unsafe method.
            Scope::Unsafe => !(list.stars > 0 || list.matched || list.unreadable),
        })
    }

    /// Evaluates `If-Unmodified-Since`. Returns `None` if it has no effect.
    fn if_unmodified_since(
        &self,
        last_modified: &impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Option<bool> {
        // P-12, P-13.
        let date = self.others().if_unmodified_since.date_at(now)?;
        Some(last_modified()? <= date)
    }

    /// Evaluates `If-Modified-Since`. Returns `None` if it has no effect.
    fn if_modified_since(
        &self,
        last_modified: &impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Option<bool> {
        // P-18, P-19, P-20.
        let date = self.if_modified_since_lines().date_at(now)?;
        Some(last_modified()? > date)
    }

    fn refuse_unknown(&self, now: HttpDate) -> Evaluation {
        if !self.others().if_match.is_none() {
            Evaluation::failed(Condition::IfMatch)
        } else if self.others().if_unmodified_since.date(now).is_some() {
            Evaluation::failed(Condition::IfUnmodifiedSince)
        } else if !self.if_none_match_lines().is_none() {
            Evaluation::failed(Condition::IfNoneMatch)
        } else {
            Evaluation::PROCEED
        }
    }
}

/// Returns whether `value` of `If-Range` matches the current representation.
fn if_range_holds(value: &[u8], validators: &Validators, now: HttpDate) -> bool {
    // R-09, R-11, R-12.
    let is_entity_tag = value.iter().take(3).any(|&byte| byte == b'"');
    if is_entity_tag {
        let current = validators.etag().map(EntityTag::as_ref);
        EntityTagRef::parse(value).zip(current).is_some_and(|(given, current)| given.strong_eq(current))
    } else {
        validators.last_modified_is_strong()
            && HttpDate::parse(value, now)
                .ok()
                .zip(validators.last_modified())
                .is_some_and(|(given, current)| given == current)
    }
}

/// The preconditions that apply to a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// GET, HEAD and QUERY.
    // P-25.
    Safe,
    /// Any method that may change the resource, including unknown methods.
    Unsafe,
    /// CONNECT, and the safe methods whose response is not a selected representation.
    // P-03.
    None,
}

impl Scope {
    /// Classifies a method by the registry at <https://www.iana.org/assignments/http-methods>.
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Safe,
            Method::CONNECT | Method::OPTIONS | Method::TRACE => Self::None,
            _ => match method.as_str() {
                "QUERY" => Self::Safe,
                "PRI" | "PROPFIND" | "REPORT" | "SEARCH" => Self::None,
                _ => Self::Unsafe,
            },
        }
    }
}

/// Joins the lines of `If-Match`, and those of `If-None-Match`, into one line each, because some services read only the
/// first line (RFC 9110 section 5.3).
///
/// Leaves a list with an unterminated tag unchanged: joined, that tag would include the next line.
pub(crate) fn join_lists_of_tags(headers: &mut HeaderMap) {
    // P-21. The usual case: no field has a second line.
    if headers.len() == headers.keys_len() {
        return;
    }
    for name in [IF_MATCH, IF_NONE_MATCH] {
        let lines = || headers.get_all(&name).iter();
        if lines().nth(1).is_none() || EntityTagList::new(lines()).any(|member| member == EntityTagMember::Unreadable) {
            continue;
        }
        let members = lines().map(|line| trim_ows(line.as_bytes())).filter(|line| !line.is_empty());
        let joined = members.collect::<Vec<_>>().join(&b", "[..]);
        if let Ok(joined) = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined)) {
            set_field(headers, name, joined);
        }
    }
}

/// Returns whether a line of WebDAV's `If` contains at least one condition (RFC 4918 section 10.4.2).
///
/// ```text
/// If = 1*( [ "<" URI ">" ] 1*( "(" 1*( [ "Not" ] ( "<" URI ">" / "[" entity-tag "]" ) ) ")" ) )
/// ```
fn is_webdav_condition(line: &[u8]) -> bool {
    let mut rest = line.trim_ascii_start();
    let mut lists = 0;
    while !rest.is_empty() {
        if let Some(after) = between(rest, b'<', b'>') {
            rest = after.trim_ascii_start();
        }
        let Some(mut list) = rest.strip_prefix(b"(") else { return false };
        let mut conditions = 0;
        rest = loop {
            list = list.trim_ascii_start();
            if let Some(after) = list.strip_prefix(b")") {
                break after.trim_ascii_start();
            }
            let condition = match list.split_at_checked(3) {
                Some((not, after)) if not.eq_ignore_ascii_case(b"not") => after.trim_ascii_start(),
                _ => list,
            };
            match between(condition, b'<', b'>').or_else(|| between(condition, b'[', b']')) {
                Some(after) => list = after,
                None => return false,
            }
            conditions += 1;
        };
        if conditions == 0 {
            return false;
        }
        lists += 1;
    }
    lists > 0
}

/// Returns the text that follows a nonempty text between these two bytes.
fn between(text: &[u8], open: u8, close: u8) -> Option<&[u8]> {
    let inner = text.strip_prefix(&[open])?;
    let end = inner.iter().position(|&byte| byte == close)?;
    (end > 0).then(|| &inner[end + 1..])
}

/// The fields that most requests do not have.
#[derive(Clone, Debug)]
struct RareFields {
    if_match: FieldLines,
    if_unmodified_since: FieldLines,
    if_range: FieldLines,
}

impl RareFields {
    /// Returns `None` if there are no lines.
    fn boxed(self) -> Option<Box<Self>> {
        let is_empty = self.if_match.is_none() && self.if_unmodified_since.is_none() && self.if_range.is_none();
        (!is_empty).then(|| Box::new(self))
    }
}

/// The lines of one field. The usual case of one line does not need an allocation.
#[derive(Clone, Debug)]
enum FieldLines {
    None,
    One(HeaderValue),
    Many(Vec<HeaderValue>),
}

impl FieldLines {
    const fn none() -> &'static Self {
        static NONE: FieldLines = FieldLines::None;
        &NONE
    }

    fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        if let Some(line) = only_line(headers, name) {
            return Self::One(line.clone());
        }
        let mut lines = headers.get_all(name).iter().cloned();
        match (lines.next(), lines.next()) {
            (None, _) => Self::None,
            (Some(line), None) => Self::One(line),
            (Some(first), Some(second)) => Self::Many([first, second].into_iter().chain(lines).collect()),
        }
    }

    const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    fn as_slice(&self) -> &[HeaderValue] {
        match self {
            Self::None => &[],
            Self::One(line) => std::slice::from_ref(line),
            Self::Many(lines) => lines,
        }
    }

    /// Returns the date of the field. Returns `None` if the field is absent, invalid or has several lines.
    fn date(&self, now: HttpDate) -> Option<HttpDate> {
        // P-12, P-18.
        self.date_at(&|| now)
    }

    fn date_at(&self, now: &impl Fn() -> HttpDate) -> Option<HttpDate> {
        match self {
            Self::One(line) => HttpDate::parse(line.as_bytes(), now()).ok(),
            Self::None | Self::Many(_) => None,
        }
    }
}

/// The properties of a list of entity tags that a decision needs.
struct TagListSummary {
    stars: usize,
    others: usize,
    matched: bool,
    unreadable: bool,
}

impl TagListSummary {
    /// Returns `None` if the field is absent. An empty field is not absent.
    fn of(lines: &FieldLines, matches: impl Fn(EntityTagRef<'_>) -> bool) -> Option<Self> {
        if lines.is_none() {
            return None;
        }
        let mut list = Self { stars: 0, others: 0, matched: false, unreadable: false };
        for member in EntityTagList::new(lines.as_slice()) {
            match member {
                EntityTagMember::Any => list.stars += 1,
                EntityTagMember::Tag(tag) => {
                    list.others += 1;
                    list.matched |= matches(tag);
                }
                EntityTagMember::Malformed => list.others += 1,
                EntityTagMember::Unreadable => {
                    list.others += 1;
                    list.unreadable = true;
                }
            }
        }
        Some(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_evaluates_the_dates_and_tags_of_a_stored_response() {
        use Outcome::{NotModified, Proceed};

        const EARLY: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
        const TIME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        const LATE: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
        let received = HttpDate::parse(TIME.as_bytes(), HttpDate::MAX).unwrap();
        type Fields<'a> = &'a [(&'static str, &'static str)];
        let table: &[(&str, Fields<'_>, Fields<'_>, Outcome)] = &[
            ("no condition", &[], &[("etag", "\"a\"")], Proceed),
            ("the stored tag", &[("if-none-match", "\"a\"")], &[("etag", "\"a\"")], NotModified),
            ("another tag", &[("if-none-match", "\"b\"")], &[("etag", "\"a\"")], Proceed),
            ("any tag", &[("if-none-match", "*")], &[], NotModified),
            (
                "another tag and the date (P-17)",
                &[("if-none-match", "\"b\""), ("if-modified-since", TIME)],
                &[("last-modified", TIME)],
                Proceed,
            ),
            ("Last-Modified is equal", &[("if-modified-since", TIME)], &[("last-modified", TIME)], NotModified),
            ("Last-Modified is later", &[("if-modified-since", TIME)], &[("last-modified", LATE)], Proceed),
            (
                "Last-Modified counts and not Date",
                &[("if-modified-since", TIME)],
                &[("last-modified", TIME), ("date", LATE)],
                NotModified,
            ),
            (
                "an invalid Last-Modified (P-18)",
                &[("if-modified-since", TIME)],
                &[("last-modified", "a"), ("date", TIME)],
                Proceed,
            ),
            ("Date is equal (P-19)", &[("if-modified-since", TIME)], &[("date", TIME)], NotModified),
            ("Date is earlier (P-19)", &[("if-modified-since", TIME)], &[("date", EARLY)], NotModified),
            ("Date is later (P-19)", &[("if-modified-since", TIME)], &[("date", LATE)], Proceed),
            ("no Date and the time of receipt", &[("if-modified-since", TIME)], &[], NotModified),
            ("no Date and an earlier time", &[("if-modified-since", EARLY)], &[], Proceed),
            ("an invalid Date", &[("if-modified-since", EARLY)], &[("date", "a")], Proceed),
            ("an invalid condition (P-18)", &[("if-modified-since", "a")], &[("date", TIME)], Proceed),
            (
                "a condition in lowercase (D-05)",
                &[("if-modified-since", "sun, 06 nov 1994 08:49:37 gmt")],
                &[("date", TIME)],
                Proceed,
            ),
            (
                "two conditions (P-18)",
                &[("if-modified-since", TIME), ("if-modified-since", TIME)],
                &[("date", TIME)],
                Proceed,
            ),
            ("If-Match is not evaluated (P-10)", &[("if-match", "\"b\"")], &[("etag", "\"a\"")], Proceed),
            (
                "If-Unmodified-Since is not evaluated (P-10)",
                &[("if-unmodified-since", EARLY)],
                &[("last-modified", TIME)],
                Proceed,
            ),
        ];
        let fields = |lines: Fields<'_>| -> HeaderMap {
            lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
        };
        for (sentence, request, stored, expected) in table {
            for method in [Method::GET, Method::HEAD] {
                let preconditions = Preconditions::new(&method, &fields(request));
                let found = preconditions.evaluate_stored(&fields(stored), received, received);
                assert_eq!(found.outcome(), *expected, "{sentence}");
                let is_for_origin = request.iter().any(|(name, _)| matches!(*name, "if-match" | "if-unmodified-since"));
                assert_eq!(preconditions.is_for_origin(), is_for_origin, "{sentence}");
            }
            let unsafe_method = Preconditions::new(&Method::PUT, &fields(request));
            let found = unsafe_method.evaluate_stored(&fields(stored), received, received);
            assert_eq!(found.outcome(), Proceed, "{sentence}");
        }
    }

    #[test]
    fn a_webdav_if_needs_a_condition() {
        let table: &[(&str, bool)] = &[
            ("(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2> [\"I am an ETag\"])", true),
            ("(<urn:uuid:1>) (Not <urn:uuid:2>)", true),
            ("</resource1> (<urn:uuid:1> [W/\"A weak ETag\"]) ([\"strong ETag\"])", true),
            ("  ([\"a\"])  ", true),
            ("(not[\"a\"])", true),
            ("", false),
            ("()", false),
            ("( )", false),
            ("(x)", false),
            ("(<>)", false),
            ("(Not)", false),
            ("</resource1>", false),
            ("(<urn:uuid:1>", false),
            ("(<urn:uuid:1>) x", false),
            ("\"a\"", false),
            ("*", false),
        ];
        for (line, expected) in table {
            assert_eq!(is_webdav_condition(line.as_bytes()), *expected, "{line:?}");
        }
    }
}
