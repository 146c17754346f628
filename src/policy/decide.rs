//! Decides how long a response may be stored: combines policy, handler and facts into one [`Ruling`].

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, VARY};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::CachePolicy;
use super::decision::{Decision, DecisionSource};
use super::facts::{Facts, RequestFacts};
use super::guards::{Effect, Guard, GuardSet};
use super::rendered::Rendered;
use super::rules::{Precedence, Rules};
use super::ruling::{Directives, HandlerExtensions, Ruling, Unruled};
use super::source::ResolvedPolicy;
use crate::protocol::{
    Cache, CacheControl, HttpDate, Lifetime, LifetimeSource, MAX_MEMBERS, Vary, join, only_line, remove_fields,
    remove_targeted_fields, set_field, take_freshness_fields, vary_has_any,
};

/// The inputs of one layer to a decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) request: RequestFacts,
    pub(crate) policy: ResolvedPolicy<'a>,
}

impl<'a> Layer<'a> {
    /// Decides how long a response may be stored, and writes the decision into its fields.
    pub(crate) fn rule<B>(self, response: &mut Response<B>, now: impl FnOnce() -> HttpDate) -> Option<Decision> {
        // `Response` cannot lend its fields and its extensions mutably at the same time.
        let mut extensions = std::mem::take(response.extensions_mut());
        let decision = self.rule_head(response.status(), response.headers_mut(), &mut extensions, now);
        *response.extensions_mut() = extensions;
        decision
    }

    /// Does the same for the head of a response that was split from its body.
    ///
    /// Reads `now` only for an `Expires` without a `Cache-Control`. Returns `None` for gRPC, informational
    /// responses and upgrades, which are left unchanged.
    pub(crate) fn rule_head(
        self,
        status: StatusCode,
        headers: &mut HeaderMap,
        extensions: &mut Extensions,
        now: impl FnOnce() -> HttpDate,
    ) -> Option<Decision> {
        let inner_names = extensions.get::<Ruling>().map_or(&[][..], |inner| &inner.edge_names);
        let mut facts = Facts::of_response(status, headers, [&self.rules.edge_names, inner_names]);
        facts.insert(self.request.facts);
        let is_grpc = facts.has(Facts::GRPC_REQUEST) && facts.has(Facts::GRPC_RESPONSE);
        if status.is_informational() || is_grpc {
            return None;
        }
        let handler = HandlerExtensions::take_from(extensions);
        let inner = handler.has_ruling.then(|| extensions.get::<Ruling>()).flatten();
        facts.set_if(Facts::PERSONALIZED, handler.personalized);
        let mut waived = self.rules.waived;
        if let Some(inner) = inner {
            // An inner layer may have seen reasons for a guard that are no longer visible here.
            facts.insert(inner.seen.common(Facts::OF_REQUEST));
            if self.rules.heeds_accepted {
                waived = waived.union(inner.accepted.still_covers(headers));
            }
            if inner.is_for(status) && !inner.seen.has(Facts::UNTYPED_NOT_MODIFIED) {
                // The inner layer decided with the content at hand.
                facts.remove(Facts::UNTYPED_NOT_MODIFIED);
                facts.insert(inner.seen.common(Facts::PAGE.and(Facts::LIVE_STREAM)));
            }
        }
        let mut draft = Draft::new(self, status, facts, waived, handler.policy);
        draft.inner_names = inner.map_or_else(Vec::new, |inner| inner.edge_names.clone());
        // A 304 from before the handler does not know every name of `Vary`, so it gets none.
        if handler.unruled != Some(Unruled::BeforeHandler) {
            draft.complete_vary(inner, headers);
        }
        let unruled = draft.unruled(handler.unruled, inner, headers);
        if unruled.is_some() {
            draft.decide_silence(headers);
        } else {
            match inner.filter(|inner| draft.nothing_is_new(inner, headers)) {
                Some(inner) => draft.confirm(inner, headers),
                None => draft.decide(inner, headers, now),
            }
        }
        let decision = Decision::new(draft.source, draft.guards);
        match unruled.filter(|_| draft.source == DecisionSource::Nothing) {
            Some(unruled) => {
                extensions.remove::<Ruling>();
                extensions.insert(unruled);
            }
            None => draft.leave(headers, extensions),
        }
        Some(decision)
    }
}

/// The directives that take precedence, before guards.
#[derive(Clone, Copy)]
enum Effective<'a> {
    /// The response's own field.
    Field,
    /// A policy, with its values if they were rendered earlier.
    Policy(CachePolicy, Option<&'a Rendered>),
    /// Several merged policies, in place of the field.
    Merged,
    /// Write nothing.
    Nothing,
}

/// A decision in progress.
struct Draft<'a> {
    layer: Layer<'a>,
    status: StatusCode,
    facts: Facts,
    /// The guards that are switched off in this layer or an inner one.
    waived: GuardSet,
    from_handler: Option<CachePolicy>,
    /// Fields for edges that only an inner layer knows.
    inner_names: Vec<HeaderName>,
    /// The response's own field, if it has a known directive.
    field: Option<CacheControl>,
    source: DecisionSource,
    /// The guards whose condition is met.
    acting: GuardSet,
    /// The guards that changed something.
    guards: GuardSet,
    directives: Directives,
    edge_policy: Option<CachePolicy>,
    /// Whether the result replaces the handler's field.
    replaces: bool,
}

impl<'a> Draft<'a> {
    fn new(
        layer: Layer<'a>,
        status: StatusCode,
        facts: Facts,
        waived: GuardSet,
        from_handler: Option<CachePolicy>,
    ) -> Self {
        let (source, guards, directives) = (DecisionSource::Default, GuardSet::EMPTY, Directives::Nothing);
        let (edge_policy, replaces, acting) = (None, false, GuardSet::seeing(facts).without(waived));
        let (field, inner_names) = (None, Vec::new());
        Self {
            layer,
            status,
            facts,
            waived,
            from_handler,
            inner_names,
            field,
            source,
            acting,
            guards,
            directives,
            edge_policy,
            replaces,
        }
    }

    /// Whether the inner layer's ruling applies unchanged: the line is the one that it wrote, this layer has no
    /// policy that could replace it, and no guard has a new reason.
    fn nothing_is_new(&self, inner: &Ruling, headers: &HeaderMap) -> bool {
        #[cfg(test)]
        if crate::protocol::counters::decides_in_full() {
            return false;
        }
        let Layer { rules, policy, .. } = self.layer;
        let has_a_say = rules.precedence != Precedence::Answer && !matches!(policy, ResolvedPolicy::Nothing);
        self.from_handler.is_none()
            && !rules.development
            && !has_a_say
            && inner.is_for(self.status)
            && inner.has_directives()
            && self.is_line_of(inner, headers)
            && self.acting.without(inner.satisfied()).is_empty()
    }

    fn is_line_of(&self, inner: &Ruling, headers: &HeaderMap) -> bool {
        match &inner.line {
            Some(line) => !self.facts.has(Facts::SEVERAL_LINES) && headers.get(CACHE_CONTROL) == Some(line),
            None => inner.status.is_some() && !self.facts.has(Facts::CACHE_CONTROL),
        }
    }

    /// Adopts the ruling of the inner layer.
    fn confirm(&mut self, inner: &Ruling, headers: &mut HeaderMap) {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.confirmed += 1);
        self.source = DecisionSource::Handler;
        self.directives = inner.directives.clone();
        self.edge_policy = inner.edge_policy;
        if self.acts(Guard::VaryAny) {
            set_field(headers, VARY, HeaderValue::from_static("*"));
        }
    }

    fn decide(&mut self, inner: Option<&Ruling>, headers: &mut HeaderMap, now: impl FnOnce() -> HttpDate) {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.decisions += 1);
        self.field = self.read_field(inner, headers);
        // A field without a known directive decides nothing. Its members are written after the decision, unless
        // there is a quote in them, in which some caches read directives.
        let beside = self.field.take_if(|field| field.has_extensions_only());
        let has_quote = || headers.get_all(CACHE_CONTROL).iter().any(|line| line.as_bytes().contains(&b'"'));
        let is_never_stored = self.facts.has(Facts::NEVER_STORED.and(Facts::OTHER_METHOD));
        let beside = beside.filter(|_| !is_never_stored && !has_quote());
        if let Some(field) = self.field.take() {
            let hides = headers.get_all(CACHE_CONTROL).iter().any(|line| hides_a_restriction(line, &field));
            self.field = Some(if hides { field.with_no_cache() } else { field });
        }
        let mut effective = self.by_precedence(headers, now);
        effective = self.by_content(effective);
        match (beside, effective) {
            (None, _) | (_, Effective::Field) => {}
            (Some(beside), Effective::Nothing) => {
                self.field = Some(beside);
                effective = Effective::Field;
            }
            (Some(beside), Effective::Policy(..) | Effective::Merged) => {
                self.field = Some(self.to_cache_control(effective).with_extensions_of(beside));
                effective = Effective::Merged;
            }
        }
        match effective {
            Effective::Field => self.write_field(headers),
            Effective::Policy(policy, rendered) => self.write_policy(policy, rendered, headers),
            Effective::Merged => self.write_merged(headers),
            // Heuristics may be allowed although shared storage is not.
            Effective::Nothing if !self.against_sharing().is_empty() => self.write_merged(headers),
            // Several lines become one even if they are empty.
            Effective::Nothing => self.leave_one_line(headers),
        }
    }

    /// Reads the response's own field, unless the inner layer's ruling already has it.
    fn read_field(&self, inner: Option<&Ruling>, headers: &HeaderMap) -> Option<CacheControl> {
        if !self.facts.has(Facts::CACHE_CONTROL) {
            return None;
        }
        if let Some(inner) = inner.filter(|inner| self.is_line_of(inner, headers)) {
            // A decision about a success does not apply to an error that a layer in between made of it, such as
            // the 406 of a compression layer (G-04).
            let is_made_of_a_success =
                !inner.is_for(self.status) && self.acts(Guard::Error) && !inner.seen.has(Facts::ERROR);
            if is_made_of_a_success {
                return None;
            }
            #[cfg(test)]
            {
                if crate::protocol::counters::decides_in_full() {
                    return CacheControl::from_headers(headers);
                }
                crate::protocol::counters::count(|counts| counts.readings_reused += 1);
            }
            return Some(inner.cache_control());
        }
        match (self.layer.policy, only_line(headers, &CACHE_CONTROL)) {
            (ResolvedPolicy::Fixed(own), Some(line)) if own.says(line) => Some(own.policy().into()),
            _ => CacheControl::from_headers(headers),
        }
    }

    /// Returns why the policy of this 304's 200 is not known (N-01): the 304 was made without the handler, which
    /// could have narrowed the policy, or the policy depends on a content type that the 304 does not have.
    fn unruled(&self, mark: Option<Unruled>, inner: Option<&Ruling>, headers: &HeaderMap) -> Option<Unruled> {
        let Layer { rules, request, policy } = self.layer;
        let says = |field: CacheControl| !field.has_extensions_only() && !self.overrules(field.no_store());
        if self.status != StatusCode::NOT_MODIFIED
            || self.from_handler.is_some_and(|policy| !self.overrules(policy.is_no_store()))
            || rules.development
            || !request.is_get_or_head()
            || self.read_field(inner, headers).is_some_and(says)
        {
            return None;
        }
        let depends_on_content = || {
            let is_unknown = self.facts.has(Facts::UNTYPED_NOT_MODIFIED) && !self.waived.contains(Guard::Immutable);
            !self.facts.has(Facts::TYPED)
                && rules.by_status.iter().all(|(status, _)| *status != StatusCode::NOT_MODIFIED)
                && policy.depends_on_content(is_unknown)
        };
        mark.or_else(|| depends_on_content().then_some(Unruled::WithoutContent))
    }

    /// Whether the layer's policy replaces the handler's directives.
    fn overrules(&self, no_store: bool) -> bool {
        let Layer { rules, policy, .. } = self.layer;
        let has_a_say = !matches!(policy, ResolvedPolicy::Nothing) || rules.for_status(self.status).is_some();
        match rules.precedence {
            Precedence::Answer | Precedence::Tightest => false,
            Precedence::Layer => has_a_say && !no_store,
            Precedence::LayerEvenOverNoStore => has_a_say,
        }
    }

    /// Leaves a 304 whose 200 is not known without `Cache-Control`, so that caches keep using the stored one. If
    /// the 304 itself triggers a guard or restricts an edge, it becomes `private, no-store`.
    fn decide_silence(&mut self, headers: &mut HeaderMap) {
        let on_response = Facts::SET_COOKIE.and(Facts::PERSONALIZED).and(Facts::VARY_ANY);
        let reasons = self.against_sharing().common(GuardSet::seeing(on_response));
        let restricted = self.take_freshness_fields(None, headers) && !self.overrules(true);
        if restricted || !reasons.is_empty() {
            self.guards = reasons;
            return self.write_policy(CachePolicy::NO_STORE, Some(&self.layer.rules.no_store), headers);
        }
        self.source = DecisionSource::Nothing;
        if self.facts.has(Facts::EDGE_FIELD) {
            self.remove_edge_fields(headers);
        }
        // These fields would replace those of the stored 200.
        for name in [CACHE_CONTROL, EXPIRES, PRAGMA] {
            headers.remove(name);
        }
    }

    fn by_precedence(&mut self, headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Effective<'a> {
        let rules = self.layer.rules;
        if rules.development {
            self.source = DecisionSource::Development;
            return Effective::rendered(&rules.for_development);
        }
        // A handler that returns `(PAGE, result)` means its policy for the success, and sends it with an error or
        // a redirect too. A handler that writes the field means this response.
        if let Some(guard) = self.acting_with(Effect::NoPolicyOfASuccess)
            && self.from_handler.is_some_and(|policy| !policy.is_no_store())
        {
            self.from_handler = None;
            self.guards.insert(guard);
        }
        if self.facts.has(Facts::NEVER_STORED) {
            return self.no_store_because(Guard::Error);
        }
        if self.facts.has(Facts::OTHER_METHOD) {
            return self.for_other_method();
        }
        let sticky = self.field.as_ref().is_some_and(CacheControl::no_store);
        let has_own = self.field.is_some() || self.from_handler.is_some();
        match (rules.precedence, self.of_layer(headers)) {
            (Precedence::Layer, Some(_)) if self.from_handler.is_some_and(|policy| policy.is_no_store()) => {
                self.from(DecisionSource::HandlerPolicy, Effective::Policy(CachePolicy::NO_STORE, None))
            }
            (Precedence::Layer, Some(_)) if sticky => {
                self.replaces = true;
                // A cache that implements `must-understand` ignores the `no-store` next to it (C-28), and would
                // obey the directives that the layer is meant to replace.
                match self.field.as_ref().is_some_and(CacheControl::must_understand) {
                    true => self.from(DecisionSource::Handler, Effective::Policy(CachePolicy::NO_STORE, None)),
                    false => self.from(DecisionSource::Handler, Effective::Field),
                }
            }
            (Precedence::Layer | Precedence::LayerEvenOverNoStore, Some(layer)) => {
                self.replaces = has_own || self.facts.has(Facts::EDGE_FIELD);
                self.from(DecisionSource::Layer, layer)
            }
            (Precedence::Tightest, Some(layer)) => {
                let own = match self.from_handler {
                    // `no-store` in the field is sticky.
                    Some(policy) if !sticky => Some(policy.into()),
                    _ if self.facts.has(Facts::HTTP10) => with_http10_lifetime(self.field.take(), headers, now),
                    _ => self.field.take(),
                };
                let Some(own) = own else {
                    self.replaces = self.facts.has(Facts::EDGE_FIELD);
                    return self.from(DecisionSource::Layer, layer);
                };
                self.replaces = true;
                self.field = Some(own.tighten(&self.to_cache_control(layer)));
                self.from(DecisionSource::Tightened, Effective::Merged)
            }
            (_, layer) => self.of_response(layer, sticky, headers, now),
        }
    }

    /// The directives if those of the response take precedence over those of the layer.
    fn of_response(
        &mut self,
        layer: Option<Effective<'a>>,
        sticky: bool,
        headers: &HeaderMap,
        now: impl FnOnce() -> HttpDate,
    ) -> Effective<'a> {
        match (self.from_handler, layer) {
            (Some(policy), _) if !sticky => {
                self.replaces = self.field.is_some() || policy.is_private();
                self.from(DecisionSource::HandlerPolicy, Effective::Policy(policy, None))
            }
            _ if self.field.is_some() => self.from(DecisionSource::Handler, Effective::Field),
            // The handler forbade reuse with the fields of HTTP/1.0. A policy must not lengthen that.
            (_, Some(_)) if self.facts.has(Facts::HTTP10) && http10_lifetime(headers, now) == Some(0) => {
                self.from(DecisionSource::Handler, Effective::rendered(&self.layer.rules.fallback))
            }
            (_, Some(layer)) => self.from(DecisionSource::Layer, layer),
            (_, None) => self.default(),
        }
    }

    /// The layer's policy for this status.
    fn of_layer(&self, headers: &HeaderMap) -> Option<Effective<'a>> {
        let Layer { rules, policy, .. } = self.layer;
        if let Some(rendered) = policy.for_response(self.status, headers).or_else(|| rules.for_status(self.status)) {
            return Some(Effective::rendered(rendered));
        }
        match policy {
            _ if self.acting_with(Effect::NoPolicyOfASuccess).is_some() => None,
            ResolvedPolicy::Fixed(rendered) => Some(Effective::rendered(rendered)),
            ResolvedPolicy::PerRequest(policy) => Some(Effective::Policy(policy, None)),
            #[cfg(feature = "routes")]
            ResolvedPolicy::Route(_) => None,
            ResolvedPolicy::Nothing => None,
        }
    }

    /// The directives of a response without a policy.
    fn default(&mut self) -> Effective<'a> {
        match self.acting_with(Effect::NoPolicyOfASuccess) {
            Some(Guard::Error) => return self.no_store_because(Guard::Error),
            Some(guard) => self.guards.insert(guard),
            None => {}
        }
        if self.waived.contains(Guard::NoHeuristics) {
            return Effective::Nothing;
        }
        self.guards.insert(Guard::NoHeuristics);
        Effective::rendered(&self.layer.rules.fallback)
    }

    /// The directives of a response to any method but GET and HEAD, which no cache may store (G-09).
    fn for_other_method(&mut self) -> Effective<'a> {
        let is_waived = !self.acts(Guard::UnsafeMethod);
        match (self.from_handler, &self.field) {
            // `no-store` in the field is sticky.
            (Some(policy), field) if is_waived && field.as_ref().is_none_or(|field| !field.no_store()) => {
                self.from(DecisionSource::HandlerPolicy, Effective::Policy(policy, None))
            }
            (_, Some(_)) if is_waived => self.from(DecisionSource::Handler, Effective::Field),
            // A cache that implements `must-understand` ignores the `no-store` next to it (C-28).
            (None, Some(field))
                if ((field.no_store() && !field.must_understand()) || (field.no_cache() && !field.public()))
                    && !self.facts.has(Facts::EDGE_FIELD) =>
            {
                // Some caches store the response to a POST that has a lifetime.
                self.field = self.field.take().map(|field| field.settled().without_max_age().without_s_maxage());
                self.from(DecisionSource::Handler, Effective::Field)
            }
            // Without the guard a handler's policy applies. A layer's policy still does not.
            _ => self.no_store_because(Guard::UnsafeMethod),
        }
    }

    /// Takes from a policy what the content forbids: a lifetime for a live stream (G-10), and `immutable` for a
    /// page (G-27).
    ///
    /// A handler's `immutable` is dropped for a page. A layer with an immutable policy serves assets, so a page
    /// replaces a missing asset there and must not be stored (G-19). A 304 without a type must not make a stored
    /// page immutable.
    fn by_content(&mut self, effective: Effective<'a>) -> Effective<'a> {
        if self.acting.is_empty() {
            return effective;
        }
        let (has_lifetime, policy) = match (effective, &self.field) {
            (Effective::Policy(policy, _), _) => (policy.has_lifetime(), Some(policy)),
            (Effective::Merged, Some(field)) => (field.s_maxage().or(field.max_age()).is_some_and(|age| age > 0), None),
            _ => return effective,
        };
        if let Some(guard) = self.acting_with(Effect::NoLifetimeByPolicy).filter(|_| has_lifetime) {
            return self.no_store_because(guard);
        }
        match (policy.filter(CachePolicy::is_immutable), self.acting_with(Effect::NotImmutable)) {
            (Some(_), Some(guard)) if self.facts.has(Facts::PAGE) && self.source == DecisionSource::Layer => {
                self.no_store_because(guard)
            }
            (Some(policy), Some(guard)) => {
                self.guards.insert(guard);
                Effective::Policy(policy.without_immutable(), None)
            }
            _ => effective,
        }
    }

    /// Leaves the response's own field unchanged. If a guard has a reason to act, the field is written in its
    /// canonical form, which every cache reads in the same way.
    fn write_field(&mut self, headers: &mut HeaderMap) {
        if let Some(guard) = self.acting_with(Effect::NoStoreAlone).filter(|_| self.replaces) {
            self.guards.insert(guard);
            self.remove_edge_fields(headers);
        }
        let reasons = self.acting.common(GuardSet::CANONICAL);
        let is_immutable = self.field.as_ref().is_some_and(CacheControl::immutable);
        if reasons.is_empty() && !(is_immutable && self.facts.has(Facts::PAGE) && self.acts(Guard::Immutable)) {
            return self.leave_one_line(headers);
        }
        let mut field = self.guarded(headers);
        let line = only_line(headers, &CACHE_CONTROL);
        if line != Some(&field.to_header_value()) {
            self.guards = self.guards.union(reasons);
            if line.is_none() {
                self.guards.insert(Guard::OneLine);
            }
            if !self.against_sharing().is_empty() {
                // Some shared caches obey `private` only (G-07).
                field = field.to_private();
            }
            set_field(headers, CACHE_CONTROL, field.to_header_value());
        }
        self.directives = Directives::Field(field);
    }

    /// Joins the lines of `Cache-Control` (G-25). If that guard is switched off, several lines stay, provided
    /// that they mean the same joined and one by one.
    fn leave_one_line(&mut self, headers: &mut HeaderMap) {
        let mut field = self.field.take().unwrap_or_default();
        // Some caches do not read a line that is this long.
        if field.no_store() && headers.get(CACHE_CONTROL).is_some_and(|line| line.len() > MAX_MEMBERS) {
            set_field(headers, CACHE_CONTROL, field.to_header_value());
        }
        if self.facts.has(Facts::SEVERAL_LINES) {
            let lines = || headers.get_all(CACHE_CONTROL).iter();
            let reading = CacheControl::parse_apart(lines());
            let is_one_reading = CacheControl::parse_apart([&join(lines())]) == reading;
            // Some caches skip a line that is not ASCII.
            let says_something = |line: &&HeaderValue| {
                line.as_bytes().is_ascii() || !CacheControl::parse_apart([*line]).has_extensions_only()
            };
            let joined = join(lines().filter(says_something));
            if !is_one_reading && self.facts.has(Facts::HTTP10) {
                // The lifetime may come from these fields in one of the readings.
                field = field.with_no_cache();
            }
            let is_quoted = || joined.as_bytes().contains(&b'"');
            let readable = || match field.no_store() && field.must_understand() {
                // The canonical form has no lifetime, which a cache that understands the status needs (C-28).
                true => CacheControl::new().with_no_store(),
                false => field.clone().without_unreadable_extensions(),
            };
            let value = match is_one_reading {
                true if !self.acts(Guard::OneLine) => None,
                // To some caches an open quote extends to the end of the line and hides the `no-store`.
                true if !joined.is_empty() && joined.as_bytes().is_ascii() && !(field.no_store() && is_quoted()) => {
                    Some(joined)
                }
                // An unreadable field is like a missing one (G-14).
                _ if readable().is_empty() => Some(self.layer.rules.fallback.as_said()),
                _ => Some(readable().to_header_value()),
            };
            if let Some(value) = value {
                self.guards.insert(Guard::OneLine);
                set_field(headers, CACHE_CONTROL, value);
            }
        }
        self.directives = Directives::Field(field);
    }

    /// Writes the merged policies, tightened by the guards.
    fn write_merged(&mut self, headers: &mut HeaderMap) {
        let field = self.field.take().unwrap_or_default();
        let edge_fields_stay = field.no_store() && self.waived.contains(Guard::NoStoreAlone);
        let restricted = self.replaces && !edge_fields_stay && self.take_freshness_fields(Some(&field), headers);
        self.field = Some(if restricted { field.to_private() } else { field });
        let field = self.guarded(headers);
        if let Some(guard) = self.acting_with(Effect::NoStoreAlone).filter(|_| field.no_store()) {
            self.guards.insert(guard);
            self.remove_edge_fields(headers);
        }
        // Some caches skip a line that is not ASCII.
        let field = field.without_unreadable_extensions();
        // Their lifetime is part of the result.
        headers.remove(EXPIRES);
        headers.remove(PRAGMA);
        set_field(headers, CACHE_CONTROL, field.to_header_value());
        self.directives = Directives::Field(field);
    }

    /// Writes a policy, tightened by the guards.
    fn write_policy(&mut self, policy: CachePolicy, rendered: Option<&Rendered>, headers: &mut HeaderMap) {
        let rules = self.layer.rules;
        let in_development = self.source == DecisionSource::Development;
        let reasons = if in_development { GuardSet::EMPTY } else { self.against_sharing() };
        let at_most = (rules.precedence == Precedence::Tightest).then(|| policy.into());
        let restricted = self.replaces
            && !policy.is_private()
            && !rules.drops_edge_fields
            && self.take_freshness_fields(at_most.as_ref(), headers);
        let has_edge_field = self.facts.has(Facts::EDGE_FIELD);
        let downgraded = restricted || (!reasons.is_empty() && (!policy.is_private() || has_edge_field));
        if downgraded {
            self.guards = self.guards.union(reasons);
        }
        let alone = self.acting_with(Effect::NoStoreAlone).filter(|_| policy.is_no_store() && !in_development);
        if let Some(guard) = alone {
            self.guards.insert(guard);
        }
        let drops = in_development || rules.drops_edge_fields || (self.replaces && policy.is_private());
        if (downgraded || alone.is_some() || drops) && self.facts.has(Facts::EDGE_FIELD.and(Facts::HTTP10)) {
            self.remove_edge_fields(headers);
        }
        self.directives = if downgraded { Directives::Private(policy) } else { Directives::Policy(policy) };
        if reasons.contains(Guard::VaryAny) {
            set_field(headers, VARY, HeaderValue::from_static("*"));
            if !policy.is_no_store() {
                self.guards.insert(Guard::VaryAny);
                self.directives = Directives::Field(self.directives.to_cache_control().with_no_cache());
            }
        }
        let value = match (&self.directives, rendered) {
            (Directives::Policy(_), Some(rendered)) => rendered.as_said(),
            (Directives::Private(_), Some(rendered)) => rendered.private(),
            (directives, _) => directives.to_cache_control().to_header_value(),
        };
        set_field(headers, CACHE_CONTROL, value);
        // `Expires` and `Pragma` are sent only on request: some caches obey an `Expires` next to `Cache-Control`,
        // and others ignore it (C-33, C-34).
        if policy.is_for_http10() {
            set_field(headers, PRAGMA, HeaderValue::from_static("no-cache"));
            set_field(headers, EXPIRES, HeaderValue::from_static("0"));
        } else if self.facts.has(Facts::HTTP10) {
            headers.remove(EXPIRES);
            headers.remove(PRAGMA);
        }
        let is_as_said = matches!(self.directives, Directives::Policy(_));
        self.edge_policy = (is_as_said && policy.says_more_to_edges()).then_some(policy);
    }

    /// Applies the guards to the field and to the fields that they change with it.
    fn guarded(&mut self, headers: &mut HeaderMap) -> CacheControl {
        let mut field = self.field.take().unwrap_or_default();
        let reasons = self.against_sharing();
        if !reasons.is_empty() {
            let downgrades = !field.forbids_shared_storage() || self.facts.has(Facts::EDGE_FIELD);
            if downgrades {
                self.remove_edge_fields(headers);
                self.guards = self.guards.union(reasons);
            }
            // Caches disagree on `private` or `no-store` next to a permission (C-06, G-07).
            if downgrades || field != field.clone().settled() {
                field = field.to_private();
            }
            field = field.without_unreadable_extensions();
        }
        if reasons.contains(Guard::VaryAny) {
            set_field(headers, VARY, HeaderValue::from_static("*"));
            if !field.no_store() && !field.no_cache() {
                field = field.with_no_cache();
                self.guards.insert(Guard::VaryAny);
            }
        }
        if field.immutable() && self.facts.has(Facts::PAGE) && self.acts(Guard::Immutable) {
            field = field.without_immutable();
            self.guards.insert(Guard::Immutable);
            if field.is_empty() {
                // There was no other directive (G-14).
                field = field.to_private();
            }
        }
        field
    }

    /// Adds the names of the layer's and the handler's policies to `Vary`, whichever policy takes precedence: the
    /// response depends on these fields in any case (K-02). Adds `Origin` if CORS names one origin (G-12, L-05).
    fn complete_vary(&mut self, inner: Option<&Ruling>, headers: &mut HeaderMap) {
        let Layer { rules, policy, request } = self.layer;
        let adds = request.is_get_or_head();
        let has_vary = self.facts.has(Facts::VARY);
        let mut rendered = [policy.vary(), rules.vary.as_ref()].into_iter().flatten().filter(|_| adds);
        let (first, second) = (rendered.next(), rendered.next());
        let policies = [policy.per_request(), self.from_handler].into_iter().flatten();
        let mut names = policies.flat_map(|policy| policy.vary_names()).filter(|_| adds).peekable();
        let names_origin = adds && self.facts.has(Facts::ONE_ORIGIN) && !self.waived.contains(Guard::Cors);
        if second.is_none() && names.peek().is_none() && !names_origin {
            let line = if has_vary { only_line(headers, &VARY) } else { None };
            match first {
                None if !has_vary => return,
                Some(first) if !has_vary => return first.set_in(headers),
                // A rendered policy never contains `*`.
                Some(first) if line.is_some_and(|line| first.says(line)) => return,
                None => {
                    let known = inner.filter(|inner| inner.vary.is_some() && inner.vary.as_ref() == line);
                    let is_any = known.map_or_else(|| reads_any(headers), |inner| inner.seen.has(Facts::VARY_ANY));
                    return self.set_vary_any(is_any);
                }
                Some(_) => {}
            }
        }
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.vary_read += 1);
        let present = Vary::from_headers(headers).unwrap_or_default();
        let rendered = first.into_iter().chain(second);
        let mut completed = rendered.fold(present.clone(), |vary, rendered| vary.union(rendered.names()));
        names.for_each(|name| completed.insert(name));
        if names_origin && !completed.contains("origin") {
            self.guards.insert(Guard::Cors);
            completed.insert("origin");
        }
        self.set_vary_any(present.is_any());
        if completed != present || (present.is_any() && only_line(headers, &VARY).is_none_or(|line| line != "*")) {
            set_field(headers, VARY, completed.to_header_value());
        }
    }

    fn set_vary_any(&mut self, is_any: bool) {
        self.facts.set_if(Facts::VARY_ANY, is_any);
        self.acting = GuardSet::seeing(self.facts).without(self.waived);
    }

    /// Stores the ruling in the extensions if an outer layer needs it.
    fn leave(&mut self, headers: &HeaderMap, extensions: &mut Extensions) {
        let Layer { rules, request, policy } = self.layer;
        if !request.ruling_is_wanted {
            return;
        }
        let ruling = extensions.get_or_insert_default::<Ruling>();
        ruling.accepted.add(rules.waived, self.facts, headers);
        if let Some(own) = policy.tags().filter(|_| request.is_get_or_head()) {
            ruling.tags.unite(own);
        }
        ruling.replaces |= rules.precedence != Precedence::Answer && !matches!(policy, ResolvedPolicy::Nothing);
        ruling.directives = std::mem::take(&mut self.directives);
        ruling.line = only_line(headers, &CACHE_CONTROL).cloned();
        ruling.vary = only_line(headers, &VARY).cloned();
        ruling.status = Some(self.status);
        ruling.seen = self.facts;
        ruling.waived = self.waived;
        ruling.edge_policy = self.edge_policy;
    }

    const fn from(&mut self, source: DecisionSource, effective: Effective<'a>) -> Effective<'a> {
        self.source = source;
        effective
    }

    fn no_store_because(&mut self, guard: Guard) -> Effective<'a> {
        self.guards.insert(guard);
        self.from(DecisionSource::Default, Effective::rendered(&self.layer.rules.no_store))
    }

    fn to_cache_control(&self, effective: Effective<'a>) -> CacheControl {
        match effective {
            Effective::Policy(policy, _) => policy.into(),
            Effective::Field | Effective::Merged => self.field.clone().unwrap_or_default(),
            Effective::Nothing => CacheControl::new(),
        }
    }

    const fn acts(&self, guard: Guard) -> bool {
        self.acting.contains(guard)
    }

    /// The first guard with this effect whose condition is met.
    fn acting_with(&self, effect: Effect) -> Option<Guard> {
        if self.acting.is_empty() { None } else { self.acting.first_with(effect) }
    }

    /// The guards that forbid shared storage (SPD).
    const fn against_sharing(&self) -> GuardSet {
        self.acting.common(GuardSet::AGAINST_SHARING)
    }

    /// Removes the fields that give edges their own lifetime, and returns whether one of them was a restriction.
    fn take_freshness_fields(&self, at_most: Option<&CacheControl>, headers: &mut HeaderMap) -> bool {
        self.facts.has(Facts::EDGE_FIELD)
            && take_freshness_fields(headers, [&self.layer.rules.edge_names, &self.inner_names], at_most)
    }

    fn remove_edge_fields(&mut self, headers: &mut HeaderMap) {
        let own = [&self.layer.rules.edge_names, &self.inner_names];
        if !self.facts.has(Facts::EDGE_FIELD) {
            headers.remove(EXPIRES);
            return;
        }
        remove_targeted_fields(headers);
        if own.iter().any(|own| !own.is_empty()) {
            remove_fields(headers, |name| own.iter().any(|own| own.contains(name)));
        }
        self.facts.remove(Facts::EDGE_FIELD);
        self.acting.remove(Guard::NoStoreAlone);
    }
}

impl<'a> Effective<'a> {
    const fn rendered(rendered: &'a Rendered) -> Self {
        Self::Policy(rendered.policy(), Some(rendered))
    }
}

/// Whether a cache that does not parse quoted strings finds a restriction in this line that the field lacks.
fn hides_a_restriction(line: &HeaderValue, field: &CacheControl) -> bool {
    let line = line.as_bytes();
    line.contains(&b'"')
        && line.split(|&byte| byte == b',').any(|member| {
            let name = member.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
            let is = |directive: &str| name.eq_ignore_ascii_case(directive.as_bytes());
            (is("no-store") && !field.no_store())
                || (is("private") && !field.private() && !field.no_store() && field.private_fields().is_empty())
                || (is("no-cache") && !field.no_cache() && !field.no_store() && field.no_cache_fields().is_empty())
        })
}

fn reads_any(headers: &HeaderMap) -> bool {
    #[cfg(test)]
    crate::protocol::counters::count(|counts| counts.vary_read += 1);
    vary_has_any(headers)
}

/// Completes a field without a lifetime with the one that `Expires` or `Pragma` gives.
fn with_http10_lifetime(
    field: Option<CacheControl>,
    headers: &HeaderMap,
    now: impl FnOnce() -> HttpDate,
) -> Option<CacheControl> {
    if field.as_ref().is_some_and(CacheControl::has_explicit_freshness) {
        return field;
    }
    match http10_lifetime(headers, now) {
        Some(seconds) => Some(field.unwrap_or_default().with_max_age(u32::try_from(seconds).unwrap_or(u32::MAX))),
        None => field,
    }
}

/// The lifetime in seconds that the fields of HTTP/1.0 give: 0 for `Pragma: no-cache` and for an `Expires` that
/// is past or not a date (C-33), otherwise the time from `Date` to `Expires`.
fn http10_lifetime(headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<u64> {
    let is_no_cache = |member: &[u8]| member.trim_ascii().eq_ignore_ascii_case(b"no-cache");
    if headers.get_all(PRAGMA).iter().any(|line| line.as_bytes().split(|&byte| byte == b',').any(is_no_cache)) {
        return Some(0);
    }
    if !headers.contains_key(EXPIRES) {
        return None;
    }
    let lifetime = Lifetime::of_response(Cache::Private, StatusCode::OK, headers, now());
    (lifetime.source() == LifetimeSource::Expires).then(|| lifetime.seconds())
}
