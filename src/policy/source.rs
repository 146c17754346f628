//! [`PolicySource`]: where a layer takes the policy of a request from.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::CachePolicy;
use super::rendered::Rendered;

/// Where a layer takes the policy of a request from: one policy, or a closure over
/// the request. Made by [`IntoPolicySource`].
#[derive(Clone)]
pub struct PolicySource(Source);

#[derive(Clone)]
enum Source {
    Fixed(Box<Rendered>),
    Closure(Arc<Choose>),
}

type Choose = dyn Fn(&Parts) -> Option<CachePolicy> + Send + Sync;

/// The policy that a source gave for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'a> {
    Fixed(&'a Rendered),
    Chosen(CachePolicy),
    Nothing,
}

impl PolicySource {
    /// Whether the request has to be looked at.
    pub(crate) const fn reads_request(&self) -> bool {
        matches!(self.0, Source::Closure(_))
    }

    /// What there is to remember of a request until its answer comes.
    pub(crate) fn choose(&self, request: &Parts) -> Option<CachePolicy> {
        match &self.0 {
            Source::Fixed(_) => None,
            Source::Closure(choose) => choose(request),
        }
    }

    /// The policy, with what [`choose`](Self::choose) remembered.
    pub(crate) fn given(&self, chosen: Option<CachePolicy>) -> Given<'_> {
        match &self.0 {
            Source::Fixed(rendered) => Given::Fixed(rendered),
            Source::Closure(_) => chosen.map_or(Given::Nothing, Given::Chosen),
        }
    }
}

impl fmt::Debug for PolicySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(rendered) => rendered.policy().fmt(f),
            Source::Closure(_) => f.write_str("<fn>"),
        }
    }
}

/// What can be given to a layer as its policy: a [`CachePolicy`], or a closure from
/// [`&http::request::Parts`](Parts) to a `CachePolicy` or an `Option` of one.
///
/// `None` is "no word": the handler's own field stands, and without one the
/// default does (G-14).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of cache policies",
    label = "expected a `CachePolicy`, or a closure `Fn(&http::request::Parts) -> CachePolicy`",
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
