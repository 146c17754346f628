//! From policy, handler, status, method and guards to one decision.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::CachePolicy;
use super::answer::{AnswerFields, contradicts_itself, count_cookies, is_html, join_lines, lifetime_by_old_words};
use super::answer_head::AnswerHead;
use super::decision::{Decision, Speaker};
use super::for_edge::{LeftForEdge, Waived};
use super::guards::{Guard, GuardSet};
use super::heard::Heard;
use super::rendered::{Rendered, RenderedVary};
use super::rules::{Precedence, RequestFacts, Rules};
use super::source::Given;
use crate::protocol::{
    CacheControl, HttpDate, has_edge_field, is_never_stored, may_say, only_line, remove_targeted_fields, says_no_store,
    vary_contains,
};

/// Decides, and writes the decision into the answer's fields. Takes the
/// handler's policy out of the extensions: a layer outside must not undo what a
/// guard made of it here.
///
/// `now` is asked for only to judge an `Expires` that stands alone. `None` is for answers that
/// nobody decides about, and nothing is changed of them: gRPC, interim answers and upgrades.
pub(crate) fn decide(
    rules: &Rules,
    facts: RequestFacts,
    given: Given<'_>,
    answer: &mut impl AnswerHead,
    now: impl FnOnce() -> HttpDate,
) -> Option<Decision> {
    let fields = AnswerFields::of(answer.headers());
    let status = answer.status();
    if status.is_informational() || (facts.may_be_grpc() && fields.are_of_grpc()) {
        return None;
    }
    let heard = Heard::take_from(answer.extensions_mut());
    if let Some(decision) = decide_plainly(rules, facts, given, &heard, fields, status, answer.headers_mut()) {
        return Some(decision);
    }
    let known = Known { status, fields, heard, headers: answer.headers_mut() };
    let (decision, left) = decide_closely(rules, facts, given, known, now);
    if let Some(left) = left {
        left.leave_in(answer.extensions_mut());
    }
    Some(decision)
}

/// What is known of an answer.
struct Known<'h> {
    status: StatusCode,
    fields: AnswerFields,
    heard: Heard,
    headers: &'h mut HeaderMap,
}

/// Every case, for answers of any body.
fn decide_closely<'a>(
    rules: &'a Rules,
    facts: RequestFacts,
    given: Given<'a>,
    known: Known<'_>,
    now: impl FnOnce() -> HttpDate,
) -> (Decision, Option<LeftForEdge<'a>>) {
    let Known { status, fields, heard, headers } = known;
    if rules.development {
        remove_targeted_fields(headers);
        rules.for_development.policy().write_fields(headers, rules.for_development.as_said(), true);
        return (Decision::new(Speaker::Development, GuardSet::EMPTY), None);
    }
    let waived = match heard.waived {
        Some(inside) => rules.waived.union(inside.by_count_of_cookies(count_cookies(headers))),
        None => rules.waived,
    };
    let mut draft = Draft {
        rules,
        waived,
        facts: RequestFacts { personalized: facts.personalized || heard.personalized, ..facts },
        status,
        from_handler: heard.policy,
        fields,
        guards: GuardSet::EMPTY,
        for_edge: None,
    };
    let decision = draft.decide(given, headers, now);
    (decision, facts.for_edge.then(|| draft.left_for_edge(given, headers)))
}

/// The usual case, in which nobody but the layer has a word, or a layer inside said the same already,
/// and no guard has a reason: what [`Draft`] comes to as well, in a fifth of the steps. `None` is
/// "look closely".
fn decide_plainly(
    rules: &Rules,
    facts: RequestFacts,
    given: Given<'_>,
    heard: &Heard,
    fields: AnswerFields,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Option<Decision> {
    let plain = facts.are_plain()
        && heard.is_nothing()
        && fields.are_at_most_cache_control()
        && matches!(status.as_u16(), 200 | 203 | 206 | 304)
        && rules.say_nothing_of_a_success();
    if !plain {
        return None;
    }
    let rendered = given.for_success(status, headers).filter(|rendered| rendered.is_plain())?;
    if fields.are_none() {
        headers.insert(CACHE_CONTROL, rendered.as_said());
        return Some(Decision::new(Speaker::Layer, GuardSet::EMPTY));
    }
    let is_said = rules.precedence == Precedence::Answer
        && only_line(headers, &CACHE_CONTROL).is_some_and(|line| rendered.says(line));
    is_said.then(|| Decision::new(Speaker::Handler, GuardSet::EMPTY))
}

/// Whose word counts, before guards.
enum Word<'a> {
    /// What the answer's field says already.
    Field,
    Rendered(Speaker, &'a Rendered),
    Policy(Speaker, CachePolicy),
    Tightened(CacheControl),
    /// Nothing is to be said (a waived G-14).
    Silence,
}

impl Word<'_> {
    /// What a layer's word says, for comparing it.
    fn into_cache_control(self) -> CacheControl {
        match self {
            Word::Rendered(_, rendered) => rendered.policy().into(),
            Word::Policy(_, policy) => policy.into(),
            Word::Tightened(field) => field,
            Word::Field | Word::Silence => CacheControl::new(),
        }
    }
}

/// One decision while it is made.
struct Draft<'a> {
    rules: &'a Rules,
    /// By this layer, or inside it.
    waived: GuardSet,
    facts: RequestFacts,
    status: StatusCode,
    from_handler: Option<CachePolicy>,
    fields: AnswerFields,
    guards: GuardSet,
    /// The policy that was written, where it says more to edges than `Cache-Control` does.
    for_edge: Option<CachePolicy>,
}

impl<'a> Draft<'a> {
    fn decide(&mut self, given: Given<'a>, headers: &mut HeaderMap, now: impl FnOnce() -> HttpDate) -> Decision {
        self.drop_policy_of_an_error();
        let word = if is_never_stored(self.status) {
            self.no_store_because(Guard::Error)
        } else if self.facts.get_or_head {
            self.word(given, headers, now)
        } else {
            self.word_for_unsafe(headers)
        };
        if self.facts.get_or_head {
            self.add_vary(given, headers);
        }
        let speaker = match self.keep_from_pages(word, headers) {
            Word::Field => {
                self.guard_field(headers);
                Speaker::Handler
            }
            Word::Rendered(speaker, rendered) => {
                self.write_policy(headers, rendered.policy(), Some(rendered));
                speaker
            }
            Word::Policy(speaker, policy) => {
                self.write_policy(headers, policy, None);
                speaker
            }
            Word::Tightened(field) => {
                self.write_tightened(headers, field);
                Speaker::Tightened
            }
            Word::Silence => {
                // That a cache may guess does not mean that a shared one may keep it.
                if !self.guards_against_sharing(headers).is_empty() {
                    self.write_tightened(headers, CacheControl::new());
                }
                // Lines without a member are silent too.
                self.one_line(headers);
                Speaker::Default
            }
        };
        Decision::new(speaker, self.guards)
    }

    /// The word on the answer to GET or HEAD.
    fn word(&mut self, given: Given<'a>, headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Word<'a> {
        let field = self.fields.say_cache_control(headers) && !self.is_made_of_a_success();
        let layer = self.layers_word(given, headers);

        match (self.rules.precedence, layer) {
            (Precedence::Answer, layer) => self.answers_word(field, layer, headers, now),
            (Precedence::Tightest, Some(layer))
                if field || self.from_handler.is_some() || self.fields.have_old_words() =>
            {
                let said = match self.from_handler {
                    // `no-store` in the field is sticky, as everywhere.
                    Some(policy) if !says_no_store(headers) => policy.into(),
                    _ => self.field_with_old_words(headers, now),
                };
                Word::Tightened(said.tighten(&layer.into_cache_control()))
            }
            (Precedence::Tightest, layer) => self.answers_word(field, layer, headers, now),
            (Precedence::LayerEvenOverNoStore, Some(layer)) => layer,
            (Precedence::Layer, Some(layer)) => {
                // The inner `no-store` is sticky.
                if self.from_handler.is_some_and(|policy| policy.is_no_store()) {
                    Word::Policy(Speaker::HandlerPolicy, CachePolicy::NO_STORE)
                } else if field && says_no_store(headers) {
                    Word::Field
                } else {
                    layer
                }
            }
            (Precedence::Layer | Precedence::LayerEvenOverNoStore, None) => {
                self.answers_word(field, None, headers, now)
            }
        }
    }

    /// A handler's policy beside an error was meant for the success: `(PAGE, result)` says
    /// it whatever the result is. The field is another matter, which one writes knowingly.
    fn drop_policy_of_an_error(&mut self) {
        let is_error = self.status.is_client_error() || self.status.is_server_error();
        if is_error && self.in_force(Guard::Error) && self.from_handler.is_some_and(|policy| !policy.is_no_store()) {
            self.from_handler = None;
            self.guards.insert(Guard::Error);
        }
    }

    /// Whether what the field says may be meant for what the answer was before compression.
    fn is_made_of_a_success(&self) -> bool {
        self.status == StatusCode::NOT_ACCEPTABLE && self.rules.around_compression && self.in_force(Guard::Error)
    }

    /// The word where the answer goes first.
    fn answers_word(
        &mut self,
        field: bool,
        layer: Option<Word<'a>>,
        headers: &HeaderMap,
        now: impl FnOnce() -> HttpDate,
    ) -> Word<'a> {
        if let Some(policy) = self.from_handler {
            return if field && says_no_store(headers) {
                Word::Field
            } else {
                Word::Policy(Speaker::HandlerPolicy, policy)
            };
        }
        if field {
            return Word::Field;
        }
        match layer {
            // The handler said, in the words of HTTP/1.0, that this is not to be
            // reused, and no policy gives it a longer life.
            Some(_) if self.fields.have_old_words() && lifetime_by_old_words(headers, now) == Some(0) => {
                Word::Rendered(Speaker::Handler, &self.rules.fallback)
            }
            Some(layer) => layer,
            None => self.no_word(),
        }
    }

    /// The layer's word, when it has one for this status.
    fn layers_word(&mut self, given: Given<'a>, headers: &HeaderMap) -> Option<Word<'a>> {
        if let Some(rendered) = given.for_answer(self.status, headers) {
            return Some(Word::Rendered(Speaker::Layer, rendered));
        }
        if let Some(rendered) = self.rules.for_status(self.status) {
            return Some(Word::Rendered(Speaker::Layer, rendered));
        }
        let guard = match self.status.as_u16() {
            200 | 203 | 206 | 304 => None,
            400.. => Some(Guard::Error),
            300..=399 => Some(Guard::Redirect),
            _ => Some(Guard::UnexpectedSuccess),
        };
        if guard.is_some_and(|guard| self.in_force(guard)) {
            return None;
        }
        match given {
            Given::Fixed(rendered) => Some(Word::Rendered(Speaker::Layer, rendered)),
            Given::Chosen(policy) => Some(Word::Policy(Speaker::Layer, policy)),
            #[cfg(feature = "routes")]
            Given::Route(_) => None,
            Given::Nothing => None,
        }
    }

    /// The answer that nobody spoke for.
    fn no_word(&mut self) -> Word<'a> {
        match self.status.as_u16() {
            400.. if self.in_force(Guard::Error) => return self.no_store_because(Guard::Error),
            300..=303 | 305..=399 => self.guards.insert(Guard::Redirect),
            201 | 202 | 204 | 205 | 207..=299 => self.guards.insert(Guard::UnexpectedSuccess),
            _ => {}
        }
        if self.in_force(Guard::NoHeuristics) {
            self.guards.insert(Guard::NoHeuristics);
            Word::Rendered(Speaker::Default, &self.rules.fallback)
        } else {
            Word::Silence
        }
    }

    /// The word on the answer to any other method: nothing that stores it (G-09).
    fn word_for_unsafe(&mut self, headers: &HeaderMap) -> Word<'a> {
        let field = CacheControl::from_headers(headers);
        if !self.in_force(Guard::UnsafeMethod) {
            return match (self.from_handler, field) {
                // `no-store` in the field is sticky, as everywhere.
                (Some(policy), field) if field.as_ref().is_none_or(|field| !field.no_store()) => {
                    Word::Policy(Speaker::HandlerPolicy, policy)
                }
                (_, Some(_)) => Word::Field,
                // A waived guard lets a handler speak; it makes no layer do so.
                (_, None) => self.no_store_because(Guard::UnsafeMethod),
            };
        }
        // A cache that knows `must-understand` ignores the `no-store` beside it (C-28).
        let harmless = field.is_some_and(|field| {
            (field.no_store() && !field.must_understand()) || (field.no_cache() && !field.public())
        });
        if harmless && !has_edge_field(headers) && self.from_handler.is_none() {
            Word::Field
        } else {
            self.no_store_because(Guard::UnsafeMethod)
        }
    }

    /// Holds the answer's own field against the guards, and rewrites it only where
    /// one of them tightens it.
    fn guard_field(&mut self, headers: &mut HeaderMap) {
        let may_act =
            !self.guards_against_sharing(headers).is_empty() || (may_say(headers, b"immutable") && is_html(headers));
        if may_act {
            let field = CacheControl::from_headers(headers).unwrap_or_default();
            let guarded = self.guarded(field.clone(), headers);
            if guarded != field {
                headers.insert(CACHE_CONTROL, guarded.to_header_value());
            } else if contradicts_itself(headers) && !self.guards_against_sharing(headers).is_empty() {
                // Read as private here, and by some caches as what stands beside it (C-06, G-07).
                self.record(self.guards_against_sharing(headers));
                headers.insert(CACHE_CONTROL, guarded.to_private().to_header_value());
            }
        }
        self.one_line(headers);
    }

    /// Leaves one line of `Cache-Control` (G-25). Told to leave them, it does so where they mean the
    /// same to who joins them: what was read here as a restriction is one to everybody.
    fn one_line(&mut self, headers: &mut HeaderMap) {
        if join_lines(headers, self.in_force(Guard::OneLine)) {
            self.guards.insert(Guard::OneLine);
        }
    }

    /// Writes what handler and layer came to, tightened by the guards.
    fn write_tightened(&mut self, headers: &mut HeaderMap, field: CacheControl) {
        let guarded = self.guarded(field, headers);
        if guarded.no_store() && has_edge_field(headers) && self.in_force(Guard::NoStoreAlone) {
            self.guards.insert(Guard::NoStoreAlone);
            remove_targeted_fields(headers);
        }
        // What they said is in there.
        headers.remove(EXPIRES);
        headers.remove(PRAGMA);
        headers.insert(CACHE_CONTROL, guarded.to_header_value());
    }

    /// The field as the guards leave it, with everything beside it that they change.
    fn guarded(&mut self, mut field: CacheControl, headers: &mut HeaderMap) -> CacheControl {
        let against_sharing = self.guards_against_sharing(headers);
        if !against_sharing.is_empty() && (!field.forbids_shared_storage() || has_edge_field(headers)) {
            field = field.to_private();
            remove_targeted_fields(headers);
            self.record(against_sharing);
        }
        if against_sharing.contains(Guard::VaryAny) {
            headers.insert(VARY, HeaderValue::from_static("*"));
            if !field.no_store() && !field.no_cache() {
                field = field.with_no_cache();
                self.guards.insert(Guard::VaryAny);
            }
        }
        if field.immutable() && is_html(headers) && self.in_force(Guard::Immutable) {
            field = field.without_immutable();
            self.guards.insert(Guard::Immutable);
            if field.is_empty() {
                // It was all that was said (G-14).
                field = field.to_private();
            }
        }
        field
    }

    /// The answer's own field, with the lifetime that stands in the words of HTTP/1.0
    /// where it states none itself.
    fn field_with_old_words(&self, headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> CacheControl {
        let field = CacheControl::from_headers(headers).unwrap_or_default();
        if field.has_explicit_freshness() {
            return field;
        }
        match lifetime_by_old_words(headers, now) {
            Some(seconds) => field.with_max_age(u32::try_from(seconds).unwrap_or(u32::MAX)),
            None => field,
        }
    }

    /// Writes a policy, tightened by the guards.
    fn write_policy(&mut self, headers: &mut HeaderMap, policy: CachePolicy, rendered: Option<&Rendered>) {
        let against_sharing = self.guards_against_sharing(headers);
        let vary_any = against_sharing.contains(Guard::VaryAny);
        // Looked for only where it matters: it takes a walk over all names.
        let targeted = || has_edge_field(headers);
        let downgrade = !against_sharing.is_empty() && (!policy.is_private() || targeted());
        let alone = policy.is_no_store() && targeted() && self.in_force(Guard::NoStoreAlone);
        if downgrade {
            self.record(against_sharing);
        }

        let value = match rendered {
            Some(rendered) if !vary_any => {
                if downgrade {
                    rendered.private()
                } else {
                    rendered.as_said()
                }
            }
            _ => {
                let mut field = CacheControl::from(policy);
                if downgrade {
                    field = field.to_private();
                }
                if vary_any && !field.no_store() {
                    self.guards.insert(Guard::VaryAny);
                    field = field.with_no_cache();
                }
                field.to_header_value()
            }
        };
        if alone || downgrade {
            remove_targeted_fields(headers);
        }
        policy.write_fields(headers, value, self.fields.have_old_words());
        self.for_edge = (policy.says_more_to_edges() && !downgrade && !vary_any).then_some(policy);
        if vary_any {
            headers.insert(VARY, HeaderValue::from_static("*"));
        }
        if alone {
            self.guards.insert(Guard::NoStoreAlone);
        }
    }

    /// Keeps `immutable` from pages (G-27). A handler that says it of a page says too
    /// much. A layer that does so was told of assets, and the page stands in for one that
    /// is not there: nobody is to keep that (G-19).
    ///
    /// A 304 that was made without its content does not say what it is for, and must not
    /// make a stored page immutable.
    fn keep_from_pages(&mut self, word: Word<'a>, headers: &HeaderMap) -> Word<'a> {
        let (speaker, policy) = match word {
            Word::Rendered(speaker, rendered) => (speaker, rendered.policy()),
            Word::Policy(speaker, policy) => (speaker, policy),
            Word::Field | Word::Tightened(_) | Word::Silence => return word,
        };
        if !policy.is_immutable() || !self.in_force(Guard::Immutable) {
            return word;
        }
        let unknown = self.status == StatusCode::NOT_MODIFIED && !headers.contains_key(CONTENT_TYPE);
        match (is_html(headers), speaker) {
            (true, Speaker::Layer) => self.no_store_because(Guard::Immutable),
            (true, _) => self.without_immutable(speaker, policy),
            (false, _) if unknown => self.without_immutable(speaker, policy),
            (false, _) => word,
        }
    }

    fn without_immutable(&mut self, speaker: Speaker, policy: CachePolicy) -> Word<'a> {
        self.guards.insert(Guard::Immutable);
        Word::Policy(speaker, policy.without_immutable())
    }

    /// What an edge layer needs and no field says.
    fn left_for_edge(&self, given: Given<'a>, headers: &HeaderMap) -> LeftForEdge<'a> {
        LeftForEdge {
            tags: given.tags().filter(|tags| self.facts.get_or_head && !tags.is_empty()),
            policy: self.for_edge,
            waived: (!self.rules.waived.is_empty())
                .then(|| Waived::of(self.rules.waived, self.reasons_against_sharing(headers), count_cookies(headers))),
        }
    }

    /// The guards that want the answer kept out of shared caches (SPD).
    fn guards_against_sharing(&self, headers: &HeaderMap) -> GuardSet {
        self.reasons_against_sharing(headers).without(self.waived)
    }

    /// The same, with those that are waived.
    fn reasons_against_sharing(&self, headers: &HeaderMap) -> GuardSet {
        let mut found = GuardSet::EMPTY;
        let mut found_if = |guard, condition: bool| {
            if condition {
                found.insert(guard);
            }
        };
        found_if(Guard::SetCookie, self.fields.set_a_cookie());
        found_if(Guard::Authorization, self.facts.authorized);
        found_if(Guard::Personalized, self.facts.personalized);
        found_if(Guard::Cors, self.fields.allow_one_origin_with_credentials(headers));
        found_if(Guard::UnkeyedInput, self.facts.unkeyed);
        found_if(Guard::VaryAny, self.fields.vary_on_anything(headers));
        found
    }

    /// Adds the names of the layer's and the handler's policies to `Vary`, whosever
    /// word on storing it is: the answer depends on them all the same (K-02).
    fn add_vary(&mut self, given: Given<'_>, headers: &mut HeaderMap) {
        for vary in [given.vary(), self.rules.vary.as_ref()].into_iter().flatten() {
            vary.add_to(headers);
        }
        for policy in [given.chosen(), self.from_handler].into_iter().flatten() {
            if let Some(vary) = RenderedVary::of(policy) {
                vary.add_to(headers);
            }
        }
        if self.in_force(Guard::Cors)
            && self.fields.allow_one_origin(headers)
            && !vary_contains(headers, "origin")
            && let Some(vary) = RenderedVary::new(["origin"])
        {
            self.guards.insert(Guard::Cors);
            vary.add_to(headers);
        }
    }

    fn no_store_because(&mut self, guard: Guard) -> Word<'a> {
        self.guards.insert(guard);
        Word::Rendered(Speaker::Default, &self.rules.no_store)
    }

    const fn in_force(&self, guard: Guard) -> bool {
        !self.waived.contains(guard)
    }

    fn record(&mut self, guards: GuardSet) {
        for guard in guards.iter() {
            self.guards.insert(guard);
        }
    }
}

impl CachePolicy {
    /// One `Cache-Control` line, and the fields of HTTP/1.0 only where they were asked
    /// for: an `Expires` beside it would be ignored by some and obeyed by others
    /// (C-33, C-34).
    fn write_fields(self, headers: &mut HeaderMap, value: HeaderValue, had_old_words: bool) {
        headers.insert(CACHE_CONTROL, value);
        if self.is_for_http10() {
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
            headers.insert(EXPIRES, HeaderValue::from_static("0"));
        } else if had_old_words {
            headers.remove(EXPIRES);
            headers.remove(PRAGMA);
        }
    }
}
