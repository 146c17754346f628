//! [`Fastly`].

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response};
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
use crate::request::{PurgeRequest, authority, bare, batches_of, json, path_and_query, refuse_uncarried, tags, with};

const NAME: &str = "Fastly";
/// The maximum number of surrogate keys in one request.
const MAX_ITEMS: usize = 256;
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
    /// Creates the API for one service, with a token of the scope `purge_select`, and `purge_all` to purge everything.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(service_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.fastly.com");
        Ok(Self { base, service: identifier("service id", service_id)?, token })
    }

    /// Sets the URL of the API, instead of `https://api.fastly.com`.
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
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::FASTLY, purge)?;
        if purge.is_everything() {
            if purge.is_soft() {
                let remedy = "give all responses the same tag, and purge softly by that tag";
                return Err(PurgeError::Unsupported { api: NAME, what: "soft purge of everything", remedy });
            }
            let all = bare(Method::POST, &self.base.join(format_args!("/service/{}/purge_all", self.service)))?;
            return Ok(vec![self.with_fields(all, purge)]);
        }
        let keys = batches_of(MAX_ITEMS, tags(purge)).into_iter().map(|keys| {
            let url = self.base.join(format_args!("/service/{}/purge", self.service));
            json(Method::POST, &url, &json!({ "surrogate_keys": keys }))
        });
        let urls = purge.urls().iter().map(|url| {
            bare(Method::POST, &self.base.join(format_args!("/purge/{}{}", authority(url), path_and_query(url))))
        });
        keys.chain(urls).map(|request| Ok(self.with_fields(request?, purge))).collect()
    }

    /// The document is an object. For a URL or everything, its `status` is `ok`. For tags, it has a member with the id
    /// of the purge for each tag, and a tag may have the name `status`.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        #[derive(Deserialize)]
        struct Document {
            status: Option<String>,
        }

        let is_id = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        judge_document(NAME, &[self.token.secret()], response, |document: &Document| match &document.status {
            Some(status) if status != "ok" && !is_id(status) => Some("its body has a status other than \"ok\""),
            _ => None,
        })
    }
}
