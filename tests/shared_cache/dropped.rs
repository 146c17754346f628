//! Tests that each future and each body can be dropped after any number of polls. Afterwards, the stored response is
//! complete or absent, no request is in progress, and no other client hangs. Tasks are polled only when they have been
//! woken.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::layers::shared_cache::{BackgroundTask, SharedCacheBody};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::flights::steps;
use crate::site::{MINUTE, PUBLIC, TestClock};
use crate::support::{Frames, TestBody, request};

/// All bodies in progress may use an eighth of it, which is too little for a body and a piece of another one that was
/// not released.
const CAPACITY: u64 = 8 * 31_500;
const PIECES: usize = 3;
const PIECE: usize = 8_000;

fn piece(version: usize) -> &'static str {
    static ALL: OnceLock<[String; 3]> = OnceLock::new();
    &ALL.get_or_init(|| ["a", "b", "c"].map(|letter| letter.repeat(PIECE)))[version]
}

/// The permitted responses for a client, each with its status and body.
type Expected = Vec<(u16, String)>;

/// The concurrent actions of clients, and the behavior of the handler.
struct Scenario {
    name: &'static str,
    /// Whether a response is stored, and has become stale, before the clients send requests.
    is_stale: bool,
    /// Whether the cache has a spawner.
    spawns: bool,
    by_fields: bool,
    policy: CachePolicy,
    clients: Vec<Client>,
    /// Whether the handler confirms validators.
    confirms: bool,
    /// The version of the content after the clients have sent their requests.
    version: usize,
}

#[derive(Clone)]
struct Client {
    method: Method,
    lines: &'static [(&'static str, &'static str)],
    expected: Expected,
}

fn client(method: Method, lines: &'static [(&'static str, &'static str)], expected: &[(u16, String)]) -> Client {
    Client { method, lines, expected: expected.to_vec() }
}

fn get(expected: &[(u16, String)]) -> Client {
    client(Method::GET, &[], expected)
}

fn whole(version: usize) -> (u16, String) {
    (200, piece(version).repeat(PIECES))
}

fn scenarios() -> Vec<Scenario> {
    let plain = |name, clients| Scenario {
        name,
        is_stale: false,
        spawns: false,
        by_fields: false,
        policy: PUBLIC,
        clients,
        confirms: false,
        version: 0,
    };
    let three = |expected: &[(u16, String)]| vec![get(expected); 3];
    let nothing = |status| (status, String::new());
    let range = client(Method::GET, &[("range", "bytes=1-2")], &[(206, "aa".to_owned()), whole(0)]);
    let head = |expected| client(Method::HEAD, &[], &[expected]);
    let current = client(Method::GET, &[("if-none-match", "\"0\"")], &[nothing(304)]);
    let swr = PUBLIC.stale_while_revalidate(MINUTE);
    let any = [whole(0), whole(1)];
    vec![
        plain("a cold key", three(&[whole(0)])),
        Scenario { spawns: true, ..plain("a cold key with a spawner", three(&[whole(0)])) },
        plain("a cold key with HEAD and a range", vec![head(nothing(200)), get(&[whole(0)]), range]),
        plain("a client that has the response", vec![current.clone(), get(&[whole(0)]), current.clone()]),
        Scenario { spawns: true, ..plain("the same with a spawner", vec![current.clone(), get(&[whole(0)]), current]) },
        Scenario { policy: CachePolicy::private(MINUTE), ..plain("a private response", three(&[whole(0)])) },
        Scenario { is_stale: true, confirms: true, ..plain("a revalidation with a 304", three(&[whole(0)])) },
        Scenario { is_stale: true, version: 1, ..plain("a revalidation with a 200", three(&[whole(1)])) },
        Scenario { is_stale: true, version: 1, spawns: true, ..plain("the same with a spawner", three(&[whole(1)])) },
        Scenario { is_stale: true, version: 1, policy: swr, ..plain("stale-while-revalidate", three(&any)) },
        Scenario { is_stale: true, version: 1, policy: swr, spawns: true, ..plain("in the background", three(&any)) },
        Scenario {
            is_stale: true,
            confirms: true,
            policy: swr,
            spawns: true,
            ..plain("in the background with a 304", three(&[whole(0)]))
        },
        Scenario {
            is_stale: true,
            confirms: true,
            ..plain("HEAD of a stale response", vec![head(nothing(200)), get(&[whole(0)]), head(nothing(200))])
        },
        Scenario {
            by_fields: true,
            ..plain(
                "a POST",
                vec![client(Method::POST, &[], &[whole(0)]), get(&[whole(0)]), client(Method::POST, &[], &[whole(0)])],
            )
        },
        Scenario {
            by_fields: true,
            spawns: true,
            ..plain("a POST with a spawner", vec![client(Method::POST, &[], &[whole(0)]), get(&[whole(0)])])
        },
    ]
}

/// A task, and whether it has been woken.
struct Task {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    woken: Arc<Woken>,
    polls: usize,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Task {
    fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { future: Box::pin(future), woken: Arc::new(Woken(AtomicBool::new(true))), polls: 0 }
    }

    /// Returns whether it has ended.
    fn poll(&mut self) -> bool {
        self.polls += 1;
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(())
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }
}

/// The choice of the next task among those that have been woken.
#[derive(Clone, Copy, Debug)]
enum Order {
    First,
    Last,
    Mixed(u64),
}

impl Order {
    fn choose(&mut self, ready: &[usize]) -> usize {
        match self {
            Self::First => ready[0],
            Self::Last => ready[ready.len() - 1],
            Self::Mixed(state) => {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ready[usize::try_from(*state >> 33).unwrap() % ready.len()]
            }
        }
    }
}

type Cached = BoxCloneSyncService<Request<TestBody>, Response<SharedCacheBody<Frames>>, Infallible>;

struct Site {
    cache: SharedCache,
    service: Cached,
    spawned: Arc<Mutex<Vec<BackgroundTask>>>,
    version: Arc<AtomicUsize>,
    clock: TestClock,
}

impl Site {
    fn new(scenario: &Scenario) -> Self {
        let clock = TestClock::default();
        let store = MemoryStore::with_max_object(CAPACITY, 31_500);
        let cache = if scenario.by_fields { SharedCache::by_fields(store) } else { SharedCache::by_policy(store) };
        let spawned: Arc<Mutex<Vec<BackgroundTask>>> = Arc::default();
        let mut cache = cache.clock(clock.clock());
        if scenario.spawns {
            let spawned = Arc::clone(&spawned);
            cache = cache.spawner(move |task| spawned.lock().unwrap().push(task));
        }
        let version = Arc::new(AtomicUsize::new(0));
        let handler = {
            let (version, confirms) = (Arc::clone(&version), scenario.confirms);
            service_fn(move |request: Request<TestBody>| {
                let version = version.load(Ordering::SeqCst);
                async move {
                    steps(2).await;
                    let tag = format!("\"{version}\"");
                    let is_current = request.headers().get("if-none-match").is_some_and(|known| known == &tag);
                    let pieces = [piece(version); PIECES];
                    let is_empty = request.method() == Method::HEAD || (confirms && is_current);
                    let mut response = Response::new(Frames::of(if is_empty { &[] } else { &pieces }).slow());
                    if confirms && is_current {
                        *response.status_mut() = StatusCode::NOT_MODIFIED;
                    }
                    let headers = response.headers_mut();
                    headers.insert("etag", tag.parse().unwrap());
                    headers.insert("content-location", "/".parse().unwrap());
                    headers.insert("cache-control", "public, max-age=60".parse().unwrap());
                    if !is_empty {
                        headers.insert("content-length", (PIECES * PIECE).into());
                    }
                    Ok::<_, Infallible>(response)
                }
            })
        };
        let service = if scenario.by_fields {
            BoxCloneSyncService::new(cache.layer().layer(handler))
        } else {
            // Replaces the fields of the handler, so that each scenario has its own.
            let policy = CachePolicyLayer::new(scenario.policy).override_handler_no_store().clock(clock.clock());
            BoxCloneSyncService::new(cache.layer().layer(policy.layer(handler)))
        };
        Self { cache, service, spawned, version, clock }
    }

    fn client(&self, client: &Client, got: &Arc<Mutex<Option<(u16, String)>>>) -> Task {
        let service = self.service.clone();
        let (request, got) = (request(client.method.clone(), "/", client.lines), Arc::clone(got));
        Task::new(async move {
            let (head, mut body) = service.oneshot(request).await.unwrap().into_parts();
            let mut content = Vec::new();
            while let Some(frame) = body.frame().await {
                content.extend_from_slice(&frame.unwrap().into_data().unwrap());
                // A slow client.
                steps(1).await;
            }
            *got.lock().unwrap() = Some((head.status.as_u16(), String::from_utf8(content).unwrap()));
        })
    }

    /// Runs one client alone until it has finished.
    fn run(&self, client: &Client) -> (u16, String) {
        let got = Arc::default();
        self.run_all(vec![self.client(client, &got)], Order::First, &[]);
        let got = got.lock().unwrap().take();
        got.expect("the client has ended")
    }

    /// Runs tasks, and those that they spawn, to their ends. Drops some of them after a number of polls. Returns how
    /// often each was polled.
    fn run_all(&self, tasks: Vec<Task>, mut order: Order, dropped: &[(usize, usize)]) -> Vec<usize> {
        let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
        let mut polls = Vec::new();
        for _ in 0..10_000 {
            let spawned: Vec<_> = std::mem::take(&mut *self.spawned.lock().unwrap());
            tasks.extend(spawned.into_iter().map(|task| Some(Task::new(task))));
            polls.resize(tasks.len(), 0);
            for &(index, most) in dropped {
                if tasks.get(index).is_some_and(|task| task.as_ref().is_some_and(|task| task.polls >= most)) {
                    tasks[index] = None;
                }
            }
            let is_ready = |index: &usize| tasks[*index].as_ref().is_some_and(Task::is_woken);
            let ready: Vec<usize> = (0..tasks.len()).filter(is_ready).collect();
            if ready.is_empty() {
                if self.spawned.lock().unwrap().is_empty() {
                    break;
                }
                continue;
            }
            let index = order.choose(&ready);
            let Some(task) = tasks[index].as_mut() else { continue };
            let has_ended = task.poll();
            polls[index] = task.polls;
            if has_ended {
                tasks[index] = None;
            }
        }
        let hanging: Vec<_> = (0..tasks.len()).filter(|index| tasks[*index].is_some()).collect();
        assert!(hanging.is_empty(), "these tasks hang: {hanging:?}");
        polls
    }
}

/// Runs a scenario in which these tasks are dropped after so many polls. Returns how often each task was polled.
fn check(scenario: &Scenario, order: Order, dropped: &[(usize, usize)]) -> Vec<usize> {
    let case = format!("{}, {order:?}, dropped: {dropped:?}", scenario.name);
    let site = Site::new(scenario);
    if scenario.is_stale {
        assert_eq!(site.run(&get(&[])), whole(0), "{case}");
        site.clock.advance(60);
        site.version.store(scenario.version, Ordering::SeqCst);
    }
    let got: Vec<Arc<Mutex<_>>> = scenario.clients.iter().map(|_| Arc::default()).collect();
    let tasks = scenario.clients.iter().zip(&got).map(|(client, got)| site.client(client, got)).collect();
    let polls = site.run_all(tasks, order, dropped);
    for (index, (client, got)) in scenario.clients.iter().zip(&got).enumerate() {
        match &*got.lock().unwrap() {
            Some(got) => assert!(client.expected.contains(got), "{case}: client {index} got {}", got.0),
            None => assert!(dropped.iter().any(|(other, _)| *other == index), "{case}: client {index} got nothing"),
        }
    }
    let stats = site.cache.stats();
    assert_eq!(stats.under_way, 0, "{case}");
    // The stored response is complete, and nothing remains that would prevent a response from being stored.
    let fresh = [whole(scenario.version)];
    let either = if scenario.is_stale { vec![whole(0), whole(scenario.version)] } else { fresh.to_vec() };
    assert!(either.contains(&site.run(&get(&[]))), "{case}");
    site.clock.advance(1_000);
    assert_eq!(site.run(&get(&[])), fresh[0], "{case}");
    let hits = site.cache.stats().hits;
    assert_eq!(site.run(&get(&[])), fresh[0], "{case}");
    let is_public = !scenario.name.contains("private");
    assert_eq!(site.cache.stats().hits, hits + u64::from(is_public), "{case}");
    polls
}

const ORDERS: [Order; 5] = [Order::First, Order::Last, Order::Mixed(1), Order::Mixed(2), Order::Mixed(3)];

#[test]
fn any_task_can_be_dropped_after_any_number_of_polls() {
    let (mut cases, mut lengths) = (0, BTreeSet::new());
    for scenario in scenarios() {
        for order in ORDERS {
            let polls = check(&scenario, order, &[]);
            lengths.extend(polls.iter().copied());
            for (index, most) in polls.iter().enumerate() {
                for polls in 0..=*most {
                    check(&scenario, order, &[(index, polls)]);
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases, tasks of {lengths:?} polls");
    assert!(cases > 1_000, "{cases}");
}

#[test]
fn any_two_tasks_and_all_tasks_can_be_dropped_after_any_number_of_polls() {
    let mut cases = 0;
    for scenario in scenarios() {
        for order in [Order::First, Order::Mixed(4)] {
            let polls = check(&scenario, order, &[]);
            let most = polls.iter().copied().max().unwrap_or(0);
            for first in 0..=most {
                for second in 0..=most {
                    check(&scenario, order, &[(0, first), (1, second)]);
                    cases += 1;
                }
                let all: Vec<_> = (0..8).map(|index| (index, first)).collect();
                check(&scenario, order, &all);
                cases += 1;
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 1_000, "{cases}");
}
