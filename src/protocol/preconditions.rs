//! [`Preconditions`]: RFC 9110 section 13, whole.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::coding::may_name_a_coding;
use super::syntax::{set_field, trim_ows};
use super::validators::{etag_line, last_modified_of};
use super::{EntityTag, EntityTagList, EntityTagMember, EntityTagRef, HttpDate, Representation, Validators};

/// What becomes of a request once its preconditions are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // Section 13.2.2 has no fourth end.
pub enum Outcome {
    /// Perform the method.
    Proceed,
    /// Answer 304 (Not Modified): the client has the current representation.
    NotModified,
    /// Answer 412 (Precondition Failed), and change nothing.
    PreconditionFailed,
}

/// The field that an [`Outcome`] other than `Proceed` rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // Section 13.1 defines these and no more.
pub enum Condition {
    /// `If-Match`, RFC 9110 section 13.1.1.
    IfMatch,
    /// `If-None-Match`, RFC 9110 section 13.1.2.
    IfNoneMatch,
    /// `If-Modified-Since`, RFC 9110 section 13.1.3.
    IfModifiedSince,
    /// `If-Unmodified-Since`, RFC 9110 section 13.1.4.
    IfUnmodifiedSince,
}

impl Condition {
    /// The name of the field.
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

/// An [`Outcome`] and the field that decided it.
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

    /// What becomes of the request.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.outcome
    }

    /// The field whose condition was false, or `None` when the request proceeds.
    #[must_use]
    pub const fn condition(self) -> Option<Condition> {
        self.condition
    }
}

/// What `If-Range` says of the `Range` beside it (RFC 9110 section 13.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // A condition is absent, true or false.
pub enum IfRange {
    /// There is no `If-Range`, or no `Range` that it could speak of (R-08).
    Absent,
    /// The client has a part of the current representation: the range may be sent.
    True,
    /// It has not, or that cannot be shown: ignore `Range` and send everything (R-10).
    False,
}

/// The preconditions of one request.
///
/// It holds the field values themselves (counted references, no copies), so it
/// outlives the request that a handler consumes.
///
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
    if_match: FieldLines,
    if_unmodified_since: FieldLines,
    if_none_match: FieldLines,
    if_modified_since: FieldLines,
    if_range: FieldLines,
    has_range: bool,
    has_webdav_if: bool,
}

impl Preconditions {
    /// The preconditions that these request fields state for this method.
    ///
    /// GET, HEAD and QUERY select a representation, and so can be answered with 304. The other
    /// methods that are registered as safe (OPTIONS, PRI, PROPFIND, REPORT, SEARCH, TRACE) and
    /// CONNECT have no preconditions, whatever the fields say: a 304 cannot stand for their
    /// responses. Any other method, known or not, is treated as unsafe.
    #[must_use]
    pub fn new(method: &Method, headers: &HeaderMap) -> Self {
        let mut stated = Self::none(method);
        // Most requests state nothing. One walk finds it out for less than asking for one field
        // by its name.
        #[cfg(test)]
        super::counters::count(|counts| counts.request_walks += 1);
        for (name, line) in headers {
            stated.add(method, name.as_str(), line);
        }
        stated.completed()
    }

    /// The same for a caller who knows whether the request states any. Its fields are not walked again.
    pub(crate) fn known(method: &Method, headers: &HeaderMap, is_any: bool) -> Self {
        let mut stated = Self::none(method);
        if is_any {
            for name in [IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_RANGE, RANGE] {
                headers.get_all(&name).iter().for_each(|line| stated.add(method, name.as_str(), line));
            }
            headers.get_all("if").iter().for_each(|line| stated.add(method, "if", line));
        }
        stated.completed()
    }

    fn none(method: &Method) -> Self {
        Self {
            scope: Scope::of(method),
            if_match: FieldLines::None,
            if_unmodified_since: FieldLines::None,
            if_none_match: FieldLines::None,
            if_modified_since: FieldLines::None,
            if_range: FieldLines::None,
            has_range: false,
            has_webdav_if: false,
        }
    }

    fn add(&mut self, method: &Method, name: &str, line: &HeaderValue) {
        match name {
            // P-03, P-25
            _ if self.scope == Scope::None => {}
            "if-match" => self.if_match.push(line),
            "if-unmodified-since" => self.if_unmodified_since.push(line),
            "if-none-match" => self.if_none_match.push(line),
            // P-18: for GET and HEAD only, so not for QUERY.
            "if-modified-since" if matches!(*method, Method::GET | Method::HEAD) => {
                self.if_modified_since.push(line);
            }
            "if" if self.scope == Scope::Unsafe => self.has_webdav_if |= is_webdav_condition(line.as_bytes()),
            "if-range" => self.if_range.push(line),
            "range" => self.has_range = *method == Method::GET,
            _ => {}
        }
    }

    fn completed(mut self) -> Self {
        if !self.has_range {
            // R-08: without a range there is nothing to make conditional.
            self.if_range = FieldLines::None;
        }
        self
    }

    /// Whether there is nothing to evaluate.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.if_match.is_none()
            && self.if_unmodified_since.is_none()
            && self.if_none_match.is_none()
            && self.if_modified_since.is_none()
            && self.if_range.is_none()
    }

    /// Whether the method is unsafe, so that `Proceed` would change something.
    #[must_use]
    pub const fn guards_a_write(&self) -> bool {
        matches!(self.scope, Scope::Unsafe)
    }

    /// Whether the request is a write that nothing protects from overwriting a
    /// change it has not seen: an unsafe method with neither `If-Match` nor
    /// `If-None-Match` nor an `If-Unmodified-Since` that has an effect (N-09), nor
    /// the `If` of WebDAV (RFC 4918 section 10.4), which the application evaluates.
    ///
    /// A date that is not valid, or one for a representation without a
    /// modification date, has no effect: the standard has it ignored (P-12).
    #[must_use]
    pub fn is_unprotected_write(&self, current: &Representation, now: HttpDate) -> bool {
        self.scope == Scope::Unsafe
            && self.if_match.is_none()
            && self.if_none_match.is_none()
            && !self.has_webdav_if
            && match current {
                Representation::Current(validators) => {
                    validators.last_modified().is_none() || self.if_unmodified_since.date(now).is_none()
                }
                Representation::Missing => true,
                Representation::Unknown => self.if_unmodified_since.date(now).is_none(),
            }
    }

    /// Evaluates the preconditions against what the origin has, in the order of
    /// RFC 9110 section 13.2.2 (P-05), steps 1 to 4 and 6. Step 5 is
    /// [`Preconditions::if_range`].
    ///
    /// `now` places two-digit years only (D-04).
    ///
    /// - A safe request for what is [`Missing`](Representation::Missing) or
    ///   [`Unknown`](Representation::Unknown) proceeds: its plain answer may be an
    ///   error, which no precondition changes (P-02), and a 304 would be a guess.
    /// - An unsafe request with a precondition fails against
    ///   [`Unknown`](Representation::Unknown): what cannot be shown to hold lets no
    ///   write through.
    ///
    /// For a decision on an answer that a handler gave already, use
    /// [`Preconditions::evaluate_answer`].
    #[must_use]
    pub fn evaluate(&self, current: &Representation, now: HttpDate) -> Evaluation {
        match (current, self.scope) {
            (_, Scope::None) | (Representation::Missing | Representation::Unknown, Scope::Safe) => Evaluation::PROCEED,
            (Representation::Missing, Scope::Unsafe) => {
                if self.if_match.is_none() {
                    Evaluation::PROCEED
                } else {
                    Evaluation::failed(Condition::IfMatch)
                }
            }
            (Representation::Unknown, Scope::Unsafe) => self.refuse_unknown(now),
            (Representation::Current(validators), Scope::Safe | Scope::Unsafe) => {
                self.in_order(validators.etag().map(EntityTag::as_ref), || validators.last_modified(), &|| now)
            }
        }
    }

    /// Evaluates the preconditions of a safe request against the validators that
    /// its answer carries. Whether the answer's status allows a decision is for the
    /// caller to know (P-02, P-26).
    ///
    /// An unsafe request always proceeds here: its answer comes after the fact (P-09).
    #[must_use]
    pub fn evaluate_answer(&self, answer: &HeaderMap, now: HttpDate) -> Evaluation {
        self.evaluate_answer_at(answer, || now)
    }

    /// The same where reading the clock costs something: only dates need it.
    pub(crate) fn evaluate_answer_at(&self, answer: &HeaderMap, now: impl Fn() -> HttpDate) -> Evaluation {
        self.evaluate_modified_answer(answer, None, now)
    }

    /// The same for a response whose `Last-Modified` was replaced because it was in the future (V-14):
    /// the date that the representation was modified at decides, not the one that is sent.
    pub(crate) fn evaluate_modified_answer(
        &self,
        answer: &HeaderMap,
        modified: Option<HttpDate>,
        now: impl Fn() -> HttpDate,
    ) -> Evaluation {
        if self.scope != Scope::Safe {
            return Evaluation::PROCEED;
        }
        self.in_order(
            etag_line(answer).and_then(|line| EntityTagRef::parse(line.as_bytes())),
            || modified.or_else(|| last_modified_of(answer, now())),
            &now,
        )
    }

    /// Whether the method is safe and selects a representation, which a 304 can stand for.
    pub(crate) const fn selects_safely(&self) -> bool {
        matches!(self.scope, Scope::Safe)
    }

    pub(crate) const fn has_if_none_match(&self) -> bool {
        !self.if_none_match.is_none()
    }

    /// Whether a field is there that can make the response to a GET a 304.
    pub(crate) const fn may_be_not_modified(&self) -> bool {
        !self.if_none_match.is_none() || !self.if_modified_since.is_none()
    }

    /// Whether a condition needs a validator, so that existence alone does not decide it.
    pub(crate) fn needs_validators(&self) -> bool {
        let names_a_tag =
            |field: &FieldLines| EntityTagList::new(field.as_slice()).any(|member| member != EntityTagMember::Any);
        names_a_tag(&self.if_match)
            || names_a_tag(&self.if_none_match)
            || !self.if_unmodified_since.is_none()
            || !self.if_range.is_none()
    }

    /// Whether a condition needs an entity tag.
    pub(crate) const fn needs_entity_tag(&self) -> bool {
        !self.if_match.is_none() || !self.if_none_match.is_none() || !self.if_range.is_none()
    }

    /// The one tag of `If-None-Match`, as it was sent.
    pub(crate) fn only_tag_of_if_none_match(&self) -> Option<EntityTag> {
        let FieldLines::One(line) = &self.if_none_match else { return None };
        let mut members = EntityTagList::new([line]);
        match (members.next(), members.next()) {
            (Some(EntityTagMember::Tag(tag)), None) => Some(tag.to_owned()),
            _ => None,
        }
    }

    /// Forgets a `Range` that is not to be honored, and the `If-Range` that depends on it (R-08).
    pub(crate) fn without_range(&mut self) {
        self.has_range = false;
        self.if_range = FieldLines::None;
    }

    /// Removes the dates of a safe request that the standard has a server ignore: services exist that
    /// evaluate them beside an empty list, or by the first of several lines (P-12, P-17, P-18).
    pub(crate) fn remove_ignored_dates(&self, headers: &mut HeaderMap) {
        let is_list = |field: &FieldLines| matches!(field, FieldLines::Many(_));
        if !self.if_none_match.is_none() || is_list(&self.if_modified_since) {
            headers.remove(IF_MODIFIED_SINCE);
        }
        if !self.if_match.is_none() || is_list(&self.if_unmodified_since) {
            headers.remove(IF_UNMODIFIED_SINCE);
        }
    }

    /// Whether a list of entity tags may hold one that names a content coding. A cheap look.
    pub(crate) fn may_name_a_coding(&self) -> bool {
        [&self.if_match, &self.if_none_match, &self.if_range]
            .into_iter()
            .any(|field| field.as_slice().iter().any(may_name_a_coding))
    }

    /// Step 5 of the order: whether the `Range` of a GET may be honoured (R-08 to R-12).
    ///
    /// [`Missing`](Representation::Missing) and [`Unknown`](Representation::Unknown)
    /// prove nothing, so the answer is [`IfRange::False`].
    #[must_use]
    pub fn if_range(&self, current: &Representation, now: HttpDate) -> IfRange {
        let value = match &self.if_range {
            FieldLines::None => return IfRange::Absent,
            FieldLines::One(value) => value.as_bytes(),
            // A list is neither a tag nor a date.
            FieldLines::Many(_) => return IfRange::False,
        };
        let Representation::Current(validators) = current else {
            return IfRange::False;
        };
        if if_range_holds(value, validators, now) { IfRange::True } else { IfRange::False }
    }

    /// Whether a GET asks for a range.
    #[must_use]
    pub const fn has_range(&self) -> bool {
        self.has_range
    }

    /// RFC 9110 section 13.2.2, for a representation that exists.
    fn in_order(
        &self,
        etag: Option<EntityTagRef<'_>>,
        last_modified: impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Evaluation {
        // Step 1, or step 2 when If-Match is absent (P-12), be it malformed or not.
        match self.if_match(etag) {
            Some(true) => {}
            Some(false) => return Evaluation::failed(Condition::IfMatch),
            None => {
                if self.if_unmodified_since(&last_modified, now) == Some(false) {
                    return Evaluation::failed(Condition::IfUnmodifiedSince);
                }
            }
        }
        // Step 3, or step 4 when If-None-Match is absent (P-17), whatever it found.
        match self.if_none_match(etag) {
            Some(true) => {}
            // P-16
            Some(false) if self.scope == Scope::Safe => {
                return Evaluation::not_modified(Condition::IfNoneMatch);
            }
            Some(false) => return Evaluation::failed(Condition::IfNoneMatch),
            None => {
                if self.if_modified_since(&last_modified, now) == Some(false) {
                    return Evaluation::not_modified(Condition::IfModifiedSince);
                }
            }
        }
        // Step 6.
        Evaluation::PROCEED
    }

    /// P-06, P-07
    fn if_match(&self, etag: Option<EntityTagRef<'_>>) -> Option<bool> {
        let matches = |tag: EntityTagRef<'_>| etag.is_some_and(|etag| etag.strong_eq(tag));
        let list = ScannedList::of(&self.if_match, matches)?;
        Some(match list.stars {
            0 => list.matched,
            // P-22: `*` beside anything else is invalid and matches nothing.
            1 => list.others == 0,
            _ => false,
        })
    }

    /// P-14, P-15
    fn if_none_match(&self, etag: Option<EntityTagRef<'_>>) -> Option<bool> {
        // What a browser sends is the very tag that it was given.
        if etag.is_some_and(|etag| matches!(&self.if_none_match, FieldLines::One(line) if etag.is_all_of(line))) {
            return Some(false);
        }
        let matches = |tag: EntityTagRef<'_>| etag.is_some_and(|etag| etag.weak_eq(tag));
        let list = ScannedList::of(&self.if_none_match, matches)?;
        let star_alone = list.stars == 1 && list.others == 0;
        Some(match self.scope {
            // P-22: an invalid `*` gives no 304 ...
            Scope::Safe | Scope::None => !(star_alone || list.matched),
            // ... and lets no write through, nor does a list that cannot be read.
            Scope::Unsafe => !(list.stars > 0 || list.matched || list.unreadable),
        })
    }

    /// P-12, P-13
    fn if_unmodified_since(
        &self,
        last_modified: &impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Option<bool> {
        let date = self.if_unmodified_since.date_at(now)?;
        Some(last_modified()? <= date)
    }

    /// P-18, P-19, P-20
    fn if_modified_since(
        &self,
        last_modified: &impl Fn() -> Option<HttpDate>,
        now: &impl Fn() -> HttpDate,
    ) -> Option<bool> {
        let date = self.if_modified_since.date_at(now)?;
        Some(last_modified()? > date)
    }

    fn refuse_unknown(&self, now: HttpDate) -> Evaluation {
        if !self.if_match.is_none() {
            Evaluation::failed(Condition::IfMatch)
        } else if self.if_unmodified_since.date(now).is_some() {
            Evaluation::failed(Condition::IfUnmodifiedSince)
        } else if !self.if_none_match.is_none() {
            Evaluation::failed(Condition::IfNoneMatch)
        } else {
            Evaluation::PROCEED
        }
    }
}

/// R-09, R-11, R-12
fn if_range_holds(value: &[u8], validators: &Validators, now: HttpDate) -> bool {
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

/// What preconditions can do for a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// GET, HEAD, and QUERY (P-25).
    Safe,
    /// Any method that may change something, known or not.
    Unsafe,
    /// CONNECT, and the registered safe methods whose response is not a selected representation (P-03).
    None,
}

impl Scope {
    /// By the registry of methods, <https://www.iana.org/assignments/http-methods>.
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

/// Joins the lines of `If-Match` and of `If-None-Match` into one line each, with the same members in the
/// same order (RFC 9110 section 5.3, P-21): services exist that read the first line only. A list that
/// cannot be read to its end stays as it came: joined, its last tag could take in the next line.
pub(crate) fn join_lists_of_tags(headers: &mut HeaderMap) {
    // No field has a second line: the usual case.
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

/// Whether a line of WebDAV's `If` states at least one condition (RFC 4918 section 10.4.2).
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

/// What follows a text between these two bytes, which is not empty.
fn between(text: &[u8], open: u8, close: u8) -> Option<&[u8]> {
    let inner = text.strip_prefix(&[open])?;
    let end = inner.iter().position(|&byte| byte == close)?;
    (end > 0).then(|| &inner[end + 1..])
}

/// The lines of one field. One line is the rule, and takes no allocation.
#[derive(Clone, Debug)]
enum FieldLines {
    None,
    One(HeaderValue),
    Many(Vec<HeaderValue>),
}

impl FieldLines {
    fn push(&mut self, line: &HeaderValue) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(line.clone()),
            Self::One(first) => Self::Many(vec![first, line.clone()]),
            Self::Many(mut lines) => {
                lines.push(line.clone());
                Self::Many(lines)
            }
        };
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

    /// The date, unless the field is absent, holds anything else or stands in more
    /// than one line (P-12, P-18).
    fn date(&self, now: HttpDate) -> Option<HttpDate> {
        self.date_at(&|| now)
    }

    fn date_at(&self, now: &impl Fn() -> HttpDate) -> Option<HttpDate> {
        match self {
            Self::One(line) => HttpDate::parse(line.as_bytes(), now()).ok(),
            Self::None | Self::Many(_) => None,
        }
    }
}

/// A list of entity tags read once, with everything that a decision needs.
struct ScannedList {
    stars: usize,
    others: usize,
    matched: bool,
    unreadable: bool,
}

impl ScannedList {
    /// `None` when the field is absent, which an empty field is not.
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
    fn the_if_of_webdav_counts_where_it_states_a_condition() {
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
