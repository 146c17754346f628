//! [`Akamai`].

use std::fmt;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_document;
use crate::request::{
    ONE_TAG_FOR_ALL, PurgeRequest, bare, batches, refuse_everything, refuse_uncarried, signed, tags, urls,
    with_json_fields,
};
use crate::signer::Signer;

const NAME: &str = "Akamai";
/// The maximum length of a body, in bytes.
const MAX_BODY: usize = 50_000;
/// The number of bytes around the objects in a body.
const AROUND_ALL: usize = r#"{"objects":[]}"#.len();
/// The number of bytes around each object: its quotation marks and a comma.
const AROUND_EACH: usize = 3;
/// The maximum number of tags in one request.
const MAX_OBJECTS: usize = 5_000;

/// Akamai Fast Purge: `POST /ccu/v3/{invalidate|delete}/{tag|url}/{production|staging}`.
///
/// A soft purge invalidates stored responses, and a hard one deletes them. Requests are signed with EdgeGrid
/// (`EG1-HMAC-SHA256`) over method, URL and body. In the [`Signer`], call an EdgeGrid library with the client token,
/// client secret and access token.
#[derive(Clone)]
pub struct Akamai<S> {
    base: Base,
    network: &'static str,
    signer: S,
}

impl<S: Signer> Akamai<S> {
    /// Creates the API with the host of an API client, such as `akab-xxxx.luna.akamaiapis.net`, and its signer: a
    /// closure, or [`Unsigned`](crate::Unsigned) if the client that sends the requests signs them.
    ///
    /// # Errors
    ///
    /// Returns [`PurgeError::InvalidUrl`] if `host` is not a host.
    pub fn new(host: &str, signer: S) -> Result<Self, PurgeError> {
        if host.contains(['/', '?', '#', '\\', '@']) {
            let reason = "contains more than a host: write only the host of the API client";
            return Err(PurgeError::InvalidUrl { url: "***".to_owned(), reason });
        }
        Ok(Self { base: Base::new(&format!("https://{host}"))?, network: "production", signer })
    }

    /// Purges on the staging network.
    #[must_use]
    pub fn staging(self) -> Self {
        Self { network: "staging", ..self }
    }

    /// Sets the URL of the API, instead of `https` at the host.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }

    fn request(&self, purge: &Purge, kind: &str, objects: &[&str]) -> Result<PurgeRequest, PurgeError> {
        let action = if purge.is_soft() { "invalidate" } else { "delete" };
        let url = self.base.join(format_args!("/ccu/v3/{action}/{kind}/{}", self.network));
        let mut request = with_json_fields(bare(Method::POST, &url)?);
        *request.body_mut() = Bytes::from(json!({ "objects": objects }).to_string());
        signed(NAME, &self.signer, request)
    }
}

impl<S: Signer> PurgeApi for Akamai<S> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::AKAMAI, purge)?;
        refuse_everything(NAME, ONE_TAG_FOR_ALL, purge)?;
        let room = MAX_BODY - AROUND_ALL;
        if let Some(url) = purge.urls().iter().find(|url| url.to_string().len() + AROUND_EACH > room) {
            return Err(PurgeError::url(url, "is too long for a request to Akamai: purge by tag"));
        }
        let urls = urls(purge);
        let tags = batches(tags(purge), MAX_OBJECTS, room, AROUND_EACH);
        let urls = batches(urls.iter().map(String::as_str), MAX_OBJECTS, room, AROUND_EACH);
        let tags = tags.iter().map(|batch| self.request(purge, "tag", batch));
        tags.chain(urls.iter().map(|batch| self.request(purge, "url", batch))).collect()
    }

    /// The document repeats the status as `httpStatus`. Both must be 2xx.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(rename = "httpStatus")]
            http_status: Option<u16>,
        }

        judge_document(NAME, &[], response, |document: &Document| match document.http_status {
            None | Some(200..=299) => None,
            Some(_) => Some("its body has a status other than 2xx"),
        })
    }

    fn renew(&self, request: &Request<Bytes>) -> Result<PurgeRequest, PurgeError> {
        signed(NAME, &self.signer, request.clone())
    }
}

impl<S> fmt::Debug for Akamai<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Akamai").field("base", &self.base).field("network", &self.network).finish_non_exhaustive()
    }
}
