//! With the feature `tracing`, emits one event for each outcome, at the level DEBUG.

use super::event::SharedCacheEvent;

/// Returns whether a subscriber records the event.
#[cfg(feature = "tracing")]
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: "tower_cache_policy", tracing::Level::DEBUG)
}

/// Records the outcome, and whether the response was stored. The query is omitted, because it may contain a secret.
#[cfg(feature = "tracing")]
pub(super) fn event(event: &SharedCacheEvent<'_>) {
    tracing::debug!(
        target: "tower_cache_policy",
        method = %event.method(),
        path = event.path(),
        status = event.status().map(|status| status.as_u16()),
        stored = event.is_stored(),
        not_stored = event.not_stored().map(|reason| reason.as_str()),
        age = event.age(),
        content_length = event.content_length(),
        in_background = event.is_in_background().then_some(true),
        "shared cache: {}",
        event.outcome()
    );
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn is_enabled() -> bool {
    false
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &SharedCacheEvent<'_>) {}
