//! Examines the first response alone, in addition to the audit.

use http::header::{AGE, CACHE_CONTROL, DATE, ETAG, LAST_MODIFIED};
use tower_cache_policy::audit::{CacheAudit, Level, Warning};
use tower_cache_policy::protocol::HttpDate;

use super::probe::Probe;
use crate::error::shown;

pub(super) fn examine(probe: &mut Probe<'_>, audit: &CacheAudit) {
    let first = probe.first;
    let is_heuristic = audit.warnings().iter().any(|warning| matches!(warning, Warning::LifetimeGuessed { .. }));
    if !first.fields().contains_key(CACHE_CONTROL) && !is_heuristic {
        let change = if first.is_live_stream() {
            "send `Cache-Control: no-store`"
        } else {
            "specify how long the response may be stored, or send `no-cache`"
        };
        probe.found(
            Level::Warning,
            ("G-14", "RFC 9111 section 4.2.2"),
            "the response does not have `Cache-Control`, so each cache applies its own default",
            change,
        );
    }
    if first.status().as_u16() >= 400 {
        // An error that is stored is served to all visitors (G-04).
        if audit.shared().remaining_freshness().is_none_or(|seconds| seconds > 0) {
            probe.found(
                Level::Warning,
                ("G-04", "RFC 9110 section 15.1"),
                format!("shared caches store the error {}", first.status()),
                "send `private, no-store` with errors",
            );
        }
        return;
    }
    if !first.status().is_success() {
        return;
    }
    if first.is_live_stream() && audit.verdicts().any(|verdict| verdict.remaining_freshness() != Some(0)) {
        probe.found(
            Level::Warning,
            ("G-10", "RFC 9111 section 3.3"),
            "caches may store this live stream, and replay its beginning to later visitors",
            "send `Cache-Control: no-store`",
        );
    }
    if let (Some(written), None) = (first.value(&ETAG), first.etag()) {
        probe.found(
            Level::Warning,
            ("V-01", "RFC 9110 section 8.8.3"),
            format!("`ETag: {}` is not a valid entity tag", shown(&written)),
            "put it in double quotes",
        );
    }
    if first.fields().contains_key(LAST_MODIFIED) && first.last_modified().is_none() {
        probe.found(
            Level::Warning,
            ("D-01", "RFC 9110 section 8.8.2"),
            "`Last-Modified` is not an HTTP date",
            "write it as `Sun, 06 Nov 1994 08:49:37 GMT`",
        );
    }
    let date = |name| HttpDate::parse(first.fields().get(name)?.as_bytes(), first.at).ok();
    if let (Some(modified), Some(sent), false) = (date(LAST_MODIFIED), date(DATE), first.fields().contains_key(AGE))
        && modified > sent
    {
        probe.found(
            Level::Warning,
            ("V-14", "RFC 9110 section 8.8.2.1"),
            "`Last-Modified` is later than `Date`",
            "send the value of `Date` as `Last-Modified`",
        );
    }
}
