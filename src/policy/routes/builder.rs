//! [`RoutePoliciesBuilder`]: a table while it is written, and the checks before it is one.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, Method, StatusCode};

use super::error::{Place, RouteError, RouteErrorKind};
use super::media_type::MediaRange;
use super::patterns::{Patterns, Refused};
use super::route::{Route, is_success, tightest};
use super::route_policy::{RoutePolicy, Start, put};
use super::table::{RoutePolicies, Table};
use crate::policy::{CachePolicy, CacheTag, CacheTags, Rendered, RenderedVary, nearest};
use crate::protocol::{MAX_MEMBERS, is_never_stored};

/// A table of routes while it is written. Made by [`RoutePolicies::builder`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RoutePoliciesBuilder {
    default: Option<CachePolicy>,
    named: Vec<(String, RoutePolicy)>,
    routes: Vec<(String, RoutePolicy)>,
}

impl RoutePolicies {
    /// An empty table, to be filled.
    pub fn builder() -> RoutePoliciesBuilder {
        RoutePoliciesBuilder::default()
    }
}

impl RoutePoliciesBuilder {
    /// The policy for a success on a path that no route names. Without it that is the layer's
    /// [own default](crate::CachePolicyLayer::default_policy), `private, no-cache` (G-14).
    pub const fn default_policy(mut self, policy: CachePolicy) -> Self {
        self.default = Some(policy);
        self
    }

    /// Defines a policy once, for all routes that refer to it by [`RoutePolicy::named`].
    pub fn named(mut self, name: impl Into<String>, policy: impl Into<RoutePolicy>) -> Self {
        self.named.push((name.into(), policy.into()));
        self
    }

    /// Gives the paths that match a pattern their policy. The pattern is one of axum's router,
    /// such as `/users/{id}` or `/static/{*path}`.
    pub fn route(mut self, pattern: impl Into<String>, policy: impl Into<RoutePolicy>) -> Self {
        self.routes.push((pattern.into(), policy.into()));
        self
    }

    /// Checks the whole and renders every field value.
    ///
    /// # Errors
    ///
    /// For a pattern that is none or that conflicts with another, a name that is unknown, used
    /// twice or based on itself, and whatever else [`RouteErrorKind`] lists. Named policies are
    /// checked before routes, and each in the order in which they were given, used or not.
    pub fn build(self) -> Result<RoutePolicies, RouteError> {
        let names = self.names()?;
        for (name, policy) in &self.named {
            Resolved::new(policy, &Place::Named(name.clone()), &names)?;
        }
        let mut patterns = Patterns::default();
        let mut routes: Vec<Route> = Vec::with_capacity(self.routes.len());
        for (text, policy) in &self.routes {
            let place = Place::Route(text.clone());
            let error = |kind| RouteError::new(place.clone(), kind);
            patterns.insert(text, routes.len()).map_err(|refused| {
                error(match refused {
                    Refused::Invalid(reason) => RouteErrorKind::InvalidPattern { reason },
                    Refused::Conflict => RouteErrorKind::ConflictingPattern { with: conflicting(&routes, text) },
                })
            })?;
            routes.push(Resolved::new(policy, &place, &names)?.into_route(text));
        }
        let default_vary = self.default.and_then(RenderedVary::of);
        let default = self.default.map(Rendered::new);
        Ok(RoutePolicies { table: Arc::new(Table { patterns, routes, default, default_vary }) })
    }

    fn names(&self) -> Result<BTreeMap<&str, &RoutePolicy>, RouteError> {
        let mut names = BTreeMap::new();
        for (name, policy) in &self.named {
            if names.insert(name.as_str(), policy).is_some() {
                return Err(RouteError::new(Place::Named(name.clone()), RouteErrorKind::DuplicateName));
            }
        }
        Ok(names)
    }
}

/// A policy with everything that its bases say.
struct Resolved<'a> {
    own: CachePolicy,
    /// The most basic first.
    chain: Vec<&'a RoutePolicy>,
}

impl<'a> Resolved<'a> {
    fn new(
        policy: &'a RoutePolicy,
        place: &Place,
        names: &BTreeMap<&'a str, &'a RoutePolicy>,
    ) -> Result<Self, RouteError> {
        let error = |kind| RouteError::new(place.clone(), kind);
        check(policy).map_err(error)?;

        let mut chain = vec![policy];
        let mut seen: Vec<&str> = match place {
            Place::Named(name) => vec![name],
            Place::Route(_) => Vec::new(),
        };
        let mut own = None;
        let mut policy = policy;
        let own = loop {
            let (name, refined) = match &policy.start {
                Start::Policy(policy) => break own.unwrap_or(*policy),
                Start::Named { name, policy } => (name.as_str(), *policy),
            };
            own = own.or(refined);
            let Some(base) = names.get(name) else {
                let nearest = nearest(name, names.keys().copied()).map(str::to_owned);
                return Err(error(RouteErrorKind::UnknownName { name: name.to_owned(), nearest }));
            };
            let first = seen.iter().position(|other| *other == name);
            seen.push(name);
            if let Some(first) = first {
                let names = seen[first..].iter().map(|&name| name.to_owned()).collect();
                return Err(error(RouteErrorKind::CircularBase { names }));
            }
            policy = base;
            chain.push(policy);
        };
        chain.reverse();

        let count = chain.iter().map(|policy| policy.vary.len()).sum();
        if count > MAX_MEMBERS {
            return Err(error(RouteErrorKind::TooManyVaryNames { count }));
        }
        Ok(Self { own, chain })
    }

    fn into_route(self, pattern: &str) -> Route {
        let Self { own, chain } = self;
        let (mut head, mut by_status, mut by_content_type) = (None, Vec::new(), Vec::new());
        let (mut unsafe_methods, mut tags) = (Vec::<Method>::new(), CacheTags::new());
        for policy in &chain {
            head = policy.head.or(head);
            for (status, policy) in &policy.by_status {
                put(&mut by_status, *status, *policy);
            }
            for (text, policy) in &policy.by_content_type {
                // Those that are none were refused.
                if let Some(range) = MediaRange::parse(text) {
                    put(&mut by_content_type, range, *policy);
                }
            }
            unsafe_methods.extend(policy.for_unsafe.iter().map(|(method, _)| method.clone()));
            // Those that are none were refused.
            tags.extend(policy.tags.iter().filter_map(|tag| CacheTag::new(tag).ok()));
        }
        by_status.sort_by_key(|(status, _)| *status);
        by_content_type.sort_by(|(one, _), (other, _)| one.cmp(other));
        unsafe_methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        unsafe_methods.dedup();

        let mut policies = vec![own];
        policies.extend(by_content_type.iter().map(|(_, policy)| *policy));
        let untyped = (!by_content_type.is_empty()).then(|| tightest(&policies));

        // One resource, one `Vary`, whichever of its policies an answer gets (K-02).
        policies.extend(head);
        policies.extend(by_status.iter().map(|(_, policy)| *policy));
        let of_policies = policies.iter().flat_map(|policy| policy.vary_names().iter().copied());
        let of_routes = chain.iter().flat_map(|policy| policy.vary.iter().map(String::as_str));
        let vary = RenderedVary::new(of_routes.chain(of_policies));

        Route {
            pattern: pattern.to_owned(),
            own: Rendered::new(own),
            head: head.map(Rendered::new),
            by_status: by_status.into_iter().map(|(status, policy)| (status, Rendered::new(policy))).collect(),
            by_content_type: by_content_type
                .into_iter()
                .map(|(range, policy)| (range, Rendered::new(policy)))
                .collect(),
            untyped: untyped.map(Rendered::new),
            unsafe_methods,
            vary,
            tags,
        }
    }
}

/// The route that a pattern is in conflict with, as it was written, which matchit does not keep.
fn conflicting(routes: &[Route], text: &str) -> String {
    let conflicts = |route: &&Route| {
        let mut two = Patterns::default();
        two.insert(&route.pattern, 0).is_ok() && two.insert(text, 1) == Err(Refused::Conflict)
    };
    routes.iter().find(conflicts).map_or_else(String::new, |route| route.pattern.clone())
}

/// What can be told of a policy without its base.
fn check(policy: &RoutePolicy) -> Result<(), RouteErrorKind> {
    for &(status, _) in &policy.by_status {
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
    // The guard says exactly that, so whatever else is said of them would not be true.
    if let Some((method, _)) = policy.for_unsafe.iter().find(|(_, policy)| *policy != CachePolicy::NO_STORE) {
        return Err(RouteErrorKind::UnsafeMethod { method: method.clone() });
    }
    if let Some((text, _)) = policy.by_content_type.iter().find(|(text, _)| MediaRange::parse(text).is_none()) {
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

/// The same that [`CachePolicy::vary`] asks for.
fn is_vary_name(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && name != "*" && !name.eq_ignore_ascii_case("authorization")
}
