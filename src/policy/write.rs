//! Writes a decision: applies the guards to the directives, then writes `Cache-Control` and the fields that depend on
//! it.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::decide::{Decided, DecisionBuilder, Effective, Layer, Written};
use super::decision::DecisionSource;
use super::facts::Facts;
use super::guards::{Effect, Guard, GuardSet};
use super::rendered::{Rendered, RenderedPolicy};
use super::rules::Precedence;
use super::ruling::{Ruling, Unruled};
use super::source::ResolvedPolicy;
use crate::protocol::{
    CacheControl, MAX_MEMBERS, Vary, VaryLines, is_misspelled, is_one_reading, join_readable, only_line, remove_fields,
    remove_targeted_fields, set_field, take_freshness_fields,
};

impl<'a> DecisionBuilder<'a, '_> {
    pub(super) fn write(&mut self, effective: Effective<'a>, headers: &mut HeaderMap) {
        match effective {
            Effective::Field(field) => self.write_field(field, headers),
            Effective::Policy(policy) => self.write_policy(policy, headers),
            Effective::Combined(field) => self.write_combined(field, headers),
        }
    }

    /// Removes `Cache-Control` from a 304 if the policy of the 200 is not known, so that caches continue to use the
    /// stored field. If the 304 itself triggers a guard or restricts an edge, it becomes `private, no-store`.
    pub(super) fn write_without_decision(&mut self, unruled: Unruled, headers: &mut HeaderMap) {
        let on_response = Facts::SET_COOKIE.and(Facts::PERSONALIZED).and(Facts::VARY_ANY);
        let reasons = self.against_sharing().common(GuardSet::seeing(on_response));
        let restricted = self.take_freshness_fields(None, headers) && !self.overrules(true);
        if restricted || !reasons.is_empty() {
            self.guards = reasons;
            return self.write(Effective::rendered(&self.layer.rules.no_store), headers);
        }
        self.source = DecisionSource::Nothing;
        self.unruled = Some(unruled);
        if self.facts.has(Facts::EDGE_FIELD) {
            self.remove_edge_fields(headers);
        }
        // These fields would replace those of the stored 200.
        for name in [CACHE_CONTROL, EXPIRES, PRAGMA] {
            headers.remove(name);
        }
    }

    /// Leaves the response's own field unchanged. If a guard has a reason to act, the field is written in its
    /// canonical form, which every cache reads in the same way.
    fn write_field(&mut self, mut field: CacheControl, headers: &mut HeaderMap) {
        if let Some(guard) = self.acting_with(Effect::NoStoreAlone).filter(|_| self.replaces) {
            self.guards.insert(guard);
            self.remove_edge_fields(headers);
        }
        let mut reasons = self.acting.common(GuardSet::CANONICAL);
        if !self.waived.contains(Guard::NoHeuristics) && is_misspelled(headers, &field) {
            reasons.insert(Guard::NoHeuristics);
            // The handler's intent is unknown, so only private caches may store the response.
            field = field.to_private();
        }
        if reasons.is_empty() && !(field.immutable() && self.facts.has(Facts::PAGE) && self.acts(Guard::Immutable)) {
            return self.leave_one_line(field, headers);
        }
        field = self.guarded(Cow::Owned(field), headers).into_owned();
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
        self.written = Written::Field(field);
    }

    /// Joins the lines of `Cache-Control`. If that guard is switched off, several lines remain, provided that they have
    /// the same meaning joined and one by one.
    // G-25
    fn leave_one_line(&mut self, field: CacheControl, headers: &mut HeaderMap) {
        // A field with too many members is read as `no-store`, even if it does not contain that directive. A shorter
        // line cannot have that many members.
        if field.no_store() && headers.get(CACHE_CONTROL).is_some_and(|line| line.len() > MAX_MEMBERS) {
            set_field(headers, CACHE_CONTROL, field.to_header_value());
        }
        if self.facts.has(Facts::SEVERAL_LINES)
            && let Some(value) = self.one_line(&field, headers)
        {
            self.guards.insert(Guard::OneLine);
            set_field(headers, CACHE_CONTROL, value);
        }
        self.written = Written::Field(field);
    }

    fn one_line(&self, field: &CacheControl, headers: &HeaderMap) -> Option<HeaderValue> {
        let is_one_reading = is_one_reading(headers);
        if is_one_reading && !self.acts(Guard::OneLine) {
            return None;
        }
        let joined = join_readable(headers);
        // Some caches treat the rest of the line after an open quote as a string, which hides `no-store`.
        let hides_no_store = field.no_store() && joined.as_bytes().contains(&b'"');
        if is_one_reading && !joined.is_empty() && joined.as_bytes().is_ascii() && !hides_no_store {
            return Some(joined);
        }
        let readable = match field.no_store() && field.must_understand() {
            // The canonical form does not contain the lifetime that a cache needs if it understands the status (C-28).
            true => CacheControl::new().with_no_store(),
            false => field.clone().without_unreadable_extensions(),
        };
        // An unreadable field is treated like a missing one (G-14).
        Some(if readable.is_empty() { self.layer.rules.fallback.value() } else { readable.to_header_value() })
    }

    fn write_policy(&mut self, policy: RenderedPolicy<'a>, headers: &mut HeaderMap) {
        let changed = self.guarded_result(policy.directives(), true, headers);
        let value = match &changed {
            None => policy.value(),
            Some(field) if field == policy.private_directives() => policy.private(),
            Some(field) => field.to_header_value(),
        };
        set_field(headers, CACHE_CONTROL, value);
        // `Expires` and `Pragma` are sent only on request: some caches obey an `Expires` next to `Cache-Control`,
        // and others ignore it (C-33, C-34).
        if policy.policy().is_for_http10() {
            set_field(headers, PRAGMA, HeaderValue::from_static("no-cache"));
            set_field(headers, EXPIRES, HeaderValue::from_static("0"));
        }
        self.written = changed.map_or(Written::Policy(policy), Written::Field);
    }

    fn write_combined(&mut self, field: CacheControl, headers: &mut HeaderMap) {
        let changed = self.guarded_result(&field, false, headers);
        // Some caches skip a line that is not ASCII.
        let field = changed.unwrap_or(field).without_unreadable_extensions();
        set_field(headers, CACHE_CONTROL, field.to_header_value());
        self.written = Written::Field(field);
    }

    /// Returns the directives of a policy or of several sources as the guards tighten them, or `None` if the guards do
    /// not change them. Removes the fields that these directives replace.
    fn guarded_result(
        &mut self,
        directives: &CacheControl,
        is_policy: bool,
        headers: &mut HeaderMap,
    ) -> Option<CacheControl> {
        let rules = self.layer.rules;
        let in_development = self.source == DecisionSource::Development;
        let drops_edge_fields = in_development
            || rules.drops_edge_fields
            || (self.replaces && is_policy && directives.forbids_shared_storage());
        let keeps_edge_fields = directives.no_store() && self.waived.contains(Guard::NoStoreAlone);
        let at_most = (rules.precedence == Precedence::Tightest).then_some(directives);
        let restricted =
            self.replaces && !drops_edge_fields && !keeps_edge_fields && self.take_freshness_fields(at_most, headers);
        let alone = self.acting_with(Effect::NoStoreAlone).filter(|_| directives.no_store() && !in_development);
        if let Some(guard) = alone {
            self.guards.insert(guard);
        }
        let mut field = Cow::Borrowed(directives);
        if restricted {
            self.guards = self.guards.union(self.against_sharing());
            field = Cow::Owned(field.into_owned().to_private());
        }
        if !in_development {
            field = self.guarded(field, headers);
        }
        if (drops_edge_fields || restricted || alone.is_some()) && self.facts.has(Facts::EDGE_FIELD) {
            self.remove_edge_fields(headers);
        }
        // The result already includes the lifetime of these fields.
        if self.facts.has(Facts::HTTP10) {
            headers.remove(EXPIRES);
            headers.remove(PRAGMA);
        }
        match field {
            Cow::Owned(field) if field != *directives => Some(field),
            _ => None,
        }
    }

    /// Applies the guards to the directives and to the fields that change with them.
    fn guarded<'b>(&mut self, mut field: Cow<'b, CacheControl>, headers: &mut HeaderMap) -> Cow<'b, CacheControl> {
        let reasons = self.against_sharing();
        if !reasons.is_empty() {
            let downgrades = !field.forbids_shared_storage() || self.facts.has(Facts::EDGE_FIELD);
            if downgrades {
                self.remove_edge_fields(headers);
                self.guards = self.guards.union(reasons);
            }
            // Caches disagree on `private` or `no-store` next to a permission (C-06, G-07).
            let mut guarded = field.into_owned();
            if downgrades || guarded != guarded.clone().settled() {
                guarded = guarded.to_private();
            }
            field = Cow::Owned(guarded.without_unreadable_extensions());
        }
        if reasons.contains(Guard::VaryAny) {
            Self::vary_on_everything(headers);
            if !field.no_store() && !field.no_cache() {
                field = Cow::Owned(field.into_owned().with_no_cache());
                self.guards.insert(Guard::VaryAny);
            }
        }
        if field.immutable() && self.facts.has(Facts::PAGE) && self.acts(Guard::Immutable) {
            let guarded = field.into_owned().without_immutable();
            self.guards.insert(Guard::Immutable);
            // `immutable` may have been the only directive (G-14).
            field = Cow::Owned(if guarded.is_empty() { guarded.to_private() } else { guarded });
        }
        field
    }

    /// Returns the guards that forbid shared storage.
    // SPD
    pub(super) const fn against_sharing(&self) -> GuardSet {
        self.acting.common(GuardSet::AGAINST_SHARING)
    }

    pub(super) fn vary_on_everything(headers: &mut HeaderMap) {
        set_field(headers, VARY, HeaderValue::from_static("*"));
    }

    /// Removes the fields that set a separate lifetime for edges, and returns whether one of them was a restriction.
    fn take_freshness_fields(&self, at_most: Option<&CacheControl>, headers: &mut HeaderMap) -> bool {
        self.facts.has(Facts::EDGE_FIELD) && take_freshness_fields(headers, self.own_names(), at_most)
    }

    /// The fields for edges that only custom profiles of this layer and of inner layers know.
    fn own_names(&self) -> [&[HeaderName]; 2] {
        [&self.layer.rules.edge_names, self.inner.map_or(&[], |inner| &inner.edge_names)]
    }

    fn remove_edge_fields(&mut self, headers: &mut HeaderMap) {
        if !self.facts.has(Facts::EDGE_FIELD) {
            headers.remove(EXPIRES);
            return;
        }
        remove_targeted_fields(headers);
        let own = self.own_names();
        remove_fields(headers, |name| own.iter().any(|own| own.contains(name)));
        self.facts.remove(Facts::EDGE_FIELD);
        self.acting.remove(Guard::NoStoreAlone);
    }
}

impl Decided<'_> {
    /// Writes the ruling, for outer layers, over that of the inner layer. The risks that inner layers accepted, their tags
    /// and their field names remain in it.
    pub(super) fn write_ruling(self, ruling: &mut Ruling, headers: &HeaderMap) {
        let Layer { rules, request, policy } = self.layer;
        ruling.accepted.add(rules.waived, self.facts, headers);
        if let Some(own) = policy.tags().filter(|_| request.is_get_or_head()) {
            ruling.tags.unite(own);
        }
        ruling.replaces |= rules.precedence != Precedence::Response && !matches!(policy, ResolvedPolicy::Nothing);
        match self.written {
            Written::Inner => {}
            Written::Policy(own) => {
                ruling.directives = own.directives().clone();
                ruling.edge = own.edge();
                ruling.line = Some(own.value());
            }
            Written::Reading(own) => {
                (ruling.directives, ruling.edge) = (own.directives().clone(), None);
                ruling.line = headers.get(CACHE_CONTROL).cloned();
            }
            Written::Field(field) => {
                (ruling.directives, ruling.edge) = (field, None);
                ruling.line = only_line(headers, &CACHE_CONTROL).cloned();
            }
        }
        ruling.vary = if self.facts.has(Facts::VARY) { only_line(headers, &VARY).cloned() } else { None };
        ruling.status = Some(self.status);
        ruling.seen = self.facts;
        ruling.waived = self.waived;
        #[cfg(feature = "shared-cache")]
        {
            use DecisionSource::{Handler, HandlerPolicy, Layer, Tightened};
            let is_own = matches!(self.source, HandlerPolicy | Layer | Tightened);
            // The field that an inner layer wrote for a policy still comes from this policy.
            let is_inner = self.source == Handler && self.has_inner_line;
            ruling.by_policy = is_own || (is_inner && ruling.by_policy);
        }
    }
}

impl Layer<'_> {
    /// Adds the names of the layer's and the handler's policies to `Vary`. Which policy takes precedence does not
    /// matter, because the response always depends on these fields. Adds `Origin` if CORS allows one origin, and
    /// returns that guard. Records in the facts whether the response depends on anything.
    // K-02, G-12, L-05
    pub(super) fn complete_vary(
        &self,
        facts: &mut Facts,
        waives_cors: bool,
        from_handler: Option<&Rendered>,
        inner: Option<&Ruling>,
        headers: &mut HeaderMap,
    ) -> GuardSet {
        let mut guards = GuardSet::EMPTY;
        let has_vary = facts.has(Facts::VARY);
        let adds = self.request.is_get_or_head();
        let mut added = [self.policy.vary(), self.rules.vary.as_ref(), from_handler.and_then(Rendered::vary)];
        // The names of a policy that depends on the request follow those of the layer.
        if matches!(self.policy, ResolvedPolicy::Policy(RenderedPolicy::OfRequest(_))) {
            added.swap(0, 1);
        }
        if !adds {
            added = [None; 3];
        }
        let allows_one_origin = adds && facts.has(Facts::ONE_ORIGIN) && !waives_cors;
        let line = if has_vary { only_line(headers, &VARY) } else { None };
        match added {
            [None, None, None] => {
                let known =
                    inner.filter(|inner| !allows_one_origin && inner.vary.is_some() && inner.vary.as_ref() == line);
                let lines = match known {
                    _ if !has_vary => VaryLines::default(),
                    Some(inner) => VaryLines { have_any: inner.seen.has(Facts::VARY_ANY), have_name: false },
                    None => read_lines(headers),
                };
                facts.set_if(Facts::VARY_ANY, lines.have_any);
                if lines.have_name || !allows_one_origin {
                    return guards;
                }
            }
            [Some(only), None, None] | [None, Some(only), None] | [None, None, Some(only)] => {
                if !has_vary && !allows_one_origin {
                    only.set_in(headers);
                    facts.insert(Facts::VARY);
                    return guards;
                }
                // A rendered policy never contains `*`.
                let is_complete = only.names().contains("origin") || !allows_one_origin;
                if is_complete && line.is_some_and(|line| only.is(line)) {
                    return guards;
                }
            }
            _ => {}
        }
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.vary_read += 1);
        let present = Vary::from_headers(headers).unwrap_or_default();
        let mut completed = present.clone();
        for own in added.into_iter().flatten() {
            completed = completed.union(own.names());
        }
        if allows_one_origin && !completed.is_any() && !completed.contains("origin") {
            guards.insert(Guard::Cors);
            completed.insert("origin");
        }
        facts.set_if(Facts::VARY_ANY, present.is_any());
        if completed != present || (present.is_any() && only_line(headers, &VARY).is_none_or(|line| line != "*")) {
            set_field(headers, VARY, completed.to_header_value());
            facts.insert(Facts::VARY);
        }
        guards
    }
}

/// Reads the lines of `Vary`. CORS may have to add `Origin`.
fn read_lines(headers: &HeaderMap) -> VaryLines {
    #[cfg(test)]
    crate::protocol::counters::count(|counts| counts.vary_read += 1);
    VaryLines::read(headers, "origin")
}
