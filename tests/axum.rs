//! Tests response parts and the extractor in axum handlers.
#![allow(clippy::unwrap_used)] // As in any test.
#![cfg(feature = "axum")]

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use tower_cache_policy::axum_handler::PreconditionFailure;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, StatusPolicy};
use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators, VaryRecorder};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

use support::field;

async fn fetch(app: &Router, method: Method, path: &str, lines: &[(&str, &str)]) -> axum::response::Response {
    let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    for (name, value) in lines {
        request.headers_mut().append(support::field_name(name), support::latin1(value));
    }
    app.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_policy_and_validators_are_response_parts() {
    async fn page() -> impl IntoResponse {
        let validators = Validators::new().with_etag(EntityTag::from_static("\"p1\""));
        (CachePolicy::private(Duration::from_secs(9)), validators, "page")
    }
    let app = Router::new().route("/", get(page)).layer(CachingLayer::new(CachePolicy::NO_STORE));
    let response = fetch(&app, Method::GET, "/", &[]).await;
    assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, max-age=9"));
    assert_eq!(field(response.headers(), "etag").as_deref(), Some("\"p1\""));
    let again = fetch(&app, Method::GET, "/", &[("if-none-match", "\"p1\"")]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(field(again.headers(), "cache-control").as_deref(), Some("private, max-age=9"), "N-01");
    let head = fetch(&app, Method::HEAD, "/", &[]).await;
    assert_eq!(field(head.headers(), "etag").as_deref(), Some("\"p1\""), "V-19, L-06");
}

#[tokio::test]
async fn tags_are_response_parts() {
    async fn page() -> impl IntoResponse {
        (CacheTag::from_static("pages"), CacheTags::from_iter([CacheTag::from_static("page-1")]), "page")
    }
    let app = Router::new()
        .route("/", get(page))
        .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(9))))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY));
    let response = fetch(&app, Method::GET, "/", &[]).await;
    assert_eq!(field(response.headers(), "surrogate-key").as_deref(), Some("pages page-1"));
    assert_eq!(field(response.headers(), "surrogate-control").as_deref(), Some("max-age=9"));
}

#[tokio::test]
async fn a_handler_evaluates_preconditions_inside_its_transaction() {
    type Store = Arc<Mutex<u32>>;
    async fn read(State(store): State<Store>, preconditions: Preconditions) -> Result<String, PreconditionFailure> {
        let revision = store.lock().unwrap();
        preconditions.check(&current(*revision))?;
        Ok(revision.to_string())
    }
    async fn write(State(store): State<Store>, preconditions: Preconditions) -> Result<String, PreconditionFailure> {
        let mut revision = store.lock().unwrap();
        preconditions.check(&current(*revision))?;
        *revision += 1;
        Ok(revision.to_string())
    }
    fn current(revision: u32) -> Representation {
        Validators::new().with_etag(EntityTag::strong(revision.to_string()).unwrap()).into()
    }
    let store = Store::default();
    let app = Router::new().route("/", get(read).put(write)).with_state(store.clone());
    let table: &[(Method, (&str, &str), u16, u32)] = &[
        (Method::PUT, ("if-match", "\"0\""), 200, 1),
        (Method::PUT, ("if-match", "\"0\""), 412, 1),
        (Method::PUT, ("if-none-match", "*"), 412, 1),
        (Method::GET, ("if-none-match", "\"1\""), 304, 1),
        (Method::GET, ("if-none-match", "\"0\""), 200, 1),
        (Method::PUT, ("if-match", "*"), 200, 2),
    ];
    for (method, line, status, revision) in table {
        let response = fetch(&app, method.clone(), "/", &[*line]).await;
        assert_eq!(response.status().as_u16(), *status, "{method} {line:?}");
        assert_eq!(*store.lock().unwrap(), *revision, "{method} {line:?}");
        match status {
            304 => {
                assert_eq!(field(response.headers(), "etag").as_deref(), Some("\"1\""));
                assert_eq!(field(response.headers(), "content-length"), None, "N-03");
            }
            412 => assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn layers_work_on_a_handler_a_method_router_and_a_router() {
    use axum::handler::Handler;
    let layer = || CachePolicyLayer::new(CachePolicy::NO_STORE);
    let app = Router::new()
        .route("/handler", get((async || "x").layer(layer())))
        .route("/method", get(async || "x").layer(layer()))
        .nest("/router", Router::new().route("/", get(async || "x")).layer(layer()));
    for path in ["/handler", "/method", "/router"] {
        let response = fetch(&app, Method::GET, path, &[]).await;
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"), "{path}");
    }
}

#[tokio::test]
async fn recorded_request_fields_are_in_vary() {
    async fn greet(headers: http::HeaderMap) -> impl IntoResponse {
        let mut fields = VaryRecorder::of(&headers);
        let greeting = match fields.get(&http::header::ACCEPT_LANGUAGE) {
            Some(language) if language == "de" => "Guten Tag",
            _ => "Hello",
        };
        (fields.into_vary(), greeting)
    }
    let policy = CachePolicy::public(Duration::from_secs(60)).vary(&["accept-encoding"]);
    let app = Router::new().route("/", get(greet)).layer(CachingLayer::new(policy));
    for lines in [&[][..], &[("accept-language", "de")]] {
        let response = fetch(&app, Method::GET, "/", lines).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), Some("accept-language, accept-encoding"), "K-02");
    }
}

#[tokio::test]
async fn a_handler_returns_no_vary_search_and_clear_site_data() {
    use tower_cache_policy::protocol::{ClearSiteData, NoVarySearch};
    let sign_out = async || (CachePolicy::NO_STORE, ClearSiteData::CACHE.and(ClearSiteData::COOKIES), "goodbye");
    let app = Router::new()
        .route("/news", get(async || (NoVarySearch::params(&["ref"]).and_key_order(), "news")))
        .route("/sign-out", get(sign_out))
        .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(60))));
    for (path, name, value, cache_control) in [
        ("/news?ref=a", "no-vary-search", "key-order, params=(\"ref\")", "public, max-age=60"),
        ("/sign-out", "clear-site-data", "\"cache\", \"cookies\"", "private, no-store"),
    ] {
        let response = fetch(&app, Method::GET, path, &[]).await;
        assert_eq!(field(response.headers(), name).as_deref(), Some(value), "E-01, E-02");
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(cache_control), "{path}");
    }
}

/// No public name of the crate hides the crate `axum` (X5).
mod beside_a_glob {
    use axum::Router;
    use axum::routing::get;
    #[allow(clippy::wildcard_imports)] // As users write it.
    use tower_cache_policy::*;

    #[test]
    fn a_glob_import_compiles_next_to_axum() {
        let policy = policy::CachePolicy::NO_STORE;
        let _: Router = Router::new().route("/", get(async || "page")).layer(CachePolicyLayer::new(policy));
    }
}

#[tokio::test]
async fn a_policy_for_a_status_applies_to_this_status_only() {
    const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60));
    const SHORT: CachePolicy = CachePolicy::public(Duration::from_secs(9));
    let build = |status: StatusCode, own: StatusPolicy| {
        let page = get(move || async move { (status, own, PAGE, [("location", "/")], "page") });
        let layer = CachingLayer::new(PAGE).policy(|policy| policy.for_status(StatusCode::GONE, PAGE));
        Router::new().route("/", page).layer(layer)
    };
    for (own, status, expected) in [
        (404, 404, "public, max-age=9"),
        (410, 410, "public, max-age=9"),
        (302, 302, "public, max-age=9"),
        (204, 204, "public, max-age=9"),
        (200, 200, "public, max-age=9"),
        // If there are two policies, the one for the status takes precedence.
        (404, 200, "public, max-age=60"),
        // Neither policy is for this status.
        (404, 500, "private, no-store"),
        (404, 410, "public, max-age=60"),
        (302, 301, "private, no-cache"),
        (200, 404, "private, no-store"),
        // RFC 6585.
        (428, 428, "private, no-store"),
        (429, 429, "private, no-store"),
        (431, 431, "private, no-store"),
        (511, 511, "private, no-store"),
    ] {
        let (own, status) = (StatusCode::from_u16(own).unwrap(), StatusCode::from_u16(status).unwrap());
        let app = build(status, StatusPolicy::new(own, SHORT));
        for method in [Method::GET, Method::HEAD] {
            let response = fetch(&app, method, "/", &[]).await;
            assert_eq!(response.status(), status);
            let sent = field(response.headers(), "cache-control");
            assert_eq!(sent.as_deref(), Some(expected), "a policy for {own} on {status}");
            assert!(response.extensions().get::<StatusPolicy>().is_none(), "an outer layer cannot use it again");
        }
    }
}

#[tokio::test]
async fn guards_take_precedence_over_a_policy_for_a_status() {
    const HOUR: CachePolicy = CachePolicy::public(Duration::from_secs(3_600));
    let own = StatusPolicy::new(StatusCode::FOUND, HOUR);
    let login = get(move || async move { (StatusCode::FOUND, own, [("location", "/"), ("set-cookie", "id=1")]) });
    let write = axum::routing::post(move || async move { (StatusCode::FOUND, own, [("location", "/")]) });
    let app = Router::new()
        .route("/login", login)
        .route("/write", write)
        .layer(CachingLayer::new(CachePolicy::NO_CACHE))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY));
    for (method, path, lines, expected) in [
        (Method::GET, "/login", &[][..], "private, max-age=3600"),
        (Method::GET, "/login", &[("authorization", "Bearer t")], "private, max-age=3600"),
        (Method::POST, "/write", &[], "private, no-store"),
    ] {
        let response = fetch(&app, method, path, lines).await;
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(expected), "{path}");
        assert_eq!(field(response.headers(), "surrogate-control"), None, "{path}");
    }
}

#[tokio::test]
async fn a_304_has_the_policy_that_the_handler_made_for_its_200() {
    let own = StatusPolicy::new(StatusCode::OK, CachePolicy::private(Duration::from_secs(9)));
    let app = Router::new()
        .route("/tagged", get(move || async move { (own, "page") }))
        .route("/never", get(async || (StatusPolicy::new(StatusCode::OK, CachePolicy::NO_STORE), "page")))
        .layer(CachingLayer::new(CachePolicy::NO_CACHE));
    let page = fetch(&app, Method::GET, "/tagged", &[]).await;
    let tag = field(page.headers(), "etag").unwrap();
    let again = fetch(&app, Method::GET, "/tagged", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(field(again.headers(), "cache-control").as_deref(), Some("private, max-age=9"), "N-01");

    let never = fetch(&app, Method::GET, "/never", &[]).await;
    assert_eq!(field(never.headers(), "etag"), None, "a response that is not stored has no tag");

    // A handler that creates the 304 itself.
    let made = Router::new()
        .route("/", get(move || async move { (StatusCode::NOT_MODIFIED, own, [("etag", "\"1\"")]) }))
        .layer(CachePolicyLayer::new(CachePolicy::NO_CACHE));
    let made = fetch(&made, Method::GET, "/", &[]).await;
    assert_eq!(field(made.headers(), "cache-control").as_deref(), Some("private, max-age=9"), "N-01");
}
