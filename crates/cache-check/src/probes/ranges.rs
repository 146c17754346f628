//! Ranges: is a part a part of what was kept?

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LOCATION, CONTENT_RANGE, ETAG, EXPIRES, HeaderValue, IF_RANGE, RANGE, VARY,
};
use http::{HeaderName, StatusCode};
use tower_cache_policy::audit::Level;

use super::not_modified::names;
use super::probe::Probe;
use super::revalidation::FOREIGN;
use crate::exchange::Exchange;

/// What a 206 carries when the 200 does.
const CARRIED: [HeaderName; 5] = [CACHE_CONTROL, CONTENT_LOCATION, ETAG, EXPIRES, VARY];

const FIRST_BYTE: HeaderValue = HeaderValue::from_static("bytes=0-0");
const STALE_DATE: HeaderValue = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
const IF_RANGE_SECTION: &str = "RFC 9110 section 13.1.5";
const WHOLE: &str = "send the whole with 200 unless `If-Range` is proved true";

pub(super) async fn ask(probe: &mut Probe<'_>) {
    let first = probe.first;
    if first.content().is_some_and(|content| content.len() < 2) {
        return;
    }
    let Some(part) = probe.get("range", &[(RANGE, FIRST_BYTE)]).await else { return };
    probe.works.ranges = Some(part.status() == StatusCode::PARTIAL_CONTENT);
    match part.status() {
        StatusCode::PARTIAL_CONTENT => {
            examine(probe, &part);
            if_range(probe).await;
        }
        StatusCode::OK => {
            let promised = first.fields().get(ACCEPT_RANGES).is_some_and(|value| value == "bytes");
            // To ignore a range is allowed, to promise and ignore it misleads.
            if promised {
                probe.found(
                    Level::Warning,
                    ("R-01", "RFC 9110 section 14.3"),
                    "`Accept-Ranges: bytes` is promised, and a range is answered with the whole",
                    "serve ranges, or do not promise them",
                );
            }
        }
        other => probe.found(
            Level::Warning,
            ("R-05", "RFC 9110 section 14.2"),
            format!("a range that can be satisfied is answered {}", other.as_u16()),
            "answer 206, or 200 with the whole",
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
            "send with the 206 what the 200 would have",
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
    // Content that changes from answer to answer fits nothing.
    let same_version = probe.works.stable_content != Some(false) && part.value(&ETAG) == first.value(&ETAG);
    if range.is_none() || (same_version && !(fits && byte_fits)) {
        probe.found(
            Level::Warning,
            ("R-07", "RFC 9110 section 15.3.7.1"),
            format!(
                "the 206 to `bytes=0-0` is not the first byte (`Content-Range: {}`)",
                range.as_deref().unwrap_or("")
            ),
            "send the range that was asked for, and say which it is",
        );
    }
}

async fn if_range(probe: &mut Probe<'_>) {
    probe.works.if_range = Some(true);
    for (name, value, text) in [
        ("if-range-stale-tag", HeaderValue::from_static(FOREIGN), "an unknown entity tag"),
        ("if-range-stale-date", STALE_DATE, "an old date"),
    ] {
        if is_part(probe, name, value).await == Some(true) {
            probe.works.if_range = Some(false);
            let rule = if name == "if-range-stale-tag" { "R-10" } else { "R-12" };
            probe.found(
                Level::Warning,
                (rule, IF_RANGE_SECTION),
                format!("`If-Range` with {text} gets a 206, so that a client puts two versions together"),
                WHOLE,
            );
        }
    }
    let Some(tag) = probe.first.etag() else { return };
    let part = is_part(probe, "if-range", tag.to_header_value()).await;
    if tag.is_weak() && part == Some(true) {
        probe.works.if_range = Some(false);
        probe.found(
            Level::Warning,
            ("R-11", IF_RANGE_SECTION),
            "`If-Range` with a weak entity tag gets a 206, and weak tags do not prove that the bytes are the same",
            WHOLE,
        );
    } else if !tag.is_weak() && part == Some(false) && probe.works.stable_tag != Some(false) {
        probe.found(
            Level::Note,
            ("R-05", IF_RANGE_SECTION),
            "`If-Range` with its own strong entity tag gets the whole, so that a broken download starts anew",
            "answer 206 when the tag is the current one",
        );
    }
}

async fn is_part(probe: &mut Probe<'_>, name: &'static str, value: HeaderValue) -> Option<bool> {
    let answer = probe.get(name, &[(RANGE, FIRST_BYTE), (IF_RANGE, value)]).await?;
    Some(answer.status() == StatusCode::PARTIAL_CONTENT)
}
