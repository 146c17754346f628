//! One trace event for each decision. Without the feature `tracing`, the functions do nothing.

use http::{HeaderValue, StatusCode};

use crate::policy::Decision;

/// Returns whether a subscriber records the event.
#[cfg(feature = "tracing")]
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: "tower_cache_policy", tracing::Level::DEBUG)
}

/// Records the source and the rule of a decision, the `Cache-Control` before and after it, and the changes by guards.
#[cfg(feature = "tracing")]
pub(super) fn event(
    decision: &Decision,
    rule: &str,
    status: StatusCode,
    before: Option<&HeaderValue>,
    after: Option<&HeaderValue>,
) {
    tracing::debug!(
        target: "tower_cache_policy",
        rule,
        status = status.as_u16(),
        inner = before.map(tracing::field::debug),
        sent = after.map(tracing::field::debug),
        "{decision}"
    );
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn is_enabled() -> bool {
    false
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &Decision, _: &str, _: StatusCode, _: Option<&HeaderValue>, _: Option<&HeaderValue>) {}
