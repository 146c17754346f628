//! Tests bodies that fail, are slow, or never end.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use futures_util::{FutureExt, StreamExt};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio_stream_of::receiver;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::{CachingLayer, EdgeLayer, EntityTagLayer};
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use super::{PUBLIC, is_kept_by_nobody};
use crate::loopback::{Client, VERSIONS, request, serve};
use crate::support::{BodyError, Frames, field, frames, get as get_request};

/// A small part of `tokio-stream`.
mod tokio_stream_of {
    use super::{Stream, mpsc, stream};

    pub(super) fn receiver<T>(receiver: mpsc::UnboundedReceiver<T>) -> impl Stream<Item = T> {
        stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) })
    }
}

const TEXT: &str = include_str!("../../LICENSE-APACHE");

/// A body that declares the length of [`TEXT`] or no length, and fails after half of it.
fn half_of_the_text(sized: bool) -> Response {
    let half = &TEXT[..TEXT.len() / 2];
    let frames = Frames::new([Ok(http_body::Frame::data(Bytes::from_static(half.as_bytes()))), Err(BodyError)]);
    let body = if sized { frames.hinted(TEXT.len() as u64) } else { frames };
    ([(CONTENT_TYPE, "text/plain")], Body::new(body.map_err(|BodyError| "broken"))).into_response()
}

#[tokio::test]
async fn the_client_sees_a_broken_body_under_buffering_and_compression() {
    let stacks = [
        CachingLayer::new(PUBLIC).compression(CompressionLayer::new()),
        CachingLayer::new(PUBLIC)
            .compression(CompressionLayer::new())
            .entity_tags(|layer| layer.buffer_unknown_length(1 << 20)),
    ];
    for (stack, layers) in stacks.into_iter().enumerate() {
        let app = Router::new()
            .route("/known", get(async || half_of_the_text(true)))
            .route("/unknown", get(async || half_of_the_text(false)))
            .layer(layers);
        let server = serve(app).await;
        for version in VERSIONS {
            for path in ["/known", "/unknown"] {
                for coding in ["identity", "gzip", "br"] {
                    let row = format!("stack {stack}, {version:?}, {path}, {coding}");
                    let mut client = Client::connect(server, version).await;
                    let request = request("GET", server, path, &[("accept-encoding", coding)]);
                    // The connection may end before the head is sent.
                    let Ok(response) = client.send(request).await else { continue };
                    let response = crate::loopback::ClientResponse::of(response).await;
                    // RFC 9112 section 8, RFC 9111 section 3.3: the client can detect that the message is incomplete.
                    assert!(response.broken, "{row}: a partial body looked complete");
                    assert_eq!(response.field("etag"), None, "{row}: a tag for a partial body");
                    if coding == "identity" {
                        assert!(TEXT.as_bytes().starts_with(&response.content), "{row}");
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_body_that_is_read_for_its_tag_delays_the_head() {
    const PAUSE: Duration = Duration::from_secs(60);
    // `None` if the body is not read, as without the layer.
    let table: &[(&str, EntityTagLayer, Option<u64>, Option<&str>, bool)] = &[
        ("of a length that may be hashed", EntityTagLayer::new(), Some(10), None, true),
        ("of a greater length", EntityTagLayer::new().max_body(9), Some(10), None, false),
        ("of unknown length", EntityTagLayer::new(), None, None, false),
        ("of unknown length, if configured", EntityTagLayer::new().buffer_unknown_length(100), None, None, true),
        ("a live stream", EntityTagLayer::new().buffer_unknown_length(100), None, Some("text/event-stream"), false),
        ("a live stream of a length", EntityTagLayer::new(), Some(10), Some("Text/Event-Stream;x"), false),
        (
            "live pictures",
            EntityTagLayer::new().buffer_unknown_length(100),
            None,
            Some("multipart/x-mixed-replace; boundary=x"),
            false,
        ),
    ];
    for (sentence, layer, length, content_type, waits) in table {
        let (length, content_type) = (*length, *content_type);
        let service = layer.layer(service_fn(move |_: Request<_>| async move {
            let first = stream::iter([Ok(http_body::Frame::data(Bytes::from_static(b"first")))]);
            let second = stream::once(tokio::time::sleep(PAUSE))
                .map(|()| Ok::<_, BodyError>(http_body::Frame::data(Bytes::from_static(b"then."))));
            let body = Hinted(http_body_util::StreamBody::new(first.chain(second).boxed()), length);
            let mut response = http::Response::new(body);
            if let Some(content_type) = content_type {
                response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
            }
            Ok::<_, Infallible>(response)
        }));
        let begun = tokio::time::Instant::now();
        let response = service.oneshot(get_request("/", &[])).await.unwrap();
        assert_eq!(begun.elapsed() >= PAUSE, *waits, "{sentence}");
        assert_eq!(field(response.headers(), "etag").is_some(), *waits, "{sentence}");
        assert_eq!(crate::support::content(response.into_body()).await, "firstthen.", "{sentence}");
        assert!(begun.elapsed() >= PAUSE);
    }
}

/// A body with a different size hint.
struct Hinted<B>(B, Option<u64>);

impl<B: http_body::Body + Unpin> http_body::Body for Hinted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<B::Data>, B::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.1.map_or_else(http_body::SizeHint::default, http_body::SizeHint::with_exact)
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_a_hanging_body_and_no_cache_stores_the_error() {
    const LIMIT: Duration = Duration::from_secs(5);
    let hangs = || {
        service_fn(async |_: Request<_>| {
            let body = stream::once(pending::<Result<http_body::Frame<Bytes>, BodyError>>()).boxed();
            Ok::<_, Infallible>(http::Response::new(Hinted(http_body_util::StreamBody::new(body), Some(10))))
        })
    };
    for status in [StatusCode::REQUEST_TIMEOUT, StatusCode::GATEWAY_TIMEOUT] {
        // The timeout is the outermost layer, as in the README, so its response does not have the fields of the layers.
        let outside = tower::ServiceBuilder::new()
            .layer(TimeoutLayer::with_status_code(status, LIMIT))
            .layer(EdgeLayer::new(EdgeProfile::FASTLY))
            .layer(CachingLayer::new(PUBLIC))
            .service(hangs());
        let response = outside.oneshot(get_request("/", &[])).await.unwrap();
        assert_eq!(response.status(), status);
        is_kept_by_nobody(response.headers());

        // The timeout is between the layers, so the outer layers see an error.
        let between = tower::ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::FASTLY))
            .layer(TimeoutLayer::with_status_code(status, LIMIT))
            .layer(CachingLayer::new(PUBLIC))
            .service(hangs());
        let response = between.oneshot(get_request("/", &[])).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some("private, no-store"), "G-04");
        is_kept_by_nobody(response.headers());
    }
}

#[tokio::test]
async fn each_event_of_a_stream_reaches_the_client_at_once() {
    let (send, received) = mpsc::unbounded_channel::<Result<&str, Infallible>>();
    let received = std::sync::Mutex::new(Some(received));
    let handler = move || {
        let events = receiver(received.lock().unwrap().take().expect("one request for each HTTP version"));
        std::future::ready(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)))
    };
    let handler = std::sync::Arc::new(handler);
    let layers = CachingLayer::new(PUBLIC)
        .compression(CompressionLayer::new())
        .entity_tags(|layer| layer.buffer_unknown_length(1 << 20));
    let app = Router::new().route("/", get(async move || handler().await)).layer(layers);
    let server = serve(app.layer(EdgeLayer::new(EdgeProfile::STANDARD))).await;
    let mut client = Client::connect(server, VERSIONS[0]).await;
    let lines = [("if-none-match", "*"), ("accept-encoding", "gzip")];
    // No content has been sent when the head arrives.
    let response = client.send(request("GET", server, "/", &lines)).await.unwrap();
    assert_eq!(response.status(), 200, "G-10");
    assert!(!response.headers().contains_key("etag") && !response.headers().contains_key("content-encoding"));
    let mut body = response.into_body();
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        assert!(body.frame().now_or_never().is_none());
        send.send(Ok(event)).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), event);
    }
    drop(send);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_body_is_not_polled_after_its_error() {
    for buffered in [true, false] {
        let body = Frames::new([Frames::data("hel"), Err(BodyError), Frames::data("never")]);
        let polls = body.polls.clone();
        let body = if buffered { body.hinted(8) } else { body };
        let mut service = CachingLayer::new(PUBLIC).layer(service_fn({
            let mut body = Some(body);
            move |_: Request<_>| std::future::ready(Ok::<_, Infallible>(http::Response::new(body.take().unwrap())))
        }));
        let response = service.ready().await.unwrap().call(get_request("/", &[])).await.unwrap();
        let got = frames(response.into_body()).await;
        assert_eq!(got.len(), 2);
        assert!(got[1].is_err());
        assert_eq!(polls.load(std::sync::atomic::Ordering::Relaxed), 2, "polled after its error");
    }
}
