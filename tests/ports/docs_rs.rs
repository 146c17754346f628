//! Tests docs.rs, an axum application behind Fastly (repository `rust-lang/docs.rs`). Handlers return a policy in the
//! response's extensions, and one middleware writes the fields.
//!
//! | Fact | Source |
//! |---|---|
//! | `max-age=0` without a policy, on errors and on redirects too | `crates/bin/docs_rs_web/src/cache.rs`: `NO_CACHING`, `cache_middleware` |
//! | `public, max-age=60` and `public, max-age=600` | there: `SHORT`, `LONGER` |
//! | `public, max-age=31104000, immutable` for files with unique names | there: `FOREVER_IN_CDN_AND_BROWSER` |
//! | `Cache-Control: max-age=0` with `Surrogate-Control: max-age=31536000` and the key of the crate | there: `FOREVER_IN_FASTLY_CDN` |
//! | the same with `Cache-Control: stale-while-revalidate=86400` for pages of one version | there: `ForeverInCdnAndStaleInBrowser`, `render_fastly_forever_in_cdn_stale_in_browser` |
//! | `no-cache, no-store, must-revalidate, max-age=0` for files over 100 MiB | there: `NO_STORE_MUST_REVALIDATE`; `src/file.rs` |
//! | the key `all`, after the response's own keys, on each response that is cached | there: `SURROGATE_KEY_ALL`, `render` |
//! | a setting turns off the policies that need purges, and their keys | there: `cache_invalidatable_responses` |
//! | the keys `crate-{name}` and `docs-rs-static` | `crates/lib/docs_rs_headers/src/surrogate_key.rs`, `src/handlers/about.rs` |
//! | redirects (302) have the policy and the key of their crate; a corrected name is not cached | `src/handlers/rustdoc.rs`: `rustdoc_redirector_handler`, `rustdoc_html_server_handler` |
//! | permanent redirects (301, 308) are cached everywhere | `src/handlers/rustdoc.rs`: `badge_handler`; `src/routes.rs`: `cached_permanent_redirect` |
//! | an unknown page under `/about` is a 404 that the CDN stores | `src/handlers/about.rs`: `nonexistent_about_page_is_cached` |
//! | a 304 repeats the fields of its 200, with `ETag` and `Last-Modified`, and only a 200 or a 304 has an entity tag | `src/file.rs`, `src/testing/axum_helpers.rs`, `cache_middleware` |
//! | handlers must not write `Cache-Control`, `Surrogate-Control` or `Surrogate-Key`: a debug assertion | `cache_middleware` |
//! | purges by key, up to 256 in one `POST /service/{id}/purge` | `crates/lib/docs_rs_fastly/src/cdn/real.rs` |

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tower::util::MapResponseLayer;
use tower::{ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Risk, StatusPolicy};
use tower_cache_policy::protocol::{EntityTag, HttpDate, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer, PurgeLayer};
use tower_cache_policy_purge::{Credential, Fastly, Purger};

use super::{ask, assert_sends, field};

const DAY: Duration = Duration::from_secs(86_400);
const NO_CACHING: CachePolicy = CachePolicy::max_age(Duration::ZERO);
const SHORT: CachePolicy = CachePolicy::public(Duration::from_secs(60));
const LONGER: CachePolicy = CachePolicy::public(Duration::from_secs(600));
const FOREVER: CachePolicy = CachePolicy::public(Duration::from_secs(360 * 86_400)).immutable();
const FOREVER_IN_CDN: CachePolicy = NO_CACHING.edge(CachePolicy::MAX_LIFETIME);
const TOO_LARGE: CachePolicy = CachePolicy::NO_STORE.with_http10_fields();
const ALL: CacheTag = CacheTag::from_static("all");
const STATIC: CacheTag = CacheTag::from_static("docs-rs-static");

/// The errors that the application sends.
const ERRORS: [StatusCode; 7] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

#[derive(Clone, Copy)]
struct Config {
    caches_invalidatable_responses: bool,
    stale_while_revalidate: Option<Duration>,
    /// Fails a test whose handler writes cache fields.
    is_strict: bool,
}

const CONFIG: Config =
    Config { caches_invalidatable_responses: true, stale_while_revalidate: Some(DAY), is_strict: true };

impl Config {
    fn forever_in_cdn(self, key: CacheTag) -> (CachePolicy, CacheTags) {
        if self.caches_invalidatable_responses {
            (FOREVER_IN_CDN, CacheTags::from(key))
        } else {
            (NO_CACHING, CacheTags::new())
        }
    }

    fn forever_in_cdn_and_stale_in_browser(self, key: CacheTag) -> (CachePolicy, CacheTags) {
        let (policy, tags) = self.forever_in_cdn(key);
        let policy = match self.stale_while_revalidate {
            Some(window) if self.caches_invalidatable_responses => {
                policy.stale_while_revalidate(window).stale_in_browser_only()
            }
            _ => policy,
        };
        (policy, tags)
    }
}

fn key_of(name: &str) -> CacheTag {
    CacheTag::new(format!("crate-{name}")).unwrap()
}

fn redirect(status: StatusCode, to: &str, (policy, tags): (CachePolicy, CacheTags)) -> Response {
    (status, StatusPolicy::new(status, policy), tags, [("location", to)]).into_response()
}

/// A file in the storage, whose hash and date are known.
async fn stored_file() -> impl IntoResponse {
    let tag = EntityTag::from_static("\"65a8e27d8879283831b664bd8b7f0ad4\"");
    let date = HttpDate::parse(b"Sun, 28 Aug 2022 00:00:00 GMT", HttpDate::UNIX_EPOCH).unwrap();
    let validators = Validators::new().with_etag(tag).with_last_modified(date);
    (FOREVER, validators, [("content-type", "text/javascript")], "search()")
}

fn app(config: Config) -> Router {
    let latest = move |Path(name): Path<String>| async move { (config.forever_in_cdn(key_of(&name)), Html("latest")) };
    let version = move |Path((name, _version)): Path<(String, String)>| async move {
        (config.forever_in_cdn_and_stale_in_browser(key_of(&name)), Html("documentation"))
    };
    let redirector = move |Path(name): Path<String>| async move {
        match name.as_str() {
            // A misspelled name.
            "Serde" => redirect(StatusCode::FOUND, "/serde", (NO_CACHING, CacheTags::new())),
            _ => redirect(StatusCode::FOUND, "/serde/latest/serde/", config.forever_in_cdn(key_of(&name))),
        }
    };
    let about = move || async move { (config.forever_in_cdn(STATIC), Html("about")) };
    let unknown = move || async move {
        let (policy, tags) = config.forever_in_cdn(STATIC);
        (StatusCode::NOT_FOUND, StatusPolicy::new(StatusCode::NOT_FOUND, policy), tags, Html("unknown"))
    };
    let everywhere = |status, to| async move { redirect(status, to, (FOREVER, CacheTags::new())) };

    Router::new()
        .route("/", get(async || (SHORT, Html("home"))))
        .route("/-/partial/abnormalities/", get(async || (LONGER, Html("alerts"))))
        .route("/-/static/style.css", get(async || (FOREVER, [("content-type", "text/css")], "p{}")))
        .route("/-/rustdoc.static/search.js", get(stored_file))
        .route("/-/storage-change-detection.html", get(async || (FOREVER, Html("storage-change-detection"))))
        .route("/about", get(about))
        .route("/about/{page}", get(unknown))
        .route("/crate/{name}/download", get(async || (TOO_LARGE, "zip")))
        .route("/crate/{name}/rebuild", post(async || "queued"))
        .route("/releases/feed", get(async || ([("content-type", "application/xml")], "<feed/>")))
        .route("/releases/owner", get(async || (StatusCode::FOUND, [("location", "/users/owner")])))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/robots.txt", get(move || everywhere(StatusCode::PERMANENT_REDIRECT, "/-/static/robots.txt")))
        .route("/{name}/badge.svg", get(move || everywhere(StatusCode::MOVED_PERMANENTLY, "https://example.org/")))
        .route("/{name}", get(redirector))
        .route("/{name}/latest/index.html", get(latest))
        .route("/{name}/{version}/index.html", get(version))
        .fallback(async || (StatusCode::NOT_FOUND, Html("no such resource")))
        .layer(MapResponseLayer::new(|mut response: Response| {
            CacheTags::from(ALL).add_to(response.extensions_mut());
            response
        }))
        .layer(CachingLayer::new(NO_CACHING).policy(|policy| {
            let policy = policy.default_policy(NO_CACHING).panic_on_handler_fields(config.is_strict);
            // One of the pages is `immutable`.
            let policy = policy.accept_risk(Risk::PageSurvivesReload);
            ERRORS.into_iter().fold(policy, |policy, status| policy.for_status(status, NO_CACHING))
        }))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
}

#[tokio::test]
async fn pages_of_the_latest_version_are_stored_forever_by_the_cdn_and_revalidated_by_browsers() {
    let expected = [
        ("cache-control", "max-age=0"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "crate-serde all"),
    ];
    assert_sends(&app(CONFIG), "/serde/latest/index.html", 200, &expected).await;
}

#[tokio::test]
async fn pages_are_not_stored_if_a_setting_turns_off_what_needs_purges() {
    let app = app(Config { caches_invalidatable_responses: false, ..CONFIG });
    for path in ["/serde/latest/index.html", "/serde/1.0.0/index.html", "/about"] {
        assert_eq!(field(&ask(&app, Method::GET, path, &[]).await.1, "cache-control").as_deref(), Some("max-age=0"));
        // The other two fields differ, as below.
        assert_sends(&app, path, 200, &WITHOUT_CACHING).await;
    }
    let files = [
        ("cache-control", "public, max-age=31104000, immutable"),
        ("surrogate-control", "max-age=31104000"),
        ("surrogate-key", "all"),
    ];
    assert_sends(&app, "/-/static/style.css", 200, &files).await;
}

/// docs.rs sends only `Cache-Control: max-age=0`.
///
/// Fastly reads `Surrogate-Control` first, so `EdgeLayer` always writes this field. A response that Fastly must
/// revalidate may still be in its cache, so it has the key that purges everything.
const WITHOUT_CACHING: [(&str, &str); 3] =
    [("cache-control", "max-age=0"), ("surrogate-control", "max-age=0"), ("surrogate-key", "all")];

#[tokio::test]
async fn responses_without_a_policy_have_max_age_0_and_differ_by_the_fields_for_the_cdn() {
    let app = app(CONFIG);
    assert_sends(&app, "/releases/feed", 200, &WITHOUT_CACHING).await;
    assert_sends(&app, "/releases/owner", 302, &WITHOUT_CACHING).await;
    assert_sends(&app, "/Serde", 302, &WITHOUT_CACHING).await;
    assert_sends(&app, "/no/such/resource", 404, &WITHOUT_CACHING).await;
    assert_sends(&app, "/broken", 500, &WITHOUT_CACHING).await;
}

/// docs.rs sends `Surrogate-Control` only if it differs from `Cache-Control`. `EdgeLayer` always sends it, as above.
#[tokio::test]
async fn short_and_longer_lifetimes_differ_only_by_the_field_for_the_cdn() {
    let app = app(CONFIG);
    for (path, cache_control, surrogate_control) in [
        ("/", "public, max-age=60", "max-age=60"),
        ("/-/partial/abnormalities/", "public, max-age=600", "max-age=600"),
        ("/-/static/style.css", "public, max-age=31104000, immutable", "max-age=31104000"),
        // An HTML page loses `immutable` unless the layer accepts the risk.
        ("/-/storage-change-detection.html", "public, max-age=31104000, immutable", "max-age=31104000"),
    ] {
        let expected =
            [("cache-control", cache_control), ("surrogate-control", surrogate_control), ("surrogate-key", "all")];
        assert_sends(&app, path, 200, &expected).await;
    }
}

/// docs.rs sends `Cache-Control: stale-while-revalidate=86400` alone.
///
/// A browser that does not find a lifetime in this field may apply heuristic freshness (RFC 9111 section 4.2.2): a page
/// with an old `Last-Modified` would then be fresh for months. With `max-age=0`, it is stale immediately.
/// `proxy-revalidate` prevents shared caches, which a purge must reach, from serving the page stale.
#[tokio::test]
async fn pages_of_one_version_are_served_stale_by_browsers_only_and_differ_by_an_explicit_lifetime() {
    let app = app(CONFIG);
    let expected = [
        ("cache-control", "max-age=0, proxy-revalidate, stale-while-revalidate=86400"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "crate-serde all"),
    ];
    assert_sends(&app, "/serde/1.0.0/index.html", 200, &expected).await;
}

/// docs.rs repeats `Last-Modified` too. A 304 with an entity tag does not need it (RFC 9110 section 15.4.5), and the
/// stored response retains its own.
#[tokio::test]
async fn a_304_for_a_stored_file_repeats_the_caching_fields_of_its_200_and_differs_by_the_date() {
    let app = app(CONFIG);
    let fields = ["cache-control", "etag", "surrogate-control", "surrogate-key"];
    for method in [Method::GET, Method::HEAD] {
        let (status, first) = ask(&app, method.clone(), "/-/rustdoc.static/search.js", &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(field(&first, "etag").as_deref(), Some("\"65a8e27d8879283831b664bd8b7f0ad4\""));
        for (name, value, expected) in [
            ("if-none-match", "\"65a8e27d8879283831b664bd8b7f0ad4\"", 304),
            ("if-none-match", "\"another\", W/\"65a8e27d8879283831b664bd8b7f0ad4\"", 304),
            ("if-none-match", "\"another\"", 200),
            ("if-modified-since", "Sun, 28 Aug 2022 00:00:00 GMT", 304),
            ("if-modified-since", "Sat, 27 Aug 2022 00:00:00 GMT", 200),
        ] {
            let request = [(name, value)];
            let (status, second) = ask(&app, method.clone(), "/-/rustdoc.static/search.js", &request).await;
            assert_eq!(status, expected, "{method} {name}: {value}");
            assert_eq!(second.contains_key("last-modified"), expected == 200, "{method} {name}: {value}");
            for field_name in fields {
                assert_eq!(field(&second, field_name), field(&first, field_name), "{method} {name}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_window_pages_of_one_version_have_the_fields_of_the_latest_version() {
    let app = app(Config { stale_while_revalidate: None, ..CONFIG });
    let expected = [
        ("cache-control", "max-age=0"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "crate-serde all"),
    ];
    assert_sends(&app, "/serde/1.0.0/index.html", 200, &expected).await;
}

#[tokio::test]
async fn redirects_have_the_policy_and_the_key_of_their_crate() {
    let expected = [
        ("cache-control", "max-age=0"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "crate-serde all"),
    ];
    assert_sends(&app(CONFIG), "/serde", 302, &expected).await;
}

/// `EdgeLayer` always sends `Surrogate-Control`, as above.
#[tokio::test]
async fn permanent_redirects_are_stored_everywhere_and_differ_only_by_the_field_for_the_cdn() {
    let expected = [
        ("cache-control", "public, max-age=31104000, immutable"),
        ("surrogate-control", "max-age=31104000"),
        ("surrogate-key", "all"),
    ];
    let app = app(CONFIG);
    assert_sends(&app, "/robots.txt", 308, &expected).await;
    assert_sends(&app, "/serde/badge.svg", 301, &expected).await;
}

#[tokio::test]
async fn pages_about_the_site_and_their_404_have_the_key_of_a_deployment() {
    let expected = [
        ("cache-control", "max-age=0"),
        ("surrogate-control", "max-age=31536000"),
        ("surrogate-key", "docs-rs-static all"),
    ];
    let app = app(CONFIG);
    assert_sends(&app, "/about", 200, &expected).await;
    assert_sends(&app, "/about/unknown", 404, &expected).await;
}

/// docs.rs sends `no-cache, no-store, must-revalidate, max-age=0`.
///
/// `max-age=0` has no effect next to `no-store`. `private` is for edges that do not obey `no-store` in `Cache-Control`,
/// such as Fastly. `Pragma` and `Expires` are for HTTP/1.0 caches.
#[tokio::test]
async fn files_that_are_too_large_for_the_cdn_are_not_stored_and_differ_by_directives_that_more_caches_obey() {
    let expected =
        [("cache-control", "private, no-cache, no-store, must-revalidate"), ("expires", "0"), ("pragma", "no-cache")];
    assert_sends(&app(CONFIG), "/crate/serde/download", 200, &expected).await;
}

/// docs.rs sends `max-age=0` for a POST too. A response to a POST is not stored, so this crate sends `no-store`.
#[tokio::test]
async fn a_post_differs_by_no_store() {
    let (status, headers) = ask(&app(CONFIG), Method::POST, "/crate/serde/rebuild", &[]).await;
    assert_eq!(status, 200);
    assert_eq!(field(&headers, "cache-control").as_deref(), Some("private, no-store"));
    assert_eq!(field(&headers, "surrogate-key"), None);
}

#[tokio::test]
async fn a_handler_that_writes_a_cache_field_fails_every_test_of_its_route() {
    for (name, value) in [
        ("cache-control", "public, max-age=60"),
        ("surrogate-control", "max-age=60"),
        ("surrogate-key", "crate-serde"),
        ("expires", "0"),
    ] {
        let page = move || async move { ([(name, value)], "page") };
        let build = |is_strict| {
            let layer = CachingLayer::new(NO_CACHING).policy(|policy| policy.panic_on_handler_fields(is_strict));
            Router::new().route("/page", get(page)).layer(layer)
        };
        for method in [Method::GET, Method::HEAD] {
            let strict = build(true);
            let failed = AssertUnwindSafe(ask(&strict, method.clone(), "/page?token=secret", &[])).catch_unwind().await;
            let message = *failed.unwrap_err().downcast::<String>().unwrap();
            let expected = format!("{method} /page: the handler set `{name}: {value}` itself; return a `CachePolicy`");
            assert!(message.starts_with(&expected), "{message}");
            assert_eq!(ask(&build(false), method, "/page", &[]).await.0, 200);
        }
    }
}

#[tokio::test]
async fn the_strict_mode_accepts_the_fields_of_inner_layers() {
    let inner = CachePolicyLayer::new(TOO_LARGE);
    let outer = || CachePolicyLayer::new(NO_CACHING).panic_on_handler_fields(true);
    let app = Router::new().route("/", get(async || "page").layer(inner)).layer(outer());
    assert_eq!(ask(&app, Method::GET, "/", &[]).await.0, 200);
    let behind_edge = app.clone().layer(EdgeLayer::new(EdgeProfile::FASTLY)).layer(outer());
    assert_eq!(ask(&behind_edge, Method::GET, "/", &[]).await.0, 200);

    // A service between the layers writes the field again.
    let replace = MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert("cache-control", "max-age=60".parse().unwrap());
        response
    });
    let replaced = app.layer(replace).layer(outer());
    let failed = AssertUnwindSafe(ask(&replaced, Method::GET, "/", &[])).catch_unwind().await;
    assert!(failed.unwrap_err().downcast::<String>().unwrap().contains("`cache-control: max-age=60`"));
}

/// docs.rs sends the keys in the field `Surrogate-Key` of the same request. Fastly accepts both forms.
#[tokio::test]
async fn a_build_purges_the_key_of_its_crate_and_differs_by_keys_in_the_body() {
    type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;
    let sent = Sent::default();
    let recorded = Arc::clone(&sent);
    let api = Fastly::new("service-1", Credential::new("token").unwrap()).unwrap();
    let purger = Purger::new(
        api,
        service_fn(move |request: Request<Bytes>| {
            recorded.lock().unwrap().push(request);
            let response = http::Response::new(Full::new(Bytes::from("{\"crate-serde\":\"1-2\"}")));
            std::future::ready(Ok::<_, Infallible>(response))
        }),
    );
    let build = post(async |Path(name): Path<String>| (Purge::tags([key_of(&name)]), "built"));
    let app = Router::<()>::new().route("/build/{name}", build).layer(PurgeLayer::new(purger));
    let request = Request::post("/build/serde").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 200);

    let sent = sent.lock().unwrap();
    let [request] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/service/service-1/purge"));
    assert_eq!(request.headers()["fastly-key"], "token");
    assert_eq!(request.body(), r#"{"surrogate_keys":["crate-serde"]}"#);
}
