//! [`KeyCdn`].

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Response};
use serde::Deserialize;
use serde_json::json;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_document;
use crate::request::{
    PurgeRequest, authority, bare, batches_of, json, path_and_query, refuse_soft, refuse_uncarried, tags, with,
};

const NAME: &str = "KeyCDN";
/// The maximum number of tags or URLs in one request. The vendor does not document a limit.
const MAX_ITEMS: usize = 100;

/// KeyCDN: `DELETE /zones/purgetag/{id}.json`, `DELETE /zones/purgeurl/{id}.json`, and `GET
/// /zones/purge/{id}.json` for everything.
///
/// URLs must have the host of the zone, such as `demo-1.kxcdn.com`.
#[derive(Clone, Debug)]
pub struct KeyCdn {
    base: Base,
    zone: u64,
    key: Credential,
}

impl KeyCdn {
    /// Creates the API for one zone, with the API key of the account.
    #[must_use]
    pub fn new(zone_id: u64, api_key: Credential) -> Self {
        Self { base: Base::of_vendor("https://api.keycdn.com"), zone: zone_id, key: api_key }
    }

    /// Sets the URL of the API, instead of `https://api.keycdn.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for KeyCdn {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::KEYCDN, purge)?;
        refuse_soft(NAME, purge)?;
        let at = |action| self.base.join(format_args!("/zones/{action}/{}.json", self.zone));
        let urls: Vec<String> =
            purge.urls().iter().map(|url| format!("{}{}", authority(url), path_and_query(url))).collect();
        let everything = purge.is_everything().then(|| bare(Method::GET, &at("purge")));
        let tags = batches_of(MAX_ITEMS, tags(purge)).into_iter();
        let tags = tags.map(|tags| json(Method::DELETE, &at("purgetag"), &json!({ "tags": tags })));
        let urls = urls.chunks(MAX_ITEMS).map(|urls| json(Method::DELETE, &at("purgeurl"), &json!({ "urls": urls })));
        let requests = everything.into_iter().chain(tags).chain(urls);
        requests.map(|request| Ok(with(request?, AUTHORIZATION, self.key.basic()))).collect()
    }

    /// The document must have `"status": "success"`.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        #[derive(Deserialize)]
        struct Document {
            status: String,
        }

        let fault_in =
            |document: &Document| (document.status != "success").then_some("its body has a status other than success");
        judge_document(NAME, &[self.key.secret(), &self.key.in_base64()], response, fault_in)
    }
}
