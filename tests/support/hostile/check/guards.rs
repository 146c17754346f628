//! What no shared cache may store, whatever was permitted: SPD, G-01 to G-03, G-09, G-11, G-12, N-09.
//!
//! A risk is accepted for what the layer saw when it accepted it. Every layer that did not accept it
//! guards against what it sees itself, and only an edge layer takes over what a layer further in
//! accepted, by value (D7, D8).

use http::{HeaderMap, HeaderValue};
use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::{Kind, Precedence};
use crate::hostile::counts::Taken;
use crate::hostile::other_reader;
use crate::hostile::words::{Quotes, at_edge, vary_names};

const AGAINST_SHARING: [Risk; 5] = [
    Risk::SetCookieReplayedToOthers,
    Risk::AuthorizedResponseServedToOthers,
    Risk::PersonalizedResponseServedToOthers,
    Risk::VariantServedToEverybody,
    Risk::OneOriginsResponseServedToAnother,
];

impl Exchange<'_> {
    pub(super) fn guards_hold(&self) {
        if !self.is_ours() || !self.has_writer() || !self.was_handled() {
            return;
        }
        for risk in AGAINST_SHARING {
            if self.is_guarded(risk) {
                self.no_shared_cache_stores_it(risk);
            }
        }
    }

    fn no_shared_cache_stores_it(&self, risk: Risk) {
        let (request, came) = (&self.case.request, self.came);
        if self.may_leave_out_cache_control() && !came.headers.contains_key("cache-control") {
            self.no_edge_stores_it();
            return;
        }
        for (reader, word) in self.sent.iter() {
            assert!(word.forbids_sharing(), "not private to {reader:?}, against {risk:?}");
            let contradicts = word.private && word.public && reader.quotes != Quotes::Unknown;
            assert!(!contradicts, "private and public to {reader:?}, against {risk:?}");
        }
        let to_others = other_reader::shared(&request.method, &request.headers, came.status, &came.headers);
        assert_eq!(to_others, None, "stored by another library, against {risk:?}");
        self.no_edge_stores_it();
    }

    fn no_edge_stores_it(&self) {
        for (name, value) in self.targeted(&self.came.headers) {
            assert_eq!(at_edge(value), None, "{name}: {value:?} for edges");
        }
        let tags = self.came.headers.keys().find(|name| self.case.is_tags(name));
        assert_eq!(tags, None, "tags for a response that no edge stores");
    }

    /// Whether some layer has a reason to guard that neither it nor a layer that goes before it accepted.
    fn is_guarded(&self, risk: Risk) -> bool {
        let layers = &self.case.layers;
        let accepts = |kind: &Kind| kind.risks().contains(&risk);
        let goes_first = |kind: &Kind| {
            let overrides = |precedence| matches!(precedence, Precedence::Override | Precedence::OverrideEvenNoStore);
            kind.policy().is_some_and(|policy| overrides(policy.precedence))
        };
        for (place, kind) in layers.iter().enumerate().filter(|(_, kind)| kind.writes()) {
            let seen = self.evidence(risk, place);
            if seen.is_empty() {
                continue;
            }
            Taken::Waived.count_if(accepts(kind));
            let is_edge = matches!(kind, Kind::Edge(_));
            let accepted_inside = |value: &HeaderValue| {
                let inner = layers.iter().enumerate().skip(place + 1);
                let mut inner = inner.filter(|(_, kind)| kind.writes() && accepts(kind));
                inner.any(|(place, _)| self.evidence(risk, place).contains(value))
            };
            let is_accepted = accepts(kind) || (is_edge && seen.iter().all(accepted_inside));
            let is_overruled = layers[..place].iter().any(|outer| goes_first(outer) && accepts(outer));
            if !is_accepted && !is_overruled {
                Taken::WaivedForAnother.count_if(layers.iter().any(accepts));
                return true;
            }
        }
        false
    }

    /// The reasons for this guard that the layer in this place sees.
    fn evidence(&self, risk: Risk, place: usize) -> Vec<HeaderValue> {
        let headers: HeaderMap = self.case.as_seen_at(place, self.headers());
        let sign = |is_there: bool| is_there.then(|| HeaderValue::from_static("yes")).into_iter().collect();
        match risk {
            Risk::SetCookieReplayedToOthers => headers.get_all("set-cookie").iter().cloned().collect(),
            Risk::AuthorizedResponseServedToOthers => sign(self.case.has_credentials_at(place)),
            Risk::PersonalizedResponseServedToOthers => {
                sign(self.case.request.personalized || self.case.handler.personalized)
            }
            Risk::VariantServedToEverybody => sign(vary_names(&headers).iter().any(|name| name == "*")),
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
        let came = self.came;
        if !self.is_ours() || !self.has_writer() || !self.was_handled() {
            return;
        }
        if matches!(came.status.as_u16(), 428 | 429 | 431 | 511) {
            for (reader, word) in self.sent.iter() {
                assert!(word.no_store && !word.must_understand, "{} may be stored, to {reader:?}", came.status);
            }
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                self.no_edge_stores_it();
            }
        }
        if !self.is_safe() && !self.accepts(Risk::UnsafeResponseReused) {
            for (reader, word) in self.sent.iter().filter(|(reader, _)| reader.quotes != Quotes::Unknown) {
                let is_reused = word.shared() > Some(0) || word.browser() > Some(0);
                assert!(!is_reused, "the response to a write is reused, to {reader:?}");
            }
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                self.no_edge_stores_it();
            }
        }
    }
}
