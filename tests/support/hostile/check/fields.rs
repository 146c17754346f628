//! Checks the syntax of the fields that are sent.

use http::HeaderMap;
use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::Kind;
use crate::hostile::preconditions::{Member, entity_tag};
use crate::hostile::readers::{is_cache_control, is_vary, vary_names};

impl Exchange<'_> {
    /// G-14, G-25
    pub(super) fn one_cache_control(&self) {
        let Self { case, result, .. } = self;
        let Some(writer) = case.layers.iter().position(Kind::writes) else { return };
        if !self.layers_apply() || self.accepts(Risk::RestrictionInASecondLineMissed) {
            return;
        }
        let count = result.headers.get_all("cache-control").iter().count();
        assert!(count <= 1, "{count} lines of Cache-Control");
        // A source in an outer layer of every policy has no policy.
        let early = case.layers[..writer].iter().filter_map(Kind::conditional).any(|it| it.source.is_some());
        let is_heuristic = self.accepts(Risk::LifetimeGuessedByCaches);
        let absent = early || is_heuristic || self.may_leave_out_cache_control();
        assert!(count == 1 || absent, "no Cache-Control on {}", result.status);
        assert!(result.headers.get("cache-control").is_none_or(|value| !value.is_empty()) || is_heuristic);
    }

    /// Returns whether this is a 304 whose 200 the layers cannot know: a 304 that a source decided before the handler, or a 304
    /// of the handler under a policy that depends on the content type.
    pub(super) fn may_leave_out_cache_control(&self) -> bool {
        let case = self.case;
        // A policy outside the layer that generates the 304 does not know the content type of the 200.
        let conditional = case.layers.iter().rposition(|kind| kind.conditional().is_some());
        let depends = |kind: &Kind| kind.policy().is_some_and(|policy| policy.depends_on_type());
        let depends_outside = conditional.is_some_and(|last| case.layers[..last].iter().any(depends));
        let by_handler = self.was_handled() && self.status() == 304;
        let by_content = by_handler && case.policies().any(|policy| policy.depends_on_type());
        self.result.status == 304 && (!self.was_handled() || by_content || depends_outside)
    }

    pub(super) fn fields_are_valid(&self) {
        let result = self.result;
        // An invalid field of the handler may be preserved, because a cache may understand it.
        let was_valid = |name, is_valid: fn(&[u8]) -> bool| {
            !self.was_handled() || self.headers().get_all(name).iter().all(|line| is_valid(line.as_bytes()))
        };
        let is_etag = |value: &[u8]| value.is_empty() || matches!(entity_tag(value), Member::Tag { .. });
        for (name, is_valid) in
            [("cache-control", is_cache_control as fn(&[u8]) -> bool), ("vary", is_vary), ("etag", is_etag)]
        {
            for line in result.headers.get_all(name) {
                assert!(is_valid(line.as_bytes()) || !was_valid(name, is_valid), "{name}: {line:?} is not valid");
            }
        }
        assert!(!result.headers.contains_key("cache-status"), "H-03");
    }

    /// K-02: `Vary` contains the names of the handler, and the names of all `vary` calls of the layers.
    pub(super) fn vary_contains_every_name(&self) {
        let Self { case, result, .. } = self;
        if !self.was_handled() {
            return;
        }
        let after = vary_names(&result.headers);
        let contains = |name: &str| after.iter().any(|own| own == name || own == "*");
        let before: &HeaderMap = self.headers();
        for name in vary_names(before) {
            assert!(contains(&name), "{name} of the handler is not in {after:?}");
        }
        if !self.is_safe() || !self.layers_apply() {
            return;
        }
        let is_interim = self.status().is_informational();
        if case.layers.iter().any(|kind| matches!(kind, Kind::Caching(policy, _) if policy.compresses)) && !is_interim {
            assert!(contains("accept-encoding"), "accept-encoding is not in {after:?} under compression");
        }
        for name in case.policies().flat_map(|policy| policy.vary.iter().copied().flatten()) {
            assert!(contains(name), "{name} of a layer is not in {after:?}");
        }
    }
}
