//! [`Vercel`].

use std::fmt::Write;

use serde_json::json;

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::credential::Credential;
use super::error::PurgeError;
use super::parts::{ONE_TAG_FOR_ALL, PurgeRequest, batches_of, bearer_post, refuse_everything, refuse_urls, tags};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Tags in one request. One page of the reference says 16, a later one no number.
const MOST: usize = 16;

/// Vercel: `POST /v1/edge-cache/dangerously-delete-by-tags`, and `invalidate-by-tags` for a soft
/// purge.
///
/// Vercel advises against the hard one: where many visitors ask, all of them wait for the origin.
#[derive(Clone, Debug)]
pub struct Vercel {
    base: Base,
    project: String,
    team: Option<String>,
    token: Credential,
}

impl Vercel {
    /// One project, by id or name.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(project: impl Into<String>, token: Credential) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://api.vercel.com");
        Ok(Self { base, project: identifier("project", project)?, team: None, token })
    }

    /// The team on whose behalf it is done.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn team(self, team_id: impl Into<String>) -> Result<Self, PurgeError> {
        Ok(Self { team: Some(identifier("team id", team_id)?), ..self })
    }

    /// Where the API is, instead of `https://api.vercel.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }
}

impl PurgeApi for Vercel {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_everything("Vercel", ONE_TAG_FOR_ALL, purge)?;
        refuse_urls("Vercel", purge)?;
        let action = if purge.is_soft() { "invalidate" } else { "dangerously-delete" };
        let path = format_args!("/v1/edge-cache/{action}-by-tags?projectIdOrName={}", self.project);
        let mut url = self.base.join(path);
        if let Some(team) = &self.team {
            write!(url, "&teamId={team}").expect("a String takes any text");
        }
        let batches = batches_of(MOST, tags(EdgeProfile::VERCEL, purge)?).into_iter();
        batches.map(|tags| bearer_post(url.clone(), &self.token, &json!({ "tags": tags }))).collect()
    }
}
