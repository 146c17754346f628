//! The shared cache in front of a page, and the page without it.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::ready;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HOST, HeaderName, IF_NONE_MATCH, VARY,
};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use super::case::Case;
use super::content::{Content, KIB};
use super::requests::ask;
use super::responses::{PUBLIC, PageResponse};

const GROUP: &str = "shared-cache";
const BARE: &str = "bare @ 1 KiB";
/// The number of URLs of the misses, which is many times the number that the store holds.
const URLS: usize = 4_096;

type PageRequest = Request<Empty<Bytes>>;

/// Returns the cases. Each request has `Host` and at most one other field.
pub(crate) fn shared_cache() -> Vec<Case> {
    let large = || MemoryStore::new(16 << 20);
    let one_url = || vec!["/articles/7".to_owned()];
    let many_urls = || (0..URLS).map(|number| format!("/articles/{number}")).collect();
    let same = (IF_NONE_MATCH, "\"revision-7\"");
    let browser = (ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    let credentials = (AUTHORIZATION, "Bearer of-news");
    vec![
        case(BARE, || service_fn(|request| ready(handle(&request, None))), one_url, Method::GET, None),
        cached("hit", large, one_url, Method::GET, None, None),
        cached("hit, Vary", large, one_url, Method::GET, Some(browser), Some("accept-encoding")),
        cached("hit, 304", large, one_url, Method::GET, Some(same), None),
        cached("hit, HEAD", large, one_url, Method::HEAD, None, None),
        cached("bypass, credentials", large, one_url, Method::GET, Some(credentials), None),
        cached("miss, stored", || MemoryStore::new(128 << 10), many_urls, Method::GET, None, None),
    ]
}

fn cached(
    name: &str,
    store: impl Fn() -> MemoryStore + 'static,
    urls: impl Fn() -> Vec<String> + 'static,
    method: Method,
    field: Option<(HeaderName, &'static str)>,
    vary: Option<&'static str>,
) -> Case {
    let service = move || {
        let handler = service_fn(move |request| ready(handle(&request, vary)));
        SharedCache::by_policy(store()).layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler))
    };
    case(&format!("{name} @ 1 KiB"), service, urls, method, field).against(BARE)
}

fn case<S, B>(
    name: &str,
    service: impl Fn() -> S + 'static,
    urls: impl Fn() -> Vec<String> + 'static,
    method: Method,
    field: Option<(HeaderName, &'static str)>,
) -> Case
where
    S: Service<PageRequest, Response = Response<B>, Error: Debug> + 'static,
    B: http_body::Body<Error: Debug> + 'static,
{
    Case::new(GROUP, name, move || {
        let uris: Vec<Uri> = urls().iter().map(|url| url.parse().unwrap()).collect();
        let (method, field) = (method.clone(), field.clone());
        let place = Cell::new(0);
        let request = move |method: &Method| {
            let mut request = Request::new(Empty::new());
            *request.method_mut() = method.clone();
            *request.uri_mut() = uris[place.replace((place.get() + 1) % uris.len())].clone();
            request.headers_mut().insert(HOST, HeaderValue::from_static("www.example.com"));
            if let Some((name, value)) = &field {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
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

/// Responds with a page with four or five fields.
fn handle(_: &PageRequest, vary: Option<&'static str>) -> Result<PageResponse, Infallible> {
    let mut response = Response::new(Content::Whole(KIB).page());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static("en"));
    headers.insert(ETAG, HeaderValue::from_static("\"revision-7\""));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Some(vary) = vary {
        headers.insert(VARY, HeaderValue::from_static(vary));
    }
    Ok(response)
}
