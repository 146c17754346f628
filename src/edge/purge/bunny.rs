//! [`Bunny`].

use std::fmt::Write;

use http::{HeaderName, Method};
use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{PurgeRequest, bare, json, refuse_soft, refuse_star, tags, with};
use super::value::Purge;
use crate::edge::EdgeProfile;

const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");

/// Bunny: `POST /pullzone/{id}/purgeCache`, one tag a request, and `POST /purge` for a URL, which
/// purges it in all pull zones of the account.
#[derive(Clone, Debug)]
pub struct Bunny {
    base: Base,
    pull_zone: u64,
    key: Credential,
}

impl Bunny {
    /// One pull zone, with the API key of the account.
    #[must_use]
    pub fn new(pull_zone_id: u64, access_key: Credential) -> Self {
        Self { base: Base::of_vendor("https://api.bunny.net"), pull_zone: pull_zone_id, key: access_key }
    }

    /// Where the API is, instead of `https://api.bunny.net`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Bunny {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("Bunny", purge)?;
        let zone = || self.base.join(format_args!("/pullzone/{}/purgeCache", self.pull_zone));
        let everything = purge.is_everything().then(|| bare(Method::POST, zone()));
        let tags = tags(EdgeProfile::BUNNY, purge)?.map(|tag| json(Method::POST, zone(), &json!({ "CacheTag": tag })));
        let urls = purge.urls().iter().map(|url| {
            refuse_star(url)?;
            // Without it a slash at the end would stand for all that is below.
            let exact = if url.path().ends_with('/') { "&exactPath=true" } else { "" };
            let url = percent_encoded(&url.to_string());
            bare(Method::POST, self.base.join(format_args!("/purge?url={url}{exact}")))
        });
        let requests = everything.into_iter().chain(tags).chain(urls);
        requests.map(|request| Ok(with(request?, ACCESS_KEY, self.key.plain()))).collect()
    }
}

/// As the value of a query parameter: all but what RFC 3986 calls unreserved.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            encoded.push(octet.into());
        } else {
            write!(encoded, "%{octet:02X}").expect("a String takes any text");
        }
    }
    encoded
}
