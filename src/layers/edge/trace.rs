//! With the feature `tracing`, emits one event for each diagnostic.

use crate::edge::EdgeDiagnostic;

/// Emits a diagnostic: at the level WARN for unsupported tags, which the application has to fix, otherwise at DEBUG.
#[cfg(feature = "tracing")]
pub(super) fn event(diagnostic: &EdgeDiagnostic) {
    if matches!(
        diagnostic,
        EdgeDiagnostic::UnsupportedTag { .. } | EdgeDiagnostic::TooManyTags { .. } | EdgeDiagnostic::NotTags { .. }
    ) {
        tracing::warn!(target: "tower_cache_policy", "{diagnostic}");
    } else {
        tracing::debug!(target: "tower_cache_policy", "{diagnostic}");
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &EdgeDiagnostic) {}
