//! Tests mistakes of similar projects, with one test for each. The numbers are those of our list.
//!
//! If another test has a table for the mistake, this test has the row that the other project fails, with the usual
//! stack.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::policy::{CachePolicy, Personalized};
use tower_cache_policy::protocol::{CacheControl, EntityTag, HttpDate, Preconditions, Validators, Vary};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EntityTagLayer};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;

use support::{Frames, TestBody, call, content, field, get, request, response_with};

type Stack = BoxCloneSyncService<Request<TestBody>, Response<Bytes>, Infallible>;

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn with_status(status: u16, lines: &[(&str, &str)]) -> Response<TestBody> {
    let mut response = response_with("hello world", lines);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// The usual stack around a handler.
fn stack<F>(handler: F) -> Stack
where
    F: Fn(&Request<TestBody>) -> Response<TestBody> + Clone + Send + Sync + 'static,
{
    let handler = service_fn(move |request: Request<TestBody>| {
        let response = handler(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let service = ServiceBuilder::new()
        .layer(CachingLayer::new(PUBLIC).compression(CompressionLayer::new()))
        .service(handler)
        .then(|result: Result<Response<_>, Infallible>| async move {
            let (head, body) = result.unwrap().into_parts();
            Ok::<_, Infallible>(Response::from_parts(head, content(body).await))
        });
    BoxCloneSyncService::new(service)
}

fn answering(status: u16, lines: &'static [(&'static str, &'static str)]) -> Stack {
    stack(move |_| with_status(status, lines))
}

async fn status(stack: &Stack, lines: &[(&str, &str)]) -> u16 {
    call(stack, get("/", lines)).await.status().as_u16()
}

#[tokio::test]
async fn n01_every_field_line_is_read() {
    let tagged = answering(200, &[("etag", "\"a\"")]);
    assert_eq!(status(&tagged, &[("if-none-match", "\"x\""), ("if-none-match", "\"a\"")]).await, 304);
    assert_eq!(status(&tagged, &[("if-match", "\"x\""), ("if-match", "\"a\"")]).await, 200);
}

#[tokio::test]
async fn n02_a_comma_inside_quotes_does_not_split() {
    let tagged = answering(200, &[("etag", "\"a,b\"")]);
    assert_eq!(status(&tagged, &[("if-none-match", "\"x\", \"a,b\"")]).await, 304, "no missed 304");
    let other = answering(200, &[("etag", "\"b\"")]);
    assert_eq!(status(&other, &[("if-none-match", "\"a,\"b\",c\"")]).await, 200, "no false 304");
}

#[tokio::test]
async fn n03_lists_stars_and_weak_tags_are_read() {
    let tagged = answering(200, &[("etag", "\"a\"")]);
    for value in ["\"x\", \"a\"", "*", "W/\"a\""] {
        assert_eq!(status(&tagged, &[("if-none-match", value)]).await, 304, "{value}");
    }
}

#[tokio::test]
async fn n04_a_tag_with_obs_text_is_read() {
    let tagged = stack(|_| with_status(200, &[("etag", "\"\u{e9}tude\"")]));
    assert_eq!(status(&tagged, &[("if-none-match", "\"\u{e9}tude\"")]).await, 304);
}

#[tokio::test]
async fn n05_invalid_input_does_not_panic() {
    let tagged = answering(200, &[("etag", "\"a\""), ("last-modified", DATE)]);
    for value in ["", ",", "\"", "W/", "W/\"", "\"a b\"", "*,*", "\u{ff}", "\"\u{ff}", "\\", ",\",\""] {
        for name in ["if-none-match", "if-match", "if-modified-since", "if-unmodified-since", "if-range", "range"] {
            assert_ne!(status(&tagged, &[(name, value)]).await, 304, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn n06_no_304_for_unsafe_methods_and_errors() {
    for code in [301, 401, 404, 500] {
        let tagged = stack(move |_| with_status(code, &[("etag", "\"a\"")]));
        assert_eq!(status(&tagged, &[("if-none-match", "\"a\"")]).await, code);
    }
    let tagged = answering(200, &[("etag", "\"a\"")]);
    let put = request(Method::PUT, "/", &[("if-none-match", "\"a\"")]);
    assert_eq!(call(&tagged, put).await.status(), 200);
}

#[tokio::test]
async fn n07_if_modified_since_is_ignored_next_to_if_none_match() {
    let tagged = answering(200, &[("etag", "\"a\""), ("last-modified", DATE)]);
    assert_eq!(status(&tagged, &[("if-none-match", "\"x\""), ("if-modified-since", DATE)]).await, 200);
    let dated = answering(200, &[("last-modified", DATE), ("set-cookie", "no=tag")]);
    assert_eq!(status(&dated, &[("if-none-match", "\"x\""), ("if-modified-since", DATE)]).await, 200);
    assert_eq!(status(&dated, &[("if-modified-since", DATE)]).await, 304);
}

#[tokio::test]
async fn n08_a_412_prevents_the_write_and_if_match_overrides_the_date() {
    let wrote = Arc::new(AtomicBool::new(false));
    let flag = wrote.clone();
    let handler = service_fn(move |_: Request<TestBody>| {
        flag.store(true, Ordering::Relaxed);
        std::future::ready(Ok::<_, Infallible>(response_with("written", &[])))
    });
    let current = || async { Validators::new().with_etag(EntityTag::from_static("\"a\"")) };
    let service =
        ServiceBuilder::new().layer(CachingLayer::new(PUBLIC).validators(move |_| current())).service(handler);
    let stale = request(Method::PUT, "/", &[("if-match", "\"old\"")]);
    assert_eq!(call(&service, stale).await.status(), 412);
    assert!(!wrote.load(Ordering::Relaxed));
    let early = ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT");
    let good = request(Method::PUT, "/", &[("if-match", "\"a\""), early]);
    assert_eq!(call(&service, good).await.status(), 200);
}

#[tokio::test]
async fn n09_a_range_for_a_stale_validator_is_not_sent() {
    let ranged = stack(|request| match request.headers().get("range") {
        Some(_) => with_status(206, &[("etag", "\"new\""), ("content-range", "bytes 0-10/11")]),
        None => with_status(200, &[("etag", "\"new\"")]),
    });
    assert_eq!(status(&ranged, &[("range", "bytes=0-10")]).await, 206);
    assert_eq!(status(&ranged, &[("range", "bytes=0-10"), ("if-range", "\"old\"")]).await, 200);
    assert_eq!(status(&ranged, &[("range", "bytes=0-10"), ("if-none-match", "\"new\"")]).await, 304, "R-04");
}

#[tokio::test]
async fn n10_all_date_formats_are_read_and_a_numeric_zone_is_not() {
    let dated = answering(200, &[("last-modified", DATE)]);
    for (value, expected) in [
        ("Sunday, 06-Nov-94 08:49:37 GMT", 304),
        ("Sun Nov  6 08:49:37 1994", 304),
        ("Sun, 06 Nov 1994 08:49:37 +0000", 200),
    ] {
        assert_eq!(status(&dated, &[("if-modified-since", value)]).await, expected, "{value}");
    }
}

#[tokio::test]
async fn n11_n12_a_304_preserves_all_fields_that_do_not_describe_the_content() {
    let rich = answering(
        200,
        &[
            ("etag", "\"a\""),
            ("access-control-allow-origin", "https://a.example"),
            ("vary", "origin"),
            ("vary", "accept"),
            ("x-own", "1"),
            ("content-type", "text/plain"),
            ("content-encoding", "identity"),
            ("content-language", "en"),
        ],
    );
    let response = call(&rich, get("/", &[("if-none-match", "\"a\"")])).await;
    assert_eq!(response.status(), 304);
    let headers = response.headers();
    assert!(headers.contains_key("access-control-allow-origin") && headers.contains_key("x-own"));
    assert_eq!(field(headers, "vary").as_deref(), Some("origin, accept, accept-encoding"));
    for gone in ["content-type", "content-encoding", "content-language", "content-length"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
}

// `wire.rs` tests number 13, `Content-Length: 0` on a 304 over HTTP/2.

#[tokio::test]
async fn n14_the_304_has_the_cache_control_of_the_200() {
    for lines in [&[("etag", "\"a\"")][..], &[("etag", "\"a\""), ("cache-control", "private, max-age=7")]] {
        let lines = lines.to_vec();
        let tagged = stack(move |_| with_status(200, &lines));
        let (fresh, again) =
            (call(&tagged, get("/", &[])).await, call(&tagged, get("/", &[("if-none-match", "\"a\"")])).await);
        assert_eq!(again.status(), 304);
        for name in ["cache-control", "vary"] {
            assert_eq!(field(fresh.headers(), name), field(again.headers(), name), "{name}");
        }
    }
}

#[tokio::test]
async fn n15_codings_do_not_share_a_strong_tag() {
    let body: &str = "text ".repeat(100).leak();
    let tagged = stack(move |_| response_with(body, &[("etag", "\"a\""), ("content-type", "text/plain")]));
    let mut tags = Vec::new();
    for coding in ["identity", "gzip", "br"] {
        tags.push(field(call(&tagged, get("/", &[("accept-encoding", coding)])).await.headers(), "etag").unwrap());
    }
    assert_eq!(tags, ["\"a\"", "\"a--gzip\"", "\"a--br\""], "V-09");
}

#[tokio::test]
async fn n16_both_orders_of_tags_and_compression_are_correct() {
    let body: &str = "text ".repeat(100).leak();
    let handler = service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response_with(body, &[("content-type", "text/plain")])))
    });
    let inside = ServiceBuilder::new()
        .layer(ConditionalLayer::new())
        .layer(CompressionLayer::new())
        .layer(EntityTagLayer::new())
        .service(handler);
    let gzip = ("accept-encoding", "gzip");
    let first = call(&inside, get("/", &[gzip])).await;
    let tag = field(first.headers(), "etag").unwrap();
    let again = call(&inside, get("/", &[gzip, ("if-none-match", &tag)])).await;
    assert_eq!(again.status(), 304);
    assert_eq!(field(again.headers(), "vary").as_deref(), Some("accept-encoding"), "L-01, L-02");

    // In an outer layer, compressed bodies do not have a known length, and the layer reads them if it is configured to
    // do so.
    let outside = ServiceBuilder::new()
        .layer(ConditionalLayer::new())
        .layer(EntityTagLayer::new().buffer_unknown_length(1 << 20))
        .layer(CompressionLayer::new())
        .service(handler);
    let first = call(&outside, get("/", &[gzip])).await;
    let tag = field(first.headers(), "etag").unwrap();
    assert_eq!(call(&outside, get("/", &[gzip, ("if-none-match", &tag)])).await.status(), 304);
}

#[tokio::test]
async fn n17_n18_tags_depend_on_the_content_and_not_on_time_or_path() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |directory: &tempfile::TempDir, name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::File::open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        path
    };
    let tag = async |path: std::path::PathBuf| {
        let handler = service_fn(move |_: Request<TestBody>| {
            let content = std::fs::read(&path).unwrap();
            std::future::ready(Ok::<_, Infallible>(Response::new(TestBody::from(content))))
        });
        let service = ServiceBuilder::new().layer(CachingLayer::new(PUBLIC)).service(handler);
        field(call(&service, get("/", &[])).await.headers(), "etag").unwrap()
    };
    let a = tag(write(&one, "a.css", "a { top: 0 }")).await;
    assert_ne!(a, tag(write(&one, "b.css", "a { top: 1 }")).await, "G-15, 17: same length, same normalised time");
    assert_eq!(a, tag(write(&two, "a.css", "a { top: 0 }")).await, "G-15, 18: another inode on another replica");
}

#[tokio::test]
async fn n19_tags_are_quoted_and_dates_are_http_dates() {
    let generated = answering(200, &[]);
    let response = call(&generated, get("/", &[])).await;
    assert!(EntityTag::parse(response.headers()["etag"].as_bytes()).is_ok());
    assert!(response.headers()["etag"].as_bytes().starts_with(b"W/\""), "V-08, V-21");
    let mut headers = HeaderMap::new();
    let time = UNIX_EPOCH + Duration::from_millis(784_111_777_999);
    let now = HttpDate::from_unix_seconds(784_111_778).unwrap();
    Validators::new().with_modification_time(time).write_to(&mut headers, now);
    assert_eq!(headers["last-modified"], DATE, "D-09");
}

#[tokio::test]
async fn n20_the_handlers_tag_is_preserved() {
    assert_eq!(
        field(call(&answering(200, &[("etag", "\"own\"")]), get("/", &[])).await.headers(), "etag").unwrap(),
        "\"own\""
    );
}

#[tokio::test]
async fn n21_errors_partial_responses_and_posts_get_no_tag() {
    for code in [204, 206, 404, 500] {
        let response = call(&stack(move |_| with_status(code, &[])), get("/", &[])).await;
        assert!(!response.headers().contains_key("etag"), "{code}");
    }
    assert!(!call(&answering(200, &[]), request(Method::POST, "/", &[])).await.headers().contains_key("etag"));
}

#[tokio::test]
async fn n22_streams_are_not_buffered_and_trailers_are_preserved() {
    use http_body_util::BodyExt;
    let handler = service_fn(|_: Request<TestBody>| {
        let body = Frames::new([Frames::data("a"), Frames::data("b"), Frames::trailers("x-sum", "2")]);
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let response = call(&ServiceBuilder::new().layer(CachingLayer::new(PUBLIC)).service(handler), get("/", &[])).await;
    assert!(!response.headers().contains_key("etag"));
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "2");
    assert_eq!(collected.to_bytes(), "ab", "Q-05: and the body is not emptied");
}

#[tokio::test]
async fn n23_no_store_and_set_cookie_get_no_tag() {
    for lines in [&[("cache-control", "no-store")][..], &[("set-cookie", "a=b")]] {
        let lines = lines.to_vec();
        let response = call(&stack(move |_| with_status(200, &lines)), get("/", &[])).await;
        assert!(!response.headers().contains_key("etag"));
    }
    // The policy of the layer does the same, so it is inside the layer for tags.
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("x", &[]))));
    let secret = ServiceBuilder::new().layer(CachingLayer::new(CachePolicy::NO_STORE)).service(handler);
    assert!(!call(&secret, get("/", &[])).await.headers().contains_key("etag"));
}

#[tokio::test]
async fn n24_an_error_does_not_get_the_policy_of_a_success() {
    for code in [400, 404, 500, 502] {
        let response = call(&stack(move |_| with_status(code, &[])), get("/", &[])).await;
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"), "{code}");
    }
}

#[tokio::test]
async fn n25_request_directives_are_not_echoed_and_change_nothing() {
    let tagged = answering(200, &[("etag", "\"a\"")]);
    let lines = [("cache-control", "no-cache, no-store, max-age=0, only-if-cached, x=y")];
    let response = call(&tagged, get("/", &lines)).await;
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("public, max-age=300"), "C-17");
    assert_eq!(status(&tagged, &[lines[0], ("if-none-match", "\"a\"")]).await, 304);
}

#[tokio::test]
async fn n26_the_handlers_cache_control_is_preserved_if_it_has_a_valid_directive() {
    for (own, expected) in [
        ("max-age=7", "max-age=7"),
        ("MAX-AGE=7, private=\"x", "MAX-AGE=7, private=\"x"),
        // Caches that do not find a valid directive would apply heuristic freshness (G-14).
        ("private=\"x", "private, no-cache"),
        ("MAX-AGE=lolz", "private, max-age=0"),
    ] {
        let response = call(&stack(move |_| with_status(200, &[("cache-control", own)])), get("/", &[])).await;
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(expected));
    }
    let response =
        call(&stack(move |_| with_status(200, &[("cache-control", "do not override")])), get("/", &[])).await;
    assert_eq!(
        field(response.headers(), "cache-control").as_deref(),
        Some("public, max-age=300, do not override"),
        "unknown members decide nothing, and stay"
    );
}

#[tokio::test]
async fn n27_set_cookie_and_authorization_are_considered() {
    let cookie = call(&answering(200, &[("set-cookie", "a=b")]), get("/", &[])).await;
    assert_eq!(field(cookie.headers(), "cache-control").as_deref(), Some("private, max-age=300"));
    let authorized = call(&answering(200, &[]), get("/", &[("authorization", "Bearer x")])).await;
    assert_eq!(field(authorized.headers(), "cache-control").as_deref(), Some("private, max-age=300"));
}

#[tokio::test]
async fn n28_a_page_in_place_of_a_missing_asset_is_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(directory.path().join("app-1.js"), "1").unwrap();
    let files = tower_http::services::ServeDir::new(directory.path())
        .fallback(tower_http::services::ServeFile::new(directory.path().join("index.html")));
    let service = ServiceBuilder::new().layer(CachingLayer::new(CachePolicy::IMMUTABLE)).service(files);
    for (path, expected) in [("/app-1.js", "public, max-age=31536000, immutable"), ("/app-2.js", "private, no-store")] {
        let response = call(&service, get(path, &[])).await;
        assert_eq!(response.status(), 200);
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(expected), "{path}");
    }
}

#[cfg(feature = "assets")]
#[tokio::test]
async fn n28_a_version_in_the_query_is_verified() {
    use tower_cache_policy::AssetsLayer;
    use tower_cache_policy::assets::AssetDirectory;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("app.js"), "1").unwrap();
    let assets = AssetDirectory::new(directory.path()).prefix("/static").source(false).unwrap();
    let files = tower_http::services::ServeDir::new(directory.path());
    let service = ServiceBuilder::new().layer(AssetsLayer::new(&assets)).service(files);
    let fingerprint = assets.current().asset("app.js").unwrap().fingerprint().to_owned();
    for (query, status, expected) in [
        (format!("?v={fingerprint}"), 200, "public, max-age=31536000, immutable"),
        ("?v=1".to_owned(), 200, "no-cache"),
        (format!("?v={}", fingerprint.replace(|c: char| c.is_ascii_digit(), "f")), 404, "private, no-store"),
        (String::new(), 200, "no-cache"),
    ] {
        let response = call(&service, get(&format!("/app.js{query}"), &[])).await;
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(expected), "{query}");
    }
}

#[cfg(feature = "assets")]
#[tokio::test]
async fn n17_the_tag_of_a_static_file_does_not_depend_on_its_time() {
    use tower_cache_policy::AssetsLayer;
    use tower_cache_policy::assets::AssetDirectory;
    let mut tags = Vec::new();
    for content in ["a { top: 0 }", "a { top: 1 }"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("style.css");
        std::fs::write(&path, content).unwrap();
        std::fs::File::open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        let files = tower_http::services::ServeDir::new(directory.path());
        let own = field(call(&files, get("/style.css", &[])).await.headers(), "last-modified").unwrap();
        assert_eq!(own, "Thu, 01 Jan 1970 00:00:00 GMT");
        let assets = AssetDirectory::new(directory.path()).prefix("/static").source(false).unwrap();
        let service = ServiceBuilder::new().layer(AssetsLayer::new(&assets)).service(files);
        let response = call(&service, get("/style.css", &[])).await;
        assert_eq!(field(response.headers(), "last-modified"), None);
        tags.push(field(response.headers(), "etag").unwrap());
    }
    assert_ne!(tags[0], tags[1]);
}

// ---- Traps of composition ----

#[tokio::test]
async fn composition_cors_fields_are_on_the_304() {
    let handler = service_fn(|_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response_with("x", &[("etag", "\"a\"")])))
    });
    let service = ServiceBuilder::new()
        .layer(CachingLayer::new(PUBLIC))
        .layer(CorsLayer::new().allow_origin([HeaderValue::from_static("https://a.example")]))
        .service(handler);
    let lines = [("origin", "https://a.example"), ("if-none-match", "\"a\"")];
    let response = call(&service, get("/", &lines)).await;
    assert_eq!(response.status(), 304);
    assert_eq!(field(response.headers(), "access-control-allow-origin").as_deref(), Some("https://a.example"));
    assert!(field(response.headers(), "vary").unwrap().contains("origin"), "L-05");
}

#[tokio::test]
async fn composition_a_304_of_the_inner_service_gets_policy_and_vary() {
    let response = call(&answering(304, &[("etag", "\"a\"")]), get("/", &[("if-none-match", "\"a\"")])).await;
    assert_eq!(response.status(), 304);
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("public, max-age=300"));
    assert_eq!(field(response.headers(), "vary").as_deref(), Some("accept-encoding"));
}

#[tokio::test]
async fn composition_grpc_is_unchanged_for_every_status() {
    let grpc =
        stack(|_| with_status(200, &[("content-type", "application/grpc"), ("etag", "\"a\""), ("grpc-status", "5")]));
    let lines = request(Method::POST, "/svc/Do", &[("content-type", "application/grpc"), ("if-match", "\"b\"")]);
    let response = call(&grpc, lines).await;
    assert_eq!(response.status(), 200);
    for name in ["cache-control", "vary"] {
        assert_eq!(field(response.headers(), name), None, "{name}");
    }
}

// ---- Five invariants ----

#[tokio::test]
async fn invariant_a_touched_session_is_private() {
    let touched = stack(|_| {
        let mut response = with_status(200, &[]);
        response.extensions_mut().insert(Personalized);
        response
    });
    let response = call(&touched, get("/", &[])).await;
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, max-age=300"));
}

#[tokio::test]
async fn invariant_directives_and_vary_are_read_by_token_and_in_any_case() {
    for own in ["PRIVATE , Max-Age=300", "\tprivate,max-age=300", "max-age=300,  Private", "private, max-age=300"] {
        let response =
            call(&stack(move |_| with_status(200, &[("set-cookie", "a=b"), ("cache-control", own)])), get("/", &[]))
                .await;
        assert_eq!(
            field(response.headers(), "cache-control").unwrap(),
            "private, max-age=300",
            "already private, and canonical if a guard has a reason to act"
        );
    }
    for vary in ["*", "Cookie, *", "*,Cookie", "cookie ,\t*"] {
        let response = call(&stack(move |_| with_status(200, &[("vary", vary)])), get("/", &[])).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), Some("*"));
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, max-age=300, no-cache"));
    }
}

#[tokio::test]
async fn invariant_only_declared_statuses_get_the_policy_of_a_success() {
    for code in [201, 202, 204, 301, 302, 307, 400, 404, 500] {
        let response = call(&stack(move |_| with_status(code, &[])), get("/", &[])).await;
        let cache_control = field(response.headers(), "cache-control").unwrap();
        assert!(
            !cache_control.contains("max-age") && cache_control.starts_with("private, "),
            "G-05, G-06, {code}: {cache_control}"
        );
    }
}

// ---- Mistakes of libraries ----

#[test]
fn libraries_directives_are_not_lost() {
    let parse = |text: &'static str| CacheControl::parse([&HeaderValue::from_static(text)]);
    assert!(!parse("private=\"x\"").private_fields().is_empty());
    assert!(!parse("no-cache=\"set-cookie\"").no_cache_fields().is_empty());
    assert_eq!(parse("Max-Age=60").max_age(), Some(60));
    assert!(parse("max-age=lolz, no-store").no_store());
    assert!(parse("max-age=99999999999999999999").max_age() >= Some(2_147_483_647));
    assert_eq!(parse("max-age=1, stale-while-revalidate=60").stale_while_revalidate(), Some(60));
    assert!(parse("NO-STORE").no_store());
    assert!(!parse("private=\"a, no-store\", max-age=60").no_store());
    assert_eq!(parse("max-age=60, max-age=10").max_age(), Some(10));
    assert_eq!(CachePolicy::public(Duration::from_millis(1)).to_string(), "public, max-age=0");
    assert!(Vary::parse([&HeaderValue::from_static("a b")]).is_any());
}

#[test]
fn libraries_no_time_value_panics() {
    for seconds in [-1, i64::MIN, i64::MAX, 253_402_300_800] {
        if let Some(date) = HttpDate::from_unix_seconds(seconds) {
            assert_eq!(date.to_string().len(), 29);
        }
    }
}

#[test]
fn libraries_both_lines_of_if_none_match_count() {
    let mut headers = HeaderMap::new();
    headers.append("if-none-match", HeaderValue::from_static("\"x\""));
    headers.append("if-none-match", HeaderValue::from_static("\"a\""));
    let preconditions = Preconditions::new(&Method::GET, &headers);
    let current = Validators::new().with_etag(EntityTag::from_static("\"a\""));
    let outcome = preconditions.evaluate(&current.into(), HttpDate::UNIX_EPOCH).outcome();
    assert_eq!(outcome, tower_cache_policy::protocol::Outcome::NotModified);
}

#[test]
fn a_policy_layer_alone_changes_no_type() {
    fn same<S, B>(_: &S)
    where
        S: tower::Service<Request<TestBody>, Response = Response<B>>,
    {
    }
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("x", &[]))));
    same::<_, TestBody>(&ServiceBuilder::new().layer(CachePolicyLayer::new(PUBLIC)).service(handler));
}
