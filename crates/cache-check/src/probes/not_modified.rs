//! Compares a 304 with its 200.

use std::fmt;

use http::HeaderName;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG,
    EXPIRES, VARY,
};
use tower_cache_policy::audit::Level;
use tower_cache_policy::protocol::Vary;

use super::probe::Probe;
use crate::exchange::Exchange;
use crate::finding::{Basis, Finding};
use crate::html::policy_nonces;

/// The fields that a 304 has if the 200 has them (N-01).
const CARRIED: [HeaderName; 6] = [CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, VARY];

/// The fields that a 304 does not have (N-02).
const OF_CONTENT: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE];

const SECTION: &str = "RFC 9110 section 15.4.5";

/// Compares the 304 with the 200 in `full`.
pub(super) fn examine(probe: &mut Probe<'_>, coding: Option<&str>, full: &Exchange, response: &Exchange) {
    let has = |exchange: &Exchange, name: &HeaderName| exchange.fields().contains_key(name);

    let lacking = CARRIED.iter().filter(|name| has(full, name) && !has(response, name));
    let lacking = names(lacking);
    if !lacking.is_empty() {
        report(
            probe,
            coding,
            Level::Warning,
            ("N-01", SECTION),
            format!("lacks {lacking}, which the 200 has"),
            "send the same fields with the 304 as with the 200",
        );
    }
    if let (Some(full_tag), Some(own)) = (full.value(&ETAG), response.value(&ETAG))
        && full_tag != own
        // A field that changes in each response is already reported.
        && !probe.tag_changes
    {
        report(
            probe,
            coding,
            Level::Warning,
            ("N-07", "RFC 9111 section 4.3.4"),
            format!(
                "has the entity tag {own}, but the 200 has {full_tag}, so caches do not find a stored response to update"
            ),
            "send the same entity tag with both",
        );
    }
    let differs = |name: &HeaderName| has(response, name) && full.value(name) != response.value(name);
    let vary = |exchange: &Exchange| Vary::parse(exchange.fields().get_all(VARY));
    let other_vary = has(full, &VARY) && has(response, &VARY) && vary(full) != vary(response);
    if other_vary || (has(full, &CACHE_CONTROL) && differs(&CACHE_CONTROL)) {
        let name = if other_vary { "Vary" } else { "Cache-Control" };
        report(
            probe,
            coding,
            Level::Warning,
            ("N-01", SECTION),
            format!("has a different `{name}` than the 200, which replaces it in caches"),
            "send the same value with both",
        );
    }
    let described = names(OF_CONTENT.iter().filter(|name| has(response, name)));
    if !described.is_empty() {
        report(
            probe,
            coding,
            Level::Note,
            ("N-02", SECTION),
            format!("has {described}, which replaces the field of the stored response"),
            "omit the fields that describe the content",
        );
    }
    let own_nonces = policy_nonces(response);
    if !own_nonces.is_empty() && own_nonces != policy_nonces(full) {
        report(
            probe,
            coding,
            Level::Warning,
            ("G-18", "RFC 9111 section 3.2"),
            "has a different nonce in its Content Security Policy than the stored content, so browsers block its scripts",
            "omit the Content Security Policy from the 304, or send `no-store` with pages that have a nonce",
        );
    }
    let length = full.content().map(|content| content.len() as u64).or_else(|| full.length());
    if let (Some(own), Some(length)) = (response.length(), length)
        && own != length
    {
        report(
            probe,
            coding,
            Level::Warning,
            ("N-03", "RFC 9110 section 8.6"),
            format!("has `Content-Length: {own}`, but the 200 has {length} bytes"),
            "do not send `Content-Length` with a 304",
        );
    }
    // This is detected only over HTTP/2. Over HTTP/1.1, the content looks like the next response on the connection.
    if response.content().is_some_and(|content| !content.is_empty()) {
        report(probe, coding, Level::Warning, ("N-04", SECTION), "has content", "do not send content with a 304");
    }
}

/// A problem that also occurs in the 304 without a content coding is reported only once.
fn report(
    probe: &mut Probe<'_>,
    coding: Option<&str>,
    level: Level,
    basis: Basis,
    text: impl fmt::Display,
    change: &str,
) {
    let plain = Finding::new(level, basis, format!("the 304 {text}"), change);
    if probe.findings.contains(&plain) {
        return;
    }
    match coding {
        None => probe.findings.push(plain),
        Some(coding) => probe.found(level, basis, format!("the 304 for `{coding}` {text}"), change),
    }
}

/// Returns the names in their usual spelling, such as `Cache-Control`.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a HeaderName>) -> String {
    names.map(|name| format!("`{}`", canonical(name))).collect::<Vec<_>>().join(", ")
}

fn canonical(name: &HeaderName) -> String {
    if name == ETAG {
        return "ETag".to_owned();
    }
    let words = name.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}
