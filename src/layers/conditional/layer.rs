//! [`ConditionalLayer`]: configuration only.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::Method;
use http::request::Parts;
use tower_layer::Layer;

use super::config::{Config, InnerCoding, RequiredPreconditions, Settings};
use super::mark::ValidatorSourcePresent;
use super::selected::SelectedRepresentation;
use super::service::ConditionalService;
use super::source::{FnSource, NoSource, ValidatorSource};
use crate::layers::Clock;

/// Evaluates the preconditions of requests. See the [module docs](super) for an example.
pub struct ConditionalLayer<V = NoSource> {
    source: Arc<V>,
    settings: Settings,
}

impl ConditionalLayer {
    /// Decides safe requests after the handler, from the validators of its answer.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings { inner_coding: Some(InnerCoding::new(false)), ..Settings::default() };
        Self { source: Arc::new(NoSource), settings }
    }
}

impl<V> ConditionalLayer<V> {
    /// Also decides before the handler, for every method, from what this closure says
    /// the application has: a future of [`Representation`](crate::protocol::Representation),
    /// of [`Validators`](crate::protocol::Validators), or of an `Option` of them where `None`
    /// means that there is none. A pair of one of them and a
    /// [`CachePolicy`](crate::policy::CachePolicy) states the policy of the 200 too: see
    /// [`SelectedRepresentation`].
    ///
    /// # Warning
    ///
    /// See [`ValidatorSource`]: put the layer inside authentication.
    pub fn validators<F, Fut>(self, source: F) -> ConditionalLayer<FnSource<F>>
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future,
        Fut::Output: Into<SelectedRepresentation>,
    {
        self.validator_source(FnSource::new(source))
    }

    /// As [`validators`](ConditionalLayer::validators), for any kind of source.
    pub fn validator_source<W: ValidatorSource>(self, source: W) -> ConditionalLayer<W> {
        let mark = (!source.reads_inner_tags()).then_some(ValidatorSourcePresent::ForAllTags);
        self.with_source(source, mark)
    }

    /// For a stack with an entity tag layer that is not part of the service that a source reads.
    pub(crate) fn validator_source_inside_tags<W: ValidatorSource>(self, source: W) -> ConditionalLayer<W> {
        let mark = if source.reads_inner_tags() {
            ValidatorSourcePresent::ForOutermostTags
        } else {
            ValidatorSourcePresent::ForAllTags
        };
        self.with_source(source, Some(mark))
    }

    fn with_source<W>(self, source: W, mark: Option<ValidatorSourcePresent>) -> ConditionalLayer<W> {
        ConditionalLayer { source: Arc::new(source), settings: Settings { mark, ..self.settings } }
    }

    /// For a stack that is known to have a compression layer inside.
    pub(crate) fn with_inner_coding(self) -> Self {
        self.with(|settings| settings.inner_coding = Some(InnerCoding::new(true)))
    }

    /// Returns 428 for an unsafe request without a precondition that has an effect
    /// ([RFC 6585, section 3](https://www.rfc-editor.org/rfc/rfc6585#section-3)). Two clients
    /// that change one resource can then not overwrite each other's changes by accident.
    ///
    /// These preconditions count: `If-Match`, `If-None-Match`, a valid `If-Unmodified-Since`
    /// for a resource that has a modification date, and a well-formed `If` of WebDAV, which
    /// the application evaluates.
    ///
    /// Every method that is not registered as safe is unsafe. That includes POST, methods
    /// that the inner service would answer with 405, and calls of gRPC, which never have
    /// preconditions. To require preconditions for some methods only, use
    /// [`require_preconditions_for`](Self::require_preconditions_for).
    #[must_use]
    pub fn require_preconditions(self) -> Self {
        self.with(|settings| settings.required = RequiredPreconditions::AllUnsafeMethods)
    }

    /// Like [`require_preconditions`](Self::require_preconditions), for these methods only.
    /// The last call of either method counts.
    ///
    /// Leave out `POST` where it creates resources, as its client has no version yet that it
    /// could name. Safe methods never need preconditions, whether they are listed or not.
    ///
    /// ```
    /// use http::Method;
    /// use tower_cache_policy::ConditionalLayer;
    ///
    /// let layer = ConditionalLayer::new()
    ///     .require_preconditions_for([Method::PUT, Method::PATCH, Method::DELETE]);
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn require_preconditions_for(self, methods: impl IntoIterator<Item = Method>) -> Self {
        let methods = methods.into_iter().collect();
        self.with(|settings| settings.required = RequiredPreconditions::Methods(methods))
    }

    /// Leaves `Range` to an inner service that evaluates all preconditions itself, `If-Range`
    /// among them. No source is needed to prove `If-Range` then, and a `Range` next to
    /// `If-None-Match` or `If-Modified-Since` is forwarded.
    ///
    /// # Warning
    ///
    /// Where the service does not (tower-http's `ServeDir` does not), a client that resumes a
    /// download joins the bytes of two versions.
    #[must_use]
    pub fn trust_service_with_if_range(self) -> Self {
        self.with(|settings| settings.trust_service_with_if_range = true)
    }

    /// Puts a [`ConditionalReason`](super::ConditionalReason) into the extensions of each
    /// 304, 412 and 428 that the layer makes, for a log. Off by default: it allocates.
    #[must_use]
    pub fn record_decisions(self) -> Self {
        self.with(|settings| settings.record = true)
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    ///
    /// # Warning
    ///
    /// Writes are then not protected either.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|settings| settings.enabled = enabled)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }
}

impl Default for ConditionalLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, V> Layer<S> for ConditionalLayer<V> {
    type Service = ConditionalService<S, V>;

    fn layer(&self, inner: S) -> ConditionalService<S, V> {
        let config = Config { source: Arc::clone(&self.source), settings: self.settings.clone() };
        ConditionalService::new(inner, Arc::new(config))
    }
}

impl<V> Clone for ConditionalLayer<V> {
    fn clone(&self) -> Self {
        Self { source: Arc::clone(&self.source), settings: self.settings.clone() }
    }
}

impl<V: fmt::Debug> fmt::Debug for ConditionalLayer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalLayer").field("source", &self.source).field("settings", &self.settings).finish()
    }
}
