//! [`EdgeLayer`]: configuration only.

use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::config::Config;
use super::service::EdgeService;
use crate::edge::{Edges, TagOverflow};
use crate::layers::Clock;
use crate::policy::{CachePolicy, Rendered, Risk, Rules};

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

    /// What becomes of an answer with more tags than an edge reads. By default it is kept out
    /// of shared caches.
    #[must_use]
    pub fn on_overflow(self, overflow: TagOverflow) -> Self {
        self.with(|config| config.overflow = overflow)
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

    /// Puts what was noticed, a `Vec` of [`EdgeNote`](crate::edge::EdgeNote)s, into the answer's
    /// extensions, where there is something.
    #[must_use]
    pub fn record_notes(self) -> Self {
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
