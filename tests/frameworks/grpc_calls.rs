//! Tests calls with streams in both directions, deadlines, and `grpc-web`, with a handwritten codec.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use http::uri::PathAndQuery;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::mpsc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Status, Streaming};
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

use super::PUBLIC;
use crate::loopback::{BoxError, Client, Events, TIMEOUT, VERSIONS, serve, with_body};

/// A codec that sends the bytes of messages unchanged.
#[derive(Clone, Copy, Debug, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// A service that echoes messages in the four kinds of calls. The message `fail` fails, and the message `hang` hangs.
#[derive(Clone, Debug)]
struct Echo(Events);

impl NamedService for Echo {
    const NAME: &'static str = "tea.Echo";
}

impl<B> Service<Request<B>> for Echo
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let events = self.0.clone();
        async move {
            let mut grpc = tonic::server::Grpc::new(BytesCodec);
            Ok(match request.uri().path() {
                "/tea.Echo/Unary" => {
                    let handle = move |request: tonic::Request<Bytes>| unary(events.clone(), request.into_inner());
                    grpc.unary(service_fn(handle), request).await
                }
                "/tea.Echo/Upload" => {
                    let handle = |request: tonic::Request<Streaming<Bytes>>| async {
                        let mut all = Vec::new();
                        let mut messages = request.into_inner();
                        while let Some(message) = messages.message().await? {
                            all.extend_from_slice(&message);
                        }
                        let trailers = messages.trailers().await?;
                        assert!(trailers.is_none_or(|trailers| trailers.is_empty()));
                        Ok(tonic::Response::new(Bytes::from(all)))
                    };
                    grpc.client_streaming(service_fn(handle), request).await
                }
                "/tea.Echo/Download" => {
                    let handle = |request: tonic::Request<Bytes>| async move {
                        let pieces: Vec<_> = request.get_ref().chunks(2).map(Bytes::copy_from_slice).collect();
                        let messages = stream::iter(pieces).map(one);
                        Ok::<_, Status>(tonic::Response::new(messages.boxed() as Messages))
                    };
                    grpc.server_streaming(service_fn(handle), request).await
                }
                "/tea.Echo/Both" => {
                    let handle = |request: tonic::Request<Streaming<Bytes>>| async move {
                        let messages = request.into_inner().map(|message| message.and_then(one));
                        let mut response = tonic::Response::new(messages.boxed() as Messages);
                        response.metadata_mut().insert("x-tea", MetadataValue::from_static("hot"));
                        Ok::<_, Status>(response)
                    };
                    grpc.streaming(service_fn(handle), request).await
                }
                _ => Status::unimplemented("no such call").into_http(),
            })
        }
        .boxed()
    }
}

type Messages = BoxStream<'static, Result<Bytes, Status>>;

fn one(message: Bytes) -> Result<Bytes, Status> {
    if message.as_ref() == b"fail" {
        return Err(Status::with_details(Code::Aborted, "no — tea", Bytes::from_static(b"\0\xffdetails")));
    }
    Ok(message)
}

async fn unary(events: Events, message: Bytes) -> Result<tonic::Response<Bytes>, Status> {
    if message.as_ref() == b"hang" {
        let _end = events.at_end("ended");
        events.add("begun");
        std::future::pending::<()>().await;
    }
    let mut response = tonic::Response::new(one(message)?);
    response.metadata_mut().insert("etag", MetadataValue::from_static("\"v1\""));
    Ok(response)
}

/// All layers that would change a response that is not gRPC.
macro_rules! layers {
    () => {
        ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
            .layer(CachePolicyLayer::new(PUBLIC).override_handler_no_store())
            .layer(CachingLayer::new(PUBLIC))
            .layer(ConditionalLayer::new().require_preconditions_for([http::Method::PUT]))
            .layer(EntityTagLayer::new().buffer_unknown_length(1 << 20))
            .into_inner()
    };
}

async fn bare_and_layered(events: &Events) -> [SocketAddr; 2] {
    let incoming = || TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let (bare, layered) = (incoming(), incoming());
    let addresses = [&bare, &layered].map(|incoming| incoming.local_addr().unwrap());
    let echo = Echo(events.clone());
    tokio::spawn(Server::builder().add_service(echo.clone()).serve_with_incoming(bare));
    let mut server = Server::builder().layer(layers!());
    tokio::spawn(server.add_service(echo).serve_with_incoming(layered));
    addresses
}

async fn client(server: SocketAddr) -> tonic::client::Grpc<tonic::transport::Channel> {
    let channel = Endpoint::from_shared(format!("http://{server}")).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    client
}

fn path(method: &str) -> PathAndQuery {
    format!("/tea.Echo/{method}").parse().unwrap()
}

fn request<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    // These fields are preconditions in other requests.
    for (name, value) in [("if-none-match", "*"), ("if-match", "\"v0\""), ("range", "bytes=0-1")] {
        request.metadata_mut().insert(name, MetadataValue::from_static(value));
    }
    request
}

fn metadata_text(metadata: &MetadataMap) -> String {
    let mut metadata = metadata.clone();
    metadata.remove("date");
    format!("{metadata:?}")
}

fn failure(status: &Status) -> String {
    format!("{:?} {:?} {:?} {}", status.code(), status.message(), status.details(), metadata_text(status.metadata()))
}

fn messages(all: &[&'static str]) -> Vec<Bytes> {
    all.iter().map(|message| Bytes::from_static(message.as_bytes())).collect()
}

/// All messages, and the trailers or the error.
async fn whole(mut stream: Streaming<Bytes>) -> (Vec<Bytes>, String) {
    let mut all = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => all.push(message),
            Ok(None) => return (all, metadata_text(&stream.trailers().await.unwrap().unwrap_or_default())),
            Err(status) => return (all, failure(&status)),
        }
    }
}

#[tokio::test]
async fn calls_of_all_four_kinds_are_the_same_with_and_without_the_layers() {
    let mut seen = Vec::new();
    for server in bare_and_layered(&Events::default()).await {
        let mut client = client(server).await;
        let mut lines = Vec::new();
        for message in ["tea", "fail", ""] {
            client.ready().await.unwrap();
            let call = client.unary(request(Bytes::from_static(message.as_bytes())), path("Unary"), BytesCodec).await;
            lines.push(match call {
                Ok(response) => format!("{} {:?}", metadata_text(response.metadata()), response.get_ref()),
                Err(status) => failure(&status),
            });
        }
        client.ready().await.unwrap();
        let upload = request(stream::iter(messages(&["a", "bc", "", "d"])));
        let uploaded = client.client_streaming(upload, path("Upload"), BytesCodec).await.unwrap();
        assert_eq!(uploaded.get_ref().as_ref(), b"abcd");
        lines.push(metadata_text(uploaded.metadata()));
        client.ready().await.unwrap();
        let download = request(Bytes::from_static(b"abcde"));
        let download = client.server_streaming(download, path("Download"), BytesCodec).await.unwrap();
        lines.push(metadata_text(download.metadata()));
        let (all, trailers) = whole(download.into_inner()).await;
        assert_eq!(all, messages(&["ab", "cd", "e"]));
        assert!(trailers.contains("grpc-status"), "{trailers}");
        lines.push(trailers);
        for sent in [&["a", "b"][..], &["a", "fail", "b"], &[]] {
            client.ready().await.unwrap();
            let both = client.streaming(request(stream::iter(messages(sent))), path("Both"), BytesCodec).await.unwrap();
            lines.push(metadata_text(both.metadata()));
            let (all, end) = whole(both.into_inner()).await;
            // The messages before the error arrive, and the error is in the trailers.
            let until = sent.iter().position(|message| *message == "fail").unwrap_or(sent.len());
            assert_eq!(all, messages(&sent[..until]));
            assert_eq!(end.contains("Aborted \"no — tea\" [0, 255,"), until < sent.len(), "{end}");
            lines.push(end);
        }
        client.ready().await.unwrap();
        let unknown = client.unary(request(Bytes::new()), path("Brew"), BytesCodec).await.unwrap_err();
        assert_eq!(unknown.code(), Code::Unimplemented);
        lines.push(failure(&unknown));
        seen.push(lines);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn each_message_gets_a_response_before_the_next_one_is_sent() {
    for server in bare_and_layered(&Events::default()).await {
        let (send, received) = mpsc::unbounded_channel();
        let sent = stream::unfold(received, |mut received| async { Some((received.recv().await?, received)) });
        let both = client(server).await.streaming(request(sent), path("Both"), BytesCodec).await.unwrap();
        let mut responses = both.into_inner();
        for message in messages(&["a", "b", "c"]) {
            send.send(message.clone()).unwrap();
            let response = tokio::time::timeout(TIMEOUT, responses.message()).await.expect("it waits for the end");
            assert_eq!(response.unwrap().unwrap(), message);
        }
        drop(send);
        assert!(responses.message().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_deadline_ends_the_call_and_the_handler() {
    let events = Events::default();
    let mut seen = Vec::new();
    for (count, server) in (1..).zip(bare_and_layered(&events).await) {
        let mut call = request(Bytes::from_static(b"hang"));
        // Sets only the field, so that the server applies the deadline.
        call.metadata_mut().insert("grpc-timeout", MetadataValue::from_static("50m"));
        let status = client(server).await.unary(call, path("Unary"), BytesCodec).await.unwrap_err();
        assert!(matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded), "{status:?}");
        seen.push(failure(&status));
        events.until("ended", count).await;
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(events.count("begun"), 2);
}

#[tokio::test]
async fn a_deadline_only_in_the_client_also_ends_the_handler() {
    let events = Events::default();
    for (count, server) in (1..).zip(bare_and_layered(&events).await) {
        let mut client = client(server).await;
        let call = client.unary(request(Bytes::from_static(b"hang")), path("Unary"), BytesCodec);
        assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
        drop(client);
        if events.count("begun") == count {
            events.until("ended", count).await;
        }
    }
}

/// A message with its five-byte prefix.
fn framed(message: &[u8]) -> Vec<u8> {
    [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

#[tokio::test]
async fn grpc_web_is_the_same_with_and_without_the_layers() {
    let echo = Echo(Events::default());
    let servers = [
        serve(GrpcWebLayer::new().layer(echo.clone())).await,
        serve(layers!().layer(GrpcWebLayer::new().layer(echo.clone()))).await,
        serve(GrpcWebLayer::new().layer(layers!().layer(echo))).await,
    ];
    use base64::Engine;
    let encode = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes();
    for version in VERSIONS {
        for content_type in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"] {
            for (method, message, expected) in [
                ("Unary", &b"tea"[..], framed(b"tea")),
                ("Unary", b"fail", vec![]),
                ("Download", b"abc", [framed(b"ab"), framed(b"c")].concat()),
            ] {
                let is_text = content_type.ends_with("text");
                let mut seen = Vec::new();
                for server in servers {
                    let content = if is_text { encode(framed(message)) } else { framed(message) };
                    let lines = [
                        ("content-type", content_type),
                        ("accept", content_type),
                        ("if-none-match", "*"),
                        ("if-match", "\"v0\""),
                        ("x-grpc-web", "1"),
                    ];
                    let path = format!("/tea.Echo/{method}");
                    let request = with_body("POST", server, &path, &lines, Full::from(content));
                    let mut response = Client::connect(server, version).await.fetch(request).await;
                    response.headers.remove("date");
                    assert_eq!(response.status, 200);
                    assert!(response.trailers.is_none() && !response.broken);
                    let mut fields: Vec<_> =
                        response.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
                    fields.sort_unstable();
                    seen.push((fields, response.content));
                }
                let row = format!("{version:?} {content_type} {method} {message:?}");
                assert_eq!(seen[0], seen[1], "{row}, outside");
                assert_eq!(seen[0], seen[2], "{row}, inside");
                assert!(is_text || seen[0].1.starts_with(&expected), "{row}: {:?}", seen[0].1);
            }
        }
    }
}
