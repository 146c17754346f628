//! [`Config`]: what a layer was told, shared by its services and futures.

use std::sync::Arc;

use crate::assets::{AssetManifest, AssetSource};
use crate::layers::conditional::Settings;
use crate::policy::{CachePolicy, Rendered, Rules};

/// Which paths the layer receives, and which ones the inner service does.
///
/// | | receives | forwards | outside the prefix |
/// |---|---|---|---|
/// | [`Nested`](PathPrefix::AlreadyStripped) | `/style.css` | `/style.css` | is not received |
/// | [`Stripping`](PathPrefix::Strip) | `/static/style.css` | `/style.css` | 404 |
/// | [`Keeping`](PathPrefix::Keep) | `/static/style.css` | `/static/style.css` | goes to the service |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathPrefix {
    /// An outer router has removed the prefix, as axum's `nest_service` does.
    #[default]
    AlreadyStripped,
    /// The paths are those of the URLs, and the inner service has the files at its root: the layer removes the prefix.
    Strip,
    /// The paths are those of the URLs, also for the inner service, which may be a whole site. A path that does not begin
    /// with the prefix passes untouched. Without a prefix, so does every name that the manifest does not know: see
    /// [`UnknownName::Pass`].
    Keep,
}

/// The response under a fingerprint that the manifest does not have for the name, because the page is older or newer than
/// the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StaleFingerprint {
    /// 404 that no cache stores, without the inner service. The bytes that belong to the URL are not here, and others
    /// would be wrong.
    #[default]
    NotFound,
    /// The current bytes, with their own entity tag and `no-cache`.
    Current,
    /// 302 to the current URL, which no cache stores.
    Redirect,
}

/// The response for a name that the manifest does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownName {
    /// 404 that no cache stores, without the inner service, which may fall back to a page.
    #[default]
    NotFound,
    /// The response of the inner service, which no cache stores. A page in place of another kind of file is still a 404.
    Service,
    /// The request passes to the inner service, whatever its method, and so does the response. Both stay as they are,
    /// except for a prefix that is [stripped](PathPrefix::Strip). The default of [`PathPrefix::Keep`] without a prefix, where
    /// the assets are at the root, next to other routes.
    Pass,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) source: AssetSource,
    pub(super) mount: PathPrefix,
    pub(super) stale: StaleFingerprint,
    /// `None` for the default, which depends on the prefix.
    pub(super) unknown: Option<UnknownName>,
    /// The file of the page of a single-page application.
    pub(super) fallback_page: Option<Arc<str>>,
    pub(super) dictionaries: bool,
    pub(super) policies: Policies,
    pub(super) rules: Rules,
    pub(super) conditional: Settings,
    pub(super) enabled: bool,
}

impl Config {
    /// Whether what is not in the manifest passes untouched.
    pub(super) fn passes_unknown(&self, assets: &AssetManifest) -> bool {
        match self.unknown {
            Some(unknown) => unknown == UnknownName::Pass,
            None => self.mount == PathPrefix::Keep && assets.prefix().is_empty() && self.fallback_page.is_none(),
        }
    }
}

/// What is said of an asset, rendered once.
#[derive(Clone, Debug)]
pub(super) struct Policies {
    immutable: Negotiable,
    no_cache: Negotiable,
    by_accept: Negotiable,
    no_store: Rendered,
}

/// A policy for files that are there in one coding, and for those that are there in several
/// (K-02).
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
