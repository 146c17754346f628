//! Facts about cache fields from the test suites of other projects. Each row of `headers.json` that we adopt is checked
//! here, or listed with the missing part of the crate.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::Value;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::{EdgeProfile, TagFormat};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{CacheControl, EntityTag, FieldNames, Validators, Vary, into_not_modified};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

use support::{Frames, NeverPolled, TestBody, call, content, field, field_name, get, latin1, request, response_with};

/// Rows about missing parts of the crate, and a row that another test checks.
const NOT_HERE: &[(&str, &str)] = &[
    #[cfg(not(feature = "assets"))]
    ("asset/", "with the feature `assets` they are checked here"),
    ("compress/", "`compression.rs` checks it, with the suffix `--gzip`, and what Caddy misses"),
];

/// Rows whose meaning we follow, but not the exact text.
const IN_OTHER_WORDS: &[(&str, &str)] = &[
    ("status/error_gets_no_store", "`private` is next to `no-store`, which some shared caches need (G-07)"),
    ("asset/mismatch_must_not_be_cached", "`private` is next to `no-store` here too (G-07)"),
    ("etag/default_cc_with_etag", "`private, no-cache` means the same as `max-age=0, private, must-revalidate` (G-14)"),
];

struct Fact {
    name: String,
    given: Value,
    action: Value,
    expect: Value,
}

fn adopted() -> Vec<Fact> {
    let file: Value = serde_json::from_str(include_str!("data/headers.json")).unwrap();
    let facts = file["facts"].as_array().unwrap();
    assert_eq!(facts.len() as u64, file["count"].as_u64().unwrap());
    facts
        .iter()
        .filter(|fact| fact["adopt"] == true)
        .map(|fact| Fact {
            name: fact["name"].as_str().unwrap().to_owned(),
            given: fact["given"].clone(),
            action: fact["action"].clone(),
            expect: fact["expect"].clone(),
        })
        .collect()
}

#[tokio::test]
async fn every_adopted_fact_holds() {
    let mut checked = 0;
    for fact in adopted() {
        if NOT_HERE.iter().any(|(prefix, _)| fact.name.starts_with(prefix)) {
            continue;
        }
        let (kind, _) = fact.name.split_once('/').unwrap();
        match kind {
            "cc_merge" => merges(&fact),
            "vary_merge" => adds_to_vary(&fact),
            "vary_contains" => looks_into_vary(&fact),
            "shared" | "rails" => says_policy(&fact).await,
            "status" | "override" => decides(&fact).await,
            "etag" => tags(&fact).await,
            "304" => not_modified(&fact).await,
            "unsafe" => stamps_no_write(&fact).await,
            "guard" => guards(&fact).await,
            "edge" => tells_edges(&fact).await,
            #[cfg(feature = "assets")]
            "asset" => serves_asset(&fact).await,
            other => panic!("nothing checks {other}/"),
        }
        checked += 1;
    }
    assert_eq!(checked, if cfg!(feature = "assets") { 51 } else { 46 });
    for (name, _) in IN_OTHER_WORDS {
        assert!(adopted().iter().any(|fact| fact.name == *name), "{name}");
    }
}

fn directives(text: &str) -> BTreeSet<String> {
    text.split(',').map(|directive| directive.trim().replace('"', "")).filter(|text| !text.is_empty()).collect()
}

fn expected_directives(fact: &Fact) -> BTreeSet<String> {
    let list = fact.expect["Cache-Control.directives"].as_array().unwrap();
    list.iter().map(|directive| directive.as_str().unwrap().to_owned()).collect()
}

async fn tells_edges(fact: &Fact) {
    let minute = Duration::from_secs(60);
    let (policy, tags) = match fact.name.as_str() {
        "edge/cdn_cc_is_structured_field" => (CachePolicy::max_age(minute), 0),
        "edge/swr_only_on_cdn" => (CachePolicy::max_age(minute).stale_while_revalidate(minute).stale_at_edge_only(), 0),
        "edge/tag_overflow" => (CachePolicy::max_age(minute), 33),
        other => panic!("{other}"),
    };
    let profile = EdgeProfile::STANDARD.with_tags(Some(TagFormat::CACHE_GROUPS));
    let service = EdgeLayer::new(profile).layer(service_fn(move |_: Request<TestBody>| async move {
        let mut response = response_with("hello", &[]);
        response.extensions_mut().insert(policy);
        let tags = (0..tags).map(|n| CacheTag::new(format!("tag-{n}")).unwrap());
        tags.collect::<CacheTags>().add_to(response.extensions_mut());
        Ok::<_, Infallible>(response)
    }));
    let response = service.oneshot(get("/", &[])).await.unwrap();
    let sent = |name| field(response.headers(), name);
    let cdn = sent("cdn-cache-control").unwrap();
    let cache_control = sent("cache-control").unwrap();
    for (what, expected) in fact.expect.as_object().unwrap() {
        match (what.as_str(), expected) {
            ("valid SF dictionary", _) => {
                let members: sfv::Dictionary = sfv::Parser::new(&cdn).parse().unwrap();
                assert_eq!(members.len(), 1, "{}", fact.name);
            }
            ("Cache-Control.lacks", Value::Array(directives)) => {
                for word in directives {
                    assert!(!cache_control.contains(word.as_str().unwrap()), "{}", fact.name);
                }
            }
            ("CDN-Cache-Control contains", Value::String(word)) => assert!(cdn.contains(word), "{}", fact.name),
            ("tags header", Value::Null) => assert_eq!(sent("cache-groups"), None, "{}", fact.name),
            ("CDN-Cache-Control", Value::String(value)) => assert_eq!(&cdn, value, "{}", fact.name),
            other => panic!("{}: {other:?}", fact.name),
        }
    }
}

fn merges(fact: &Fact) {
    let given = latin1(fact.given["Cache-Control"].as_str().unwrap_or_default());
    let mut field = CacheControl::parse([&given]);
    for (directive, argument) in fact.action["merge"].as_object().unwrap() {
        let added = CacheControl::new();
        field = match (directive.as_str(), argument) {
            ("private", _) => field.with_private(),
            ("public", _) => field.with_public(),
            ("no-cache", Value::String(name)) => field.with_no_cache_fields(FieldNames::new([name.as_str()]).unwrap()),
            ("no-cache", _) => field.with_no_cache(),
            ("max-age", seconds) => {
                field.tighten(&added.with_max_age(u32::try_from(seconds.as_u64().unwrap()).unwrap()))
            }
            other => panic!("{}: {other:?}", fact.name),
        };
    }
    assert_eq!(directives(&field.to_string()), expected_directives(fact), "{}", fact.name);
}

fn vary_of(fact: &Fact) -> Vary {
    let mut headers = HeaderMap::new();
    if let Some(value) = fact.given["Vary"].as_str() {
        headers.insert(VARY, latin1(value.trim()));
    }
    Vary::from_headers(&headers).unwrap_or_default()
}

fn adds_to_vary(fact: &Fact) {
    let mut vary = vary_of(fact);
    for name in fact.action["add_vary"].as_array().unwrap() {
        vary.insert(name.as_str().unwrap());
    }
    assert_eq!(vary.to_string(), fact.expect["Vary"], "{}", fact.name);
}

fn looks_into_vary(fact: &Fact) {
    let vary = vary_of(fact);
    let found = match fact.action["contains"].as_str().unwrap() {
        "*" => vary.is_any(),
        name => vary.contains(name),
    };
    assert_eq!(found, fact.expect["result"], "{}", fact.name);
}

/// The policy that the row describes, if a `CachePolicy` can express it.
fn policy_of(fact: &Fact) -> CachePolicy {
    if let Some(directives) = fact.action["policy"].as_array() {
        let text = directives.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(", ");
        let field = CacheControl::parse([&latin1(&text)]);
        let max_age = Duration::from_secs(u64::from(field.max_age().unwrap_or_default()));
        return match (field.no_store(), field.private()) {
            (true, _) => CachePolicy::NO_STORE,
            (false, true) => CachePolicy::private(max_age),
            (false, false) => CachePolicy::public(max_age),
        };
    }
    let seconds = |name: &str| fact.action[name].as_u64().map(Duration::from_secs);
    let max_age = seconds("max_age").unwrap();
    let mut policy = match fact.action["public"].as_bool() {
        Some(true) => CachePolicy::public(max_age),
        _ => CachePolicy::private(max_age),
    };
    if let Some(window) = seconds("stale_while_revalidate") {
        policy = policy.stale_while_revalidate(window);
    }
    if let Some(window) = seconds("stale_if_error") {
        policy = policy.stale_if_error(window);
    }
    policy
}

async fn through_policy(
    policy: CachePolicy,
    status: u16,
    lines: &[(&str, &str)],
    fetch: Request<TestBody>,
) -> HeaderMap {
    let lines: Vec<(String, String)> = lines.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let handler = service_fn(move |_: Request<TestBody>| {
        let lines: Vec<_> = lines.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut response = response_with("x", &lines);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    call(&CachePolicyLayer::new(policy).layer(handler), fetch).await.headers().clone()
}

async fn says_policy(fact: &Fact) {
    let headers = through_policy(policy_of(fact), 200, &[], get("/", &[])).await;
    let sent = directives(&field(&headers, "cache-control").unwrap());
    if let Some(expected) = fact.expect["Cache-Control"].as_str() {
        assert_eq!(sent, directives(expected), "{}", fact.name);
    }
    for absent in fact.expect["Cache-Control.lacks"].as_array().into_iter().flatten() {
        assert!(!sent.iter().any(|own| own.starts_with(absent.as_str().unwrap())), "{}: {sent:?}", fact.name);
    }
    if fact.expect["Date"] == "present" {
        assert!(!headers.contains_key("date"), "{}: written by the server, and by no layer", fact.name);
        let head = through_server(policy_of(fact)).await;
        let date = head.lines().find_map(|line| line.strip_prefix("date: ")).expect("A-01: a Date");
        let age = httpdate::parse_http_date(date).unwrap().elapsed().unwrap();
        assert!(age < Duration::from_secs(60), "{}: {date}", fact.name);
    }
    assert!(!fact.expect.as_object().unwrap().is_empty(), "{} expects nothing", fact.name);
    for expected in fact.expect.as_object().unwrap().keys() {
        let is_known = matches!(expected.as_str(), "Cache-Control" | "Cache-Control.lacks" | "Date");
        assert!(is_known, "{}: nothing checks {expected}", fact.name);
    }
}

/// The head of a response in the form that hyper sends.
async fn through_server(policy: CachePolicy) -> String {
    use http_body_util::Full;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let handler = service_fn(|_: Request<hyper::body::Incoming>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("x"))))
    });
    let service = hyper_util::service::TowerToHyperService::new(CachePolicyLayer::new(policy).layer(handler));
    let (mut client, server) = tokio::io::duplex(4096);
    let server =
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut sent = String::new();
    client.read_to_string(&mut sent).await.unwrap();
    server.await.unwrap().unwrap();
    sent.split("\r\n\r\n").next().unwrap().to_owned()
}

async fn decides(fact: &Fact) {
    let status = u16::try_from(fact.given["status"].as_u64().unwrap()).unwrap();
    let own = fact.given["Cache-Control"].as_str();
    let lines: Vec<_> = own.iter().map(|value| ("cache-control", *value)).collect();
    let headers = through_policy(policy_of(fact), status, &lines, get("/", &[])).await;
    let sent = field(&headers, "cache-control").unwrap();
    let expected = fact.expect["Cache-Control"].as_str().unwrap();
    if own == Some("do not override") {
        // The field has no known directive, so it is not a decision, and its members follow the policy.
        assert_eq!(sent, format!("public, max-age=300, {expected}"), "{}", fact.name);
    } else if own.is_some() {
        assert_eq!(sent, expected, "{}: the field is unchanged", fact.name);
    } else {
        let missing: Vec<_> = directives(expected).difference(&directives(&sent)).cloned().collect();
        assert!(missing.is_empty(), "{}: {sent} lacks {missing:?}", fact.name);
        assert!(!sent.contains("max-age"), "{}: {sent}", fact.name);
    }
}

async fn tags(fact: &Fact) {
    let layer = EntityTagLayer::new();
    let tag = async |method: Method, body: Frames, lines: &[(&str, &str)]| {
        let mut response = Some({
            let (head, _) = response_with("", lines).into_parts();
            Response::from_parts(head, body)
        });
        let mut service =
            layer.layer(service_fn(|_| std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))));
        let response = tower::Service::call(&mut service, request(method, "/", &[])).await.unwrap();
        let tag = field(response.headers(), "etag");
        (tag, content(response.into_body()).await)
    };
    let name = fact.name.as_str();
    match name {
        "etag/skip_empty_body" => {
            assert_eq!(tag(Method::GET, Frames::of(&[]).sized(), &[]).await.0, None, "{name}");
        }
        "etag/skip_streaming" => {
            let (tag, body) = tag(Method::GET, Frames::of(&["a", "b"]), &[]).await;
            assert_eq!((tag, &body[..]), (None, &b"ab"[..]), "{name}");
        }
        "etag/not_fooled_by_extension_value" => {
            let own = fact.given["Cache-Control"].as_str().unwrap();
            let (tag, _) = tag(Method::GET, Frames::of(&["x"]).sized(), &[("cache-control", own)]).await;
            assert!(tag.is_some(), "{name}");
        }
        "etag/get_only" => {
            assert_eq!(tag(Method::POST, Frames::of(&["x"]).sized(), &[]).await.0, None, "{name}");
        }
        "etag/chunking_independent" => {
            let whole = tag(Method::GET, Frames::of(&["same bytes"]).sized(), &[]).await.0;
            let pieces = tag(Method::GET, Frames::of(&["sa", "me byt", "es"]).sized(), &[]).await.0;
            assert!(whole.is_some());
            assert_eq!(whole, pieces, "{name}");
        }
        "etag/default_cc_with_etag" => {
            let stack = CachingLayer::from_fn(|_| None::<CachePolicy>);
            let handler =
                service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("x", &[]))));
            let response = call(&ServiceBuilder::new().layer(stack).service(handler), get("/", &[])).await;
            assert!(response.headers().contains_key("etag"), "{name}");
            assert_eq!(response.headers()[CACHE_CONTROL], "private, no-cache", "{name}");
        }
        other => panic!("{other}"),
    }
}

async fn not_modified(fact: &Fact) {
    let carried: Vec<&str> =
        fact.given["200 would carry"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    let mut headers = HeaderMap::new();
    for name in &carried {
        headers.insert(field_name(name), latin1("\"x\""));
    }
    into_not_modified(&mut headers);
    for name in fact.expect["headers_present"].as_array().into_iter().flatten() {
        assert!(headers.contains_key(name.as_str().unwrap()), "{}: {name}", fact.name);
    }
    if fact.expect["body"] == "" {
        let handler = service_fn(|_: Request<TestBody>| {
            let (head, _) = response_with("", &[("etag", "\"x\"")]).into_parts();
            std::future::ready(Ok::<_, Infallible>(Response::from_parts(head, NeverPolled)))
        });
        let response = call(&ConditionalLayer::new().layer(handler), get("/", &[("if-none-match", "\"x\"")])).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.body().is_end_stream());
        assert_eq!(content(response.into_body()).await, "", "{}", fact.name);
    }
}

async fn stamps_no_write(fact: &Fact) {
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("x", &[]))));
    let current = || async { Validators::new().with_etag(EntityTag::from_static("\"old\"")) };
    let service = ConditionalLayer::new().validators(move |_| current()).layer(handler);
    let response = call(&service, request(Method::PUT, "/", &[])).await;
    for name in fact.expect["headers_absent"].as_array().unwrap() {
        assert!(!response.headers().contains_key(name.as_str().unwrap()), "{}", fact.name);
    }
}

async fn guards(fact: &Fact) {
    let object = |value: &Value| -> Vec<(String, String)> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    let (response_lines, request_lines) = (object(&fact.given), object(&fact.given["request"]));
    let response_lines: Vec<_> = response_lines.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request_lines: Vec<_> = request_lines.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let policy = CachePolicy::public(Duration::from_secs(60));
    let headers = through_policy(policy, 200, &response_lines, get("/", &request_lines)).await;
    let field = CacheControl::from_headers(&headers).unwrap();
    assert_eq!(!field.forbids_shared_storage(), fact.expect["shared_cacheable"], "{}: {field}", fact.name);
}

/// Files on disk, each with a gzip copy, and a fallback page.
#[cfg(feature = "assets")]
async fn serves_asset(fact: &Fact) {
    use tower_cache_policy::{AssetsLayer, assets::AssetManifest};
    use tower_http::services::{ServeDir, ServeFile};

    let files = tempfile::tempdir().unwrap();
    for (name, text) in [("app.css", "p{}"), ("app.css.gz", "coded"), ("index.html", "<!doctype html>")] {
        std::fs::write(files.path().join(name), text).unwrap();
    }
    let manifest = AssetManifest::from_directory(files.path()).unwrap();
    let current = manifest.url("app.css").unwrap();
    let other = "/app.00000000000000000000000000000000.css";
    let path = match fact.given["path"].as_str() {
        None => current,
        Some(path) if path.contains("<current digest>") => current,
        Some(path) if path.contains("<other digest>") => other,
        Some(path) => path.strip_prefix("/assets").unwrap(),
    };
    let service = AssetsLayer::new(&manifest).development(fact.given["debug"] == true).layer(
        ServeDir::new(files.path()).precompressed_gzip().fallback(ServeFile::new(files.path().join("index.html"))),
    );
    let response = call(&service, get(path, &[])).await;
    if let Some(status) = fact.expect["status"].as_u64() {
        assert_eq!(u64::from(response.status().as_u16()), status, "{}", fact.name);
    }
    if let Some(expected) = fact.expect["Vary"].as_str() {
        assert_eq!(field(response.headers(), "vary").unwrap().to_ascii_lowercase(), expected.to_ascii_lowercase());
    }
    if let Some(expected) = fact.expect["Cache-Control"].as_str() {
        let sent = directives(&field(response.headers(), "cache-control").unwrap());
        let one_of_them = expected.split(" or ").any(|text| directives(text).is_subset(&sent));
        assert!(one_of_them, "{}: {sent:?}", fact.name);
    }
}
