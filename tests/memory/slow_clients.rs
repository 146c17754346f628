//! Tests 10,000 slow clients: the memory per client of each layer, while the handler runs and while the response is
//! half read.
//!
//! The values are limits, because a different compiler may lay out a future differently.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use http::{Request, Response};
use http_body::Body;
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};

use super::endless::Origin;

const CLIENTS: usize = 10_000;
const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));
const KIB: usize = 1 << 10;

/// The memory for one client, in bytes.
struct Held {
    /// The size of the future of a call.
    future: usize,
    /// The memory while the handler runs, including the future.
    waiting: usize,
    /// The size of the body.
    body: usize,
    /// The memory while the response is half read, including the body.
    reading: usize,
}

/// Holds 10,000 of these values at the same time.
fn held_each<T>(mut one: impl FnMut() -> T) -> usize {
    let mut all = Vec::with_capacity(CLIENTS);
    let info = measure(|| (0..CLIENTS).for_each(|_| all.push(Box::new(one()))));
    let held = usize::try_from(info.bytes_current).unwrap();
    // Shared memory is not counted per client, and the box belongs to the test.
    held / CLIENTS - size_of::<usize>()
}

/// The memory of a waiting call: the size of its future, and the total.
fn waiting<S>(service: &S, request: fn() -> Request<()>) -> (usize, usize)
where
    S: Service<Request<()>, Error = Infallible> + Clone,
{
    let mut future = 0;
    let held = held_each(|| {
        let mut call = Box::pin(begin(service, request));
        future = size_of_val(&*call);
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        call
    });
    (future, held)
}

/// The memory of a response after one frame: the size of its body, and the total.
fn reading<S, B>(service: &S, request: fn() -> Request<()>) -> (usize, usize)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut length = 0;
    let held = held_each(|| {
        let mut call = Box::pin(begin(service, request));
        let Poll::Ready(Ok(response)) = call.as_mut().poll(&mut cx) else { panic!("nothing here waits") };
        // The head and the first frame have been sent.
        let mut body = Box::pin(response.into_body());
        length = size_of_val(&*body);
        assert!(matches!(body.as_mut().poll_frame(&mut cx), Poll::Ready(Some(Ok(_)))));
        body
    });
    (length, held)
}

/// Clones the service for each request, as a server does.
fn begin<S: Service<Request<()>, Error = Infallible> + Clone>(service: &S, request: fn() -> Request<()>) -> S::Future {
    let mut service = service.clone();
    assert!(service.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
    service.call(request())
}

/// A request of a browser that has stored the page.
fn request() -> Request<()> {
    Request::get("/page.html")
        .header("accept-encoding", "gzip")
        .header("if-none-match", "\"another\"")
        .body(())
        .unwrap()
}

fn plain() -> Request<()> {
    Request::get("/page.html").body(()).unwrap()
}

fn many_tags() -> Request<()> {
    let list: Vec<String> = (0..50).map(|n| format!("\"tag-{n}\"")).collect();
    Request::get("/page.html").header("if-none-match", list.join(", ")).body(()).unwrap()
}

/// A write of a client that has read the current version.
fn write() -> Request<()> {
    Request::put("/page.html").header("if-match", "\"own\"").body(()).unwrap()
}

/// A stream that stops after its first frame.
fn half() -> Origin {
    untagged().field("etag", "\"own\"")
}

fn untagged() -> Origin {
    Origin::of(2 * KIB as u64).in_frames_of(KIB).hanging_at(KIB as u64).field("content-type", "text/html")
}

struct Table {
    bare: Held,
}

impl Table {
    fn new() -> Self {
        println!(
            "{:44}{:>8}{:>9}{:>8}{:>9}",
            "bytes for each client, in addition to the service", "future", "waiting", "body", "reading"
        );
        let (future, waiting) = waiting(&Origin::silent(), plain);
        let (body, reading) = reading(&half(), plain);
        println!("{:44}{future:>8}{waiting:>9}{body:>8}{reading:>9}", "the service alone");
        Self { bare: Held { future, waiting, body, reading } }
    }

    /// A layer, and the limits of its memory in addition to the inner service, while waiting and while reading.
    fn row<L, S, B>(&self, sentence: &str, layer: &L, request: fn() -> Request<()>, most: (usize, usize))
    where
        L: Layer<Origin, Service = S>,
        S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone,
        B: Body<Error = Infallible>,
    {
        let (future, waiting) = waiting(&layer.layer(Origin::silent()), request);
        let (body, reading) = reading(&layer.layer(half()), request);
        let [future, waiting] = [future - self.bare.future, waiting - self.bare.waiting];
        let [body, reading] = [body - self.bare.body, reading - self.bare.reading];
        println!("{sentence:44}{future:>8}{waiting:>9}{body:>8}{reading:>9}");
        assert!(waiting <= most.0, "{sentence}: {waiting} bytes while the handler runs, {} are permitted", most.0);
        assert!(reading <= most.1, "{sentence}: {reading} bytes while the response is read, {} are permitted", most.1);
    }

    /// A service that waits for something other than the handler.
    fn waiting<S>(&self, sentence: &str, service: &S, request: fn() -> Request<()>, most: usize)
    where
        S: Service<Request<()>, Error = Infallible> + Clone,
    {
        let (future, waiting) = waiting(service, request);
        let [future, waiting] = [future - self.bare.future, waiting - self.bare.waiting];
        println!("{sentence:44}{future:>8}{waiting:>9}");
        assert!(waiting <= most, "{sentence}: {waiting} bytes, {most} are permitted");
    }
}

#[test]
fn ten_thousand_slow_clients_need_bounded_memory_each() {
    let table = Table::new();
    let source =
        |_: &http::request::Parts| std::future::ready(Validators::new().with_etag(EntityTag::from_static("\"own\"")));
    let edge = EdgeLayer::new(EdgeProfile::CLOUDFLARE);

    table.row("a layer that does nothing", &Identity::new(), request, (0, 0));
    table.row("CachePolicyLayer", &CachePolicyLayer::new(PUBLIC), request, (104, 0));
    table.row("EntityTagLayer", &EntityTagLayer::new(), request, (32, 64));
    table.row("ConditionalLayer", &ConditionalLayer::new(), request, (192, 0));
    table.row("ConditionalLayer, no precondition", &ConditionalLayer::new(), plain, (144, 0));
    table.row("ConditionalLayer, 50 tags", &ConditionalLayer::new(), many_tags, (704, 0));
    let layer = ConditionalLayer::new().validators(source);
    table.row("ConditionalLayer, a source", &layer, request, (512, 0));
    table.row("ConditionalLayer, a source, a write", &layer, write, (560, 0));
    let hanging = ConditionalLayer::new().validators(|_| pending::<Representation>()).layer(Origin::silent());
    table.waiting("ConditionalLayer, its source waits", &hanging, request, 1408);
    let reading = EntityTagLayer::new().layer(untagged().exact());
    table.waiting("EntityTagLayer, 1 KiB of a page was read", &reading, request, KIB + 528);
    table.row("EdgeLayer", &edge, request, (32, 0));
    table.row("CachingLayer", &CachingLayer::new(PUBLIC), request, (416, 64));
    let caching = CachingLayer::new(PUBLIC).validators(source);
    table.row("CachingLayer, a source", &caching, request, (648, 64));
    table.row("EdgeLayer, CachingLayer, a source", &Stack::new(caching, edge.clone()), request, (672, 64));

    #[cfg(feature = "routes")]
    {
        use tower_cache_policy::policy::routes::RoutePolicies;

        let routes = RoutePolicies::builder().route("/{page}", PUBLIC).build().unwrap();
        table.row("CachePolicyLayer, a table", &CachePolicyLayer::new(routes), request, (104, 0));
    }
    #[cfg(feature = "purge")]
    {
        use tower_cache_policy::{PurgeLayer, edge::purge::Purge};

        let purger = tower::service_fn(|_: Purge| std::future::ready(Ok::<_, Infallible>(())));
        table.row("PurgeLayer", &PurgeLayer::new(purger), write, (272, 0));
    }
    #[cfg(feature = "assets")]
    {
        use tower_cache_policy::{AssetsLayer, assets::AssetManifest};

        let assets = AssetManifest::from_contents([("page.html", "<p>hello")]).unwrap();
        table.row("AssetsLayer", &AssetsLayer::new(&assets), request, (512, 0));
    }
    let dashboard = tower_cache_policy_dashboard::Dashboard::new();
    table.row("Dashboard::observe", &dashboard.observe(), request, (672, 48));
}
