//! [`Akamai`].

use std::fmt;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::error::PurgeError;
use super::parts::{ONE_TAG_FOR_ALL, PurgeRequest, bare, batches, of_json, refuse_everything, signed, tags, urls};
use super::signer::Signer;
use super::value::Purge;
use crate::edge::EdgeProfile;

/// The longest body, in octets.
const MAX_BODY: usize = 50_000;
/// What is around the objects in a body.
const AROUND_ALL: usize = r#"{"objects":[]}"#.len();
/// What is around each of them: its quotation marks and a comma.
const AROUND_EACH: usize = 3;
/// The tags that an account may purge at once; a request with more is never let through.
const MOST: usize = 5_000;

/// Akamai Fast Purge: `POST /ccu/v3/{invalidate|delete}/{tag|url}/{production|staging}`.
///
/// A soft purge invalidates, a hard one deletes. Requests are signed by EdgeGrid
/// (`EG1-HMAC-SHA256`) over method, URL and body: the [`Signer`] is what an EdgeGrid library does
/// with the client token, client secret and access token.
#[derive(Clone)]
pub struct Akamai<S> {
    base: Base,
    network: &'static str,
    signer: S,
}

impl<S: Signer> Akamai<S> {
    /// The host of an API client, such as `akab-xxxx.luna.akamaiapis.net`, and what signs for it:
    /// a closure, or [`Unsigned`](super::Unsigned) where the client that sends does.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`] when it is no host.
    pub fn new(host: &str, signer: S) -> Result<Self, PurgeError> {
        if host.contains(['/', '?', '#', '\\']) {
            let reason = "has more than a host in it: write the host of the API client alone";
            return Err(PurgeError::InvalidUrl { url: host.to_owned(), reason });
        }
        Ok(Self { base: Base::new(&format!("https://{host}"))?, network: "production", signer })
    }

    /// Purges on the staging network.
    #[must_use]
    pub fn staging(self) -> Self {
        Self { network: "staging", ..self }
    }

    /// Where the API is, instead of `https` at the host.
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
        let body = Bytes::from(json!({ "objects": objects }).to_string());
        signed("Akamai", &self.signer, of_json(bare(Method::POST, url)?), body)
    }
}

impl<S: Signer> PurgeApi for Akamai<S> {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_everything("Akamai", ONE_TAG_FOR_ALL, purge)?;
        let room = MAX_BODY - AROUND_ALL;
        let urls = urls(purge);
        if let Some(url) = urls.iter().find(|url| url.len() + AROUND_EACH > room) {
            let reason = "is longer than a request to Akamai may be: purge by tag";
            return Err(PurgeError::InvalidUrl { url: url.clone(), reason });
        }
        let tags = batches(tags(EdgeProfile::AKAMAI, purge)?, MOST, room, AROUND_EACH);
        let urls = batches(urls.iter().map(String::as_str), MOST, room, AROUND_EACH);
        let tags = tags.iter().map(|batch| self.request(purge, "tag", batch));
        tags.chain(urls.iter().map(|batch| self.request(purge, "url", batch))).collect()
    }
}

impl<S> fmt::Debug for Akamai<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Akamai").field("base", &self.base).field("network", &self.network).finish_non_exhaustive()
    }
}
