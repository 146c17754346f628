//! Tests tower-sessions: a response with a session is never shared, in any order of the layers.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use http::header::COOKIE;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::{CachePolicy, Personalized};
use tower_cache_policy::protocol::is_targeted_field;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};
use tower_http::compression::CompressionLayer;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::PUBLIC;
use crate::loopback::{Client, ClientResponse, VERSIONS, request, serve};

/// `/write` writes the session, `/read` only reads it, `/read-and-mark` also marks the response, and `/page` does
/// not use it.
fn routes() -> Router {
    async fn name(session: Session) -> String {
        session.get::<String>("name").await.unwrap().unwrap_or_else(|| "nobody".to_owned())
    }
    async fn write(session: Session) -> &'static str {
        session.insert("name", "Ada").await.unwrap();
        "written"
    }
    async fn mark(session: Session) -> (axum::Extension<Personalized>, String) {
        (axum::Extension(Personalized), name(session).await)
    }
    Router::new()
        .route("/page", get(async || "page"))
        .route("/write", get(write))
        .route("/read", get(name))
        .route("/read-and-mark", get(mark))
        .route("/forget", get(async |session: Session| session.flush().await.unwrap()))
}

fn sessions() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
}

/// No shared cache stores the response, and no CDN gets a lifetime.
fn is_not_shared(response: &ClientResponse, row: &str) {
    let cache_control = response.field("cache-control").unwrap();
    assert!(cache_control.contains("private"), "{row}: {:?}", response.headers);
    assert!(!cache_control.contains("public") && !cache_control.contains("s-maxage"), "{row}: {cache_control}");
    for (name, value) in response.headers.iter().filter(|(name, _)| is_targeted_field(name)) {
        assert!(value == "no-store" || value == "0", "{row}: {name}: {value:?}");
    }
}

async fn fetch(server: SocketAddr, version: http::Version, path: &str, cookie: Option<&str>) -> ClientResponse {
    let lines: Vec<_> = cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
    Client::connect(server, version).await.fetch(request("GET", server, path, &lines)).await
}

#[tokio::test]
async fn a_written_session_is_never_shared_in_any_order_of_layers() {
    let caching = || CachingLayer::new(PUBLIC).compression(CompressionLayer::new());
    let edge = || EdgeLayer::new(EdgeProfile::FASTLY);
    let orders: [(&str, Router); 5] = [
        ("as the README has it", routes().layer(sessions()).layer(caching()).layer(edge())),
        ("without an edge", routes().layer(sessions()).layer(caching())),
        (
            "an outer session layer, guarded by the edge layer",
            routes().layer(caching()).layer(sessions()).layer(edge()),
        ),
        (
            "an outer session layer, guarded by an outer policy layer",
            routes().layer(caching()).layer(sessions()).layer(CachePolicyLayer::new(CachePolicy::PRIVATE_NO_CACHE)),
        ),
        (
            "sessions between two usual stacks",
            routes().layer(caching()).layer(sessions()).layer(CachingLayer::new(PUBLIC)),
        ),
    ];
    for (order, app) in orders {
        let server = serve(app).await;
        for version in VERSIONS {
            let row = format!("{order}, {version:?}");
            let written = fetch(server, version, "/write", None).await;
            let cookie = written.field("set-cookie").expect("a session is a cookie");
            is_not_shared(&written, &row);
            let cookie = cookie.split(';').next().unwrap();

            // This removes the cookie.
            let forgotten = fetch(server, version, "/forget", Some(cookie)).await;
            assert!(forgotten.headers.contains_key("set-cookie"), "{row}");
            is_not_shared(&forgotten, &row);

            let page = fetch(server, version, "/page", None).await;
            assert_eq!(page.field("cache-control").as_deref(), Some("public, max-age=300"), "{row}");
            assert!(!page.headers.contains_key("set-cookie"), "{row}");
        }
    }
}

#[tokio::test]
async fn no_304_lets_a_shared_cache_store_a_session() {
    let app = routes().layer(sessions()).layer(CachingLayer::new(PUBLIC)).layer(EdgeLayer::new(EdgeProfile::FASTLY));
    let server = serve(app).await;
    let written = fetch(server, VERSIONS[0], "/write", None).await;
    assert!(!written.headers.contains_key("etag"), "G-16: what sets a cookie gets no tag");
    let lines = [("if-none-match", "*")];
    let again = Client::connect(server, VERSIONS[0]).await.fetch(request("GET", server, "/write", &lines)).await;
    is_not_shared(&again, "If-None-Match: *");
}

/// If a session is only read, the response does not contain evidence for a guard. The route must mark it in one of
/// three ways.
#[tokio::test]
async fn a_read_session_is_not_shared_if_the_route_declares_it() {
    let layer = || CachingLayer::new(PUBLIC).policy(|layer| layer.credential_headers([COOKIE]));
    let private = CachingLayer::new(CachePolicy::private(std::time::Duration::from_secs(60)));
    let table: [(&str, &str, Router); 3] = [
        (
            "the handler sets Personalized",
            "/read-and-mark",
            routes().layer(sessions()).layer(CachingLayer::new(PUBLIC)),
        ),
        ("cookies are credentials", "/read", routes().layer(sessions()).layer(layer())),
        ("the policy of the route is private", "/read", routes().layer(sessions()).layer(private)),
    ];
    for (sentence, path, app) in table {
        let server = serve(app.layer(EdgeLayer::new(EdgeProfile::FASTLY))).await;
        for version in VERSIONS {
            let written = fetch(server, version, "/write", None).await.field("set-cookie").unwrap();
            let cookie = written.split(';').next().unwrap();
            let read = fetch(server, version, path, Some(cookie)).await;
            assert_eq!(read.content, b"Ada", "{sentence}");
            assert!(!read.headers.contains_key("set-cookie"), "{sentence}: a guard has no evidence");
            is_not_shared(&read, sentence);
        }
    }
}
