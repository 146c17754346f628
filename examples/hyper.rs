//! A hyper server without a framework, over HTTP/1.1 and cleartext HTTP/2.
//!
//! ```text
//! cargo run --example hyper --features routes  # then: curl -i http://127.0.0.1:3001/
//! ```
//!
//! A hyper service does not have a router to attach policies to, so one table contains the policies of all paths. The
//! service itself sets only a status and a content type. One layer adds `Cache-Control`, entity tags and 304 responses.

use std::{env, error::Error, time::Duration};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::{server::conn::auto::Builder, service::TowerToHyperService};
use tower::{ServiceBuilder, service_fn};
use tower_cache_policy::CachingLayer;
use tower_cache_policy::policy::{CachePolicy, routes::RoutePolicies};

const MINUTE: Duration = Duration::from_secs(60);

async fn respond(request: Request<Incoming>) -> http::Result<Response<Full<Bytes>>> {
    let (status, media_type, text) = match request.uri().path() {
        "/" => (StatusCode::OK, "text/html", "<!doctype html><title>Tea</title><p>Hot.\n"),
        "/account" => (StatusCode::OK, "text/plain", "You are visitor 42.\n"),
        "/login" => (StatusCode::OK, "text/plain", "Your code is 4711.\n"),
        "/assets/tea-4f2a.css" => (StatusCode::OK, "text/css", "p { color: brown }\n"),
        "/version" => (StatusCode::OK, "text/plain", "1\n"),
        _ => (StatusCode::NOT_FOUND, "text/plain", "There is nothing here.\n"),
    };
    // Over HTTP/2, hyper does not remove the content of a response to HEAD, which clients report as an error.
    let content = if request.method() == Method::HEAD { "" } else { text };
    let response = Response::builder().status(status).header(CONTENT_TYPE, media_type);
    response.header(CONTENT_LENGTH, text.len()).body(Full::from(content))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:3001")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let policies = RoutePolicies::builder()
        .route("/", CachePolicy::public(MINUTE).edge(60 * MINUTE))
        .route("/account", CachePolicy::private(MINUTE))
        .route("/login", CachePolicy::NO_STORE)
        // These names contain a hash of the content, so the bytes behind a name never change.
        .route("/assets/{*name}", CachePolicy::IMMUTABLE)
        .build()?; // Another path gets the default, `private, no-cache`.
    let service = ServiceBuilder::new().layer(CachingLayer::new(policies)).service(service_fn(respond));
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()); // Otherwise a client could keep a connection open without a request.
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        tokio::spawn(connection.into_owned()); // The server ignores clients that disconnect.
    }
}
