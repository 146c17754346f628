//! [`Decision`]: a layer's decision about one response.

use std::fmt;

use super::guards::GuardSet;

/// A layer's decision about one response: the source of its directives, and the guards that changed them.
///
/// A layer with [`record_decisions`](crate::CachePolicyLayer::record_decisions) stores it in the extensions of the
/// response. It displays as one line for a log:
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::{CachePolicy, Decision, DecisionSource, Guard};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))).record_decisions())
///     .service(service_fn(async |_: Request<()>| {
///         Ok::<_, Infallible>(Response::builder().header("set-cookie", "id=1").body(()).unwrap())
///     }));
///
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// let decision = response.extensions().get::<Decision>().unwrap();
/// assert_eq!(decision.source(), DecisionSource::Layer);
/// assert!(decision.guards().contains(Guard::SetCookie));
/// assert_eq!(decision.to_string(), "the layer's policy; G-01 Set-Cookie: private");
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    source: DecisionSource,
    guards: GuardSet,
}

impl Decision {
    pub(super) const fn new(source: DecisionSource, guards: GuardSet) -> Self {
        Self { source, guards }
    }

    /// Returns the source of the directives, before guards changed them.
    #[must_use]
    pub const fn source(&self) -> DecisionSource {
        self.source
    }

    /// Returns the guards that changed the decision.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use std::time::Duration;
    /// # use http::{Request, Response};
    /// # use tower::{ServiceBuilder, ServiceExt};
    /// # use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::{CachePolicy, Decision, Guard};
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))).record_decisions())
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    ///
    /// let request = Request::get("/").header("authorization", "Bearer t").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// let guards = response.extensions().get::<Decision>().unwrap().guards();
    /// assert!(guards.iter().eq([Guard::Authorization]));
    /// assert_eq!(response.headers()["cache-control"], "private, max-age=60");
    /// # });
    /// ```
    #[must_use]
    pub const fn guards(&self) -> GuardSet {
        self.guards
    }
}

impl fmt::Display for Decision {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            DecisionSource::Handler => "the response's own field",
            DecisionSource::HandlerPolicy => "the handler's policy",
            DecisionSource::Layer => "the layer's policy",
            DecisionSource::Tightened => "the tighter of handler and layer",
            DecisionSource::Default => "the default",
            DecisionSource::Development => "development",
            DecisionSource::Nothing => "the policy of its 200 is not known",
        })?;
        for guard in self.guards.iter() {
            write!(f, "; {}", guard.reason())?;
        }
        Ok(())
    }
}

/// The source of the directives of a [`Decision`], before guards changed them.
///
/// The names in `Cache-Policy-Explain` and in trace events are:
///
/// | Source | Name | Example |
/// |---|---|---|
/// | [`Handler`](Self::Handler) | `handler` | a proxied service that sets `Cache-Control` |
/// | [`HandlerPolicy`](Self::HandlerPolicy) | `handler-policy` | a handler that returns a `CachePolicy` |
/// | [`Layer`](Self::Layer) | `layer` | the policy of the layer or of its table |
/// | [`Tightened`](Self::Tightened) | `tightened` | [`tighten`](crate::CachePolicyLayer::tighten) |
/// | [`Default`](Self::Default) | `default` | a redirect, or a path without a route |
/// | [`Development`](Self::Development) | `development` | [`development`](crate::CachePolicyLayer::development) |
/// | [`Nothing`](Self::Nothing) | `nothing` | a 304 that was created before the handler ran |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecisionSource {
    /// A field that the handler or another inner service wrote.
    Handler,
    /// A [`CachePolicy`](super::CachePolicy) in the response's extensions.
    HandlerPolicy,
    /// The policy of the layer.
    Layer,
    /// The tighter of the handler's and the layer's directives.
    Tightened,
    /// The default for responses without a policy.
    Default,
    /// The development switch.
    Development,
    /// None: the policy of this 304's 200 is not known, so the 304 has no `Cache-Control`, and caches continue to use
    /// the stored one.
    Nothing,
}

impl DecisionSource {
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::HandlerPolicy => "handler-policy",
            Self::Layer => "layer",
            Self::Tightened => "tightened",
            Self::Default => "default",
            Self::Development => "development",
            Self::Nothing => "nothing",
        }
    }
}
