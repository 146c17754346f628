//! [`EdgeLayer`]: configuration only.

use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::config::Config;
use super::service::EdgeService;
use crate::edge::{Edges, TagOverflow, UnsupportedTag};
use crate::layers::Clock;
use crate::policy::{CachePolicy, CacheTag, Rendered, Risk, Rules};

/// Writes what the edges in front of a service read. See the [module docs](super) for an
/// example.
#[derive(Clone, Debug)]
pub struct EdgeLayer {
    config: Arc<Config>,
}

impl EdgeLayer {
    /// The layer for one edge, an [`EdgeProfile`](crate::edge::EdgeProfile), or for several
    /// that were found to go together, [`Edges`].
    pub fn new(edges: impl Into<Edges>) -> Self {
        let edges = edges.into();
        // Guards treat the fields of custom profiles like the well-known ones.
        let mut rules = Rules::default();
        rules.edge_names = edges.own_names();
        rules.heeds_accepted = true;
        Self {
            config: Arc::new(Config {
                edges,
                overflow: TagOverflow::default(),
                rules,
                clock: Clock::system(),
                record: false,
                enabled: true,
            }),
        }
    }

    /// Chooses what happens to a response with tags that an edge cannot carry, or with more than it
    /// reads. By default it is kept out of shared caches.
    ///
    /// # Panics
    ///
    /// If an edge cannot carry the tag of [`TagOverflow::Coarser`]. For a tag that is known only at run
    /// time, use [`try_on_overflow`](Self::try_on_overflow).
    #[must_use]
    #[track_caller]
    pub fn on_overflow(self, overflow: TagOverflow) -> Self {
        match self.try_on_overflow(overflow) {
            Ok(layer) => layer,
            Err(error) => panic!("{error}"),
        }
    }

    /// [`on_overflow`](Self::on_overflow) for a tag that is known only at run time.
    ///
    /// # Errors
    ///
    /// If an edge cannot carry the tag of [`TagOverflow::Coarser`].
    pub fn try_on_overflow(self, overflow: TagOverflow) -> Result<Self, UnsupportedTag> {
        let layer = match &overflow {
            TagOverflow::Coarser(tag) => self.check_tags([tag])?,
            TagOverflow::NotStored => self,
        };
        Ok(layer.with(|config| config.overflow = overflow))
    }

    /// Checks that the edges can carry the tags that are constants, such as those of a table of routes.
    /// Responses with a tag that an edge cannot carry would be kept out of shared caches.
    ///
    /// ```
    /// use tower_cache_policy::EdgeLayer;
    /// use tower_cache_policy::edge::EdgeProfile;
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// const SERDE: CacheTag = CacheTag::from_static("crate:serde");
    ///
    /// assert!(EdgeLayer::new(EdgeProfile::CLOUDFLARE).check_tags([&SERDE]).is_ok());
    ///
    /// let error = EdgeLayer::new(EdgeProfile::AKAMAI).check_tags([&SERDE]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the edge `akamai` cannot carry the tag \"crate:serde\" in `edge-cache-tag`, which contains ':': use 1 to 128 \
    ///      characters of A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// For the first tag that an edge cannot carry.
    pub fn check_tags<'a>(self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Result<Self, UnsupportedTag> {
        self.config.edges.check_tags(tags).map(|()| self)
    }

    /// The policy for safe answers that nobody gave one, in place of `private,
    /// no-cache` (G-14, F-04).
    #[must_use]
    pub fn default_policy(self, policy: CachePolicy) -> Self {
        self.with(|config| config.rules.fallback = Rendered::new(policy))
    }

    /// Request fields that carry credentials, beside `Authorization` and
    /// `Proxy-Authorization` (G-02).
    #[must_use]
    pub fn credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|config| config.rules.credentials.extend(names))
    }

    /// Switches one guard off, for all answers.
    ///
    /// A risk that an inner [`CachePolicyLayer`](crate::CachePolicyLayer) accepted applies here too, unless the
    /// response has changed since, for example by another cookie.
    #[must_use]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// Puts what was noticed, a `Vec` of [`EdgeDiagnostic`](crate::edge::EdgeDiagnostic)s, into the answer's
    /// extensions, where there is something.
    #[must_use]
    pub fn record_diagnostics(self) -> Self {
        self.with(|config| config.record = true)
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService::new(inner, Arc::clone(&self.config))
    }
}
