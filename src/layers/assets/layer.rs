//! [`AssetsLayer`]: configuration only.

use std::sync::Arc;

use tower_layer::Layer;

use super::config::{Config, PathPrefix, Policies, StaleFingerprint, UnknownName};
use super::service::AssetsService;
use crate::assets::{AssetSource, UnknownAsset};
use crate::layers::Clock;
use crate::layers::conditional::Settings;
use crate::policy::{CachePolicy, Guard, Precedence, Rendered, Risk, Rules};

/// Verifies the fingerprints in the URLs of assets, around a service that has the files. See
/// the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct AssetsLayer {
    config: Arc<Config>,
}

impl AssetsLayer {
    /// The layer for an [`AssetManifest`](crate::assets::AssetManifest), or for an
    /// [`AssetSource`]. With a source that is in development, so is the layer.
    pub fn new(source: impl Into<AssetSource>) -> Self {
        let source = source.into();
        let mut rules = Rules::default();
        // What a service of files says knows no fingerprint. Its `no-store` still stands.
        rules.precedence = Precedence::Layer;
        rules.fallback = Rendered::new(CachePolicy::NO_STORE);
        // The layer knows from the name what is a page, where the guard has the type of the answer
        // to go by, which a 304 does not have (G-27).
        rules.waived.insert(Guard::Immutable);
        rules.development = source.is_development();
        rules.drops_edge_fields = true;
        Self {
            config: Arc::new(Config {
                source,
                mount: PathPrefix::default(),
                stale: StaleFingerprint::default(),
                unknown: None,
                fallback_page: None,
                dictionaries: false,
                policies: Policies::new(),
                rules,
                conditional: Settings::default(),
                enabled: true,
            }),
        }
    }

    /// Which paths the layer receives and forwards. [`PathPrefix::AlreadyStripped`] by default.
    #[must_use]
    pub fn mount(self, mount: PathPrefix) -> Self {
        self.with(|config| config.mount = mount)
    }

    /// The response under a fingerprint that is not current. 404 by default.
    #[must_use]
    pub fn stale_fingerprint(self, answer: StaleFingerprint) -> Self {
        self.with(|config| config.stale = answer)
    }

    /// The response for a name that the manifest does not know. 404 by default, or
    /// [`Pass`](UnknownName::Pass) for [`PathPrefix::Keep`] without a prefix and a
    /// [fallback page](AssetsLayer::fallback_page).
    #[must_use]
    pub fn unknown_name(self, answer: UnknownName) -> Self {
        self.with(|config| config.unknown = Some(answer))
    }

    /// Sets the page of a [single-page application](super#single-page-applications), such as `index.html`, by its path
    /// below the root of the files. It is the response for every page that the manifest does not know, so match other
    /// routes before the layer.
    ///
    /// # Errors
    ///
    /// If there is no such file. The error names the nearest.
    pub fn fallback_page(self, file: &str) -> Result<Self, UnknownAsset> {
        self.config.source.current().file(file)?;
        Ok(self.with(|config| config.fallback_page = Some(file.into())))
    }

    /// Offers versioned texts as dictionaries for the compression of their next version, by
    /// `Use-As-Dictionary` (RFC 9842). It needs a compression that makes use of them.
    #[must_use]
    pub fn use_as_dictionary(self) -> Self {
        self.with(|config| config.dictionaries = true)
    }

    /// With `true`, no cache stores any response: see
    /// [`CachePolicyLayer::development`](crate::CachePolicyLayer::development). On already for a
    /// source in development.
    #[must_use]
    pub fn development(self, on: bool) -> Self {
        self.with(|config| config.rules.development = on)
    }

    /// Switches one guard off: see [`Risk`]. Only browsers store the response to a request with `Authorization`, unless its
    /// risk is accepted.
    #[must_use]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.conditional.clock = clock)
    }

    /// With `false`, the layer passes requests and responses through unchanged, so that no versioned URL is found.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S> Layer<S> for AssetsLayer {
    type Service = AssetsService<S>;

    fn layer(&self, inner: S) -> AssetsService<S> {
        AssetsService::new(inner, Arc::clone(&self.config))
    }
}
