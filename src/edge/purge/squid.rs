//! [`Squid`].

use super::api::PurgeApi;
use super::base::Base;
use super::error::PurgeError;
use super::parts::{PurgeRequest, purge_method, refuse_everything, refuse_soft, refuse_tags, to_cache};
use super::value::Purge;

/// Squid as an accelerator: `PURGE` with the URL's host in `Host`. Several instances are several
/// values.
///
/// It must be allowed, and to no stranger: `acl purge method PURGE`, `http_access allow purge
/// localhost`, `http_access deny purge`. Squid stores a URL with the scheme of the port that it was
/// asked at, so the instance is addressed by that.
#[derive(Clone, Debug)]
pub struct Squid {
    base: Base,
}

impl Squid {
    /// One instance, such as `http://10.0.0.7:3128`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)? })
    }
}

impl PurgeApi for Squid {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("Squid", purge)?;
        refuse_tags("Squid", purge)?;
        refuse_everything("Squid", "purge each URL by `Purge::url`", purge)?;
        purge.urls().iter().map(|url| to_cache(&self.base, purge_method(), "", url)).collect()
    }
}
