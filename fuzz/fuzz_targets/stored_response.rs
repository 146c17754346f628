//! The fields of a stored response: which fields a cache stores, how a 304 updates them, which requests select the
//! response, and which bytes a request gets (K-03, N-06, N-07, R-02 to R-07, S-02, S-06).
//!
//! The input consists of a request, an empty line, a response, an empty line and a newer response.
#![no_main]

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{
    Age, Cache, CacheControl, EffectiveControl, Freshness, IfRange, Outcome, Preconditions, RequestedBytes,
    ReuseLimits, SelectingFields, SelectingValues, Storability, StorageProhibition, Vary, into_partial_content,
    into_range_not_satisfiable, is_confirmed_by_head, is_confirmed_by_not_modified, remove_unstored_fields,
    update_stored_fields,
};
use tower_cache_policy_fuzz::{fields, now};

/// Fields that are never stored.
const OF_CONNECTION: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fuzz_target!(|input: &[u8]| {
    let [length, age, input @ ..] = input else { return };
    let (request, input) = fields(input);
    let (response, input) = fields(input);
    let (update, _) = fields(input);
    reused(&request, &response, u64::from(*age));
    stored(&response);
    updated(&response, &update);
    selected(&request, &update, &response);
    sent(&request, &response, u64::from(*length));
});

fn reused(request: &HeaderMap, response: &HeaderMap, age: u64) {
    let targets = [HeaderName::from_static("cdn-cache-control")];
    let control = EffectiveControl::from_targeted(response, &targets);
    let is_targeted = CacheControl::from_targeted(response, &targets[0]).is_some();
    assert_eq!(control.is_targeted(), is_targeted, "T-05");
    let (mut parts, ()) = Request::get("/").body(()).unwrap().into_parts();
    parts.headers = request.clone();
    let mut without_expires = response.clone();
    if is_targeted {
        without_expires.remove("expires");
    }
    for cache in [Cache::Private, Cache::Shared] {
        let storability = |headers| Storability::under(&control, cache, &parts, StatusCode::OK, headers);
        assert_eq!(storability(response), storability(&without_expires), "T-05");
        if !is_targeted {
            assert_eq!(storability(response), Storability::of_response(cache, &parts, StatusCode::OK, response));
        }
        let ignoring = Storability::under(&control.clone().ignoring_request(), cache, &parts, StatusCode::OK, response);
        assert_ne!(ignoring, Storability::Forbidden(StorageProhibition::RequestNoStore), "C-17");

        let limits = ReuseLimits::under(&control, cache, StatusCode::OK, response, now());
        let fresh = Freshness::within(limits, Age::from_seconds(age));
        assert_eq!(fresh.may_reuse(), age < limits.without_validation());
        assert_eq!(limits, ReuseLimits::under(&control, cache, StatusCode::OK, &without_expires, now()), "T-05");
        assert!(limits.without_validation() <= limits.lifetime().seconds());
        for limit in [limits.while_revalidating(), limits.on_error()] {
            assert!(limit == 0 || (!limits.forbids_stale() && limit >= limits.lifetime().seconds()), "C-32");
        }
    }
}

fn stored(response: &HeaderMap) {
    let control = CacheControl::from_headers(response).unwrap_or_default();
    for cache in [Cache::Private, Cache::Shared] {
        let mut stored = response.clone();
        if remove_unstored_fields(&mut stored, &control, cache).is_err() {
            assert_eq!(&stored, response);
            continue;
        }
        assert!(!OF_CONNECTION.iter().any(|name| stored.contains_key(*name)), "S-02");
        assert!(!control.no_cache_fields().iter().any(|name| stored.contains_key(name)), "C-22");
        let is_private = |name: &str| stored.contains_key(name);
        assert!(cache == Cache::Private || !control.private_fields().iter().any(is_private), "C-24");
        for (name, line) in &stored {
            assert!(response.get_all(name).iter().any(|own| own == line), "nothing is added");
        }
        // A field is lost only if a rule names it.
        let named =
            response.get_all("connection").iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b","[..]);
        let named = named.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_ascii_lowercase());
        let named: BTreeSet<Vec<u8>> = named.collect();
        for name in response.keys() {
            let removable = OF_CONNECTION.contains(&name.as_str())
                || named.contains(name.as_str().as_bytes())
                || control.no_cache_fields().contains(name.as_str())
                || (cache == Cache::Shared && control.private_fields().contains(name.as_str()));
            assert!(removable || stored.get_all(name).iter().eq(response.get_all(name)), "S-02: {name}");
        }
        for name in ["vary", "cache-control", "content-encoding", "content-type"] {
            assert!(stored.get_all(name).iter().eq(response.get_all(name)), "{name}");
        }
    }
}

fn updated(stored: &HeaderMap, update: &HeaderMap) {
    let mut found = stored.clone();
    if update_stored_fields(&mut found, update).is_err() {
        return;
    }
    for name in ["content-encoding", "content-length", "content-range", "content-digest", "keep-alive"] {
        assert!(found.get_all(name).iter().eq(stored.get_all(name)), "S-06: {name}");
    }
    for name in ["cache-control", "vary", "expires", "etag", "set-cookie", "content-type"] {
        let newer = if update.contains_key(name) { update } else { stored };
        assert!(found.get_all(name).iter().eq(newer.get_all(name)), "N-06: {name}");
    }
    for name in ["age", "date"] {
        assert!(found.get_all(name).iter().eq(update.get_all(name)), "A-03: {name}");
    }
    let again = found.clone();
    update_stored_fields(&mut found, update).unwrap();
    assert_eq!(found, again);
    // A 304 with a different tag does not update anything.
    if is_confirmed_by_not_modified(stored, update, now()) && update.contains_key("etag") {
        let opaque = |headers: &HeaderMap| {
            let tag = headers["etag"].as_bytes().trim_ascii();
            tag.strip_prefix(b"W/").unwrap_or(tag).to_owned()
        };
        assert_eq!(opaque(stored), opaque(update), "N-07");
    }
    if is_confirmed_by_head(stored, 10, update, now()) {
        assert!(update.contains_key("etag") || update.contains_key("last-modified"), "S-07");
    }
}

fn selected(one: &HeaderMap, other: &HeaderMap, response: &HeaderMap) {
    let vary = Vary::from_headers(response).unwrap_or_default();
    let Some(fields) = SelectingFields::from_vary(&vary) else {
        assert!(vary.is_any() || vary.names().any(|name| HeaderName::try_from(name).is_err()), "K-03");
        return;
    };
    let choices = [fields.clone(), fields.clone().with_codings(["gzip", "br"]), fields.clone().in_any_language_order()];
    for fields in choices {
        let (Some(one_values), Some(other_values)) = (fields.values_in(one), fields.values_in(other)) else { continue };
        assert!(one_values.as_bytes().len() <= SelectingValues::MAX_LENGTH);
        assert_eq!(SelectingValues::from_bytes(one_values.as_bytes()).as_ref(), Some(&one_values));
        let same = |name: &HeaderName| one.get_all(name).iter().eq(other.get_all(name));
        assert!(one_values == other_values || !fields.names().iter().all(same), "K-03");
        if one_values == other_values {
            for name in fields.names() {
                assert_eq!(one.contains_key(name), other.contains_key(name), "K-03: {name}");
            }
        }
    }
    let (Some(one_values), Some(other_values)) = (fields.values_in(one), fields.values_in(other)) else { return };
    if one_values != other_values {
        return;
    }
    // Equal values differ at most in white space, in the places of commas between lines, and in two fields.
    for name in fields.names().iter().filter(|name| !name.as_str().starts_with("accept-")) {
        let text = |headers: &HeaderMap| {
            let separator: &[u8] = if name == "cookie" { b";" } else { b"," };
            let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            let mut text = lines.join(separator);
            text.retain(|byte| !matches!(byte, b' ' | b'\t'));
            text
        };
        assert_eq!(text(one), text(other), "K-03: {name}");
    }
}

fn sent(request: &HeaderMap, response: &HeaderMap, length: u64) {
    let preconditions = Preconditions::new(&Method::GET, request);
    let evaluation = preconditions.evaluate_stored(response, now(), now());
    assert_ne!(evaluation.outcome(), Outcome::PreconditionFailed, "P-10");
    let is_conditional = ["if-none-match", "if-modified-since"].iter().any(|name| request.contains_key(*name));
    assert!(evaluation.outcome() == Outcome::Proceed || is_conditional);
    match RequestedBytes::of_request(&Method::GET, request, IfRange::Absent, length) {
        RequestedBytes::All => {}
        RequestedBytes::Part(part) => {
            assert!(part.start() <= part.end() && *part.end() < length, "R-02");
            let mut headers = response.clone();
            into_partial_content(&mut headers, part.clone(), length);
            let range = format!("bytes {}-{}/{length}", part.start(), part.end());
            assert_eq!(headers["content-range"], range, "R-07");
            assert_eq!(headers["content-length"], (part.end() - part.start() + 1).to_string());
        }
        RequestedBytes::Unsatisfiable => {
            let mut headers = response.clone();
            into_range_not_satisfiable(&mut headers, length);
            assert_eq!(headers["content-range"], format!("bytes */{length}"), "R-05");
            assert!(!headers.contains_key("etag"));
        }
    }
}
