//! The guards: what is not done even when a policy or a handler asks for it.

use std::fmt;

use super::facts::Facts;

/// A rule that can only make an answer less storable. All are in force unless the
/// [`Risk`] of the same name is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// G-01: an answer with `Set-Cookie` is kept by no shared cache.
    SetCookie,
    /// G-02: the answer to a request with credentials is kept by no shared cache.
    Authorization,
    /// G-03: an answer marked as [`Personalized`](super::Personalized) is kept by no shared cache.
    Personalized,
    /// G-04: an error does not get the policy of a success, and 428, 429, 431 and
    /// 511 are never kept.
    Error,
    /// G-05: 204 and the like do not get the policy of the expected success.
    UnexpectedSuccess,
    /// G-06: a redirect does not get the policy of what it redirects from.
    Redirect,
    /// G-07: beside `no-store` no field tells an edge cache something else.
    NoStoreAlone,
    /// G-09: what answers anything but GET and HEAD is not kept.
    UnsafeMethod,
    /// G-10: no policy gives a lifetime to a stream that lasts as long as its client stays, such as
    /// server-sent events. What a handler wrote into the field itself stands.
    LiveStream,
    /// G-11: an answer that varies on everything is kept by no shared cache, and not reused.
    VaryAny,
    /// G-12: an answer that lets one origin read it with credentials is kept by no shared
    /// cache, and one that names an origin varies on it.
    Cors,
    /// G-13: an answer to a request with fields that caches do not key on, and that are
    /// known to change answers, is kept by no shared cache. Only where the layer is told to
    /// distrust them.
    UnkeyedInput,
    /// G-14: no answer is left to a cache's own guess.
    NoHeuristics,
    /// G-25: `Cache-Control` is one line.
    OneLine,
    /// G-27: `immutable` is not said of HTML, and HTML that a layer's immutable policy
    /// meets, such as a fallback page in place of an asset, is not stored.
    Immutable,
}

impl Guard {
    /// All guards, in the order of their rules.
    pub const ALL: &'static [Self] = &{
        let mut all = [Self::SetCookie; GUARDS.len()];
        let mut index = 0;
        while index < GUARDS.len() {
            all[index] = GUARDS[index].guard;
            index += 1;
        }
        all
    };

    /// The rule's id and what the guard did, for a log line.
    #[must_use]
    pub fn reason(self) -> &'static str {
        GUARDS.iter().find(|row| row.guard == self).map_or("", |row| row.reason)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// One guard: what gives it a reason to act, and what it then does.
pub(super) struct GuardRow {
    pub(super) guard: Guard,
    reason: &'static str,
    /// `None` where the guard cannot be switched off.
    risk: Option<Risk>,
    /// One of these facts is enough.
    sees: Facts,
    effect: Effect,
}

/// What a guard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Keeps the response out of shared caches (SPD).
    Private,
    /// A policy that was made for a success does not apply.
    NoPolicyOfASuccess,
    /// No cache stores the response, whatever anybody says.
    NoStore,
    /// No policy gives it a lifetime. What the handler wrote into the field stands.
    NoLifetimeByPolicy,
    /// A page that a layer calls `immutable` is not stored, and no other is `immutable`.
    NotImmutable,
    /// Removes every field for edges beside `no-store`.
    NoStoreAlone,
    /// Says the default where nothing is said.
    Default,
    /// Leaves one line of `Cache-Control`.
    OneLine,
}

/// The guards, in the order of their rules: the guard, its rule's id and what it does for a log, the risk that
/// switches it off, the facts that it acts on, and its effect.
#[rustfmt::skip]
pub(super) const GUARDS: &[GuardRow] = &[
    row(Guard::SetCookie, "G-01 Set-Cookie: private", Some(Risk::SetCookieReplayedToOthers), Facts::SET_COOKIE, Effect::Private),
    row(Guard::Authorization, "G-02 credentials: private", Some(Risk::AuthorizedAnswerServedToOthers), Facts::AUTHORIZED, Effect::Private),
    row(Guard::Personalized, "G-03 personalized: private", Some(Risk::PersonalizedAnswerServedToOthers), Facts::PERSONALIZED, Effect::Private),
    row(Guard::Error, "G-04 error: not stored", Some(Risk::ErrorServedAsLongAsASuccess), Facts::ERROR, Effect::NoPolicyOfASuccess),
    row(Guard::UnexpectedSuccess, "G-05 status without a policy", Some(Risk::UnexpectedSuccessServedAsThePage), Facts::OTHER_SUCCESS, Effect::NoPolicyOfASuccess),
    row(Guard::Redirect, "G-06 redirect without a policy", Some(Risk::RedirectOutlivesItsReason), Facts::REDIRECT, Effect::NoPolicyOfASuccess),
    row(Guard::NoStoreAlone, "G-07 no-store: other cache fields removed", Some(Risk::EdgeFieldOverrulesNoStore), Facts::EDGE_FIELD, Effect::NoStoreAlone),
    row(Guard::UnsafeMethod, "G-09 unsafe method: not stored", Some(Risk::UnsafeAnswerReused), Facts::OTHER_METHOD, Effect::NoStore),
    row(Guard::LiveStream, "G-10 live stream: not stored", Some(Risk::LiveStreamStored), Facts::LIVE_STREAM, Effect::NoLifetimeByPolicy),
    row(Guard::VaryAny, "G-11 Vary *: private, no-cache", Some(Risk::VariantServedToEverybody), Facts::VARY_ANY, Effect::Private),
    row(Guard::Cors, "G-12 CORS: for one origin", Some(Risk::OneOriginsAnswerServedToAnother), Facts::CREDENTIALED_ORIGIN, Effect::Private),
    row(Guard::UnkeyedInput, "G-13 unkeyed input: private", None, Facts::UNKEYED_INPUT, Effect::Private),
    row(Guard::NoHeuristics, "G-14 no policy: default", Some(Risk::LifetimeGuessedByCaches), Facts::NONE, Effect::Default),
    row(Guard::OneLine, "G-25 lines joined", Some(Risk::RestrictionInASecondLineMissed), Facts::SEVERAL_LINES, Effect::OneLine),
    row(Guard::Immutable, "G-27 HTML: not immutable", Some(Risk::PageSurvivesReload), Facts::PAGE.and(Facts::UNTYPED_NOT_MODIFIED), Effect::NotImmutable),
];

const fn row(guard: Guard, reason: &'static str, risk: Option<Risk>, sees: Facts, effect: Effect) -> GuardRow {
    GuardRow { guard, reason, risk, sees, effect }
}

/// What is risked by switching a [`Guard`] off for the routes under a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Risk {
    /// One visitor's cookie is replayed to others by a shared cache that keeps the
    /// answer (G-01). Sound for a cookie that is the same for everybody.
    SetCookieReplayedToOthers,
    /// What one principal may see is served to others (G-02). Sound where
    /// credentials are checked and the answer does not depend on them.
    AuthorizedAnswerServedToOthers,
    /// What was made for one visitor is served to others (G-03).
    PersonalizedAnswerServedToOthers,
    /// An error that one client provokes is served to all for as long as a success
    /// would be (G-04). 428, 429, 431 and 511 are not stored even so.
    ErrorServedAsLongAsASuccess,
    /// An empty or unusual success is served in place of the page (G-05).
    UnexpectedSuccessServedAsThePage,
    /// A redirect outlives its reason (G-06).
    RedirectOutlivesItsReason,
    /// An edge cache obeys a field beside `no-store` and stores the answer (G-07).
    EdgeFieldOverrulesNoStore,
    /// The answer to a POST or another method is served for a later one (G-09).
    UnsafeAnswerReused,
    /// A cache stores a part of a stream that never ends, or keeps its connection for it (G-10).
    LiveStreamStored,
    /// A cache that does not know `Vary: *` serves one variant to everybody (G-11).
    VariantServedToEverybody,
    /// What one origin may read is served to another, or with another's permission (G-12).
    /// Sound where the origin that is named is the same for every request.
    OneOriginsAnswerServedToAnother,
    /// A cache chooses a lifetime by itself (G-14).
    LifetimeGuessedByCaches,
    /// A cache reads only one of several `Cache-Control` lines (G-25). Lines that mean something else
    /// once they are joined, as where a quote runs on into the next, are joined all the same.
    RestrictionInASecondLineMissed,
    /// A page stays as it is in browsers for its whole lifetime, even after a reload (G-27).
    PageSurvivesReload,
}

impl Risk {
    pub(crate) fn guard(self) -> Guard {
        GUARDS.iter().find(|row| row.risk == Some(self)).expect("each risk has a row, which a test shows").guard
    }
}

/// A set of guards: those that are waived, or those that acted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct GuardSet(u16);

impl GuardSet {
    /// No guard.
    pub const EMPTY: Self = Self(0);

    /// Those that keep a response out of shared caches.
    pub(super) const AGAINST_SHARING: Self = Self::with_effect(Effect::Private);

    /// Those that have the response's own field written in its canonical form.
    pub(super) const CANONICAL: Self = Self::AGAINST_SHARING.union(Self::with_effect(Effect::NoStore));

    /// The guards with this effect.
    const fn with_effect(effect: Effect) -> Self {
        let (mut found, mut index) = (Self::EMPTY, 0);
        while index < GUARDS.len() {
            if GUARDS[index].effect as u8 == effect as u8 {
                found.insert(GUARDS[index].guard);
            }
            index += 1;
        }
        found
    }

    /// The first guard of the set with this effect.
    pub(super) fn first_with(self, effect: Effect) -> Option<Guard> {
        GUARDS.iter().find_map(|row| (row.effect == effect && self.contains(row.guard)).then_some(row.guard))
    }

    /// The guards that these facts give a reason to act.
    pub(super) fn seeing(facts: Facts) -> Self {
        let mut found = Self::EMPTY;
        if facts.has(ANY_REASON) {
            for row in GUARDS.iter().filter(|row| facts.has(row.sees)) {
                found.insert(row.guard);
            }
        }
        found
    }

    /// Whether the guard is in the set.
    #[must_use]
    pub const fn contains(self, guard: Guard) -> bool {
        self.0 & guard.bit() != 0
    }

    /// Whether no guard is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The guards in the order of their rules.
    pub fn iter(self) -> impl Iterator<Item = Guard> {
        Guard::ALL.iter().copied().filter(move |guard| self.contains(*guard))
    }

    pub(crate) const fn insert(&mut self, guard: Guard) {
        self.0 |= guard.bit();
    }

    pub(super) const fn remove(&mut self, guard: Guard) {
        self.0 &= !guard.bit();
    }

    /// Those that are not in the other set.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are in both sets.
    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The facts that give some guard a reason to act: most responses show none of them.
const ANY_REASON: Facts = {
    let (mut any, mut index) = (Facts::NONE, 0);
    while index < GUARDS.len() {
        any.insert(GUARDS[index].sees);
        index += 1;
    }
    any
};

impl fmt::Debug for GuardSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guard_has_a_bit_of_its_own_and_names_its_rule() {
        let mut all = GuardSet::EMPTY;
        for (index, guard) in Guard::ALL.iter().copied().enumerate() {
            assert!(!all.contains(guard));
            all.insert(guard);
            assert_eq!(all.iter().count(), index + 1);
            assert!(guard.reason().starts_with("G-"), "{guard:?}");
        }
    }
    #[test]
    fn each_risk_stands_against_the_guard_of_one_row() {
        let risks = GUARDS.iter().filter_map(|row| row.risk);
        for risk in risks.clone() {
            assert_eq!(risks.clone().filter(|other| *other == risk).count(), 1, "{risk:?}");
            assert!(GUARDS.iter().any(|row| row.guard == risk.guard() && row.risk == Some(risk)));
        }
        // A match that must name each: a risk without a row does not compile here.
        for risk in risks {
            match risk {
                Risk::SetCookieReplayedToOthers
                | Risk::AuthorizedAnswerServedToOthers
                | Risk::PersonalizedAnswerServedToOthers
                | Risk::ErrorServedAsLongAsASuccess
                | Risk::UnexpectedSuccessServedAsThePage
                | Risk::RedirectOutlivesItsReason
                | Risk::EdgeFieldOverrulesNoStore
                | Risk::UnsafeAnswerReused
                | Risk::LiveStreamStored
                | Risk::VariantServedToEverybody
                | Risk::OneOriginsAnswerServedToAnother
                | Risk::LifetimeGuessedByCaches
                | Risk::RestrictionInASecondLineMissed
                | Risk::PageSurvivesReload => {}
            }
        }
    }
}
