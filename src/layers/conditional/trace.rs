//! One event for each mistake of a handler, with the feature `tracing`. Without the feature there is none, at no
//! cost.

use http::HeaderMap;

/// Reports an `ETag` that is not one valid entity tag: clients and this crate ignore it, so that it never
/// leads to a 304 (V-01).
#[cfg(feature = "tracing")]
pub(super) fn invalid_etag(headers: &HeaderMap) {
    use crate::protocol::invalid_etag;

    if tracing::enabled!(target: "tower_cache_policy", tracing::Level::WARN)
        && let Some(value) = invalid_etag(headers)
    {
        tracing::warn!(
            target: "tower_cache_policy",
            ?value,
            "the `ETag` of the response is not one entity tag, and is ignored; write it once, with double quotes, as \
             in `\"v1\"` or `W/\"v1\"`"
        );
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn invalid_etag(_: &HeaderMap) {}
