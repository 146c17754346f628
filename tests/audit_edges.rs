//! Compares audits of six caches with their measured behavior in `tests/edges/expected.json`, which
//! `tests/edges/run` measures again.
#![allow(clippy::unwrap_used)] // As in any test.

use http::{HeaderName, HeaderValue, Request, Response};
use serde_json::Value;
use tower_cache_policy::audit::{CacheAudit, Validation, Verdict};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::protocol::HttpDate;

/// The differences between audits and measurements, with the reasons.
const OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "`Vary: accept-encoding`",
        "haproxy",
        "it is set up to store that, with `process-vary`, which is off as it comes; the profile has what comes",
    ),
    (
        "503, `stale-if-error`",
        "nginx",
        "it obeys `stale-if-error` if the site is unreachable, but not if the site returns an error",
    ),
    ("503, `stale-if-error`, `s-maxage`", "nginx", "as without `s-maxage`"),
    (
        "503, `stale-if-error`, `s-maxage`",
        "squid",
        "`s-maxage` forbids it (C-32), which some caches overlook, so that an audit does not count on it",
    ),
    ("503, `stale-if-error`, `s-maxage`", "trafficserver", "as Squid"),
    ("down, `stale-if-error`, `s-maxage`", "squid", "as with an error"),
    ("down, `stale-if-error`, `s-maxage`", "trafficserver", "as Squid"),
];

/// The caches whose profile describes their default configuration.
const CACHES: [(&str, EdgeProfile); 5] = [
    ("nginx", EdgeProfile::NGINX),
    ("varnish", EdgeProfile::VARNISH),
    ("squid", EdgeProfile::SQUID),
    ("trafficserver", EdgeProfile::TRAFFIC_SERVER),
    ("haproxy", EdgeProfile::HAPROXY),
];

fn audit(profile: &EdgeProfile, request_line: &str, status: u16, response_lines: &str) -> Verdict {
    let (mut request, ()) = Request::get("/").body(()).unwrap().into_parts();
    let (mut response, ()) = Response::builder().status(status).body(()).unwrap().into_parts();
    for (headers, lines) in [(&mut request.headers, request_line), (&mut response.headers, response_lines)] {
        for line in lines.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
    }
    let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    CacheAudit::of(&request, &response, now).with_edge(profile).edge(profile.name()).unwrap().clone()
}

/// Returns the result of an audit in the form of the table, if audits cover the behavior.
fn prediction(profile: &EdgeProfile, behaviour: &str) -> Option<&'static str> {
    let of = |response_lines: &str| audit(profile, "", 200, &format!("{response_lines}\netag: \"1\""));
    let seldom = |verdict: Verdict, name: &str| {
        let stored = verdict.key().is_some_and(|key| key.fields().iter().any(|field| field == name));
        if stored { "apart" } else { "not stored" }
    };
    let never = |verdict: Verdict| if verdict.remaining_freshness() == Some(0) { "never" } else { "stored" };
    let lifetime = |verdict: Verdict, seconds| {
        if verdict.remaining_freshness() == Some(seconds) { "honored" } else { "ignored" }
    };
    let background = |verdict: Verdict| {
        let window = verdict.after_expiry().and_then(|then| then.stale_while_revalidate());
        if window.is_some() { "stale at once" } else { "waits" }
    };
    let on_error = |verdict: Verdict| {
        let then = *verdict.after_expiry().unwrap();
        if then.stale_if_error().is_some() || then.stale_when_unreachable() { "stale" } else { "error" }
    };
    Some(match behaviour {
        "`/page`, requested twice" if of("cache-control: max-age=60").remaining_freshness() == Some(60) => "MISS, HIT",
        "`/page`, requested twice" => "MISS, MISS",
        "`private, no-store`" => never(of("cache-control: private, no-store")),
        "`Set-Cookie`, route `public`" => never(of("cache-control: private, max-age=60\nset-cookie: id=1")),
        "500, on a route with `max-age`" => never(audit(profile, "", 500, "cache-control: private, no-store")),
        "`Authorization`, route `max-age`" | "`Authorization`, route `public`" => {
            never(audit(profile, "authorization: Basic YTpi", 200, "cache-control: private, max-age=60"))
        }
        "`Vary: accept-encoding`" => seldom(of("cache-control: max-age=60\nvary: accept-encoding"), "accept-encoding"),
        "`Vary: accept-language`" => seldom(of("cache-control: max-age=60\nvary: accept-language"), "accept-language"),
        "`s-maxage` longer than `max-age`" => lifetime(of("cache-control: max-age=1, s-maxage=60"), 60),
        "`s-maxage` shorter than `max-age`" => lifetime(of("cache-control: max-age=60, s-maxage=3"), 3),
        "after `max-age`, with `ETag`" => match of("cache-control: max-age=3").after_expiry()?.validation() {
            Validation::EntityTag => "304",
            _ => "new response",
        },
        "`stale-while-revalidate`" => background(of("cache-control: max-age=3, stale-while-revalidate=60")),
        "`stale-while-revalidate`, `s-maxage`" => {
            background(of("cache-control: max-age=1, s-maxage=3, stale-while-revalidate=60"))
        }
        "503, `stale-if-error`" | "down, `stale-if-error`" => {
            on_error(of("cache-control: max-age=3, stale-if-error=60"))
        }
        "503, `stale-if-error`, `s-maxage`" | "down, `stale-if-error`, `s-maxage`" => {
            on_error(of("cache-control: max-age=1, s-maxage=3, stale-if-error=60"))
        }
        "503, `must-revalidate`" | "down, `must-revalidate`" => {
            on_error(of("cache-control: max-age=3, must-revalidate"))
        }
        "down, `max-age` alone" => on_error(of("cache-control: max-age=3")),
        _ => return None,
    })
}

#[test]
fn an_audit_matches_the_behavior_of_caches() {
    let measured: Value = serde_json::from_str(include_str!("edges/expected.json")).unwrap();
    let (mut compared, mut others) = (0, Vec::new());
    for (behaviour, by_cache) in measured.as_object().unwrap() {
        for (cache, profile) in &CACHES {
            let Some(prediction) = prediction(profile, behaviour) else { continue };
            // The cache chooses the status of the error.
            let measured = match by_cache[cache].as_str().unwrap() {
                "502" | "503" | "504" => "error",
                result => result,
            };
            compared += 1;
            if prediction != measured {
                others.push((behaviour.as_str(), *cache));
            }
        }
    }
    let listed: Vec<_> = OTHERWISE.iter().map(|(behaviour, cache, _)| (*behaviour, *cache)).collect();
    others.sort_unstable();
    let mut expected = listed;
    expected.sort_unstable();
    assert_eq!(others, expected, "what is listed and no longer so, or is so and not listed");
    assert!(compared >= 80, "{compared}");
}

#[test]
fn no_edge_stores_a_response_with_no_store_despite_its_fields() {
    for profile in EdgeProfile::all() {
        for (method, status) in [("POST", 200), ("PUT", 200), ("GET", 428), ("GET", 429), ("GET", 511)] {
            let (request, ()) = Request::builder().method(method).uri("/").body(()).unwrap().into_parts();
            let response = Response::builder().status(status).header("cache-control", "public, max-age=60");
            let (response, ()) = response.body(()).unwrap().into_parts();
            let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
            let audit = CacheAudit::of(&request, &response, now).with_edge(profile);
            assert!(
                !audit.edge(profile.name()).unwrap().may_store(),
                "M-02, N-09: {method} {status} at {}",
                profile.name()
            );
        }
    }
}

/// If they differ, the audit reports that the response is stored, and not the opposite.
#[test]
fn an_audit_never_reports_a_stored_response_as_not_stored() {
    let measured: Value = serde_json::from_str(include_str!("edges/expected.json")).unwrap();
    for (behaviour, cache, reason) in OTHERWISE {
        let (_, profile) = CACHES.into_iter().find(|(name, _)| name == cache).unwrap();
        let measured = measured[behaviour][cache].as_str().unwrap();
        let prediction = prediction(&profile, behaviour).unwrap();
        let set_up_otherwise = *cache == "haproxy" && measured == "apart";
        assert!(set_up_otherwise || prediction == "stale", "{behaviour} at {cache}: {measured}, {reason}");
    }
}
