//! With the feature `tracing`, emits one event for each failed purge.

use super::failed::PurgeFailed;

#[cfg(feature = "tracing")]
pub(super) fn event(failed: &PurgeFailed) {
    tracing::warn!(target: "tower_cache_policy", purge = ?failed.purge(), "{failed}");
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &PurgeFailed) {}
