//! Runs `cache-check` against correct sites, sites with one problem each, and hostile sites.
#![allow(clippy::unwrap_used)] // As in any test.

mod program;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Html;
use axum::routing::get;
use program::{run, run_in, run_with, serve_app};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tower_cache_policy::CachingLayer;
use tower_cache_policy::policy::CachePolicy;
use tower_http::compression::CompressionLayer;

fn rules(url: &Value) -> Vec<&str> {
    url["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn kinds(url: &Value) -> Vec<&str> {
    url["errors"].as_array().unwrap().iter().map(|error| error["kind"].as_str().unwrap()).collect()
}

// ==== Sites ====

/// A request.
#[derive(Debug)]
struct TestRequest {
    method: String,
    path: String,
    fields: HashMap<String, String>,
}

impl TestRequest {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<TestRequest> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        // A TLS greeting does not end with an empty line.
        if !head[0].is_ascii_uppercase() {
            return None;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some(TestRequest { method, path, fields })
}

/// Serves one response per connection, written byte for byte by `respond`.
async fn serve_bytes(respond: impl Fn(&TestRequest) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, respond) = (listener.local_addr().unwrap(), Arc::new(respond));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let respond = Arc::clone(&respond);
            tokio::spawn(async move {
                let Some(fetch) = read_request(&mut stream).await else {
                    _ = stream.write_all(b"HTTP/1.1 400 x\r\n\r\n").await;
                    return;
                };
                if stream.write_all(&respond(&fetch)).await.is_err() {
                    return;
                }
                match fetch.path.as_str() {
                    "/endless" => endless(&mut stream, Duration::ZERO).await,
                    "/dripping" => endless(&mut stream, Duration::from_millis(500)).await,
                    "/silent" => std::future::pending().await,
                    "/reset" => stream.set_zero_linger().unwrap(),
                    _ => _ = stream.shutdown().await,
                }
            });
        }
    });
    address
}

async fn endless(stream: &mut (impl AsyncWrite + Unpin), pause: Duration) {
    while stream.write_all(&[b'x'; 4_096]).await.is_ok() {
        tokio::time::sleep(pause).await;
    }
}

const CONTENT: &str = "hello, cache\n";
const DATE: &str = "Sat, 23 May 2026 10:40:00 GMT";

/// A file server that is correct except for the fault that the path names.
fn file(fetch: &TestRequest) -> Vec<u8> {
    let fault = fetch.path.trim_start_matches('/');
    let is = |name: &str| fault == name;
    let coded = fetch.field("accept-encoding") == Some("gzip");
    let tag = match (fault, coded) {
        ("weak-if-range", _) => "W/\"v1\"",
        ("shared-tag", _) | (_, false) => "\"v1\"",
        (_, true) => "\"v1--gzip\"",
    };
    let matches = |field: &str| {
        let opaque = |one: &str| one.trim_start_matches("W/") == tag.trim_start_matches("W/");
        fetch.field(field).is_some_and(|value| match fault {
            "no-list" => opaque(value),
            "no-weak" => value.split(", ").any(|one| one == tag),
            _ => value.split(", ").any(opaque),
        })
    };
    let mut fields = vec![
        ("cache-control".to_owned(), "public, max-age=600".to_owned()),
        ("etag".to_owned(), tag.to_owned()),
        ("last-modified".to_owned(), DATE.to_owned()),
        ("vary".to_owned(), "accept-encoding".to_owned()),
    ];
    let mut content = if coded { format!("coded {CONTENT}") } else { CONTENT.to_owned() };
    let set = |fields: &mut Vec<(String, String)>, name: &str, value: &str| {
        fields.retain(|(other, _)| other != name);
        if !value.is_empty() {
            fields.push((name.to_owned(), value.to_owned()));
        }
    };
    match fault {
        "no-cache-control" => {
            set(&mut fields, "cache-control", "");
            set(&mut fields, "last-modified", "");
        }
        "no-validator" => {
            set(&mut fields, "etag", "");
            set(&mut fields, "last-modified", "");
        }
        "bad-tag" => set(&mut fields, "etag", "v1"),
        "bad-date" => set(&mut fields, "last-modified", "2026-05-23"),
        "future-date" => set(&mut fields, "date", "Sat, 23 May 2026 10:39:59 GMT"),
        "no-vary" => set(&mut fields, "vary", ""),
        "cookie" => set(&mut fields, "set-cookie", "id=1"),
        "misses" => set(&mut fields, "x-cache", "MISS"),
        "clock" => {
            set(&mut fields, "etag", "");
            set(&mut fields, "last-modified", "");
            content = "tick ".repeat(2 + stamp() % 7);
        }
        "changing-content" => content = format!("{:?} {CONTENT}", Instant::now()),
        "changing-tag" => set(&mut fields, "etag", &format!("\"{}\"", stamp())),
        _ => {}
    }
    if is("missing") {
        return written(404, &fields, Some("nothing here"), fetch);
    }
    if fetch.field("if-match").is_some() && (is("if-match") || !matches("if-match")) {
        return written(412, &fields, Some(""), fetch);
    }
    let unmodified = match fetch.field("if-none-match") {
        Some(_) if is("no-304") || is("bad-tag") || is("no-validator") || is("changing-tag") => false,
        Some(_) if coded && is("no-coded-304") => false,
        Some(_) if is("date-beside-tag") && fetch.field("if-modified-since").is_some() => true,
        Some(_) => matches("if-none-match"),
        None => fetch.field("if-modified-since").is_some_and(|_| !is("no-304-by-date")),
    };
    if unmodified {
        match fault {
            "bare-304" => {
                set(&mut fields, "vary", "");
                set(&mut fields, "cache-control", "");
            }
            "other-tag-304" => set(&mut fields, "etag", "\"v0\""),
            "other-policy-304" => set(&mut fields, "cache-control", "no-store"),
            "described-304" => set(&mut fields, "content-type", "text/plain"),
            "long-304" => set(&mut fields, "content-length", "5"),
            _ => {}
        }
        return written(304, &fields, is("long-304").then_some("hello"), fetch);
    }
    if fetch.method == "HEAD" {
        match fault {
            "head-405" => return written(405, &fields, Some(""), fetch),
            "head-policy" => set(&mut fields, "cache-control", "no-store"),
            "head-bare" => set(&mut fields, "cache-control", ""),
            "head-length" => content += "more",
            _ => {}
        }
    }
    set(&mut fields, "accept-ranges", "bytes");
    let range_holds = match fetch.field("if-range") {
        None => true,
        Some(value) if value.contains("cache-check") => is("if-range-tag"),
        Some(value) if value.starts_with('W') => is("weak-if-range"),
        Some(value) if value.starts_with('"') => value == tag && !is("if-range-none"),
        Some(_) => is("if-range-date"),
    };
    if fetch.field("range") == Some("bytes=0-0") && fetch.method == "GET" && range_holds && !is("no-ranges") {
        let length = content.len();
        match fault {
            "bare-206" => set(&mut fields, "cache-control", ""),
            "bad-range" => return written(206, &fields, Some("h"), fetch),
            "range-416" => return written(416, &fields, Some(""), fetch),
            _ => {}
        }
        set(&mut fields, "content-range", &format!("bytes 0-0/{length}"));
        content.truncate(1);
        return written(206, &fields, Some(&content), fetch);
    }
    if coded {
        set(&mut fields, "content-encoding", "gzip");
    }
    written(200, &fields, Some(&content), fetch)
}

/// Returns a number that was not used before.
fn stamp() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn written(status: u16, fields: &[(String, String)], content: Option<&str>, fetch: &TestRequest) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n");
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(content) = content {
        if !text.contains("content-length") {
            text += &format!("content-length: {}\r\n", content.len());
        }
        text += "\r\n";
        if fetch.method != "HEAD" {
            text += content;
        }
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}

fn good_site() -> Router {
    const PAGE: &str = r#"<!doctype html><title>x</title><link rel="stylesheet" href="style.css">
        <script src="/app.js"></script><img src="https://elsewhere.invalid/a.png"><a href="/other">no asset</a>"#;
    let policy = CachePolicy::public(Duration::from_secs(300));
    Router::new()
        .route("/", get(async || Html(PAGE.repeat(20))))
        .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css")], "p { color: red }\n".repeat(100))))
        .route("/app.js", get(async || ([(CONTENT_TYPE, "text/javascript")], "run()\n".repeat(100))))
        .layer(CachingLayer::new(policy).compression(CompressionLayer::new()))
}

// ==== Sites without a fault ====

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_uses_this_crate_has_no_findings() {
    let address = serve_app(good_site()).await;
    let url = format!("http://{address}/");
    let done = run(&["--format", "json", "--follow-assets", "--level", "note", "--edge", "standard,nginx", &url]).await;
    let document = done.document();
    let urls = document["urls"].as_array().unwrap();
    assert_eq!(urls.len(), 3, "the page, its style and its script");
    for one in urls {
        assert_eq!(rules(one), [""; 0], "{}", one["url"]);
        assert_eq!(one["capabilities"]["revalidates"], true);
        assert_eq!(one["capabilities"]["head"], true);
        assert_eq!(one["capabilities"]["codings"][0]["name"], "gzip");
        assert_eq!(one["capabilities"]["codings"][0]["revalidates"], true);
        assert_eq!(one["capabilities"]["tags_differ_by_coding"], true);
        assert_eq!(one["audit"]["verdicts"].as_array().unwrap().len(), 4);
    }
    assert_eq!(urls[1]["page"], *url);
    assert_eq!((done.status, &document["exit_status"]), (0, &Value::from(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_over_tls_works_with_a_certificate_of_the_system() {
    let (address, certificate) = serve_self_signed(&[b"h2"]).await;
    let directory = tempfile::tempdir().unwrap();
    let trusted = directory.path().join("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    let environment = [("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let done = run_in(&environment, &["--format", "json", "--level", "note", &format!("https://{address}/")], "").await;
    let document = done.document();
    let one = &document["urls"][0];
    assert_eq!(kinds(one), [""; 0], "{}", one["errors"]);
    assert_eq!(one["response"]["version"], "HTTP/2.0");
    assert_eq!(one["capabilities"]["revalidates"], true);
    assert_eq!((rules(one), done.status), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_file_server_has_no_findings() {
    let address = serve_bytes(file).await;
    let done = run(&["--format", "json", "--level", "note", &format!("http://{address}/right")]).await;
    let document = done.document();
    let one = &document["urls"][0];
    assert_eq!(rules(one), [""; 0], "{one:#}");
    for name in ["stable_tag", "revalidates", "tags_differ_by_coding", "head", "ranges", "if_range"] {
        assert_eq!(one["capabilities"][name], true, "{name}");
    }
    assert_eq!(done.status, 0);
}

// ==== One fault each ====

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_by_its_rule() {
    const FAULTS: &[(&str, &str, &str)] = &[
        ("no-cache-control", "G-14", "warning"),
        ("no-validator", "V-13", "note"),
        ("bad-tag", "V-01", "warning"),
        ("bad-date", "D-01", "warning"),
        ("future-date", "V-14", "warning"),
        ("cookie", "G-01", "danger"),
        ("missing", "G-04", "warning"),
        ("misses", "H-02", "note"),
        ("changing-content", "V-07", "warning"),
        ("changing-tag", "G-15", "warning"),
        ("no-304", "P-16", "warning"),
        ("no-304-by-date", "P-19", "warning"),
        ("date-beside-tag", "P-17", "warning"),
        ("no-list", "P-21", "warning"),
        ("no-weak", "P-15", "note"),
        ("bare-304", "N-01", "warning"),
        ("other-policy-304", "N-01", "warning"),
        ("described-304", "N-02", "note"),
        ("long-304", "N-03", "warning"),
        ("other-tag-304", "N-07", "warning"),
        ("no-vary", "K-02", "warning"),
        ("shared-tag", "V-09", "warning"),
        ("no-coded-304", "P-16", "warning"),
        ("if-match", "P-06", "warning"),
        ("head-405", "M-06", "warning"),
        ("head-length", "M-06", "warning"),
        ("head-policy", "S-07", "warning"),
        ("head-bare", "S-07", "warning"),
        ("no-ranges", "R-01", "warning"),
        ("range-416", "R-05", "warning"),
        ("bare-206", "R-06", "warning"),
        ("bad-range", "R-07", "warning"),
        ("if-range-tag", "R-10", "warning"),
        ("if-range-date", "R-12", "warning"),
        ("if-range-none", "R-05", "note"),
        ("weak-if-range", "R-11", "warning"),
    ];
    let address = serve_bytes(file).await;
    let urls: Vec<String> = FAULTS.iter().map(|(fault, ..)| format!("http://{address}/{fault}")).collect();
    let mut arguments = vec!["--format", "json"];
    arguments.extend(urls.iter().map(String::as_str));
    let done = run(&arguments).await;
    let document = done.document();
    let found = document["urls"].as_array().unwrap();
    assert_eq!(found.len(), FAULTS.len());
    for ((fault, rule, level), one) in FAULTS.iter().zip(found) {
        assert!(one["url"].as_str().unwrap().ends_with(fault), "in the order that was asked");
        assert_eq!(kinds(one), [""; 0], "{fault}");
        let findings = one["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == *rule);
        let finding = finding.unwrap_or_else(|| panic!("{fault}: no {rule} in {findings:#?}"));
        assert_eq!(finding["level"], *level, "{fault}");
        for name in ["section", "text", "change"] {
            assert_ne!(finding[name], "", "{fault}: {name}");
        }
        let others: Vec<_> = rules(one).into_iter().filter(|other| other != rule).collect();
        assert!(others.is_empty() || ["bad-tag", "changing-content"].contains(fault), "{fault}: {others:?} as well");
    }
    assert_eq!(done.status, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_depends_on_the_level() {
    let address = serve_bytes(file).await;
    for (path, level, expected) in [
        ("right", "note", 0),
        ("clock", "warning", 0),
        ("no-weak", "note", 1),
        ("no-weak", "warning", 0),
        ("no-vary", "warning", 1),
        ("no-vary", "danger", 0),
        ("cookie", "danger", 1),
    ] {
        let done = run(&["--level", level, &format!("http://{address}/{path}")]).await;
        assert_eq!(done.status, expected, "{path} at {level}: {}", done.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_has_short_lines_and_no_colors_without_a_terminal() {
    let address = serve_bytes(file).await;
    let done = run(&[&format!("http://{address}/bare-304"), &format!("http://{address}/right")]).await;
    assert!(done.out.contains("the 304 lacks `Cache-Control`, `Vary`, which the 200 has"), "{}", done.out);
    assert!(done.out.contains("(RFC 9110 section 15.4.5, N-01)"));
    assert!(done.out.contains("  stored   browser 10 min, shared cache 10 min\n"), "{}", done.out);
    assert!(done.out.trim_end().ends_with(", 1 note") || done.out.contains("2 URLs: "), "{}", done.out);
    assert!(!done.out.contains('\u{1b}'), "{:?}", done.out);
    assert_eq!(done.errors, "");
    let url = format!("http://{address}/right");
    let forced = run_in(&[("CLICOLOR_FORCE", "1")], &[&url], "").await;
    assert!(forced.out.contains("\u{1b}["), "{:?}", forced.out);
    let refused = run_in(&[("NO_COLOR", "1")], &[&url], "").await;
    assert!(!refused.out.contains('\u{1b}'), "{:?}", refused.out);
}

// ==== Errors that are not findings ====

/// [`file`] for the first requests, and then another response.
async fn serve_then(
    good: usize,
    then: impl Fn(&TestRequest) -> Vec<u8> + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = serve_bytes(
        move |fetch| if counted.fetch_add(1, Ordering::Relaxed) < good { file(fetch) } else { then(fetch) },
    )
    .await;
    (address, count)
}

fn plain(status: u16, fields: &[(&str, &str)], content: &str, fetch: &TestRequest) -> Vec<u8> {
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    written(status, &fields, Some(content), fetch)
}

type Respond = fn(&TestRequest) -> Vec<u8>;

/// The responses of sites to unwanted clients, with the expected kind of error.
const TROUBLE: &[(&str, &str, Respond)] = &[
    ("429", "rate-limited", |fetch| plain(429, &[], "slow down", fetch)),
    ("429 with a lifetime", "rate-limited", |fetch| plain(429, &[("cache-control", "max-age=600")], "", fetch)),
    ("429 for an hour", "rate-limited", |fetch| plain(429, &[("retry-after", "3600")], "", fetch)),
    ("429 for ever", "rate-limited", |fetch| plain(429, &[("retry-after", "99999999999999999999")], "", fetch)),
    ("429 with an invalid Retry-After", "rate-limited", |fetch| plain(429, &[("retry-after", "soon")], "", fetch)),
    ("Cloudflare", "challenge", |fetch| plain(403, &[("cf-mitigated", "challenge")], "Just a moment...", fetch)),
    ("AWS", "challenge", |fetch| plain(202, &[("x-amzn-waf-action", "challenge")], "", fetch)),
    ("AWS captcha", "challenge", |fetch| plain(405, &[("x-amzn-waf-action", "captcha")], "", fetch)),
    ("Vercel", "challenge", |fetch| plain(403, &[("x-vercel-mitigated", "deny")], "", fetch)),
    ("500", "server-error", |fetch| plain(500, &[], "", fetch)),
    ("502", "server-error", |fetch| plain(502, &[("cache-control", "public, max-age=60")], "", fetch)),
    ("503", "server-error", |fetch| plain(503, &[], "", fetch)),
    ("503 for an hour", "server-error", |fetch| plain(503, &[("retry-after", "3600")], "", fetch)),
    ("522", "server-error", |fetch| plain(522, &[], "", fetch)),
    ("408", "server-error", |fetch| plain(408, &[], "", fetch)),
    ("no response", "connection-lost", |_| Vec::new()),
    ("not HTTP", "invalid-response", |_| b"SSH-2.0-OpenSSH\r\n".to_vec()),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_fails_the_first_request_is_not_checked() {
    let refused: [(&str, &str, Respond); 2] = [
        ("403", "refused", |fetch| plain(403, &[], "", fetch)),
        ("401", "refused", |fetch| plain(401, &[], "", fetch)),
    ];
    for (name, kind, respond) in TROUBLE.iter().chain(&refused) {
        let (address, count) = serve_then(0, *respond).await;
        let done = run(&["--format", "json", &format!("http://{address}/")]).await;
        let document = done.document();
        let one = &document["urls"][0];
        assert_eq!((kinds(one), rules(one)), (vec![*kind], vec![]), "{name}");
        assert_eq!((done.status, count.load(Ordering::Relaxed)), (2, 1), "{name}: nothing more is requested");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_fails_during_the_check_gets_no_finding_for_it() {
    let later: [(&str, &str, Respond); 4] = [
        ("403", "changed", |fetch| plain(403, &[], "", fetch)),
        ("401", "changed", |fetch| plain(401, &[], "", fetch)),
        ("404", "changed", |fetch| plain(404, &[], "", fetch)),
        ("a login", "changed", |fetch| plain(302, &[("location", "/login")], "", fetch)),
    ];
    for (name, kind, respond) in TROUBLE.iter().chain(&later) {
        for good in [1, 4, 9] {
            let (address, count) = serve_then(good, *respond).await;
            let done = run(&["--format", "json", "--level", "note", &format!("http://{address}/right")]).await;
            let document = done.document();
            let one = &document["urls"][0];
            assert_eq!(rules(one), [""; 0], "{name} after {good}");
            assert_eq!(kinds(one)[0], *kind, "{name} after {good}");
            assert_eq!(one["response"]["status"], 200, "{name} after {good}");
            assert_eq!(done.status, 2, "{name} after {good}");
            let more = count.load(Ordering::Relaxed) - good;
            assert!(more <= 2, "{name} after {good}: {more} requests more");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_probe_is_a_finding_if_the_page_is_served() {
    let address =
        serve_bytes(|fetch| if fetch.method == "HEAD" { plain(403, &[], "", fetch) } else { file(fetch) }).await;
    let done = run(&["--format", "json", &format!("http://{address}/right")]).await;
    let document = done.document();
    assert_eq!(rules(&document["urls"][0]), ["M-06"]);
    assert_eq!((kinds(&document["urls"][0]), done.status), (vec![], 1));
    let not_implemented =
        serve_bytes(|fetch| if fetch.method == "HEAD" { plain(501, &[], "", fetch) } else { file(fetch) }).await;
    let done = run(&["--format", "json", &format!("http://{not_implemented}/right")]).await;
    assert_eq!((rules(&done.document()["urls"][0]), done.status), (vec!["M-06"], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_obeyed_up_to_the_limit() {
    for status in [429, 503] {
        let limited = move |every: usize, seconds: &'static str| {
            let count = AtomicUsize::new(0);
            serve_bytes(move |fetch| match count.fetch_add(1, Ordering::Relaxed) % every {
                0 => plain(status, &[("retry-after", seconds)], "", fetch),
                _ => file(fetch),
            })
        };
        let address = limited(1_000, "1").await;
        let started = Instant::now();
        let done = run(&["--format", "json", "--level", "note", &format!("http://{address}/right")]).await;
        let document = done.document();
        assert_eq!((kinds(&document["urls"][0]), rules(&document["urls"][0])), (vec![], vec![]));
        assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
        assert_eq!(done.status, 0);

        // Every second request is rejected, because the limit applies to the sum of all pauses.
        let address = limited(2, "1").await;
        let started = Instant::now();
        let done = run(&["--format", "json", "--max-wait", "2", &format!("http://{address}/right")]).await;
        assert_eq!(rules(&done.document()["urls"][0]), [""; 0]);
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        assert_eq!(done.status, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_with_a_long_retry_after_gets_no_further_request() {
    let (address, count) = serve_then(0, |fetch| plain(429, &[("retry-after", "120")], "", fetch)).await;
    let urls: Vec<String> = (0..5).map(|n| format!("http://{address}/{n}")).collect();
    let mut arguments = vec!["--format", "json", "--concurrency", "1"];
    arguments.extend(urls.iter().map(String::as_str));
    let done = run(&arguments).await;
    let document = done.document();
    for one in document["urls"].as_array().unwrap() {
        assert_eq!(kinds(one), ["rate-limited"]);
        let seconds = one["errors"][0]["retry_after"].as_u64().unwrap();
        assert!((100..=120).contains(&seconds), "{seconds}");
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
    let text = run(&[&urls[0]]).await;
    assert!(text.out.contains("a pause of 120 seconds (`Retry-After`)"), "{}", text.out);
}

// ==== Variants, nonces and streams ====

/// Sites whose pages depend on the request, or differ each time.
fn variant(fetch: &TestRequest) -> Vec<u8> {
    let site = fetch.path.trim_start_matches('/');
    let new = stamp();
    let language = fetch.field("accept-language").unwrap_or("en");
    let first_language = &language[..language.len().min(2)];
    let cookie = fetch.field("cookie").unwrap_or("");
    let first_of = |cases: &[(&str, bool, &'static str)]| {
        let case = cases.iter().find(|(name, holds, _)| site.contains(name) && *holds);
        case.map_or("", |(.., text)| text)
    };
    let hello = first_of(&[
        ("first-language", first_language == "fr", "Bonjour"),
        ("any-language", language.contains("sv"), "Hej"),
        ("german-by-default", first_language != "en" || fetch.field("accept-language").is_none(), "Guten Tag"),
        ("", true, "Hello"),
    ]);
    let visitor = first_of(&[
        ("any-cookie", !cookie.is_empty(), "Welcome back"),
        ("theme-cookie", cookie.contains("theme=dark"), "class=dark"),
        ("own-cookie", cookie.contains("shop_cart="), "one item"),
        ("signed-in", cookie.contains("id=ada"), "Ada"),
    ]);
    let noise = match site {
        _ if site.contains("token") => format!("<input name=csrf value=t{new}xyz>"),
        _ if site.contains("clock") => format!("it is {:?} and {new} visitors were here", Instant::now()),
        _ if site.contains("shuffle") => ["a b c", "b c a", "c a b"][new % 3].to_owned(),
        _ if site.contains("two-servers") => ["served by one", "served by two"][new % 2].to_owned(),
        _ if site.contains("nonce") => format!("<script nonce=\"n{new}abc\">run()</script>"),
        _ => String::new(),
    };
    let content = format!("<!doctype html><p>{hello} {visitor}</p>{noise}");
    let mut fields = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("cache-control", if site.contains("no-cache") { "no-cache" } else { "public, max-age=60" }.to_owned()),
        ("etag", if site.contains("one-tag") { "W/\"1\"".to_owned() } else { format!("W/\"{}\"", hash(&content)) }),
    ];
    if site.contains("private") {
        fields[1].1 = "private, max-age=60".to_owned();
    }
    if site.contains("no-store") {
        fields[1].1 = "no-store".to_owned();
    }
    if site.contains("vary") {
        fields.push(("vary", "Accept-Language, Cookie".to_owned()));
    }
    if site.contains("own-cookie") {
        fields.push(("set-cookie", "shop_cart=0".to_owned()));
        fields[1].1 = "public, max-age=60, no-cache=\"set-cookie\"".to_owned();
    }
    if site.contains("nonce") {
        let nonce = if site.contains("one-nonce") { "n1".to_owned() } else { format!("n{new}abc") };
        fields.push(("content-security-policy", format!("script-src 'nonce-{nonce}'")));
    }
    let fields: Vec<(String, String)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let tag = fields[2].1.clone();
    if site == "refuses-cookie" && !cookie.is_empty() {
        return plain(400, &[], "no such session", fetch);
    }
    if site.starts_with("redirect") {
        let to = if first_language == "de" { "/de" } else { "/en" };
        let mut fields = vec![("location".into(), to.into()), ("cache-control".into(), "public, max-age=60".into())];
        if site.contains("vary") {
            fields.push(("vary".to_owned(), "accept-language".to_owned()));
        }
        return written(302, &fields, Some(""), fetch);
    }
    if fetch.field("if-none-match").is_some_and(|tags| tags.contains(tag.trim_start_matches("W/"))) {
        return written(304, &fields[1..], None, fetch);
    }
    written(200, &fields, Some(&content), fetch)
}

fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_depends_on_language_or_cookie_without_vary_is_found() {
    let rows: &[(&str, &[&str], Option<bool>, Option<bool>)] = &[
        ("plain", &[], Some(false), Some(false)),
        ("first-language", &["K-02"], Some(true), Some(false)),
        ("any-language", &["K-02"], Some(true), Some(false)),
        ("german-by-default", &["K-02"], Some(true), Some(false)),
        ("any-cookie", &["K-02"], Some(false), Some(true)),
        ("theme-cookie", &["K-02"], Some(false), Some(true)),
        ("own-cookie", &["K-02"], Some(false), Some(true)),
        ("any-language-theme-cookie", &["K-02", "K-02"], Some(true), Some(true)),
        ("any-language-vary", &[], Some(true), Some(false)),
        ("any-cookie-vary", &[], Some(false), Some(true)),
        ("any-cookie-private", &[], None, None),
        ("any-cookie-no-store", &[], None, None),
        // A cache revalidates the page each time, which is safe if the tags differ.
        ("any-language-no-cache", &[], Some(true), Some(false)),
        ("any-language-no-cache-one-tag", &["V-07"], Some(true), Some(false)),
        ("refuses-cookie", &[], Some(false), None),
        ("token", &[], Some(false), Some(false)),
        ("clock", &[], Some(false), Some(false)),
        ("shuffle", &[], Some(false), Some(false)),
        ("two-servers", &[], Some(false), Some(false)),
        ("token-any-language", &["K-02"], Some(true), Some(false)),
        ("clock-any-cookie", &["K-02"], Some(false), Some(true)),
        ("redirect", &["K-02"], Some(false), Some(false)),
        ("redirect-vary", &[], Some(false), Some(false)),
    ];
    let address = serve_bytes(variant).await;
    let urls: Vec<String> = rows.iter().map(|(site, ..)| format!("http://{address}/{site}")).collect();
    let mut arguments = vec!["--format", "json", "--level", "note", "--concurrency", "1"];
    arguments.extend(urls.iter().map(String::as_str));
    let document = run(&arguments).await.document();
    for ((site, expected, language, cookie), one) in rows.iter().zip(document["urls"].as_array().unwrap()) {
        let found: Vec<&str> = one["redirects"].as_array().unwrap().iter().flat_map(rules).chain(rules(one)).collect();
        assert_eq!(found, *expected, "{site}: {:#}", one["findings"]);
        assert_eq!(kinds(one), [""; 0], "{site}");
        let known = ["varies_by_language", "varies_by_cookie"].map(|name| one["capabilities"][name].as_bool());
        assert_eq!(known, [*language, *cookie], "{site}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_the_users_cookie_is_compared_with_one_without() {
    let address = serve_bytes(variant).await;
    let url = format!("http://{address}/signed-in");
    let document = run(&["--format", "json", "--header", "Cookie: id=ada", &url]).await.document();
    let one = &document["urls"][0];
    let finding = one["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "K-02").unwrap();
    assert_eq!(finding["level"], "danger");
    assert!(finding["text"].as_str().unwrap().contains("for no `Cookie`"), "{finding}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_from_a_cache_in_front_is_no_evidence_of_variants() {
    let address = serve_bytes(|fetch| {
        plain(200, &[("cache-control", "public, max-age=60"), ("x-cache", "HIT"), ("age", "7")], "x", fetch)
    })
    .await;
    let document = run(&["--format", "json", &format!("http://{address}/")]).await.document();
    assert_eq!(document["urls"][0]["capabilities"]["varies_by_language"], Value::Null);
    assert_eq!(document["urls"][0]["capabilities"]["varies_by_cookie"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_nonce_gets_no_advice_to_revalidate() {
    let address = serve_bytes(variant).await;
    for (site, expected) in [
        ("nonce", &["G-18"][..]),
        ("nonce-no-cache", &["G-18"]),
        ("nonce-private", &["G-18"]),
        ("nonce-no-store", &[]),
        ("one-nonce-no-store", &[]),
        ("nonce-any-language", &["K-02", "G-18"]),
    ] {
        let document =
            run(&["--format", "json", "--level", "note", &format!("http://{address}/{site}")]).await.document();
        let one = &document["urls"][0];
        let mut found = rules(one);
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, *expected, "{site}: {:#}", one["findings"]);
        assert_eq!(one["capabilities"]["has_nonce"], true, "{site}");
    }
    let text = run(&[&format!("http://{address}/nonce-no-cache")]).await;
    assert!(text.out.contains("nonce    the page has a nonce"), "{}", text.out);
    assert!(text.out.contains("each response has a new nonce"), "{}", text.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_304_with_a_different_nonce_than_the_stored_content_is_found() {
    let address = serve_bytes(|fetch| {
        let policy = format!("script-src 'nonce-n{}'", stamp());
        let fields = [("cache-control", "no-cache"), ("etag", "W/\"1\""), ("content-security-policy", &policy)];
        match fetch.field("if-none-match") {
            Some(tags) if tags.contains("\"1\"") => plain(304, &fields, "", fetch),
            _ => plain(200, &fields, "the same", fetch),
        }
    })
    .await;
    let document = run(&["--format", "json", &format!("http://{address}/")]).await.document();
    let findings = document["urls"][0]["findings"].as_array().unwrap();
    let found =
        findings.iter().any(|finding| finding["text"].as_str().unwrap().starts_with("the 304 has a different nonce"));
    assert!(found, "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_is_not_read_and_needs_no_etag() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = serve_bytes(move |fetch| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (kind, policy) = match fetch.field("x-stream").unwrap() {
            "events" => ("text/event-stream", "cache-control: no-cache\r\n"),
            "frames" => ("Multipart/X-Mixed-Replace; boundary=x", "cache-control: no-store\r\n"),
            "stored" => ("text/event-stream;charset=utf-8", "cache-control: max-age=60\r\n"),
            "silent" => ("text/event-stream", ""),
            _ => ("text/plain", "cache-control: no-cache\r\n"),
        };
        format!("HTTP/1.1 200 x\r\n{policy}content-type: {kind}\r\n\r\ndata: 1\n\n").into_bytes()
    })
    .await;
    for (stream, expected, requests) in
        [("events", &[][..], 1), ("frames", &[], 1), ("stored", &["G-10"], 1), ("silent", &["G-14"], 1)]
    {
        count.store(0, Ordering::Relaxed);
        let header = format!("X-Stream: {stream}");
        let url = format!("http://{address}/dripping");
        let started = Instant::now();
        let done = run(&["--format", "json", "--level", "note", "--header", &header, &url]).await;
        let document = done.document();
        let one = &document["urls"][0];
        assert_eq!((rules(one), kinds(one)), (expected.to_vec(), vec![]), "{stream}: {:#}", one["findings"]);
        assert_eq!(one["response"]["live_stream"], true);
        assert_eq!(count.load(Ordering::Relaxed), requests, "{stream}");
        assert!(started.elapsed() < Duration::from_secs(5), "{stream}: {:?}", started.elapsed());
    }
    // A stream with any other content type has an unknown length and does not end.
    let arguments =
        ["--format", "json", "--timeout", "1", "--header", "X-Stream: log", &format!("http://{address}/dripping")];
    let document = run(&arguments).await.document();
    assert_eq!(rules(&document["urls"][0]), [""; 0]);
    assert_eq!(kinds(&document["urls"][0])[0], "timeout");
}

// ==== Bounds ====

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_needs_bounded_time_and_output() {
    let address = serve_bytes(|fetch| {
        let images: String = (0..40_000).map(|n| format!("<img src={n}.png>")).collect();
        let many = "a".repeat(100_000);
        let html = [("content-type", "text/html"), ("cache-control", "no-store")];
        match fetch.path.as_str() {
            "/base" => plain(200, &html, &format!("<base href=/{}/>{images}", "d".repeat(1 << 20)), fetch),
            "/nested" => plain(200, &html, &"<div>".repeat(200_000), fetch),
            "/unclosed" => plain(200, &html, &format!("<img src=\"{}", "<img ".repeat(200_000)), fetch),
            "/fields" => plain(200, &[("cache-control", "no-store"), ("etag", &many), ("vary", &many)], "x", fetch),
            "/location" => plain(301, &[("location", &many)], "", fetch),
            _ => file(fetch),
        }
    })
    .await;
    for (path, kinds_expected) in [
        ("base", &["references"][..]),
        ("nested", &[]),
        ("unclosed", &[]),
        ("fields", &[]),
        ("location", &["bad-location"]),
    ] {
        let started = Instant::now();
        let done = run(&["--format", "json", "--follow-assets", &format!("http://{address}/{path}")]).await;
        let elapsed = started.elapsed();
        let document = done.document();
        assert_eq!(kinds(&document["urls"][0]), kinds_expected, "{path}");
        assert!(done.out.len() < 200_000, "{path}: {} bytes", done.out.len());
        assert!(elapsed < Duration::from_secs(20), "{path}: {elapsed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_fields_are_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let Some(fetch) = read_request(&mut stream).await else { return };
                let line: &[u8] = match fetch.path.as_str() {
                    "/one-field" => b"x",
                    "/many-fields" => b"x-a: 1\r\n",
                    _ => b"HTTP/1.1 103 x\r\nlink: <a>\r\n\r\n",
                };
                _ = stream.write_all(if fetch.path == "/interim" { b"" } else { b"HTTP/1.1 200 x\r\nx: " }).await;
                // Sends at network speed, because hyper reads 1xx responses without a pause.
                while stream.write_all(&line.repeat(20)).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
    });
    for path in ["one-field", "many-fields", "interim"] {
        let started = Instant::now();
        let done = run(&["--format", "json", "--timeout", "2", &format!("http://{address}/{path}")]).await;
        let document = done.document();
        assert_eq!((kinds(&document["urls"][0]).len(), done.status), (1, 2), "{path}");
        assert!(started.elapsed() < Duration::from_secs(10), "{path}: {:?}", started.elapsed());
    }
}

// ==== Redirects and caches in front ====

#[tokio::test(flavor = "multi_thread")]
async fn each_redirect_is_checked_and_other_origins_get_no_user_fields() {
    let stranger = serve_bytes(|fetch| {
        assert_eq!(fetch.field("x-secret"), None, "for {}", fetch.path);
        let fields = [("cache-control", "max-age=60"), ("content-type", "text/html")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        written(200, &fields, Some("<img src=/a.png>"), fetch)
    })
    .await;
    let address = serve_bytes(move |fetch| {
        assert_eq!(fetch.field("x-secret"), Some("s3cret"));
        let to = if fetch.path == "/" { "next".to_owned() } else { format!("http://{stranger}/") };
        written(301, &[("location".into(), to), ("set-cookie".into(), "a=1".into())], Some(""), fetch)
    })
    .await;
    let done =
        run(&["--format", "json", "--follow-assets", "--header", "X-Secret: s3cret", &format!("http://{address}/")])
            .await;
    let document = done.document();
    let one = &document["urls"][0];
    let hops = one["redirects"].as_array().unwrap();
    assert_eq!(hops.len(), 2, "{one:#}");
    assert_eq!(hops[0]["status"], 301);
    assert_eq!(hops[0]["location"], format!("http://{address}/next"));
    assert_eq!(hops[0]["findings"][0]["rule"], "G-01");
    assert_eq!(one["response"]["url"], format!("http://{stranger}/"));
    let asset = &document["urls"][1];
    assert_eq!(asset["url"], format!("http://{stranger}/a.png"));
    // If an assertion of the server fails, it does not send a response.
    assert_eq!((kinds(one), kinds(asset)), (vec![], vec![]));
    assert!(!done.out.contains("s3cret"), "a secret is not part of the report");
    assert_eq!(done.status, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_cache_in_front_is_reported() {
    let address = serve_bytes(|fetch| {
        let fields = [(CACHE_CONTROL, "public, max-age=60"), (CONTENT_TYPE, "text/plain")];
        let mut fields = fields.map(|(name, value)| (name.to_string(), value.to_owned())).to_vec();
        fields.push(("x-cache".into(), "HIT\t\u{9b}31m".into()));
        fields.push(("age".into(), "7".into()));
        written(200, &fields, Some("x"), fetch)
    })
    .await;
    let url = format!("http://{address}/");
    let document = run(&["--format", "json", &url]).await.document();
    assert_eq!(document["urls"][0]["capabilities"]["repeat"]["age"], 7);
    let done = run(&[&url]).await;
    assert!(done.out.contains("x-cache: HIT"), "{}", done.out);
    assert!(!done.out.contains('\u{9b}'), "control characters of a site do not reach the terminal");
}

// ==== Hostile sites ====

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_fails_is_reported_and_the_others_are_checked() {
    let address = serve_bytes(|fetch| match fetch.path.as_str() {
        "/loop" => written(302, &[("location".into(), "/loop2".into())], Some(""), fetch),
        "/loop2" => written(302, &[("location".into(), "/loop".into())], Some(""), fetch),
        "/nowhere" => written(302, &[], Some(""), fetch),
        "/script" => written(302, &[("location".into(), "javascript:alert(1)".into())], Some(""), fetch),
        "/silent" => Vec::new(),
        "/bad-name" => b"HTTP/1.1 200 x\r\nbad name: x\r\ncontent-length: 0\r\n\r\n".to_vec(),
        "/bad-octet" => b"HTTP/1.1 200 x\r\nx-a: a\x00b\r\ncontent-length: 0\r\n\r\n".to_vec(),
        "/no-http" => b"220 mail.example ESMTP\r\n".to_vec(),
        "/short" => b"HTTP/1.1 200 x\r\ncache-control: no-store\r\ncontent-length: 100\r\n\r\nshort".to_vec(),
        "/reset" => b"HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\nshort".to_vec(),
        "/endless" | "/dripping" => b"HTTP/1.1 200 x\r\ncache-control: no-store\r\n\r\n".to_vec(),
        path if path.starts_with("/on-and-on") => {
            written(302, &[("location".into(), format!("{path}x"))], Some(""), fetch)
        }
        _ => file(fetch),
    })
    .await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (self_signed, _) = serve_self_signed(&[]).await;
    let at = |path: &str| format!("http://{address}{path}");
    let rows: Vec<(String, &str, &str)> = vec![
        (format!("http://{closed}/"), "connect", "cannot connect"),
        (at("/loop"), "redirect-loop", "leads back to"),
        (at("/on-and-on"), "too-many-redirects", "more than 20"),
        (at("/nowhere"), "bad-location", "without `Location`"),
        (at("/script"), "bad-location", "neither http nor https"),
        (at("/silent"), "timeout", "within 2 seconds"),
        (at("/bad-name"), "invalid-response", "not valid HTTP"),
        (at("/bad-octet"), "invalid-response", "not valid HTTP"),
        (at("/no-http"), "invalid-response", "not valid HTTP"),
        (at("/short"), "connection-lost", "before the end"),
        (at("/reset"), "connection-lost", "before the end"),
        (at("/endless"), "content-too-long", "longer than 65536 bytes"),
        (at("/dripping"), "timeout", "within 2 seconds"),
        (format!("https://{self_signed}/"), "tls", "certificate"),
        (format!("https://{address}/"), "tls", ""),
        ("localhost:3000".to_owned(), "url", "write https://localhost:3000"),
        ("ftp://example.com/".to_owned(), "url", "http"),
        (format!("http://name:word@{address}/"), "url", "--header 'Authorization"),
        ("http://[".to_owned(), "url", ""),
    ];
    let mut input: String = rows.iter().map(|(url, ..)| format!("{url}\n")).collect();
    input += &format!("\n# a comment\n  {}  \n", at("/right"));
    // The response is slower than the timeout, and exceeds the limit later.
    let options = ["--timeout", "2", "--max-body", "65536", "--concurrency", "8", "-"];
    let started = Instant::now();
    let text = run_with(&options, &input).await;
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(text.status, 2, "{}", text.out);

    let done = run_with(&[&["--format", "json"], &options[..]].concat(), &input).await;
    let document = done.document();
    let found = document["urls"].as_array().unwrap();
    assert_eq!(found.len(), rows.len() + 1);
    for ((url, kind, message), one) in rows.iter().zip(found) {
        assert_eq!(one["url"], *url);
        assert_eq!(kinds(one).first(), Some(kind), "{url}: {}", one["errors"]);
        let line = one["errors"][0]["text"].as_str().unwrap();
        assert!(line.contains(message), "{url}: {line}");
        assert!(text.out.contains(line), "{url}: the same in the text");
    }
    let last = found.last().unwrap();
    assert_eq!((kinds(last), rules(last)), (vec![], vec![]), "the one that is right was checked all the same");
    assert_eq!(document["exit_status"], 2);
    assert_eq!(done.status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchecked_url_takes_precedence_over_findings() {
    let address = serve_bytes(file).await;
    let done = run(&[&format!("http://{address}/cookie"), "http://["]).await;
    assert_eq!(done.status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_arguments_are_rejected_with_a_remedy() {
    for (arguments, message) in [
        (&["--edge", "nowhere", "http://localhost/"][..], "cloudflare"),
        (&["--header", "nothing", "http://localhost/"], "Name: value"),
        (&["--timeout", "0", "http://localhost/"], "1..=3600"),
        (&["--concurrency", "0", "http://localhost/"], "1 to 64"),
        (&[], "Usage"),
    ] {
        let done = run(arguments).await;
        assert_eq!(done.status, 2, "{arguments:?}");
        assert!(done.errors.contains(message), "{arguments:?}: {}", done.errors);
    }
    let help = run(&["--help"]).await;
    assert_eq!(help.status, 0);
    assert!(help.out.contains("Exit status:"), "{}", help.out);
}

/// Serves [`good_site`] over TLS, and returns its self-signed certificate.
async fn serve_self_signed(protocols: &[&[u8]]) -> (SocketAddr, String) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = hyper_util::service::TowerToHyperService::new(good_site());
            tokio::spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, signed.cert.pem())
}
