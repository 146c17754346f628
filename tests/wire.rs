//! Tests the bytes of HTTP/1.1 and the frames of HTTP/2.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::ETAG;
use axum::http::{Method, Request, StatusCode};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachingLayer, ConditionalLayer};

const V1: EntityTag = EntityTag::from_static("\"v1\"");

fn app() -> Router {
    let policy = CachePolicy::public(Duration::from_secs(60));
    let after = get(async || ([(ETAG, "\"v1\"")], "hello"));
    let inner = get(async || (StatusCode::NOT_MODIFIED, [(ETAG, "\"v1\"")]));
    let before = get(async || "hello").put(async || "written");
    // The handler sets no policy, so the 304 has the policy of the layer.
    let known = move |_: &http::request::Parts| std::future::ready((Validators::new().with_etag(V1), policy));
    let before = before.layer(ConditionalLayer::new().validators(known).require_preconditions());
    Router::new()
        .route("/after", after)
        .route("/inner", inner)
        .route("/before", before)
        .layer(CachingLayer::new(policy))
}

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(app());
            tokio::spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// Method, path, fields, the expected status, and whether there is a body.
const TABLE: &[(&str, &str, &[(&str, &str)], u16, bool)] = &[
    ("GET", "/after", &[], 200, true),
    ("GET", "/after", &[("if-none-match", "\"v1\"")], 304, false),
    ("HEAD", "/after", &[("if-none-match", "\"v1\"")], 304, false),
    ("GET", "/after", &[("if-match", "\"v0\"")], 412, false),
    ("GET", "/inner", &[("if-none-match", "\"v1\"")], 304, false),
    ("GET", "/before", &[("if-none-match", "\"v1\"")], 304, false),
    ("HEAD", "/before", &[("if-none-match", "\"v1\"")], 304, false),
    ("PUT", "/before", &[("if-match", "\"v0\"")], 412, false),
    ("PUT", "/before", &[("if-match", "\"v1\"")], 200, true),
    ("PUT", "/before", &[], 428, true),
];

#[tokio::test]
async fn over_http_1_1_a_304_ends_with_its_fields_and_the_connection_stays_open() {
    let address = serve().await;
    // All requests use one connection, so a wrong number of bytes would break the next response.
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (method, path, lines, status, has_body) in TABLE {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in *lines {
            text += &format!("{name}: {value}\r\n");
        }
        stream.write_all((text + "\r\n").as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        let row = format!("{method} {path} {lines:?}\n{head}");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{row}");
        assert!(head.contains("\r\ndate: "), "A-01: {row}");
        assert!(!head.contains("transfer-encoding"), "{row}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map(|length| length.parse::<usize>().unwrap());
        match (status, method) {
            (304, _) => {
                assert_eq!(length, None, "N-03: {row}");
                assert!(head.contains("\r\netag: \"v1\"\r\n"), "N-01: {row}");
                assert!(head.contains("\r\ncache-control: public, max-age=60\r\n"), "N-01: {row}");
            }
            _ => {
                assert_eq!(length.is_some_and(|length| length > 0), *has_body, "{row}");
                let mut body = vec![0; length.unwrap()];
                stream.read_exact(&mut body).await.unwrap();
            }
        }
        assert_eq!(head.matches("\r\ncache-control: ").count(), 1, "{row}");
    }
    // No unrequested data arrived.
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[tokio::test]
async fn over_http_1_0_a_304_ends_with_its_fields() {
    let address = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /after HTTP/1.0\r\nif-none-match: \"v1\"\r\n\r\n").await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    assert!(all.starts_with("HTTP/1.0 304 ") && all.ends_with("\r\n\r\n"), "{all}");
    assert!(!all.contains("content-length"), "{all}");
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn over_http_2_a_304_is_one_headers_frame_that_ends_the_stream() {
    let address = serve().await;
    let received = Arc::new(Mutex::new(Vec::new()));
    let stream = Recorded { stream: TcpStream::connect(address).await.unwrap(), received: received.clone() };
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for (index, (method, path, lines, status, has_body)) in TABLE.iter().enumerate() {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("http://{address}{path}"))
            .body(())
            .unwrap();
        for (name, value) in *lines {
            request.headers_mut().append(support::field_name(name), support::latin1(value));
        }
        client = client.ready().await.unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        let row = format!("{method} {path} {lines:?} {:?}", response.headers());
        assert_eq!(response.status().as_u16(), *status, "{row}");
        if *status == 304 {
            assert!(!response.headers().contains_key("content-length"), "N-03: {row}");
            assert_eq!(support::field(response.headers(), "cache-control").as_deref(), Some("public, max-age=60"));
        }
        let mut body = response.into_body();
        let mut length = 0;
        while let Some(data) = body.data().await {
            length += data.unwrap().len();
        }
        assert_eq!(length > 0, *has_body, "{row}");

        let stream_id = 2 * u32::try_from(index).unwrap() + 1;
        let frames = frames_of(&received.lock().unwrap(), stream_id);
        if !*has_body {
            const END_STREAM_AND_HEADERS: u8 = 0x5;
            assert_eq!(frames, [(HEADERS, END_STREAM_AND_HEADERS)], "N-04: {row}");
        } else {
            assert!(frames.iter().any(|(kind, _)| *kind == DATA), "{row}");
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;

/// Type and flags of the frames of one stream (RFC 9113 section 4.1).
fn frames_of(mut bytes: &[u8], stream_id: u32) -> Vec<(u8, u8)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, flags, i, j, k, l, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if u32::from_be_bytes([*i, *j, *k, *l]) & 0x7fff_ffff == stream_id {
            frames.push((*kind, *flags));
        }
        bytes = rest.get(length..).unwrap_or_default();
    }
    frames
}

/// A connection that records the received bytes.
struct Recorded {
    stream: TcpStream,
    received: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Recorded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.received.lock().unwrap().extend_from_slice(&buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn the_stack_is_an_axum_service_with_its_own_body() {
    use tower::ServiceExt;
    let response = app().oneshot(Request::get("/after").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}
