//! [`ObserveLayer`]: configuration only.

use std::sync::Arc;

use tower_layer::Layer;

use super::service::ObserveService;
use crate::dashboard::config::Config;
use crate::dashboard::history::History;

/// Takes note of each answer for a [`Dashboard`](crate::dashboard::Dashboard), which makes it.
///
/// It changes no field, and hands the content on as it comes.
#[derive(Clone, Debug)]
pub struct ObserveLayer {
    config: Arc<Config>,
    history: Arc<History>,
    enabled: bool,
}

impl ObserveLayer {
    pub(in crate::dashboard) const fn new(config: Arc<Config>, history: Arc<History>) -> Self {
        Self { config, history, enabled: true }
    }

    /// When not, the layer takes note of nothing.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = ObserveService<S>;

    fn layer(&self, inner: S) -> ObserveService<S> {
        ObserveService::new(inner, Arc::clone(&self.config), Arc::clone(&self.history), self.enabled)
    }
}
