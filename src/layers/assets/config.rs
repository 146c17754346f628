//! [`Config`]: what a layer was told, shared by its services and futures.

use crate::assets::AssetSource;
use crate::layers::conditional::Settings;
use crate::policy::{CachePolicy, Rendered, Rules};

/// Where the layer stands, and so which paths it sees and hands on.
///
/// | | sees | hands on | outside the prefix |
/// |---|---|---|---|
/// | [`Nested`](Mount::Nested) | `/style.css` | `/style.css` | is not seen |
/// | [`Stripping`](Mount::Stripping) | `/static/style.css` | `/style.css` | 404 |
/// | [`Keeping`](Mount::Keeping) | `/static/style.css` | `/static/style.css` | goes to the service |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mount {
    /// A router around the layer has taken the prefix off, as axum's `nest_service` does.
    #[default]
    Nested,
    /// The paths are those of the URLs, and the service inside has the files at its root: the
    /// layer takes the prefix off.
    Stripping,
    /// The paths are those of the URLs, for the service inside too: it may be a whole site. What
    /// does not begin with the prefix passes untouched; without a prefix everything is taken for
    /// an asset.
    Keeping,
}

/// What is answered under a fingerprint that the manifest does not have for the name, because the
/// page is older or newer than the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StaleFingerprint {
    /// 404 that nobody keeps, without asking the service inside (B-03). The bytes that belong to
    /// the URL are not here, and others would be a lie.
    #[default]
    NotFound,
    /// The current bytes, with their own entity tag and `no-cache`.
    Current,
    /// 302 to the current URL, that nobody keeps.
    Redirect,
}

/// What is answered for a name that the manifest does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownName {
    /// 404 that nobody keeps, without asking the service inside, which may fall back to a page.
    #[default]
    NotFound,
    /// What the service inside answers, kept by nobody. A page in place of something else is
    /// still a 404 (G-19).
    Service,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) source: AssetSource,
    pub(super) mount: Mount,
    pub(super) stale: StaleFingerprint,
    pub(super) unknown: UnknownName,
    pub(super) dictionaries: bool,
    pub(super) policies: Policies,
    pub(super) rules: Rules,
    pub(super) conditional: Settings,
    pub(super) enabled: bool,
}

/// What is said of an asset, rendered once.
#[derive(Clone, Debug)]
pub(super) struct Policies {
    immutable: Negotiable,
    no_cache: Negotiable,
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
            no_store: Rendered::new(CachePolicy::NO_STORE),
        }
    }

    pub(super) const fn of_asset(&self, immutable: bool, coded: bool) -> &Rendered {
        match (if immutable { &self.immutable } else { &self.no_cache }, coded) {
            (policy, true) => &policy.coded,
            (policy, false) => &policy.plain,
        }
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
