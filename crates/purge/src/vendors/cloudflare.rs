//! [`Cloudflare`].

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::json;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::identifier::identifier;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_document;
use crate::request::{PurgeRequest, batches_of, bearer_post, refuse_uncarried, tags, urls};

const NAME: &str = "Cloudflare";
/// The maximum number of tags or URLs in one request, on every plan. The limit was 30 until 2025.
const MAX_ITEMS: usize = 100;

/// Cloudflare: `POST /zones/{zone}/purge_cache`, and `invalidate_cache` for a soft purge.
///
/// A purge by URL removes the response that is stored under the plain cache key. If the key contains request fields,
/// purge by tag.
#[derive(Clone, Debug)]
pub struct Cloudflare {
    base: Base,
    zone: String,
    token: Credential,
}

impl Cloudflare {
    /// Creates the API for one zone, with an API token that has the permission Cache Purge.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(zone_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.cloudflare.com/client/v4");
        Ok(Self { base, zone: identifier("zone id", zone_id)?, token })
    }

    /// Sets the URL of the API, instead of `https://api.cloudflare.com/client/v4`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Cloudflare {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::CLOUDFLARE, purge)?;
        let action = if purge.is_soft() { "invalidate_cache" } else { "purge_cache" };
        let post = |document| {
            bearer_post(&self.base.join(format_args!("/zones/{}/{action}", self.zone)), &self.token, &document)
        };
        if purge.is_everything() {
            return Ok(vec![post(json!({ "purge_everything": true }))?]);
        }
        let urls = urls(purge);
        let tags = batches_of(MAX_ITEMS, tags(purge)).into_iter().map(|tags| post(json!({ "tags": tags })));
        let files = urls.chunks(MAX_ITEMS).map(|urls| post(json!({ "files": urls })));
        tags.chain(files).collect()
    }

    /// The document must have `"success": true`: Cloudflare reports some errors with a 200.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        #[derive(Deserialize)]
        struct Document {
            success: bool,
        }

        let fault_in = |document: &Document| (!document.success).then_some("its body has \"success\": false");
        judge_document(NAME, &[self.token.secret()], response, fault_in)
    }
}
