//! A small reverse proxy that adds cache policies to the responses of an upstream server.
//!
//! ```text
//! cargo run --example proxy --features routes -- 127.0.0.1:3002 127.0.0.1:8000
//! ```

use std::{env, time::Duration};

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderValue, VIA};
use http::{Request, Response, StatusCode, Version, uri};
use http_body_util::{Either, Full};
use hyper::{body::Incoming, ext::ReasonPhrase, server::conn::http1};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tower_cache_policy::policy::{CachePolicy, routes::RoutePolicies};
use tower_cache_policy::{CachePolicyLayer, ConditionalLayer};

const STATIC: CachePolicy = CachePolicy::public(Duration::from_secs(3600));

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| env::args().nth(n).ok_or("usage: proxy LISTEN UPSTREAM, each an address and port");
    let upstream: uri::Authority = argument(2)?.parse()?;
    // A `Cache-Control` field of the upstream takes precedence over this table. Responses without a policy get
    // `private, no-cache`. The upstream may resolve `/static/..%2faccount` to the account page, so the table does not
    // match such a path.
    let policies = RoutePolicies::builder().route("/static/{*path}", STATIC).build()?;
    let listener = tokio::net::TcpListener::bind(argument(1)?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // The proxy forwards preconditions (RFC 9110 section 13.1). The layer evaluates those that the upstream ignores,
    // because for its clients a gateway is the origin. There is no `EntityTagLayer`, because it would buffer bodies.
    let service = tower::ServiceBuilder::new()
        .layer(CachePolicyLayer::new(policies))
        .layer(ConditionalLayer::new())
        .map_result(outbound)
        .map_request(move |request| inbound(&upstream, request))
        .service(Client::builder(TokioExecutor::new()).build_http());
    loop {
        let (stream, _) = listener.accept().await?;
        let service = hyper_util::service::TowerToHyperService::new(service.clone());
        // HTTP/2 would need more code: for example, its clients may split `Cookie` into several fields.
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection); // The proxy ignores clients that disconnect.
    }
}

fn inbound(upstream: &uri::Authority, mut request: Request<Incoming>) -> Request<Incoming> {
    let mut url = std::mem::take(request.uri_mut()).into_parts();
    (url.scheme, url.authority) = (Some(uri::Scheme::HTTP), Some(upstream.clone()));
    *request.uri_mut() = url.try_into().unwrap_or_default(); // The client rejects the default URL.
    remove_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(HOST); // The client adds the host of the upstream.
    request.headers_mut().append(VIA, HeaderValue::from_static("1.1 proxy"));
    *request.version_mut() = Version::HTTP_11; // The version of this hop, independent of the client's.
    request
}

fn outbound(result: Result<Response<Incoming>, Error>) -> Result<Response<Either<Incoming, Full<Bytes>>>, Error> {
    let mut response = result.map(|response| response.map(Either::Left)).unwrap_or_else(|error| {
        eprintln!("{error}");
        let mut failure = Response::new(Either::Right(Full::from("The upstream did not respond.\n")));
        *failure.status_mut() = StatusCode::BAD_GATEWAY; // The layer adds `no-store`, as for any error.
        failure
    });
    remove_hop_by_hop(response.headers_mut());
    response.extensions_mut().remove::<ReasonPhrase>(); // A 304 of the layer would keep the phrase of the 200.
    *response.version_mut() = Version::HTTP_11;
    Ok(response)
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers.get_all(CONNECTION).iter().cloned().collect();
    let named = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).map(str::trim);
    for name in named.chain(["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"]) {
        headers.remove(name);
    }
}
