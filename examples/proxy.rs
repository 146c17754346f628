//! A small reverse proxy in front of a server that you cannot change. It adds policies, guards and 304 responses. Start
//! it with `cargo run --example proxy --features routes -- 127.0.0.1:3002 127.0.0.1:8000`.

use axum::body::Body; // Any body that can contain another.
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header, uri};
use hyper::{body::Incoming, ext::ReasonPhrase, server::conn::http1};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::{rt::TokioExecutor, rt::TokioIo, rt::TokioTimer, service::TowerToHyperService};
use tower::{ServiceBuilder, service_fn};
use tower_cache_policy::{CachePolicyLayer, ConditionalLayer, policy::CachePolicy, policy::routes::RoutePolicies};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| std::env::args().nth(n).ok_or("usage: proxy LISTEN UPSTREAM, each an address and port");
    let (upstream, listener) = (argument(2)?.parse()?, tokio::net::TcpListener::bind(argument(1)?).await?);
    println!("listening on http://{}", listener.local_addr()?);
    // The table does not match `/static/..%2faccount`, because the upstream may resolve it to the account page.
    let hour = CachePolicy::public(std::time::Duration::from_secs(3600));
    let policies = RoutePolicies::builder().route("/static/{*path}", hour).build()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    // The layer evaluates preconditions that the upstream ignores. An `EntityTagLayer` would buffer bodies.
    let layers = ServiceBuilder::new().layer(CachePolicyLayer::new(policies)).layer(ConditionalLayer::new());
    let service = layers.service(service_fn(move |request| respond(client.request(outbound(&upstream, request)))));
    loop {
        let (io, service) = (TokioIo::new(listener.accept().await?.0), TowerToHyperService::new(service.clone()));
        // HTTP/2 would need more code: for example, its clients may split `Cookie` into several fields.
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service));
    }
}

fn outbound(upstream: &uri::Authority, mut request: Request<Incoming>) -> Request<Incoming> {
    let mut url = std::mem::take(request.uri_mut()).into_parts();
    (url.scheme, url.authority) = (Some(uri::Scheme::HTTP), Some(upstream.clone()));
    *request.uri_mut() = url.try_into().unwrap_or_default(); // The client rejects the default URL.
    *request.version_mut() = Version::HTTP_11; // The version of this hop.
    remove_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(header::HOST); // The client adds the host of the upstream.
    request.headers_mut().append(header::VIA, HeaderValue::from_static("1.1 proxy"));
    request
}

async fn respond(response: ResponseFuture) -> Result<Response<Body>, http::Error> {
    let Ok(mut response) = response.await.inspect_err(|error| eprintln!("{error}")) else {
        // The layer adds `no-store`, as for any error.
        return Response::builder().status(StatusCode::BAD_GATEWAY).body("The upstream did not respond.\n".into());
    };
    remove_hop_by_hop(response.headers_mut());
    response.extensions_mut().remove::<ReasonPhrase>(); // A 304 of the layer would keep the phrase of the 200.
    *response.version_mut() = Version::HTTP_11;
    Ok(response.map(Body::new))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers.get_all(header::CONNECTION).iter().cloned().collect();
    let named = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).map(str::trim);
    for name in named.chain(["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"]) {
        headers.remove(name);
    }
}
