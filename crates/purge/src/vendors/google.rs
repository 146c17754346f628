//! [`Google`].

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::identifier::identifier;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::{judge_document, names_reason};
use crate::request::{PurgeRequest, batches_of, bearer_post, refuse_soft, refuse_star, refuse_uncarried, tags};

const NAME: &str = "Google Cloud CDN";
/// The maximum number of tags in one request.
const MAX_ITEMS: usize = 10;

/// Google Cloud CDN: `urlMaps.invalidateCache` of the Compute Engine API, v1.
///
/// A purge by URL affects its path at its host, with every query. The port is ignored.
#[derive(Clone, Debug)]
pub struct Google {
    base: Base,
    project: String,
    url_map: String,
    token: Credential,
}

impl Google {
    /// Creates the API for one global URL map of a project, with an OAuth access token that has the permission
    /// `compute.urlMaps.invalidateCache`. Such tokens are valid for an hour: create a value with a new token for each
    /// purge.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(
        project: impl Into<String>,
        url_map: impl Into<String>,
        access_token: Credential,
    ) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://compute.googleapis.com");
        let (project, url_map) = (identifier("project", project)?, identifier("URL map", url_map)?);
        Ok(Self { base, project, url_map, token: access_token })
    }

    /// Sets the URL of the API, instead of `https://compute.googleapis.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Google {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::GOOGLE, purge)?;
        refuse_soft(NAME, purge)?;
        let Self { project, url_map, .. } = self;
        let url =
            self.base.join(format_args!("/compute/v1/projects/{project}/global/urlMaps/{url_map}/invalidateCache"));
        let post = |document| bearer_post(&url, &self.token, &document);
        if purge.is_everything() {
            return Ok(vec![post(json!({ "path": "/*" }))?]);
        }
        let tags = batches_of(MAX_ITEMS, tags(purge)).into_iter().map(|tags| post(json!({ "cacheTags": tags })));
        let paths = purge.urls().iter().map(|url| {
            refuse_star(url)?;
            post(json!({ "host": url.host(), "path": url.path() }))
        });
        tags.chain(paths).collect()
    }

    /// The document is an operation, and must not have an `error`. Google also reports too many requests with a 403.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        #[derive(Deserialize)]
        struct Operation {
            error: Option<Value>,
        }

        let fault_in = |operation: &Operation| operation.error.is_some().then_some("its body has an error");
        let outcome = judge_document(NAME, &[self.token.secret()], response, fault_in);
        let is_limit = |_: &PurgeFailure| names_reason(response, &["rateLimitExceeded", "userRateLimitExceeded"]);
        outcome.map_err(|failure| if is_limit(&failure) { failure.retryable() } else { failure })
    }
}
