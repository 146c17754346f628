//! Tests audits: the exact text for typical responses, each warning with a case in which it applies and one in which it
//! does not, and properties for any fields.
#![allow(clippy::unwrap_used)] // As in any test.

use http::{HeaderName, HeaderValue, Method, Request, Response, request, response};
use proptest::prelude::*;
use tower_cache_policy::audit::{CacheAudit, CacheKind, Level, Warning};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::Personalized;
use tower_cache_policy::protocol::{Cache, HttpDate};

/// Mon, 01 Jun 2026 00:00:00 GMT
const NOW: i64 = 1_780_272_000;

fn now() -> HttpDate {
    HttpDate::from_unix_seconds(NOW).unwrap()
}

/// `{-n}` in a value is the date n seconds ago.
fn value(text: &str) -> HeaderValue {
    let offset = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')?.parse::<i64>().ok());
    match offset {
        Some(offset) => HttpDate::from_unix_seconds(NOW + offset).unwrap().to_header_value(),
        None => HeaderValue::from_str(text).unwrap(),
    }
}

fn with_fields(headers: &mut http::HeaderMap, lines: &[&str]) {
    for line in lines {
        let (name, text) = line.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), value(text));
    }
}

fn exchange(path: &str, request_lines: &[&str], status: u16, lines: &[&str]) -> (request::Parts, response::Parts) {
    let (mut request, ()) = Request::get(path).body(()).unwrap().into_parts();
    with_fields(&mut request.headers, request_lines);
    let (mut response, ()) = Response::builder().status(status).body(()).unwrap().into_parts();
    with_fields(&mut response.headers, lines);
    (request, response)
}

fn audit(path: &str, request_lines: &[&str], status: u16, lines: &[&str]) -> CacheAudit {
    let (request, response) = exchange(path, request_lines, status, lines);
    CacheAudit::of(&request, &response, now())
}

fn page(lines: &[&str]) -> CacheAudit {
    audit("/", &[], 200, lines)
}

#[test]
fn typical_reports_are_plain_english() {
    let table: &[(&str, CacheAudit, &str)] = &[
        (
            "a page for all",
            page(&["cache-control: public, max-age=60", "etag: \"1\""]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then revalidates it by entity tag (RFC 9111 section \
             4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07).\n\
             A shared cache may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 \
             seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then revalidates it by entity tag (RFC 9111 \
             section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07).",
        ),
        (
            "a page that the edge stores longer",
            page(&[
                "cache-control: max-age=60, s-maxage=600",
                "etag: \"1\"",
                "last-modified: {-86400}",
                "vary: Accept-Encoding",
            ]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then revalidates it by entity tag and date (RFC 9111 \
             section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07), plus \
             `accept-encoding` (RFC 9111 section 4.1, K-03).\n\
             A shared cache may store it (`s-maxage` allows it; RFC 9111 section 3, S-01) and reuse it for 600 \
             seconds (`s-maxage`; RFC 9111 section 5.2.2.10, C-21), then revalidates it by entity tag and date \
             (RFC 9111 section 4.3.1, S-08). It is never served stale (RFC 9111 section 4.2.4, C-32). The key is \
             the method and the URL (RFC 9111 section 2, K-07), plus `accept-encoding` (RFC 9111 section 4.1, \
             K-03).",
        ),
        (
            "a secret",
            page(&["cache-control: private, no-store"]),
            "A browser must not store it (`no-store`; RFC 9111 section 5.2.2.5, C-23).\n\
             A shared cache must not store it (`no-store`; RFC 9111 section 5.2.2.5, C-23).",
        ),
        (
            "a response without a policy",
            page(&["cache-control: private, no-cache", "etag: W/\"1\""]),
            "A browser may store it (`private` allows it; RFC 9111 section 3, S-01) and before each reuse \
             (`no-cache`; RFC 9111 section 5.2.2.4, C-22) revalidates it by entity tag (RFC 9111 section 4.3.1, \
             S-08). It is never served stale (RFC 9111 section 4.2.4, C-32). The key is the method and the URL \
             (RFC 9111 section 2, K-07).\n\
             A shared cache must not store it (`private`; RFC 9111 section 5.2.2.7, C-24).",
        ),
        (
            "a page for one visitor",
            page(&["cache-control: private, max-age=60", "set-cookie: id=1"]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             A shared cache must not store it (`private`; RFC 9111 section 5.2.2.7, C-24).",
        ),
        (
            "a page without caching fields",
            page(&["last-modified: {-86400}"]),
            "A browser may store it (no directive forbids it, and the status is heuristically cacheable; RFC 9111 \
             section 3, S-01) and reuse it for 8640 seconds (heuristic freshness from `Last-Modified`; RFC 9111 \
             section 4.2.2, F-03), then revalidates it by date (RFC 9111 section 4.3.1, S-08). The key is the \
             method and the URL (RFC 9111 section 2, K-07).\n\
             A shared cache may store it (no directive forbids it, and the status is heuristically cacheable; RFC \
             9111 section 3, S-01) and reuse it for 8640 seconds (heuristic freshness from `Last-Modified`; RFC \
             9111 section 4.2.2, F-03), then revalidates it by date (RFC 9111 section 4.3.1, S-08). The key is \
             the method and the URL (RFC 9111 section 2, K-07).\n\
             warning: a browser and a shared cache may apply heuristic freshness, because the response does not \
             state a lifetime; add `max-age` or `no-cache` (RFC 9111 section 4.2.2, F-04)",
        ),
        (
            "an asset",
            audit("/app.3f2a9c1b.js", &[], 200, &["cache-control: public, max-age=31536000, immutable"]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 31536000 \
             seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             A shared cache may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for \
             31536000 seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does \
             not have a validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 \
             section 2, K-07).",
        ),
        (
            "a page that may be stale",
            page(&[
                "cache-control: max-age=60, stale-while-revalidate=30, stale-if-error=300",
                "age: 20",
                "etag: \"1\"",
            ]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), of which 20 seconds have passed (RFC 9111 section 4.2.3, \
             A-06), then revalidates it by entity tag (RFC 9111 section 4.3.1, S-08). It may be served stale for \
             30 seconds during revalidation (RFC 5861 section 3, C-31). It may be served stale for 300 seconds in \
             place of an error (RFC 5861 section 4, C-31). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             A shared cache may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 \
             seconds (`max-age`; RFC 9111 section 4.2.1, F-01), of which 20 seconds have passed (RFC 9111 section \
             4.2.3, A-06), then revalidates it by entity tag (RFC 9111 section 4.3.1, S-08). It may be served \
             stale for 30 seconds during revalidation (RFC 5861 section 3, C-31). It may be served stale for 300 \
             seconds in place of an error (RFC 5861 section 4, C-31). The key is the method and the URL (RFC 9111 \
             section 2, K-07).",
        ),
        (
            "a response to a request with credentials",
            audit("/", &["authorization: x"], 200, &["cache-control: max-age=60"]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             A shared cache must not store it (the request has `Authorization`, and no directive allows a shared \
             cache to store it; RFC 9111 section 3.5, S-04).",
        ),
        (
            "an error without caching fields",
            audit("/", &[], 404, &[]),
            "A browser may store it (no directive forbids it, and the status is heuristically cacheable; RFC 9111 \
             section 3, S-01), but it is stale at once (no lifetime is stated; RFC 9111 section 4.2.1, F-01), so \
             the cache fetches it again, because it does not have a validator (RFC 9111 section 4.3.1, S-08). The \
             key is the method and the URL (RFC 9111 section 2, K-07).\n\
             A shared cache may store it (no directive forbids it, and the status is heuristically cacheable; RFC \
             9111 section 3, S-01), but it is stale at once (no lifetime is stated; RFC 9111 section 4.2.1, \
             F-01), so the cache fetches it again, because it does not have a validator (RFC 9111 section 4.3.1, \
             S-08). The key is the method and the URL (RFC 9111 section 2, K-07).",
        ),
        (
            "a redirect without caching fields",
            audit("/", &[], 302, &[]),
            "A browser must not store it (no lifetime is stated, and the status is not heuristically cacheable; \
             RFC 9111 section 3, S-01).\n\
             A shared cache must not store it (no lifetime is stated, and the status is not heuristically \
             cacheable; RFC 9111 section 3, S-01).",
        ),
        (
            "what varies on everything",
            page(&["cache-control: max-age=60", "vary: *"]),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). No later request matches it (`Vary: *`; RFC 9111 section \
             4.1, K-03).\n\
             A shared cache may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 \
             seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). No later request matches it (`Vary: *`; RFC 9111 section \
             4.1, K-03).",
        ),
        (
            "a page for edges alone",
            page(&[
                "cache-control: no-store",
                "cdn-cache-control: max-age=600",
                "cache-tag: a,b",
                "vary: Accept-Language",
            ])
            .with_edges([
                &EdgeProfile::STANDARD,
                &EdgeProfile::CLOUDFLARE,
                &EdgeProfile::FASTLY,
                &EdgeProfile::NGINX,
            ]),
            "A browser must not store it (`no-store`; RFC 9111 section 5.2.2.5, C-23).\n\
             A shared cache must not store it (`no-store`; RFC 9111 section 5.2.2.5, C-23).\n\
             The edge cache `standard` may store it (`cdn-cache-control` allows it; RFC 9213 section 2.2, T-05) \
             and reuse it for 600 seconds (`cdn-cache-control`; RFC 9213 section 2.2, T-05), then fetches it \
             again, because it does not have a validator (RFC 9111 section 4.3.1, S-08). The key is the method \
             and the URL (RFC 9111 section 2, K-07), plus `accept-language` (RFC 9111 section 4.1, K-03).\n\
             The edge cache `cloudflare` may store it (`cdn-cache-control` allows it; RFC 9213 section 2.2, T-05) \
             and reuse it for 600 seconds (`cdn-cache-control`; RFC 9213 section 2.2, T-05), then fetches it \
             again, because it does not have a validator (RFC 9111 section 4.3.1, S-08). The key is the method \
             and the URL (RFC 9111 section 2, K-07), but not `accept-language` (RFC 9111 section 4.1, K-08). A \
             purge of `a` or `b` reaches it (RFC 9875 section 1, G-20).\n\
             The edge cache `fastly` may store it (this cache does not always obey `no-store` without `private`; \
             RFC 9111 section 5.2.2.5, G-07) and reuse it for as long as the cache chooses (its own default; RFC \
             9111 section 4.2.2, G-14), then fetches it again, because it does not have a validator (RFC 9111 \
             section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07), plus \
             `accept-language` (RFC 9111 section 4.1, K-03).\n\
             The edge cache `nginx` does not store it (`no-store`; RFC 9111 section 5.2.2.5, C-23).\n\
             danger: the edge cache `cloudflare` does not obey `Vary` for `accept-language` and may serve one \
             variant to all clients; give each variant its own URL, or add `private` (RFC 9111 section 4.1, \
             K-08)\n\
             danger: the edge cache `fastly` may store the response despite `no-store`; send `private, no-store` \
             (RFC 9111 section 5.2.2.5, G-07)",
        ),
        (
            "a query and a cookie at an edge",
            audit("/?q", &[], 200, &["cache-control: max-age=60", "set-cookie: id=1"])
                .with_edge(&EdgeProfile::CLOUDFRONT),
            "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
             (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             A shared cache may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 \
             seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a \
             validator (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, \
             K-07).\n\
             The edge cache `cloudfront` may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse \
             it for 60 seconds (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does \
             not have a validator (RFC 9111 section 4.3.1, S-08). It may be served stale when the origin is \
             unreachable (RFC 9111 section 4.2.4, F-05). The key is the method and the URL without its query (RFC \
             9111 section 2, K-07).\n\
             danger: a shared cache may replay `Set-Cookie` to other clients; add `private`, or set the cookie in \
             another response (RFC 9111 section 7.3, G-01)\n\
             warning: the edge cache `cloudfront` leaves the query out of its key; move parameters that select \
             the response into the path (RFC 9111 section 2, B-02)",
        ),
    ];
    for (sentence, audit, expected) in table {
        assert_eq!(audit.to_string(), *expected, "{sentence}");
    }
}

fn has_warning(audit: &CacheAudit, is_it: fn(&Warning) -> bool) -> bool {
    audit.warnings().iter().any(is_it)
}

#[test]
fn each_warning_is_given_exactly_where_it_applies() {
    type Row = (&'static str, fn(&Warning) -> bool, Level, CacheAudit, CacheAudit);
    let plain = || page(&["cache-control: max-age=60"]);
    let at = |profile: EdgeProfile, lines: &[&str]| page(lines).with_edge(&profile);
    let html =
        |vary: &str| audit("/", &["cookie: a=1"], 200, &["cache-control: max-age=60", "content-type: text/html", vary]);
    let marked = |mark: bool| {
        let (request, mut response) = exchange("/", &[], 200, &["cache-control: max-age=60"]);
        if mark {
            response.extensions.insert(Personalized);
        }
        CacheAudit::of(&request, &response, now())
    };
    let query = |path| audit(path, &[], 200, &["cache-control: max-age=60"]).with_edge(&EdgeProfile::CLOUDFRONT);
    let coded = |etag| page(&["cache-control: max-age=60", "content-encoding: gzip", etag]);
    let long = |path| audit(path, &[], 200, &["cache-control: max-age=604801"]);
    let table: Vec<Row> = vec![
        (
            "a contradiction (C-35)",
            |warning| matches!(warning, Warning::Contradiction(_)),
            Level::Warning,
            page(&["cache-control: public, private"]),
            plain(),
        ),
        (
            "something that serves nothing (C-35)",
            |warning| matches!(warning, Warning::Contradiction(_)),
            Level::Note,
            page(&["cache-control: immutable, no-cache, max-age=5"]),
            page(&["cache-control: no-cache"]),
        ),
        (
            "a lifetime by accident (F-04)",
            |warning| matches!(warning, Warning::LifetimeGuessed { by } if by.contains(&CacheKind::Browser)),
            Level::Warning,
            page(&["last-modified: {-86400}"]),
            page(&["last-modified: {-86400}", "cache-control: no-cache"]),
        ),
        (
            "a lifetime that an edge chooses (G-14)",
            |warning| matches!(warning, Warning::LifetimeGuessed { by } if *by == [CacheKind::Edge("varnish")]),
            Level::Warning,
            at(EdgeProfile::VARNISH, &[]),
            at(EdgeProfile::NGINX, &[]),
        ),
        (
            "a public cookie (G-01)",
            |warning| matches!(warning, Warning::SetCookieShared { by } if *by == [CacheKind::SharedCache]),
            Level::Danger,
            page(&["cache-control: max-age=60", "set-cookie: id=1"]),
            page(&["cache-control: private, max-age=60", "set-cookie: id=1"]),
        ),
        (
            "a private cookie (C-24)",
            |warning| matches!(warning, Warning::SetCookieShared { .. }),
            Level::Danger,
            page(&[r#"cache-control: private="link", max-age=60"#, "set-cookie: id=1"]),
            page(&[r#"cache-control: private="set-cookie", max-age=60"#, "set-cookie: id=1"]),
        ),
        (
            "a Vary that an edge ignores (K-08)",
            |warning| matches!(warning, Warning::VaryIgnored { edge: "bunny", known: true, .. }),
            Level::Danger,
            at(EdgeProfile::BUNNY, &["cache-control: max-age=60", "vary: accept-language"]),
            at(EdgeProfile::BUNNY, &["cache-control: private, max-age=60", "vary: accept-language"]),
        ),
        (
            "a Vary that an edge knows by other means (K-08)",
            |warning| matches!(warning, Warning::VaryIgnored { .. }),
            Level::Note,
            at(EdgeProfile::BUNNY, &["cache-control: max-age=60", "vary: Accept-Encoding"]),
            at(EdgeProfile::CLOUDFLARE, &["cache-control: max-age=60", "vary: Accept-Encoding"]),
        ),
        (
            "a Vary that an edge is not known to obey (K-08)",
            |warning| matches!(warning, Warning::VaryIgnored { known: false, .. }),
            Level::Warning,
            at(EdgeProfile::AZURE, &["cache-control: max-age=60", "vary: accept-language"]),
            at(EdgeProfile::NGINX, &["cache-control: max-age=60", "vary: accept-language"]),
        ),
        (
            "a strong tag that two codings may share (V-09)",
            |warning| matches!(warning, Warning::StrongTagUnderCoding),
            Level::Warning,
            coded(r#"etag: "1""#),
            coded(r#"etag: "1--gzip""#),
        ),
        (
            "a weak tag may be shared (V-09)",
            |warning| matches!(warning, Warning::StrongTagUnderCoding),
            Level::Warning,
            coded(r#"etag: "1--br""#),
            coded(r#"etag: W/"1""#),
        ),
        (
            "a tag without quotes (V-01)",
            |warning| matches!(warning, Warning::InvalidEntityTag { .. }),
            Level::Warning,
            page(&["etag: abc123"]),
            page(&["etag: W/\"abc123\""]),
        ),
        (
            "two tags (V-01)",
            |warning| matches!(warning, Warning::InvalidEntityTag { .. }),
            Level::Warning,
            page(&["etag: \"a\"", "etag: \"b\""]),
            page(&[]),
        ),
        (
            "a personal page (G-03)",
            |warning| matches!(warning, Warning::PersonalShared { .. }),
            Level::Danger,
            marked(true),
            marked(false),
        ),
        (
            "a public response to a request with credentials (G-02)",
            |warning| matches!(warning, Warning::PersonalShared { .. }),
            Level::Danger,
            audit("/", &["authorization: x"], 200, &["cache-control: public, max-age=60"]),
            audit("/", &["authorization: x"], 200, &["cache-control: max-age=60"]),
        ),
        (
            "and at an edge that stores it anyway (S-04)",
            |warning| matches!(warning, Warning::PersonalShared { by, .. } if *by == [CacheKind::Edge("nginx")]),
            Level::Danger,
            audit("/", &["authorization: x"], 200, &["cache-control: max-age=60"]).with_edge(&EdgeProfile::NGINX),
            audit("/", &["authorization: x"], 200, &["cache-control: max-age=60"]).with_edge(&EdgeProfile::VARNISH),
        ),
        (
            "HTML for a cookie (G-03)",
            |warning| matches!(warning, Warning::PersonalShared { .. }),
            Level::Warning,
            html("x: y"),
            html("vary: Cookie"),
        ),
        (
            "a long lifetime under a name that stays (B-01)",
            |warning| matches!(warning, Warning::LongWithoutFingerprint { seconds: 604_801 }),
            Level::Warning,
            long("/app.js"),
            long("/app.3f2a9c1b.js"),
        ),
        (
            "a field for the edge with a fault (T-04)",
            |warning| matches!(warning, Warning::FieldIgnored { edge: "cloudflare", .. }),
            Level::Warning,
            at(EdgeProfile::CLOUDFLARE, &["cloudflare-cdn-cache-control: Max-Age=60"]),
            at(EdgeProfile::CLOUDFLARE, &["cloudflare-cdn-cache-control: max-age=60"]),
        ),
        (
            "no-store alone (G-07)",
            |warning| matches!(warning, Warning::NoStoreDisobeyed { edge: "fastly" }),
            Level::Danger,
            at(EdgeProfile::FASTLY, &["cache-control: no-store"]),
            at(EdgeProfile::FASTLY, &["cache-control: private, no-store"]),
        ),
        (
            "a query that is not in the key (B-02)",
            |warning| matches!(warning, Warning::QueryNotInKey { edge: "cloudfront" }),
            Level::Warning,
            query("/?page=2"),
            query("/?"),
        ),
    ];
    for (sentence, is_it, level, due, not_due) in table {
        let found: Vec<_> = due.warnings().iter().filter(|warning| is_it(warning)).collect();
        assert_eq!(found.len(), 1, "{sentence}:\n{due}");
        assert_eq!(found[0].level(), level, "{sentence}");
        assert!(found[0].to_string().contains("; "), "{sentence}: the remedy is named");
        assert!(!has_warning(&not_due, is_it), "{sentence}:\n{not_due}");
    }
}

#[test]
fn an_edge_that_ignores_cache_control_stores_errors_and_redirects_too() {
    for (status, lines, profile, stored, seconds) in [
        (404, &["surrogate-control: ", "cache-control: private"][..], EdgeProfile::VARNISH, true, Some(120)),
        (410, &["cache-control: stale-while-revalidate=60"], EdgeProfile::VARNISH, true, Some(120)),
        (404, &["cache-control: private"], EdgeProfile::VARNISH, false, Some(0)),
        (503, &["surrogate-control: ", "cache-control: private"], EdgeProfile::VARNISH, false, Some(0)),
        (301, &["surrogate-control: ", "cache-control: no-store"], EdgeProfile::SQUID, true, Some(0)),
        (302, &["surrogate-control: ", "cache-control: no-store, max-age=9"], EdgeProfile::SQUID, true, Some(9)),
        (301, &["surrogate-control: ", "cache-control: private"], EdgeProfile::CLOUDFLARE, true, Some(0)),
        (404, &["expires: 0"], EdgeProfile::FASTLY, true, Some(120)),
        (503, &["cache-control: public"], EdgeProfile::TRAFFIC_SERVER, true, None),
        (503, &["cache-control: no-transform"], EdgeProfile::TRAFFIC_SERVER, false, Some(0)),
        (307, &["cache-control: public"], EdgeProfile::NGINX, false, Some(0)),
    ] {
        let audit = audit("/", &[], status, lines).with_edge(&profile);
        let verdict = audit.edge(profile.name()).unwrap();
        assert_eq!(
            (verdict.may_store(), verdict.remaining_freshness()),
            (stored, seconds),
            "{status} {lines:?}: {verdict}"
        );
    }
}

#[test]
fn an_edge_uses_the_first_valid_field_of_its_list() {
    let table: &[(&str, EdgeProfile, &[&str], bool, Option<u64>)] = &[
        (
            "the field of the edge (T-05)",
            EdgeProfile::FASTLY,
            &["surrogate-control: max-age=9", "cache-control: max-age=60"],
            true,
            Some(9),
        ),
        (
            "private, because the field of the edge cannot express it",
            EdgeProfile::FASTLY,
            &["surrogate-control: max-age=9", "cache-control: private"],
            false,
            Some(0),
        ),
        ("a field of another syntax", EdgeProfile::AKAMAI, &["edge-control: cache-maxage=2m"], true, Some(120)),
        ("that forbids", EdgeProfile::AKAMAI, &["edge-control: no-store", "cache-control: max-age=60"], false, Some(0)),
        ("seconds", EdgeProfile::NGINX, &["x-accel-expires: 7", "cache-control: max-age=60"], true, Some(7)),
        ("none of them", EdgeProfile::NGINX, &["x-accel-expires: 0", "cache-control: max-age=60"], false, Some(0)),
        (
            "an invalid number of seconds",
            EdgeProfile::NGINX,
            &["x-accel-expires: soon", "cache-control: max-age=60"],
            true,
            Some(60),
        ),
        (
            "a number with a sign",
            EdgeProfile::NGINX,
            &["x-accel-expires: +7", "cache-control: max-age=60"],
            true,
            Some(60),
        ),
        (
            "a number of seconds without an upper limit (C-04)",
            EdgeProfile::NGINX,
            &["x-accel-expires: 99999999999", "cache-control: private"],
            true,
            Some(2_147_483_648),
        ),
        (
            "a time in seconds since 1970",
            EdgeProfile::NGINX,
            &["x-accel-expires: @1780272600", "cache-control: private"],
            true,
            Some(600),
        ),
        (
            "a time in the past, with which the response is stored as stale",
            EdgeProfile::KEYCDN,
            &["x-accel-expires: @1780271999", "cache-control: private"],
            true,
            Some(0),
        ),
        (
            "the time 0",
            EdgeProfile::NGINX,
            &["x-accel-expires: @0", "cache-control: private, max-age=9"],
            false,
            Some(0),
        ),
        (
            "a lifetime next to other directives",
            EdgeProfile::AKAMAI,
            &["edge-control: !no-store, Max-Age=1h, downstream-ttl=0", "cache-control: no-store"],
            true,
            Some(3_600),
        ),
        (
            "a lifetime without a unit in a second line",
            EdgeProfile::AKAMAI,
            &["edge-control: !log-cookie", "edge-control: cache-maxage=60"],
            true,
            Some(60),
        ),
        (
            "a lifetime of zero, with which the edge revalidates",
            EdgeProfile::AKAMAI,
            &["edge-control: cache-maxage=0s", "cache-control: max-age=60"],
            true,
            Some(0),
        ),
        (
            "neither a lifetime nor a prohibition",
            EdgeProfile::AKAMAI,
            &["edge-control: downstream-ttl=1d", "cache-control: max-age=60"],
            true,
            Some(60),
        ),
        (
            "another prohibition",
            EdgeProfile::AKAMAI,
            &["edge-control: bypass-cache", "cache-control: max-age=60"],
            false,
            Some(0),
        ),
        (
            "a field of the edge without a lifetime",
            EdgeProfile::FASTLY,
            &["surrogate-control: content=\"ESI/1.0\"", "cache-control: max-age=300"],
            true,
            Some(300),
        ),
        (
            "a lifetime with a time for stale reuse",
            EdgeProfile::SQUID,
            &["surrogate-control: Max-Age=60+30", "cache-control: no-store"],
            true,
            Some(60),
        ),
        (
            "a lifetime for one edge",
            EdgeProfile::SQUID,
            &["surrogate-control: no-store;other, max-age=60;squid", "cache-control: no-store"],
            true,
            Some(60),
        ),
        (
            "a prohibition for all edges",
            EdgeProfile::SQUID,
            &["surrogate-control: max-age=60;squid, no-store", "cache-control: max-age=60"],
            false,
            Some(0),
        ),
        (
            "a prohibition in a field that it may ignore (E1-1)",
            EdgeProfile::TRAFFIC_SERVER,
            &["cdn-cache-control: no-store", "cache-control: max-age=60"],
            true,
            Some(60),
        ),
        (
            "a shorter lifetime in a field that it may ignore",
            EdgeProfile::TRAFFIC_SERVER,
            &["cdn-cache-control: max-age=9", "cache-control: s-maxage=60"],
            true,
            Some(60),
        ),
        (
            "a lifetime in a field that it may obey",
            EdgeProfile::TRAFFIC_SERVER,
            &["cdn-cache-control: max-age=9", "cache-control: private"],
            true,
            Some(9),
        ),
        ("a field that is not for it (T-08)", EdgeProfile::NGINX, &["cdn-cache-control: max-age=9"], false, Some(0)),
        (
            "the second of its list (T-05)",
            EdgeProfile::CLOUDFLARE,
            &["cdn-cache-control: max-age=9", "cache-control: private"],
            true,
            Some(9),
        ),
        (
            "an unknown directive makes the edge use its default (T-07)",
            EdgeProfile::NETLIFY,
            &["netlify-cdn-cache-control: none", "cache-control: max-age=60"],
            false,
            Some(0),
        ),
        ("Expires at last", EdgeProfile::VARNISH, &["expires: {30}"], true, Some(30)),
        ("a lifetime that it chooses (G-14)", EdgeProfile::CLOUDFRONT, &[], true, Some(86_400)),
        ("nothing", EdgeProfile::SOUIN, &[], false, Some(0)),
        (
            "a prohibition in a field from which the edge reads only lifetimes (E1-1)",
            EdgeProfile::SOUIN,
            &["cdn-cache-control: no-store", "cache-control: max-age=60"],
            true,
            Some(60),
        ),
        (
            "a required revalidation in such a field",
            EdgeProfile::SOUIN,
            &["cdn-cache-control: no-cache", "cache-control: s-maxage=60"],
            true,
            Some(60),
        ),
        (
            "a lifetime in such a field",
            EdgeProfile::SOUIN,
            &["cdn-cache-control: max-age=9", "cache-control: private"],
            true,
            Some(9),
        ),
        (
            "a prohibition in both fields",
            EdgeProfile::SOUIN,
            &["cdn-cache-control: no-store", "cache-control: private, max-age=60"],
            false,
            Some(0),
        ),
        (
            "private, which a field of another edge lifts (E1-3)",
            EdgeProfile::VARNISH,
            &["surrogate-control: content=\"ESI/1.0\"", "cache-control: private, max-age=9"],
            true,
            Some(9),
        ),
        (
            "a required revalidation that such a field lifts",
            EdgeProfile::VARNISH,
            &["surrogate-control: max-age=600", "cache-control: no-cache, max-age=9"],
            true,
            Some(9),
        ),
        (
            "no-store that such a field lifts, without a lifetime",
            EdgeProfile::VARNISH,
            &["surrogate-control: ", "cache-control: no-store"],
            true,
            Some(120),
        ),
        (
            "private next to a field that forbids storage",
            EdgeProfile::VARNISH,
            &["surrogate-control: No-Store;squid", "cache-control: private, max-age=9"],
            false,
            Some(0),
        ),
        (
            "private next to a field that has no effect at this edge",
            EdgeProfile::NGINX,
            &["surrogate-control: max-age=600", "cache-control: private, max-age=9"],
            false,
            Some(0),
        ),
        (
            "private that such a field replaces, with a lifetime in another field",
            EdgeProfile::CLOUDFLARE,
            &[
                "surrogate-control: content=\"ESI/1.0\"",
                "cache-control: private",
                "expires: Mon, 01 Jun 2026 00:01:00 GMT",
            ],
            true,
            Some(60),
        ),
        (
            "Vary that it cannot store (K-08)",
            EdgeProfile::AKAMAI,
            &["cache-control: max-age=60", "vary: cookie"],
            false,
            Some(0),
        ),
        (
            "private that a field of another edge lifts, with the lifetime of Cache-Control",
            EdgeProfile::SQUID,
            &["surrogate-control: content=\"ESI/1.0\"", "cache-control: private, max-age=9"],
            true,
            Some(9),
        ),
        (
            "a star next to a name, which is a name of its own (K-06)",
            EdgeProfile::NGINX,
            &["cache-control: max-age=60", "vary: x-a, *"],
            true,
            Some(60),
        ),
        (
            "a star in a second line",
            EdgeProfile::VARNISH,
            &["cache-control: max-age=60", "vary: x-a", "vary: *"],
            true,
            Some(60),
        ),
        (
            "a star next to a name that the edge recognizes",
            EdgeProfile::SQUID,
            &["cache-control: max-age=60", "vary: x-a, *"],
            true,
            Some(0),
        ),
        (
            "a star that the edge ignores",
            EdgeProfile::FASTLY,
            &["cache-control: max-age=60", "vary: *"],
            true,
            Some(60),
        ),
        ("an age that the edge ignores", EdgeProfile::NGINX, &["cache-control: max-age=60", "age: 90"], true, Some(60)),
        ("an age that the edge reads", EdgeProfile::SQUID, &["cache-control: max-age=60", "age: 90"], true, Some(0)),
        (
            "a qualified private that the edge ignores",
            EdgeProfile::HAPROXY,
            &["cache-control: private=\"x-user\", max-age=60"],
            true,
            Some(60),
        ),
        (
            "a qualified private at an edge whose behavior is not known",
            EdgeProfile::FASTLY,
            &["cache-control: private=\"x-user\", max-age=60"],
            true,
            Some(60),
        ),
        (
            "a qualified private that forbids storage",
            EdgeProfile::NGINX,
            &["cache-control: private=\"x-user\", max-age=60"],
            false,
            Some(0),
        ),
        (
            "private that public overrides",
            EdgeProfile::HAPROXY,
            &["cache-control: private, max-age=60", "cache-control: Public"],
            true,
            Some(60),
        ),
        ("private next to public", EdgeProfile::SQUID, &["cache-control: private, public, max-age=60"], false, Some(0)),
        ("an invalid date that the edge ignores", EdgeProfile::VARNISH, &["expires: 0"], true, Some(120)),
        ("an invalid date in the past", EdgeProfile::NGINX, &["expires: 0"], true, Some(0)),
        ("Vary on everything (K-03)", EdgeProfile::NGINX, &["cache-control: max-age=60", "vary: *"], true, Some(0)),
        ("no-cache (C-22)", EdgeProfile::NGINX, &["cache-control: no-cache, max-age=60"], true, Some(0)),
    ];
    for (sentence, profile, lines, stored, seconds) in table {
        let audit = page(lines).with_edge(profile);
        let verdict = audit.edge(profile.name()).unwrap();
        assert_eq!((verdict.may_store(), verdict.remaining_freshness()), (*stored, *seconds), "{sentence}: {verdict}");
    }
}

#[test]
fn stale_reuse_needs_permission_and_support_of_the_edge() {
    let table: &[(&str, EdgeProfile, &str, bool, [Option<u64>; 2])] = &[
        (
            "both",
            EdgeProfile::NGINX,
            "max-age=9, stale-while-revalidate=5, stale-if-error=7",
            false,
            [Some(5), Some(7)],
        ),
        (
            "one of them",
            EdgeProfile::SQUID,
            "max-age=9, stale-while-revalidate=5, stale-if-error=7",
            false,
            [None, Some(7)],
        ),
        ("no window", EdgeProfile::NGINX, "max-age=9, stale-while-revalidate=0", false, [None, None]),
        ("forbidden (C-32)", EdgeProfile::NGINX, "max-age=9, must-revalidate, stale-if-error=7", true, [None, None]),
        (
            "next to s-maxage, which some edges ignore (C-32)",
            EdgeProfile::NGINX,
            "s-maxage=9, stale-if-error=7",
            false,
            [None, Some(7)],
        ),
    ];
    for (sentence, profile, control, never, windows) in table {
        let audit = page(&[&format!("cache-control: {control}")]).with_edge(profile);
        let then = audit.edge(profile.name()).unwrap().after_expiry().unwrap();
        assert_eq!(then.never_stale(), *never, "{sentence}");
        assert_eq!([then.stale_while_revalidate(), then.stale_if_error()], *windows, "{sentence}");
    }
    let strict = page(&["cache-control: s-maxage=9, stale-if-error=7"]);
    assert!(strict.shared().after_expiry().unwrap().never_stale(), "a cache that follows the standard (C-32)");
    assert_eq!(
        strict.browser().after_expiry().unwrap().stale_if_error(),
        Some(7),
        "to a browser `s-maxage` is nothing"
    );
}

#[test]
fn tags_are_from_the_field_that_the_cache_reads() {
    let lines = &["cache-control: max-age=60", "cache-tag: a,b", "cache-groups: \"c\"", "surrogate-key: d e"];
    let audit = page(lines).with_edges(EdgeProfile::all());
    let tags = |verdict: &tower_cache_policy::audit::Verdict| {
        verdict.tags().iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert!(tags(audit.browser()).is_empty(), "no purge reaches a browser");
    assert_eq!(tags(audit.shared()), ["c"]);
    assert_eq!(tags(audit.edge("cloudflare").unwrap()), ["a", "b"]);
    assert_eq!(tags(audit.edge("fastly").unwrap()), ["d", "e"]);
    assert!(tags(audit.edge("nginx").unwrap()).is_empty());
}

#[test]
fn a_304_is_audited_like_the_200_that_it_freshens() {
    let fresh = |status| audit("/", &[], status, &["last-modified: {-86400}"]);
    assert_eq!(fresh(304).verdict_for(Cache::Shared), fresh(200).verdict_for(Cache::Shared));
}

#[cfg(feature = "audit-serde")]
#[test]
fn an_audit_serializes_as_a_document() {
    let audit = page(&["cache-control: max-age=60", "set-cookie: id=1"]).with_edge(&EdgeProfile::NGINX);
    let document = serde_json::to_value(&audit).unwrap();
    assert_eq!(document["verdicts"][0]["cache"], "a browser");
    assert_eq!(document["verdicts"][0]["lifetime"]["seconds"], 60);
    assert_eq!(document["verdicts"][2]["may_store"], false);
    assert_eq!(document["verdicts"][2]["rule"], "S-02");
    assert_eq!(document["warnings"][0]["level"], "danger");
}

/// Fields that caches read, with valid and invalid values.
fn any_fields() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let names = prop::sample::select(vec![
        "age",
        "authorization",
        "cache-control",
        "cache-groups",
        "cache-tag",
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "content-encoding",
        "content-location",
        "content-type",
        "cookie",
        "date",
        "edge-control",
        "etag",
        "expires",
        "last-modified",
        "set-cookie",
        "surrogate-control",
        "surrogate-key",
        "vary",
        "x-accel-expires",
    ]);
    let directives = "((public|private|no-store|No-Cache|max-age=[0-9x]{0,12}|s-maxage=9|must-revalidate|immutable|must-understand|stale-if-error=5|private=\"set-cookie|\\*|accept|gzip|\"1\"|0|text/html),? ?){0,5}";
    let value = prop_oneof![
        directives.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
        (-100_000i64..100_000).prop_map(|offset| {
            HttpDate::from_unix_seconds(NOW + offset).unwrap().to_header_value().as_bytes().to_vec()
        }),
    ];
    let line = (names, value).prop_filter_map("a field value", |(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
    });
    prop::collection::vec(line, 0..8)
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_audit_of_any_fields_is_deterministic(
        request_lines in any_fields(),
        lines in any_fields(),
        status in 100u16..1000,
        method in prop::sample::select(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT]),
        path in prop::sample::select(vec!["/", "/a.js?x=1", "/a.3f2a9c1b.js", "*"]),
    ) {
        let (mut request, ()) = Request::builder().method(method).uri(path).body(()).unwrap().into_parts();
        request.headers.extend(request_lines);
        let (mut response, ()) = Response::builder().status(status).body(()).unwrap().into_parts();
        for (name, value) in lines {
            response.headers.append(name, value);
        }
        let audit = || CacheAudit::of(&request, &response, now()).with_edges(EdgeProfile::all());
        prop_assert_eq!(audit(), audit());
        prop_assert_eq!(audit().to_string(), audit().to_string());
        for verdict in audit().verdicts() {
            prop_assert_eq!(verdict.lifetime().is_some(), verdict.may_store());
            prop_assert!(verdict.to_string().ends_with('.'));
        }
    }
}

mod guarded {
    use std::convert::Infallible;
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};
    use tower::{Layer, ServiceExt, service_fn};
    use tower_cache_policy::CachePolicyLayer;
    use tower_cache_policy::policy::{CachePolicy, Decision, Guard};

    use super::*;

    const AGAINST_SHARING: [Guard; 6] =
        [Guard::SetCookie, Guard::Authorization, Guard::Personalized, Guard::VaryAny, Guard::Cors, Guard::Error];

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn no_shared_cache_may_store_a_response_that_a_guard_made_private(
            request_lines in any_fields(),
            lines in any_fields(),
            status in prop::sample::select(vec![200u16, 203, 204, 206, 301, 302, 404, 429, 500]),
            marked in any::<bool>(),
        ) {
            let lines: HeaderMap = {
                let mut headers = HeaderMap::new();
                for (name, value) in lines {
                    headers.append(name, value);
                }
                headers
            };
            let handler = service_fn(move |_: Request<()>| {
                let mut response = Response::new(());
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                *response.headers_mut() = lines.clone();
                if marked {
                    response.extensions_mut().insert(Personalized);
                }
                async move { Ok::<_, Infallible>(response) }
            });
            let policy = CachePolicy::public(Duration::from_secs(60));
            let service = CachePolicyLayer::new(policy).record_decisions().layer(handler);
            let (mut request, ()) = Request::get("/").body(()).unwrap().into_parts();
            request.headers.extend(request_lines);
            let call = service.oneshot(Request::from_parts(request.clone(), ()));
            let response = futures_util::FutureExt::now_or_never(call).unwrap().unwrap();
            let (response, ()) = response.into_parts();
            let decision = response.extensions.get::<Decision>().copied();
            let guarded = decision.is_some_and(|decision| {
                decision.guards().iter().any(|guard| AGAINST_SHARING.contains(&guard))
            });
            if guarded {
                let audit = CacheAudit::of(&request, &response, now()).with_edges(EdgeProfile::all());
                for verdict in audit.verdicts().filter(|verdict| verdict.kind() != CacheKind::Browser) {
                    prop_assert!(!verdict.may_store(), "{:?}\n{verdict}\n{:?}", decision, response.headers);
                }
            }
        }
    }
}
