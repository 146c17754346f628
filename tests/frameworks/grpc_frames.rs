//! Tests gRPC through the layers, frame by frame. This compares bytes that a tonic client does not show.
//! `scripts/check-frameworks` tests the rest.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::header::{CACHE_CONTROL, DATE, ETAG};
use http::{HeaderMap, Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http2;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::metadata::MetadataValue;
use tonic::service::{LayerExt, Routes};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Response, Status};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::{Layer, Service, ServiceBuilder};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EntityTagLayer};

const POLICY: CachePolicy = CachePolicy::public(Duration::from_secs(300));

/// A service with every kind of gRPC response, and metadata in headers and trailers.
#[derive(Clone, Copy, Debug)]
struct HealthService;

#[tonic::async_trait]
impl Health for HealthService {
    async fn check(
        &self,
        request: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.get_ref().service.as_str() {
            // An error without a message is one HEADERS frame.
            "refused" => Err(failure()),
            _ => Ok(with_metadata(HealthCheckResponse { status: 1 })),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(&self, request: tonic::Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let messages = stream::iter([1, 2, 1]).map(|status| Ok(HealthCheckResponse { status }));
        Ok(with_metadata(match request.get_ref().service.as_str() {
            "empty" => stream::empty().boxed(),
            // An error after messages has its status in the trailers.
            "broken" => messages.chain(stream::iter([Err(failure())])).boxed(),
            _ => messages.boxed(),
        }))
    }
}

fn failure() -> Status {
    let mut status = Status::with_details(Code::NotFound, "no tea — none", Bytes::from_static(b"\0\xffdetails"));
    status.metadata_mut().insert("x-reason", MetadataValue::from_static("empty pot"));
    status.metadata_mut().insert_bin("x-trace-bin", MetadataValue::from_bytes(b"\0\x01\xff"));
    status
}

/// The metadata contains fields that the layers read or write in other responses.
fn with_metadata<T>(message: T) -> Response<T> {
    let mut response = Response::new(message);
    for (name, value) in [("etag", "\"v1\""), ("vary", "x-tea"), ("last-modified", "yesterday"), ("set-cookie", "a=1")]
    {
        response.metadata_mut().insert(name, MetadataValue::from_static(value));
    }
    response.metadata_mut().append("x-twice", MetadataValue::from_static("1"));
    response.metadata_mut().append("x-twice", MetadataValue::from_static("2"));
    response
}

/// A complete response. The fields are sorted, without `Date`.
#[derive(Debug, PartialEq)]
struct TestResponse {
    status: StatusCode,
    version: Version,
    headers: Vec<(String, Vec<u8>)>,
    data: Bytes,
    trailers: Option<Vec<(String, Vec<u8>)>>,
}

fn fields(mut headers: HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.remove(DATE);
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_owned())).collect()
}

async fn fetch(server: SocketAddr, request: Request<Full<Bytes>>) -> TestResponse {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (head, mut body) = client.send_request(request).await.unwrap().into_parts();
    let mut data = Vec::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_data() {
            // The frames are joined, because the connection splits them arbitrarily.
            Ok(bytes) => data.extend_from_slice(&bytes),
            Err(frame) => trailers = Some(fields(frame.into_trailers().unwrap())),
        }
    }
    TestResponse {
        status: head.status,
        version: head.version,
        headers: fields(head.headers),
        data: Bytes::from(data),
        trailers,
    }
}

fn call(method: &str, service: &str, more: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let length = u8::try_from(service.len()).unwrap();
    let message = if length == 0 { Vec::new() } else { [&[0x0a, length], service.as_bytes()].concat() };
    let frame = [&[0, 0, 0, 0, u8::try_from(message.len()).unwrap()], message.as_slice()].concat();
    let mut request = Request::post(format!("http://tea/grpc.health.v1.Health/{method}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(Full::from(frame)).unwrap()
}

async fn incoming() -> (SocketAddr, TcpIncoming) {
    let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    (incoming.local_addr().unwrap(), incoming)
}

#[tokio::test]
async fn every_kind_of_grpc_response_is_the_same_with_and_without_the_layers() {
    let service = HealthServer::new(HealthService);
    let (bare, stream) = incoming().await;
    tokio::spawn(Server::builder().add_service(service.clone()).serve_with_incoming(stream));

    let layers = || {
        ServiceBuilder::new()
            .layer(CachePolicyLayer::new(POLICY).override_handler_no_store())
            .layer(ConditionalLayer::new().require_preconditions_for([Method::PUT]))
            .layer(EntityTagLayer::new().buffer_unknown_length(1 << 20))
            .into_inner()
    };
    let mut layered = Vec::new();
    let (address, stream) = incoming().await;
    let mut server = Server::builder().layer(layers());
    tokio::spawn(server.add_service(service.clone()).serve_with_incoming(stream));
    layered.push(("Server::layer", address));
    let (address, stream) = incoming().await;
    let one = layers().named_layer(service.clone());
    tokio::spawn(Server::builder().add_service(one).serve_with_incoming(stream));
    layered.push(("named_layer", address));
    let (address, stream) = incoming().await;
    let mut server = Server::builder().layer(CachingLayer::new(POLICY));
    tokio::spawn(server.add_service(service).serve_with_incoming(stream));
    layered.push(("CachingLayer", address));

    let preconditions = [
        ("if-none-match", "*"),
        ("if-match", "\"v0\""),
        ("range", "bytes=0-1"),
        ("if-range", "\"v0\""),
        ("cookie", "a=1"),
    ];
    for (method, service, messages, in_trailers) in [
        ("Check", "", 1, true),
        ("Check", "refused", 0, false),
        ("Watch", "", 3, true),
        ("Watch", "empty", 0, true),
        ("Watch", "broken", 3, true),
        ("Brew", "", 0, false), // There is no such method.
    ] {
        for more in [&[][..], &preconditions] {
            let expected = fetch(bare, call(method, service, more)).await;
            // Each frame has a prefix of five bytes and a message of two.
            assert_eq!(expected.data.len(), 7 * messages, "{method} {service:?}");
            assert_eq!(expected.trailers.is_some(), in_trailers, "{method} {service:?}");
            for (how, address) in &layered {
                let response = fetch(*address, call(method, service, more)).await;
                assert_eq!(response, expected, "Q-01, {method} {service:?} through {how}, with {more:?}");
            }
        }
    }
}

#[test]
fn the_bodies_of_a_hyper_client_and_server_need_no_box() {
    fn serves<S>(_: S)
    where
        S: Service<Request<Incoming>, Error: Into<Box<dyn Error + Send + Sync>>> + Clone + Send + 'static,
        S: Service<Request<Incoming>, Response: IsServed, Future: Send>,
    {
    }
    trait IsServed {}
    impl<B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static> IsServed for http::Response<B> {}

    let client = Client::builder(TokioExecutor::new()).build_http::<Incoming>();
    serves(CachePolicyLayer::new(POLICY).layer(client.clone()));
    serves(ConditionalLayer::new().layer(client.clone()));
    serves(EntityTagLayer::new().layer(client.clone()));
    serves(CachingLayer::new(POLICY).layer(client));
}

#[tokio::test]
async fn a_page_next_to_grpc_gets_the_policy() {
    let page = axum::routing::get(async || "hot");
    let router = Routes::new(HealthServer::new(HealthService)).into_axum_router().route("/page", page);
    let (address, stream) = incoming().await;
    let mut server = Server::builder().layer(CachingLayer::new(POLICY));
    tokio::spawn(server.add_routes(router.into()).serve_with_incoming(stream));

    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) = http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let get = || Request::get("http://tea/page");
    let page = client.send_request(get().body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(page.headers()[CACHE_CONTROL], "public, max-age=300");
    let again = get().header("if-none-match", &page.headers()[ETAG]);
    let again = client.send_request(again.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()[CACHE_CONTROL], "public, max-age=300");
}
