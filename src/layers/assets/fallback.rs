//! The fallback page of a single-page application.

use std::sync::Arc;

use http::{Method, Request};

use super::config::Config;
use crate::assets::{Asset, AssetManifest, is_suspicious};
use crate::protocol::{accepts_page, has_dot_segment};

/// The reason why an unknown path gets the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FallbackKind {
    /// The path does not look like that of a file.
    ByPath,
    /// The path ends like a file name, but the client accepts a page.
    ByAccept,
    /// A cache may interpret the path differently, so it must not store the page.
    // G-19
    NotStored,
}

/// Returns the page for a path that the manifest does not contain.
///
/// Returns `None` for the path of a missing file. Otherwise, a browser would run the page as a script, or a cache would
/// store it as a script.
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
