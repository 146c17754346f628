//! [`ConditionalLayer`]: configuration only.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

use super::config::{Config, Settings};
use super::service::ConditionalService;
use super::source::{FnSource, NoSource, ValidatorSource};
use crate::layers::Clock;
use crate::protocol::Representation;

/// Evaluates the preconditions of requests. See the [module docs](super) for an example.
pub struct ConditionalLayer<V = NoSource> {
    config: Arc<Config<V>>,
}

impl ConditionalLayer {
    /// Decides safe requests after the handler, from the validators of its answer.
    #[must_use]
    pub fn new() -> Self {
        Self { config: Arc::new(Config { source: NoSource, settings: Settings::default() }) }
    }
}

impl<V> ConditionalLayer<V> {
    /// Also decides before the handler, for every method, from what this closure says
    /// the application has: a future of [`Representation`], of
    /// [`Validators`](crate::protocol::Validators), or of an `Option` of them where `None`
    /// is "there is none".
    ///
    /// # Warning
    ///
    /// See [`ValidatorSource`]: put the layer inside authentication.
    pub fn validators<F, Fut>(self, source: F) -> ConditionalLayer<FnSource<F>>
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future,
        Fut::Output: Into<Representation>,
    {
        self.validator_source(FnSource::new(source))
    }

    /// As [`validators`](ConditionalLayer::validators), for any kind of source.
    pub fn validator_source<W: ValidatorSource>(self, source: W) -> ConditionalLayer<W> {
        ConditionalLayer { config: Arc::new(Config { source, settings: self.config.settings.clone() }) }
    }
}

impl<V: Clone> ConditionalLayer<V> {
    /// Answers 428 to an unsafe request without a precondition that has an effect (N-09):
    /// two clients that change one resource then cannot overwrite each other unawares.
    ///
    /// `If-Match`, `If-None-Match` and a valid `If-Unmodified-Since` for a resource that
    /// has a modification date count. POST is an unsafe method too, and so is one that the
    /// service inside does not know and would answer with 405.
    #[must_use]
    pub fn require_preconditions(self) -> Self {
        self.with(|settings| settings.require_preconditions = true)
    }

    /// Leaves a `Range` beside an `If-Range` to the service inside, which evaluates
    /// `If-Range` by itself, so that no source is needed to prove it.
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

    /// When not, the layer does nothing at all.
    ///
    /// # Warning
    ///
    /// Writes are then not protected either.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|settings| settings.enabled = enabled)
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.config.settings.clone();
        change(&mut settings);
        Self { config: Arc::new(Config { source: self.config.source.clone(), settings }) }
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
        ConditionalService::new(inner, Arc::clone(&self.config))
    }
}

impl<V> Clone for ConditionalLayer<V> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config) }
    }
}

impl<V: fmt::Debug> fmt::Debug for ConditionalLayer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}
