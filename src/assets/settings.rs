//! [`UrlSettings`]: the form of the URLs of a manifest.

use super::error::{AssetError, AssetErrorKind};
use super::path::{check_name, encode};

/// The location of the fingerprint in URLs. In requests, the layer accepts both locations.
///
/// ```
/// use tower_cache_policy::assets::{AssetManifest, FingerprintLocation};
///
/// let by_path = AssetManifest::from_contents([("style.css", "p{}")])?;
/// let by_query = by_path.with_fingerprint_in(FingerprintLocation::Query);
/// let fingerprint = by_path.asset("style.css").unwrap().fingerprint().to_owned();
/// assert_eq!(by_path.url("style.css").unwrap(), format!("/style.{fingerprint}.css"));
/// assert_eq!(by_query.url("style.css").unwrap(), format!("/style.css?v={fingerprint}"));
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FingerprintLocation {
    /// A path such as `/static/style.3f9a….css`. This is the default, because several CDNs do not include the query in
    /// their cache keys, and would send the old bytes for a new URL.
    // B-02
    #[default]
    Path,
    /// A query, as in `/static/style.css?v=3f9a…`
    Query,
}

#[derive(Clone, Debug, Default)]
pub(super) struct UrlSettings {
    origin: String,
    prefix: String,
    place: FingerprintLocation,
}

impl UrlSettings {
    pub(super) fn set_prefix(&mut self, prefix: &str) -> Result<(), AssetError> {
        let path = prefix.strip_prefix('/');
        let valid = prefix.is_empty() || path.is_some_and(|path| check_name(path).is_ok() && encode(path) == path);
        if !valid {
            let reason = "a prefix must be empty or like `/static`: it starts with a slash, does not end with one, and \
                          has only letters, digits, `-`, `.`, `_` and `~`";
            return Err(AssetError::new(prefix.escape_debug().to_string(), AssetErrorKind::InvalidName { reason }));
        }
        prefix.clone_into(&mut self.prefix);
        Ok(())
    }

    pub(super) fn set_origin(&mut self, origin: &str) -> Result<(), AssetError> {
        let valid = http::Uri::try_from(origin).is_ok_and(|uri| {
            uri.scheme().is_some() && uri.authority().is_some() && uri.path() == "/" && uri.query().is_none()
        });
        if !valid || origin.ends_with('/') {
            let reason = "an origin is written like `https://cdn.example.com`, without a slash at the end";
            return Err(AssetError::new(origin.escape_debug().to_string(), AssetErrorKind::InvalidName { reason }));
        }
        origin.clone_into(&mut self.origin);
        Ok(())
    }

    pub(super) const fn set_place(&mut self, place: FingerprintLocation) {
        self.place = place;
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) const fn place(&self) -> FingerprintLocation {
        self.place
    }

    /// Returns the URL of a path below the prefix.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}/{path}", self.origin, self.prefix)
    }
}
