//! [`Base`]: the address of an API.

use std::fmt;

use tower_cache_policy::edge::purge::Purge;

use crate::error::PurgeError;
use crate::text::{bounded, without_query};

/// The start of all URLs of an API, without a slash at its end.
#[derive(Clone, Debug)]
pub(crate) struct Base(String);

impl Base {
    pub(crate) fn of_vendor(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// Accepts the same URLs as a purge, without a query or fragment.
    pub(crate) fn new(url: &str) -> Result<Self, PurgeError> {
        let valid = Purge::url(url)?;
        if url.contains(['?', '#']) {
            let reason = "cannot be the URL of an API: omit its query and its fragment";
            return Err(PurgeError::InvalidUrl { url: bounded(without_query(url)), reason });
        }
        let url: String = valid.urls().iter().map(ToString::to_string).collect();
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// Returns the URL of a resource, whose path begins with a slash.
    pub(crate) fn join(&self, path: fmt::Arguments<'_>) -> String {
        format!("{}{path}", self.0)
    }
}
