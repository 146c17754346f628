//! Checks whether a partial response belongs to the representation that a client has.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LOCATION, CONTENT_RANGE, ETAG, EXPIRES, HeaderValue, IF_RANGE, RANGE, VARY,
};
use http::{HeaderName, StatusCode};
use tower_cache_policy::audit::Level;

use super::not_modified::names;
use super::probe::Probe;
use super::revalidation::FOREIGN;
use crate::exchange::Exchange;

/// The fields that a 206 has if the 200 has them.
const CARRIED: [HeaderName; 5] = [CACHE_CONTROL, CONTENT_LOCATION, ETAG, EXPIRES, VARY];

const FIRST_BYTE: HeaderValue = HeaderValue::from_static("bytes=0-0");
const STALE_DATE: HeaderValue = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
const IF_RANGE_SECTION: &str = "RFC 9110 section 13.1.5";
const COMPLETE: &str = "send 200 with the complete content unless `If-Range` is proven true";

pub(super) async fn run(probe: &mut Probe<'_>) {
    let first = probe.first;
    if first.content().is_some_and(|content| content.len() < 2) {
        return;
    }
    let Some(part) = probe.get("range", &[(RANGE, FIRST_BYTE)]).await else { return };
    probe.capabilities.ranges = Some(part.status() == StatusCode::PARTIAL_CONTENT);
    match part.status() {
        StatusCode::PARTIAL_CONTENT => {
            examine(probe, &part);
            if_range(probe).await;
        }
        StatusCode::OK => {
            let promised = first.fields().get(ACCEPT_RANGES).is_some_and(|value| value == "bytes");
            // A server may ignore ranges, but `Accept-Ranges` indicates that it supports them.
            if promised {
                probe.found(
                    Level::Warning,
                    ("R-01", "RFC 9110 section 14.3"),
                    "the response has `Accept-Ranges: bytes`, but a range request gets the complete content",
                    "serve ranges, or send `Accept-Ranges: none`",
                );
            }
        }
        other => probe.found(
            Level::Warning,
            ("R-05", "RFC 9110 section 14.2"),
            format!("a satisfiable range request gets {}", other.as_u16()),
            "send 206, or 200 with the complete content",
        ),
    }
}

fn examine(probe: &mut Probe<'_>, part: &Exchange) {
    let first = probe.first;
    let has = |exchange: &Exchange, name: &HeaderName| exchange.fields().contains_key(name);
    let lacking = names(CARRIED.iter().filter(|name| has(first, name) && !has(part, name)));
    if !lacking.is_empty() {
        probe.found(
            Level::Warning,
            ("R-06", "RFC 9110 section 15.3.7"),
            format!("the 206 lacks {lacking}, which the 200 has"),
            "send the same fields with the 206 as with the 200",
        );
    }
    let range = part.value(&CONTENT_RANGE);
    let fits = range.as_deref().is_some_and(|range| match (range.strip_prefix("bytes 0-0/"), first.content()) {
        (Some("*"), _) | (Some(_), None) => true,
        (Some(length), Some(content)) => length.parse() == Ok(content.len()),
        (None, _) => false,
    });
    let byte_fits = match (part.content(), first.content()) {
        (Some(part), Some(first)) => part.as_ref() == &first[..1],
        _ => true,
    };
    // Content that differs each time cannot be combined.
    let same_version = probe.capabilities.stable_content != Some(false) && part.value(&ETAG) == first.value(&ETAG);
    if range.is_none() || (same_version && !(fits && byte_fits)) {
        probe.found(
            Level::Warning,
            ("R-07", "RFC 9110 section 15.3.7.1"),
            format!(
                "the 206 to `bytes=0-0` is not the first byte (`Content-Range: {}`)",
                range.as_deref().unwrap_or("")
            ),
            "send the requested range, and its position in `Content-Range`",
        );
    }
}

async fn if_range(probe: &mut Probe<'_>) {
    for (name, value, text) in [
        ("if-range-stale-tag", HeaderValue::from_static(FOREIGN), "an unknown entity tag"),
        ("if-range-stale-date", STALE_DATE, "an old date"),
    ] {
        let is_partial = is_partial(probe, name, value).await;
        // The result is positive if every step succeeded. Without a response, it is unknown.
        probe.capabilities.if_range = match (probe.capabilities.if_range, is_partial) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (known, None) => known,
            (_, Some(false)) => Some(true),
        };
        if is_partial == Some(true) {
            let rule = if name == "if-range-stale-tag" { "R-10" } else { "R-12" };
            probe.found(
                Level::Warning,
                (rule, IF_RANGE_SECTION),
                format!("`If-Range` with {text} gets a 206, so a client may combine bytes of two versions"),
                COMPLETE,
            );
        }
    }
    let Some(tag) = probe.first.etag() else { return };
    let part = is_partial(probe, "if-range", tag.to_header_value()).await;
    if tag.is_weak() && part == Some(true) {
        probe.capabilities.if_range = Some(false);
        probe.found(
            Level::Warning,
            ("R-11", IF_RANGE_SECTION),
            "`If-Range` with a weak entity tag gets a 206, but a weak tag does not prove that the bytes are the same",
            COMPLETE,
        );
    } else if !tag.is_weak() && part == Some(false) && !probe.tag_changes {
        probe.found(
            Level::Note,
            ("R-05", IF_RANGE_SECTION),
            "`If-Range` with the current strong entity tag gets the complete content, so an interrupted download starts from the beginning",
            "send 206 if the tag is current",
        );
    }
}

async fn is_partial(probe: &mut Probe<'_>, name: &'static str, value: HeaderValue) -> Option<bool> {
    let response = probe.get(name, &[(RANGE, FIRST_BYTE), (IF_RANGE, value)]).await?;
    Some(response.status() == StatusCode::PARTIAL_CONTENT)
}
