//! Tests requests that wait for another one: many clients cause one call, and no client hangs if another one
//! disconnects.
#![allow(unreachable_pub)] // The files of one binary.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::layers::shared_cache::SharedCacheBody;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{MINUTE, PUBLIC, TestClock};
use crate::support::{Frames, TestBody, content, field, get};

type Cached = BoxCloneSyncService<Request<TestBody>, Response<SharedCacheBody<Frames>>, Infallible>;

pub struct Site {
    pub cache: SharedCache,
    pub clock: TestClock,
    calls: Arc<AtomicUsize>,
    service: Cached,
}

/// A site whose handler receives the number of the call.
fn site<F>(policy: CachePolicy, handler: impl Fn(usize, Request<TestBody>) -> F + Clone + Send + Sync + 'static) -> Site
where
    F: Future<Output = Response<Frames>> + Send + 'static,
{
    site_with(|cache| cache, policy, handler)
}

pub fn site_with<F>(
    options: impl FnOnce(SharedCache) -> SharedCache,
    policy: CachePolicy,
    handler: impl Fn(usize, Request<TestBody>) -> F + Clone + Send + Sync + 'static,
) -> Site
where
    F: Future<Output = Response<Frames>> + Send + 'static,
{
    let clock = TestClock::default();
    let cache = options(SharedCache::by_policy(MemoryStore::new(1 << 20)).clock(clock.clock()));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = {
        let calls = Arc::clone(&calls);
        service_fn(move |request| {
            let response = handler(calls.fetch_add(1, Ordering::SeqCst), request);
            async move { Ok::<_, Infallible>(response.await) }
        })
    };
    let inner = CachePolicyLayer::new(policy).clock(clock.clock()).layer(counted);
    let service = BoxCloneSyncService::new(cache.layer().layer(inner));
    Site { cache, clock, calls, service }
}

impl Site {
    pub fn request(
        &self,
        lines: &[(&str, &str)],
    ) -> impl Future<Output = Response<SharedCacheBody<Frames>>> + Send + 'static {
        let service = self.service.clone();
        let request = get("/", lines);
        async move { service.oneshot(request).await.unwrap() }
    }

    pub async fn body(&self, lines: &[(&str, &str)]) -> Bytes {
        content(self.request(lines).await.into_body()).await
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn assert_nothing_is_left(&self) {
        assert_eq!(self.cache.stats().under_way, 0);
    }
}

/// Clients that send requests at the same time, on several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_come_at_the_same_time_cause_one_call() {
    for _ in 0..50 {
        let site = site(PUBLIC, async |_, _| Response::new(Frames::of(&["hello"])));
        let clients: Vec<_> = (0..20).map(|_| tokio::spawn(site.request(&[]))).collect();
        for client in clients {
            assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
        }
        assert_eq!(site.calls(), 1);
        site.assert_nothing_is_left();
    }
}

pub async fn slow_page(_: usize, _: Request<TestBody>) -> Response<Frames> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    Response::new(Frames::of(&["he", "llo"]).slow())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_clients_of_a_cold_key_cause_one_call() {
    for leaves in [false, true] {
        let site = site(PUBLIC, slow_page);
        let first = tokio::spawn(site.request(&[]));
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut others: Vec<_> = (0..99).map(|_| tokio::spawn(site.request(&[]))).collect();
        // On a busy machine, some requests arrive after the response has been stored.
        while site.cache.stats().misses + site.cache.stats().hits < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if leaves {
            first.abort();
            _ = first.await;
        } else {
            others.push(first);
        }
        for other in others {
            let response = tokio::time::timeout(Duration::from_secs(20), other).await.expect("nobody hangs").unwrap();
            assert_eq!(content(response.into_body()).await, "hello");
        }
        assert_eq!(site.calls(), 1, "the first leaves: {leaves}");
        assert_eq!(site.cache.stats().collapsed + site.cache.stats().hits, 99);
        site.assert_nothing_is_left();
    }
}

#[tokio::test(start_paused = true)]
async fn the_call_continues_while_any_client_waits() {
    let site = site(PUBLIC, slow_page);
    let mut clients: Vec<_> = Vec::new();
    for _ in 0..10 {
        clients.push(tokio::spawn(site.request(&[])));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let last = clients.pop().unwrap();
    for client in clients {
        client.abort();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(content(last.await.unwrap().into_body()).await, "hello");
    assert_eq!(site.calls(), 1);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_while_it_reads_does_not_stop_the_others() {
    let site = site(PUBLIC, slow_page);
    let first = site.request(&[]).await;
    let other = tokio::spawn(site.request(&[]));
    tokio::task::yield_now().await;
    let mut body = first.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(content(other.await.unwrap().into_body()).await, "hello");
    assert_eq!(site.calls(), 1);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_does_not_delay_the_others() {
    let site = site(PUBLIC, slow_page);
    let first = site.request(&[]).await;
    assert_eq!(site.body(&[]).await, "hello", "the first client has not read anything");
    assert_eq!(site.calls(), 1);
    assert_eq!(content(first.into_body()).await, "hello");
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn private_responses_delay_no_client_longer_than_the_head() {
    let site = site(CachePolicy::private(MINUTE), slow_page);
    let start = tokio::time::Instant::now();
    let clients: Vec<_> = (0..100).map(|_| tokio::spawn(site.request(&[]))).collect();
    for client in clients {
        assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
    }
    assert_eq!(site.calls(), 100);
    assert!(start.elapsed() <= Duration::from_millis(102), "{:?}", start.elapsed());
    // The key is marked, so that the next burst does not wait.
    let start = tokio::time::Instant::now();
    let clients: Vec<_> = (0..100).map(|_| tokio::spawn(site.request(&[]))).collect();
    for client in clients {
        client.await.unwrap();
    }
    assert!(start.elapsed() <= Duration::from_millis(51), "{:?}", start.elapsed());
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn clients_with_credentials_or_of_another_variant_get_their_own_response() {
    let site = site(PUBLIC.vary(&["accept-language"]), async |_, request: Request<TestBody>| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let text = field(request.headers(), "accept-language").or(field(request.headers(), "authorization"));
        let text: &'static str = Box::leak(text.unwrap_or_default().into_boxed_str());
        Response::new(Frames::of(&[text]))
    });
    let mut clients = Vec::new();
    for _ in 0..3 {
        for (name, value) in [("accept-language", "de"), ("accept-language", "en"), ("authorization", "mine")] {
            clients.push((value, tokio::spawn(site.request(&[(name, value)]))));
        }
    }
    for (value, client) in clients {
        assert_eq!(content(client.await.unwrap().into_body()).await, value);
    }
    assert_eq!(site.calls(), 1 + 1 + 3, "one for each language, and three with credentials");
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn no_request_joins_a_call_that_began_before_a_purge() {
    let site = site(PUBLIC, async |call, _| {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Response::new(Frames::of(&[["old", "new", "?"][call.min(2)]]))
    });
    let first = tokio::spawn(site.request(&[]));
    let waiting = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(5)).await;
    site.cache.purge(&tower_cache_policy::edge::purge::Purge::everything());
    let after = tokio::spawn(site.request(&[]));
    assert_eq!(content(first.await.unwrap().into_body()).await, "old");
    assert_eq!(content(after.await.unwrap().into_body()).await, "new");
    assert_ne!(content(waiting.await.unwrap().into_body()).await, "old", "the purge came before the response");
    assert_eq!(site.body(&[]).await, "new");
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_does_not_make_its_url_unusable() {
    let site = site(PUBLIC, async |call, _| {
        if call == 0 {
            std::future::pending::<()>().await;
        }
        Response::new(Frames::of(&["hello"]))
    });
    let hanging = tokio::spawn(site.request(&[]));
    let waiting = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(5)).await;
    site.clock.advance(6);
    assert_eq!(site.body(&[]).await, "hello");
    hanging.abort();
    waiting.abort();
    _ = (hanging.await, waiting.await);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn the_response_to_an_earlier_request_does_not_replace_that_to_a_later_one() {
    let site = site(PUBLIC, async |call, _| {
        tokio::time::sleep(Duration::from_secs(if call == 0 { 10 } else { 0 })).await;
        Response::new(Frames::of(&[["old", "new", "?"][call.min(2)]]))
    });
    let slow = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(5)).await;
    site.clock.advance(6);
    assert_eq!(site.body(&[]).await, "new");
    site.clock.advance(4);
    assert_eq!(content(slow.await.unwrap().into_body()).await, "old");
    assert_eq!(site.body(&[]).await, "new");
    assert_eq!(site.calls(), 2);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn no_request_joins_a_call_from_before_the_clock_was_set_back() {
    let site = site(PUBLIC, async |call, _| {
        if call == 0 {
            std::future::pending::<()>().await;
        }
        Response::new(Frames::of(&["hello"]))
    });
    site.clock.advance(3_600);
    let hanging = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(5)).await;
    site.clock.set_back(3_600);
    let body = tokio::time::timeout(MINUTE, site.body(&[])).await;
    assert_eq!(body.expect("it does not wait for the call that hangs"), "hello");
    hanging.abort();
    _ = hanging.await;
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_affects_only_its_own_clients() {
    let site = site(PUBLIC, async |call, _| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_ne!(call, 0, "the first call fails");
        Response::new(Frames::of(&["hello"]))
    });
    let clients: Vec<_> = (0..5).map(|_| tokio::spawn(site.request(&[]))).collect();
    let mut failed = 0;
    for client in clients {
        match client.await {
            Ok(response) => assert_eq!(content(response.into_body()).await, "hello"),
            Err(error) => failed += usize::from(error.is_panic()),
        }
    }
    assert_eq!(failed, 1);
    assert_eq!(site.body(&[]).await, "hello");
    site.assert_nothing_is_left();
}

/// A body whose second frame is a panic. If it is polled again, it continues with the third.
struct Panics(usize);

impl Body for Panics {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        match self.0 {
            1 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a"))))),
            2 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            3 => panic!("the second frame cannot be made"),
            4 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"c"))))),
            _ => Poll::Ready(None),
        }
    }
}

#[tokio::test]
async fn a_body_that_panics_in_the_task_of_another_client_is_neither_stored_nor_complete() {
    for first_reads in [0, 1] {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let handler = service_fn(|_: Request<TestBody>| async { Ok::<_, Infallible>(Response::new(Panics(0))) });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let mut first = service.clone().oneshot(get("/", &[])).await.unwrap().into_body();
        for _ in 0..first_reads {
            first.frame().await.unwrap().unwrap();
        }
        let other = tokio::spawn(service.clone().oneshot(get("/", &[])));
        assert!(other.await.unwrap_err().is_panic());
        let rest = tokio::spawn(async move { content(first).await });
        assert!(rest.await.unwrap_err().is_panic(), "the server must not end the response as if it were complete");
        let stats = cache.stats();
        assert_eq!((stats.stored, stats.urls, stats.under_way), (0, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn clients_whose_response_is_purged_wait_for_one_new_call() {
    use tower_cache_policy::edge::purge::Purge;

    for purge in [Purge::everything(), Purge::everything().soft(), Purge::url("http://h/").unwrap()] {
        let site = site(PUBLIC, slow_page);
        let clients: Vec<_> = (0..100).map(|_| tokio::spawn(site.request(&[]))).collect();
        tokio::time::sleep(Duration::from_millis(10)).await;
        site.cache.purge(&purge);
        for client in clients {
            assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
        }
        assert_eq!(site.calls(), 2, "{purge:?}");
        site.assert_nothing_is_left();
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_no_client_joins_any_more_do_not_prevent_others_from_waiting() {
    use tower_cache_policy::edge::purge::Purge;

    for is_purged in [true, false] {
        let site = site(PUBLIC, async |call, request| {
            if call < 20 {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            slow_page(call, request).await
        });
        let mut slow = Vec::new();
        for index in 0..20 {
            slow.push(tokio::spawn(site.request(&[])));
            tokio::time::sleep(Duration::from_millis(1)).await;
            if is_purged {
                site.cache.purge(&Purge::url(format!("http://h/{index}")).unwrap());
            } else {
                // Longer than requests wait for each other.
                site.clock.advance(6);
            }
        }
        assert_eq!(site.calls(), 20);
        let clients: Vec<_> = (0..100).map(|_| tokio::spawn(site.request(&[]))).collect();
        for client in clients {
            assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
        }
        assert_eq!(site.calls(), 21, "purged: {is_purged}");
        for client in slow {
            assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
        }
        site.assert_nothing_is_left();
    }
}

#[tokio::test(start_paused = true)]
async fn one_client_revalidates_and_the_others_get_the_stale_response() {
    let site = site(PUBLIC.stale_while_revalidate(MINUTE), async |call, _| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Response::new(Frames::of(&[["old", "new", "?"][call.min(2)]]))
    });
    assert_eq!(site.body(&[]).await, "old");
    site.clock.advance(61);
    let first = tokio::spawn(site.request(&[]));
    tokio::time::sleep(Duration::from_millis(5)).await;
    let stale = site.request(&[]).await;
    assert_eq!(field(stale.headers(), "cache-status").unwrap(), "tower-cache-policy; hit; ttl=-1");
    assert_eq!(content(stale.into_body()).await, "old");
    assert_eq!(content(first.await.unwrap().into_body()).await, "new");
    assert_eq!(site.body(&[]).await, "new");
    assert_eq!(site.calls(), 2);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn with_a_spawner_no_client_waits_for_a_revalidation() {
    let options = |cache: SharedCache| {
        cache.spawner(|task| {
            tokio::spawn(task);
        })
    };
    let site = site_with(options, PUBLIC.stale_while_revalidate(MINUTE), async |call, _| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Response::new(Frames::of(&[["old", "new", "?"][call.min(2)]]))
    });
    assert_eq!(site.body(&[]).await, "old");
    site.clock.advance(61);
    for _ in 0..5 {
        assert_eq!(site.body(&[]).await, "old");
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(site.body(&[]).await, "new");
    assert_eq!(site.calls(), 2, "one for all");
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_revalidation_that_is_not_spawned_leaves_no_state_behind() {
    let site = site_with(|cache| cache.spawner(drop), PUBLIC.stale_while_revalidate(MINUTE), slow_page);
    assert_eq!(site.body(&[]).await, "hello");
    site.clock.advance(61);
    for _ in 0..2 {
        assert_eq!(site.body(&[]).await, "hello");
        site.assert_nothing_is_left();
    }
    assert_eq!(site.cache.stats().stored, 1);
    site.clock.advance(60);
    assert_eq!(site.body(&[]).await, "hello", "after the window, a client waits");
    assert_eq!(site.cache.stats().stored, 2);
}

/// Returns `Pending` a few times, and wakes its task.
pub async fn steps(count: usize) {
    for _ in 0..count {
        let mut is_first = true;
        std::future::poll_fn(|cx| {
            if std::mem::take(&mut is_first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// A request and its body, which the test polls.
struct Client {
    response: Option<Pin<Box<dyn Future<Output = Response<SharedCacheBody<Frames>>> + Send>>>,
    body: Option<Pin<Box<SharedCacheBody<Frames>>>>,
    read: Vec<u8>,
}

impl Client {
    fn of(site: &Site) -> Self {
        Self { response: Some(Box::pin(site.request(&[]))), body: None, read: Vec::new() }
    }

    /// Polls once. Returns whether it has finished.
    fn poll(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        if let Some(response) = &mut self.response {
            if let Poll::Ready(response) = response.as_mut().poll(&mut cx) {
                self.response = None;
                self.body = Some(Box::pin(response.into_body()));
            }
            return false;
        }
        let Some(body) = &mut self.body else { return true };
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Pending => false,
            Poll::Ready(Some(frame)) => {
                self.read.extend_from_slice(&frame.unwrap().into_data().unwrap());
                false
            }
            Poll::Ready(None) => true,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_client_can_be_dropped_after_any_number_of_polls() {
    const CLIENTS: usize = 3;
    let stepwise = async |_, _| {
        steps(3).await;
        Response::new(Frames::of(&["a", "b", "c"]).slow())
    };
    for dropped in 0..CLIENTS {
        for polls in 0..20 {
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let site = site(PUBLIC, stepwise);
                let mut clients: Vec<_> = (0..CLIENTS).map(|_| Some(Client::of(&site))).collect();
                let mut finished = 0;
                for round in 0..200 {
                    for index in order {
                        if index == dropped && round == polls {
                            clients[index] = None;
                        }
                        let Some(client) = &mut clients[index] else { continue };
                        if client.poll() {
                            assert_eq!(client.read, b"abc");
                            clients[index] = None;
                            finished += 1;
                        }
                    }
                }
                let case = format!("client {dropped} dropped after {polls} polls, order {order:?}");
                assert!(clients.iter().all(Option::is_none), "{case}: somebody hangs");
                assert!(finished >= CLIENTS - 1, "{case}");
                site.assert_nothing_is_left();
                assert!(site.calls() <= 2, "{case}: {} calls", site.calls());
                assert_eq!(site.body(&[]).await, "abc", "{case}");
                assert!(site.calls() <= 2, "{case}: the store is complete");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_clients_can_be_dropped_after_any_number_of_polls() {
    for polls in 0..20 {
        let site = site(PUBLIC, async |_, _| {
            steps(3).await;
            Response::new(Frames::of(&["a", "b", "c"]).slow())
        });
        let mut clients: Vec<_> = (0..3).map(|_| Client::of(&site)).collect();
        let mut finished = false;
        for _ in 0..polls {
            finished |= clients.iter_mut().map(Client::poll).fold(false, |any, is| any | is);
        }
        drop(clients);
        site.assert_nothing_is_left();
        let stats = site.cache.stats();
        assert!(stats.stored <= 1 && stats.urls == stats.stored, "{polls}: complete or empty");
        assert!(!finished || stats.stored == 1, "{polls}");
        assert_eq!(site.body(&[]).await, "abc", "{polls}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_clients_that_connect_and_disconnect_do_not_hang() {
    let site = Arc::new(site(PUBLIC, async |call, _| {
        tokio::time::sleep(Duration::from_micros(u64::try_from(call % 7).unwrap() * 100)).await;
        Response::new(Frames::of(&["he", "llo"]).slow())
    }));
    let mut clients = Vec::new();
    for index in 0..400_u64 {
        let site = Arc::clone(&site);
        clients.push(tokio::spawn(async move {
            if index % 40 == 0 {
                site.cache.purge(&tower_cache_policy::edge::purge::Purge::everything());
            }
            let request = site.body(&[]);
            if index % 3 == 0 {
                return tokio::time::timeout(Duration::from_micros(index % 11 * 50), request).await.ok();
            }
            Some(request.await)
        }));
    }
    for client in clients {
        let body = tokio::time::timeout(Duration::from_secs(20), client).await.expect("nobody hangs").unwrap();
        assert!(body.is_none_or(|body| body == "hello"));
    }
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_for_a_waiting_client_is_called_again_for_the_first_one() {
    let site = site(PUBLIC, async |call, _| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_ne!(call, 0, "the first call fails");
        Response::new(Frames::of(&["hello"]))
    });
    let (mut first, mut waiting) = (Box::pin(site.request(&[])), Box::pin(site.request(&[])));
    for client in [&mut first, &mut waiting] {
        assert!(futures_util::FutureExt::now_or_never(client).is_none());
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let poll = std::panic::AssertUnwindSafe(|| futures_util::FutureExt::now_or_never(&mut waiting));
    assert!(std::panic::catch_unwind(poll).is_err());
    let response = tokio::time::timeout(MINUTE, first).await.expect("it does not hang");
    assert_eq!(content(response.into_body()).await, "hello");
    drop(waiting);
    assert_eq!(site.calls(), 2);
    site.assert_nothing_is_left();
}

#[tokio::test(start_paused = true)]
async fn clients_do_not_wait_for_a_response_that_each_of_them_has_to_revalidate() {
    for policy in [CachePolicy::NO_CACHE, CachePolicy::public(Duration::ZERO), PUBLIC] {
        let site = site(policy, async |call, _| {
            if call > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let mut response = Response::new(Frames::of(&["hello"]));
            response.headers_mut().insert("etag", http::HeaderValue::from_static("\"a\""));
            response
        });
        assert_eq!(site.body(&[]).await, "hello");
        assert_eq!(site.cache.stats().stored, 1);
        site.clock.advance(61);
        let clients: Vec<_> = (0..3).map(|_| tokio::spawn(site.request(&[]))).collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(site.calls(), if policy == PUBLIC { 2 } else { 4 }, "{policy:?}");
        for client in clients {
            assert_eq!(content(client.await.unwrap().into_body()).await, "hello");
        }
    }
}
