//! Repeats the request, to check whether a cache in front stores the response, and whether its validators are stable.

use http::header::LAST_MODIFIED;
use tower_cache_policy::audit::{CacheAudit, Level};

use super::capabilities::CacheReport;
use super::probe::Probe;
use crate::client::Read;
use crate::exchange::Exchange;

/// Returns the second response.
pub(super) async fn run(probe: &mut Probe<'_>, audit: &CacheAudit) -> Option<Exchange> {
    let first = probe.first;
    probe.capabilities.first = first.cache_status().as_ref().map(CacheReport::from);
    let repeat = probe.plain("repeat", Read::Content).await?;
    let status = repeat.cache_status();
    probe.capabilities.repeat = status.as_ref().map(CacheReport::from);

    let may_be_reused = audit.shared().may_store() && audit.shared().remaining_freshness() != Some(0);
    if let (Some(status), true) = (&status, may_be_reused)
        && !status.is_served_by_cache()
    {
        probe.found(
            Level::Note,
            ("H-02", "RFC 9211 section 2"),
            format!(
                "a shared cache may store the response, but the cache in front did not serve the second request from its \
                 store (`{}`)",
                crate::error::shown(&status.to_string())
            ),
            "check its settings, its cache key, and the number of its locations",
        );
    }

    let same_content = first.content().zip(repeat.content()).map(|(old, new)| old == new);
    probe.capabilities.stable_content = same_content;
    probe.date_changes = first.value(&LAST_MODIFIED) != repeat.value(&LAST_MODIFIED);
    let (Some(old), Some(new)) = (first.etag(), repeat.etag()) else { return Some(repeat) };
    probe.tag_changes = old != new;
    probe.capabilities.stable_tag = Some(old == new || same_content == Some(false));
    if old != new && same_content == Some(true) {
        probe.found(
            Level::Warning,
            ("G-15", "RFC 9110 section 8.8.3"),
            "the entity tag differs in each response although the content is the same, so revalidation never succeeds",
            "compute the tag from the content, in the same way on each server",
        );
    }
    if old.strong_eq(&new) && same_content == Some(false) {
        probe.found(
            Level::Warning,
            ("V-07", "RFC 9110 section 8.8.1"),
            "two different contents have the same strong entity tag",
            "compute the tag from the content, or make it weak",
        );
    }
    Some(repeat)
}
