//! A poem application that applies the layers to all of its routes.
//!
//! Routes get policies from one table, entity tags and 304 responses, and shared caches do not store a response with a
//! cookie. poem's own adapter for layers passes a `poem::Request`, so this example contains a different adapter.

use std::convert::Infallible;
use std::{env, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, combinators::BoxBody};
use poem::endpoint::{Endpoint, EndpointExt, make, make_sync};
use poem::web::cookie::{Cookie, CookieJar};
use poem::{Request, Response, Route, Server, get, handler, listener::TcpAcceptor, middleware::CookieJarManager};
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::CachingLayer;
use tower_cache_policy::policy::{CachePolicy, routes::RoutePolicies};

#[handler]
fn visit(jar: &CookieJar) -> &'static str {
    jar.add(Cookie::new_with_str("visitor", "1"));
    "You are visitor 1.\n"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let minute = CachePolicy::public(Duration::from_secs(60));
    let policies = RoutePolicies::builder().route("/shop/{*page}", minute).build()?;
    let shop = Route::new().at("/teas", get(make_sync(|_| "green, black\n"))).at("/visit", get(visit));
    // The cookie jar is an inner middleware, so that the guards of the layers see `Set-Cookie`.
    let app = layered(Route::new().nest("/shop", shop).with(CookieJarManager::new()), CachingLayer::new(policies));
    let listener = tokio::net::TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:3003")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?)
}

/// Applies a layer to an endpoint. The layer gets a request whose body is poem's request, which preserves poem's state.
fn layered(endpoint: impl Endpoint + 'static, layer: CachingLayer) -> impl Endpoint {
    let endpoint = Arc::new(endpoint);
    let service = layer.layer(service_fn(move |request: http::Request<Request>| {
        let endpoint = endpoint.clone();
        async move {
            let (head, mut request) = request.into_parts();
            *request.headers_mut() = head.headers; // The layers rewrite some preconditions.
            let response: http::Response<BoxBody<Bytes, io::Error>> = endpoint.get_response(request).await.into();
            Ok::<_, Infallible>(response)
        }
    }));
    make(move |request: Request| {
        let (service, mut head) = (service.clone(), http::Request::new(()));
        (*head.method_mut(), *head.uri_mut()) = (request.method().clone(), request.uri().clone());
        (*head.version_mut(), *head.headers_mut()) = (request.version(), request.headers().clone());
        async move {
            let (head, body) = service.oneshot(head.map(|()| request)).await?.into_parts();
            let mut response = Response::from((head.status, body.boxed()));
            (*response.headers_mut(), *response.extensions_mut()) = (head.headers, head.extensions);
            Ok::<_, poem::Error>(response)
        }
    })
}
