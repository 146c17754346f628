//! [`PurgeFailed`]: the purge that a cache did not get.

use std::fmt;

use crate::edge::purge::Purge;

/// In the extensions of a response: the write was done and the purge was not, and edge caches may
/// serve what they have stored until it is stale. For an outer layer that logs, counts or retries.
#[derive(Clone, Debug)]
pub struct PurgeFailed {
    purge: Purge,
    reason: String,
}

impl PurgeFailed {
    pub(super) fn new(purge: Purge, error: &dyn fmt::Display) -> Self {
        Self { purge, reason: error.to_string() }
    }

    /// The purge.
    #[must_use]
    pub const fn purge(&self) -> &Purge {
        &self.purge
    }

    /// The text of the purger's error.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PurgeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not purged after a write: {}", self.reason)
    }
}

impl std::error::Error for PurgeFailed {}
