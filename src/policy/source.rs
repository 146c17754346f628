//! [`PolicySource`]: the source of a layer's policies.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};

use super::rendered::{Rendered, RenderedPolicy, RenderedVary};
#[cfg(feature = "routes")]
use super::routes::{ReadPath, RouteLookup, RouteMatch, RoutePolicies, SharedRoutes};
use super::{CachePolicy, CacheTags};

/// The source of a layer's policies: one policy, a table of routes, or a closure that chooses by the request.
///
/// [`IntoPolicySource`] and [`PolicySource::from_fn`] make one.
#[derive(Clone)]
pub struct PolicySource(Source);

#[derive(Clone)]
enum Source {
    Fixed(Box<Rendered>),
    #[cfg(feature = "routes")]
    Routes(RouteLookup),
    Closure(Arc<Choose>),
}

type Choose = dyn Fn(&Parts) -> Option<CachePolicy> + Send + Sync;

/// The policy of a request, stored until its response arrives.
#[derive(Clone, Debug)]
pub(crate) enum PendingPolicy {
    /// The policy does not depend on the request, or the closure did not return one.
    Nothing,
    Policy(CachePolicy),
    #[cfg(feature = "routes")]
    Route(RouteMatch),
}

/// The policy of a source for one request.
#[derive(Clone, Debug)]
pub(crate) enum ResolvedPolicy<'a> {
    Fixed(&'a Rendered),
    PerRequest(RenderedPolicy<'a>),
    #[cfg(feature = "routes")]
    Route(&'a RouteMatch),
    Nothing,
}

impl<'a> ResolvedPolicy<'a> {
    /// The policy of the route for the status and content type of a response. `None` if there is no route, or if the
    /// route does not have a policy for the status.
    #[cfg_attr(not(feature = "routes"), allow(unused_variables))]
    pub(crate) fn for_response(&self, status: StatusCode, headers: &HeaderMap) -> Option<&'a Rendered> {
        match self {
            #[cfg(feature = "routes")]
            Self::Route(route) => route.policy(status, headers),
            _ => None,
        }
    }

    /// Whether the policy depends on the content type, which a 304 may lack. An `immutable` policy depends on it,
    /// because it does not apply to HTML.
    pub(crate) fn depends_on_content(&self, immutable_depends: bool) -> bool {
        match self {
            Self::Fixed(rendered) => immutable_depends && rendered.policy().is_immutable(),
            Self::PerRequest(rendered) => immutable_depends && rendered.policy().is_immutable(),
            #[cfg(feature = "routes")]
            Self::Route(route) => route.depends_on_content(immutable_depends),
            Self::Nothing => false,
        }
    }

    /// The rule that matched, for display.
    pub(crate) fn rule(&self) -> &'a str {
        match self {
            Self::Fixed(_) => "one policy",
            Self::PerRequest(_) | Self::Nothing => "closure",
            #[cfg(feature = "routes")]
            Self::Route(route) => route.rule(),
        }
    }

    /// The names that every response adds to `Vary`.
    pub(crate) fn vary(&self) -> Option<&RenderedVary> {
        match self {
            Self::Fixed(rendered) => rendered.vary(),
            Self::PerRequest(rendered) => rendered.vary(),
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
        Self(Source::Closure(Arc::new(move |request| choose(request).into())))
    }

    /// The policy, if it is the same for all requests.
    pub(crate) fn fixed(&self) -> Option<&Rendered> {
        if let Source::Fixed(rendered) = &self.0 { Some(rendered) } else { None }
    }

    /// Returns whether [`choose`](Self::choose) needs the request, which moves it.
    pub(crate) const fn depends_on_request(&self) -> bool {
        !matches!(self.0, Source::Fixed(_))
    }

    /// Chooses the policy of a request.
    pub(crate) fn choose<B>(&self, request: Request<B>) -> (Request<B>, PendingPolicy) {
        match &self.0 {
            Source::Fixed(_) => (request, PendingPolicy::Nothing),
            #[cfg(feature = "routes")]
            Source::Routes(routes) => routes.find(request, |request, found| (request, PendingPolicy::Route(found))),
            Source::Closure(choose) => {
                let (parts, body) = request.into_parts();
                let pending = choose(&parts).map_or(PendingPolicy::Nothing, PendingPolicy::Policy);
                (Request::from_parts(parts, body), pending)
            }
        }
    }

    /// Makes a table of routes match the path that `path` returns. Other sources ignore it.
    #[cfg(feature = "routes")]
    pub(crate) fn read_path(&mut self, path: Arc<ReadPath>) {
        if let Source::Routes(routes) = &mut self.0 {
            routes.read_path(path);
        }
    }

    /// Returns the policy of a request, from the result of [`choose`](Self::choose).
    pub(crate) fn resolve<'a>(&'a self, pending: &'a PendingPolicy) -> ResolvedPolicy<'a> {
        match (&self.0, pending) {
            (Source::Fixed(rendered), _) => ResolvedPolicy::Fixed(rendered),
            (_, PendingPolicy::Policy(policy)) => ResolvedPolicy::PerRequest(RenderedPolicy::of_response(*policy)),
            #[cfg(feature = "routes")]
            (_, PendingPolicy::Route(found)) => ResolvedPolicy::Route(found),
            (_, PendingPolicy::Nothing) => ResolvedPolicy::Nothing,
        }
    }
}

impl fmt::Debug for PolicySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(rendered) => rendered.policy().fmt(f),
            #[cfg(feature = "routes")]
            Source::Routes(routes) => routes.fmt(f),
            Source::Closure(_) => f.write_str("<fn>"),
        }
    }
}

/// Converts into the policy of a layer. Implemented for a [`CachePolicy`] and for a
#[cfg_attr(feature = "routes", doc = "[table of routes](RoutePolicies).")]
#[cfg_attr(not(feature = "routes"), doc = "table of routes (feature `routes`).")]
///
/// A closure is not converted. It is passed to [`CachePolicyLayer::from_fn`](crate::CachePolicyLayer::from_fn), where
/// the compiler infers the type of its argument.
// A blanket implementation for closures would not: `new(|_| CachePolicy::NO_STORE)` failed with "implementation of
// `FnOnce` is not general enough", which says nothing about the remedy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache policy",
    label = "expected a `CachePolicy` or `RoutePolicies`",
    note = "a policy is written like `CachePolicy::public(Duration::from_secs(300))` or `CachePolicy::NO_STORE`",
    note = "a closure that chooses by the request is passed to `from_fn` instead of `new`: `from_fn(|request| ...)`"
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
        PolicySource(Source::Routes(RouteLookup::new(self)))
    }
}

impl IntoPolicySource for PolicySource {
    fn into_policy_source(self) -> PolicySource {
        self
    }
}
