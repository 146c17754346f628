//! [`Base`]: where an API is.

use std::fmt;

use super::checks;
use super::error::PurgeError;

/// The start of all URLs of an API, without a slash at its end.
#[derive(Clone, Debug)]
pub(super) struct Base(String);

impl Base {
    pub(super) fn of_vendor(url: &str) -> Self {
        Self(url.to_owned())
    }

    pub(super) fn new(url: &str) -> Result<Self, PurgeError> {
        let parsed = checks::url(url.to_owned())?;
        if parsed.query().is_some() || url.contains('#') {
            let reason = "is no place of an API: leave its query and its fragment out";
            return Err(PurgeError::InvalidUrl { url: url.to_owned(), reason });
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// The URL of a resource, whose path begins with a slash.
    pub(super) fn join(&self, path: fmt::Arguments<'_>) -> String {
        format!("{}{path}", self.0)
    }
}
