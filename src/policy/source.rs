//! [`PolicySource`]: where a layer takes the policy of a request from.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};

use super::rendered::{Rendered, RenderedVary};
#[cfg(feature = "routes")]
use super::routes::{ReadPath, RouteLookup, RouteMatch, RoutePolicies, SharedRoutes};
use super::{CachePolicy, CacheTags};

/// Where a layer takes the policy of a request from: one policy, a table of routes, or a
/// closure over the request. Made by [`IntoPolicySource`].
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

/// What there is to remember of a request until its answer comes.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    /// The policy is the same for all, or there is none.
    Nothing,
    Policy(CachePolicy),
    #[cfg(feature = "routes")]
    Route(RouteMatch),
}

/// The policy that a source gave for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'a> {
    Fixed(&'a Rendered),
    Chosen(CachePolicy),
    #[cfg(feature = "routes")]
    Route(&'a RouteMatch),
    Nothing,
}

impl<'a> Given<'a> {
    /// The policy that a route gives an answer by its status and type. `None` where there
    /// is no route, or the route does not name the status.
    #[cfg_attr(not(feature = "routes"), allow(unused_variables))]
    pub(crate) fn for_answer(self, status: StatusCode, answer: &HeaderMap) -> Option<&'a Rendered> {
        match self {
            #[cfg(feature = "routes")]
            Self::Route(route) => route.policy(status, answer),
            _ => None,
        }
    }

    /// The rendered policy for a success, where it is all that there is to say.
    pub(super) fn for_success(self, status: StatusCode, headers: &HeaderMap) -> Option<&'a Rendered> {
        match self {
            Self::Fixed(rendered) => Some(rendered),
            _ if self.vary().is_some() => None,
            _ => self.for_answer(status, headers),
        }
    }

    /// The rule that spoke, for people.
    pub(crate) fn rule(&self) -> &'a str {
        match self {
            Self::Fixed(_) => "one policy",
            Self::Chosen(_) | Self::Nothing => "closure",
            #[cfg(feature = "routes")]
            Self::Route(route) => route.rule(),
        }
    }

    /// The names that every answer adds to `Vary`, where they were rendered before.
    pub(crate) fn vary(self) -> Option<&'a RenderedVary> {
        match self {
            Self::Fixed(rendered) => rendered.vary(),
            #[cfg(feature = "routes")]
            Self::Route(route) => route.vary(),
            Self::Chosen(_) | Self::Nothing => None,
        }
    }

    /// The tags of the route.
    pub(crate) fn tags(self) -> Option<&'a CacheTags> {
        match self {
            #[cfg(feature = "routes")]
            Self::Route(route) => route.tags(),
            _ => None,
        }
    }

    /// The policy that was made for this request alone.
    pub(crate) const fn chosen(self) -> Option<CachePolicy> {
        match self {
            Self::Chosen(policy) => Some(policy),
            _ => None,
        }
    }
}

impl PolicySource {
    /// Looks at the request where that is needed, and gives it back: `call` gets it, and what to
    /// remember of it. Only a closure has it taken apart, which moves it.
    pub(crate) fn choose<B, T>(&self, request: Request<B>, call: impl FnOnce(Request<B>, Chosen) -> T) -> T {
        match &self.0 {
            Source::Fixed(_) => call(request, Chosen::Nothing),
            #[cfg(feature = "routes")]
            Source::Routes(routes) => routes.find(request, |request, found| call(request, Chosen::Route(found))),
            Source::Closure(choose) => {
                let (parts, body) = request.into_parts();
                let chosen = choose(&parts).map_or(Chosen::Nothing, Chosen::Policy);
                call(Request::from_parts(parts, body), chosen)
            }
        }
    }

    /// Has a table of routes match the path that `path` returns. Other sources have no use for it.
    #[cfg(feature = "routes")]
    pub(crate) fn read_path(&mut self, path: Arc<ReadPath>) {
        if let Source::Routes(routes) = &mut self.0 {
            routes.read_path(path);
        }
    }

    /// The policy, with what [`choose`](Self::choose) remembered.
    pub(crate) fn given<'a>(&'a self, chosen: &'a Chosen) -> Given<'a> {
        match (&self.0, chosen) {
            (Source::Fixed(rendered), _) => Given::Fixed(rendered),
            (_, Chosen::Policy(policy)) => Given::Chosen(*policy),
            #[cfg(feature = "routes")]
            (_, Chosen::Route(found)) => Given::Route(found),
            (_, Chosen::Nothing) => Given::Nothing,
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

/// What can be given to a layer as its policy: a [`CachePolicy`], a
#[cfg_attr(feature = "routes", doc = "[table of routes](RoutePolicies),")]
#[cfg_attr(not(feature = "routes"), doc = "table of routes (feature `routes`),")]
/// or a closure from [`&http::request::Parts`](Parts) to a `CachePolicy` or an `Option` of
/// one.
///
/// `None` is "no word": the handler's own field stands, and without one the default does
/// (G-14).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of cache policies",
    label = "expected a `CachePolicy`, `RoutePolicies`, or a closure `Fn(&http::request::Parts) -> CachePolicy`",
    note = "a policy is written like `CachePolicy::public(Duration::from_secs(300))` or `CachePolicy::NO_STORE`",
    note = "a closure must name the type of its argument: `|request: &http::request::Parts| ...`"
)]
pub trait IntoPolicySource {
    /// Makes the source, and renders what can be rendered now.
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

impl<F, P> IntoPolicySource for F
where
    F: Fn(&Parts) -> P + Send + Sync + 'static,
    P: Into<Option<CachePolicy>>,
{
    fn into_policy_source(self) -> PolicySource {
        PolicySource(Source::Closure(Arc::new(move |request| self(request).into())))
    }
}
