//! Tests clients that disconnect at each step, on real connections.

use std::convert::Infallible;
use std::future::pending;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use futures_util::stream;
use futures_util::{FutureExt, StreamExt};
use http::header::CONTENT_TYPE;
use http::{Request, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use tower::{ServiceBuilder, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{CachingLayer, EdgeLayer, PurgeLayer};
use tower_http::compression::CompressionLayer;

use super::PUBLIC;
use crate::loopback::{BoxError, Client, Events, VERSIONS, request, serve, with_body};

/// All layers, with handlers that record their events. A path with `hangs` stops at that step.
fn app(events: &Events) -> Router {
    let source = {
        let events = events.clone();
        move |parts: &http::request::Parts| {
            events.add("source called");
            let hangs = parts.uri.path() == "/source-hangs";
            let end = events.at_end("source ended");
            async move {
                let _end = end;
                if hangs {
                    pending::<()>().await;
                }
                Representation::from(Validators::new().with_etag(EntityTag::from_static("\"v1\"")))
            }
        }
    };
    let purger = {
        let events = events.clone();
        service_fn(move |_: Purge| {
            events.add("purge begun");
            let end = events.at_end("purge ended");
            async move {
                pending::<()>().await;
                drop(end);
                Ok::<_, Infallible>(())
            }
        })
    };
    let layers =
        ServiceBuilder::new().layer(EdgeLayer::new(EdgeProfile::STANDARD)).layer(PurgeLayer::new(purger)).layer(
            CachingLayer::new(PUBLIC)
                .compression(CompressionLayer::new())
                .entity_tags(|layer| layer.buffer_unknown_length(1 << 20))
                .validators(source),
        );
    Router::new()
        .route("/quick", get(async || "hello"))
        .route("/source-hangs", get(quick).put(quick))
        .route("/handler-hangs", get(handler_hangs).put(handler_hangs))
        .route("/body-hangs", get(body_hangs))
        .route("/events", get(endless_events))
        .route("/upload", put(upload))
        .route("/purge-hangs", put(write_and_purge))
        .layer(layers)
        .with_state(events.clone())
}

async fn quick(State(events): State<Events>) -> &'static str {
    events.add("handled");
    "hello"
}

async fn handler_hangs(State(events): State<Events>) -> &'static str {
    events.add("handler begun");
    let _end = events.at_end("handler ended");
    pending::<()>().await;
    events.add("handler done");
    "hello"
}

/// A body of one chunk that never ends.
async fn body_hangs(State(events): State<Events>) -> Body {
    let end = events.at_end("body ended");
    events.add("body begun");
    let piece = stream::iter([Ok::<_, Infallible>("a piece")]);
    Body::from_stream(piece.chain(stream::once(pending().map(move |never| {
        drop(end);
        never
    }))))
}

/// The chunks are long, because HTTP/2 implementations treat many short frames as an attack.
const EVENT: [u8; 1 << 12] = [b'\n'; 1 << 12];

async fn endless_events(State(events): State<Events>) -> Response {
    let end = events.at_end("body ended");
    let ticks = stream::repeat_with(move || {
        _ = &end;
        Ok::<_, Infallible>(EVENT.as_slice())
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(ticks)).into_response()
}

async fn upload(State(events): State<Events>, request: Request<Body>) -> Response {
    events.add("upload begun");
    let read = to_bytes(request.into_body(), usize::MAX).await;
    events.add(if read.is_ok() { "upload read" } else { "upload failed" });
    let mut response = "written".into_response();
    Purge::tags([CacheTag::from_static("a")]).add_to(response.extensions_mut());
    if read.is_err() {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
    }
    response
}

async fn write_and_purge(State(events): State<Events>) -> Response {
    events.add("written");
    let mut response = "written".into_response();
    Purge::tags([CacheTag::from_static("a")]).add_to(response.extensions_mut());
    response
}

/// Sends a request, waits for the event `begun`, and disconnects.
async fn leave_at(events: &Events, version: Version, method: &'static str, path: &'static str, begun: &'static str) {
    let server = serve(app(events)).await;
    let mut client = Client::connect(server, version).await;
    let connection = client.connection();
    let lines: &[(&str, &str)] = if method == "PUT" { &[("if-match", "\"v1\"")] } else { &[] };
    let request = request(method, server, path, lines);
    let pending = tokio::spawn(async move { client.send(request).await });
    events.until(begun, 1).await;
    connection.close();
    assert!(pending.await.unwrap().is_err(), "a response to a request without one");
}

#[tokio::test]
async fn a_client_that_disconnects_while_the_source_is_pending_reaches_no_handler() {
    for version in VERSIONS {
        for method in ["GET", "PUT"] {
            let events = Events::default();
            leave_at(&events, version, method, "/source-hangs", "source called").await;
            events.until("source ended", 1).await;
            assert_eq!((events.count("handled"), events.count("purge begun")), (0, 0), "{method} {version:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_disconnects_before_the_response_cancels_the_handler() {
    for version in VERSIONS {
        for method in ["GET", "PUT"] {
            let events = Events::default();
            leave_at(&events, version, method, "/handler-hangs", "handler begun").await;
            events.until("handler ended", 1).await;
            assert_eq!((events.count("handler done"), events.count("purge begun")), (0, 0), "{method} {version:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_disconnects_while_a_body_is_read_for_its_tag_drops_the_body() {
    for version in VERSIONS {
        let events = Events::default();
        leave_at(&events, version, "GET", "/body-hangs", "body begun").await;
        events.until("body ended", 1).await;
    }
}

#[tokio::test]
async fn a_client_that_disconnects_during_the_body_drops_the_body() {
    for version in VERSIONS {
        let events = Events::default();
        let server = serve(app(&events)).await;
        let mut client = Client::connect(server, version).await;
        let response = client.send(request("GET", server, "/events", &[])).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(events.count("body ended"), 0);
        client.close();
        events.until("body ended", 1).await;
        drop(response);
    }
}

#[tokio::test]
async fn over_http_2_a_cancelled_stream_does_not_affect_others() {
    let events = Events::default();
    let server = serve(app(&events)).await;
    let mut client = Client::connect(server, Version::HTTP_2).await;
    for count in 1..=3 {
        let response = client.send(request("GET", server, "/events", &[])).await.unwrap();
        drop(response);
        events.until("body ended", count).await;
        {
            // A request that does not have a response yet.
            let pending = client.send(request("PUT", server, "/handler-hangs", &[]));
            let begun = events.until("handler begun", count);
            tokio::select! {
                response = pending => panic!("the handler hangs: {response:?}"),
                () = begun => {}
            }
        }
        events.until("handler ended", count).await;
        let response = client.fetch(request("GET", server, "/quick", &[])).await;
        assert_eq!((response.status.as_u16(), &response.content[..], response.broken), (200, &b"hello"[..], false));
    }
}

#[tokio::test]
async fn a_client_that_disconnects_during_its_upload_writes_and_purges_nothing() {
    for version in VERSIONS {
        let events = Events::default();
        let server = serve(app(&events)).await;
        let mut client = Client::connect(server, version).await;
        let connection = client.connection();
        let first = Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"half of it")));
        let rest = stream::once(pending::<Result<Frame<Bytes>, BoxError>>());
        let body = StreamBody::new(stream::iter([first]).chain(rest));
        let request = with_body("PUT", server, "/upload", &[("if-match", "\"v1\"")], body);
        let pending = tokio::spawn(async move { client.send(request).await });
        events.until("upload begun", 1).await;
        connection.close();
        _ = pending.await;
        // The handler is dropped while it waits, or its body is dropped.
        wait_for_quiet(&events).await;
        assert_eq!((events.count("upload read"), events.count("purge begun")), (0, 0), "{version:?}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_after_the_write_cancels_the_purge_but_not_the_write() {
    for version in VERSIONS {
        let events = Events::default();
        leave_at(&events, version, "PUT", "/purge-hangs", "purge begun").await;
        events.until("purge ended", 1).await;
        assert_eq!((events.count("written"), events.count("purge begun")), (1, 1), "{version:?}");
    }
}

/// Sends requests on another connection until the server has noticed that the first one is closed.
async fn wait_for_quiet(events: &Events) {
    let server = serve(app(events)).await;
    for _ in 0..10 {
        let mut client = Client::connect(server, Version::HTTP_11).await;
        assert_eq!(client.fetch(request("GET", server, "/quick", &[])).await.status, 200);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
