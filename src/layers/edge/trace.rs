//! One event for each note, with the feature `tracing`; without it nothing, at no cost.

use crate::edge::EdgeNote;

/// Tells what was noticed. Tags that do not fit are a mistake to be mended; the rest is told to
/// whoever looks closely.
#[cfg(feature = "tracing")]
pub(super) fn event(note: &EdgeNote) {
    if matches!(note, EdgeNote::UnsupportedTag { .. } | EdgeNote::TooManyTags { .. } | EdgeNote::NotTags { .. }) {
        tracing::warn!(target: "tower_cache_policy", "{note}");
    } else {
        tracing::debug!(target: "tower_cache_policy", "{note}");
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &EdgeNote) {}
