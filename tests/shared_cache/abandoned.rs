//! Tests clients that disconnect, and clients that wait for too long, with and without a runtime.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::flights::{site_with, slow_page};
use crate::site::{MINUTE, PUBLIC};
use crate::support::{Frames, TestBody, content, get};

fn spawning(cache: SharedCache) -> SharedCache {
    cache.spawner(|task| {
        tokio::spawn(task);
    })
}

#[tokio::test(start_paused = true)]
async fn with_a_spawner_a_request_is_finished_when_its_last_client_disconnects() {
    // The head comes after 50 ms, and the body in three polls.
    for (clients, frames) in [(1, None), (3, None), (1, Some(0)), (1, Some(1)), (3, Some(1))] {
        let case = format!("{clients} clients that leave after {frames:?} frames");
        let site = site_with(spawning, PUBLIC, slow_page);
        let mut waiting: Vec<_> = (1..clients).map(|_| tokio::spawn(site.request(&[]))).collect();
        match frames {
            None => waiting.push(tokio::spawn(site.request(&[]))),
            Some(frames) => {
                let mut body = site.request(&[]).await.into_body();
                for _ in 0..frames {
                    body.frame().await.unwrap().unwrap();
                }
                drop(body);
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        tokio::time::sleep(Duration::from_millis(60)).await;
        site.assert_nothing_is_left();
        assert_eq!((site.calls(), site.cache.stats().stored), (1, 1), "{case}");
        assert_eq!(site.body(&[]).await, "hello", "{case}");
        assert_eq!(site.calls(), 1, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_spawner_a_request_ends_with_its_last_client() {
    let site = site_with(|cache| cache, PUBLIC, slow_page);
    for leaves_body in [false, true] {
        if leaves_body {
            drop(site.request(&[]).await);
        } else {
            let client = tokio::spawn(site.request(&[]));
            tokio::time::sleep(Duration::from_millis(1)).await;
            client.abort();
            _ = client.await;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        site.assert_nothing_is_left();
        assert_eq!(site.cache.stats().stored, 0);
    }
}

/// A body that comes after a time.
struct Delayed(Pin<Box<tokio::time::Sleep>>, Option<&'static str>);

impl Body for Delayed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.0.as_mut().poll(cx));
        Poll::Ready(self.1.take().map(|text| Ok(Frame::data(text.into()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_the_content_does_not_wait_for_a_slow_body() {
    type Options = fn(SharedCache) -> SharedCache;
    let limited: Options = |cache| cache.timer(tokio::time::sleep).wait(Duration::from_millis(1500));
    for (case, options, waits, is_stored) in
        [("with a spawner", spawning as Options, 0, true), ("with a timer", limited, 1500, false)]
    {
        let cache = options(SharedCache::by_policy(MemoryStore::new(1 << 20)));
        let handler = service_fn(async |_: Request<TestBody>| {
            let body = Delayed(Box::pin(tokio::time::sleep(MINUTE)), Some("hello"));
            Ok::<_, Infallible>(Response::builder().header("etag", "\"a\"").body(body).unwrap())
        });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let start = tokio::time::Instant::now();
        let response = service.oneshot(get("/", &[("if-none-match", "\"a\"")])).await.unwrap();
        assert_eq!((response.status().as_u16(), start.elapsed().as_millis()), (304, waits), "{case}");
        drop(response);
        tokio::time::sleep(2 * MINUTE).await;
        assert_eq!((cache.stats().under_way, cache.stats().stored), (0, u64::from(is_stored)), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_can_join_a_request_that_is_being_finished() {
    let site = site_with(spawning, PUBLIC, slow_page);
    let first = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(10)).await;
    first.abort();
    _ = first.await;
    assert_eq!(site.body(&[]).await, "hello");
    assert_eq!(site.calls(), 1);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_not_spawned_leaves_no_state_behind() {
    let site = site_with(|cache| cache.spawner(drop), PUBLIC, slow_page);
    drop(site.request(&[]).await);
    site.assert_nothing_is_left();
    assert_eq!(site.body(&[]).await, "hello");
    assert_eq!((site.calls(), site.cache.stats().stored), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn responses_that_are_not_storable_are_not_finished() {
    let site = site_with(spawning, CachePolicy::private(MINUTE), |_, _| async {
        Response::new(Frames::of(&["a", "b"]).slow())
    });
    let mut body = site.request(&[]).await.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    tokio::task::yield_now().await;
    site.assert_nothing_is_left();
    assert_eq!(site.cache.stats().stored, 0);
}

/// A handler whose first call never ends.
async fn hanging(call: usize, _: Request<TestBody>) -> Response<Frames> {
    if call == 0 {
        std::future::pending::<()>().await;
    }
    Response::new(Frames::of(&["hello"]))
}

#[tokio::test(start_paused = true)]
async fn a_background_task_ends_after_its_time() {
    let options = |cache| spawning(cache).timer(tokio::time::sleep).finish_within(Duration::from_secs(7));
    let site = site_with(options, PUBLIC, hanging);
    let first = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(1)).await;
    first.abort();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(site.cache.stats().under_way, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn clients_that_disconnect_cause_a_limited_number_of_background_tasks() {
    let cache = spawning(SharedCache::by_policy(MemoryStore::new(1 << 20))).timer(tokio::time::sleep);
    let handler = service_fn(|_: Request<TestBody>| std::future::pending::<Result<Response<Frames>, Infallible>>());
    let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
    for round in 0..2 {
        for index in 0..1_100 {
            let mut request = Box::pin(service.clone().oneshot(get(&format!("/{index}"), &[])));
            assert!(poll_once(&mut request).is_none());
        }
        assert_eq!(cache.stats().under_way, 1_024, "{round}");
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert_eq!(cache.stats().under_way, 0, "the tasks have ended");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_timer_waiting_clients_call_the_handler_themselves_after_a_time() {
    let options = |cache: SharedCache| cache.timer(tokio::time::sleep).wait(Duration::from_millis(1500));
    let site = site_with(options, PUBLIC, hanging);
    let first = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let start = tokio::time::Instant::now();
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(site.request(&[]))).collect();
    for client in waiting {
        assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
    }
    assert_eq!(start.elapsed().as_millis(), 1500);
    assert_eq!(site.calls(), 6);
    first.abort();
    _ = first.await;
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn without_a_timer_waiting_clients_stop_waiting_for_a_slow_body() {
    let site = site_with(
        |cache| cache,
        PUBLIC,
        |call, _| async move {
            let pieces = if call == 0 { vec!["x"; 500] } else { vec!["hello"] };
            Response::new(Frames::of(&pieces).slow())
        },
    );
    // Its clients read one frame each second.
    let mut first = site.request(&[]).await.into_body();
    let waiting = site.request(&[]);
    tokio::pin!(waiting);
    let mut seconds = 0;
    let response = loop {
        site.clock.advance(1);
        seconds += 1;
        first.frame().await.unwrap().unwrap();
        if let Some(response) = poll_once(&mut waiting) {
            break response;
        }
        assert!(seconds < 20, "it does not wait for ever");
    };
    assert!(seconds >= 5, "{seconds}");
    assert_eq!(content(response.into_body()).await, "hello");
}

/// Polls once.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    match Pin::new(future).poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
