//! What a 304 carries.

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

/// What a 304 carries when the 200 does (N-01).
const CARRIED: [HeaderName; 6] = [CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, VARY];

/// What it does not carry (N-02).
const OF_CONTENT: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE];

const SECTION: &str = "RFC 9110 section 15.4.5";

/// Examines the 304 to a request that `whole` would have answered.
pub(super) fn examine(probe: &mut Probe<'_>, coding: Option<&str>, whole: &Exchange, answer: &Exchange) {
    let has = |exchange: &Exchange, name: &HeaderName| exchange.fields().contains_key(name);

    let lacking = CARRIED.iter().filter(|name| has(whole, name) && !has(answer, name));
    let lacking = names(lacking);
    if !lacking.is_empty() {
        tell(
            probe,
            coding,
            Level::Warning,
            ("N-01", SECTION),
            format!("lacks {lacking}, which the 200 has"),
            "send with the 304 what the 200 would have",
        );
    }
    if let (Some(of_whole), Some(own)) = (whole.value(&ETAG), answer.value(&ETAG))
        && of_whole != own
        // One that changes by itself is told of already.
        && probe.works.stable_tag != Some(false)
    {
        tell(
            probe,
            coding,
            Level::Warning,
            ("N-07", "RFC 9111 section 4.3.4"),
            format!("has the entity tag {own}, and the 200 has {of_whole}, so that caches may update nothing"),
            "send the same entity tag with both",
        );
    }
    let differs = |name: &HeaderName| has(answer, name) && whole.value(name) != answer.value(name);
    let vary = |exchange: &Exchange| Vary::parse(exchange.fields().get_all(VARY));
    let other_vary = has(whole, &VARY) && has(answer, &VARY) && vary(whole) != vary(answer);
    if other_vary || (has(whole, &CACHE_CONTROL) && differs(&CACHE_CONTROL)) {
        let name = if other_vary { "Vary" } else { "Cache-Control" };
        tell(
            probe,
            coding,
            Level::Warning,
            ("N-01", SECTION),
            format!("has another `{name}` than the 200, and replaces it in caches"),
            "send the same with both",
        );
    }
    let described = names(OF_CONTENT.iter().filter(|name| has(answer, name)));
    if !described.is_empty() {
        tell(
            probe,
            coding,
            Level::Note,
            ("N-02", SECTION),
            format!("has {described}, which caches write over what they keep"),
            "leave out what describes the content",
        );
    }
    let length = whole.content().map(|content| content.len() as u64).or_else(|| whole.length());
    if let (Some(own), Some(length)) = (answer.length(), length)
        && own != length
    {
        tell(
            probe,
            coding,
            Level::Warning,
            ("N-03", "RFC 9110 section 8.6"),
            format!("says `Content-Length: {own}`, and the 200 has {length} bytes"),
            "send no `Content-Length` with a 304",
        );
    }
    // Seen over HTTP/2; over HTTP/1.1 nothing tells it from what comes next on the connection.
    if answer.content().is_some_and(|content| !content.is_empty()) {
        tell(probe, coding, Level::Warning, ("N-04", SECTION), "has content", "end it with its fields");
    }
}

/// What a 304 has for each coding is told once, where it is so without a coding too.
fn tell(
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
        Some(coding) => probe.found(level, basis, format!("the 304 under `{coding}` {text}"), change),
    }
}

/// As they are known: `Cache-Control`.
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
