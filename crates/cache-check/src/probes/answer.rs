//! What the first answer tells by itself, beside what the audit says of it.

use http::header::{AGE, CACHE_CONTROL, DATE, ETAG, LAST_MODIFIED};
use tower_cache_policy::audit::{CacheAudit, Level, Warning};
use tower_cache_policy::protocol::HttpDate;

use super::probe::Probe;

pub(super) fn examine(probe: &mut Probe<'_>, audit: &CacheAudit) {
    let first = probe.first;
    let guessed = audit.warnings().iter().any(|warning| matches!(warning, Warning::LifetimeGuessed { .. }));
    if !first.fields().contains_key(CACHE_CONTROL) && !guessed && !first.status().is_server_error() {
        probe.found(
            Level::Warning,
            ("G-14", "RFC 9111 section 4.2.2"),
            "there is no `Cache-Control`, so each cache does what it likes",
            "say how long it may be kept, or `no-cache`",
        );
    }
    if first.status().as_u16() >= 400 {
        // Of an error that is kept for everybody (G-04).
        if audit.shared().reused_for().is_none_or(|seconds| seconds > 0) {
            probe.found(
                Level::Warning,
                ("G-04", "RFC 9110 section 15.1"),
                format!("the error {} is kept by shared caches", first.status()),
                "send `private, no-store` with errors",
            );
        }
        return;
    }
    if !first.status().is_success() {
        return;
    }
    if let (Some(written), None) = (first.value(&ETAG), first.etag()) {
        probe.found(
            Level::Warning,
            ("V-01", "RFC 9110 section 8.8.3"),
            format!("`ETag: {written}` is not an entity tag"),
            "put it between double quotes",
        );
    }
    if first.fields().contains_key(LAST_MODIFIED) && first.last_modified().is_none() {
        probe.found(
            Level::Warning,
            ("D-01", "RFC 9110 section 8.8.2"),
            "`Last-Modified` is not a date of HTTP",
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
            "send the date of the answer in its place",
        );
    }
}
