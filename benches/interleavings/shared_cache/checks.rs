//! Concurrent threads at one site, and the conditions that must be true in any order.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{JoinHandle, spawn};

use super::exchange::{Exchange, KEY, Site, head};
use super::flight::{First, Flight};
use super::flights::{Boarding, Finish, Joined, Landing, Progress};
use crate::policy::{CacheTag, CacheTags};
use crate::protocol::HttpDate;
use crate::store::{Content, PurgeClock, PurgeOf, Purged, Record, UrlName};

const CLIENTS: usize = 3;
/// The frames of a body.
const FRAMES: usize = 2;

/// Several concurrent clients cause one call.
pub(crate) fn cold() {
    let site = Arc::new(Site::default());
    let clients: Vec<_> = (0..CLIENTS).map(|_| client(&site, None, None)).collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), Some(0));
    }
    assert_eq!(site.calls.load(Ordering::SeqCst), 1);
    assert_clean(&site);
}

/// A client gets a frame as soon as there is one, even if other clients drive the body.
pub(crate) fn prompt() {
    let site = Arc::new(Site { reader_opens: true, ..Site::default() });
    let clients: Vec<_> = (0..CLIENTS).map(|_| client(&site, None, None)).collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), Some(0));
    }
    assert_clean(&site);
}

/// Clients that disconnect do not prevent the others from getting their responses.
pub(crate) fn leaving() {
    let site = Arc::new(Site::default());
    let clients: Vec<_> = (0..CLIENTS).map(|index| client(&site, (index > 0).then(leaves_after), None)).collect();
    let mut clients = clients.into_iter().map(|client| client.join().unwrap());
    assert_eq!(clients.next(), Some(Some(0)), "it does not leave");
    assert!(clients.all(|got| got.is_none_or(|version| version == 0)));
    assert_eq!(site.stores.load(Ordering::SeqCst), site.calls.load(Ordering::SeqCst).min(1), "it is stored once");
    assert_clean(&site);
}

/// When all clients disconnect, one background task finishes the request.
pub(crate) fn finishing() {
    let site = Arc::new(Site::default());
    let background = Arc::new(Background::default());
    let finish = || Some(Arc::clone(&background));
    let clients: Vec<_> = (0..CLIENTS).map(|_| client(&site, Some(leaves_after()), finish())).collect();
    clients.into_iter().for_each(|client| _ = client.join().unwrap());
    let mut tasks = 0;
    while let Some(task) = { background.0.lock().unwrap().pop() } {
        task.join().unwrap();
        tasks += 1;
    }
    let calls = site.calls.load(Ordering::SeqCst);
    assert!(tasks <= calls, "{tasks} tasks for {calls} calls");
    // Each request has been finished, regardless of the client that caused it.
    assert_eq!((calls, site.stores.load(Ordering::SeqCst)), (1, 1));
    assert_clean(&site);
}

/// If a call panics before there is a future, no client hangs.
pub(crate) fn panicking() {
    let site = Arc::new(Site::default());
    let place = {
        let own = Progress::new(site.purges.moment(), HttpDate::UNIX_EPOCH, None, None);
        site.flights.board(&KEY, &HeaderMap::new(), own, HttpDate::UNIX_EPOCH, || None::<()>)
    };
    let clients: Vec<_> = (0..2).map(|_| client(&site, None, None)).collect();
    // The state of the call when the stack is unwound.
    drop(place);
    for client in clients {
        assert_eq!(client.join().unwrap(), Some(0));
    }
    assert_clean(&site);
}

/// After a purge, no client gets an older version, regardless of the requests in progress.
pub(crate) fn purging() {
    let site = Arc::new(Site::default());
    let writer = {
        let site = Arc::clone(&site);
        spawn(move || {
            for version in 1..=2 {
                site.version.store(version, Ordering::SeqCst);
                site.purges.purge(everything());
                site.purged.store(version, Ordering::SeqCst);
            }
        })
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let site = Arc::clone(&site);
            spawn(move || {
                for _ in 0..2 {
                    let floor = site.purged.load(Ordering::SeqCst);
                    let version = block_on(read(Arc::clone(&site), None));
                    assert!(version >= floor, "version {version} after the purge of {floor}");
                }
            })
        })
        .collect();
    writer.join().unwrap();
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_clean(&site);
}

/// A purge covers exactly the responses that were requested before it, and the cached state of a record never hides a
/// purge.
pub(crate) fn marks() {
    let clock = Arc::new(PurgeClock::default());
    let tag = || CacheTags::from_iter([CacheTag::from_static("a")]);
    let record = Arc::new(Record::new(head(clock.moment(), tag()), Content(Bytes::new())));
    let other = Arc::new(Record::new(head(clock.moment(), CacheTags::new()), Content(Bytes::new())));
    let purger = {
        let clock = Arc::clone(&clock);
        spawn(move || {
            let unrelated = CacheTags::from_iter([CacheTag::from_static("b")]);
            clock.purge(PurgeOf { tags: &unrelated, ..nothing() });
            let before = clock.moment();
            clock.purge(PurgeOf { tags: &tag(), ..nothing() });
            before
        })
    };
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (clock, record, other) = (Arc::clone(&clock), Arc::clone(&record), Arc::clone(&other));
            spawn(move || {
                let mut was_purged = false;
                for _ in 0..3 {
                    let is_current = record.moment_is_current(&KEY, &clock);
                    assert!(!(was_purged && is_current), "a purge is not undone");
                    was_purged = !is_current;
                    assert!(other.moment_is_current(&KEY, &clock), "no purge names it");
                }
            })
        })
        .collect();
    let before = purger.join().unwrap();
    assert!(!record.moment_is_current(&KEY, &clock), "the purge is complete");
    assert_eq!(clock.check(before, &tag(), || UrlName("/")).0, Purged::Hard);
    assert_eq!(clock.check(clock.moment(), &tag(), || UrlName("/")).0, Purged::No);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert!(!record.moment_is_current(&KEY, &clock), "and stays so");
}

fn nothing() -> PurgeOf<'static> {
    static NONE: CacheTags = CacheTags::new();
    PurgeOf { tags: &NONE, urls: &[], prefixes: &[], everything: false, soft: None }
}

fn everything() -> PurgeOf<'static> {
    PurgeOf { everything: true, ..nothing() }
}

fn assert_clean(site: &Site) {
    assert_eq!(site.flights.len(), 0, "a request is under way");
    assert_eq!(site.under_way.load(Ordering::SeqCst), 0, "bytes of a body are left");
}

fn leaves_after() -> usize {
    thread_rng().gen_range(1..6)
}

/// Runs a client in its own thread. Returns the version that it got, or `None` if it disconnected.
fn client(site: &Arc<Site>, leaves_after: Option<usize>, finish: Option<Arc<Background>>) -> JoinHandle<Option<u64>> {
    let site = Arc::clone(site);
    spawn(move || {
        let mut reading = Some(Box::pin(read(site, finish)));
        let mut polls = 0;
        block_on(poll_fn(move |cx| {
            let Some(future) = &mut reading else { return Poll::Ready(None) };
            if let Poll::Ready(version) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(version));
            }
            polls += 1;
            if leaves_after.is_some_and(|most| polls >= most) {
                reading = None;
                return Poll::Ready(None);
            }
            Poll::Pending
        }))
    })
}

/// Performs the steps of the service's future, and returns the version of the page.
async fn read(site: Arc<Site>, finish: Option<Arc<Background>>) -> u64 {
    loop {
        let moment = site.purges.moment();
        if let Some(record) = site.find() {
            return version_of(&record.body().0);
        }
        let own = Progress::new(moment, HttpDate::UNIX_EPOCH, None, finish.clone().map(|finish| finish as _));
        let boarding = site.flights.board(&KEY, &HeaderMap::new(), own, HttpDate::UNIX_EPOCH, || site.find());
        match boarding {
            Boarding::Stored(record) => return version_of(&record.body().0),
            Boarding::Joined(mut joined) => match poll_fn(|cx| joined.poll_landing(cx)).await {
                Landing::Stored(record) if site.is_usable(&record) => return version_of(&record.body().0),
                _ => {}
            },
            Boarding::First(place) => {
                let mut joined = Joined::own(place.progress()).expect("there are few");
                let flight =
                    Flight::start(call(Arc::clone(&site)), Exchange { site: Arc::clone(&site), moment }, place);
                joined.hold(flight.clone());
                match poll_fn(|cx| flight.poll_first(joined.waiter(), cx)).await {
                    First::Collected(_, tee) => {
                        drop(flight);
                        let mut body = Vec::new();
                        while let Some(frame) = poll_fn(|cx| tee.poll_frame(joined.waiter(), cx)).await {
                            body.extend_from_slice(&frame.unwrap().into_data().unwrap());
                            let gate = site.gate.lock().unwrap().take();
                            gate.into_iter().for_each(|gate: Gate| gate.open(FRAMES));
                        }
                        return version_of(&body);
                    }
                    _ => panic!("each response is stored"),
                }
            }
        }
    }
}

/// The handler.
async fn call(site: Arc<Site>) -> Result<Response<Slow>, fmt::Error> {
    site.calls.fetch_add(1, Ordering::SeqCst);
    let gate = Gate::default();
    let opened = gate.clone();
    if site.reader_opens {
        *site.gate.lock().unwrap() = Some(gate.clone());
        spawn(move || opened.open(2));
    } else {
        spawn(move || opened.open(FRAMES + 2));
    }
    let version = site.version.load(Ordering::SeqCst);
    poll_fn(|cx| gate.poll_open(1, cx)).await;
    let text = version.to_string();
    let frames = (0..FRAMES).map(|_| Bytes::from(text.clone())).collect();
    Ok(Response::new(Slow { frames, gate }))
}

/// Reads the version, and checks that the body is complete.
fn version_of(body: &[u8]) -> u64 {
    let text = str::from_utf8(body).unwrap();
    let version = text[..text.len() / FRAMES].to_owned();
    assert_eq!(text, version.repeat(FRAMES), "the body is complete");
    version.parse().unwrap()
}

/// A body whose frames arrive one after the other.
struct Slow {
    frames: VecDeque<Bytes>,
    gate: Gate,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = fmt::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, fmt::Error>>> {
        if self.gate.poll_open(FRAMES + 2 - self.frames.len(), cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.frames.pop_front().map(|frame| Ok(Frame::data(frame))))
    }
}

/// The steps that the handler and the body wait for: one for the head, one for each frame, and one for the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<(usize, Option<Waker>)>>);

impl Gate {
    fn open(&self, steps: usize) {
        for _ in 0..steps {
            let waker = {
                let mut state = self.0.lock().unwrap();
                state.0 += 1;
                state.1.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Only the last waker is woken, which is permitted for any future.
    fn poll_open(&self, step: usize, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.0 >= step {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Finishes requests in separate threads.
#[derive(Default)]
struct Background(Mutex<Vec<JoinHandle<()>>>);

impl Finish for Background {
    fn finish(&self, flight: Joined) {
        let mut flight = flight.in_background();
        let task = spawn(move || block_on(poll_fn(|cx| flight.poll_landing(cx).map(drop))));
        self.0.lock().unwrap().push(task);
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background")
    }
}
