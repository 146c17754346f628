//! One event a decision, with the feature `tracing`; without it nothing, at no cost.

use http::{HeaderValue, StatusCode};

use crate::policy::Decision;

/// Whether somebody listens.
#[cfg(feature = "tracing")]
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: "tower_cache_policy", tracing::Level::DEBUG)
}

/// Tells who spoke and by which rule, what the answer had said and what it says now, and
/// what the guards changed.
#[cfg(feature = "tracing")]
pub(super) fn event(
    decision: &Decision,
    rule: &str,
    status: StatusCode,
    said: Option<&HeaderValue>,
    wrote: Option<&HeaderValue>,
) {
    tracing::debug!(
        target: "tower_cache_policy",
        rule,
        status = status.as_u16(),
        said = said.map(tracing::field::debug),
        wrote = wrote.map(tracing::field::debug),
        "{decision}"
    );
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn is_enabled() -> bool {
    false
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn event(_: &Decision, _: &str, _: StatusCode, _: Option<&HeaderValue>, _: Option<&HeaderValue>) {}
