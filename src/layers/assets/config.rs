//! [`Config`]: the options of a layer, shared by its services and futures.

use std::sync::Arc;

use crate::assets::{AssetManifest, AssetSource};
use crate::layers::conditional::Settings;
use crate::layers::shared::Shared;
use crate::policy::{CachePolicy, Rendered, Rules};

/// Which paths the layer receives, and which paths it forwards to the inner service.
///
/// | | Receives | Forwards | Other paths |
/// |---|---|---|---|
/// | [`AlreadyStripped`](PathPrefix::AlreadyStripped) | `/style.css` | `/style.css` | not received |
/// | [`Strip`](PathPrefix::Strip) | `/static/style.css` | `/style.css` | 404 |
/// | [`Keep`](PathPrefix::Keep) | `/static/style.css` | `/static/style.css` | forwarded |
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::{Layer, ServiceExt};
/// use tower_cache_policy::AssetsLayer;
/// use tower_cache_policy::assets::{AssetDirectory, EmbeddedFiles};
/// use tower_cache_policy::layers::assets::PathPrefix;
///
/// # tokio_test::block_on(async {
/// let files = EmbeddedFiles::new([("style.css", b"p{}".as_slice())]).unwrap();
/// let assets = AssetDirectory::embedded(&files).prefix("/static").build().unwrap();
/// let service = AssetsLayer::new(&assets).mount(PathPrefix::Strip).layer(files);
///
/// for (path, status) in [("/static/style.css", StatusCode::OK), ("/style.css", StatusCode::NOT_FOUND)] {
///     let response = service.clone().oneshot(Request::get(path).body(()).unwrap()).await.unwrap();
///     assert_eq!(response.status(), status, "{path}");
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathPrefix {
    /// An outer router has removed the prefix, as axum's `nest_service` does.
    #[default]
    AlreadyStripped,
    /// The layer receives the paths of the URLs and removes the prefix. The inner service has the files at its root.
    Strip,
    /// The layer and the inner service both receive the paths of the URLs. The inner service may be an entire site. A
    /// request is forwarded unchanged if its path does not begin with the prefix. Without a prefix, a request for an
    /// unknown name is also forwarded: see [`UnknownName::Pass`].
    Keep,
}

/// The response to a URL with a fingerprint that the manifest does not have for this name, because the page is older or
/// newer than the server.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::{Layer, ServiceExt};
/// use tower_cache_policy::AssetsLayer;
/// use tower_cache_policy::assets::{AssetDirectory, EmbeddedFiles};
/// use tower_cache_policy::layers::assets::StaleFingerprint;
///
/// # tokio_test::block_on(async {
/// let files = EmbeddedFiles::new([("style.css", b"p{}".as_slice())]).unwrap();
/// let assets = AssetDirectory::embedded(&files).build().unwrap();
/// for (choice, status, cache_control) in [
///     (StaleFingerprint::NotFound, StatusCode::NOT_FOUND, "private, no-store"),
///     (StaleFingerprint::Current, StatusCode::OK, "no-cache"),
///     (StaleFingerprint::Redirect, StatusCode::FOUND, "private, no-store"),
/// ] {
///     let service = AssetsLayer::new(&assets).stale_fingerprint(choice).layer(files.clone());
///     let yesterday = Request::get("/style.0123456789abcdef0123456789abcdef.css").body(()).unwrap();
///     let response = service.oneshot(yesterday).await.unwrap();
///     assert_eq!(response.status(), status);
///     assert_eq!(response.headers()["cache-control"], cache_control);
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StaleFingerprint {
    /// Returns a 404 that no cache stores, without calling the inner service. The server does not have the bytes that
    /// belong to the URL, and different bytes would be wrong.
    #[default]
    NotFound,
    /// Returns the current content, with its own entity tag and `no-cache`.
    Current,
    /// Redirects to the current URL with a 302 that no cache stores.
    Redirect,
}

/// The response to a request for a name that the manifest does not contain.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::{Layer, ServiceExt};
/// use tower_cache_policy::AssetsLayer;
/// use tower_cache_policy::assets::{AssetManifest, EmbeddedFiles};
/// use tower_cache_policy::layers::assets::UnknownName;
///
/// # tokio_test::block_on(async {
/// // The service has a file that is not in the manifest.
/// let files = EmbeddedFiles::new([("app.js", b"start()".as_slice()), ("notes.txt", b"new")]).unwrap();
/// let assets = AssetManifest::from_contents([("app.js", "start()")]).unwrap();
/// for (choice, status, cache_control) in [
///     (UnknownName::NotFound, StatusCode::NOT_FOUND, "private, no-store"),
///     (UnknownName::Service, StatusCode::OK, "private, no-store"),
///     (UnknownName::Pass, StatusCode::OK, "no-cache"),
/// ] {
///     let service = AssetsLayer::new(&assets).unknown_name(choice).layer(files.clone());
///     let response = service.oneshot(Request::get("/notes.txt").body(()).unwrap()).await.unwrap();
///     assert_eq!(response.status(), status);
///     assert_eq!(response.headers()["cache-control"], cache_control);
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownName {
    /// Returns a 404 that no cache stores. The layer does not call the inner service, which may fall back to a page.
    #[default]
    NotFound,
    /// Returns the response of the inner service, which no cache stores. If it is a page in place of another kind of
    /// file, the response is still a 404.
    Service,
    /// Passes the request and the response unchanged, except for a prefix that the layer [strips](PathPrefix::Strip).
    /// This applies to every method. This is the default for [`PathPrefix::Keep`] without a prefix, where the assets
    /// are at the root, next to other routes.
    Pass,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) source: AssetSource,
    pub(super) mount: PathPrefix,
    pub(super) stale: StaleFingerprint,
    /// `None` for the default, which depends on the prefix.
    pub(super) unknown: Option<UnknownName>,
    /// The path of the page of a single-page application.
    pub(super) fallback_page: Option<Arc<str>>,
    pub(super) dictionaries: bool,
    pub(super) policies: Policies,
    pub(super) rules: Rules,
    pub(super) conditional: Shared<Settings>,
    pub(super) enabled: bool,
}

impl Config {
    /// Returns whether requests for unknown names pass unchanged.
    pub(super) fn passes_unknown(&self, assets: &AssetManifest) -> bool {
        match self.unknown {
            Some(unknown) => unknown == UnknownName::Pass,
            None => self.mount == PathPrefix::Keep && assets.prefix().is_empty() && self.fallback_page.is_none(),
        }
    }
}

/// The policies for assets, rendered once.
#[derive(Clone, Debug)]
pub(super) struct Policies {
    immutable: Negotiable,
    no_cache: Negotiable,
    by_accept: Negotiable,
    no_store: Rendered,
}

/// A policy in two forms: for files with one content coding, and with `Vary` for files with several.
// K-02
#[derive(Clone, Debug)]
struct Negotiable {
    plain: Rendered,
    coded: Rendered,
}

impl Policies {
    pub(super) fn new() -> Self {
        Self {
            immutable: Negotiable::new(CachePolicy::IMMUTABLE),
            no_cache: Negotiable::new(CachePolicy::NO_CACHE),
            by_accept: Negotiable::new(CachePolicy::NO_CACHE.vary(&["accept"])),
            no_store: Rendered::new(CachePolicy::NO_STORE),
        }
    }

    pub(super) const fn of_asset(&self, immutable: bool, by_accept: bool, coded: bool) -> &Rendered {
        let policy = match (immutable, by_accept) {
            (true, _) => &self.immutable,
            (false, true) => &self.by_accept,
            (false, false) => &self.no_cache,
        };
        if coded { &policy.coded } else { &policy.plain }
    }

    pub(super) const fn no_store(&self) -> &Rendered {
        &self.no_store
    }
}

impl Negotiable {
    fn new(policy: CachePolicy) -> Self {
        Self { plain: Rendered::new(policy), coded: Rendered::new(policy.vary(&["accept-encoding"])) }
    }
}
