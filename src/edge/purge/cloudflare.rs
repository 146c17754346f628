//! [`Cloudflare`].

use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, batches_of, bearer_post, tags, urls};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Tags and URLs in one request, on every plan. It was 30 until 2025.
const MOST: usize = 100;

/// Cloudflare: `POST /zones/{zone}/purge_cache`, and `invalidate_cache` for a soft purge.
///
/// A URL purges what is stored under the plain cache key. Where the key has request fields in it,
/// purge by tag.
#[derive(Clone, Debug)]
pub struct Cloudflare {
    base: Base,
    zone: String,
    token: Credential,
}

impl Cloudflare {
    /// One zone, with an API token that has the permission Cache Purge.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(zone_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.cloudflare.com/client/v4");
        Ok(Self { base, zone: identifier("zone id", zone_id)?, token })
    }

    /// Where the API is, instead of `https://api.cloudflare.com/client/v4`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Cloudflare {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        let action = if purge.is_soft() { "invalidate_cache" } else { "purge_cache" };
        let post = |document| {
            bearer_post(self.base.join(format_args!("/zones/{}/{action}", self.zone)), &self.token, &document)
        };
        if purge.is_everything() {
            return Ok(vec![post(json!({ "purge_everything": true }))?]);
        }
        let urls = urls(purge);
        let tags = batches_of(MOST, tags(EdgeProfile::CLOUDFLARE, purge)?)
            .into_iter()
            .map(|tags| post(json!({ "tags": tags })));
        let files = urls.chunks(MOST).map(|urls| post(json!({ "files": urls })));
        tags.chain(files).collect()
    }
}
