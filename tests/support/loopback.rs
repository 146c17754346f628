//! Servers and clients on loopback addresses, over HTTP/1.1 and HTTP/2, and counters of events.
#![allow(dead_code, unreachable_pub)] // Each test uses its own part.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tower::Service;

pub type BoxError = Box<dyn Error + Send + Sync>;
pub type ClientBody = UnsyncBoxBody<Bytes, BoxError>;

/// Both versions, for tests that run on each.
pub const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// The timeout of a test that hangs, long enough for a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The buffer size in bytes, so small that a longer body is still being sent when its head has arrived.
const BUFFER: u32 = 1 << 16;

/// Serves until the test ends, with upgrades, and with CONNECT for other protocols in HTTP/2.
pub async fn serve<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(BUFFER).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(128).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder.http2().enable_connect_protocol();
                _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// One connection.
pub struct Client {
    sender: Sender,
    connection: Connection,
}

/// The tasks of a connection, which closes when they end.
#[derive(Clone, Default)]
pub struct Connection(Arc<Mutex<Vec<AbortHandle>>>);

impl Connection {
    /// Closes the connection immediately.
    pub fn close(&self) {
        self.0.lock().unwrap().iter().for_each(AbortHandle::abort);
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Connection {
    fn execute(&self, task: F) {
        self.0.lock().unwrap().push(tokio::spawn(task).abort_handle());
    }
}

enum Sender {
    Http1(http1::SendRequest<ClientBody>),
    Http2(http2::SendRequest<ClientBody>),
}

impl Client {
    pub async fn connect(server: SocketAddr, version: Version) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER).unwrap();
        let stream = socket.connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = TokioIo::new(stream);
        let tasks = Connection::default();
        let sender = if version == Version::HTTP_2 {
            let (sender, connection) = http2::Builder::new(tasks.clone())
                .initial_stream_window_size(BUFFER)
                .initial_connection_window_size(BUFFER)
                .handshake(stream)
                .await
                .unwrap();
            tasks.execute(async { _ = connection.await });
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.unwrap();
            tasks.execute(async { _ = connection.with_upgrades().await });
            Sender::Http1(sender)
        };
        Self { sender, connection: tasks }
    }

    pub async fn send(&mut self, request: Request<ClientBody>) -> hyper::Result<Response<Incoming>> {
        let response = async {
            match &mut self.sender {
                Sender::Http1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Sender::Http2(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
            }
        };
        tokio::time::timeout(TIMEOUT, response).await.expect("a response arrives")
    }

    pub async fn fetch(&mut self, request: Request<ClientBody>) -> ClientResponse {
        ClientResponse::of(self.send(request).await.unwrap()).await
    }

    /// Closes the connection immediately.
    pub fn close(self) {
        self.connection.close();
    }

    /// Returns a handle that can close the connection while [`send`](Self::send) is pending.
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }
}

/// The complete response that a client receives.
#[derive(Debug)]
pub struct ClientResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub content: Vec<u8>,
    pub trailers: Option<HeaderMap>,
    /// Whether the body is incomplete.
    pub broken: bool,
}

impl ClientResponse {
    pub async fn of(response: Response<Incoming>) -> Self {
        let (head, mut body) = response.into_parts();
        let mut response =
            Self { status: head.status, headers: head.headers, content: Vec::new(), trailers: None, broken: false };
        while let Some(frame) = tokio::time::timeout(TIMEOUT, body.frame()).await.expect("the body continues or ends") {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => response.content.extend_from_slice(&data),
                Ok(Err(frame)) => response.trailers = frame.into_trailers().ok(),
                Err(_) => {
                    response.broken = true;
                    break;
                }
            }
        }
        response
    }

    pub fn field(&self, name: &str) -> Option<String> {
        crate::support::field(&self.headers, name)
    }
}

/// A request with these fields and without a body, for the HTTP version of the connection.
pub fn request(method: &str, server: SocketAddr, path: &str, lines: &[(&str, &str)]) -> Request<ClientBody> {
    with_body(method, server, path, lines, Full::default())
}

pub fn with_body<B>(
    method: &str,
    server: SocketAddr,
    path: &str,
    lines: &[(&str, &str)],
    body: B,
) -> Request<ClientBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{server}{path}"))
        .header("host", server.to_string())
        .body(body.map_err(Into::into).boxed_unsync())
        .unwrap();
    for (name, value) in lines {
        request.headers_mut().append(crate::support::field_name(name), crate::support::latin1(value));
    }
    request
}

/// Counts events by name, and waits for them.
#[derive(Clone, Debug)]
pub struct Events(Arc<watch::Sender<BTreeMap<&'static str, usize>>>);

/// Counts an event when it is dropped.
#[derive(Debug)]
pub struct UntilDropped(Events, &'static str);

impl Default for Events {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }
}

impl Events {
    pub fn count(&self, event: &'static str) -> usize {
        self.0.borrow().get(event).copied().unwrap_or(0)
    }

    pub fn add(&self, event: &'static str) {
        self.0.send_modify(|events| *events.entry(event).or_default() += 1);
    }

    /// Counts when the guard is dropped.
    pub fn at_end(&self, event: &'static str) -> UntilDropped {
        UntilDropped(self.clone(), event)
    }

    /// Waits until the event has occurred this number of times.
    pub async fn until(&self, event: &'static str, count: usize) {
        let mut events = self.0.subscribe();
        let happened = events.wait_for(|events| events.get(event).is_some_and(|happened| *happened >= count));
        let happened = tokio::time::timeout(TIMEOUT, happened).await.map(|events| events.map(drop));
        assert!(happened.is_ok(), "{event}: {} of {count} within {TIMEOUT:?}", self.count(event));
    }
}

impl Drop for UntilDropped {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}
