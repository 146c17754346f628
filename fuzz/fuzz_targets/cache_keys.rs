//! Two requests share a stored response only if they are for the same page: the same host, path and query, apart from
//! the parts that the options of the cache omit.
//!
//! The input consists of options and two requests, each with a host and a URL, separated by line feeds.
#![no_main]

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body;
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::SharedCache;
use tower_cache_policy::store::MemoryStore;
use tower_layer::Layer;
use tower_service::Service;

fuzz_target!(|input: &[u8]| {
    let Some((&options, input)) = input.split_first() else { return };
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut next = || {
        let (host, url) = (lines.next()?, lines.next()?);
        Some((HeaderValue::from_bytes(host).ok()?, Uri::try_from(url).ok()?))
    };
    let (Some(one), Some(other)) = (next(), next()) else { return };
    let mut cache = SharedCache::by_fields(MemoryStore::new(1 << 20));
    if options & 1 != 0 {
        cache = cache.ignore_query(["utm_*", "x"]);
    }
    if options & 2 != 0 {
        cache = cache.query(["q", "page"]);
    }
    if options & 4 != 0 {
        cache = cache.sorted_query();
    }
    let layer = cache.layer();
    for (host, url) in [&one, &other] {
        get(&layer, host, url);
    }
    if cache.stats().hits == 0 {
        return;
    }
    let keeps = |name: &str| match options & 3 {
        0 => true,
        1 => !name.starts_with("utm_") && name != "x",
        // The last of the two options applies.
        _ => name == "q" || name == "page",
    };
    // Each parameter that handlers may read, by its decoded name.
    let pages = |(host, url): &(HeaderValue, Uri)| {
        let host = url.authority().map_or(host.as_bytes().to_vec(), |authority| authority.as_str().as_bytes().to_vec());
        let mut kept: Vec<(String, &str)> = Vec::new();
        for pair in url.query().into_iter().flat_map(|query| query.split('&')) {
            let name = pair.split('=').next().unwrap_or_default();
            let decoded = decoded(name);
            if keeps(name) || keeps(&decoded) {
                kept.push((decoded, pair));
            }
        }
        let is_left_out = options & 3 != 0 && kept.is_empty();
        if options & 4 != 0 {
            kept.sort_by(|one, other| one.0.cmp(&other.0));
        }
        let kept: Vec<String> = kept.into_iter().map(|(_, pair)| pair.to_owned()).collect();
        let has_query = url.query().is_some() && !is_left_out;
        (
            host.to_ascii_lowercase(),
            url.scheme_str().map(str::to_ascii_lowercase),
            url.path().to_owned(),
            has_query,
            kept,
        )
    };
    let (one, other) = (pages(&one), pages(&other));
    assert!(one == other, "{one:?}\n{other:?}");
});

fn decoded(name: &str) -> String {
    let mut bytes = name.as_bytes().iter();
    let mut decoded = Vec::new();
    while let Some(&byte) = bytes.next() {
        let rest = bytes.as_slice();
        let code = rest.get(..2).and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        match code.filter(|_| byte == b'%') {
            Some(code) => {
                decoded.push(code);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn get(layer: &tower_cache_policy::SharedCacheLayer, host: &HeaderValue, url: &Uri) {
    let mut service = layer.layer(Page);
    let mut request = Request::new(Empty);
    *request.uri_mut() = url.clone();
    request.headers_mut().insert("host", host.clone());
    let response = run(service.call(request)).unwrap_or_else(|never| match never {});
    let mut body = response.into_body();
    while run(std::future::poll_fn(|cx| pin!(&mut body).poll_frame(cx))).is_some() {}
}

fn run<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits")
    };
    output
}

#[derive(Clone)]
struct Page;

impl Service<Request<Empty>> for Page {
    type Response = Response<Empty>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Empty>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty>) -> Self::Future {
        let mut response = Response::new(Empty);
        response.headers_mut().insert("cache-control", HeaderValue::from_static("max-age=60"));
        ready(Ok(response))
    }
}

#[derive(Debug, Default)]
struct Empty;

impl Body for Empty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}
