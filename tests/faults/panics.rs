//! Tests handlers, sources, purgers and bodies that panic, with tower-http's `CatchPanicLayer` as an inner and as an
//! outer layer.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, put};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::request::Parts;
use tower::service_fn;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, CacheTag};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{CachingLayer, EdgeLayer, PurgeLayer};
use tower_http::catch_panic::CatchPanicLayer;

use super::{PUBLIC, is_kept_by_nobody};
use crate::loopback::{Client, Events, VERSIONS, request, serve};

fn routes(events: &Events) -> Router {
    let handled = events.clone();
    let (of_purge, of_write) = (events.clone(), events.clone());
    Router::new()
        .route("/", get(async || "hello"))
        .route("/panics", get(panics).put(panics))
        .route("/body-panics", get(body_panics))
        .route("/long-body-panics", get(async || Body::from_stream(a_piece_and_a_panic())))
        .route("/source-panics", put(async move || handled.add("handled")))
        .route("/policy-panics", get(async || "hello"))
        .route(
            "/purger-panics",
            put(async move || {
                of_write.add("written");
                (Purge::tags([CacheTag::from_static("a")]), "written")
            }),
        )
        .layer(PurgeLayer::new(service_fn(move |_: Purge| {
            of_purge.add("purge begun");
            async { if true { give_up() } else { Ok::<_, Infallible>(()) } }
        })))
}

async fn panics() -> &'static str {
    give_up()
}

/// A body with a known length, so the layer reads it for a tag.
async fn body_panics() -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::new(Sized(Body::from_stream(a_piece_and_a_panic()))));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/plain"));
    response
}

fn a_piece_and_a_panic() -> impl stream::Stream<Item = Result<&'static str, Infallible>> + Send {
    let piece = stream::iter([Ok::<_, Infallible>("a piece")]);
    piece.chain(stream::once(async { give_up() }))
}

struct Sized(Body);

impl http_body::Body for Sized {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(100)
    }
}

fn policy(parts: &Parts) -> CachePolicy {
    if parts.uri.path() == "/policy-panics" { give_up() } else { PUBLIC }
}

fn source(parts: &Parts) -> impl Future<Output = Representation> + use<> {
    let panics = parts.uri.path() == "/source-panics";
    async move {
        if panics {
            give_up();
        }
        Validators::new().with_etag(EntityTag::from_static("\"v1\"")).into()
    }
}

/// Panics without printing a message.
fn give_up() -> ! {
    std::panic::resume_unwind(Box::new("as it was meant to"))
}

#[tokio::test]
async fn a_panic_caught_by_an_inner_layer_is_an_error_that_no_cache_stores() {
    let events = Events::default();
    let app = routes(&events)
        .layer(CatchPanicLayer::new())
        .layer(CachingLayer::new(PUBLIC))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY));
    let server = serve(app).await;
    for version in VERSIONS {
        let mut client = Client::connect(server, version).await;
        for method in ["GET", "PUT"] {
            let response = client.fetch(request(method, server, "/panics", &[("if-none-match", "*")])).await;
            assert_eq!(response.status, 500, "{method} {version:?}");
            assert_eq!(response.field("cache-control").as_deref(), Some("private, no-store"), "G-04");
            is_kept_by_nobody(&response.headers);
        }
        // The connection and the services still work.
        let response = client.fetch(request("GET", server, "/", &[])).await;
        assert_eq!(response.field("cache-control").as_deref(), Some("public, max-age=300"));
        assert_eq!(response.content, b"hello");
    }
}

#[tokio::test]
async fn a_panic_caught_by_an_outer_layer_does_not_allow_storage() {
    let events = Events::default();
    let app = routes(&events)
        .layer(CachingLayer::from_fn(policy).validators(source))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
        .layer(CatchPanicLayer::new());
    let server = serve(app).await;
    for version in VERSIONS {
        let mut client = Client::connect(server, version).await;
        for (method, path) in [
            ("GET", "/panics"),
            ("PUT", "/panics"),
            ("GET", "/policy-panics"),
            ("PUT", "/source-panics"),
            ("PUT", "/purger-panics"),
        ] {
            let lines: &[(&str, &str)] = if method == "PUT" { &[("if-match", "\"v1\"")] } else { &[] };
            let response = client.fetch(request(method, server, path, lines)).await;
            assert_eq!(response.status, 500, "{method} {path} {version:?}");
            is_kept_by_nobody(&response.headers);
        }
        let response = client.fetch(request("GET", server, "/", &[])).await;
        assert_eq!(response.field("etag").as_deref(), Some("\"v1\""));
    }
    assert_eq!(events.count("handled"), 0, "a write passed a source without a result");
    assert_eq!((events.count("written"), events.count("purge begun")), (2, 2), "once for each version");
}

#[tokio::test]
async fn a_panic_in_a_body_ends_the_response_and_not_the_server() {
    let events = Events::default();
    let app = routes(&events)
        .layer(CachingLayer::new(PUBLIC))
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
        .layer(CatchPanicLayer::new());
    let server = serve(app).await;
    for version in VERSIONS {
        let mut client = Client::connect(server, version).await;
        // The body is read for its tag before the response is sent.
        let response = client.fetch(request("GET", server, "/body-panics", &[])).await;
        assert_eq!(response.status, 500, "{version:?}");
        is_kept_by_nobody(&response.headers);
        let broken = match client.send(request("GET", server, "/long-body-panics", &[])).await {
            Ok(response) => crate::loopback::ClientResponse::of(response).await.broken,
            // The panic ended the connection before the head was sent.
            Err(_) => true,
        };
        assert!(broken, "a body that panicked looked complete over {version:?}");
        let mut client = Client::connect(server, version).await;
        assert_eq!(client.fetch(request("GET", server, "/", &[])).await.content, b"hello");
    }
}
