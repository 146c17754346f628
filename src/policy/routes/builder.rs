//! [`RoutePoliciesBuilder`]: builds and checks a table of routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, StatusCode};

use super::error::{Place, RouteError, RouteErrorKind};
use super::inherited::Inherited;
use super::media_type::MediaRange;
use super::patterns::{Patterns, Rejected};
use super::route::{Route, is_success, tightest};
use super::route_policy::{RoutePolicy, Start};
use super::table::{RoutePolicies, Table};
use crate::nearest::nearest;
use crate::policy::{CachePolicy, CacheTag, Rendered, RenderedVary};
use crate::protocol::{MAX_MEMBERS, is_never_stored};
use crate::work::step;

/// A builder for [`RoutePolicies`], from [`RoutePolicies::builder`].
///
/// See the [module docs](super) for an example.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RoutePoliciesBuilder {
    default: Option<CachePolicy>,
    named: Vec<(String, RoutePolicy)>,
    routes: Vec<(String, RoutePolicy)>,
}

impl RoutePolicies {
    /// Returns a builder for an empty table.
    pub fn builder() -> RoutePoliciesBuilder {
        RoutePoliciesBuilder::default()
    }
}

impl RoutePoliciesBuilder {
    /// Sets the policy for responses with status 200, 203, 206 or 304 on a path that no route matches.
    ///
    /// Without it, such responses get the [default of the layer](crate::CachePolicyLayer::default_policy), which is
    /// `private, no-cache`.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// let routes = RoutePolicies::builder()
    ///     .default_policy(CachePolicy::NO_STORE)
    ///     .route("/", CachePolicy::NO_CACHE)
    ///     .build()?;
    /// let default = routes.rows().last().unwrap();
    /// assert_eq!((default.pattern(), default.cache_control()), (None, "private, no-store"));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub const fn default_policy(mut self, policy: CachePolicy) -> Self {
        // G-14
        self.default = Some(policy);
        self
    }

    /// Defines a policy under a name, for all routes that refer to it with [`RoutePolicy::named`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::Method;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let minute = CachePolicy::public(Duration::from_secs(60));
    /// let routes = RoutePolicies::builder()
    ///     .named("page", minute)
    ///     .route("/", RoutePolicy::named("page"))
    ///     .route("/about", RoutePolicy::named("page"))
    ///     .build()?;
    /// assert_eq!(routes.policy_at(&Method::GET, "/about"), Some(minute));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub fn named(mut self, name: impl Into<String>, policy: impl Into<RoutePolicy>) -> Self {
        self.named.push((name.into(), policy.into()));
        self
    }

    /// Adds a route: a pattern and the policy for the paths that match it.
    ///
    /// Patterns have the syntax of axum's router, such as `/users/{id}` or `/static/{*path}`.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// let routes = RoutePolicies::builder()
    ///     .route("/users/{id}", CachePolicy::PRIVATE_NO_CACHE)
    ///     .route("/users/me", CachePolicy::NO_STORE)
    ///     .route("/files/{*path}", CachePolicy::NO_CACHE)
    ///     .build()?;
    /// assert_eq!(routes.pattern_at("/users/7"), Some("/users/{id}"));
    /// assert_eq!(routes.pattern_at("/users/me"), Some("/users/me"), "the order does not matter");
    /// assert_eq!(routes.pattern_at("/files/a/b.txt"), Some("/files/{*path}"));
    /// assert_eq!(routes.pattern_at("/users/7/posts"), None);
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub fn route(mut self, pattern: impl Into<String>, policy: impl Into<RoutePolicy>) -> Self {
        self.routes.push((pattern.into(), policy.into()));
        self
    }

    /// Checks the table and renders all field values.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// let error = RoutePolicies::builder()
    ///     .route("/users/{id}", CachePolicy::NO_STORE)
    ///     .route("/users/{name}", CachePolicy::NO_CACHE)
    ///     .build()
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "route `/users/{name}`: the pattern conflicts with `/users/{id}`: both match the same path, and neither is \
    ///      more specific; remove one of them, or give one of them a literal prefix"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a pattern is invalid or conflicts with another one, if a name is unknown, defined twice or
    /// based on itself, and for the other mistakes that [`RouteErrorKind`] lists.
    ///
    /// Reports the first mistake. Named policies are checked first, even unused ones, and then the routes. Both are
    /// checked in the order in which they were added.
    pub fn build(self) -> Result<RoutePolicies, RouteError> {
        let mut names = Names::new(&self.named, &self.routes)?;
        for (name, policy) in &self.named {
            names.check(policy, &Place::Named(name.clone()))?;
        }
        let mut patterns = Patterns::default();
        let mut routes: Vec<Route> = Vec::with_capacity(self.routes.len());
        for (text, policy) in &self.routes {
            let place = Place::Route(text.clone());
            let error = |kind| RouteError::new(place.clone(), kind);
            patterns.insert(text, routes.len()).map_err(|rejected| {
                error(match rejected {
                    Rejected::Invalid(reason) => RouteErrorKind::InvalidPattern { reason },
                    Rejected::Conflict => RouteErrorKind::ConflictingPattern { with: conflicting(&routes, text) },
                })
            })?;
            names.check(policy, &place)?;
            routes.push(names.inherited(policy).into_route(text));
        }
        let default_vary = self.default.and_then(RenderedVary::of);
        let unplaced = Rendered::new(unplaced(self.default, &routes));
        let default = self.default.map(Rendered::new);
        Ok(RoutePolicies { table: Arc::new(Table { patterns, routes, default, default_vary, unplaced }) })
    }
}

/// The policy of a response whose route is not known. It is at least as strict as each policy of the table.
fn unplaced(default: Option<CachePolicy>, routes: &[Route]) -> CachePolicy {
    let mut policies = vec![CachePolicy::PRIVATE_NO_CACHE];
    policies.extend(default);
    policies.extend(routes.iter().flat_map(Route::policies));
    tightest(&policies)
}

/// The named policies of a table.
struct Names<'a> {
    policies: BTreeMap<&'a str, Named<'a>>,
}

struct Named<'a> {
    policy: &'a RoutePolicy,
    /// The number of policies that are based on it.
    references: usize,
    /// The number of `Vary` names of the policy and its bases. `None` until they have been checked.
    vary_count: Option<usize>,
    /// The combined policy and bases, if several policies are based on it.
    inherited: Option<Inherited<'a>>,
}

impl<'a> Names<'a> {
    fn new(named: &'a [(String, RoutePolicy)], routes: &'a [(String, RoutePolicy)]) -> Result<Self, RouteError> {
        let mut policies = BTreeMap::new();
        for (name, policy) in named {
            let own = Named { policy, references: 0, vary_count: None, inherited: None };
            if policies.insert(name.as_str(), own).is_some() {
                return Err(RouteError::new(Place::Named(name.clone()), RouteErrorKind::DuplicateName));
            }
        }
        for (_, policy) in named.iter().chain(routes) {
            if let Start::Named { name, .. } = &policy.start
                && let Some(base) = policies.get_mut(name.as_str())
            {
                base.references += 1;
            }
        }
        Ok(Self { policies })
    }

    /// Checks a policy, and that its bases exist. Stops at a base that has been checked already, so that a chain of
    /// bases is walked only once.
    fn check(&mut self, policy: &'a RoutePolicy, place: &Place) -> Result<(), RouteError> {
        let error = |kind| RouteError::new(place.clone(), kind);
        check(policy).map_err(error)?;

        let mut walked: Vec<&'a str> = Vec::new();
        let mut position: BTreeMap<&'a str, usize> = BTreeMap::new();
        if let Place::Named(name) = place
            && let Some((name, _)) = self.policies.get_key_value(name.as_str())
        {
            position.insert(name, 0);
            walked.push(name);
        }
        let mut counts = vec![policy.vary.len()];
        let mut last = policy;
        let mut count = loop {
            step();
            let Start::Named { name, .. } = &last.start else { break 0 };
            let Some(base) = self.policies.get(name.as_str()) else {
                let nearest = nearest(name, self.policies.keys().copied()).map(str::to_owned);
                return Err(error(RouteErrorKind::UnknownName { name: name.to_owned(), nearest }));
            };
            if let Some(count) = base.vary_count {
                break count;
            }
            if let Some(first) = position.insert(name, walked.len()) {
                let circle = walked[first..].iter().copied().chain([name.as_str()]);
                return Err(error(RouteErrorKind::CircularBase { names: circle.map(str::to_owned).collect() }));
            }
            walked.push(name);
            last = base.policy;
            counts.push(last.vary.len());
        };
        // If a base has too many names itself, the error is reported for the base, unless it is defined later.
        let mut totals = Vec::with_capacity(counts.len());
        for own in counts.iter().rev() {
            count += own;
            totals.push(count);
        }
        if count > MAX_MEMBERS {
            return Err(error(RouteErrorKind::TooManyVaryNames { count }));
        }
        for (name, total) in walked.iter().rev().zip(totals) {
            if let Some(named) = self.policies.get_mut(name) {
                named.vary_count = Some(total);
            }
        }
        Ok(())
    }

    /// Combines a checked policy with its bases. A base that several policies share is combined once.
    fn inherited(&mut self, policy: &'a RoutePolicy) -> Inherited<'a> {
        let mut inherited = Inherited::new();
        let mut walked: Vec<&'a str> = Vec::new();
        let mut last = policy;
        while let Start::Named { name, .. } = &last.start
            && let Some(base) = self.policies.get(name.as_str())
        {
            step();
            if let Some(known) = &base.inherited {
                inherited = known.clone();
                break;
            }
            walked.push(name);
            last = base.policy;
        }
        for name in walked.into_iter().rev() {
            if let Some(named) = self.policies.get_mut(name) {
                inherited.add(named.policy);
                if named.references > 1 {
                    named.inherited = Some(inherited.clone());
                }
            }
        }
        inherited.add(policy);
        inherited
    }
}

/// The pattern of the route that `text` conflicts with, as the application wrote it. matchit does not report it in that
/// form.
fn conflicting(routes: &[Route], text: &str) -> String {
    let conflicts = |route: &&Route| {
        let mut two = Patterns::default();
        two.insert(&route.pattern, 0).is_ok() && two.insert(text, 1) == Err(Rejected::Conflict)
    };
    routes.iter().find(conflicts).map_or_else(String::new, |route| route.pattern.clone())
}

/// Checks everything in a policy that does not depend on its base.
fn check(policy: &RoutePolicy) -> Result<(), RouteErrorKind> {
    for &status in policy.by_status.keys() {
        if is_never_stored(status) {
            return Err(RouteErrorKind::NeverStoredStatus { status });
        }
        if is_success(status) {
            return Err(RouteErrorKind::SuccessStatus { status });
        }
        if status < StatusCode::OK {
            return Err(RouteErrorKind::InterimStatus { status });
        }
    }
    // The guard for unsafe methods makes responses `no-store`, so any other policy would have no effect.
    if let Some((method, _)) = policy.for_unsafe.values().find(|(_, policy)| *policy != CachePolicy::NO_STORE) {
        return Err(RouteErrorKind::UnsafeMethod { method: method.clone() });
    }
    if let Some(text) = policy.by_content_type.keys().find(|text| MediaRange::parse(text).is_none()) {
        return Err(RouteErrorKind::InvalidContentType { content_type: text.clone() });
    }
    if let Some(name) = policy.vary.iter().find(|name| !is_vary_name(name)) {
        return Err(RouteErrorKind::InvalidVaryName { name: name.clone() });
    }
    if let Some(error) = policy.tags.iter().find_map(|tag| CacheTag::new(tag).err()) {
        return Err(RouteErrorKind::InvalidTag { error });
    }
    Ok(())
}

/// The same condition as that of [`CachePolicy::vary`].
fn is_vary_name(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && name != "*"
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::work::steps_of;

    /// A table in which each named policy is based on the previous one.
    fn chain(length: usize, is_reversed: bool) -> RoutePoliciesBuilder {
        let name = |n: usize| format!("p{n}");
        let first = RoutePolicy::new(CachePolicy::max_age(Duration::from_secs(60))).tags(["first"]);
        let mut named = vec![(name(0), first)];
        named.extend((1..length).map(|n| (name(n), RoutePolicy::named(name(n - 1)))));
        if is_reversed {
            named.reverse();
        }
        let builder = RoutePolicies::builder().route("/", RoutePolicy::named(name(length - 1)));
        named.into_iter().fold(builder, |builder, (name, policy)| builder.named(name, policy))
    }

    #[test]
    fn the_steps_for_a_chain_of_bases_grow_linearly() {
        for is_reversed in [false, true] {
            for length in [1, 100, 400, 4_000] {
                let table = chain(length, is_reversed);
                let steps = steps_of(|| {
                    let routes = table.clone().build().unwrap();
                    assert_eq!(routes.rows().next().unwrap().tags().collect::<Vec<_>>(), ["first"]);
                });
                assert!(steps <= 4 * length + 4, "{length}: {steps}");
            }
        }
    }

    #[test]
    fn many_routes_on_a_chain_of_bases_walk_it_once() {
        for (length, count) in [(400, 1), (100, 400), (400, 400)] {
            // All routes have the last base, or each has a different one, counted from either end.
            let last = |_: usize| length - 1;
            let up = |n: usize| n % length;
            let down = |n: usize| length - 1 - n % length;
            let bases: [&dyn Fn(usize) -> usize; 3] = [&last, &up, &down];
            for base in bases {
                let table = (0..count).fold(chain(length, false), |table, n| {
                    table.route(format!("/{n}"), RoutePolicy::named(format!("p{}", base(n))))
                });
                let steps = steps_of(|| {
                    let routes = table.clone().build().unwrap();
                    assert_eq!(routes.tags().filter(|tag| tag.as_str() == "first").count(), count + 1);
                });
                assert!(steps <= 4 * (length + count) + 4, "{length}, {count}: {steps}");
            }
        }
    }

    #[test]
    fn many_content_types_of_a_route_each_count_once() {
        let policy = |n: u64| CachePolicy::max_age(Duration::from_secs(n));
        let mut route = RoutePolicy::new(policy(1));
        for n in 0..8_000 {
            route = route.content_type(format!("application/x-{}", n % 4_000), policy(n));
        }
        assert_eq!(route.by_content_type.len(), 4_000);
        let routes = RoutePolicies::builder().route("/", route).build().unwrap();
        // The route's own policy, one for each type, one for an unknown type, and the default.
        assert_eq!(routes.rows().count(), 4_003);
        assert!(
            routes
                .rows()
                .any(|row| row.content_type() == Some("application/x-7") && row.cache_control() == "max-age=4007")
        );
    }
}
