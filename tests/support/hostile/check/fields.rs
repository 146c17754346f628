//! The form of the fields that are sent.

use http::HeaderMap;
use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::Kind;
use crate::hostile::preconditions::{Member, entity_tag};
use crate::hostile::words::{is_cache_control, is_vary, vary_names};

impl Exchange<'_> {
    /// G-14, G-25
    pub(super) fn one_cache_control(&self) {
        let Self { case, came, .. } = self;
        let Some(writer) = case.layers.iter().position(Kind::writes) else { return };
        if !self.is_ours() || self.accepts(Risk::RestrictionInASecondLineMissed) {
            return;
        }
        let count = came.headers.get_all("cache-control").iter().count();
        assert!(count <= 1, "{count} lines of Cache-Control");
        // A source that decides outside of every policy has none.
        let early = case.layers[..writer].iter().filter_map(Kind::conditional).any(|it| it.source.is_some());
        let guessed = self.accepts(Risk::LifetimeGuessedByCaches);
        let absent = early || guessed || self.may_leave_out_cache_control();
        assert!(count == 1 || absent, "no Cache-Control on {}", came.status);
        assert!(came.headers.get("cache-control").is_none_or(|value| !value.is_empty()) || guessed);
    }

    /// Whether this is a 304 about which the layers cannot know what the 200 says: one that a source
    /// decided before the handler, and one of the handler's under a policy that depends on the content type.
    pub(super) fn may_leave_out_cache_control(&self) -> bool {
        let case = self.case;
        // A policy outside the layer that makes the 304 does not know the content type of the 200.
        let made_inside = case.layers.iter().rposition(|kind| kind.conditional().is_some());
        let depends = |kind: &Kind| kind.policy().is_some_and(|policy| policy.depends_on_type());
        let is_around = made_inside.is_some_and(|last| case.layers[..last].iter().any(depends));
        let by_handler = self.was_handled() && self.status() == 304;
        let by_content = by_handler && case.policies().any(|policy| policy.depends_on_type());
        self.came.status == 304 && (!self.was_handled() || by_content || is_around)
    }

    pub(super) fn fields_are_valid(&self) {
        let came = self.came;
        // An invalid field may stay so, as some cache may know what it means.
        let were = |name, is_valid: fn(&[u8]) -> bool| {
            !self.was_handled() || self.headers().get_all(name).iter().all(|line| is_valid(line.as_bytes()))
        };
        let is_etag = |value: &[u8]| value.is_empty() || matches!(entity_tag(value), Member::Tag { .. });
        for (name, is_valid) in
            [("cache-control", is_cache_control as fn(&[u8]) -> bool), ("vary", is_vary), ("etag", is_etag)]
        {
            for line in came.headers.get_all(name) {
                assert!(is_valid(line.as_bytes()) || !were(name, is_valid), "{name}: {line:?} is not valid");
            }
        }
        assert!(!came.headers.contains_key("cache-status"), "H-03");
    }

    /// K-02: the names of the handler and those that a layer was given, in however many calls.
    pub(super) fn vary_forgets_no_name(&self) {
        let Self { case, came, .. } = self;
        if !self.was_handled() {
            return;
        }
        let after = vary_names(&came.headers);
        let contains = |name: &str| after.iter().any(|own| own == name || own == "*");
        let before: &HeaderMap = self.headers();
        for name in vary_names(before) {
            assert!(contains(&name), "{name} of the handler is not in {after:?}");
        }
        if !self.is_safe() || !self.is_ours() {
            return;
        }
        let is_interim = self.status().is_informational();
        if case.layers.iter().any(|kind| matches!(kind, Kind::Caching(policy, _) if policy.codes)) && !is_interim {
            assert!(contains("accept-encoding"), "accept-encoding is not in {after:?}, and the content is coded");
        }
        for name in case.policies().flat_map(|policy| policy.vary.iter().copied().flatten()) {
            assert!(contains(name), "{name} of a layer is not in {after:?}");
        }
    }
}
