//! Trace events for mistakes of a handler. Without the feature `tracing`, the functions do nothing.

use http::HeaderMap;

/// Reports an `ETag` that is not exactly one valid entity tag. Clients and this crate ignore such a field, so it
/// never leads to a 304.
#[cfg(feature = "tracing")]
pub(super) fn invalid_etag(headers: &HeaderMap) {
    // V-01
    use crate::protocol::invalid_etag;

    if tracing::enabled!(target: "tower_cache_policy", tracing::Level::WARN)
        && let Some(value) = invalid_etag(headers)
    {
        tracing::warn!(
            target: "tower_cache_policy",
            ?value,
            "ignored an invalid `ETag` in the response; send one field with one quoted entity tag, such as `\"v1\"` \
             or `W/\"v1\"`"
        );
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn invalid_etag(_: &HeaderMap) {}
