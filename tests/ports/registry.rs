//! Tests the site of the Rust package registry, an axum application behind Fastly and CloudFront (the Rust project's
//! repository of the registry, with the settings of its CDNs in `rust-lang/simpleinfra`).
//!
//! | Fact | Source |
//! |---|---|
//! | a session is the cookie `cargo_session`; a request that changes it gets `Set-Cookie` | `src/middleware/session.rs`, `crates/crates_io_session/README.md` |
//! | a response that depends on the user is `no-store`, whether a cookie or a token names the user: the routes under `/me`, and a search with `following` | pull request 13828 |
//! | any other search does not have `Cache-Control` | there; `src/controllers/krate/search.rs` |
//! | the summary of the front page is cached for 15 seconds by browsers and shared caches | pull request 14218 |
//! | redirects to archives and READMEs have `Vary: Accept`, and static files `Vary: Accept-Encoding` | pull requests 13828 and 13961 |
//! | icons and `robots.txt`: `public, max-age=86400`; files with hashed names: ten years; both with `Expires` | `src/middleware/common_headers.rs`, pull request 13540 |
//! | both only on success, after a 404 was cached for ten years | pull request 14044 |
//! | archives: `public,max-age=31536000,immutable`; index: `public,max-age=600`; READMEs: `public,max-age=604800` | `src/storage.rs` |
//! | archives have the tags `crate:{name}` and `release:{name}@{version}`, feeds and images only the first, in `x-amz-meta-cache-tags` | pull request 14075 |
//! | CloudFront reads that field, and Fastly gets its tags as surrogate keys; neither forwards it | `rust-lang/simpleinfra`: pull request 1106, `compute-static/src/main.rs` |
//! | deleting a crate purges `crate:{name}`: the key at Fastly, and `#crate:{name}` at CloudFront | pull requests 14228 and 14250 |
//! | the frontend's files are read with `ServeDir`, which evaluates `If-Modified-Since` | `src/middleware/static_or_continue.rs` |

use std::time::Duration;

use axum::extract::{Path, Query, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::{Method, StatusCode};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::edge::{EdgeProfile, Edges, TagFormat, TagSyntax};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized, Risk};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};
use tower_cache_policy_purge::{CloudFront, Credential, Fastly, PurgeApi, Unsigned};
use tower_http::services::ServeDir;

use super::{ask, assert_sends, assert_sends_to, field};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const SUMMARY: CachePolicy = CachePolicy::public(Duration::from_secs(15));
const INDEX: CachePolicy = CachePolicy::public(Duration::from_secs(600));
const README: CachePolicy = CachePolicy::public(Duration::from_secs(604_800));
const TEN_YEARS: CachePolicy = CachePolicy::public(Duration::from_secs(3_650 * 86_400));

const SIGNED_IN: (&str, &str) = ("cookie", "theme=dark; cargo_session=abc");
const TOKEN: (&str, &str) = ("authorization", "token");

/// The API. Its layer does not have its own policy.
fn api(says_nothing_without_a_policy: bool) -> Router {
    let layer = CachingLayer::from_fn(|_| None).policy(|policy| match says_nothing_without_a_policy {
        true => policy.accept_risk(Risk::LifetimeGuessedByCaches),
        false => policy,
    });
    Router::new()
        .route("/api/v1/summary", get(async || (SUMMARY, Json(["serde"]))))
        .route("/api/v1/crates", get(search))
        .route("/api/v1/me", get(async || (CachePolicy::NO_STORE, Json(["user"]))))
        .route("/api/v1/me/updates", get(async || ([("cache-control", "no-store")], Json(["update"]))))
        .route("/api/v1/crates/serde/1.0.0/download", get(download).layer(vary_accept()))
        .layer(layer)
}

async fn search(Query(query): Query<Vec<(String, String)>>) -> Response {
    let results = Json(["serde"]);
    match query.iter().any(|(name, _)| name == "following") {
        true => (CachePolicy::NO_STORE, results).into_response(),
        false => results.into_response(),
    }
}

async fn download() -> impl IntoResponse {
    (StatusCode::FOUND, [("location", "https://static.example.org/crates/serde/serde-1.0.0.crate")])
}

fn vary_accept() -> CachePolicyLayer {
    CachePolicyLayer::from_fn(|_| None).vary(&["accept"]).accept_risk(Risk::LifetimeGuessedByCaches)
}

#[tokio::test]
async fn a_public_search_has_no_policy_and_a_search_for_followed_crates_is_not_stored() {
    let app = api(true);
    assert_sends(&app, "/api/v1/crates?q=serde", 200, &[]).await;
    for identity in [SIGNED_IN, TOKEN] {
        let path = "/api/v1/crates?following=yes";
        assert_sends_to(&app, path, &[identity], 200, &[("cache-control", "private, no-store")]).await;
    }
}

/// The registry does not send `Cache-Control` for a public search, and relies on the settings of its CDNs.
///
/// Without the field, caches apply heuristic freshness: Fastly stores such a response for two minutes. This crate
/// therefore sends its default unless the layer accepts that risk.
#[tokio::test]
async fn a_public_search_differs_by_the_default_unless_the_risk_is_accepted() {
    assert_sends(&api(false), "/api/v1/crates?q=serde", 200, &[("cache-control", "private, no-cache")]).await;
}

/// The registry sends `no-store` alone. Some shared caches obey `private` and not `no-store`, so the policy sends both.
#[tokio::test]
async fn responses_for_a_user_are_not_stored_and_differ_by_private() {
    let app = api(true);
    for identity in [SIGNED_IN, TOKEN] {
        assert_sends_to(&app, "/api/v1/me", &[identity], 200, &[("cache-control", "private, no-store")]).await;
    }
}

#[tokio::test]
async fn the_no_store_of_a_handler_is_sent_unchanged() {
    let app = api(true);
    for identity in [SIGNED_IN, TOKEN] {
        assert_sends_to(&app, "/api/v1/me/updates", &[identity], 200, &[("cache-control", "no-store")]).await;
    }
}

#[tokio::test]
async fn the_summary_is_stored_for_15_seconds() {
    let expected = [("cache-control", "public, max-age=15")];
    assert_sends(&api(true), "/api/v1/summary", 200, &expected).await;
    assert_sends_to(&api(true), "/api/v1/summary", &[SIGNED_IN], 200, &expected).await;
}

#[tokio::test]
async fn the_redirect_to_an_archive_varies_by_accept_and_has_no_other_caching_field() {
    assert_sends(&api(true), "/api/v1/crates/serde/1.0.0/download", 302, &[("vary", "accept")]).await;
}

/// A route that reads the session, and sets the cookie again if the session changed.
fn sessions() -> Router {
    async fn session(request: Request, next: Next) -> Response {
        let is_signed_in = request.headers().get("cookie").is_some_and(|line| line == SIGNED_IN.1);
        let changes = request.uri().path() == "/refreshed";
        let mut response = next.run(request).await;
        if is_signed_in {
            response.extensions_mut().insert(Personalized);
        }
        if changes {
            let cookie = "cargo_session=def; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=7776000";
            response.headers_mut().insert("set-cookie", cookie.parse().unwrap());
        }
        response
    }
    Router::new()
        .route("/page", get(async || (CachePolicy::public(MINUTE), "page")))
        .route("/refreshed", get(async || (CachePolicy::public(MINUTE), "page")))
        .layer(from_fn(session))
        .layer(CachingLayer::new(CachePolicy::NO_CACHE))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
}

#[tokio::test]
async fn a_session_cookie_is_an_identity_even_under_a_public_policy() {
    let app = sessions();
    let public = [("cache-control", "public, max-age=60"), ("surrogate-control", "max-age=60")];
    assert_sends(&app, "/page", 200, &public).await;
    for (path, lines) in [("/page", &[SIGNED_IN][..]), ("/refreshed", &[]), ("/refreshed", &[SIGNED_IN])] {
        for method in [Method::GET, Method::HEAD] {
            let (status, headers) = ask(&app, method, path, lines).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(field(&headers, "cache-control").as_deref(), Some("private, max-age=60"), "{path} {lines:?}");
            assert_eq!(field(&headers, "surrogate-control"), None);
            assert_eq!(field(&headers, "etag"), None, "a page for one user is not tagged");
        }
    }
}

fn frontend(directory: &std::path::Path) -> Router {
    let files = ServeDir::new(directory).precompressed_gzip();
    // `ServeDir` sends `Vary` with a 200, and not with its own 304.
    let layer = |policy| CachingLayer::new(policy).policy(|policy| policy.vary(&["accept-encoding"]));
    Router::new()
        .route_service("/robots.txt", files.clone())
        .layer(layer(CachePolicy::public(DAY)))
        .nest_service("/_app/immutable", tower::Layer::layer(&layer(TEN_YEARS), files))
}

/// The registry also sends `Expires`, and a lifetime of ten years instead of one.
///
/// Some caches obey `Expires` next to `Cache-Control` and others ignore it, so this crate sends only `Cache-Control`.
/// Some caches clamp or overflow lifetimes of more than a year. After a year, a file is fetched once more.
#[tokio::test]
async fn files_of_the_frontend_are_stored_on_success_only_and_differ_by_at_most_one_year() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("robots.txt"), "User-agent: *").unwrap();
    std::fs::write(directory.path().join("start.4f3a.js"), "start()").unwrap();
    let app = frontend(directory.path());

    let vary = ("vary", "accept-encoding");
    assert_sends(&app, "/robots.txt", 200, &[("cache-control", "public, max-age=86400"), vary]).await;
    let hashed = [("cache-control", "public, max-age=31536000"), vary];
    assert_sends(&app, "/_app/immutable/start.4f3a.js", 200, &hashed).await;
    let missing = [("cache-control", "private, no-store"), vary];
    assert_sends(&app, "/_app/immutable/start.0000.js", 404, &missing).await;

    // `ServeDir` sends `Last-Modified`, which the registry relies on.
    let (_, headers) = ask(&app, Method::GET, "/robots.txt", &[]).await;
    let modified = field(&headers, "last-modified").unwrap();
    let (status, headers) = ask(&app, Method::GET, "/robots.txt", &[("if-modified-since", &modified)]).await;
    assert_eq!(status, StatusCode::NOT_MODIFIED);
    assert_eq!(field(&headers, "cache-control").as_deref(), Some("public, max-age=86400"));
}

/// The bucket with archives. The fields come from the uploads, or from policies of this crate.
fn storage(with_policies: bool) -> Router {
    async fn object(Extension(with_policies): Extension<bool>, Path(path): Path<String>) -> Response {
        let (policy, field) = match path.split('/').next() {
            Some("crates") => (CachePolicy::IMMUTABLE, "public,max-age=31536000,immutable"),
            Some("readmes") => (README, "public,max-age=604800"),
            Some("index") => (INDEX, "public,max-age=600"),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        let content_type = [("content-type", "application/octet-stream")];
        let mut tags = vec![CacheTag::from_static("crate:serde")];
        if path.contains("1.0.0+build") {
            tags.push(CacheTag::from_static("release:serde@1.0.0+build"));
        }
        let tags = CacheTags::from_iter(tags);
        match with_policies {
            true => (policy, tags, content_type, "object").into_response(),
            false => ([("cache-control", field)], tags, content_type, "object").into_response(),
        }
    }
    let cloudfront_tags = TagFormat::new("x-amz-meta-cache-tags".parse().unwrap(), TagSyntax::Comma);
    let cloudfront = EdgeProfile::CLOUDFRONT.with_tags(Some(cloudfront_tags));
    Router::new()
        .route("/{*path}", get(object))
        .layer(Extension(with_policies))
        .layer(CachingLayer::new(CachePolicy::NO_CACHE))
        .layer(EdgeLayer::new(Edges::new([EdgeProfile::FASTLY, cloudfront]).unwrap()))
}

const ARCHIVE: &str = "/crates/serde/serde-1.0.0+build.crate";
const FEED: &str = "/index/se/rd/serde";

#[tokio::test]
async fn fields_of_the_bucket_are_forwarded_byte_for_byte_with_tags_for_both_cdns() {
    let app = storage(false);
    let archive = [
        ("cache-control", "public,max-age=31536000,immutable"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "crate:serde release:serde@1.0.0+build"),
        ("x-amz-meta-cache-tags", "crate:serde,release:serde@1.0.0+build"),
    ];
    assert_sends(&app, ARCHIVE, 200, &archive).await;
    let index = [
        ("cache-control", "public,max-age=600"),
        ("surrogate-control", "max-age=600"),
        ("surrogate-key", "crate:serde"),
        ("x-amz-meta-cache-tags", "crate:serde"),
    ];
    assert_sends(&app, FEED, 200, &index).await;
}

/// The registry does not write a space after a comma. This crate writes one, as in the examples of RFC 9110 section
/// 5.6.1.
#[tokio::test]
async fn the_policies_of_archives_differ_by_a_space_after_each_comma() {
    let app = storage(true);
    for (path, cache_control) in [
        (ARCHIVE, "public, max-age=31536000, immutable"),
        (FEED, "public, max-age=600"),
        ("/readmes/serde/serde-1.0.0+build.html", "public, max-age=604800"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let (status, headers) = ask(&app, method, path, &[]).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(field(&headers, "cache-control").as_deref(), Some(cache_control), "{path}");
        }
    }
    assert_sends(&app, "/unknown", 404, &[("cache-control", "private, no-store")]).await;
}

/// A deletion names one tag, which is sent to both vendors.
#[tokio::test]
async fn the_deletion_of_a_crate_purges_its_tag_at_both_cdns() {
    let purge = Purge::tags([CacheTag::from_static("crate:serde")]);
    let fastly = Fastly::new("static-1", Credential::new("token").unwrap()).unwrap();
    let cloudfront = CloudFront::new("E1", || "deletion-1".to_owned(), Unsigned::new()).unwrap();
    let requests = [fastly.requests(&purge).unwrap(), cloudfront.requests(&purge).unwrap()].concat();
    let sent: Vec<_> = requests.iter().map(|request| (request.uri().path(), request.body())).collect();
    let [(fastly, keys), (cloudfront, batch)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!((fastly, &keys[..]), ("/service/static-1/purge", &br#"{"surrogate_keys":["crate:serde"]}"#[..]));
    assert_eq!(cloudfront, "/2020-05-31/distribution/E1/invalidation");
    assert!(String::from_utf8_lossy(batch).contains("<Path>#crate:serde</Path>"), "{batch:?}");
}
