//! Repeats the request with the validators of the response, to check whether it gets a complete 304.

use http::header::{HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};
use tower_cache_policy::audit::{CacheAudit, Level};
use tower_cache_policy::protocol::EntityTag;

use super::not_modified;
use super::probe::Probe;
use crate::exchange::Exchange;
use crate::finding::Basis;

/// An entity tag that no site uses.
pub(super) const FOREIGN: &str = "\"cache-check-none\"";

const IF_NONE_MATCH_SECTION: &str = "RFC 9110 section 13.1.2";
const CONDITION: &str = "send 304 for GET and HEAD if a validator matches";

pub(super) async fn run(probe: &mut Probe<'_>, audit: &CacheAudit) {
    let first = probe.first;
    let date = first.last_modified().cloned();
    match (first.etag(), &date) {
        (None, None) => {
            // No validator can match a stream, or content that differs each time, such as a page with a nonce.
            let has_none = first.may_be_a_stream() || probe.capabilities.stable_content == Some(false);
            if audit.browser().may_store() && !has_none {
                probe.found(
                    Level::Note,
                    ("V-13", "RFC 9110 section 15.3.1"),
                    "the response does not have a validator, so caches must fetch it completely when it is stale",
                    "send an `ETag`, or at least `Last-Modified`",
                );
            }
            return;
        }
        (Some(tag), _) if !probe.tag_changes => by_tag(probe, &tag).await,
        _ => {}
    }
    let Some(date) = date.filter(|_| !probe.date_changes) else { return };
    let by_date = probe.get("if-modified-since", &[(IF_MODIFIED_SINCE, date.clone())]).await;
    if let Some(response) = &by_date {
        let text = "`If-Modified-Since` with the value of `Last-Modified` does not get a 304";
        expect(probe, response, None, ("P-19", "RFC 9110 section 13.1.3"), text);
    }
    // A 304 for an unknown tag is meaningful only if dates work.
    if first.etag().is_some() && by_date.is_some_and(|response| response.status() == StatusCode::NOT_MODIFIED) {
        let fields = [(IF_NONE_MATCH, HeaderValue::from_static(FOREIGN)), (IF_MODIFIED_SINCE, date)];
        if let Some(response) = probe.get("if-none-match-unknown", &fields).await
            && response.status() == StatusCode::NOT_MODIFIED
        {
            probe.found(
                Level::Warning,
                ("P-17", "RFC 9110 section 13.1.3"),
                "an unknown entity tag with a matching date gets a 304, so a change within the same second is missed",
                "ignore `If-Modified-Since` if the request has `If-None-Match`",
            );
        }
    }
}

async fn by_tag(probe: &mut Probe<'_>, tag: &EntityTag) {
    if let Some(response) = probe.get("if-none-match", &fields_of(tag.to_header_value())).await {
        let text = "`If-None-Match` with the current entity tag does not get a 304";
        if !expect(probe, &response, None, ("P-16", IF_NONE_MATCH_SECTION), text) {
            return;
        }
    }
    if let Some(value) = in_list(tag)
        && let Some(response) = probe.get("if-none-match-list", &fields_of(value)).await
    {
        let text = "the current entity tag in a list of others does not get a 304";
        expect(probe, &response, None, ("P-21", IF_NONE_MATCH_SECTION), text);
    }
    if !tag.is_weak()
        && let Ok(weak) = EntityTag::weak(tag.opaque())
        && let Some(response) = probe.get("if-none-match-weak", &fields_of(weak.to_header_value())).await
        && response.status() != StatusCode::NOT_MODIFIED
    {
        probe.found(
            Level::Note,
            ("P-15", IF_NONE_MATCH_SECTION),
            "the weak form of the current entity tag does not get a 304",
            "use the weak comparison for `If-None-Match`: proxies that compress make tags weak",
        );
    }
}

/// Returns whether the response is a 304. Compares the 304 with the 200 in `full`, or with the first response.
pub(super) fn expect(
    probe: &mut Probe<'_>,
    response: &Exchange,
    full: Option<(&'static str, &Exchange)>,
    basis: Basis,
    text: &str,
) -> bool {
    let holds = response.status() == StatusCode::NOT_MODIFIED;
    if full.is_none() {
        probe.capabilities.revalidates = Some(holds && probe.capabilities.revalidates != Some(false));
    }
    if holds {
        let (coding, full) = full.map_or((None, probe.first), |(coding, full)| (Some(coding), full));
        not_modified::examine(probe, coding, full, response);
    } else {
        probe.found(Level::Warning, basis, format!("{text} but {}", response.status().as_u16()), CONDITION);
    }
    holds
}

/// Returns a list with the tag between two others.
pub(super) fn in_list(tag: &EntityTag) -> Option<HeaderValue> {
    let value = [b"\"cache-check-1\", ", tag.to_header_value().as_bytes(), b", \"cache-check-2\""].concat();
    HeaderValue::from_bytes(&value).ok()
}

fn fields_of(value: HeaderValue) -> [(HeaderName, HeaderValue); 1] {
    [(IF_NONE_MATCH, value)]
}
