//! The probes, one after the other.

use http::StatusCode;
use tower_cache_policy::audit::CacheAudit;

use super::probe::Probe;
use super::{answer, codings, head, ranges, repeat, revalidation};

/// Everything that the first answer gives reason to ask. Preconditions and ranges are for what
/// was found (P-02), so of anything else only the answer itself is looked at.
pub(crate) async fn all(probe: &mut Probe<'_>, audit: &CacheAudit) {
    answer::examine(probe, audit);
    if matches!(probe.first.status(), StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION) {
        repeat::ask(probe, audit).await;
        revalidation::ask(probe, audit).await;
        codings::ask(probe).await;
        head::ask(probe).await;
        ranges::ask(probe).await;
    }
}
