//! Compares the parsers of structured fields with the crate `sfv` (X-01 to X-05, T-01 to T-12, H-01).
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::edge::CacheStatus;
use tower_cache_policy::protocol::{CacheControl, MAX_MEMBERS};
use tower_cache_policy_fuzz::hostile::readers::combined;
use tower_cache_policy_fuzz::lines;

const TARGETED: HeaderName = HeaderName::from_static("cdn-cache-control");
const STATUS: HeaderName = HeaderName::from_static("cache-status");

fuzz_target!(|input: &[u8]| {
    let lines = lines(input);
    let value = combined(&lines);
    // Both parsers have limits, and those of this crate are lower.
    if value.iter().filter(|byte| matches!(byte, b',' | b';' | b' ')).count() >= MAX_MEMBERS {
        return;
    }
    targeted(&lines, &value);
    status(&lines, &value);
});

fn targeted(lines: &[HeaderValue], value: &[u8]) {
    let headers: HeaderMap = lines.iter().map(|line| (TARGETED, line.clone())).collect();
    let own = CacheControl::from_targeted(&headers, TARGETED);
    let theirs = sfv::Parser::new(value).parse::<sfv::Dictionary>().ok().filter(|it| !it.is_empty());
    assert_eq!(own.is_some(), theirs.is_some(), "{}", String::from_utf8_lossy(value));
    let (Some(own), Some(theirs)) = (own, theirs) else { return };
    let item = |name: &str| match theirs.get(name) {
        Some(sfv::ListEntry::Item(item)) => Some(&item.bare_item),
        _ => None,
    };
    let seconds = |name| {
        let number = item(name).and_then(sfv::BareItem::as_integer).map(i64::from).filter(|number| *number >= 0);
        // C-04
        number.map(|number| i32::try_from(number).unwrap_or(i32::MAX).unsigned_abs())
    };
    let flag = |name| item(name).and_then(sfv::BareItem::as_boolean).unwrap_or(false);
    assert_eq!(own.max_age(), seconds("max-age"));
    assert_eq!(own.stale_if_error(), seconds("stale-if-error"));
    assert_eq!(own.no_store(), flag("no-store"));
    // `private` takes precedence over `public`.
    assert_eq!(own.public(), flag("public") && !own.private());
    assert_eq!(own.must_revalidate(), flag("must-revalidate"));
    assert!(!flag("no-cache") || own.no_cache());
    assert!(!flag("private") || own.private());
    if let Some(written) = own.to_targeted_value() {
        let headers: HeaderMap = [(TARGETED, written)].into_iter().collect();
        assert_eq!(
            CacheControl::from_targeted(&headers, TARGETED).and_then(|it| it.to_targeted_value()).as_ref(),
            headers.get(TARGETED)
        );
    }
}

fn status(lines: &[HeaderValue], value: &[u8]) {
    let headers: HeaderMap = lines.iter().map(|line| (STATUS, line.clone())).collect();
    let found: Vec<_> = CacheStatus::all_in(&headers).collect();
    // A value that is not a List is read leniently.
    let theirs = sfv::Parser::new(value).parse::<sfv::List>();
    assert!(
        theirs.as_ref().is_ok_and(|theirs| theirs.len() == found.len()) || theirs.is_err(),
        "{}",
        String::from_utf8_lossy(value)
    );
    let theirs = theirs.unwrap_or_default();
    let is_name = |entry: &sfv::ListEntry| match entry {
        sfv::ListEntry::Item(item) => item.bare_item.as_string().is_some() || item.bare_item.as_token().is_some(),
        sfv::ListEntry::InnerList(_) => false,
    };
    // The nearest cache is last.
    for (status, entry) in found.iter().zip(theirs.iter().rev()) {
        assert!(status.handling().is_none() || is_name(entry), "H-01: {status}");
    }
    for status in &found {
        let _ = (status.to_string(), status.is_hit(), status.handling().map(|it| (it.ttl(), it.fwd_status())));
    }
    // The keywords of vendors have no common grammar.
    for name in ["x-cache", "cf-cache-status", "x-vercel-cache", "akamai-cache-status", "x-varnish", "via"] {
        let name = HeaderName::from_static(name);
        let headers: HeaderMap = lines.iter().map(|line| (name.clone(), line.clone())).collect();
        let _ = CacheStatus::from_headers(&headers).map(|status| status.to_string());
    }
}
