//! Streams 1 GiB through each layer. No layer buffers the stream, and the head waits only for the documented length.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use http::{Request, Response};
use http_body::Body;
use tower::layer::util::Stack;
use tower::{Layer, Service};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use super::endless::{FRAME, Origin};

const GIB: u64 = 1 << 30;
const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));

/// The permitted memory in addition to the frames, for the fields of the response and small allocations of the layers.
const SMALL: u64 = 4 << 10;

/// The result of a stream of 1 GiB.
#[derive(Debug)]
struct Passed {
    /// The number of frames polled before the head arrived.
    before_head: usize,
    /// The number of frames polled before the first data arrived.
    before_first_byte: usize,
    /// The number of bytes in the response.
    bytes: u64,
    /// The maximum memory at any time.
    peak: u64,
    headers: http::HeaderMap,
}

/// Requests the stream like a browser, and reads it to its end.
fn pass<S, B>(mut service: S, origin: &Origin, path: &str) -> Passed
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Error: Debug>,
{
    let polled = || origin.polled.load(Ordering::Relaxed);
    let request = Request::get(path)
        .header("accept-encoding", "gzip")
        .header("if-none-match", "\"another\", W/\"and-another\"")
        .body(())
        .unwrap();
    let mut passed = Passed { before_head: 0, before_first_byte: 0, bytes: 0, peak: 0, headers: Default::default() };
    let (mut request, began) = (Some(request), polled());
    let info = measure(|| {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut cx).is_ready());
        let mut future = Box::pin(service.call(request.take().unwrap()));
        let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else { panic!("nothing here waits") };
        drop(future);
        passed.before_head = polled() - began;
        let (head, body) = response.into_parts();
        passed.headers = head.headers;
        let mut body = pin!(body);
        while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
            if let Ok(data) = frame.unwrap().into_data() {
                if passed.bytes == 0 {
                    passed.before_first_byte = polled() - began;
                }
                passed.bytes += bytes::Buf::remaining(&data) as u64;
            }
        }
    });
    passed.peak = info.bytes_max;
    passed
}

/// A row of the table: the layer, the maximum number of bytes that it may read before the head, and its permitted
/// memory in addition to these bytes and one frame.
fn holds<L, S, B>(sentence: &str, layer: &L, origin: &Origin, path: &str, ahead: u64) -> Passed
where
    L: Layer<Origin, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Error: Debug>,
{
    let passed = pass(layer.layer(origin.clone()), origin, path);
    let Passed { before_head, before_first_byte, bytes, peak, .. } = &passed;
    println!("{sentence:52}{before_head:>8}{before_first_byte:>8}{peak:>10}");
    let frames_ahead = usize::try_from(ahead.div_ceil(FRAME as u64)).unwrap();
    assert_eq!(*before_head, frames_ahead, "{sentence}: frames before the head");
    assert_eq!(*before_first_byte, frames_ahead.max(1), "{sentence}: frames before the first byte");
    assert_eq!(*bytes, GIB, "{sentence}");
    let most = (frames_ahead.max(1) * FRAME) as u64 + SMALL;
    assert!(*peak <= most, "{sentence}: {peak} bytes of memory, and {most} are permitted");
    passed
}

#[test]
fn each_layer_streams_a_gibibyte_and_sends_the_first_frame_at_once() {
    println!("{:52}{:>8}{:>8}{:>10}", "1 GiB in frames of 64 KiB through", "head", "byte", "held");
    let unknown = Origin::of(GIB).field("content-type", "text/html").field("etag", "\"own\"");
    let untagged = Origin::of(GIB).field("content-type", "text/html");
    let known = Origin::of(GIB).field("content-type", "text/html").exact();
    let source =
        |_: &http::request::Parts| std::future::ready(Validators::new().with_etag(EntityTag::from_static("\"own\"")));

    holds("nothing", &tower::layer::util::Identity::new(), &unknown, "/", 0);
    for (length, origin) in [("of unknown length", &untagged), ("of known length", &known), ("with a tag", &unknown)] {
        let row = |layer: &str| format!("{layer}, {length}");
        holds(&row("CachePolicyLayer"), &CachePolicyLayer::new(PUBLIC), origin, "/", 0);
        holds(&row("EntityTagLayer"), &EntityTagLayer::new(), origin, "/", 0);
        holds(&row("ConditionalLayer"), &ConditionalLayer::new(), origin, "/", 0);
        holds(&row("ConditionalLayer, a source"), &ConditionalLayer::new().validators(source), origin, "/", 0);
        holds(&row("EdgeLayer"), &EdgeLayer::new(EdgeProfile::CLOUDFLARE), origin, "/", 0);
        holds(&row("CachingLayer"), &CachingLayer::new(PUBLIC), origin, "/", 0);
        let all = Stack::new(CachingLayer::new(PUBLIC), EdgeLayer::new(EdgeProfile::CLOUDFLARE));
        holds(&row("EdgeLayer, CachingLayer"), &all, origin, "/", 0);
    }
    // The body exceeds the limit, so it gets no tag, and the bytes read so far are forwarded.
    for kib in [64, 256, 1024] {
        let ahead = kib << 10;
        let layer = EntityTagLayer::new().buffer_unknown_length(ahead);
        // The frame that exceeds the limit is the last that is read in advance.
        holds(&format!("EntityTagLayer, buffering {kib} KiB"), &layer, &untagged, "/", ahead + 1);
    }
    let layer = EntityTagLayer::new().buffer_unknown_length(GIB).max_body(128 << 10);
    holds("EntityTagLayer, buffering 1 GiB but at most 128 KiB", &layer, &untagged, "/", (128 << 10) + 1);
}

#[cfg(feature = "strong-tags")]
#[test]
fn the_layer_for_strong_tags_streams_a_gibibyte() {
    let origin = Origin::of(GIB).exact();
    let passed = holds("EntityTagLayer, strong", &EntityTagLayer::new().strong(), &origin, "/", 0);
    assert!(!passed.headers.contains_key("etag"), "it is longer than what is hashed");
    holds("EntityTagLayer, keyed", &EntityTagLayer::new().keyed([7; 32]), &origin, "/", 0);
}

#[cfg(feature = "routes")]
#[test]
fn a_table_of_routes_streams_a_gibibyte() {
    use tower_cache_policy::policy::routes::RoutePolicies;

    let routes = RoutePolicies::builder().route("/files/{*path}", PUBLIC).build().unwrap();
    let passed = holds("CachePolicyLayer, a table", &CachePolicyLayer::new(routes), &Origin::of(GIB), "/files/a", 0);
    assert_eq!(passed.headers["cache-control"], "public, max-age=60");
}

#[cfg(feature = "assets")]
#[test]
fn the_assets_layer_streams_a_gibibyte() {
    use tower_cache_policy::{AssetsLayer, assets::AssetManifest};

    // The file is as long as the response, because no other length is proven.
    let assets = AssetManifest::from_contents([("film.webm", "hello")]).unwrap().to_json();
    let assets =
        AssetManifest::from_json(&assets.replacen(r#""length": 5"#, &format!(r#""length": {GIB}"#), 1)).unwrap();
    let origin = Origin::of(GIB).exact().field("content-type", "video/webm");
    let passed = holds("AssetsLayer", &AssetsLayer::new(&assets), &origin, assets.url("film.webm").unwrap(), 0);
    assert_eq!(passed.headers["cache-control"], "public, max-age=31536000, immutable");
    let passed = holds(
        "AssetsLayer, of a file that it cannot prove",
        &AssetsLayer::new(&assets),
        &Origin::of(GIB),
        assets.url("film.webm").unwrap(),
        0,
    );
    assert_eq!(passed.headers["cache-control"], "private, no-store");
}

#[cfg(feature = "purge")]
#[test]
fn the_purge_layer_streams_a_gibibyte() {
    use tower_cache_policy::{PurgeLayer, edge::purge::Purge};

    let layer = PurgeLayer::new(tower::service_fn(|_: Purge| std::future::ready(Ok::<_, Infallible>(()))));
    holds("PurgeLayer", &layer, &Origin::of(GIB), "/", 0);
}

#[test]
fn the_dashboard_layer_streams_a_gibibyte() {
    use tower_cache_policy_dashboard::Dashboard;

    holds("Dashboard::observe", &Dashboard::new().observe(), &Origin::of(GIB), "/", 0);
}

/// The memory of the compressor does not depend on the length of the stream.
#[test]
fn the_complete_stack_with_compression_streams_a_gibibyte() {
    let layer = CachingLayer::new(PUBLIC).compression(CompressionLayer::new().quality(CompressionLevel::Fastest));
    let stack = Stack::new(layer, EdgeLayer::new(EdgeProfile::CLOUDFLARE));
    let held = |length: u64| {
        let origin = Origin::of(length).field("content-type", "text/html").field("etag", "\"own\"");
        let passed = pass(stack.layer(origin.clone()), &origin, "/");
        assert_eq!(passed.before_head, 0, "the head waits for nothing");
        assert_eq!(passed.headers["content-encoding"], "gzip");
        assert_eq!(passed.headers["etag"], "\"own--gzip\"");
        assert_eq!(origin.polled.load(Ordering::Relaxed) as u64, length / FRAME as u64 + 1, "all of it was read");
        println!(
            "{:52}{:>8}{:>8}{:>10}",
            format!("all, gzip, {} MiB", length >> 20),
            0,
            passed.before_first_byte,
            passed.peak
        );
        passed.peak
    };
    let (short, long) = (held(GIB >> 6), held(GIB));
    assert!(long <= short + SMALL, "{long} bytes for 64 times the length that needed {short}");
    assert!(long <= 768 << 10, "{long} bytes");
}

/// The layer reads the documented beginning of a body of known length for its tag. If the body stops there, the head
/// waits, and only these bytes are buffered.
#[test]
fn a_body_is_read_before_the_head_up_to_the_documented_length() {
    let most = EntityTagLayer::DEFAULT_MAX_BODY;
    for (length, expected) in [(most, usize::try_from(most).unwrap() / FRAME), (most + 1, 0)] {
        let origin = Origin::of(length).exact();
        let mut future = pin!(EntityTagLayer::new().layer(origin.clone()).call(Request::new(())));
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(response)) = Pin::as_mut(&mut future).poll(&mut cx) else { panic!("nothing here waits") };
        assert_eq!(origin.polled.load(Ordering::Relaxed), expected, "{length}");
        assert_eq!(response.headers().contains_key("etag"), expected > 0);
    }
}
