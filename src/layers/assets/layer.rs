//! [`AssetsLayer`]: configuration only.

use std::sync::Arc;

use tower_layer::Layer;

use super::config::{Config, PathPrefix, Policies, StaleFingerprint, UnknownName};
use super::service::AssetsService;
use crate::assets::{AssetSource, UnknownAsset};
use crate::layers::Clock;
use crate::layers::conditional::Settings;
use crate::layers::shared::Shared;
use crate::policy::{CachePolicy, Development, Guard, Precedence, Rendered, Risk, Rules};

/// A layer that verifies the fingerprints in the URLs of assets. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct AssetsLayer {
    config: Arc<Config>,
}

impl AssetsLayer {
    /// Creates a layer for an [`AssetManifest`](crate::assets::AssetManifest) or an [`AssetSource`]. If the source is
    /// in development mode, the layer is in development mode too.
    pub fn new(source: impl Into<AssetSource>) -> Self {
        let source = source.into();
        let mut rules = Rules::default();
        // A file service does not consider fingerprints, so its `Cache-Control` is replaced, except for `no-store`.
        rules.precedence = Precedence::Layer;
        rules.fallback = Rendered::new(CachePolicy::NO_STORE);
        // G-27: The layer recognizes a page by its name. The guard needs the media type, which a 304 does not have.
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
                conditional: Shared::Static(Settings::DEFAULT),
                enabled: true,
            }),
        }
    }

    /// Sets the paths that the layer receives and forwards. The default is [`PathPrefix::AlreadyStripped`].
    #[must_use]
    pub fn mount(self, mount: PathPrefix) -> Self {
        self.with(|config| config.mount = mount)
    }

    /// Sets the response to a URL with an outdated fingerprint. The default is 404.
    #[must_use]
    pub fn stale_fingerprint(self, answer: StaleFingerprint) -> Self {
        self.with(|config| config.stale = answer)
    }

    /// Sets the response to a request for a name that the manifest does not contain.
    ///
    /// The default is 404. For [`PathPrefix::Keep`] without a prefix and without a
    /// [fallback page](AssetsLayer::fallback_page), it is [`Pass`](UnknownName::Pass).
    #[must_use]
    pub fn unknown_name(self, answer: UnknownName) -> Self {
        self.with(|config| config.unknown = Some(answer))
    }

    /// Sets the page of a [single-page application](super#single-page-applications) by its path below the root of the
    /// files, such as `index.html`.
    ///
    /// Every unknown path that may be a page gets this response, so the router must match other routes first.
    ///
    /// ```
    /// use tower_cache_policy::AssetsLayer;
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let assets = AssetManifest::from_contents([("index.html", "<p>")])?;
    /// assert!(AssetsLayer::new(&assets).fallback_page("index.html").is_ok());
    /// let error = AssetsLayer::new(&assets).fallback_page("index.htm").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no asset named `index.htm`; did you mean `index.html`?");
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the manifest does not contain the file. The error suggests the most similar name.
    pub fn fallback_page(self, file: &str) -> Result<Self, UnknownAsset> {
        self.config.source.current().file(file)?;
        Ok(self.with(|config| config.fallback_page = Some(file.into())))
    }

    /// Offers each versioned text file as a compression dictionary for its next version, with `Use-As-Dictionary`
    /// ([RFC 9842](https://www.rfc-editor.org/rfc/rfc9842.html)). This has no effect without a compression layer that
    /// supports dictionaries. Disabled by default.
    ///
    /// ```
    /// use http::Request;
    /// use tower::{Layer, ServiceExt};
    /// use tower_cache_policy::AssetsLayer;
    /// use tower_cache_policy::assets::{AssetDirectory, EmbeddedFiles};
    ///
    /// # tokio_test::block_on(async {
    /// let files = EmbeddedFiles::new([("app.js", b"start()".as_slice())]).unwrap();
    /// let assets = AssetDirectory::embedded(&files).prefix("/static").build().unwrap();
    /// let url = assets.url("app.js").unwrap().trim_start_matches("/static");
    /// let service = AssetsLayer::new(&assets).use_as_dictionary().layer(files);
    /// let response = service.oneshot(Request::get(url).body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.headers()["use-as-dictionary"], "match=\"/static/app.*.js\", match-dest=(\"script\")");
    /// # });
    /// ```
    #[must_use]
    pub fn use_as_dictionary(self) -> Self {
        self.with(|config| config.dictionaries = true)
    }

    /// Prevents all caches from storing any response if the [switch](Development) is on: see
    /// [`CachePolicyLayer::development`](crate::CachePolicyLayer::development).
    ///
    /// The default is the switch of the [source](crate::assets::AssetDirectory::source). A 304 still shows that the file
    /// on the disk has the content that the client has.
    #[must_use]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        self.with(|config| config.rules.development = switch.into().is_on())
    }

    /// Disables one guard: see [`Risk`]. For example, shared caches may store responses to requests with
    /// `Authorization` only if this risk is accepted.
    #[must_use]
    pub fn accept_risk(self, risk: Risk) -> Self {
        self.with(|config| config.rules.waived.insert(risk.guard()))
    }

    /// Sets the clock of the layer. The default is the system clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.conditional = config.conditional.with_clock(clock))
    }

    /// Enables or disables the layer. If `false`, the layer passes requests and responses through unchanged, so
    /// versioned URLs do not work. Enabled by default.
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
