//! A reverse proxy that stores the responses of any origin server in memory, as RFC 9111 allows.
//!
//! ```text
//! cargo run --example gateway --features shared-cache -- 127.0.0.1:3002 127.0.0.1:8000
//! ```
//!
//! With the argument `standard`, it also stores responses that the guards forbid but the standard allows: responses
//! with cookies, some responses to requests with `Authorization`, and responses without a lifetime.

#[path = "gateway/purge.rs"]
mod purge;

use std::{env, time::Duration};

use axum::body::Body;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderValue, VIA};
use http::{Request, Response, StatusCode, Version, uri};
use http_body::Body as _;
use hyper::{body::Incoming, ext::ReasonPhrase, server::conn::http1};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tower_cache_policy::SharedCache;
use tower_cache_policy::layers::shared_cache::SharedCacheBody;
use tower_cache_policy::policy::Risk;
use tower_cache_policy::store::MemoryStore;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| env::args().nth(n).ok_or("usage: gateway LISTEN ORIGIN [standard], the first two with a port");
    let origin: uri::Authority = argument(2)?.parse()?;
    let mut cache = SharedCache::by_fields(MemoryStore::new(256 << 20)).stale_when_disconnected(HOUR);
    // The origin server may trust `X-Forwarded-Host` and similar fields, which clients can send too.
    cache = cache.distrust_unkeyed_headers();
    cache = cache.timer(tokio::time::sleep).spawner(|task| drop(tokio::spawn(task)));
    if argument(3).is_ok_and(|profile| profile == "standard") {
        cache = cache.heuristics(true).language_by_weight(true);
        cache = cache.accept_risk(Risk::SetCookieReplayedToOthers).accept_risk(Risk::AuthorizedResponseServedToOthers);
    }
    let listener = tokio::net::TcpListener::bind(argument(1)?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Many origin servers close idle connections after 5 seconds. If such a server closes one just as a request with
    // content is sent on it, the request fails, because it must not be sent twice.
    let mut origin_client = Client::builder(TokioExecutor::new());
    origin_client.http1_preserve_header_case(true).pool_idle_timeout(Duration::from_secs(2));
    // The cache also gets the fields of the connection, because they name other fields that it must not store.
    let service = tower::ServiceBuilder::new()
        .map_result(outbound)
        .map_request(|request: Request<Incoming>| request.map(content))
        .layer(cache.layer())
        .map_request(move |request| inbound(&origin, request))
        // If the client cannot reach the origin server, the cache gets its error, and may use a stale response.
        .service(origin_client.build_http());
    loop {
        let (stream, peer) = listener.accept().await?;
        let service = TowerToHyperService::new(purge::with_purges(service.clone(), cache.clone(), peer));
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection); // The proxy ignores clients that disconnect.
    }
}

/// Returns an empty body for a request without content, so that no length is sent to the origin server.
fn content(body: Incoming) -> Body {
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}

fn inbound(origin: &uri::Authority, mut request: Request<Body>) -> Request<Body> {
    let mut url = std::mem::take(request.uri_mut()).into_parts();
    (url.scheme, url.authority) = (Some(uri::Scheme::HTTP), Some(origin.clone()));
    *request.uri_mut() = url.try_into().unwrap_or_default(); // The client rejects the default URL.
    remove_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(HOST); // The client adds the host of the origin server.
    request.headers_mut().append(VIA, HeaderValue::from_static("1.1 gateway"));
    *request.version_mut() = Version::HTTP_11;
    request
}

type Outbound = Response<SharedCacheBody<Incoming>>;

fn outbound(result: Result<Outbound, Error>) -> Result<Outbound, Error> {
    let mut response = result.unwrap_or_else(|error| {
        eprintln!("{error}");
        let mut failure = Response::new(SharedCacheBody::default());
        *failure.status_mut() = StatusCode::BAD_GATEWAY;
        failure
    });
    remove_hop_by_hop(response.headers_mut());
    response.headers_mut().remove("cache-tag"); // The tags are for this cache.
    response.extensions_mut().remove::<ReasonPhrase>(); // A 304 would keep the phrase of the 200.
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
