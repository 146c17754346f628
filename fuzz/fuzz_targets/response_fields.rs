//! `Vary`, age, lifetime and freshness of any response, and its fields when it becomes a 304 or 412
//! (A-01 to A-07, F-01 to F-12, K-01 to K-06, N-01 to N-08).
#![no_main]

use http::{HeaderMap, HeaderName, StatusCode};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{
    Age, Cache, CacheControl, Freshness, HttpDate, Lifetime, Validators, Vary, into_not_modified,
    into_precondition_failed, remove_targeted_fields,
};
use tower_cache_policy_fuzz::hostile::fields;
use tower_cache_policy_fuzz::hostile::readers::{Permissions, vary_names};
use tower_cache_policy_fuzz::{fields as read_fields, now};

fuzz_target!(|input: &[u8]| {
    let [status, seconds, input @ ..] = input else { return };
    let status = StatusCode::from_u16(100 + u16::from(*status) * 2).unwrap();
    let (headers, _) = read_fields(input);
    freshness(status, &headers, u64::from(*seconds));
    vary(&headers);
    endings(&headers);
});

fn freshness(status: StatusCode, headers: &HeaderMap, seconds: u64) {
    let later = now().saturating_add(std::time::Duration::from_secs(seconds));
    let age = Age::corrected_initial(headers, now(), later);
    assert!(age.seconds() >= seconds, "A-06");
    assert!(age.current(now(), later).seconds() >= age.seconds());
    let of = |cache| Lifetime::of_response(cache, status, headers, now());
    let permissions = Permissions::both_readings(headers, now());
    let most = |of: fn(&Permissions) -> Option<u64>| permissions.iter().map(of).max().flatten();
    for (cache, most) in [(Cache::Private, most(Permissions::browser)), (Cache::Shared, most(Permissions::shared))] {
        let fresh = Freshness::of_response(cache, status, headers, now(), age);
        assert_eq!(fresh.lifetime(), of(cache));
        assert_eq!(fresh.is_fresh(), fresh.remaining() > 0);
        assert!(!fresh.may_reuse() || fresh.is_fresh());
        assert!(fresh.remaining() == 0 || fresh.staleness() == 0);
        assert!(
            !fresh.forbids_stale()
                || !(fresh.may_serve_while_revalidating() || fresh.may_serve_on_error())
                || fresh.is_fresh()
        );
        let seconds = of(cache).seconds();
        if !permissions.iter().any(Permissions::has_lifetime) {
            // F-03: without an explicit lifetime, heuristic freshness applies. A misspelled lifetime, such as
            // `max-age}60`, may make the response stale.
            let expected = heuristic(status, headers, &permissions);
            assert!(seconds == expected || (seconds == 0 && names_a_lifetime(headers)), "{seconds} {headers:?}");
        } else if permissions.iter().all(|word| word.no_store) {
            assert!(fresh.forbids_stale(), "{headers:?}");
        } else if let Some(most) = most {
            // The lifetime is at most that of the most permissive reading.
            assert!(!fresh.may_reuse() || seconds <= most, "{headers:?}");
        }
    }
}

/// Returns whether any line contains the name of a directive with a lifetime, regardless of the surrounding bytes.
fn names_a_lifetime(headers: &HeaderMap) -> bool {
    headers.get_all("cache-control").iter().any(|line| {
        let line = line.as_bytes().to_ascii_lowercase();
        line.windows(7).any(|part| part == b"max-age") || line.windows(8).any(|part| part == b"s-maxage")
    })
}

/// "a fraction of this time" since the last modification, of which "a typical setting ... might be 10%" (RFC 9111
/// section 4.2.2), for the statuses that are heuristically cacheable (M-04) and for `public`.
fn heuristic(status: StatusCode, headers: &HeaderMap, permissions: &[Permissions]) -> u64 {
    const CACHEABLE: [u16; 13] = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501];
    let only = |name: &str| {
        let mut lines = headers.get_all(name).iter();
        let line = lines.next().filter(|_| lines.next().is_none())?;
        Some(HttpDate::parse_in_any_case(line.as_bytes(), now()).ok()?.unix_seconds())
    };
    let may = CACHEABLE.contains(&status.as_u16()) || permissions.iter().any(|word| word.public);
    let Some(modified) = only("last-modified").filter(|_| may) else { return 0 };
    let age = only("date").unwrap_or(now().unix_seconds()) - modified;
    u64::try_from(age).unwrap_or(0) / 10
}

fn vary(headers: &HeaderMap) {
    let vary = Vary::from_headers(headers).unwrap_or_default();
    let names = vary_names(headers);
    assert!(!vary.is_any() || names.iter().any(|name| name != "accept"), "K-06");
    if !vary.is_any() {
        assert!(!names.iter().any(|name| name == "*"), "K-06");
        assert!(vary.names().all(|name| names.iter().any(|other| other.eq_ignore_ascii_case(name))));
    }
    let mut response = headers.clone();
    let mut more = Vary::new();
    more.insert("accept-language");
    more.add_to(&mut response);
    let after = Vary::from_headers(&response).unwrap();
    assert!(after.contains("accept-language") || after.is_any());
    assert_eq!(after, vary.union(&more));
}

fn endings(headers: &HeaderMap) {
    let is_edge_field = |name: &HeaderName| fields::is_targeted(name) || fields::is_tags(name);
    let mut not_modified = headers.clone();
    into_not_modified(&mut not_modified);
    for name in ["content-location", "date", "etag", "vary", "cache-control", "expires", "set-cookie"] {
        assert!(headers.get_all(name).iter().eq(not_modified.get_all(name)), "N-01: {name}");
    }
    assert!(!not_modified.contains_key("content-length"), "N-03");
    let mut failed = headers.clone();
    into_precondition_failed(&mut failed);
    assert!(!failed.keys().any(is_edge_field) && !failed.contains_key("etag"), "N-08");
    assert!(CacheControl::from_headers(&failed).unwrap().no_store());
    let mut bare = headers.clone();
    remove_targeted_fields(&mut bare);
    assert!(!bare.keys().any(is_edge_field) && !bare.contains_key("expires"));
    let validators = Validators::from_headers(headers, now());
    let mut written = HeaderMap::new();
    validators.write_to(&mut written, HttpDate::MAX);
    let again = Validators::from_headers(&written, now());
    assert_eq!((validators.etag(), validators.last_modified()), (again.etag(), again.last_modified()));
}
