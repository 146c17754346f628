//! Decides how long a response may be stored. Combines the policy, the handler's directives and the facts into one
//! [`Ruling`].

use std::rc::Rc;

use http::header::CACHE_CONTROL;
use http::{Extensions, HeaderMap, Response, StatusCode};

use super::decision::{Decision, DecisionSource};
use super::facts::{Facts, RequestFacts};
use super::guards::{Effect, Guard, GuardSet};
use super::reading::Reading;
use super::rendered::{Rendered, RenderedPolicy, is_of_layer};
use super::rules::{Precedence, Rules};
use super::ruling::{Ruling, Unruled};
use super::source::ResolvedPolicy;
use super::status_policy::HandlerPolicy;
use super::{CachePolicy, CacheTags, Personalized};
use crate::protocol::{
    CacheControl, HttpDate, hides_a_restriction, http10_lifetime, is_one_reading, only_line, set_field,
};

/// The inputs of one layer to a decision.
#[derive(Clone, Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) request: RequestFacts,
    pub(crate) policy: ResolvedPolicy<'a>,
}

/// A decision that is being made.
pub(super) struct DecisionBuilder<'a, 'i> {
    pub(super) layer: Layer<'a>,
    pub(super) status: StatusCode,
    pub(super) facts: Facts,
    /// The guards that are switched off in this layer or an inner one.
    pub(super) waived: GuardSet,
    /// The guards whose condition is met.
    pub(super) acting: GuardSet,
    /// The guards that changed something.
    pub(super) guards: GuardSet,
    /// The handler's policy, and whether the handler made it for this status.
    pub(super) from_handler: Option<RenderedPolicy<'a>>,
    is_for_status: bool,
    /// The ruling of an inner layer.
    pub(super) inner: Option<&'i Ruling>,
    /// Whether `Cache-Control` is still the line that the inner layer wrote.
    has_inner_line: bool,
    pub(super) source: DecisionSource,
    /// Whether the result replaces the handler's field.
    pub(super) replaces: bool,
    pub(super) written: Written<'a>,
    /// Why nothing is known about the policy of the 200 that a 304 confirms.
    pub(super) unruled: Option<Unruled>,
}

/// Leaves a decision for outer layers.
type Leave<'a, 'l> = dyn FnMut(Decided<'a>, &mut HeaderMap, &mut Extensions) + 'l;

/// A decision that was made and written.
pub(super) struct Decided<'a> {
    pub(super) layer: Layer<'a>,
    pub(super) status: StatusCode,
    pub(super) facts: Facts,
    pub(super) waived: GuardSet,
    guards: GuardSet,
    pub(super) source: DecisionSource,
    #[cfg_attr(not(feature = "shared-cache"), allow(dead_code))]
    pub(super) has_inner_line: bool,
    pub(super) written: Written<'a>,
}

/// The directives that take precedence, before guards.
pub(super) enum Effective<'a> {
    /// The response's own field.
    Field(CacheControl),
    Policy(RenderedPolicy<'a>),
    /// Several sources combined, in place of the response's own field.
    Combined(CacheControl),
}

/// The directives in the field, after guards.
pub(super) enum Written<'a> {
    /// The directives of the inner layer's ruling.
    Inner,
    /// The directives of a policy, which no guard changed.
    Policy(RenderedPolicy<'a>),
    /// The directives of the response's own line, which no guard changed.
    Reading(Rc<Reading>),
    Field(CacheControl),
}

impl<'a> Layer<'a> {
    /// Decides how long a response may be stored, and writes the decision into its fields.
    pub(crate) fn rule<B>(self, response: &mut Response<B>, now: impl Fn() -> HttpDate) -> Option<Decision> {
        with_head(response, |status, headers, extensions| self.rule_head(status, headers, extensions, now))
    }

    /// Like [`rule`](Self::rule), if [`write_usual`] has not written the policy. The layer has [plain
    /// rules](Rules::are_plain) and all guards. It leaves no ruling and does not report its decision.
    #[inline(never)]
    pub(crate) fn rule_unusual<B>(self, facts: Option<Facts>, response: &mut Response<B>, now: impl Fn() -> HttpDate) {
        with_head(response, |status, headers, extensions| {
            self.decide(facts, status, headers, extensions, &now, None);
        });
    }

    /// Like [`rule`](Self::rule), for the head of a response that was split from its body.
    ///
    /// Reads `now` only for an `Expires` without a `Cache-Control`. Returns `None` for gRPC, informational
    /// responses and upgrades, which are left unchanged.
    pub(crate) fn rule_head(
        self,
        status: StatusCode,
        headers: &mut HeaderMap,
        extensions: &mut Extensions,
        now: impl Fn() -> HttpDate,
    ) -> Option<Decision> {
        let is_wanted = self.request.ruling_is_wanted;
        let leave: &mut Leave<'a, '_> = &mut |decided, headers, extensions| {
            decided.write_ruling(extensions.get_or_insert_default(), headers);
        };
        self.decide(None, status, headers, extensions, &now, is_wanted.then_some(leave))
    }

    /// Like [`rule`](Self::rule), and then calls `write` with the ruling, to which the handler's tags have been added. If
    /// `write` returns true, the ruling is stored for outer layers. `write` is not called for a 304 without a decision.
    ///
    /// If nothing but the response's own line has an effect, here and at the edges, calls `write_line` instead.
    pub(crate) fn rule_for_edges<B>(
        self,
        response: &mut Response<B>,
        now: impl Fn() -> HttpDate,
        write_line: impl FnOnce(&mut HeaderMap, &Reading),
        write: impl FnOnce(StatusCode, &mut HeaderMap, &mut Ruling) -> bool,
    ) {
        let leaves_nothing = self.rules.edge_names.is_empty() && !self.request.ruling_is_wanted;
        let mut facts = None;
        if leaves_nothing && response.extensions().is_empty() {
            match self.undisputed_line(response.status(), response.headers()) {
                Ok(line) => return write_line(response.headers_mut(), &line),
                Err(found) => facts = Some(found),
            }
        }
        let mut write = Some(write);
        let leave: &mut Leave<'a, '_> = &mut |decided, headers, extensions| {
            let Some(write) = write.take() else { return };
            let (mut new, tags) = (None, extensions.remove::<CacheTags>());
            let inner = extensions.get_mut::<Ruling>();
            let ruling = inner.unwrap_or_else(|| new.insert(Ruling::default()));
            let status = decided.status;
            decided.write_ruling(ruling, headers);
            if let Some(tags) = &tags {
                ruling.add_tags(tags);
            }
            match (write(status, headers, ruling), new) {
                (true, Some(new)) => _ = extensions.insert(new),
                (false, None) => _ = extensions.remove::<Ruling>(),
                _ => {}
            }
        };
        with_head(response, |status, headers, extensions| {
            self.decide(facts, status, headers, extensions, &now, Some(leave));
        });
    }

    /// Returns the line of a response without extensions if it applies unchanged and is all that counts. Otherwise
    /// returns the facts of the response.
    fn undisputed_line(&self, status: StatusCode, headers: &HeaderMap) -> Result<Rc<Reading>, Facts> {
        let found = Facts::of_response(status, headers, [&self.rules.edge_names, &[]]);
        let mut facts = found;
        facts.insert(self.request.facts);
        if facts.has(Facts::VARY.and(Facts::ONE_ORIGIN)) {
            return Err(found);
        }
        match self.undisputed(status, facts, None, headers) {
            Some((_, Written::Reading(line))) => Ok(line),
            _ => Err(found),
        }
    }

    fn decide(
        self,
        facts: Option<Facts>,
        status: StatusCode,
        headers: &mut HeaderMap,
        extensions: &mut Extensions,
        now: &dyn Fn() -> HttpDate,
        leave: Option<&mut Leave<'a, '_>>,
    ) -> Option<Decision> {
        let rules = self.rules;
        let mut facts = facts.unwrap_or_else(|| {
            let inner_names = extensions.get::<Ruling>().map_or(&[][..], |inner| &inner.edge_names);
            Facts::of_response(status, headers, [&rules.edge_names, inner_names])
        });
        facts.insert(self.request.facts);
        if status.is_informational() || (facts.has(Facts::GRPC_REQUEST) && facts.has(Facts::GRPC_RESPONSE)) {
            return None;
        }
        if extensions.is_empty()
            && rules.are_plain()
            && !facts.has(GuardSet::SEEN_AGAINST_SHARING)
            && self.policy.usual(status, facts, rules.waived, headers).is_some()
            && let Some(policy) = self.policy.for_response(status, headers)
        {
            let (source, guards) = (DecisionSource::Layer, GuardSet::EMPTY);
            set_field(headers, CACHE_CONTROL, policy.value());
            if let Some(leave) = leave
                && !self.is_read_from_line(&policy)
            {
                let (waived, written) = (rules.waived, Written::Policy(policy));
                let decided =
                    Decided { layer: self, status, facts, waived, guards, source, written, has_inner_line: false };
                leave(decided, headers, extensions);
            }
            return Some(Decision::new(source, guards));
        }
        let from_handler = HandlerPolicy::take(status, extensions);
        let is_for_status = from_handler.is_some_and(|own| own.is_for_status);
        let from_handler = from_handler.map(|own| RenderedPolicy::of_response(own.policy));
        let mark = extensions.get::<Unruled>().copied();
        facts.set_if(Facts::PERSONALIZED, extensions.get::<Personalized>().is_some());
        let inner = extensions.get::<Ruling>();
        let mut waived = rules.waived;
        if let Some(inner) = inner {
            // An inner layer may have seen reasons for a guard that are no longer visible here.
            facts.insert(inner.seen.common(Facts::OF_REQUEST));
            if rules.heeds_accepted {
                waived = waived.union(inner.accepted.still_covers(headers));
            }
            if inner.is_for(status) && !inner.seen.has(Facts::UNTYPED_NOT_MODIFIED) {
                // The inner layer decided when the content type was known.
                facts.remove(Facts::UNTYPED_NOT_MODIFIED);
                facts.insert(inner.seen.common(Facts::PAGE.and(Facts::LIVE_STREAM)));
            }
        }
        // A 304 that was sent before the handler ran does not contain all names of `Vary`, so none is added.
        let mut guards = GuardSet::EMPTY;
        if mark != Some(Unruled::BeforeHandler) {
            let is_waived = waived.contains(Guard::Cors);
            guards = self.complete_vary(&mut facts, is_waived, from_handler.as_deref(), inner, headers);
        }
        let undisputed = match (inner, mark) {
            (None, None) => self.undisputed(status, facts, from_handler.as_ref(), headers),
            _ => None,
        };
        let decided = if let Some((source, written)) = undisputed {
            if let Written::Policy(policy) = &written {
                set_field(headers, CACHE_CONTROL, policy.value());
            }
            if leave.is_none() {
                return Some(Decision::new(source, guards));
            }
            Decided { layer: self, status, facts, waived, guards, source, written, has_inner_line: false }
        } else {
            let mut builder = DecisionBuilder {
                acting: GuardSet::seeing(facts).without(waived),
                has_inner_line: inner.is_some_and(|inner| inner.wrote_line_of(facts, headers)),
                layer: self,
                status,
                facts,
                waived,
                guards,
                is_for_status,
                from_handler,
                inner,
                source: DecisionSource::Default,
                replaces: false,
                written: Written::Inner,
                unruled: None,
            };
            if inner.is_some_and(|inner| builder.inner_ruling_applies(inner)) {
                builder.confirm(headers);
            } else {
                let field = builder.read_field(headers);
                match builder.unruled_because(mark, field.as_ref()) {
                    Some(unruled) => builder.write_without_decision(unruled, headers),
                    None => builder.decide(field, headers, now),
                }
            }
            let DecisionBuilder { layer, facts, guards, source, written, has_inner_line, unruled, .. } = builder;
            if let Some(unruled) = unruled {
                extensions.remove::<Ruling>();
                extensions.insert(unruled);
                return Some(Decision::new(source, guards));
            }
            Decided { layer, status, facts, waived, guards, source, written, has_inner_line }
        };
        let decision = Decision::new(decided.source, decided.guards);
        if let Some(leave) = leave {
            leave(decided, headers, extensions);
        }
        Some(decision)
    }

    /// Writes the policy of the layer or of the handler into a response without other extensions, if only guards against
    /// shared storage can change it. Otherwise returns the facts of the response, if they are known.
    #[inline(always)]
    pub(crate) fn write_usual(
        &self,
        from_handler: Option<&CachePolicy>,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Option<Facts>> {
        match from_handler {
            None => self.policy.write_usual(self.request, status, headers).map_err(Some),
            Some(own) => self.write_of_handler(*own, status, headers),
        }
    }

    #[inline(never)]
    fn write_of_handler(
        &self,
        own: CachePolicy,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Option<Facts>> {
        if self.rules.precedence != Precedence::Response || self.policy.vary().is_some() {
            return Err(None);
        }
        let policy = ResolvedPolicy::Policy(RenderedPolicy::of_response(own));
        policy.write_usual(self.request, status, headers).map_err(Some)
    }

    /// Returns whether only an edge layer wants the ruling of a usual policy, and reads all of it from the line.
    fn is_read_from_line(&self, policy: &Rendered) -> bool {
        let Self { rules, request, policy: source } = self;
        request.is_for_edge
            && policy.is_plain()
            && rules.waived.is_empty()
            && rules.precedence == Precedence::Response
            && source.tags().is_none()
    }

    /// Returns the policy or the response's own field if it applies unchanged, because nothing else in the response, the
    /// request and the rules has an effect. That is so for most responses.
    #[inline(always)]
    fn undisputed(
        &self,
        status: StatusCode,
        facts: Facts,
        from_handler: Option<&RenderedPolicy<'a>>,
        headers: &HeaderMap,
    ) -> Option<(DecisionSource, Written<'a>)> {
        #[cfg(test)]
        if crate::protocol::counters::decides_in_full() {
            return None;
        }
        let Self { rules, policy, .. } = self;
        if facts.has(Facts::DISPUTING) || rules.development {
            return None;
        }
        let (source, written) = match from_handler {
            None if facts.has(Facts::CACHE_CONTROL) && !self.can_replace_directives(status) => {
                (DecisionSource::Handler, Written::Reading(Reading::of_only_line(headers)?))
            }
            _ if facts.has(Facts::CACHE_CONTROL) => return None,
            Some(own) if rules.precedence == Precedence::Response => {
                (DecisionSource::HandlerPolicy, Written::Policy(own.clone()))
            }
            None if rules.for_status(status).is_none() => {
                (DecisionSource::Layer, Written::Policy(policy.for_response(status, headers)?))
            }
            _ => return None,
        };
        let immutable = match &written {
            Written::Policy(own) if own.policy().is_for_http10() => return None,
            Written::Policy(own) => own.directives().immutable(),
            Written::Reading(own) => own.directives().immutable(),
            Written::Inner | Written::Field(_) => return None,
        };
        if immutable && facts.has(Facts::PAGE) {
            return None;
        }
        #[cfg(test)]
        crate::protocol::counters::count(|counts| {
            counts.undisputed += 1;
            counts.decisions += 1;
        });
        Some((source, written))
    }

    /// Whether the layer has a policy that could replace the directives of the response.
    fn can_replace_directives(&self, status: StatusCode) -> bool {
        self.rules.precedence != Precedence::Response
            && (!matches!(self.policy, ResolvedPolicy::Nothing) || self.rules.for_status(status).is_some())
    }
}

/// Writes the policy into a response if it is the usual one: calls `write` with the policy of the handler, unless the
/// response has other extensions.
#[inline]
pub(crate) fn write_usual<B>(
    response: &mut Response<B>,
    write: impl Fn(Option<&CachePolicy>, StatusCode, &mut HeaderMap) -> Result<(), Option<Facts>>,
) -> Result<(), Option<Facts>> {
    let (status, extensions) = (response.status(), response.extensions());
    if extensions.is_empty() {
        return write(None, status, response.headers_mut());
    }
    match (extensions.len(), extensions.get().copied()) {
        (1, Some(own)) => write(Some(&own), status, response.headers_mut())?,
        _ => return Err(None),
    }
    // Otherwise, an outer layer could undo a guard's change to the policy.
    response.extensions_mut().clear();
    Ok(())
}

/// `Response` cannot lend its fields and its extensions mutably at the same time.
fn with_head<B, T>(
    response: &mut Response<B>,
    rule: impl FnOnce(StatusCode, &mut HeaderMap, &mut Extensions) -> T,
) -> T {
    let mut extensions = std::mem::take(response.extensions_mut());
    let ruled = rule(response.status(), response.headers_mut(), &mut extensions);
    *response.extensions_mut() = extensions;
    ruled
}

impl<'a> DecisionBuilder<'a, '_> {
    /// Whether the inner layer's ruling applies unchanged: the line is the one that it wrote, this layer has no
    /// policy that could replace it, and no guard has a new reason.
    fn inner_ruling_applies(&self, inner: &Ruling) -> bool {
        #[cfg(test)]
        if crate::protocol::counters::decides_in_full() {
            return false;
        }
        self.from_handler.is_none()
            && !self.layer.rules.development
            && !self.layer.can_replace_directives(self.status)
            && inner.is_for(self.status)
            && inner.has_directives()
            && self.has_inner_line
            && (self.acting.is_empty() || self.acting.without(inner.satisfied()).is_empty())
    }

    /// Uses the ruling of the inner layer.
    fn confirm(&mut self, headers: &mut HeaderMap) {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.confirmed += 1);
        self.source = DecisionSource::Handler;
        if self.acts(Guard::VaryAny) {
            Self::vary_on_everything(headers);
        }
    }

    /// Reads the response's own field, unless the inner layer's ruling already has it.
    fn read_field(&self, headers: &HeaderMap) -> Option<CacheControl> {
        if !self.facts.has(Facts::CACHE_CONTROL) {
            return None;
        }
        if let Some(inner) = self.inner.filter(|_| self.has_inner_line) {
            // A decision about a success does not apply to an error that a layer in between made of it, such as
            // the 406 of a compression layer (G-04).
            if !inner.is_for(self.status) && self.acts(Guard::Error) && !inner.seen.has(Facts::ERROR) {
                return None;
            }
            #[cfg(test)]
            {
                if crate::protocol::counters::decides_in_full() {
                    return CacheControl::from_headers(headers);
                }
                crate::protocol::counters::count(|counts| counts.readings_reused += 1);
            }
            return Some(inner.directives.clone());
        }
        let is_unruled = self.inner.is_none_or(|inner| inner.directives.is_empty());
        match (&self.layer.policy, only_line(headers, &CACHE_CONTROL)) {
            // A policy layer wrote the line of a success and left no ruling. As above, it does not apply to an error.
            (ResolvedPolicy::Nothing, Some(line)) if is_unruled && self.acts(Guard::Error) && is_of_layer(line) => None,
            (ResolvedPolicy::Policy(own), Some(line)) if own.is(line) => Some(own.directives().clone()),
            _ => CacheControl::from_headers(headers),
        }
    }

    /// Returns why the policy of the 200 that this 304 confirms is not known. Either the handler did not run, which
    /// could have restricted the policy, or the policy depends on the content type, which the 304 does not contain.
    // N-01
    fn unruled_because(&self, mark: Option<Unruled>, field: Option<&CacheControl>) -> Option<Unruled> {
        let Layer { rules, request, policy } = &self.layer;
        if self.status != StatusCode::NOT_MODIFIED
            || self.handler_policy().is_some_and(|policy| !self.overrules(policy.is_no_store()))
            || rules.development
            || !request.is_get_or_head()
            || field.is_some_and(|field| !field.has_extensions_only() && !self.overrules(field.no_store()))
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

    /// Returns whether the layer's policy replaces the handler's directives.
    pub(super) fn overrules(&self, no_store: bool) -> bool {
        match self.layer.rules.precedence {
            Precedence::Response | Precedence::Tightest => false,
            Precedence::Layer => !no_store && self.layer.can_replace_directives(self.status),
            Precedence::LayerEvenOverNoStore => self.layer.can_replace_directives(self.status),
        }
    }

    fn decide(&mut self, field: Option<CacheControl>, headers: &mut HeaderMap, now: &dyn Fn() -> HttpDate) {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.decisions += 1);
        // A field without a known directive does not affect the decision. Its members are added to the result, unless
        // they contain a quoted string, in which some caches find directives.
        let (field, beside) = match field {
            Some(field) if field.has_extensions_only() => (None, Some(field)),
            field => (field.map(|field| self.strictest_reading(field, headers)), None),
        };
        let has_quote = || headers.get_all(CACHE_CONTROL).iter().any(|line| line.as_bytes().contains(&b'"'));
        let is_never_stored =
            self.layer.rules.development || self.facts.has(Facts::NEVER_STORED.and(Facts::OTHER_METHOD));
        let beside = beside.filter(|_| !is_never_stored && !has_quote());
        let mut effective = self.by_precedence(field, headers, now);
        effective = self.by_content(effective);
        effective = match (beside, effective) {
            (Some(beside), Effective::Field(_)) => Effective::Field(beside),
            (Some(beside), Effective::Policy(policy)) => {
                Effective::Combined(policy.directives().clone().with_extensions_of(beside))
            }
            (Some(beside), Effective::Combined(field)) => Effective::Combined(field.with_extensions_of(beside)),
            (_, effective) => effective,
        };
        self.write(effective, headers);
    }

    /// Adds `no-cache` if some caches find a restriction in the lines that the parsed field does not contain.
    fn strictest_reading(&self, field: CacheControl, headers: &HeaderMap) -> CacheControl {
        // If only one reading has a lifetime, the other reading uses that of HTTP/1.0.
        let competes = || self.facts.has(Facts::SEVERAL_LINES) && self.facts.has(Facts::HTTP10);
        let hides = hides_a_restriction(headers, &field) || (competes() && !is_one_reading(headers));
        if hides { field.with_no_cache() } else { field }
    }

    fn by_precedence(
        &mut self,
        field: Option<CacheControl>,
        headers: &HeaderMap,
        now: &dyn Fn() -> HttpDate,
    ) -> Effective<'a> {
        let rules = self.layer.rules;
        if rules.development {
            return self.from(DecisionSource::Development, Effective::rendered(&rules.for_development));
        }
        // A handler that returns `(PAGE, result)` attaches its policy to errors and redirects too, although it is meant
        // for the success. A field that the handler wrote is meant for this response.
        if !self.is_for_status
            && let Some(guard) = self.acting_with(Effect::NoPolicyOfASuccess)
            && self.from_handler.take_if(|own| !own.policy().is_no_store()).is_some()
        {
            self.guards.insert(guard);
        }
        if self.facts.has(Facts::NEVER_STORED) {
            return self.no_store_because(Guard::Error);
        }
        if self.facts.has(Facts::OTHER_METHOD) {
            return self.for_other_method(field);
        }
        let own = self.of_response(field);
        let Some(layer) = self.of_layer(headers) else {
            let Some((source, own)) = own else { return self.default() };
            return self.from(source, own);
        };
        match (rules.precedence, own) {
            (Precedence::Response, Some((source, own))) => self.from(source, own),
            // The handler forbade reuse with the fields of HTTP/1.0, which a policy must not relax.
            (Precedence::Response, None)
                if self.facts.has(Facts::HTTP10) && http10_lifetime(headers, now) == Some(0) =>
            {
                self.from(DecisionSource::Handler, Effective::rendered(&rules.fallback))
            }
            (Precedence::Response, None) => self.from(DecisionSource::Layer, layer),
            (Precedence::Layer, Some((_, own))) if own.directives().no_store() => {
                let is_of_policy = self.handler_policy().is_some_and(|policy| policy.is_no_store());
                let source = if is_of_policy { DecisionSource::HandlerPolicy } else { DecisionSource::Handler };
                self.replaces = !is_of_policy;
                // A cache that implements `must-understand` ignores the `no-store` next to it (C-28), and would
                // obey the directives that the layer is meant to replace.
                let is_kept = self.replaces && !own.directives().must_understand();
                self.from(source, if is_kept { own } else { Effective::rendered(&rules.no_store) })
            }
            (Precedence::Layer | Precedence::LayerEvenOverNoStore, own) => {
                self.replaces = own.is_some() || self.facts.has(Facts::EDGE_FIELD);
                self.from(DecisionSource::Layer, layer)
            }
            (Precedence::Tightest, own) => {
                let own = match own {
                    Some((DecisionSource::HandlerPolicy, own)) => Some(own.directives().clone()),
                    own => {
                        let field = own.map(|(_, field)| field.directives().clone());
                        if self.facts.has(Facts::HTTP10) { with_http10_lifetime(field, headers, now) } else { field }
                    }
                };
                self.replaces = own.is_some() || self.facts.has(Facts::EDGE_FIELD);
                let Some(own) = own else { return self.from(DecisionSource::Layer, layer) };
                self.from(DecisionSource::Tightened, Effective::Combined(own.tighten(layer.directives())))
            }
        }
    }

    /// Returns the response's own directives: the policy of its handler, or its field, whose `no-store` is sticky.
    fn of_response(&mut self, field: Option<CacheControl>) -> Option<(DecisionSource, Effective<'a>)> {
        match (self.from_handler.clone(), field) {
            (Some(own), field) if field.as_ref().is_none_or(|field| !field.no_store()) => {
                self.replaces = field.is_some() || own.policy().is_private();
                Some((DecisionSource::HandlerPolicy, Effective::Policy(own)))
            }
            (_, field) => Some((DecisionSource::Handler, Effective::Field(field?))),
        }
    }

    /// Returns the layer's policy for this status.
    fn of_layer(&self, headers: &HeaderMap) -> Option<Effective<'a>> {
        let Layer { rules, policy, .. } = &self.layer;
        let of_status = || rules.for_status(self.status).map(RenderedPolicy::OfLayer);
        let own = || policy.for_response(self.status, headers);
        // A route names the statuses that it covers. Other policies are for a success.
        let found = if policy.is_of_route() {
            own().or_else(of_status)
        } else {
            of_status().or_else(|| own().filter(|_| self.acting_with(Effect::NoPolicyOfASuccess).is_none()))
        };
        found.map(Effective::Policy)
    }

    /// Returns the directives for a response without a policy.
    fn default(&mut self) -> Effective<'a> {
        match self.acting_with(Effect::NoPolicyOfASuccess) {
            Some(Guard::Error) => return self.no_store_because(Guard::Error),
            Some(guard) => self.guards.insert(guard),
            None => {}
        }
        if self.waived.contains(Guard::NoHeuristics) {
            // Heuristics may be allowed although shared storage is not.
            let nothing = CacheControl::new();
            return if self.against_sharing().is_empty() {
                Effective::Field(nothing)
            } else {
                Effective::Combined(nothing)
            };
        }
        self.guards.insert(Guard::NoHeuristics);
        Effective::rendered(&self.layer.rules.fallback)
    }

    /// Returns the directives for a response to a method other than GET and HEAD, which no cache may store. The
    /// layer's policy does not apply.
    // G-09
    fn for_other_method(&mut self, field: Option<CacheControl>) -> Effective<'a> {
        let has_policy = self.from_handler.is_some();
        match self.of_response(field) {
            Some((source, own)) if !self.acts(Guard::UnsafeMethod) => self.from(source, own),
            // A cache that implements `must-understand` ignores the `no-store` next to it (C-28).
            Some((_, Effective::Field(field)))
                if !has_policy
                    && ((field.no_store() && !field.must_understand()) || (field.no_cache() && !field.public()))
                    && !self.facts.has(Facts::EDGE_FIELD) =>
            {
                // Some caches store the response to a POST that has a lifetime.
                let field = field.settled().without_max_age().without_s_maxage();
                self.from(DecisionSource::Handler, Effective::Field(field))
            }
            _ => {
                self.replaces = false;
                self.no_store_because(Guard::UnsafeMethod)
            }
        }
    }

    /// Removes the directives that do not fit the content: the lifetime for a live stream, and `immutable` for an HTML
    /// page.
    ///
    /// If the handler chose `immutable` for a page, only this directive is removed. If a layer chose it, the layer
    /// serves assets, and the page replaces a missing asset, so it must not be stored. A 304 without a content type
    /// must not make a stored page immutable.
    // G-10, G-19, G-27
    fn by_content(&mut self, effective: Effective<'a>) -> Effective<'a> {
        if self.acting.is_empty() {
            return effective;
        }
        let (has_lifetime, policy) = match &effective {
            Effective::Policy(own) => (own.policy().has_lifetime(), Some(own.policy())),
            Effective::Combined(field) => (field.s_maxage().or(field.max_age()).is_some_and(|age| age > 0), None),
            Effective::Field(_) => return effective,
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
                Effective::Policy(RenderedPolicy::of_response(policy.without_immutable()))
            }
            _ => effective,
        }
    }

    fn from(&mut self, source: DecisionSource, effective: Effective<'a>) -> Effective<'a> {
        self.source = source;
        effective
    }

    fn no_store_because(&mut self, guard: Guard) -> Effective<'a> {
        self.guards.insert(guard);
        self.from(DecisionSource::Default, Effective::rendered(&self.layer.rules.no_store))
    }

    fn handler_policy(&self) -> Option<CachePolicy> {
        self.from_handler.as_ref().map(|own| own.policy())
    }

    pub(super) const fn acts(&self, guard: Guard) -> bool {
        self.acting.contains(guard)
    }

    /// Returns the first guard with this effect whose condition is met.
    pub(super) fn acting_with(&self, effect: Effect) -> Option<Guard> {
        if self.acting.is_empty() { None } else { self.acting.first_with(effect) }
    }
}

impl<'a> Effective<'a> {
    pub(super) const fn rendered(rendered: &'a Rendered) -> Self {
        Self::Policy(RenderedPolicy::OfLayer(rendered))
    }

    fn directives(&self) -> &CacheControl {
        match self {
            Self::Policy(own) => own.directives(),
            Self::Field(field) | Self::Combined(field) => field,
        }
    }
}

/// Adds the lifetime of `Expires` or `Pragma` to a field that has none.
fn with_http10_lifetime(
    field: Option<CacheControl>,
    headers: &HeaderMap,
    now: &dyn Fn() -> HttpDate,
) -> Option<CacheControl> {
    if field.as_ref().is_some_and(CacheControl::has_explicit_freshness) {
        return field;
    }
    match http10_lifetime(headers, now) {
        Some(seconds) => Some(field.unwrap_or_default().with_max_age(u32::try_from(seconds).unwrap_or(u32::MAX))),
        None => field,
    }
}
