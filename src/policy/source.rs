//! [`PolicySource`]: the source of a layer's policies.

use std::fmt;
use std::mem::swap;
use std::sync::Arc;

use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};

use super::facts::{Facts, RequestFacts};
use super::guards::GuardSet;
use super::rendered::{Rendered, RenderedPolicy, RenderedVary};
#[cfg(feature = "routes")]
use super::routes::{ReadPath, RouteLookup, RouteMatch, RoutePolicies, SharedRoutes};
use super::{CachePolicy, CacheTags};
use crate::protocol::set_field;

/// The source of a layer's policies: one policy, a table of routes, or a closure that chooses by the request.
///
/// [`IntoPolicySource`] and [`PolicySource::from_fn`] create one.
#[derive(Clone)]
pub struct PolicySource(Source);

#[derive(Clone)]
enum Source {
    Fixed(Box<Rendered>),
    PerRequest(Arc<Chooser>),
}

/// Chooses the policy of each request.
#[derive(Clone)]
pub(crate) enum Chooser {
    #[cfg(feature = "routes")]
    Routes(RouteLookup),
    Closure(Arc<Choose>),
}

pub(crate) type Choose = dyn Fn(&Parts) -> Option<CachePolicy> + Send + Sync;

/// The choice of a [`Chooser`] for a request, stored until its response arrives.
#[derive(Debug)]
pub(crate) enum PendingPolicy {
    /// The layer has no chooser, or the closure did not return a policy.
    Nothing,
    Policy(Arc<Rendered>),
    #[cfg(feature = "routes")]
    Route(RouteMatch),
}

/// The policy of a layer for one request.
#[derive(Clone, Debug)]
pub(crate) enum ResolvedPolicy<'a> {
    Policy(RenderedPolicy<'a>),
    #[cfg(feature = "routes")]
    Route(&'a RouteMatch),
    Nothing,
}

impl PendingPolicy {
    /// The choice of a closure.
    pub(crate) fn of(policy: Option<CachePolicy>) -> Self {
        policy.map_or(Self::Nothing, |own| Self::Policy(Rendered::recall(own)))
    }

    /// Returns the policy of a request under a layer with this fixed policy.
    #[inline]
    pub(crate) fn resolve<'a>(&'a self, fixed: Option<&'a Rendered>) -> ResolvedPolicy<'a> {
        match self {
            Self::Policy(policy) => ResolvedPolicy::Policy(RenderedPolicy::OfRequest(policy)),
            #[cfg(feature = "routes")]
            Self::Route(found) => ResolvedPolicy::Route(found),
            Self::Nothing => match fixed {
                Some(own) => ResolvedPolicy::fixed(own),
                None => ResolvedPolicy::Nothing,
            },
        }
    }
}

impl<'a> ResolvedPolicy<'a> {
    pub(crate) const fn fixed(own: &'a Rendered) -> Self {
        Self::Policy(RenderedPolicy::OfLayer(own))
    }

    /// Writes the policy into a response without extensions, under plain rules, if only guards against shared storage can
    /// change it. Otherwise returns the facts of the response.
    #[inline(always)]
    pub(super) fn write_usual(
        &self,
        request: RequestFacts,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Facts> {
        let found = Facts::of_response(status, headers, [&[], &[]]);
        let facts = found.and(request.facts);
        let own = self.usual(status, facts, GuardSet::EMPTY, headers).ok_or(found)?;
        let value = if facts.has(GuardSet::SEEN_AGAINST_SHARING) { own.private() } else { own.value() };
        set_field(headers, CACHE_CONTROL, value);
        Ok(())
    }

    /// The policy for a response, if [its line is all](Rendered::usual) that a layer with plain rules writes.
    #[cfg_attr(not(feature = "routes"), allow(unused_variables))]
    #[inline(always)]
    pub(super) fn usual(
        &self,
        status: StatusCode,
        facts: Facts,
        waived: GuardSet,
        headers: &HeaderMap,
    ) -> Option<&Rendered> {
        match self {
            Self::Policy(own) => own.usual(facts, waived, headers),
            // A route may name a policy for a content type, which this 304 does not have.
            #[cfg(feature = "routes")]
            Self::Route(route) if route.vary().is_none() && !facts.has(Facts::UNTYPED_NOT_MODIFIED) => {
                route.policy(status, headers)?.usual(facts, waived, headers)
            }
            _ => None,
        }
    }

    /// The policy for the status and content type of a response. `None` if the route does not have one.
    #[cfg_attr(not(feature = "routes"), allow(unused_variables))]
    pub(crate) fn for_response(&self, status: StatusCode, headers: &HeaderMap) -> Option<RenderedPolicy<'a>> {
        match self {
            Self::Policy(own) => Some(own.clone()),
            #[cfg(feature = "routes")]
            Self::Route(route) => route.policy(status, headers).map(RenderedPolicy::OfLayer),
            Self::Nothing => None,
        }
    }

    /// Whether a table of routes chose the policy, which then covers every status that the route names.
    pub(crate) const fn is_of_route(&self) -> bool {
        !matches!(self, Self::Policy(_) | Self::Nothing)
    }

    /// Whether the policy depends on the content type, which a 304 may lack. An `immutable` policy depends on it,
    /// because it does not apply to HTML.
    pub(crate) fn depends_on_content(&self, immutable_depends: bool) -> bool {
        match self {
            Self::Policy(own) => immutable_depends && own.policy().is_immutable(),
            #[cfg(feature = "routes")]
            Self::Route(route) => route.depends_on_content(immutable_depends),
            Self::Nothing => false,
        }
    }

    /// The rule that matched, for display.
    pub(crate) fn rule(&self) -> &'a str {
        match self {
            Self::Policy(RenderedPolicy::OfLayer(_)) => "one policy",
            Self::Policy(_) | Self::Nothing => "closure",
            #[cfg(feature = "routes")]
            Self::Route(route) => route.rule(),
        }
    }

    /// The names that every response adds to `Vary`.
    pub(crate) fn vary(&self) -> Option<&RenderedVary> {
        match self {
            Self::Policy(own) => own.vary(),
            #[cfg(feature = "routes")]
            Self::Route(route) => route.vary(),
            Self::Nothing => None,
        }
    }

    /// The tags of the route.
    pub(crate) fn tags(&self) -> Option<&'a CacheTags> {
        match self {
            #[cfg(feature = "routes")]
            Self::Route(route) => route.tags(),
            _ => None,
        }
    }
}

impl PolicySource {
    /// Creates a source from a closure that chooses by the request: see
    /// [`CachePolicyLayer::from_fn`](crate::CachePolicyLayer::from_fn).
    pub fn from_fn<F, P>(choose: F) -> Self
    where
        F: Fn(&Parts) -> P + Send + Sync + 'static,
        P: Into<Option<CachePolicy>>,
    {
        Self(Source::PerRequest(Arc::new(Chooser::Closure(Arc::new(move |request| choose(request).into())))))
    }

    /// Returns the policy, if it is the same for all requests, or else what chooses it.
    pub(crate) fn into_parts(self) -> (Option<Rendered>, Option<Arc<Chooser>>) {
        match self.0 {
            Source::Fixed(rendered) => (Some(*rendered), None),
            Source::PerRequest(chooser) => (None, Some(chooser)),
        }
    }
}

impl Chooser {
    /// Chooses the policy of a request.
    pub(crate) fn choose<B>(&self, request: &mut Request<B>) -> PendingPolicy {
        match self {
            #[cfg(feature = "routes")]
            Self::Routes(routes) => PendingPolicy::Route(routes.find(request)),
            Self::Closure(choose) => PendingPolicy::of(with_parts(request, |parts| choose(parts))),
        }
    }

    /// Returns the closure, if it is one.
    pub(crate) fn closure(&self) -> Option<&Choose> {
        match self {
            #[cfg(feature = "routes")]
            Self::Routes(_) => None,
            Self::Closure(choose) => Some(&**choose),
        }
    }

    /// Makes a table of routes match the path that `path` returns. A closure ignores it.
    #[cfg(feature = "routes")]
    pub(crate) fn read_path(&mut self, path: Arc<ReadPath>) {
        if let Self::Routes(routes) = self {
            routes.read_path(path);
        }
    }
}

impl fmt::Debug for PolicySource {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(rendered) => rendered.policy().fmt(f),
            Source::PerRequest(chooser) => chooser.fmt(f),
        }
    }
}

impl fmt::Debug for Chooser {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "routes")]
            Self::Routes(routes) => routes.fmt(f),
            Self::Closure(_) => f.write_str("<fn>"),
        }
    }
}

/// Lends the parts of a request. The body is not moved, because that would take longer.
pub(super) fn with_parts<B, T>(request: &mut Request<B>, read: impl FnOnce(&Parts) -> T) -> T {
    fn swap_head<B>(parts: &mut Parts, request: &mut Request<B>) {
        swap(&mut parts.method, request.method_mut());
        swap(&mut parts.uri, request.uri_mut());
        swap(&mut parts.version, request.version_mut());
        swap(&mut parts.headers, request.headers_mut());
        swap(&mut parts.extensions, request.extensions_mut());
    }
    let (mut parts, ()) = Request::new(()).into_parts();
    swap_head(&mut parts, request);
    let result = read(&parts);
    swap_head(&mut parts, request);
    result
}

/// Converts into the policy of a layer. Implemented for a [`CachePolicy`] and for a
#[cfg_attr(feature = "routes", doc = "[table of routes](RoutePolicies).")]
#[cfg_attr(not(feature = "routes"), doc = "table of routes (feature `routes`).")]
///
/// A closure is not converted. It is passed to [`CachePolicyLayer::from_fn`](crate::CachePolicyLayer::from_fn), where
/// the compiler infers the type of its argument.
// A blanket implementation for closures would not: `new(|_| CachePolicy::NO_STORE)` failed with "implementation of
// `FnOnce` is not general enough", which does not contain the remedy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache policy",
    label = "expected a `CachePolicy` or `RoutePolicies`",
    note = "write a policy such as `CachePolicy::public(Duration::from_secs(300))` or `CachePolicy::NO_STORE`",
    note = "pass a closure that chooses by the request to `from_fn` instead of `new`: `from_fn(|request| ...)`"
)]
pub trait IntoPolicySource {
    /// Converts into a source. Renders the field values of fixed policies once.
    fn into_policy_source(self) -> PolicySource;
}

impl IntoPolicySource for CachePolicy {
    fn into_policy_source(self) -> PolicySource {
        PolicySource(Source::Fixed(Box::new(Rendered::new(self))))
    }
}

#[cfg(feature = "routes")]
impl IntoPolicySource for RoutePolicies {
    fn into_policy_source(self) -> PolicySource {
        SharedRoutes::new(self).into_policy_source()
    }
}

#[cfg(feature = "routes")]
impl IntoPolicySource for SharedRoutes {
    fn into_policy_source(self) -> PolicySource {
        PolicySource(Source::PerRequest(Arc::new(Chooser::Routes(RouteLookup::new(self)))))
    }
}

impl IntoPolicySource for PolicySource {
    fn into_policy_source(self) -> PolicySource {
        self
    }
}
