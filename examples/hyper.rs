//! A hyper server without a framework, over HTTP/1.1 and cleartext HTTP/2. One table contains the policies of all
//! paths.
//!
//! ```text
//! cargo run --example hyper --features routes
//! cargo run --example hyper --features routes -- 127.0.0.1:8080
//! ```

use std::{convert::Infallible, env, error::Error, time::Duration};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_cache_policy::CachingLayer;
use tower_cache_policy::policy::{CachePolicy, routes::RouteError, routes::RoutePolicies};

const MINUTE: Duration = Duration::from_secs(60);
const PAGE: CachePolicy = CachePolicy::public(MINUTE).edge(Duration::from_secs(3600));

/// Returns the policies by path. A path without a policy gets the default, `private, no-cache`.
fn policies() -> Result<RoutePolicies, RouteError> {
    RoutePolicies::builder()
        .route("/", PAGE)
        .route("/account", CachePolicy::private(MINUTE))
        .route("/login", CachePolicy::NO_STORE)
        // These names contain a hash of the content, so the bytes behind a name never change.
        .route("/assets/{*name}", CachePolicy::IMMUTABLE)
        .build()
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, media_type, text) = match request.uri().path() {
        "/" => (StatusCode::OK, "text/html", "<!doctype html><title>Tea</title><p>Hot.\n"),
        "/account" => (StatusCode::OK, "text/plain", "You are visitor 42.\n"),
        "/login" => (StatusCode::OK, "text/plain", "Your code is 4711.\n"),
        "/assets/tea-4f2a.css" => (StatusCode::OK, "text/css", "p { color: brown }\n"),
        "/version" => (StatusCode::OK, "text/plain", "1\n"),
        _ => (StatusCode::NOT_FOUND, "text/plain", "There is nothing here.\n"),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if request.method() == Method::HEAD {
        // Over HTTP/2, hyper does not remove the content of a response to HEAD, and clients report it as an error.
        response.headers_mut().insert(CONTENT_LENGTH, text.len().into());
        *response.body_mut() = Full::default();
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let policies = policies()?;
    println!("{}", policies.to_markdown());
    let service = ServiceBuilder::new().layer(CachingLayer::new(policies)).service(service_fn(respond));
    let mut server = Builder::new(TokioExecutor::new());
    // Without a timer, a client could keep a connection open forever without sending a request.
    server.http1().timer(TokioTimer::new());
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        tokio::spawn(connection); // The server ignores clients that disconnect.
    }
}
