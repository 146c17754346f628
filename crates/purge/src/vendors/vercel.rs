//! [`Vercel`].

use std::fmt::Write;

use bytes::Bytes;
use http::Response;
use serde_json::json;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::identifier::identifier;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::judge_status;
use crate::request::{
    ONE_TAG_FOR_ALL, PurgeRequest, batches_of, bearer_post, refuse_everything, refuse_uncarried, refuse_urls, tags,
};

const NAME: &str = "Vercel";
/// The maximum number of tags in one request. One page of the reference specifies 16, and a later one does not mention
/// a limit.
const MAX_ITEMS: usize = 16;

/// Vercel: `POST /v1/edge-cache/dangerously-delete-by-tags`, and `invalidate-by-tags` for a soft
/// purge.
///
/// Vercel advises against a hard purge, after which all clients wait for the origin. Both kinds of purge apply to all
/// deployments, unless a [`target`](Self::target) is set.
#[derive(Clone, Debug)]
pub struct Vercel {
    base: Base,
    project: String,
    team: Option<String>,
    target: Option<VercelTarget>,
    token: Credential,
}

/// The deployments whose stored responses [`Vercel`] purges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VercelTarget {
    /// Production deployments.
    Production,
    /// Preview deployments.
    Preview,
}

impl VercelTarget {
    const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

impl Vercel {
    /// Creates the API for one project, by id or name.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(project: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.vercel.com");
        Ok(Self { base, project: identifier("project", project)?, team: None, target: None, token })
    }

    /// Sets the team on whose behalf the purge runs.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn team(self, team_id: impl Into<String>) -> Result<Self, PurgeError> {
        Ok(Self { team: Some(identifier("team id", team_id)?), ..self })
    }

    /// Purges only the responses that are stored for these deployments.
    #[must_use]
    pub fn target(self, target: VercelTarget) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Sets the URL of the API, instead of `https://api.vercel.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Vercel {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::VERCEL, purge)?;
        refuse_everything(NAME, ONE_TAG_FOR_ALL, purge)?;
        refuse_urls(NAME, purge)?;
        let action = if purge.is_soft() { "invalidate" } else { "dangerously-delete" };
        let mut url = self.base.join(format_args!("/v1/edge-cache/{action}-by-tags?projectIdOrName={}", self.project));
        if let Some(team) = &self.team {
            write!(url, "&teamId={team}").expect("a String takes any text");
        }
        let document = |tags| match self.target {
            None => json!({ "tags": tags }),
            Some(target) => json!({ "tags": tags, "target": target.name() }),
        };
        let batches = batches_of(MAX_ITEMS, tags(purge)).into_iter();
        batches.map(|tags| bearer_post(&url, &self.token, &document(tags))).collect()
    }

    /// The status determines the outcome, unless the body is a page or an error.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        judge_status(NAME, &[self.token.secret()], response)
    }
}
