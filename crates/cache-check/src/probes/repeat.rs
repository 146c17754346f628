//! The same request again: does the cache in front keep the answer, and do its validators stay?

use tower_cache_policy::audit::{CacheAudit, Level};

use super::probe::Probe;
use super::works::CacheSaid;

pub(super) async fn ask(probe: &mut Probe<'_>, audit: &CacheAudit) {
    let first = probe.first;
    let cold = first.cache_status();
    probe.works.cold = cold.as_ref().map(CacheSaid::from);
    let Some(again) = probe.get("again", &[]).await else { return };
    let status = again.cache_status();
    probe.works.again = status.as_ref().map(CacheSaid::from);

    let kept = audit.shared().is_stored() && audit.shared().reused_for() != Some(0);
    if let (Some(status), true) = (&status, kept)
        && !status.is_served_by_cache()
    {
        probe.found(
            Level::Note,
            ("H-02", "RFC 9211 section 2"),
            format!("a shared cache may keep it, and the one in front did not answer the second request (`{status}`)"),
            "see whether its settings, its key or its many places are the reason",
        );
    }

    let same_content = first.content().zip(again.content()).map(|(old, new)| old == new);
    probe.works.stable_content = same_content;
    let (Some(old), Some(new)) = (first.etag(), again.etag()) else { return };
    probe.works.stable_tag = Some(old == new || same_content == Some(false));
    if old != new && same_content == Some(true) {
        probe.found(
            Level::Warning,
            ("G-15", "RFC 9110 section 8.8.3"),
            "the entity tag changes from answer to answer, and the content does not, so nothing is ever revalidated",
            "make the tag of the content, the same on each server",
        );
    }
    if old.strong_eq(&new) && same_content == Some(false) {
        probe.found(
            Level::Warning,
            ("V-07", "RFC 9110 section 8.8.1"),
            "two contents have the same strong entity tag",
            "make the tag of the content, or make it weak",
        );
    }
}
