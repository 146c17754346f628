//! The page of a single-page application, for the paths that its scripts make pages of.

use std::sync::Arc;

use http::{Method, Request};

use super::config::Config;
use crate::assets::{Asset, AssetManifest, is_suspicious};
use crate::protocol::{accepts_page, has_dot_segment};

/// How the page stands for an unknown path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FallbackKind {
    /// By the path alone.
    ByPath,
    /// Because the client accepts a page, though the path ends like that of a file.
    ByAccept,
    /// A cache in front may take the path for another one (G-19).
    NotStored,
}

/// The page for a path that the manifest does not know. `None` if the path is that of a file, which is not there: a page
/// in its place would run as a script, or be stored as one.
pub(super) fn fallback<Q>(
    config: &Config,
    assets: &AssetManifest,
    below_prefix: &str,
    request: &Request<Q>,
) -> Option<(Arc<Asset>, FallbackKind)> {
    let page = config.fallback_page.as_deref()?;
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        || has_dot_segment(path)
        || assets.is_beside_hashed_files(below_prefix)
    {
        return None;
    }
    let kind = match (is_suspicious(path), AssetManifest::is_name_of_file(below_prefix)) {
        (_, true) if !accepts_page(request.headers()) => return None,
        (true, _) => FallbackKind::NotStored,
        (false, true) => FallbackKind::ByAccept,
        (false, false) => FallbackKind::ByPath,
    };
    assets.file(page).map(|asset| (asset, kind)).ok()
}
