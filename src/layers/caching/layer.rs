//! [`CachingLayer`]: the usual stack, composed in the right order.

use std::future::Future;

use http::request::Parts;
use tower_layer::{Identity, Layer};

use crate::layers::cache_policy::{CachePolicyLayer, CachePolicyService};
use crate::layers::conditional::{
    ConditionalLayer, ConditionalService, FnSource, NoSource, SelectedRepresentation, ValidatorSource,
};
use crate::layers::entity_tag::{EntityTagLayer, EntityTagService};
use crate::policy::IntoPolicySource;

/// Policy, entity tags and preconditions in one layer. See the [module docs](super) for an
/// example.
#[derive(Clone, Debug)]
pub struct CachingLayer<V = NoSource, C = Identity> {
    policy: CachePolicyLayer,
    entity_tags: EntityTagLayer,
    conditional: ConditionalLayer<V>,
    compression: C,
    has_compression: bool,
}

impl CachingLayer {
    /// The stack with this policy: one, or a closure from `&http::request::Parts` to one.
    pub fn new(policy: impl IntoPolicySource) -> Self {
        Self {
            policy: CachePolicyLayer::new(policy),
            entity_tags: EntityTagLayer::new(),
            conditional: ConditionalLayer::new(),
            compression: Identity::new(),
            has_compression: false,
        }
    }
}

impl<V, C> CachingLayer<V, C> {
    /// Puts a compression layer where it belongs: outside the entity tags, which need
    /// the content as it is, and inside the preconditions, which need the tag that is
    /// sent (L-01). `Vary` then names `Accept-Encoding` on every answer (K-02).
    pub fn compression<D>(self, compression: D) -> CachingLayer<V, D> {
        CachingLayer {
            policy: self.policy.vary(&["accept-encoding"]),
            entity_tags: self.entity_tags,
            conditional: self.conditional.with_inner_coding(),
            compression,
            has_compression: true,
        }
    }

    /// Decides before the handler: see [`ConditionalLayer::validators`].
    pub fn validators<F, Fut>(self, source: F) -> CachingLayer<FnSource<F>, C>
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future,
        Fut::Output: Into<SelectedRepresentation>,
    {
        self.validator_source(FnSource::new(source))
    }

    /// As [`validators`](CachingLayer::validators), for any kind of source.
    pub fn validator_source<W: ValidatorSource>(self, source: W) -> CachingLayer<W, C> {
        CachingLayer {
            policy: self.policy,
            entity_tags: self.entity_tags,
            conditional: self.conditional.validator_source_inside_tags(source),
            compression: self.compression,
            has_compression: self.has_compression,
        }
    }

    /// Changes the policy layer of the stack, which may not change its policy.
    #[must_use]
    pub fn policy(mut self, change: impl FnOnce(CachePolicyLayer) -> CachePolicyLayer) -> Self {
        self.policy = change(self.policy);
        self
    }

    /// Changes how entity tags are made.
    #[must_use]
    pub fn entity_tags(mut self, change: impl FnOnce(EntityTagLayer) -> EntityTagLayer) -> Self {
        self.entity_tags = change(self.entity_tags);
        self
    }

    /// Changes how preconditions are evaluated.
    #[must_use]
    pub fn conditional(mut self, change: impl FnOnce(ConditionalLayer<V>) -> ConditionalLayer<V>) -> Self {
        self.conditional = change(self.conditional);
        self
    }

    /// If `false`, policy, entity tags and preconditions are switched off, and only the compression layer remains.
    ///
    /// The type of the service is the same either way. `tower::util::option_layer` cannot offer that, because the
    /// body of a response with an entity tag has another type than that of the inner service.
    ///
    /// # Warning
    ///
    /// Writes are then not protected either: see [`ConditionalLayer::enabled`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
    ///
    /// let is_switched_on = std::env::args().any(|argument| argument == "--caching");
    /// let layer = CachingLayer::new(CachePolicy::public(Duration::from_secs(300))).enabled(is_switched_on);
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self
    where
        V: Clone,
    {
        self.policy(|policy| policy.enabled(enabled))
            .entity_tags(|tags| tags.enabled(enabled))
            .conditional(|conditional| conditional.enabled(enabled))
    }

    /// When `on`, nothing is stored anywhere: see [`CachePolicyLayer::development`].
    #[must_use]
    pub fn development(self, on: bool) -> Self {
        self.policy(|policy| policy.development(on))
    }
}

impl<V: Clone, C> CachingLayer<V, C> {
    /// Answers 428 to writes without a precondition: see
    /// [`ConditionalLayer::require_preconditions`].
    #[must_use]
    pub fn require_preconditions(self) -> Self {
        self.conditional(ConditionalLayer::require_preconditions)
    }

    /// Puts the decisions into the extensions of the answers, for a log: see
    /// [`CachePolicyLayer::record_decisions`] and [`ConditionalLayer::record_decisions`].
    #[must_use]
    pub fn record_decisions(self) -> Self {
        self.policy(CachePolicyLayer::record_decisions).conditional(ConditionalLayer::record_decisions)
    }
}

/// The policy stands twice. Inside, where it sees the content and the 200 that a 304
/// stands for, so that both carry the same (N-01) and `no-store` gets no tag. Outside,
/// for what is answered before the handler, and for guards to see what came in between
/// (L-04). Outside it leaves alone what stands there from inside, except on a 406 (G-04): a compression layer
/// makes one of a success where the client accepts no coding that it has.
impl<S, V, C> Layer<S> for CachingLayer<V, C>
where
    C: Layer<EntityTagService<CachePolicyService<S>>>,
{
    type Service = CachePolicyService<ConditionalService<C::Service, V>>;

    fn layer(&self, inner: S) -> Self::Service {
        let tagged = self.entity_tags.layer(self.policy.clone().inner_half().layer(inner));
        let coded = self.compression.layer(tagged);
        self.policy.clone().outer_half(self.has_compression).layer(self.conditional.layer(coded))
    }
}
