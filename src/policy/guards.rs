//! The guards: what is not done even when a policy or a handler asks for it.

use std::fmt;

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
    pub const ALL: [Self; 14] = [
        Self::SetCookie,
        Self::Authorization,
        Self::Personalized,
        Self::Error,
        Self::UnexpectedSuccess,
        Self::Redirect,
        Self::NoStoreAlone,
        Self::UnsafeMethod,
        Self::VaryAny,
        Self::Cors,
        Self::UnkeyedInput,
        Self::NoHeuristics,
        Self::OneLine,
        Self::Immutable,
    ];

    /// The rule's id and what it did, for a log line.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SetCookie => "G-01 Set-Cookie: private",
            Self::Authorization => "G-02 credentials: private",
            Self::Personalized => "G-03 personalized: private",
            Self::Error => "G-04 error: not stored",
            Self::UnexpectedSuccess => "G-05 status without a policy",
            Self::Redirect => "G-06 redirect without a policy",
            Self::NoStoreAlone => "G-07 no-store: other cache fields removed",
            Self::UnsafeMethod => "G-09 unsafe method: not stored",
            Self::VaryAny => "G-11 Vary *: private, no-cache",
            Self::Cors => "G-12 CORS: for one origin",
            Self::UnkeyedInput => "G-13 unkeyed input: private",
            Self::NoHeuristics => "G-14 no policy: default",
            Self::OneLine => "G-25 lines joined",
            Self::Immutable => "G-27 HTML: not immutable",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
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
    pub(crate) const fn guard(self) -> Guard {
        match self {
            Self::SetCookieReplayedToOthers => Guard::SetCookie,
            Self::AuthorizedAnswerServedToOthers => Guard::Authorization,
            Self::PersonalizedAnswerServedToOthers => Guard::Personalized,
            Self::ErrorServedAsLongAsASuccess => Guard::Error,
            Self::UnexpectedSuccessServedAsThePage => Guard::UnexpectedSuccess,
            Self::RedirectOutlivesItsReason => Guard::Redirect,
            Self::EdgeFieldOverrulesNoStore => Guard::NoStoreAlone,
            Self::UnsafeAnswerReused => Guard::UnsafeMethod,
            Self::VariantServedToEverybody => Guard::VaryAny,
            Self::OneOriginsAnswerServedToAnother => Guard::Cors,
            Self::LifetimeGuessedByCaches => Guard::NoHeuristics,
            Self::RestrictionInASecondLineMissed => Guard::OneLine,
            Self::PageSurvivesReload => Guard::Immutable,
        }
    }
}

/// A set of guards: those that are waived, or those that acted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct GuardSet(u16);

impl GuardSet {
    /// No guard.
    pub const EMPTY: Self = Self(0);

    /// Those that keep an answer out of shared caches.
    pub(super) const AGAINST_SHARING: Self = Self(
        Guard::SetCookie.bit()
            | Guard::Authorization.bit()
            | Guard::Personalized.bit()
            | Guard::VaryAny.bit()
            | Guard::Cors.bit()
            | Guard::UnkeyedInput.bit(),
    );

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
        Guard::ALL.into_iter().filter(move |guard| self.contains(*guard))
    }

    pub(crate) const fn insert(&mut self, guard: Guard) {
        self.0 |= guard.bit();
    }

    pub(super) const fn remove(&mut self, guard: Guard) {
        self.0 &= !guard.bit();
    }

    /// Those that do not stand in the other set.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

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
        for (index, guard) in Guard::ALL.into_iter().enumerate() {
            assert!(!all.contains(guard));
            all.insert(guard);
            assert_eq!(all.iter().count(), index + 1);
            assert!(guard.reason().starts_with("G-"), "{guard:?}");
        }
    }
}
