//! A small reverse proxy that puts a cache policy on an upstream that sends none.
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
    // What the upstream says goes before this, and what nobody speaks for is `private, no-cache`. The upstream may read
    // `/static/..%2faccount` as the account: the table knows, and has no route for such a path.
    let policies = RoutePolicies::builder().route("/static/{*path}", STATIC).build()?;
    let listener = tokio::net::TcpListener::bind(argument(1)?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // The upstream gets the preconditions (RFC 9110 section 13.1). What it does not decide, the layer does from its
    // answer: to its clients a gateway is the origin. No `EntityTagLayer`: it would hold bodies back to read them.
    let service = tower::ServiceBuilder::new()
        .layer(CachePolicyLayer::new(policies))
        .layer(ConditionalLayer::new())
        .map_result(outbound)
        .map_request(move |request| inbound(&upstream, request))
        .service(Client::builder(TokioExecutor::new()).build_http());
    loop {
        let (stream, _) = listener.accept().await?;
        let service = hyper_util::service::TowerToHyperService::new(service.clone());
        // HTTP/2 needs more: its clients may send `Cookie` in pieces, for one.
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection); // A client that goes away is no error of the proxy.
    }
}

fn inbound(upstream: &uri::Authority, mut request: Request<Incoming>) -> Request<Incoming> {
    let mut url = std::mem::take(request.uri_mut()).into_parts();
    (url.scheme, url.authority) = (Some(uri::Scheme::HTTP), Some(upstream.clone()));
    *request.uri_mut() = url.try_into().unwrap_or_default(); // No URL: the client refuses it.
    remove_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(HOST); // The client writes the upstream's.
    request.headers_mut().append(VIA, HeaderValue::from_static("1.1 proxy"));
    *request.version_mut() = Version::HTTP_11; // Of this hop, whatever the client's was.
    request
}

fn outbound(answer: Result<Response<Incoming>, Error>) -> Result<Response<Either<Incoming, Full<Bytes>>>, Error> {
    let mut response = answer.map(|answer| answer.map(Either::Left)).unwrap_or_else(|error| {
        eprintln!("{error}");
        let mut failure = Response::new(Either::Right(Full::from("The upstream did not answer.\n")));
        *failure.status_mut() = StatusCode::BAD_GATEWAY; // The layer says `no-store`, as for any error.
        failure
    });
    remove_hop_by_hop(response.headers_mut());
    response.extensions_mut().remove::<ReasonPhrase>(); // Else a 304 of the layer has that of the 200.
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
