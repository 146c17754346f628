//! [`PurgeFailed`]: what a cache may still serve.

use std::fmt;

use crate::edge::purge::Purge;

/// In the extensions of an answer: the write was done, the purge was not, and edge caches may serve
/// what they have until it is stale. For a layer further out that logs, counts or tries again.
#[derive(Clone, Debug)]
pub struct PurgeFailed {
    purge: Purge,
    reason: String,
}

impl PurgeFailed {
    pub(super) fn new(purge: Purge, error: &dyn fmt::Display) -> Self {
        Self { purge, reason: error.to_string() }
    }

    /// What was to be purged.
    #[must_use]
    pub const fn purge(&self) -> &Purge {
        &self.purge
    }

    /// What the purger's error says.
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
