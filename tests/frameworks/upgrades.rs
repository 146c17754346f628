//! Tests 101, WebSockets over HTTP/1.1 and HTTP/2, and 103 through all layers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer};
use tower_http::compression::CompressionLayer;

use super::PUBLIC;
use crate::loopback::{Client, request, serve};

/// Preconditions, which the layers would otherwise evaluate.
const LINES: [(&str, &str); 4] =
    [("if-none-match", "*"), ("if-match", "\"v0\""), ("range", "bytes=0-1"), ("accept-encoding", "gzip")];

fn app() -> Router {
    let layers = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
        .layer(CachePolicyLayer::new(PUBLIC).override_handler_no_store())
        .layer(
            CachingLayer::new(PUBLIC)
                .compression(CompressionLayer::new())
                .entity_tags(|layer| layer.buffer_unknown_length(1 << 20)),
        )
        .layer(ConditionalLayer::new().require_preconditions());
    Router::new()
        .route("/page", get(async || "page"))
        .route("/ws", any(echo))
        .route("/raw", get(raw_echo))
        .layer(layers)
}

async fn echo(upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_) | Message::Binary(_)) {
                socket.send(message).await.unwrap();
            }
        }
    })
}

/// A custom protocol that echoes its input in capitals.
async fn raw_echo(mut request: Request<axum::body::Body>) -> Response<axum::body::Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrade.await.unwrap());
        let mut buffer = [0; 1 << 10];
        loop {
            let length = stream.read(&mut buffer).await.unwrap();
            if length == 0 {
                break;
            }
            stream.write_all(&buffer[..length].to_ascii_uppercase()).await.unwrap();
        }
    });
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("echo"));
    response
}

/// Sends text, bytes, and more bytes than fit into a buffer in both directions, and closes the connection.
async fn speaks<S>(mut socket: WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let large: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    for message in [
        tungstenite::Message::text("tea, hot"),
        tungstenite::Message::binary(vec![0, 255, 13, 10]),
        tungstenite::Message::binary(large),
        tungstenite::Message::text(""),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
    while let Some(message) = socket.next().await {
        assert!(message.is_ok_and(|message| message.is_close()));
    }
}

#[tokio::test]
async fn a_websocket_over_http_1_1_works_through_all_layers() {
    use tungstenite::client::IntoClientRequest;
    let server = serve(app()).await;
    let mut handshake = format!("ws://{server}/ws").into_client_request().unwrap();
    for (name, value) in LINES {
        handshake.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let stream = TcpStream::connect(server).await.unwrap();
    let (socket, response) = tokio_tungstenite::client_async(handshake, stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    for name in ["cache-control", "etag", "vary", "cloudflare-cdn-cache-control"] {
        assert!(!response.headers().contains_key(name), "E-05: {name}");
    }
    speaks(socket).await;
}

#[tokio::test]
async fn a_websocket_over_http_2_works_through_all_layers() {
    let server = serve(app()).await;
    let mut client = Client::connect(server, Version::HTTP_2).await;
    // The settings of the server have arrived with the response.
    assert_eq!(client.fetch(request("GET", server, "/page", &[])).await.status, 200);
    let mut connect = request("CONNECT", server, "/ws", &LINES);
    connect.headers_mut().remove("host");
    connect.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("13"));
    connect.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    let response = client.send(connect).await.unwrap();
    // RFC 8441: the response is a 200.
    assert_eq!((response.status(), response.headers().get("cache-control")), (StatusCode::OK, None));
    assert!(!response.headers().contains_key("etag"));
    let upgraded = hyper::upgrade::on(response).await.unwrap();
    let role = tungstenite::protocol::Role::Client;
    speaks(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), role, None).await).await;
    // Other requests on the connection still work.
    let page = client.fetch(request("GET", server, "/page", &[])).await;
    assert_eq!(page.field("cache-control").as_deref(), Some("public, max-age=300"));
}

#[tokio::test]
async fn an_upgrade_to_any_protocol_forwards_its_bytes() {
    let server = serve(app()).await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    let mut head = format!("GET /raw HTTP/1.1\r\nhost: {server}\r\nconnection: upgrade\r\nupgrade: echo\r\n");
    for (name, value) in LINES {
        head += &format!("{name}: {value}\r\n");
    }
    // The first bytes of the protocol arrive with the request.
    stream.write_all((head + "\r\nearly ").as_bytes()).await.unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        response.push(stream.read_u8().await.unwrap());
    }
    let response = String::from_utf8(response).unwrap().to_ascii_lowercase();
    assert!(response.starts_with("http/1.1 101 ") && response.contains("\r\nupgrade: echo\r\n"), "{response}");
    for name in ["cache-control", "etag", "vary", "content-length", "transfer-encoding"] {
        assert!(!response.contains(&format!("\r\n{name}:")), "E-05: {response}");
    }
    for (sent, received) in [("", "EARLY "), ("tea", "TEA"), ("\r\nGET / HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\n")] {
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut bytes = vec![0; received.len()];
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), received);
    }
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

/// Responds to each request with a 103 and a 200.
async fn origin_with_hints() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream
                .write_all(
                    b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload; as=style\r\n\r\n\
                      HTTP/1.1 200 OK\r\ncontent-length: 5\r\netag: \"v1\"\r\n\r\nhello",
                )
                .await
                .unwrap();
        }
    });
    address
}

/// A proxy with the layers in front of an origin, and a server that can send informational responses.
async fn proxy(origin: SocketAddr) -> SocketAddr {
    let forward = service_fn(move |request: Request<Full<Bytes>>| async move {
        let stream = TokioIo::new(TcpStream::connect(origin).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Ok::<_, Infallible>(sender.send_request(request).await.unwrap())
    });
    let layers = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
        .layer(CachingLayer::new(PUBLIC).compression(CompressionLayer::new()));
    let service = layers.service(forward);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let respond = Arc::new(Mutex::new(respond));
                        let interim = Arc::clone(&respond);
                        let (head, _) = request.into_parts();
                        let mut request = Request::builder().uri(head.uri.path());
                        *request.headers_mut().unwrap() = head.headers;
                        let mut request = request.header("host", "tea").body(Full::default()).unwrap();
                        hyper::ext::on_informational(&mut request, move |hints| {
                            let mut response = Response::new(());
                            *response.status_mut() = hints.status();
                            *response.headers_mut() = hints.headers().clone();
                            interim.lock().unwrap().send_informational(response).unwrap();
                        });
                        let (head, body) = service.oneshot(request).await.unwrap().into_parts();
                        let content = body.collect().await.unwrap().to_bytes();
                        let mut respond = respond.lock().unwrap();
                        let response = Response::from_parts(head, ());
                        let mut stream = respond.send_response(response, content.is_empty()).unwrap();
                        if !content.is_empty() {
                            stream.send_data(content, true).unwrap();
                        }
                    });
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn early_hints_of_an_origin_pass_a_proxy_unchanged() {
    let server = proxy(origin_with_hints().await).await;
    let (mut client, connection) = h2::client::handshake(TcpStream::connect(server).await.unwrap()).await.unwrap();
    tokio::spawn(connection);
    for (tag, status) in [("\"v0\"", 200), ("\"v1\"", 304)] {
        let request = Request::builder().method(Method::GET).uri(format!("http://{server}/"));
        let request = request.header("if-none-match", tag).body(()).unwrap();
        client = client.ready().await.unwrap();
        let (mut response, _) = client.send_request(request, true).unwrap();
        let hints = poll_fn(|cx| response.poll_informational(cx)).await.expect("there are hints").unwrap();
        assert_eq!(hints.status(), StatusCode::EARLY_HINTS);
        assert_eq!(hints.headers()["link"], "</style.css>; rel=preload; as=style");
        assert_eq!(hints.headers().len(), 1, "E-05: {:?}", hints.headers());
        let response = response.await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        assert_eq!(response.headers()["etag"], "\"v1\"");
        assert!(!response.headers().contains_key("link"), "the fields of a 103 are not in the final response");
    }
}
