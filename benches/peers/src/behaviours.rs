//! Observes the behavior of each crate, to show whether crates with different costs behave in the same way.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::middleware::from_fn;
use axum_response_cache::CacheLayer;
use bytes::Bytes;
use futures_util::stream;
use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, COOKIE, ETAG, HOST, IF_NONE_MATCH, SET_COOKIE, VARY,
};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::CachingLayer;

use crate::by_hand;
use crate::layers::{
    LIFETIME, PUBLIC, cache_control, cache_tower, http_cache, set_header, shared_by_fields, shared_by_policy,
};
use crate::requests::{local, runtime};
use crate::synced::synced;

type App = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;
/// Adds a peer as a layer.
type Wrap = fn(App) -> App;
/// Observes one behavior.
type Observe = fn(Wrap) -> String;

const PEERS: [(&str, Wrap); 9] = [
    ("CachingLayer", |app| boxed(&CachingLayer::new(PUBLIC), app)),
    (OWN_CACHES[0], |app| boxed(&shared_by_policy(), boxed(&CachingLayer::new(PUBLIC), app))),
    (OWN_CACHES[1], |app| boxed(&shared_by_fields(), app)),
    ("tower-http SetResponseHeaderLayer", |app| boxed(&set_header(), app)),
    ("tower-cache-control", |app| boxed(&cache_control(), app)),
    ("by hand, SHA-256", |app| boxed(&from_fn(by_hand::etag), app)),
    ("axum-response-cache", |app| boxed(&CacheLayer::with_lifespan(LIFETIME), app)),
    ("tower-http-cache", |app| boxed(&synced(http_cache()), app)),
    ("http-cache-tower", |app| boxed(&cache_tower(), app)),
];

/// The peers that store responses, and must not serve one to another client.
const OWN_CACHES: [&str; 2] = ["SharedCacheLayer around CachingLayer", "SharedCacheLayer by fields"];

const QUESTIONS: [(&str, Observe); 20] = [
    ("the request target is a path, as servers receive it", path_alone),
    ("repeated request with the entity tag of the first response", revalidated),
    ("the same, with an entity tag from the handler", revalidated_with_the_handlers_tag),
    ("the handler sets a cookie; the next visitor gets", cookie),
    ("the same, with `public, max-age=300` from the handler", public_cookie),
    ("`Cache-Control` of a response with a cookie", cookie_control),
    ("a request with `Authorization`; the next client gets", authorization),
    ("`Vary: accept-language`; a request in another language gets", language),
    ("the same, without a lifetime from the handler", language_without_lifetime),
    ("`Vary: *` from the handler; the next client gets", any_variant),
    ("`private, max-age=300` from the handler; the next client gets", private),
    ("`no-cache` from the handler; the next client gets", no_cache),
    ("a page for the `Cookie` of the request, with `max-age=300`; a client with another cookie gets", signed_in),
    ("a 500; the next client gets", stored_error),
    ("a body that fails after its first bytes; the next client gets", broken_body),
    ("the same path of another host gets", other_host),
    ("a public page, the second time", second_time),
    ("`no-store` from the handler", no_store),
    ("`Cache-Control` of a 500", error),
    ("a stream of 64 frames", streamed),
];

const FIRST_CLIENTS: &str = "the first client's response";
const FIRST_COOKIE: &str = "the first visitor's cookie";
const CUT: &str = "the start of the first client's response";
const STORED: &str = "from the cache";

/// Returns the result of each peer for each behavior, and the number of behaviors for which a client got a response for
/// another client.
///
/// # Panics
///
/// Panics if a cache of this crate serves a response to another client, or does not store anything.
pub(crate) fn behaviours() -> Value {
    let mut leaks = PEERS.map(|(peer, _)| (peer, 0));
    let rows = QUESTIONS.map(|(question, observe)| {
        let did = PEERS.map(|(peer, wrap)| (peer, observe(wrap)));
        for ((_, count), (_, result)) in leaks.iter_mut().zip(&did) {
            *count += u32::from(is_leak(result));
        }
        let did: serde_json::Map<_, _> =
            did.map(|(peer, result)| (peer.to_owned(), json!(result))).into_iter().collect();
        json!({ "question": question, "did": did })
    });
    for (peer, wrap) in PEERS.into_iter().filter(|(peer, _)| OWN_CACHES.contains(peer)) {
        assert_eq!(leaks.iter().find(|(name, _)| *name == peer), Some(&(peer, 0)), "{rows:#?}");
        // Otherwise, the cache would not leak anything because it does not store anything.
        assert_eq!(second_time(wrap), STORED, "{peer}");
    }
    let did: serde_json::Map<_, _> =
        leaks.map(|(peer, count)| (peer.to_owned(), json!(count.to_string()))).into_iter().collect();
    let total = json!({ "question": "responses that another client got", "did": did });
    rows.into_iter().chain([total]).collect()
}

/// Returns whether a client got a response for another client.
fn is_leak(result: &str) -> bool {
    [FIRST_CLIENTS, FIRST_COOKIE, CUT].iter().any(|leak| result.ends_with(leak))
}

fn path_alone(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, _| Response::new(Body::from("the page"))));
    let (head, body) = send(&mut app, Request::new(Body::empty()));
    if head.status == StatusCode::OK { "works".to_owned() } else { format!("fails: {body}") }
}

fn revalidated(wrap: Wrap) -> String {
    with_tag(wrap(handler(|_, _| Response::new(Body::from("the page")))))
}

fn revalidated_with_the_handlers_tag(wrap: Wrap) -> String {
    with_tag(wrap(handler(|_, _| {
        let mut response = Response::new(Body::from("the page"));
        response.headers_mut().insert(ETAG, HeaderValue::from_static("\"v1\""));
        response
    })))
}

fn with_tag(mut app: App) -> String {
    let (first, _) = fetch(&mut app, &[]);
    let Some(tag) = first.headers.get(ETAG) else { return "no tag".to_owned() };
    let (again, _) = fetch(&mut app, &[(IF_NONE_MATCH, tag.to_str().unwrap())]);
    match again.status {
        StatusCode::NOT_MODIFIED if again.headers.contains_key(CONTENT_LENGTH) => "304, with Content-Length".to_owned(),
        status => status.as_str().to_owned(),
    }
}

fn cookie(wrap: Wrap) -> String {
    whose_cookie(wrap(handler(setting_cookie)))
}

fn public_cookie(wrap: Wrap) -> String {
    whose_cookie(wrap(handler(|request, n| {
        let mut response = setting_cookie(request, n);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        response
    })))
}

fn whose_cookie(mut app: App) -> String {
    fetch(&mut app, &[]);
    let (head, body) = fetch(&mut app, &[]);
    match head.headers.get(SET_COOKIE).map(HeaderValue::as_bytes) {
        Some(b"id=1") => FIRST_COOKIE.to_owned(),
        Some(_) => "their own".to_owned(),
        None => format!("no cookie, and {}", whose_response(&body)),
    }
}

fn cookie_control(wrap: Wrap) -> String {
    cache_control_of(&fetch(&mut wrap(handler(setting_cookie)), &[]).0.headers)
}

fn setting_cookie(_: &Request<Body>, n: u32) -> Response<Body> {
    let mut response = numbered(n);
    response.headers_mut().insert(SET_COOKIE, HeaderValue::try_from(format!("id={n}")).unwrap());
    response
}

fn authorization(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, n| numbered(n)));
    fetch(&mut app, &[(AUTHORIZATION, "Bearer one")]);
    whose_response(&fetch(&mut app, &[(AUTHORIZATION, "Bearer two")]).1)
}

fn language(wrap: Wrap) -> String {
    second_gets(wrap, &[(VARY, "accept-language"), (CACHE_CONTROL, "public, max-age=300")], LANGUAGES)
}

fn language_without_lifetime(wrap: Wrap) -> String {
    second_gets(wrap, &[(VARY, "accept-language")], LANGUAGES)
}

fn any_variant(wrap: Wrap) -> String {
    second_gets(wrap, &[(VARY, "*"), (CACHE_CONTROL, "public, max-age=300")], LANGUAGES)
}

fn private(wrap: Wrap) -> String {
    second_gets(wrap, &[(CACHE_CONTROL, "private, max-age=300")], [&[], &[]])
}

fn no_cache(wrap: Wrap) -> String {
    second_gets(wrap, &[(CACHE_CONTROL, "no-cache")], [&[], &[]])
}

fn signed_in(wrap: Wrap) -> String {
    second_gets(wrap, &[(CACHE_CONTROL, "max-age=300")], [&[(COOKIE, "session=1")], &[(COOKIE, "session=2")]])
}

/// The fields of the requests of two clients.
type TwoClients<'a> = [&'a [(HeaderName, &'a str)]; 2];

const LANGUAGES: TwoClients<'static> = [&[(ACCEPT_LANGUAGE, "de")], &[(ACCEPT_LANGUAGE, "fr")]];

/// Returns the client whose response the second client gets, if the responses have these fields.
fn second_gets(wrap: Wrap, fields: &'static [(HeaderName, &'static str)], [first, second]: TwoClients<'_>) -> String {
    let mut app = wrap(handler(move |_, n| {
        let mut response = numbered(n);
        for (name, value) in fields {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }));
    fetch(&mut app, first);
    whose_response(&fetch(&mut app, second).1)
}

fn stored_error(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, n| {
        let mut response = numbered(n);
        if n == 1 {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    }));
    fetch(&mut app, &[]);
    whose_response(&fetch(&mut app, &[]).1)
}

fn broken_body(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, n| {
        let start = Ok(Bytes::from_static(b"the start, "));
        let end = if n == 1 { Err("the connection broke") } else { Ok(Bytes::from_static(b"the end")) };
        let mut response = Response::new(Body::from_stream(stream::iter([start, end])));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        response
    }));
    runtime().block_on(async {
        let response = app.ready().await.unwrap().call(local("/")).await.unwrap();
        response.into_body().collect().await.map(drop).unwrap_or_default();
    });
    let (head, body) = fetch(&mut app, &[]);
    match body.as_str() {
        "the start, the end" => "their own".to_owned(),
        "the start, " => CUT.to_owned(),
        _ => format!("{}, {} bytes", head.status.as_u16(), body.len()),
    }
}

fn other_host(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, n| {
        let mut response = numbered(n);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        response
    }));
    fetch(&mut app, &[]);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("http://other.example/");
    request.headers_mut().insert(HOST, HeaderValue::from_static("other.example"));
    whose_response(&send(&mut app, request).1)
}

/// Returns whether a public page is stored.
fn second_time(wrap: Wrap) -> String {
    let whose = second_gets(wrap, &[(CACHE_CONTROL, "public, max-age=300")], [&[], &[]]);
    (if whose == FIRST_CLIENTS { STORED } else { "from the handler" }).to_owned()
}

fn no_store(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, n| {
        let mut response = numbered(n);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }));
    let sent = cache_control_of(&fetch(&mut app, &[]).0.headers);
    format!("{sent}; {}", whose_response(&fetch(&mut app, &[]).1))
}

fn error(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, _| {
        let mut response = Response::new(Body::from("failed"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }));
    cache_control_of(&fetch(&mut app, &[]).0.headers)
}

fn streamed(wrap: Wrap) -> String {
    let mut app = wrap(handler(|_, _| {
        let frames = std::iter::repeat_n(Bytes::from_static(b"some bytes"), 64);
        Response::new(Body::from_stream(stream::iter(frames.map(Ok::<_, Infallible>))))
    }));
    let frames = runtime().block_on(async {
        let mut body = app.ready().await.unwrap().call(local("/")).await.unwrap().into_body();
        let mut frames = 0;
        while let Some(frame) = body.frame().await {
            frames += u32::from(frame.unwrap().is_data());
        }
        frames
    });
    if frames == 64 { "forwarded frame by frame".to_owned() } else { format!("buffered until its end: {frames} frame") }
}

/// A handler that receives the number of the request.
fn handler(respond: impl Fn(&Request<Body>, u32) -> Response<Body> + Clone + Send + Sync + 'static) -> App {
    let requests = Arc::new(AtomicU32::new(0));
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        assert_eq!(request.method(), Method::GET);
        ready(Ok(respond(&request, requests.fetch_add(1, Ordering::Relaxed) + 1)))
    }))
}

fn numbered(n: u32) -> Response<Body> {
    Response::new(Body::from(format!("response {n}")))
}

fn whose_response(body: &str) -> String {
    (if body == "response 1" { FIRST_CLIENTS } else { "their own" }).to_owned()
}

fn cache_control_of(headers: &HeaderMap) -> String {
    let lines: Vec<_> = headers.get_all(CACHE_CONTROL).iter().map(|line| line.to_str().unwrap()).collect();
    if lines.is_empty() { "none".to_owned() } else { format!("`{}`", lines.join("`, `")) }
}

fn fetch(app: &mut App, fields: &[(HeaderName, &str)]) -> (Parts, String) {
    let mut request = local("/");
    for (name, value) in fields {
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    send(app, request)
}

fn send(app: &mut App, request: Request<Body>) -> (Parts, String) {
    runtime().block_on(async {
        let (head, body) = app.ready().await.unwrap().call(request).await.unwrap().into_parts();
        (head, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    })
}

fn boxed<L, B>(layer: &L, app: App) -> App
where
    L: Layer<App>,
    L::Service:
        Service<Request<Body>, Response = Response<B>, Error: Debug, Future: Send> + Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let service = layer.layer(app);
    BoxCloneSyncService::new(service_fn(move |request| {
        let response = service.clone().oneshot(request);
        async move {
            Ok(match response.await {
                Ok(response) => response.map(Body::new),
                // Converts an error of the service to a response with its text.
                Err(error) => {
                    let mut failed = Response::new(Body::from(format!("{error:?}")));
                    *failed.status_mut() = StatusCode::BAD_GATEWAY;
                    failed
                }
            })
        }
    }))
}
