//! The guards: restrictions that take precedence over policies and handlers.

use std::fmt;

use super::facts::Facts;

/// A rule that can only make a response less storable. Every guard applies unless its [`Risk`] is accepted.
///
/// [`Decision::guards`](super::Decision::guards) returns the guards that changed a response. `Cache-Policy-Explain` and
/// the trace events contain their [reasons](Guard::reason).
///
/// | Guard | Typical cause | Sent for `public, max-age=60` |
/// |---|---|---|
/// | [`SetCookie`](Self::SetCookie) | a session layer | `private, max-age=60` |
/// | [`Authorization`](Self::Authorization) | an API with tokens | `private, max-age=60` |
/// | [`Personalized`](Self::Personalized) | a page with the name of the user | `private, max-age=60` |
/// | [`Error`](Self::Error) | a 404 or 500 | `private, no-store` |
/// | [`Redirect`](Self::Redirect) | a 302 to the sign-in page | `private, no-cache` |
/// | [`UnsafeMethod`](Self::UnsafeMethod) | a POST | `private, no-store` |
/// | [`LiveStream`](Self::LiveStream) | server-sent events | `private, no-store` |
/// | [`VaryAny`](Self::VaryAny) | `Vary: *` | `private, max-age=60, no-cache` |
/// | [`Cors`](Self::Cors) | CORS with credentials | `private, max-age=60`, and `Vary: origin` |
///
/// To find out why a response is not stored, use [`explain`](crate::CachePolicyLayer::explain) or
/// [`record_decisions`](crate::CachePolicyLayer::record_decisions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// Adds `private` to a response with `Set-Cookie`, so that shared caches do not store it.
    SetCookie,
    /// Adds `private` to the response to a request with credentials.
    Authorization,
    /// Adds `private` to a response marked as [`Personalized`](super::Personalized).
    Personalized,
    /// Prevents the policy of a successful response from applying to an error. 428, 429, 431 and 511 are never stored.
    Error,
    /// Prevents the policy of a 200 from applying to 204 and similar statuses.
    UnexpectedSuccess,
    /// Prevents the policy of a page from applying to a redirect.
    Redirect,
    /// Removes the fields for edge caches from a response with `no-store`, because they would contradict it.
    NoStoreAlone,
    /// Prevents storing the response to any method but GET and HEAD.
    UnsafeMethod,
    /// Prevents a policy from giving a lifetime to server-sent events and other live streams. A lifetime in the
    /// handler's own `Cache-Control` stays.
    LiveStream,
    /// Adds `private` to a response with `Clear-Site-Data`, so that no shared cache sends it to other clients.
    ClearSiteData,
    /// Adds `private` and `no-cache` to a response with `Vary: *`.
    VaryAny,
    /// Adds `private` to a response that one origin may read with credentials, and adds `Origin` to `Vary` if CORS
    /// names an origin.
    Cors,
    /// Adds `private` to a response whose request has a field that often changes responses and is not part of cache
    /// keys. Applies only to layers that distrust such fields.
    UnkeyedInput,
    /// Adds `Cache-Control` to a response without one, so that caches do not apply heuristic freshness.
    NoHeuristics,
    /// Joins several `Cache-Control` lines.
    OneLine,
    /// Removes `immutable` from HTML. HTML under a layer's immutable policy, such as a fallback page in place of
    /// an asset, is not stored.
    Immutable,
}

impl Guard {
    /// All guards, in a fixed order.
    pub const ALL: &'static [Self] = &{
        let mut all = [Self::SetCookie; GUARDS.len()];
        let mut index = 0;
        while index < GUARDS.len() {
            all[index] = GUARDS[index].guard;
            index += 1;
        }
        all
    };

    /// Returns the id of the rule and the guard's action, for a log line.
    ///
    /// ```
    /// use tower_cache_policy::policy::Guard;
    ///
    /// assert_eq!(Guard::SetCookie.reason(), "G-01 Set-Cookie: private");
    /// assert_eq!(Guard::Error.reason(), "G-04 error: not stored");
    /// ```
    #[must_use]
    pub fn reason(self) -> &'static str {
        GUARDS.iter().find(|row| row.guard == self).map_or("", |row| row.reason)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// One guard: its condition and its effect.
pub(super) struct GuardRow {
    pub(super) guard: Guard,
    reason: &'static str,
    /// `None` if the guard cannot be switched off.
    risk: Option<Risk>,
    /// Any of these facts triggers the guard.
    sees: Facts,
    effect: Effect,
}

/// The effect of a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Shared caches must not store the response (SPD).
    Private,
    /// A policy for a success does not apply.
    NoPolicyOfASuccess,
    /// No cache stores the response, regardless of the policy and the handler.
    NoStore,
    /// No policy gives the response a lifetime. The handler's own field stays.
    NoLifetimeByPolicy,
    /// A page under a layer's immutable policy is not stored. Other pages lose `immutable`.
    NotImmutable,
    /// Removes every field for edge caches next to `no-store`.
    NoStoreAlone,
    /// Adds the default to a response without `Cache-Control`.
    Default,
    /// Joins the lines of `Cache-Control`.
    OneLine,
}

/// The guards in the order of their rules: guard, rule id and action for a log, risk that switches it off, facts
/// that trigger it, and effect.
#[rustfmt::skip]
pub(super) const GUARDS: &[GuardRow] = &[
    row(Guard::SetCookie, "G-01 Set-Cookie: private", Some(Risk::SetCookieReplayedToOthers), Facts::SET_COOKIE, Effect::Private),
    row(Guard::Authorization, "G-02 credentials: private", Some(Risk::AuthorizedResponseServedToOthers), Facts::AUTHORIZED, Effect::Private),
    row(Guard::Personalized, "G-03 personalized: private", Some(Risk::PersonalizedResponseServedToOthers), Facts::PERSONALIZED, Effect::Private),
    row(Guard::Error, "G-04 error: not stored", Some(Risk::ErrorServedAsLongAsASuccess), Facts::ERROR, Effect::NoPolicyOfASuccess),
    row(Guard::UnexpectedSuccess, "G-05 status without a policy", Some(Risk::UnexpectedSuccessServedAsThePage), Facts::OTHER_SUCCESS, Effect::NoPolicyOfASuccess),
    row(Guard::Redirect, "G-06 redirect without a policy", Some(Risk::RedirectOutlivesItsReason), Facts::REDIRECT, Effect::NoPolicyOfASuccess),
    row(Guard::NoStoreAlone, "G-07 no-store: other cache fields removed", Some(Risk::EdgeFieldOverrulesNoStore), Facts::EDGE_FIELD, Effect::NoStoreAlone),
    row(Guard::UnsafeMethod, "G-09 unsafe method: not stored", Some(Risk::UnsafeResponseReused), Facts::OTHER_METHOD, Effect::NoStore),
    row(Guard::LiveStream, "G-10 live stream: not stored", Some(Risk::LiveStreamStored), Facts::LIVE_STREAM, Effect::NoLifetimeByPolicy),
    row(Guard::ClearSiteData, "G-29 Clear-Site-Data: private", None, Facts::CLEAR_SITE_DATA, Effect::Private),
    row(Guard::VaryAny, "G-11 Vary *: private, no-cache", Some(Risk::VariantServedToEverybody), Facts::VARY_ANY, Effect::Private),
    row(Guard::Cors, "G-12 CORS: for one origin", Some(Risk::OneOriginsResponseServedToAnother), Facts::CREDENTIALED_ORIGIN, Effect::Private),
    row(Guard::UnkeyedInput, "G-13 unkeyed input: private", None, Facts::UNKEYED_INPUT, Effect::Private),
    row(Guard::NoHeuristics, "G-14 no policy: default", Some(Risk::LifetimeGuessedByCaches), Facts::NONE, Effect::Default),
    row(Guard::OneLine, "G-25 lines joined", Some(Risk::RestrictionInASecondLineMissed), Facts::SEVERAL_LINES, Effect::OneLine),
    row(Guard::Immutable, "G-27 HTML: not immutable", Some(Risk::PageSurvivesReload), Facts::PAGE.and(Facts::UNTYPED_NOT_MODIFIED), Effect::NotImmutable),
];

const fn row(guard: Guard, reason: &'static str, risk: Option<Risk>, sees: Facts, effect: Effect) -> GuardRow {
    GuardRow { guard, reason, risk, sees, effect }
}

/// The risk of switching off a [`Guard`] for the routes under a layer.
///
/// Pass it to [`CachePolicyLayer::accept_risk`](crate::CachePolicyLayer::accept_risk) to switch the guard off:
///
/// ```
/// use std::time::Duration;
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::{CachePolicy, Risk};
///
/// // Every visitor gets the same cookie, so shared caches may store it.
/// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60)))
///     .accept_risk(Risk::SetCookieReplayedToOthers);
/// # let _ = layer;
/// ```
///
/// The same response with the guard and without it:
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::{CachePolicy, Risk};
///
/// # tokio_test::block_on(async {
/// let layer = CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60)));
/// for (layer, cache_control) in [
///     (layer.clone(), "private, max-age=60"),
///     (layer.accept_risk(Risk::SetCookieReplayedToOthers), "public, max-age=60"),
/// ] {
///     let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
///         Ok::<_, Infallible>(Response::builder().header("set-cookie", "theme=dark").body(()).unwrap())
///     });
///     let response = service.oneshot(Request::new(())).await.unwrap();
///     assert_eq!(response.headers()["cache-control"], cache_control);
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Risk {
    /// A shared cache stores the response and replays one visitor's cookie to others. Safe for a cookie that is the
    /// same for all visitors.
    SetCookieReplayedToOthers,
    /// A shared cache serves one user's response to others. Safe if credentials are checked and the response does
    /// not depend on them.
    AuthorizedResponseServedToOthers,
    /// A shared cache serves one visitor's response to others.
    ///
    /// Safe only if the mark is wrong. Remove the mark instead.
    PersonalizedResponseServedToOthers,
    /// A shared cache serves an error that one client caused to all clients, for the lifetime of a successful response.
    /// 428, 429, 431 and 511 are never stored.
    ///
    /// For a short lifetime of a 404, use [`for_status`](crate::CachePolicyLayer::for_status) instead.
    ErrorServedAsLongAsASuccess,
    /// A cache serves an empty or unusual success in place of the page.
    ///
    /// Examples are 201, 202 and 204.
    UnexpectedSuccessServedAsThePage,
    /// A cache serves a redirect that no longer applies.
    ///
    /// For permanent redirects, use [`for_status`](crate::CachePolicyLayer::for_status) with 301 or 308 instead.
    RedirectOutlivesItsReason,
    /// An edge cache obeys a field next to `no-store`, and stores the response.
    EdgeFieldOverrulesNoStore,
    /// A cache reuses the response to a POST or another method for a later request.
    ///
    /// A response to POST can be stored only with a `Content-Location` that equals the URL, and few caches support
    /// that.
    UnsafeResponseReused,
    /// A cache stores part of an endless stream, or holds a connection open for it.
    ///
    /// Examples are server-sent events and multipart streams.
    LiveStreamStored,
    /// A cache that ignores `Vary: *` serves one variant to all clients.
    VariantServedToEverybody,
    /// A cache serves a response that one origin may read to another. Safe if the named origin is the same for
    /// every request.
    OneOriginsResponseServedToAnother,
    /// A cache applies heuristic freshness.
    ///
    /// The risk is a lifetime that the application did not choose: a tenth of the time since `Last-Modified`, or the
    /// default of a CDN.
    LifetimeGuessedByCaches,
    /// A cache reads only one of several `Cache-Control` lines. If a quoted string spans several lines, they are joined
    /// in any case, because that changes their meaning.
    RestrictionInASecondLineMissed,
    /// Browsers do not revalidate a page within its lifetime, even on reload.
    PageSurvivesReload,
}

impl Risk {
    pub(crate) fn guard(self) -> Guard {
        GUARDS.iter().find(|row| row.risk == Some(self)).expect("each risk has a row, which a test shows").guard
    }
}

/// A set of guards.
///
/// ```
/// use tower_cache_policy::policy::{Guard, GuardSet};
///
/// let none = GuardSet::EMPTY;
/// assert!(none.is_empty() && !none.contains(Guard::SetCookie));
/// assert_eq!(none.iter().count(), 0);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct GuardSet(u16);

impl GuardSet {
    /// No guard.
    pub const EMPTY: Self = Self(0);

    /// The guards that prevent shared caches from storing a response.
    pub(super) const AGAINST_SHARING: Self = Self::with_effect(Effect::Private);

    /// The facts that trigger one of these guards, except for `Vary: *`, which changes more than `Cache-Control`.
    pub(super) const SEEN_AGAINST_SHARING: Facts = {
        let (mut facts, mut index) = (Facts::NONE, 0);
        while index < GUARDS.len() {
            if GUARDS[index].effect as u8 == Effect::Private as u8 {
                facts.insert(GUARDS[index].sees);
            }
            index += 1;
        }
        facts.without(Facts::VARY_ANY)
    };

    /// The guards that require the canonical form of the response's own field.
    pub(super) const CANONICAL: Self = Self::AGAINST_SHARING.union(Self::with_effect(Effect::NoStore));

    #[cfg(feature = "shared-cache")]
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    #[cfg(feature = "shared-cache")]
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

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

    /// The guards that these facts trigger.
    pub(super) fn seeing(facts: Facts) -> Self {
        facts.iter().fold(Self::EMPTY, |found, fact| found.union(BY_FACT[fact]))
    }

    /// Returns whether the guard is in the set.
    #[must_use]
    pub const fn contains(self, guard: Guard) -> bool {
        self.0 & guard.bit() != 0
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the guards, in the order of [`Guard::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Guard> {
        Guard::ALL.iter().copied().filter(move |guard| self.contains(*guard))
    }

    pub(crate) const fn insert(&mut self, guard: Guard) {
        self.0 |= guard.bit();
    }

    pub(super) const fn remove(&mut self, guard: Guard) {
        self.0 &= !guard.bit();
    }

    /// The guards that are not in the other set.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The guards that are in both sets.
    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The guards that each fact triggers.
const BY_FACT: [GuardSet; Facts::COUNT] = {
    let (mut by_fact, mut index) = ([GuardSet::EMPTY; Facts::COUNT], 0);
    while index < Facts::COUNT * GUARDS.len() {
        let (fact, row) = (index / GUARDS.len(), &GUARDS[index % GUARDS.len()]);
        if row.sees.contains(fact) {
            by_fact[fact].insert(row.guard);
        }
        index += 1;
    }
    by_fact
};

impl fmt::Debug for GuardSet {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guard_has_its_own_bit_and_the_id_of_its_rule() {
        let mut all = GuardSet::EMPTY;
        for (index, guard) in Guard::ALL.iter().copied().enumerate() {
            assert!(!all.contains(guard));
            all.insert(guard);
            assert_eq!(all.iter().count(), index + 1);
            assert!(guard.reason().starts_with("G-"), "{guard:?}");
        }
    }

    #[test]
    fn each_risk_belongs_to_exactly_one_guard() {
        let risks = GUARDS.iter().filter_map(|row| row.risk);
        for risk in risks.clone() {
            assert_eq!(risks.clone().filter(|other| *other == risk).count(), 1, "{risk:?}");
            assert!(GUARDS.iter().any(|row| row.guard == risk.guard() && row.risk == Some(risk)));
        }
        // Exhaustive, so that a new risk without a row does not compile.
        for risk in risks {
            match risk {
                Risk::SetCookieReplayedToOthers
                | Risk::AuthorizedResponseServedToOthers
                | Risk::PersonalizedResponseServedToOthers
                | Risk::ErrorServedAsLongAsASuccess
                | Risk::UnexpectedSuccessServedAsThePage
                | Risk::RedirectOutlivesItsReason
                | Risk::EdgeFieldOverrulesNoStore
                | Risk::UnsafeResponseReused
                | Risk::LiveStreamStored
                | Risk::VariantServedToEverybody
                | Risk::OneOriginsResponseServedToAnother
                | Risk::LifetimeGuessedByCaches
                | Risk::RestrictionInASecondLineMissed
                | Risk::PageSurvivesReload => {}
            }
        }
    }
}
