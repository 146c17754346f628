//! One event for each note, with the feature `tracing`; without it nothing, at no cost.

use crate::edge::EdgeDiagnostic;

/// Tells what was noticed. Tags that do not fit are a mistake to be mended; the rest is told to
/// whoever looks closely.
#[cfg(feature = "tracing")]
pub(super) fn event(note: &EdgeDiagnostic) {
    if matches!(
        note,
        EdgeDiagnostic::UnsupportedTag { .. } | EdgeDiagnostic::TooManyTags { .. } | EdgeDiagnostic::NotTags { .. }
    ) {
        tracing::warn!(target: "tower_cache_policy", "{note}");
    } else {
        tracing::debug!(target: "tower_cache_policy", "{note}");
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &EdgeDiagnostic) {}
