//! [`Netlify`].

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::identifier::identifier;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_status;
use crate::request::{PurgeRequest, batches_of, bearer_post, refuse_soft, refuse_uncarried, refuse_urls, tags};

const NAME: &str = "Netlify";
/// The maximum number of tags in one request. The vendor does not document a limit.
const MAX_ITEMS: usize = 100;

/// Netlify: `POST /api/v1/purge`.
///
/// Purges the production deploy of the site, unless you name another one:
///
/// ```
/// use tower_cache_policy_purge::{Credential, Netlify, Purge, PurgeApi};
///
/// let production = Netlify::new("3970e0fe-8564-4903-9a55-c5f8de49fb8b", Credential::new("nfp_example")?)?;
/// let preview = production.clone().deploy_alias("deploy-preview-12")?;
/// let request = &preview.requests(&Purge::everything())?[0];
/// assert!(request.body().windows(17).any(|text| text == b"deploy-preview-12"));
/// # Ok::<_, tower_cache_policy_purge::PurgeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Netlify {
    base: Base,
    site: String,
    deploy_alias: Option<String>,
    domain: Option<String>,
    token: Credential,
}

impl Netlify {
    /// Creates the API for one site, with a personal access token.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(site_id: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.netlify.com");
        Ok(Self { base, site: identifier("site id", site_id)?, deploy_alias: None, domain: None, token })
    }

    /// Purges the deploy with this alias, such as `deploy-preview-12` or the name of a branch,
    /// instead of the production deploy.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn deploy_alias(self, alias: impl Into<String>) -> Result<Self, PurgeError> {
        Ok(Self { deploy_alias: Some(identifier("deploy alias", alias)?), ..self })
    }

    /// Purges only the responses that are stored for this domain of the site.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn domain(self, domain: impl Into<String>) -> Result<Self, PurgeError> {
        Ok(Self { domain: Some(identifier("domain", domain)?), ..self })
    }

    /// Sets the URL of the API, instead of `https://api.netlify.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }

    fn request(&self, tags: Option<&[&str]>) -> Result<PurgeRequest, PurgeError> {
        let mut document = json!({ "site_id": self.site });
        for (name, value) in [
            ("cache_tags", tags.map(Value::from)),
            ("deploy_alias", self.deploy_alias.as_deref().map(Value::from)),
            ("domain", self.domain.as_deref().map(Value::from)),
        ] {
            if let Some(value) = value {
                document[name] = value;
            }
        }
        bearer_post(&self.base.join(format_args!("/api/v1/purge")), &self.token, &document)
    }
}

impl PurgeApi for Netlify {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::NETLIFY, purge)?;
        refuse_soft(NAME, purge)?;
        refuse_urls(NAME, purge)?;
        if purge.is_everything() {
            return Ok(vec![self.request(None)?]);
        }
        batches_of(MAX_ITEMS, tags(purge)).iter().map(|tags| self.request(Some(tags))).collect()
    }

    /// The status determines the outcome, unless the body is a page or an error.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        judge_status(NAME, &[self.token.secret()], response)
    }
}
