//! Writes a decision: applies the guards to the directives, then writes `Cache-Control` and the fields that depend on
//! it.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, VARY};
use http::{Extensions, HeaderMap, HeaderValue};

use super::CachePolicy;
use super::decide::{DecisionBuilder, Effective, Layer};
use super::decision::DecisionSource;
use super::facts::Facts;
use super::guards::{Effect, Guard, GuardSet};
use super::rendered::Rendered;
use super::rules::Precedence;
use super::ruling::Ruling;
use super::source::ResolvedPolicy;
use crate::protocol::{
    CacheControl, MAX_MEMBERS, Vary, is_misspelled, is_one_reading, join_readable, only_line, remove_fields,
    remove_targeted_fields, set_field, take_freshness_fields, vary_has_any,
};

impl DecisionBuilder<'_> {
    pub(super) fn write(&mut self, effective: Effective<'_>, headers: &mut HeaderMap) {
        match effective {
            Effective::Field(field) => self.write_field(field, headers),
            Effective::Policy(policy, rendered) => self.write_policy(policy, rendered, headers),
            Effective::Combined(field) => _ = self.write_canonical(&field, None, headers),
            // Heuristics may be allowed although shared storage is not.
            Effective::Nothing if !self.against_sharing().is_empty() => {
                _ = self.write_canonical(&CacheControl::new(), None, headers);
            }
            // Several lines are joined even if they are empty.
            Effective::Nothing => self.leave_one_line(CacheControl::new(), headers),
        }
    }

    /// Removes `Cache-Control` from a 304 if the policy of the 200 is not known, so that caches continue to use the
    /// stored field. If the 304 itself triggers a guard or restricts an edge, it becomes `private, no-store`.
    pub(super) fn write_without_decision(&mut self, headers: &mut HeaderMap) {
        let on_response = Facts::SET_COOKIE.and(Facts::PERSONALIZED).and(Facts::VARY_ANY);
        let reasons = self.against_sharing().common(GuardSet::seeing(on_response));
        let restricted = self.take_freshness_fields(None, headers) && !self.overrules(true);
        if restricted || !reasons.is_empty() {
            self.guards = reasons;
            return self.write(Effective::rendered(&self.layer.rules.no_store), headers);
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
        field = self.guarded(field, headers);
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
        self.directives = field;
    }

    /// Joins the lines of `Cache-Control`. If that guard is switched off, several lines remain, provided that they have
    /// the same meaning joined and one by one.
    // G-25
    fn leave_one_line(&mut self, field: CacheControl, headers: &mut HeaderMap) {
        // Some caches do not read longer lines.
        if field.no_store() && headers.get(CACHE_CONTROL).is_some_and(|line| line.len() > MAX_MEMBERS) {
            set_field(headers, CACHE_CONTROL, field.to_header_value());
        }
        if self.facts.has(Facts::SEVERAL_LINES)
            && let Some(value) = self.one_line(&field, headers)
        {
            self.guards.insert(Guard::OneLine);
            set_field(headers, CACHE_CONTROL, value);
        }
        self.directives = field;
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

    fn write_policy(&mut self, policy: CachePolicy, rendered: Option<&Rendered>, headers: &mut HeaderMap) {
        let directives = rendered.map_or_else(|| Cow::Owned(policy.into()), |own| Cow::Borrowed(own.directives()));
        let is_unchanged = self.write_canonical(&directives, Some((policy, rendered)), headers);
        // `Expires` and `Pragma` are sent only on request: some caches obey an `Expires` next to `Cache-Control`,
        // and others ignore it (C-33, C-34).
        if policy.is_for_http10() {
            set_field(headers, PRAGMA, HeaderValue::from_static("no-cache"));
            set_field(headers, EXPIRES, HeaderValue::from_static("0"));
        }
        self.edge_policy = (is_unchanged && policy.says_more_to_edges()).then_some(policy);
    }

    /// Writes the directives of a policy or of several sources in their canonical form, tightened by the guards.
    /// Returns whether the guards changed none of them.
    fn write_canonical(
        &mut self,
        directives: &CacheControl,
        policy: Option<(CachePolicy, Option<&Rendered>)>,
        headers: &mut HeaderMap,
    ) -> bool {
        let rules = self.layer.rules;
        let in_development = self.source == DecisionSource::Development;
        let drops_edge_fields = in_development
            || rules.drops_edge_fields
            || (self.replaces && policy.is_some() && directives.forbids_shared_storage());
        let keeps_edge_fields = directives.no_store() && self.waived.contains(Guard::NoStoreAlone);
        let at_most = (rules.precedence == Precedence::Tightest).then_some(directives);
        let restricted =
            self.replaces && !drops_edge_fields && !keeps_edge_fields && self.take_freshness_fields(at_most, headers);
        let alone = self.acting_with(Effect::NoStoreAlone).filter(|_| directives.no_store() && !in_development);
        if let Some(guard) = alone {
            self.guards.insert(guard);
        }
        let mut field = directives.clone();
        if restricted {
            self.guards = self.guards.union(self.against_sharing());
            field = field.to_private();
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
        // Some caches skip a line that is not ASCII.
        field = field.without_unreadable_extensions();
        let is_unchanged = field == *directives;
        let value = match policy.and_then(|(_, rendered)| rendered) {
            Some(rendered) if is_unchanged => rendered.value(),
            Some(rendered) if field == directives.clone().to_private() => rendered.private(),
            _ => field.to_header_value(),
        };
        set_field(headers, CACHE_CONTROL, value);
        self.directives = field;
        is_unchanged
    }

    /// Applies the guards to the directives and to the fields that change with them.
    fn guarded(&mut self, mut field: CacheControl, headers: &mut HeaderMap) -> CacheControl {
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
            Self::vary_on_everything(headers);
            if !field.no_store() && !field.no_cache() {
                field = field.with_no_cache();
                self.guards.insert(Guard::VaryAny);
            }
        }
        if field.immutable() && self.facts.has(Facts::PAGE) && self.acts(Guard::Immutable) {
            field = field.without_immutable();
            self.guards.insert(Guard::Immutable);
            if field.is_empty() {
                // `immutable` was the only directive (G-14).
                field = field.to_private();
            }
        }
        field
    }

    /// Returns the guards that forbid shared storage.
    // SPD
    const fn against_sharing(&self) -> GuardSet {
        self.acting.common(GuardSet::AGAINST_SHARING)
    }

    /// Adds the names of the layer's and the handler's policies to `Vary`. Which policy takes precedence does not
    /// matter, because the response depends on these fields in any case. Adds `Origin` if CORS allows one origin.
    // K-02, G-12, L-05
    pub(super) fn complete_vary(&mut self, inner: Option<&Ruling>, headers: &mut HeaderMap) {
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
                Some(first) if line.is_some_and(|line| first.is(line)) => return,
                None => {
                    let known = inner.filter(|inner| inner.vary.is_some() && inner.vary.as_ref() == line);
                    let is_any = known.map_or_else(|| reads_any(headers), |inner| inner.seen.has(Facts::VARY_ANY));
                    return self.facts.set_if(Facts::VARY_ANY, is_any);
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
        self.facts.set_if(Facts::VARY_ANY, present.is_any());
        if completed != present || (present.is_any() && only_line(headers, &VARY).is_none_or(|line| line != "*")) {
            set_field(headers, VARY, completed.to_header_value());
        }
    }

    /// Stores the ruling in the extensions if an outer layer needs it. The risks that inner layers accepted, their tags
    /// and their field names remain in it.
    pub(super) fn leave(self, headers: &HeaderMap, extensions: &mut Extensions) {
        let Layer { rules, request, policy } = self.layer;
        if !request.ruling_is_wanted {
            return;
        }
        let ruling = extensions.get_or_insert_default::<Ruling>();
        ruling.accepted.add(rules.waived, self.facts, headers);
        if let Some(own) = policy.tags().filter(|_| request.is_get_or_head()) {
            ruling.tags.unite(own);
        }
        ruling.replaces |= rules.precedence != Precedence::Response && !matches!(policy, ResolvedPolicy::Nothing);
        ruling.directives = self.directives;
        ruling.line = only_line(headers, &CACHE_CONTROL).cloned();
        ruling.vary = only_line(headers, &VARY).cloned();
        ruling.status = Some(self.status);
        ruling.seen = self.facts;
        ruling.waived = self.waived;
        ruling.edge_policy = self.edge_policy;
        #[cfg(feature = "shared-cache")]
        {
            use DecisionSource::{Handler, HandlerPolicy, Layer, Tightened};
            let is_own = matches!(self.source, HandlerPolicy | Layer | Tightened);
            // The field that an inner layer wrote for a policy still comes from this policy.
            let is_inner = self.source == Handler && self.has_inner_line;
            ruling.by_policy = is_own || (is_inner && ruling.by_policy);
        }
    }

    pub(super) fn vary_on_everything(headers: &mut HeaderMap) {
        set_field(headers, VARY, HeaderValue::from_static("*"));
    }

    /// Removes the fields that set a separate lifetime for edges, and returns whether one of them was a restriction.
    fn take_freshness_fields(&self, at_most: Option<&CacheControl>, headers: &mut HeaderMap) -> bool {
        self.facts.has(Facts::EDGE_FIELD)
            && take_freshness_fields(headers, [&self.layer.rules.edge_names, &self.inner_names], at_most)
    }

    fn remove_edge_fields(&mut self, headers: &mut HeaderMap) {
        if !self.facts.has(Facts::EDGE_FIELD) {
            headers.remove(EXPIRES);
            return;
        }
        remove_targeted_fields(headers);
        let own = [&self.layer.rules.edge_names, &self.inner_names];
        if own.iter().any(|own| !own.is_empty()) {
            remove_fields(headers, |name| own.iter().any(|own| own.contains(name)));
        }
        self.facts.remove(Facts::EDGE_FIELD);
        self.acting.remove(Guard::NoStoreAlone);
    }
}

fn reads_any(headers: &HeaderMap) -> bool {
    #[cfg(test)]
    crate::protocol::counters::count(|counts| counts.vary_read += 1);
    vary_has_any(headers)
}
