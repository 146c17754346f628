//! Tests clients that disconnect, and clients that wait for too long, with and without a runtime.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use tower_cache_policy::SharedCache;
use tower_cache_policy::policy::CachePolicy;

use crate::flights::{site_with, slow_page};
use crate::site::{MINUTE, PUBLIC};
use crate::support::{Frames, TestBody, content};

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
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut cx) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
