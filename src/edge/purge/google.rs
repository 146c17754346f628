//! [`Google`].

use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, batches_of, bearer_post, refuse_soft, refuse_star, tags};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Tags in one request.
const MOST: usize = 10;

/// Google Cloud CDN: `urlMaps.invalidateCache` of the Compute Engine API, v1.
///
/// A URL purges its path at its host, with every query. The port does not count.
#[derive(Clone, Debug)]
pub struct Google {
    base: Base,
    project: String,
    url_map: String,
    token: Credential,
}

impl Google {
    /// One global URL map of a project, with an OAuth access token that has the permission
    /// `compute.urlMaps.invalidateCache`. Such tokens last for an hour: make a value with a fresh
    /// one when you purge.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(
        project: impl Into<String>,
        url_map: impl Into<String>,
        access_token: Credential,
    ) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://compute.googleapis.com");
        let (project, url_map) = (identifier("project", project)?, identifier("URL map", url_map)?);
        Ok(Self { base, project, url_map, token: access_token })
    }

    /// Where the API is, instead of `https://compute.googleapis.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Google {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("Google Cloud CDN", purge)?;
        let Self { project, url_map, .. } = self;
        let post = |document| {
            let path = format_args!("/compute/v1/projects/{project}/global/urlMaps/{url_map}/invalidateCache");
            bearer_post(self.base.join(path), &self.token, &document)
        };
        if purge.is_everything() {
            return Ok(vec![post(json!({ "path": "/*" }))?]);
        }
        let tags = batches_of(MOST, tags(EdgeProfile::GOOGLE, purge)?)
            .into_iter()
            .map(|tags| post(json!({ "cacheTags": tags })));
        let paths = purge.urls().iter().map(|url| {
            refuse_star(url)?;
            post(json!({ "host": url.host(), "path": url.path() }))
        });
        tags.chain(paths).collect()
    }
}
