//! No shared cache stores a response that a guard restricts (SPD, G-01 to G-03, G-09, G-11, G-12, N-09).
//!
//! A layer accepts a risk for the values that it sees. Every other layer guards against the values that it sees itself.
//! Only an edge layer respects the values that an inner layer accepted (D7, D8).

use http::{HeaderMap, HeaderValue};
use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::{Kind, Precedence};
use crate::hostile::coverage::Coverage;
use crate::hostile::other_reader;
use crate::hostile::readers::{Quotes, edge_lifetime, vary_names};

const AGAINST_SHARING: [Risk; 5] = [
    Risk::SetCookieReplayedToOthers,
    Risk::AuthorizedResponseServedToOthers,
    Risk::PersonalizedResponseServedToOthers,
    Risk::VariantServedToEverybody,
    Risk::OneOriginsResponseServedToAnother,
];

impl Exchange<'_> {
    pub(super) fn guards_hold(&self) {
        if !self.layers_apply() || !self.has_writer() || !self.was_handled() {
            return;
        }
        for risk in AGAINST_SHARING {
            if self.is_guarded(risk) {
                self.no_shared_cache_stores_it(risk);
            }
        }
    }

    fn no_shared_cache_stores_it(&self, risk: Risk) {
        let (request, result) = (&self.case.request, self.result);
        if self.may_leave_out_cache_control() && !result.headers.contains_key("cache-control") {
            self.no_edge_stores_it();
            return;
        }
        for (reader, permissions) in self.sent_readings.iter() {
            assert!(permissions.forbids_sharing(), "not private according to {reader:?}, despite {risk:?}");
            let contradicts = permissions.private && permissions.public && reader.quotes != Quotes::Ignored;
            assert!(!contradicts, "private and public according to {reader:?}, despite {risk:?}");
        }
        let to_others = other_reader::shared(&request.method, &request.headers, result.status, &result.headers);
        assert_eq!(to_others, None, "stored by a third-party library, despite {risk:?}");
        self.no_edge_stores_it();
    }

    fn no_edge_stores_it(&self) {
        for (name, value) in self.targeted(&self.result.headers) {
            assert_eq!(edge_lifetime(value), None, "{name} permits an edge to store the response: {value:?}");
        }
        let tags = self.result.headers.keys().find(|name| self.case.is_tags(name));
        assert_eq!(tags, None, "tags on a response that no edge may store");
    }

    /// Returns whether a layer has a reason to guard that neither this layer nor one that takes precedence accepted.
    fn is_guarded(&self, risk: Risk) -> bool {
        let layers = &self.case.layers;
        let accepts = |kind: &Kind| kind.risks().contains(&risk);
        let takes_precedence = |kind: &Kind| {
            let overrides = |precedence| matches!(precedence, Precedence::Override | Precedence::OverrideNoStore);
            kind.policy().is_some_and(|policy| overrides(policy.precedence))
        };
        for (place, kind) in layers.iter().enumerate().filter(|(_, kind)| kind.writes()) {
            let seen = self.evidence(risk, place);
            if seen.is_empty() {
                continue;
            }
            Coverage::AcceptedRisk.count_if(accepts(kind));
            let is_edge = matches!(kind, Kind::Edge(_));
            let accepted_inside = |value: &HeaderValue| {
                let inner = layers.iter().enumerate().skip(place + 1);
                let mut inner = inner.filter(|(_, kind)| kind.writes() && accepts(kind));
                inner.any(|(place, _)| self.evidence(risk, place).contains(value))
            };
            let is_accepted = accepts(kind) || (is_edge && seen.iter().all(accepted_inside));
            let is_overruled = layers[..place].iter().any(|outer| takes_precedence(outer) && accepts(outer));
            if !is_accepted && !is_overruled {
                Coverage::AcceptedRiskForOtherValue.count_if(layers.iter().any(accepts));
                return true;
            }
        }
        false
    }

    /// The reasons for this guard that the layer at this index sees.
    fn evidence(&self, risk: Risk, place: usize) -> Vec<HeaderValue> {
        let headers: HeaderMap = self.case.as_seen_at(place, self.headers());
        let evidence_if = |is_there: bool| is_there.then(|| HeaderValue::from_static("yes")).into_iter().collect();
        match risk {
            Risk::SetCookieReplayedToOthers => headers.get_all("set-cookie").iter().cloned().collect(),
            Risk::AuthorizedResponseServedToOthers => evidence_if(self.case.has_credentials_at(place)),
            Risk::PersonalizedResponseServedToOthers => {
                evidence_if(self.case.request.personalized || self.case.handler.personalized)
            }
            Risk::VariantServedToEverybody => evidence_if(vary_names(&headers).iter().any(|name| name == "*")),
            Risk::OneOriginsResponseServedToAnother => {
                let origin = headers.get("access-control-allow-origin").filter(|origin| *origin != "*");
                origin
                    .filter(|_| headers.contains_key("access-control-allow-credentials"))
                    .cloned()
                    .into_iter()
                    .collect()
            }
            other => panic!("no evidence for {other:?}"),
        }
    }

    /// G-04, G-09, N-09
    pub(super) fn errors_and_writes_are_not_stored(&self) {
        let result = self.result;
        if !self.layers_apply() || !self.has_writer() || !self.was_handled() {
            return;
        }
        if matches!(result.status.as_u16(), 428 | 429 | 431 | 511) {
            for (reader, permissions) in self.sent_readings.iter() {
                assert!(
                    permissions.no_store && !permissions.must_understand,
                    "{} may be stored according to {reader:?}",
                    result.status
                );
            }
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                self.no_edge_stores_it();
            }
        }
        if !self.is_safe() && !self.accepts(Risk::UnsafeResponseReused) {
            for (reader, permissions) in
                self.sent_readings.iter().filter(|(reader, _)| reader.quotes != Quotes::Ignored)
            {
                let is_reused = permissions.shared() > Some(0) || permissions.browser() > Some(0);
                assert!(!is_reused, "{reader:?} reuses the response to an unsafe method");
            }
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                self.no_edge_stores_it();
            }
        }
    }
}
