//! [`KeyCdn`].

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, authority, bare, batches_of, json, path_and_query, refuse_soft, tags, with};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Tags or URLs in one request. No limit is documented; this one is ours.
const MOST: usize = 100;

/// KeyCDN: `DELETE /zones/purgetag/{id}.json`, `DELETE /zones/purgeurl/{id}.json`, and `GET
/// /zones/purge/{id}.json` for everything.
///
/// The host of a URL is that of the zone, such as `demo-1.kxcdn.com`.
#[derive(Clone, Debug)]
pub struct KeyCdn {
    base: Base,
    zone: u64,
    key: Credential,
}

impl KeyCdn {
    /// One zone, with the API key of the account.
    #[must_use]
    pub fn new(zone_id: u64, api_key: Credential) -> Self {
        Self { base: Base::of_vendor("https://api.keycdn.com"), zone: zone_id, key: api_key }
    }

    /// Where the API is, instead of `https://api.keycdn.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for KeyCdn {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("KeyCDN", purge)?;
        let at = |action| self.base.join(format_args!("/zones/{action}/{}.json", self.zone));
        let urls: Vec<String> =
            purge.urls().iter().map(|url| format!("{}{}", authority(url), path_and_query(url))).collect();
        let everything = purge.is_everything().then(|| bare(Method::GET, at("purge")));
        let tags = batches_of(MOST, tags(EdgeProfile::KEYCDN, purge)?).into_iter();
        let tags = tags.map(|tags| json(Method::DELETE, at("purgetag"), &json!({ "tags": tags })));
        let urls = urls.chunks(MOST).map(|urls| json(Method::DELETE, at("purgeurl"), &json!({ "urls": urls })));
        let requests = everything.into_iter().chain(tags).chain(urls);
        requests.map(|request| Ok(with(request?, AUTHORIZATION, self.key.basic()))).collect()
    }
}
