//! [`Squid`].

use bytes::Bytes;
use http::{Response, StatusCode};
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::request::{PurgeRequest, purge_method, refuse_everything, refuse_soft, refuse_tags, to_cache};

const NAME: &str = "Squid";

/// Squid as an accelerator, with `PURGE` and the URL's host in `Host`. Use one value for each instance.
///
/// Allow only your own machines to purge: `acl purge method PURGE`, `http_access allow purge
/// localhost`, `http_access deny purge`. Squid stores a URL with the scheme of the port at which it
/// was requested, so the URL of the instance must have that scheme.
///
/// # Variants
///
/// Squid stores a response with `Vary` once for each value of the request fields that it names, compared byte for byte.
/// It cannot purge all of these variants: `PURGE` removes the variant that its own fields select, here the one without
/// such fields. Squid serves the others again when it has stored the URL again. Let Squid store only one variant:
/// compress responses between Squid and the clients instead of in the application, so that `Vary` does not contain
/// `Accept-Encoding`. If `Vary` contains other fields, use short lifetimes at this cache.
#[derive(Clone, Debug)]
pub struct Squid {
    base: Base,
}

impl Squid {
    /// Creates the API for one instance, such as `http://10.0.0.7:3128`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)? })
    }
}

impl PurgeApi for Squid {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft(NAME, purge)?;
        refuse_tags(NAME, purge)?;
        refuse_everything(NAME, "purge each URL with `Purge::url`", purge)?;
        purge.urls().iter().map(|url| to_cache(&self.base, purge_method(), "", url)).collect()
    }

    /// A 404 means that the URL is not stored.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED => Ok(PurgeOutcome::NotStored),
            _ => PurgeFailure::unless_success(NAME, response),
        }
    }
}
