//! [`Netlify`].

use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, batches_of, bearer_post, refuse_soft, refuse_urls, tags};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Tags in one request. No limit is documented; this one is ours.
const MOST: usize = 100;

/// Netlify: `POST /api/v1/purge`.
#[derive(Clone, Debug)]
pub struct Netlify {
    base: Base,
    site: String,
    token: Credential,
}

impl Netlify {
    /// One site, with a personal access token.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(site_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.netlify.com");
        Ok(Self { base, site: identifier("site id", site_id)?, token })
    }

    /// Where the API is, instead of `https://api.netlify.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Netlify {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("Netlify", purge)?;
        refuse_urls("Netlify", purge)?;
        let post = |document| bearer_post(self.base.join(format_args!("/api/v1/purge")), &self.token, &document);
        if purge.is_everything() {
            return Ok(vec![post(json!({ "site_id": self.site }))?]);
        }
        let batches = batches_of(MOST, tags(EdgeProfile::NETLIFY, purge)?).into_iter();
        batches.map(|tags| post(json!({ "site_id": self.site, "cache_tags": tags }))).collect()
    }
}
