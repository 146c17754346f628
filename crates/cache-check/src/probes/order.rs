//! Determines the order of the probes.

use http::StatusCode;
use tower_cache_policy::audit::CacheAudit;

use super::probe::Probe;
use super::{codings, first, head, nonces, ranges, repeat, revalidation, variants};

/// Sends all requests that apply to the first response. Preconditions and ranges apply only to a representation (P-02).
/// For any other response, only that response is examined. A live stream does not end, so it is not requested again.
pub(crate) async fn run_all(probe: &mut Probe<'_>, audit: &CacheAudit) {
    first::examine(probe, audit);
    let is_success = matches!(probe.first.status(), StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION);
    if !is_success || probe.first.is_live_stream() {
        return;
    }
    if let Some(repeat) = repeat::run(probe, audit).await {
        nonces::examine(probe, audit, &repeat);
        variants::run(probe, audit, &repeat).await;
    }
    revalidation::run(probe, audit).await;
    codings::run(probe).await;
    head::run(probe).await;
    ranges::run(probe).await;
}
