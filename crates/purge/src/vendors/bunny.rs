//! [`Bunny`].

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderName, Method, Response};
use serde_json::json;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_status;
use crate::request::{PurgeRequest, bare, json, refuse_soft, refuse_star, refuse_uncarried, tags, with};

const NAME: &str = "Bunny";
const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");

/// Bunny: `POST /pullzone/{id}/purgeCache` with one tag in each request, and `POST /purge` for a URL, which purges it
/// in all pull zones of the account.
///
/// The API does not accept several tags in a request. A [`Purger`](crate::Purger) with
/// [`concurrency`](crate::Purger::concurrency) sends several requests at a time.
#[derive(Clone, Debug)]
pub struct Bunny {
    base: Base,
    pull_zone: u64,
    key: Credential,
}

impl Bunny {
    /// Creates the API for one pull zone, with the API key of the account.
    #[must_use]
    pub fn new(pull_zone_id: u64, access_key: Credential) -> Self {
        Self { base: Base::of_vendor("https://api.bunny.net"), pull_zone: pull_zone_id, key: access_key }
    }

    /// Sets the URL of the API, instead of `https://api.bunny.net`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Bunny {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::BUNNY, purge)?;
        refuse_soft(NAME, purge)?;
        let zone = || self.base.join(format_args!("/pullzone/{}/purgeCache", self.pull_zone));
        let everything = purge.is_everything().then(|| bare(Method::POST, &zone()));
        let tags = tags(purge).map(|tag| json(Method::POST, &zone(), &json!({ "CacheTag": tag })));
        let urls = purge.urls().iter().map(|url| {
            refuse_star(url)?;
            // Without this parameter, a slash at the end includes everything below the path.
            let exact = if url.path().ends_with('/') { "&exactPath=true" } else { "" };
            let encoded = percent_encoded(&url.to_string());
            let too_long = |_| PurgeError::url(url, "is too long for a request: purge by tag");
            bare(Method::POST, &self.base.join(format_args!("/purge?url={encoded}{exact}"))).map_err(too_long)
        });
        let requests = everything.into_iter().chain(tags).chain(urls);
        requests.map(|request| Ok(with(request?, ACCESS_KEY, self.key.plain()))).collect()
    }

    /// The status determines the outcome, unless the body is a page or an error.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        judge_status(NAME, &[self.key.secret()], response)
    }
}

/// Encodes the value of a query parameter: all characters except the unreserved ones of RFC 3986.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes any text");
        }
    }
    encoded
}
