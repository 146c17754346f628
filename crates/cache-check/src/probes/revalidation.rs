//! The same request with its validators: is it answered 304, with all that a 304 carries?

use http::header::{HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};
use tower_cache_policy::audit::{CacheAudit, Level};
use tower_cache_policy::protocol::EntityTag;

use super::not_modified;
use super::probe::Probe;
use crate::exchange::Exchange;
use crate::finding::Basis;

/// A tag that no site has.
pub(super) const FOREIGN: &str = "\"cache-check-none\"";

const IF_NONE_MATCH_SECTION: &str = "RFC 9110 section 13.1.2";
const CONDITION: &str = "answer 304 to `GET` and `HEAD` when a validator matches";

pub(super) async fn ask(probe: &mut Probe<'_>, audit: &CacheAudit) {
    let first = probe.first;
    let date = first.last_modified().cloned();
    match (first.etag(), &date) {
        (None, None) => {
            if audit.browser().is_stored() {
                probe.found(
                    Level::Note,
                    ("V-13", "RFC 9110 section 15.3.1"),
                    "it has no validator, so that it is fetched whole when it is no longer fresh",
                    "send an `ETag`, or at least `Last-Modified`",
                );
            }
            return;
        }
        (Some(tag), _) if probe.works.stable_tag != Some(false) => by_tag(probe, &tag).await,
        _ => {}
    }
    let Some(date) = date else { return };
    let by_date = probe.get("if-modified-since", &[(IF_MODIFIED_SINCE, date.clone())]).await;
    if let Some(answer) = &by_date {
        let text = "`If-Modified-Since` with its own `Last-Modified` is not answered 304";
        expect(probe, answer, None, ("P-19", "RFC 9110 section 13.1.3"), text);
    }
    // Only where dates work at all does it tell something that an unknown tag gets a 304.
    if first.etag().is_some() && by_date.is_some_and(|answer| answer.status() == StatusCode::NOT_MODIFIED) {
        let fields = [(IF_NONE_MATCH, HeaderValue::from_static(FOREIGN)), (IF_MODIFIED_SINCE, date)];
        if let Some(answer) = probe.get("if-none-match-unknown", &fields).await
            && answer.status() == StatusCode::NOT_MODIFIED
        {
            probe.found(
                Level::Warning,
                ("P-17", "RFC 9110 section 13.1.3"),
                "an unknown entity tag with a matching date is answered 304, so that a change within a second is missed",
                "ignore `If-Modified-Since` where there is `If-None-Match`",
            );
        }
    }
}

async fn by_tag(probe: &mut Probe<'_>, tag: &EntityTag) {
    if let Some(answer) = probe.get("if-none-match", &fields_of(tag.to_header_value())).await {
        let text = "`If-None-Match` with its own entity tag is not answered 304";
        if !expect(probe, &answer, None, ("P-16", IF_NONE_MATCH_SECTION), text) {
            return;
        }
    }
    if let Some(value) = in_list(tag)
        && let Some(answer) = probe.get("if-none-match-list", &fields_of(value)).await
    {
        let text = "its entity tag in a list of others is not answered 304";
        expect(probe, &answer, None, ("P-21", IF_NONE_MATCH_SECTION), text);
    }
    if !tag.is_weak()
        && let Ok(weak) = EntityTag::weak(tag.opaque())
        && let Some(answer) = probe.get("if-none-match-weak", &fields_of(weak.to_header_value())).await
        && answer.status() != StatusCode::NOT_MODIFIED
    {
        probe.found(
            Level::Note,
            ("P-15", IF_NONE_MATCH_SECTION),
            "its entity tag, made weak on the way, is not answered 304",
            "compare weakly in `If-None-Match`: proxies that compress make tags weak",
        );
    }
}

/// Whether it is a 304, which is then looked at as one for `whole`, the first answer unless
/// told otherwise.
pub(super) fn expect(
    probe: &mut Probe<'_>,
    answer: &Exchange,
    whole: Option<(&'static str, &Exchange)>,
    basis: Basis,
    text: &str,
) -> bool {
    let holds = answer.status() == StatusCode::NOT_MODIFIED;
    if whole.is_none() {
        probe.works.revalidates = Some(holds && probe.works.revalidates != Some(false));
    }
    if holds {
        let (coding, whole) = whole.map_or((None, probe.first), |(coding, whole)| (Some(coding), whole));
        not_modified::examine(probe, coding, whole, answer);
    } else {
        probe.found(Level::Warning, basis, format!("{text} but {}", answer.status().as_u16()), CONDITION);
    }
    holds
}

/// The tag between two others.
pub(super) fn in_list(tag: &EntityTag) -> Option<HeaderValue> {
    let value = [b"\"cache-check-1\", ", tag.to_header_value().as_bytes(), b", \"cache-check-2\""].concat();
    HeaderValue::from_bytes(&value).ok()
}

fn fields_of(value: HeaderValue) -> [(HeaderName, HeaderValue); 1] {
    [(IF_NONE_MATCH, value)]
}
