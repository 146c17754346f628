//! Tests which bodies are stored, and that clients get each body as the inner service sends it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::layers::shared_cache::SharedCacheBody;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::flights::site_with;
use crate::site::{MINUTE, PUBLIC, TestClock};
use crate::support::{BodyError, Frames, TestBody, content, frames, get};

/// A service whose first response has this body, and whose further responses have no content.
fn serve(
    cache: &SharedCache,
    body: Frames,
    length: Option<&'static str>,
) -> impl Service<Request<TestBody>, Response = Response<SharedCacheBody<Frames>>, Error = Infallible> + Clone {
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let handler = service_fn(move |_: Request<TestBody>| {
        let body = body.lock().unwrap().take().unwrap_or_else(|| Frames::of(&[]).sized());
        let mut response = Response::new(body);
        if let Some(length) = length {
            response.headers_mut().insert("content-length", http::HeaderValue::from_static(length));
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler))
}

fn cache() -> SharedCache {
    SharedCache::by_policy(MemoryStore::with_max_object(1 << 20, 4 << 10))
}

#[tokio::test]
async fn only_complete_bodies_are_stored() {
    let long: &'static str = Box::leak("x".repeat(3_000).into_boxed_str());
    type Make = Box<dyn Fn() -> Frames>;
    let of = |pieces: &'static [&'static str]| -> Make { Box::new(move || Frames::of(pieces)) };
    let table: Vec<(&str, Make, Option<&'static str>, bool)> = vec![
        ("one chunk", of(&["hello"]), None, true),
        ("several chunks", of(&["a", "b", "", "c"]), None, true),
        ("several chunks with their length", of(&["a", "b"]), Some("2"), true),
        ("no chunk", of(&[]), None, true),
        ("no chunk and no length", Box::new(|| Frames::of(&[]).sized()), Some("0"), true),
        ("with an exact hint", Box::new(|| Frames::of(&["a", "b"]).sized()), None, true),
        ("slowly", Box::new(|| Frames::of(&["a", "b"]).slow()), None, true),
        ("shorter than its length", of(&["a"]), Some("2"), false),
        ("longer than its length", of(&["a", "b"]), Some("1"), false),
        ("no chunk in place of two", of(&[]), Some("2"), false),
        ("shorter than its hint", Box::new(|| Frames::of(&["a"]).hinted(2)), None, false),
        ("longer than its hint", Box::new(|| Frames::of(&["a", "b"]).hinted(1)), None, false),
        ("with another hint than its length", Box::new(|| Frames::of(&["a"]).hinted(2)), Some("1"), false),
        ("shorter than its least length", Box::new(|| at_least(Frames::of(&["a"]), 2)), None, false),
        ("longer than its least length", Box::new(|| at_least(Frames::of(&["a", "b"]), 1)), None, true),
        ("an error", Box::new(|| Frames::new([Frames::data("a"), Err(BodyError)])), None, false),
        ("an error after the length", Box::new(|| Frames::new([Frames::data("a"), Err(BodyError)])), Some("1"), false),
        ("trailers", Box::new(|| Frames::new([Frames::data("a"), Frames::trailers("x-end", "1")])), None, false),
        ("too long", Box::new(move || Frames::of(&[long, long])), None, false),
        ("too long in several chunks", Box::new(move || Frames::of(&["a", long, "b", long, "c"])), None, false),
        ("too long and slow", Box::new(move || Frames::of(&["a", long, "b", long, "c"]).slow()), Some("6003"), false),
    ];
    for (case, make, length, is_stored) in table {
        let cache = cache();
        let service = serve(&cache, make(), length);
        let first = service.clone().oneshot(get("/", &[])).await.unwrap();
        let got = shown(frames(first.into_body()).await);
        let expected = shown(frames(make()).await);
        assert_eq!(got, expected, "{case}: the client gets every frame");
        assert_eq!(cache.stats().stored, u64::from(is_stored), "{case}");
        assert_eq!(cache.stats().under_way, 0, "{case}");
        if is_stored {
            let second = service.oneshot(get("/", &[])).await.unwrap();
            let whole = got.iter().map(String::as_str).collect::<String>();
            assert_eq!(content(second.into_body()).await, whole, "{case}");
        }
    }
}

fn at_least(mut body: Frames, length: u64) -> Frames {
    body.hint = http_body::SizeHint::default();
    body.hint.set_lower(length);
    body
}

/// The frames, except for empty ones.
fn shown<E: std::fmt::Debug>(frames: Vec<Result<Frame<Bytes>, E>>) -> Vec<String> {
    let shown = frames.into_iter().map(|frame| match frame {
        Ok(frame) if frame.is_data() => String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap(),
        Ok(frame) => format!("{:?}", frame.into_trailers().unwrap()),
        Err(error) => format!("{error:?}"),
    });
    shown.filter(|text| !text.is_empty()).collect()
}

#[tokio::test]
async fn only_a_body_that_does_not_fail_replaces_the_stored_response() {
    type Make = fn() -> Frames;
    let table: &[(&str, Make, bool)] = &[
        ("trailers", || Frames::new([Frames::data("a"), Frames::trailers("x-end", "1")]), true),
        ("an error", || Frames::new([Frames::data("a"), Err(BodyError)]), false),
        ("shorter than its hint", || Frames::of(&["a"]).hinted(2), false),
    ];
    for (case, make, replaces) in table {
        let policy = PUBLIC.stale_if_error(MINUTE);
        let site = site_with(
            |cache| cache,
            policy,
            async |call, _| match call {
                0 => Response::new(Frames::of(&["old"])),
                1 => Response::new(make()),
                _ => Response::builder().status(500).body(Frames::of(&["error"])).unwrap(),
            },
        );
        site.body(&[]).await;
        site.clock.advance(60);
        frames(site.request(&[]).await.into_body()).await;
        assert_eq!(site.body(&[]).await, if *replaces { "error" } else { "old" }, "{case}");
    }
}

#[tokio::test]
async fn a_body_of_very_many_short_chunks_is_passed_through() {
    for (count, is_stored) in [(1_000, true), (3_000, false)] {
        let cache = cache();
        let pieces = vec!["x"; count];
        let first = serve(&cache, Frames::of(&pieces), None).oneshot(get("/", &[])).await.unwrap();
        assert_eq!(content(first.into_body()).await.len(), count);
        assert_eq!(cache.stats().stored, u64::from(is_stored), "{count}");
    }
}

#[tokio::test]
async fn empty_chunks_delay_nothing_and_cost_nothing() {
    for length in [None, Some("1")] {
        let cache = cache();
        let pieces: Vec<_> = ["x"].into_iter().chain(std::iter::repeat_n("", 10_000)).collect();
        let first = serve(&cache, Frames::of(&pieces), length).oneshot(get("/", &[])).await.unwrap();
        assert_eq!(content(first.into_body()).await, "x");
        assert_eq!(cache.stats().stored, 1);
    }
}

#[tokio::test]
async fn the_size_hint_is_that_of_the_remaining_bytes() {
    let cache = cache();
    let response = serve(&cache, Frames::of(&["ab", "c"]).hinted(3), None).oneshot(get("/", &[])).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(3));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(1));
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
    assert_eq!(cache.stats().stored, 1, "servers do not poll a body after its end");
}

#[tokio::test]
async fn nothing_is_stored_if_the_client_disconnects() {
    for polls in 0..3 {
        let cache = cache();
        let service = serve(&cache, Frames::of(&["a", "b", "c"]), None);
        let response = service.clone().oneshot(get("/", &[])).await.unwrap();
        let mut body = response.into_body();
        for _ in 0..polls {
            body.frame().await.unwrap().unwrap();
        }
        assert_eq!(cache.stats().under_way, 1);
        drop(body);
        assert_eq!((cache.stats().stored, cache.stats().under_way), (0, 0), "after {polls} chunks");
        let next = service.oneshot(get("/", &[])).await.unwrap();
        assert_eq!(content(next.into_body()).await, "", "from the handler");
    }
}

#[tokio::test]
async fn a_body_that_the_server_drops_at_its_length_is_complete_unless_trailers_may_follow() {
    type Row = (&'static str, Version, Option<&'static str>, usize, bool);
    let table: &[Row] = &[
        ("a file over HTTP/1.1", Version::HTTP_11, Some("2"), 2, true),
        ("over HTTP/2", Version::HTTP_2, Some("2"), 2, false),
        ("the client left before", Version::HTTP_11, Some("2"), 1, false),
        ("no length", Version::HTTP_11, None, 2, false),
        ("another length", Version::HTTP_11, Some("3"), 2, false),
    ];
    for (case, version, length, chunks, is_stored) in table {
        let cache = cache();
        // Like a file, it detects its end only when it is polled again.
        let service = serve(&cache, Frames::of(&["a", "b"]).slow(), *length);
        let mut request = get("/", &[]);
        *request.version_mut() = *version;
        let mut body = service.clone().oneshot(request).await.unwrap().into_body();
        for _ in 0..*chunks {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        assert_eq!((cache.stats().stored, cache.stats().under_way), (u64::from(*is_stored), 0), "{case}");
        let next = service.oneshot(get("/", &[])).await.unwrap();
        assert_eq!(content(next.into_body()).await, if *is_stored { "ab" } else { "" }, "{case}");
    }
}

#[tokio::test]
async fn bodies_under_way_use_a_limited_part_of_the_memory() {
    // An eighth of 64 KiB is 8 KiB.
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(64 << 10, 8 << 10));
    let chunk: &'static str = Box::leak("x".repeat(5_000).into_boxed_str());
    let handler = service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Frames::of(&[chunk, "end"]))))
    });
    let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
    let mut first = service.clone().oneshot(get("/1", &[])).await.unwrap().into_body();
    let mut second = service.clone().oneshot(get("/2", &[])).await.unwrap().into_body();
    for body in [&mut first, &mut second] {
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(content(second).await, "end");
    assert_eq!(cache.stats().stored, 0, "the second body was too much");
    assert_eq!(content(first).await, "end");
    assert_eq!(cache.stats().stored, 1);
    let third = service.oneshot(get("/3", &[])).await.unwrap();
    assert_eq!(content(third.into_body()).await.len(), 5_003);
    assert_eq!(cache.stats().stored, 2, "the memory is free again");
}

#[tokio::test]
async fn clients_that_read_slowly_do_not_keep_other_responses_out_of_the_store() {
    let clock = TestClock::default();
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(64 << 10, 8 << 10)).clock(clock.clock());
    let chunk: &'static str = Box::leak("x".repeat(2_500).into_boxed_str());
    let handler = service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Frames::of(&[chunk, "end"]))))
    });
    let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).clock(clock.clock()).layer(handler));
    let mut slow = Vec::new();
    for path in ["/1", "/2", "/3"] {
        let mut body = service.clone().oneshot(get(path, &[])).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        slow.push(body);
        clock.advance(1);
    }
    let get_page = async |path| content(service.clone().oneshot(get(path, &[])).await.unwrap().into_body()).await;
    get_page("/4").await;
    assert_eq!(cache.stats().stored, 0, "none of the others is slow yet");
    // The first one began seven seconds ago.
    clock.advance(4);
    assert_eq!(get_page("/5").await.len(), 2_503);
    assert_eq!(cache.stats().stored, 1);
    for body in slow {
        assert_eq!(content(body).await, "end", "they are only not stored");
    }
    assert_eq!(cache.stats().stored, 3, "one was enough");
    assert_eq!(cache.stats().under_way, 0);
    assert_eq!(get_page("/6").await.len(), 2_503);
    assert_eq!(cache.stats().stored, 4, "the memory is free again");
}

#[tokio::test]
async fn a_stream_that_never_ends_is_passed_through_within_the_limit() {
    struct Endless(Arc<AtomicUsize>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1_000])))))
        }
    }

    let cache = cache();
    let polls = Arc::new(AtomicUsize::new(0));
    let handler = {
        let polls = Arc::clone(&polls);
        service_fn(move |_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Endless(Arc::clone(&polls)))))
        })
    };
    let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
    let mut body = service.oneshot(get("/", &[])).await.unwrap().into_body();
    for read in 1..=100 {
        body.frame().await.unwrap().unwrap();
        assert_eq!(polls.load(Ordering::SeqCst), read, "no chunk is read before the client wants it");
    }
    assert_eq!((cache.stats().stored, cache.stats().not_stored), (0, 1));
}

/// Polls once.
fn poll_once<F: Future + Unpin>(future: F) -> Option<F::Output> {
    futures_util::FutureExt::now_or_never(future)
}

#[tokio::test]
async fn a_response_without_content_is_stored_although_no_server_polls_its_body() {
    let cache = cache();
    let response = serve(&cache, Frames::of(&[]).sized(), None).oneshot(get("/", &[])).await.unwrap();
    assert!(response.body().is_end_stream());
    drop(response);
    assert_eq!(cache.stats().stored, 1);
}

#[tokio::test]
async fn over_http_2_a_body_that_ends_at_its_length_is_stored_although_servers_do_not_poll_again() {
    let cache = cache();
    let mut request = get("/", &[]);
    *request.version_mut() = Version::HTTP_2;
    let response = serve(&cache, Frames::of(&["a", "b"]), Some("2")).oneshot(request).await.unwrap();
    let mut body = response.into_body();
    for _ in 0..2 {
        body.frame().await.unwrap().unwrap();
    }
    drop(body);
    assert_eq!(cache.stats().stored, 1);
}

#[tokio::test]
async fn a_length_with_a_sign_is_not_a_length() {
    let cache = cache();
    let response = serve(&cache, Frames::of(&["a"]), Some("+1")).oneshot(get("/", &[])).await.unwrap();
    assert_eq!(content(response.into_body()).await, "a");
    assert_eq!(cache.stats().stored, 0);
}

#[tokio::test]
async fn a_body_of_many_short_chunks_is_stored() {
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(16 << 20, 1 << 20));
    let service = serve(&cache, Frames::of(&vec!["x"; 50_000]), None);
    for _ in 0..2 {
        let response = service.clone().oneshot(get("/", &[])).await.unwrap();
        assert_eq!(content(response.into_body()).await, "x".repeat(50_000));
    }
    assert_eq!((cache.stats().stored, cache.stats().hits), (1, 1));
}

#[tokio::test]
async fn bodies_may_use_all_of_the_memory_for_bodies_under_way() {
    for (length, is_stored) in [(4 << 10, true), ((4 << 10) + 1, false)] {
        // An eighth of 64 KiB is 8 KiB.
        let cache = SharedCache::by_policy(MemoryStore::with_max_object(64 << 10, 8 << 10));
        let half = serve(&cache, Frames::of(&[&*"x".repeat(4 << 10).leak(), "end"]), None);
        let mut half = half.oneshot(get("/half", &[])).await.unwrap().into_body();
        half.frame().await.unwrap().unwrap();
        let other = serve(&cache, Frames::of(&[&*"x".repeat(length).leak()]), None);
        let other = other.oneshot(get("/other", &[])).await.unwrap();
        assert_eq!(content(other.into_body()).await.len(), length);
        assert_eq!(cache.stats().stored, u64::from(is_stored), "{length}");
    }
}

/// Returns the length of a body that is read as servers do it: they do not poll it after it states its end.
async fn read_by_a_server(mut body: SharedCacheBody<Frames>) -> usize {
    let mut length = 0;
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        length += frame.unwrap().into_data().unwrap().len();
    }
    length
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_given_up_or_dropped_leave_the_memory_to_others() {
    // An eighth of 64 KiB is 8 KiB.
    let cache = SharedCache::by_policy(MemoryStore::with_max_object(64 << 10, 8 << 10));
    let chunk: &'static str = "x".repeat(2_500).leak();
    let handler = service_fn(move |request: Request<TestBody>| {
        let count = if request.uri().path() == "/small" { 2 } else { 20 };
        std::future::ready(Ok::<_, Infallible>(Response::new(Frames::of(&vec![chunk; count]))))
    });
    let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
    let body = async |path: &str| service.clone().oneshot(get(path, &[])).await.unwrap().into_body();
    assert_eq!(content(body("/large").await).await.len(), 50_000);
    for path in ["/1", "/2", "/3"] {
        let mut left = body(path).await;
        left.frame().await.unwrap().unwrap();
        drop(left);
    }
    assert_eq!(content(body("/small").await).await.len(), 5_000);
    assert_eq!(cache.stats().stored, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_gets_the_rest_of_a_body_that_another_one_has_driven_to_its_end() {
    let long: &'static str = "x".repeat(5_000).leak();
    for (pieces, length) in
        [(vec!["a", "b", "c"], 3), (vec!["a", "b", "c", long], 5_003), (vec!["a", long, "b"], 5_002)]
    {
        for read in 0..2 {
            // The largest body that is stored has 4 KiB.
            let cache = cache();
            let service = serve(&cache, Frames::of(&pieces).sized().slow(), None);
            let mut first = service.clone().oneshot(get("/", &[])).await.unwrap().into_body();
            for _ in 0..read {
                assert_eq!(first.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
            }
            let other = tokio::time::timeout(MINUTE, service.clone().oneshot(get("/", &[])));
            let other = other.await.expect("it does not wait for the first client").unwrap();
            let is_stored = cache.stats().stored == 1;
            assert_eq!(is_stored, length < 4_000);
            assert_eq!(read_by_a_server(other.into_body()).await, if is_stored { length } else { 0 });
            assert_eq!(read_by_a_server(first).await, length - read, "{length}, after {read} chunks");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_is_collected_for_a_client_that_needs_only_the_304() {
    // More frames than are read in one poll.
    for (pieces, is_slow) in [(vec!["x"; 3], true), (vec!["x"; 400], false), (vec!["x"; 400], true)] {
        let cache = cache();
        let body = Frames::of(&pieces);
        let body = std::sync::Mutex::new(Some(if is_slow { body.slow() } else { body }));
        let body = Arc::new(body);
        let handler = service_fn(move |_: Request<TestBody>| {
            let mut response = Response::new(body.lock().unwrap().take().unwrap());
            response.headers_mut().insert("etag", http::HeaderValue::from_static("\"a\""));
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let response = service.oneshot(get("/", &[("if-none-match", "\"a\"")]));
        let response = tokio::time::timeout(MINUTE, response).await.expect("it is woken").unwrap();
        assert_eq!(response.status(), 304);
        assert_eq!(cache.stats().stored, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn very_many_empty_chunks_give_other_tasks_their_turn() {
    let pieces: Vec<_> = std::iter::repeat_n("", 1_000).chain(["x"]).collect();
    let cache = cache();
    let response = serve(&cache, Frames::of(&pieces), None).oneshot(get("/", &[])).await.unwrap();
    let mut body = response.into_body();
    assert!(poll_once(body.frame()).is_none());
    let read = tokio::time::timeout(MINUTE, content(body)).await.expect("it is woken");
    assert_eq!(read, "x");
}

#[tokio::test(start_paused = true)]
async fn chunks_are_released_when_the_client_has_them_and_the_body_at_its_end() {
    /// Counts itself as long as it exists.
    struct Counted {
        _alive: Arc<()>,
        bytes: Bytes,
    }

    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    struct Stream(Arc<()>, usize);

    impl Body for Stream {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.1.checked_sub(1) else { return std::task::Poll::Ready(None) };
            self.1 = left;
            let chunk =
                Bytes::from_owner(Counted { _alive: Arc::clone(&self.0), bytes: Bytes::from_static(&[b'x'; 1_000]) });
            std::task::Poll::Ready(Some(Ok(Frame::data(chunk))))
        }
    }

    for (count, is_stored) in [(3, true), (100, false)] {
        let alive = Arc::new(());
        let of_handler = Arc::clone(&alive);
        let cache = SharedCache::by_policy(MemoryStore::with_max_object(1 << 20, 8 << 10));
        let handler = service_fn(move |_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Stream(Arc::clone(&of_handler), count))))
        });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let mut body = service.clone().oneshot(get("/", &[])).await.unwrap().into_body();
        while let Some(frame) = body.frame().await {
            assert_eq!(frame.unwrap().into_data().unwrap().len(), 1_000);
            // The test, the handler, the body, and the chunks that are collected.
            assert!(Arc::strong_count(&alive) <= 3 + 8);
        }
        assert_eq!(Arc::strong_count(&alive), 2, "{count} chunks");
        assert_eq!(cache.stats().stored, u64::from(is_stored));
        drop((body, service));
    }
}
