//! The cases: stacks as users have them, called in process.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, SET_COOKIE};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};
use tower_http::set_header::SetResponseHeaderLayer;

type Case = fn(u64);

/// From the least to the most.
pub(crate) const ALL: &[(&str, Case)] = &[
    ("bare", |times| run(times, service(page), get("/"))),
    ("set-response-header", |times| run(times, set_header().layer(service(page)), get("/"))),
    ("policy", |times| run(times, CachePolicyLayer::new(PAGE).layer(service(page)), get("/"))),
    ("policy/closure", |times| {
        let choose = |_: &http::request::Parts| PAGE;
        run(times, CachePolicyLayer::new(choose).layer(service(page)), get("/"));
    }),
    ("policy/handler-field", |times| run(times, CachePolicyLayer::new(PAGE).layer(service(page_with_field)), get("/"))),
    ("policy/guard", |times| run(times, CachePolicyLayer::new(PAGE).layer(service(page_with_cookie)), get("/"))),
    ("policy/1-route", |times| run(times, CachePolicyLayer::new(table(1)).layer(service(page)), get("/r0/x"))),
    ("policy/10-routes", |times| run(times, CachePolicyLayer::new(table(10)).layer(service(page)), get("/r7/x"))),
    ("policy/100-routes", |times| run(times, CachePolicyLayer::new(table(100)).layer(service(page)), get("/r77/x"))),
    ("policy/1000-routes", |times| {
        run(times, CachePolicyLayer::new(table(1_000)).layer(service(page)), get("/r777/x"))
    }),
    ("tag/1-KiB-shared", |times| run(times, EntityTagLayer::new().layer(service(page)), get("/"))),
    ("bare/1-KiB-made", |times| run(times, service(|| made(&KIB)), get("/"))),
    ("tag/1-KiB-made", |times| run(times, EntityTagLayer::new().layer(service(|| made(&KIB))), get("/"))),
    ("bare/16-KiB-made", |times| run(times, service(|| made(&KIB_16)), get("/"))),
    ("tag/16-KiB-made", |times| run(times, EntityTagLayer::new().layer(service(|| made(&KIB_16))), get("/"))),
    ("bare/1-MiB-made", |times| run(times, service(|| made(&MIB)), get("/"))),
    ("tag/1-MiB-made", |times| run(times, EntityTagLayer::new().layer(service(|| made(&MIB))), get("/"))),
    ("hash/1-MiB", |times| {
        for _ in 0..times {
            black_box(xxhash_rust::xxh3::xxh3_128(black_box(&MIB)));
        }
    }),
    ("bare/conditional", |times| {
        let request = || with(get("/")(), IF_NONE_MATCH, "\"a\"");
        run(times, service(tagged_page), request);
    }),
    ("conditional/200", |times| run(times, ConditionalLayer::new().layer(service(tagged_page)), get("/"))),
    ("conditional/304", |times| {
        let request = || with(get("/")(), IF_NONE_MATCH, "\"a\"");
        run(times, ConditionalLayer::new().layer(service(tagged_page)), request);
    }),
    ("conditional/304-by-date", |times| {
        let request = || with(get("/")(), IF_MODIFIED_SINCE, DATE);
        run(times, ConditionalLayer::new().layer(service(dated_page)), request);
    }),
    ("conditional/304-before", |times| {
        let known = |_: &http::request::Parts| {
            let validators = Validators::new().with_etag(EntityTag::from_static("\"a\""));
            ready(Representation::Current(validators))
        };
        let request = || with(get("/")(), IF_NONE_MATCH, "\"a\"");
        run(times, ConditionalLayer::new().validators(known).layer(service(page)), request);
    }),
    ("conditional/50-tags", |times| {
        let list: Vec<String> = (0..50).map(|n| format!("\"tag-{n}\"")).collect();
        let list = HeaderValue::try_from(list.join(", ")).unwrap();
        let request = move || {
            let mut request = get("/")();
            request.headers_mut().insert(IF_NONE_MATCH, list.clone());
            request
        };
        run(times, ConditionalLayer::new().layer(service(tagged_page)), request);
    }),
    ("edge", |times| run(times, EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(service(page_with_field)), get("/"))),
    ("edge/2-tags", |times| {
        run(times, EdgeLayer::new(EdgeProfile::CLOUDFLARE).layer(service(page_with_tags)), get("/"));
    }),
    ("caching", |times| run(times, CachingLayer::new(PAGE).layer(service(page)), get("/"))),
    ("caching/304", |times| {
        let mut stack = CachingLayer::new(PAGE).layer(service(page));
        let tag = call(&mut stack, get("/")()).headers()[ETAG].clone();
        let request = move || {
            let mut request = get("/")();
            request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
            request
        };
        run(times, stack, request);
    }),
];

const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(300));
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const KIB: [u8; 1024] = [b'a'; 1024];
const KIB_16: [u8; 16 * 1024] = [b'a'; 16 * 1024];
static MIB: [u8; 1024 * 1024] = [b'a'; 1024 * 1024];

type Answer = Response<Full<Bytes>>;

fn page() -> Answer {
    let mut response = Response::new(Full::new(Bytes::from_static(&KIB)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A page that is made for this answer.
fn made(content: &[u8]) -> Answer {
    let mut response = page();
    *response.body_mut() = Full::new(Bytes::copy_from_slice(content));
    response
}

fn page_with_field() -> Answer {
    answer_with(CACHE_CONTROL, "public, max-age=60, s-maxage=3600")
}

fn page_with_cookie() -> Answer {
    answer_with(SET_COOKIE, "id=1")
}

fn tagged_page() -> Answer {
    answer_with(ETAG, "\"a\"")
}

fn dated_page() -> Answer {
    answer_with(LAST_MODIFIED, DATE)
}

fn page_with_tags() -> Answer {
    const TAGS: [CacheTag; 2] = [CacheTag::from_static("articles"), CacheTag::from_static("article-7")];
    let mut response = page_with_field();
    CacheTags::from_iter(TAGS).add_to(response.extensions_mut());
    response
}

fn answer_with(name: HeaderName, value: &'static str) -> Answer {
    let mut response = page();
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

fn table(routes: usize) -> RoutePolicies {
    let mut table = RoutePolicies::builder();
    for n in 0..routes {
        table = table.route(format!("/r{n}/{{id}}"), RoutePolicy::new(PAGE));
    }
    table.build().unwrap()
}

fn set_header() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
}

fn get(path: &'static str) -> impl Fn() -> Request<()> {
    move || {
        let mut request = Request::new(());
        *request.uri_mut() = http::Uri::from_static(path);
        request
    }
}

fn with(mut request: Request<()>, name: HeaderName, value: &'static str) -> Request<()> {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
    request
}

fn service(
    answer: fn() -> Answer,
) -> impl Service<Request<()>, Response = Answer, Error = Infallible, Future = Ready<Result<Answer, Infallible>>> + Clone
{
    service_fn(move |_: Request<()>| ready(Ok(black_box(answer)())))
}

fn run<S, B>(times: u64, mut service: S, request: impl Fn() -> Request<()>)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    for _ in 0..times {
        black_box(call(&mut service, request()));
    }
}

fn call<S, B>(service: &mut S, request: Request<()>) -> Response<B>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    let future = pin!(service.call(black_box(request)));
    match future.poll(&mut cx) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("nothing in these stacks waits"),
    }
}
