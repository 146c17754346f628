//! [`CachingLayer`]: the usual stack in the right order.

use std::future::Future;

use http::request::Parts;
use tower_layer::{Identity, Layer};

use crate::layers::cache_policy::{CachePolicyLayer, InnerPolicy, OuterPolicy};
use crate::layers::conditional::{
    ConditionalLayer, ConditionalService, FnSource, NoSource, SelectedRepresentation, ValidatorSource,
};
use crate::layers::entity_tag::{EntityTagLayer, EntityTagService};
use crate::policy::{CachePolicy, Development, IntoPolicySource, PolicySource};

/// Combines policy, entity tags and preconditions in one layer. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct CachingLayer<V = NoSource, C = Identity> {
    policy: CachePolicyLayer,
    halves: Halves,
    entity_tags: EntityTagLayer,
    conditional: ConditionalLayer<V>,
    compression: C,
    has_compression: bool,
}

/// The policy next to the service, and that around the other layers. They are created once, so that the services of all
/// routes share their configurations.
#[derive(Clone, Debug)]
struct Halves {
    inner: CachePolicyLayer,
    outer: CachePolicyLayer,
}

impl Halves {
    fn of(policy: &CachePolicyLayer, has_compression: bool) -> Self {
        Self { inner: policy.clone().inner_half(), outer: policy.clone().outer_half(has_compression) }
    }
}

impl CachingLayer {
    /// Creates the stack with one policy or a table of routes. A closure that chooses by the request is for
    /// [`from_fn`](Self::from_fn).
    ///
    /// By default, entity tags are weak and the stack does not compress.
    pub fn new(policy: impl IntoPolicySource) -> Self {
        let policy = CachePolicyLayer::new(policy);
        Self {
            halves: Halves::of(&policy, false),
            policy,
            entity_tags: EntityTagLayer::new(),
            conditional: ConditionalLayer::new(),
            compression: Identity::new(),
            has_compression: false,
        }
    }

    /// Creates the stack with a closure that chooses the policy by the request: see [`CachePolicyLayer::from_fn`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// let layer = CachingLayer::from_fn(|request| match request.uri.query() {
    ///     Some(_) => CachePolicy::NO_STORE,
    ///     None => CachePolicy::public(Duration::from_secs(60)),
    /// });
    /// # let _ = layer;
    /// ```
    pub fn from_fn<F, P>(choose: F) -> Self
    where
        F: Fn(&Parts) -> P + Send + Sync + 'static,
        P: Into<Option<CachePolicy>>,
    {
        Self::new(PolicySource::from_fn(choose))
    }
}

impl<V, C> CachingLayer<V, C> {
    /// Adds a compression layer at the right position: outside the entity tags, which are generated from the original
    /// content, and inside the preconditions, which are compared with the tag that is sent.
    ///
    /// Every response then has `Vary: Accept-Encoding`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    /// use tower_http::compression::CompressionLayer;
    ///
    /// let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .compression(CompressionLayer::new());
    /// # let _ = layer;
    /// ```
    #[inline]
    pub fn compression<D>(self, compression: D) -> CachingLayer<V, D> {
        // L-01, K-02
        let policy = self.policy.vary(&["accept-encoding"]);
        CachingLayer {
            halves: Halves::of(&policy, true),
            policy,
            entity_tags: self.entity_tags,
            conditional: self.conditional.with_inner_coding(),
            compression,
            has_compression: true,
        }
    }

    /// Decides before the handler, from the validators that this closure looks up: see
    /// [`ConditionalLayer::validators`].
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::protocol::{EntityTag, Validators};
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let policy = CachePolicy::public(Duration::from_secs(300));
    /// let layer = CachingLayer::new(policy).validators(move |_| async move {
    ///     // Usually a database lookup. The policy is that of the 200.
    ///     (Validators::new().with_etag(EntityTag::from_static("\"rev-7\"")), policy)
    /// });
    /// let service = ServiceBuilder::new()
    ///     .layer(layer)
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("seven"))));
    ///
    /// // The handler does not run.
    /// let request = Request::get("/").header("if-none-match", "\"rev-7\"").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    /// assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    /// # });
    /// ```
    ///
    /// # Warning
    ///
    /// Put authentication outside this layer: see [`ValidatorSource`].
    #[inline]
    pub fn validators<F, Fut>(self, source: F) -> CachingLayer<FnSource<F>, C>
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future,
        Fut::Output: Into<SelectedRepresentation>,
    {
        self.validator_source(FnSource::new(source))
    }

    /// Like [`validators`](CachingLayer::validators), for any [`ValidatorSource`].
    #[inline]
    pub fn validator_source<W: ValidatorSource>(self, source: W) -> CachingLayer<W, C> {
        CachingLayer {
            policy: self.policy,
            halves: self.halves,
            entity_tags: self.entity_tags,
            conditional: self.conditional.validator_source_inside_tags(source),
            compression: self.compression,
            has_compression: self.has_compression,
        }
    }

    /// Changes the settings of the policy layer.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::StatusCode;
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .policy(|policy| policy.for_status(StatusCode::NOT_FOUND, CachePolicy::public(Duration::from_secs(10))));
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[inline]
    pub fn policy(mut self, change: impl FnOnce(CachePolicyLayer) -> CachePolicyLayer) -> Self {
        self.policy = change(self.policy);
        self.halves = Halves::of(&self.policy, self.has_compression);
        self
    }

    /// Changes the settings of the entity tag layer, for example the maximum size of a body that it hashes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// // Hash bodies of up to 8 MiB, and streams of up to 64 KiB.
    /// let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300)))
    ///     .entity_tags(|tags| tags.max_body(8 << 20).buffer_unknown_length(64 << 10));
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[inline]
    pub fn entity_tags(mut self, change: impl FnOnce(EntityTagLayer) -> EntityTagLayer) -> Self {
        self.entity_tags = change(self.entity_tags);
        self
    }

    /// Changes the settings of the conditional layer.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::Method;
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// let layer = CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE)
    ///     .conditional(|conditional| conditional.require_preconditions_for([Method::PUT, Method::DELETE]));
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[inline]
    pub fn conditional(mut self, change: impl FnOnce(ConditionalLayer<V>) -> ConditionalLayer<V>) -> Self {
        self.conditional = change(self.conditional);
        self
    }

    /// If `false`, turns off policy, entity tags and preconditions. Only the compression layer remains.
    ///
    /// Use it in place of `tower::util::option_layer` and `ServiceBuilder::option_layer`, which do not work with this
    /// layer: both sides of an optional layer must have the same response body, and this layer wraps the body of the
    /// inner service.
    ///
    /// # Warning
    ///
    /// With `false`, unsafe requests are not protected either: see [`ConditionalLayer::enabled`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// let has_caching = std::env::args().any(|argument| argument == "--caching");
    /// let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300))).enabled(has_caching);
    /// # let _ = layer;
    /// ```
    #[doc(alias = "option_layer")]
    #[must_use]
    #[inline]
    pub fn enabled(self, enabled: bool) -> Self
    where
        V: Clone,
    {
        self.policy(|policy| policy.enabled(enabled))
            .entity_tags(|tags| tags.enabled(enabled))
            .conditional(|conditional| conditional.enabled(enabled))
    }

    /// Disables caching for all responses if the [switch](Development) is on: see [`CachePolicyLayer::development`] and
    /// [`ConditionalLayer::development`].
    #[must_use]
    #[inline]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        let switch = switch.into();
        self.policy(|policy| policy.development(switch)).conditional(|conditional| conditional.development(switch))
    }
}

impl<V: Clone, C> CachingLayer<V, C> {
    /// Returns 428 for unsafe requests without a precondition: see [`ConditionalLayer::require_preconditions`].
    #[must_use]
    #[inline]
    pub fn require_preconditions(self) -> Self {
        self.conditional(ConditionalLayer::require_preconditions)
    }

    /// Adds the decisions to the response extensions, for example for a log: see [`CachePolicyLayer::record_decisions`]
    /// and [`ConditionalLayer::record_decisions`].
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::layers::conditional::ConditionalReason;
    /// use tower_cache_policy::policy::{CachePolicy, Decision};
    /// use tower_cache_policy::CachingLayer;
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))).record_decisions())
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
    ///
    /// let request = Request::get("/").header("if-none-match", "*").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// let decision = response.extensions().get::<Decision>().unwrap();
    /// assert_eq!(decision.to_string(), "the layer's policy");
    /// let reason = response.extensions().get::<ConditionalReason>().unwrap();
    /// assert_eq!(reason.to_string(), "If-None-Match, after the handler");
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn record_decisions(self) -> Self {
        self.policy(CachePolicyLayer::record_decisions).conditional(ConditionalLayer::record_decisions)
    }
}

/// Wraps a service with the stack. The policy is decided twice, innermost and outermost, as steps of the other services.
// The innermost layer sees the content and the 200 before it becomes a 304, so that both get the same policy (N-01)
// and a `no-store` response gets no tag. The outermost layer sets the policy of responses that are created before the
// handler, and its guards see the changes of the layers in between (L-04). It does not change the fields from the
// innermost layer, except for a 406 (G-04): a compression layer turns a 200 into a 406 if it does not support
// any content coding that the client accepts.
impl<S, V, C> Layer<S> for CachingLayer<V, C>
where
    C: Layer<EntityTagService<S, InnerPolicy>>,
{
    type Service = ConditionalService<C::Service, V, OuterPolicy>;

    fn layer(&self, inner: S) -> Self::Service {
        let tagged = self.entity_tags.with_policy(inner, self.halves.inner.inner_step());
        let coded = self.compression.layer(tagged);
        self.conditional.with_policy(coded, self.halves.outer.outer_step())
    }
}
