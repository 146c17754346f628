//! [`Fastly`].

use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, authority, bare, batches_of, json, path_and_query, tags, with};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Surrogate keys in one request.
const MOST: usize = 256;
const FASTLY_KEY: HeaderName = HeaderName::from_static("fastly-key");
const FASTLY_SOFT_PURGE: HeaderName = HeaderName::from_static("fastly-soft-purge");

/// Fastly: `POST /service/{service}/purge`, `purge_all`, and `POST /purge/{url}`.
///
/// A URL is purged under both schemes.
#[derive(Clone, Debug)]
pub struct Fastly {
    base: Base,
    service: String,
    token: Credential,
}

impl Fastly {
    /// One service, with a token of the scope `purge_select`, and `purge_all` for everything.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(service_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.fastly.com");
        Ok(Self { base, service: identifier("service id", service_id)?, token })
    }

    /// Where the API is, instead of `https://api.fastly.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }

    fn with_fields(&self, request: PurgeRequest, purge: &Purge) -> PurgeRequest {
        let request = with(request, FASTLY_KEY, self.token.plain());
        if purge.is_soft() { with(request, FASTLY_SOFT_PURGE, HeaderValue::from_static("1")) } else { request }
    }
}

impl PurgeApi for Fastly {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        if purge.is_everything() {
            if purge.is_soft() {
                let (api, what) = ("Fastly", "soft purge of everything");
                let remedy = "give all answers one tag, and purge softly by that";
                return Err(PurgeError::Unsupported { api, what, remedy });
            }
            let all = bare(Method::POST, self.base.join(format_args!("/service/{}/purge_all", self.service)))?;
            return Ok(vec![self.with_fields(all, purge)]);
        }
        let keys = batches_of(MOST, tags(EdgeProfile::FASTLY, purge)?).into_iter().map(|keys| {
            let url = self.base.join(format_args!("/service/{}/purge", self.service));
            json(Method::POST, url, &json!({ "surrogate_keys": keys }))
        });
        let urls = purge.urls().iter().map(|url| {
            bare(Method::POST, self.base.join(format_args!("/purge/{}{}", authority(url), path_and_query(url))))
        });
        keys.chain(urls).map(|request| Ok(self.with_fields(request?, purge))).collect()
    }
}
