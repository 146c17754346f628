//! [`Flights`]: the requests to the inner service that others may wait for.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Wake};

use http::HeaderMap;

use super::second_level::Lease;
use super::waiters::{Waiter, Waiters};
use crate::protocol::HttpDate;
use crate::store::{ByKey, Moment, PrimaryKey, Record, Selection};

/// The maximum number of requests that wait for one.
pub(super) const MAX_WAITING: usize = 4_096;
/// The maximum number of flights for one key, each for another variant.
const MAX_PER_KEY: usize = 16;

/// The requests to the inner service that others may wait for.
#[derive(Debug, Default)]
pub(super) struct Flights {
    by_key: Mutex<ByKeys>,
}

type ByKeys = HashMap<PrimaryKey, Vec<Arc<Progress>>, ByKey>;

/// The state of a flight, which does not depend on the types of the inner service.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) waiters: Waiters,
    landing: OnceLock<Landing>,
    /// Set when the inner service has been called.
    flight: OnceLock<Weak<dyn Drive>>,
    /// The flight that a disconnected request has passed to the other requests, which may not have noticed it yet.
    /// `None` after the landing, and when no request waits.
    left: Mutex<Option<Arc<dyn Drive>>>,
    /// The moment of the request, before it was passed to the inner service.
    moment: Moment,
    started: HttpDate,
    /// The values by which the response is likely to be selected, if a response to the URL is known.
    expected: Option<Selection>,
    /// Finishes the flight when its last client has left. `None` if the flight then ends.
    finish: Option<Arc<dyn Finish>>,
    /// Whether the flight has been given to a background task.
    is_in_background: AtomicBool,
    /// Held while other processes wait for the response.
    lease: OnceLock<Arc<Lease>>,
}

/// The result of a flight for those who wait.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    /// The response has been stored.
    Stored(Arc<Record>),
    /// The inner service failed, and the stored response may be used in place of the error.
    Failed(Arc<Record>),
    /// The response is not for others. Each request is passed to the inner service.
    NotShared,
    /// The request was dropped before the inner service was called. Another one takes its place.
    Left,
}

/// A flight that any waiting task can drive.
pub(super) trait Drive: fmt::Debug + Send + Sync {
    /// Polls the result for a waiter that is registered.
    fn poll_landing(&self, waiter: &Waiter, cx: &mut Context<'_>) -> Poll<Landing>;

    /// Stops collecting the body for the store, unless another task drives it at the moment.
    fn stop_collecting(&self);
}

/// Finishes a flight whose last client has left.
pub(super) trait Finish: fmt::Debug + Send + Sync {
    fn finish(&self, flight: Joined);
}

/// A flight that a request waits for. If the last request leaves before it has landed, it is [finished](Finish).
#[derive(Debug)]
pub(super) struct Joined {
    waiter: Waiter,
    progress: Arc<Progress>,
    /// Held, so that the flight continues when its first client disconnects. `None` while the inner service is being
    /// called.
    flight: Option<Arc<dyn Drive>>,
}

/// The place of a request that is about to be passed to the inner service. Others can wait for it already.
#[derive(Debug)]
pub(super) struct Reservation {
    progress: Arc<Progress>,
    /// `None` if others cannot wait for it.
    place: Option<(Arc<Flights>, PrimaryKey)>,
}

/// The next step for a request for which no stored response can be used.
#[derive(Debug)]
pub(super) enum Boarding<T> {
    /// It waits for another one.
    Joined(Joined),
    /// It is passed to the inner service.
    First(Reservation),
    /// A response has been stored in the meantime.
    Stored(T),
}

impl Flights {
    /// Joins a flight for the same key, whose response the request is likely to select, or reserves a place for a new
    /// one. A flight from before the last purge, or one that has taken too long, is not joined.
    ///
    /// `stored` looks the response up again. A flight stores its response before it can no longer be joined, so a
    /// request that misses both causes the only call.
    pub(super) fn board<T>(
        self: &Arc<Self>,
        key: &PrimaryKey,
        request: &HeaderMap,
        own: Progress,
        started_since: HttpDate,
        stored: impl FnOnce() -> Option<T>,
    ) -> Boarding<T> {
        let mut by_key = self.lock();
        let entries = by_key.entry(key.clone()).or_default();
        // A flight that has landed exists until its body has been sent.
        entries.retain(|progress| progress.landing().is_none());
        let joined = entries.iter().rev().find_map(|progress| {
            let can_join = progress.moment == own.moment
                && progress.is_recent(started_since, own.started)
                && progress.expected.as_ref().is_none_or(|expected| expected.matches(request));
            let waiter = if can_join { progress.waiters.join(MAX_WAITING)? } else { return None };
            let flight = progress.flight();
            Some(Joined { waiter, progress: Arc::clone(progress), flight })
        });
        if let Some(joined) = joined {
            return Boarding::Joined(joined);
        }
        if let Some(found) = stored() {
            if entries.is_empty() {
                by_key.remove(key);
            }
            return Boarding::Stored(found);
        }
        let progress = Arc::new(own);
        if entries.len() >= MAX_PER_KEY {
            // No request joins the flights from before a purge, so they must not take the place of one that all can join.
            let can_be_joined = |other: &Progress| other.is_recent(started_since, progress.started);
            entries.retain(|other| other.moment >= progress.moment && can_be_joined(other));
        }
        let has_place = entries.len() < MAX_PER_KEY;
        if has_place {
            entries.push(Arc::clone(&progress));
        }
        Boarding::First(Reservation { progress, place: has_place.then(|| (Arc::clone(self), key.clone())) })
    }

    /// Whether there is a flight for the key.
    pub(super) fn is_under_way(&self, key: &PrimaryKey, started_since: HttpDate, now: HttpDate) -> bool {
        let is = |progress: &Arc<Progress>| progress.is_recent(started_since, now) && progress.landing().is_none();
        self.lock().get(key).is_some_and(|entries| entries.iter().any(is))
    }

    /// Stops collecting the bodies of the flights that started before this time, until there is room. The oldest is
    /// first, because it has the slowest client.
    pub(super) fn make_room(&self, started_before: HttpDate, has_room: impl Fn() -> bool) -> bool {
        let mut slow: Vec<_> = {
            let by_key = self.lock();
            let slow = by_key.values().flatten().filter(|progress| progress.started < started_before);
            slow.filter_map(|progress| Some((progress.started, progress.flight.get()?.upgrade()?))).collect()
        };
        slow.sort_by_key(|(started, _)| *started);
        for (_, flight) in slow {
            flight.stop_collecting();
            if has_room() {
                return true;
            }
        }
        false
    }

    /// The number of flights that have not landed.
    pub(super) fn len(&self) -> usize {
        self.lock().values().flatten().filter(|progress| progress.landing().is_none()).count()
    }

    fn remove(&self, key: &PrimaryKey, progress: &Arc<Progress>) {
        let mut by_key = self.lock();
        let Some(entries) = by_key.get_mut(key) else { return };
        entries.retain(|other| !Arc::ptr_eq(other, progress));
        if entries.is_empty() {
            by_key.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, ByKeys> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    pub(super) fn new(
        moment: Moment,
        started: HttpDate,
        expected: Option<Selection>,
        finish: Option<Arc<dyn Finish>>,
    ) -> Self {
        Self {
            waiters: Waiters::default(),
            landing: OnceLock::new(),
            flight: OnceLock::new(),
            left: Mutex::new(None),
            moment,
            started,
            expected,
            finish,
            is_in_background: AtomicBool::new(false),
            lease: OnceLock::new(),
        }
    }

    /// Holds a lease until the landing. For a response that is stored, the second level ends it.
    pub(super) fn hold(&self, lease: Arc<Lease>) {
        _ = self.lease.set(lease);
    }

    pub(super) fn landing(&self) -> Option<&Landing> {
        self.landing.get()
    }

    /// Whether the flight began within the time limit, and not in the future, which means that the clock was set back.
    fn is_recent(&self, started_since: HttpDate, now: HttpDate) -> bool {
        // Other threads may have read the clock later than this one.
        const MAX_DIFFERENCE: u64 = 1;
        self.started >= started_since && self.started.seconds_since(now) <= MAX_DIFFERENCE
    }

    /// Ends the flight for those who wait, and wakes them.
    pub(super) fn land(&self, landing: Landing) {
        self.set_landing(landing);
        self.waiters.wake_all();
    }

    /// Ends the flight. The first result counts. The caller wakes those who wait.
    pub(super) fn set_landing(&self, landing: Landing) {
        if let (Some(lease), false) = (self.lease.get(), matches!(landing, Landing::Stored(_))) {
            lease.end();
        }
        _ = self.landing.set(landing);
        // This is not the last reference, because the task that drives the flight has one.
        drop(self.take_left());
    }

    fn leave(&self, flight: Option<Arc<dyn Drive>>) {
        if let (Some(flight), None) = (flight, self.landing()) {
            *self.left() = Some(flight);
            // Another task may have ended it in the meantime.
            if self.landing().is_some() {
                drop(self.take_left());
            }
        }
    }

    fn take_left(&self) -> Option<Arc<dyn Drive>> {
        self.left().take()
    }

    fn left(&self) -> MutexGuard<'_, Option<Arc<dyn Drive>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flight(&self) -> Option<Arc<dyn Drive>> {
        self.take_left().or_else(|| self.flight.get().and_then(Weak::upgrade))
    }
}

/// Wakes the tasks that wait.
impl Wake for Progress {
    fn wake(self: Arc<Self>) {
        self.waiters.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.waiters.wake_all();
    }
}

impl Reservation {
    /// A place that others cannot see.
    pub(super) fn alone(progress: Progress) -> Self {
        Self { progress: Arc::new(progress), place: None }
    }

    pub(super) const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Lets those who wait drive the flight.
    pub(super) fn take_off(&self, flight: Weak<dyn Drive>) {
        _ = self.progress.flight.set(flight);
        self.progress.waiters.wake_all();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.progress.landing().is_none() {
            let is_called = self.progress.flight.get().is_some();
            self.progress.land(if is_called { Landing::NotShared } else { Landing::Left });
        }
        if let Some((flights, key)) = &self.place {
            flights.remove(key, &self.progress);
        }
    }
}

impl Joined {
    /// Joins a flight whose inner service is about to be called by the same task. Returns `None` if too many wait.
    pub(super) fn own(progress: &Arc<Progress>) -> Option<Self> {
        let waiter = progress.waiters.join(MAX_WAITING)?;
        Some(Self { waiter, progress: Arc::clone(progress), flight: None })
    }

    /// Holds the flight.
    pub(super) fn hold(&mut self, flight: Arc<dyn Drive>) {
        self.flight = Some(flight);
    }

    /// Marks the flight as one that a background task drives. If that ends early, the flight is not finished by
    /// another one.
    pub(super) fn in_background(self) -> Self {
        self.progress.is_in_background.store(true, Ordering::SeqCst);
        self
    }

    pub(super) const fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    pub(super) fn poll_landing(&mut self, cx: &mut Context<'_>) -> Poll<Landing> {
        self.progress.waiters.register(&self.waiter, cx);
        if let Some(landing) = self.progress.landing() {
            return Poll::Ready(landing.clone());
        }
        if self.flight.is_none() {
            self.flight = self.progress.flight();
        }
        // Without a flight, this task is woken when there is one, or when it has landed.
        self.flight.as_ref().map_or(Poll::Pending, |flight| flight.poll_landing(&self.waiter, cx))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // Before the others are counted, so that the last one finds it.
        self.progress.leave(self.flight.take());
        // After the flight has ended, there is nothing left to finish.
        if !self.progress.waiters.leave(&self.waiter) || self.progress.landing().is_some() {
            return;
        }
        // A request that joins from now on takes the flight from here, or begins a new one.
        let flight = self.progress.flight();
        let (Some(finish), Some(flight), None) = (&self.progress.finish, flight, self.progress.landing()) else {
            return;
        };
        if self.progress.is_in_background.swap(true, Ordering::SeqCst) {
            return;
        }
        match self.progress.waiters.join(MAX_WAITING) {
            Some(waiter) => finish.finish(Self { waiter, progress: Arc::clone(&self.progress), flight: Some(flight) }),
            None => self.progress.is_in_background.store(false, Ordering::SeqCst),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http::HeaderValue;
    use http::header::{ACCEPT_LANGUAGE, VARY};

    use super::*;
    use crate::store::{KeyBuffer, KeyParts, KeyRef, KeyRules, PurgeClock, SelectionRules};

    fn key(path: &'static str) -> PrimaryKey {
        let target = http::uri::PathAndQuery::from_static(path);
        let parts = KeyParts { space: 0, scheme: "", host: b"h", target: &target, inner: None };
        KeyRules::default().key(parts, &mut KeyBuffer::new()).map(KeyRef::to_owned).unwrap()
    }

    fn at(seconds: i64) -> HttpDate {
        HttpDate::from_unix_seconds(seconds).unwrap()
    }

    fn progress(moment: Moment, started: HttpDate) -> Progress {
        Progress::new(moment, started, None, None)
    }

    fn language(index: usize) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_str(&format!("l{index}")).unwrap())])
    }

    /// Boards a flight for one language.
    fn board(flights: &Arc<Flights>, key: &PrimaryKey, index: usize) -> Boarding<()> {
        let vary = HeaderMap::from_iter([(VARY, HeaderValue::from_static("accept-language"))]);
        let request = language(index);
        let expected = Selection::of(&vary, &request, SelectionRules::default());
        assert!(expected.is_some());
        let own = Progress::new(Moment::default(), at(0), expected, None);
        flights.board(key, &request, own, at(0), || None)
    }

    fn number_of_urls(flights: &Flights) -> usize {
        flights.lock().len()
    }

    #[test]
    fn a_flight_is_joined_until_it_has_taken_too_long_or_a_purge_comes() {
        let clock = PurgeClock::default();
        let before = clock.moment();
        clock.purge(crate::store::PurgeOf {
            tags: &crate::policy::CacheTags::new(),
            urls: &[],
            prefixes: &[],
            everything: true,
            soft: None,
        });
        for (moment, since, is_joined) in
            [(before, 10, true), (before, 9, true), (before, 11, false), (clock.moment(), 10, false)]
        {
            let flights = Arc::new(Flights::default());
            let board = |moment, started, since| {
                flights.board(&key("/"), &HeaderMap::new(), progress(moment, started), at(since), || None::<()>)
            };
            let first = board(before, at(10), 0);
            assert!(matches!(first, Boarding::First(_)));
            assert_eq!(flights.is_under_way(&key("/"), at(since), at(20)), since <= 10, "{since}");
            assert_eq!(matches!(board(moment, at(20), since), Boarding::Joined(_)), is_joined, "{moment:?} {since}");
        }
    }

    #[test]
    fn a_flight_that_has_landed_is_not_under_way() {
        let flights = Arc::new(Flights::default());
        let Boarding::First(place) = board(&flights, &key("/"), 0) else { panic!("the first one") };
        assert!(flights.is_under_way(&key("/"), at(0), at(0)));
        assert!(!flights.is_under_way(&key("/other"), at(0), at(0)));
        place.progress().land(Landing::NotShared);
        assert!(!flights.is_under_way(&key("/"), at(0), at(0)), "its body may still be sent");
        assert_eq!(flights.len(), 0);
        assert!(matches!(board(&flights, &key("/"), 0), Boarding::First(_)));
    }

    #[test]
    fn sixteen_flights_for_one_url_can_be_joined() {
        let flights = Arc::new(Flights::default());
        let places: Vec<_> = (0..=MAX_PER_KEY).map(|index| board(&flights, &key("/"), index)).collect();
        assert!(places.iter().all(|place| matches!(place, Boarding::First(_))));
        for index in 0..=MAX_PER_KEY {
            let is_joined = matches!(board(&flights, &key("/"), index), Boarding::Joined(_));
            assert_eq!(is_joined, index < MAX_PER_KEY, "{index}");
        }
        assert_eq!(flights.len(), MAX_PER_KEY);
    }

    #[test]
    fn the_table_contains_only_urls_with_flights() {
        let flights = Arc::new(Flights::default());
        let (one, other) = (board(&flights, &key("/"), 1), board(&flights, &key("/"), 2));
        let elsewhere = board(&flights, &key("/elsewhere"), 1);
        assert_eq!(number_of_urls(&flights), 2);
        drop(one);
        assert!(matches!(board(&flights, &key("/"), 2), Boarding::Joined(_)), "the other flight remains");
        assert_eq!(flights.len(), 2);
        drop(other);
        assert_eq!(number_of_urls(&flights), 1);
        drop(elsewhere);
        assert_eq!(number_of_urls(&flights), 0);
    }

    #[test]
    fn a_response_that_was_stored_meanwhile_leaves_the_table_as_it_was() {
        let flights = Arc::new(Flights::default());
        let stored = |index: usize| {
            let own = progress(Moment::default(), at(0));
            flights.board(&key("/"), &language(index), own, at(0), || Some(index))
        };
        assert!(matches!(stored(1), Boarding::Stored(1)));
        assert_eq!(number_of_urls(&flights), 0);
        let first = board(&flights, &key("/"), 2);
        assert!(matches!(stored(1), Boarding::Stored(1)));
        assert!(matches!(board(&flights, &key("/"), 2), Boarding::Joined(_)), "the other flight remains");
        drop(first);
        assert_eq!(number_of_urls(&flights), 0);
    }

    /// Counts how often it is polled, woken and finished.
    #[derive(Debug, Default)]
    struct Counter(std::sync::atomic::AtomicUsize);

    impl Counter {
        fn add(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn get(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl Drive for Counter {
        fn poll_landing(&self, _: &Waiter, _: &mut Context<'_>) -> Poll<Landing> {
            self.add();
            Poll::Pending
        }

        fn stop_collecting(&self) {
            self.add();
        }
    }

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.add();
        }
    }

    impl Finish for Counter {
        fn finish(&self, flight: Joined) {
            self.add();
            drop(flight.in_background());
        }
    }

    /// A reserved place, and a request that waits for it.
    fn with_a_waiting_request(finish: Option<&Arc<dyn Finish>>) -> (Reservation, Joined) {
        let flights = Arc::new(Flights::default());
        let board = || {
            let own = Progress::new(Moment::default(), at(0), None, finish.cloned());
            flights.board(&key("/"), &HeaderMap::new(), own, at(0), || None::<()>)
        };
        let (Boarding::First(place), Boarding::Joined(joined)) = (board(), board()) else { panic!("in this order") };
        (place, joined)
    }

    /// The request that has caused the flight.
    fn take_off(place: &Reservation) -> (Arc<Counter>, Joined) {
        let flight = Arc::new(Counter::default());
        let drive: Arc<dyn Drive> = Arc::<Counter>::clone(&flight);
        place.take_off(Arc::downgrade(&drive));
        let mut joined = Joined::own(place.progress()).unwrap();
        joined.hold(drive);
        (flight, joined)
    }

    #[test]
    fn a_waiting_request_is_woken_when_there_is_a_flight_and_when_it_lands() {
        let woken = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let (place, mut joined) = with_a_waiting_request(None);
        assert!(joined.poll_landing(&mut cx).is_pending());
        let (flight, _own) = take_off(&place);
        assert_eq!(woken.get(), 1);
        assert!(joined.poll_landing(&mut cx).is_pending());
        assert_eq!(flight.get(), 1, "it drives the flight");
        place.progress().land(Landing::NotShared);
        assert_eq!(woken.get(), 2);
        assert!(matches!(joined.poll_landing(&mut cx), Poll::Ready(Landing::NotShared)));

        let (place, mut joined) = with_a_waiting_request(None);
        assert!(joined.poll_landing(&mut cx).is_pending());
        drop(place);
        assert_eq!(woken.get(), 3);
        assert!(matches!(joined.poll_landing(&mut cx), Poll::Ready(Landing::Left)));
    }

    #[test]
    fn a_flight_whose_first_client_leaves_is_held_for_the_others_until_it_lands() {
        let mut cx = Context::from_waker(Waker::noop());
        for lands in [false, true] {
            let (place, mut joined) = with_a_waiting_request(None);
            let (flight, own) = take_off(&place);
            drop(own);
            assert_eq!(Arc::strong_count(&flight), 2, "for the request that has not seen it");
            if lands {
                place.progress().land(Landing::NotShared);
                assert_eq!(Arc::strong_count(&flight), 1);
            }
            assert_eq!(joined.poll_landing(&mut cx).is_ready(), lands);
            assert_eq!(flight.get(), usize::from(!lands));
            drop(joined);
            assert_eq!(Arc::strong_count(&flight), 1);
        }
    }

    #[test]
    fn a_flight_is_finished_once_when_its_last_client_leaves_before_it_lands() {
        let finished = Arc::new(Counter::default());
        let finish: Arc<dyn Finish> = Arc::<Counter>::clone(&finished);
        let (place, joined) = with_a_waiting_request(Some(&finish));
        let (flight, own) = take_off(&place);
        drop(own);
        assert_eq!(finished.get(), 0, "another client waits");
        drop(joined);
        assert_eq!((finished.get(), Arc::strong_count(&flight)), (1, 1), "the task was dropped at once");

        let (place, joined) = with_a_waiting_request(Some(&finish));
        let (_flight, own) = take_off(&place);
        place.progress().land(Landing::NotShared);
        drop((own, joined));
        assert_eq!(finished.get(), 1, "it has landed");

        let (place, joined) = with_a_waiting_request(Some(&finish));
        let (_flight, own) = take_off(&place);
        drop(joined);
        drop(own.in_background());
        assert_eq!(finished.get(), 1, "a background task was dropped");
    }
}
