//! [`Target`]: a URL to check.

use url::{Origin, Url};

/// A URL to check.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// The origin that the user named, to which alone the user's own fields go: they may hold a
    /// password, and a redirect may lead to anybody.
    pub(crate) home: Origin,
    /// The page whose asset it is.
    pub(crate) page: Option<Url>,
}

impl Target {
    pub(crate) fn named(url: Url) -> Self {
        Self { home: url.origin(), url, page: None }
    }
}

/// Without what is not sent, and without a password, which would go along unseen.
pub(crate) fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    // These refuse only a URL without a host, which can have neither.
    _ = url.set_username("");
    _ = url.set_password(None);
    url
}
