//! Persistent connections: an HTTP/1.1 connection is for one client, and an HTTP/2 connection for several.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// The timeout of a response, long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) type SentRequest = Request<Full<Bytes>>;

/// How a client is connected.
pub(crate) enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    pub(crate) async fn http1(address: SocketAddr) -> Result<Self, String> {
        let (sender, connection) = http1::handshake(stream(address).await?).await.map_err(describe)?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    pub(crate) async fn http2(address: SocketAddr) -> Result<Self, String> {
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), stream(address).await?).await.map_err(describe)?;
        tokio::spawn(connection);
        Ok(Self::Http2(sender))
    }

    /// The same connection, for another client.
    pub(crate) fn shared(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    /// Returns the response before its body has arrived.
    pub(crate) async fn send(
        &mut self,
        mut request: SentRequest,
        address: SocketAddr,
    ) -> Result<Response<Incoming>, String> {
        let response = async {
            match self {
                Self::Http1(sender) => {
                    let host = HeaderValue::try_from(address.to_string()).unwrap();
                    request.headers_mut().insert(HOST, host);
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Self::Http2(sender) => {
                    let uri = format!("http://{address}{}", request.uri());
                    *request.uri_mut() = Uri::try_from(uri).unwrap();
                    sender.ready().await?;
                    sender.send_request(request).await
                }
            }
        };
        tokio::time::timeout(TIMEOUT, response).await.map_err(describe)?.map_err(describe)
    }

    pub(crate) async fn fetch(&mut self, request: SentRequest, address: SocketAddr) -> Result<Response<Bytes>, String> {
        let (head, body) = self.send(request, address).await?.into_parts();
        let body = tokio::time::timeout(TIMEOUT, body.collect()).await.map_err(describe)?.map_err(describe)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

async fn stream(address: SocketAddr) -> Result<TokioIo<TcpStream>, String> {
    let stream = TcpStream::connect(address).await.map_err(describe)?;
    stream.set_nodelay(true).map_err(describe)?;
    Ok(TokioIo::new(stream))
}

fn describe(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
