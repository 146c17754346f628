//! The shared cache in front of a page, and the page without it.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::ready;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HOST, HeaderName, IF_NONE_MATCH,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::case::Case;
use crate::content::{Content, KIB};
use crate::requests::ask;
use crate::responses::{PUBLIC, PageResponse};

const GROUP: &str = "shared-cache";
/// The number of URLs for misses, which is many times the capacity of the store.
const URLS: usize = 4_096;

type PageRequest = Request<Empty<Bytes>>;

/// Returns the cases. Each request has `Host` and one other field.
pub(crate) fn shared_cache() -> Vec<Case> {
    let by_policy = |vary| move || policy_service(MemoryStore::new(16 << 20), vary);
    let of_gateway = || SharedCache::by_fields(MemoryStore::new(16 << 20)).layer().layer(handler(None));
    let small = || policy_service(MemoryStore::new(128 << 10), None);
    let plain = (ACCEPT, "text/html");
    let encoding = (ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    let same = (IF_NONE_MATCH, "\"revision-7\"");
    let login = (AUTHORIZATION, "Bearer of-news");
    let cases = vec![
        case("hit", by_policy(None), 1, Method::GET, plain.clone()),
        case("hit, Vary", by_policy(Some("accept-encoding")), 1, Method::GET, encoding),
        case("hit, 304", by_policy(None), 1, Method::GET, same),
        case("hit, HEAD", by_policy(None), 1, Method::HEAD, plain.clone()),
        // The gateway does not have a policy layer, which also has to read the credentials.
        case("bypass, credentials", of_gateway, 1, Method::GET, login),
        case("miss, stored", small, URLS, Method::GET, plain.clone()),
    ];
    let bare = case("bare", || handler(None), 1, Method::GET, plain);
    let base = bare.name.clone();
    std::iter::once(bare).chain(cases.into_iter().map(|case| case.against(base.clone()))).collect()
}

fn policy_service(
    store: MemoryStore,
    vary: Option<&'static str>,
) -> impl Service<PageRequest, Response = Response<impl Body<Error = Infallible> + use<>>, Error = Infallible> + use<> {
    SharedCache::by_policy(store).layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler(vary)))
}

fn case<S, B>(
    name: &str,
    service: impl Fn() -> S + 'static,
    urls: usize,
    method: Method,
    field: (HeaderName, &'static str),
) -> Case
where
    S: Service<PageRequest, Response = Response<B>, Error: Debug> + 'static,
    B: Body<Error: Debug> + 'static,
{
    Case::new(GROUP, name, move || {
        let uris: Vec<Uri> = (0..urls).map(|number| format!("/articles/{number}").parse().unwrap()).collect();
        let (method, field) = (method.clone(), field.clone());
        let place = Cell::new(0);
        let request = move |method: &Method| {
            let mut request = Request::new(Empty::new());
            *request.method_mut() = method.clone();
            *request.uri_mut() = uris[place.replace((place.get() + 1) % uris.len())].clone();
            request.headers_mut().insert(HOST, HeaderValue::from_static("www.example.com"));
            request.headers_mut().insert(&field.0, HeaderValue::from_static(field.1));
            request
        };
        let mut service = service();
        ask(&mut service, request(&Method::GET));
        Box::new(move |times| {
            for _ in 0..times {
                ask(&mut service, request(&method));
            }
        })
    })
}

/// Responds with a page with four fields.
fn handler(
    vary: Option<&'static str>,
) -> impl Service<PageRequest, Response = PageResponse, Error = Infallible, Future: Send> + Clone {
    service_fn(move |_: PageRequest| {
        let mut response = Response::new(Content::Constant(KIB).page());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        headers.insert(ETAG, HeaderValue::from_static("\"revision-7\""));
        match vary {
            Some(vary) => headers.insert(VARY, HeaderValue::from_static(vary)),
            None => headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        };
        ready(Ok(response))
    })
}
