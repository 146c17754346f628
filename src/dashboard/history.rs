//! [`History`]: what was seen, and who waits for more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::bounds::{MAX_LISTENERS, MAX_REQUESTS, MAX_ROUTES, MAX_WARNINGS};
use super::counted::{RouteCount, Totals, WarningCount};
use super::lengths::{ContentKey, Lengths};
use super::record::{Record, RouteName};

/// A lock and a few lists. Nobody queues for a client: each event stream keeps the number of the
/// last request that it told, and reads on from there when it is polled. One that is too slow
/// misses what has left the list by then.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The newest first, the number of each counting down from `totals.requests`.
    requests: VecDeque<Record>,
    routes: Vec<RouteCount>,
    places: BTreeMap<RouteName, usize>,
    warnings: Vec<WarningCount>,
    totals: Totals,
    lengths: Lengths,
    listeners: BTreeMap<u64, Option<Waker>>,
    last_listener: u64,
}

/// One that waits for more, until it is given back by [`History::leave`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener(u64);

/// What came after some request, with the places at which it stands in its list.
#[derive(Debug)]
pub(super) struct News {
    /// The number of the last request.
    pub(super) number: u64,
    /// With their numbers, the newest first.
    pub(super) requests: Vec<(u64, Record)>,
    pub(super) routes: Vec<(usize, RouteCount)>,
    pub(super) warnings: Vec<(usize, WarningCount)>,
    pub(super) totals: Totals,
}

impl History {
    pub(super) fn add(&self, mut record: Record) {
        let mut state = self.lock();
        state.totals.count(&record);
        let number = state.totals.requests;
        let place = state.place_of(&record.route);
        let count = &mut state.routes[place];
        count.count(number, &record);
        record.route = count.route.clone();
        state.warn(number, &record);
        state.requests.push_front(record);
        state.requests.truncate(MAX_REQUESTS);
        let waiting: Vec<Waker> = state.listeners.values_mut().filter_map(Option::take).collect();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn remember(&self, content: ContentKey, length: u64) {
        self.lock().lengths.remember(content, length);
    }

    pub(super) fn length_of(&self, content: ContentKey) -> Option<u64> {
        self.lock().lengths.of(content)
    }

    /// Everything that is still known, where `number` is 0 or one that was never given, as after
    /// a restart.
    pub(super) fn since(&self, number: u64) -> News {
        self.lock().since(number)
    }

    /// What came after a request, or later, when the waker is told.
    pub(super) fn next(&self, listener: Listener, number: u64, waker: &Waker) -> Option<News> {
        let mut state = self.lock();
        if state.totals.requests != number {
            return Some(state.since(number));
        }
        state.listeners.insert(listener.0, Some(waker.clone()));
        None
    }

    /// `None` where too many listen already.
    pub(super) fn listen(&self) -> Option<Listener> {
        let mut state = self.lock();
        if state.listeners.len() >= MAX_LISTENERS {
            return None;
        }
        state.last_listener += 1;
        let listener = Listener(state.last_listener);
        state.listeners.insert(listener.0, None);
        Some(listener)
    }

    pub(super) fn leave(&self, listener: Listener) {
        self.lock().listeners.remove(&listener.0);
    }

    /// How many requests were seen, and how many event streams are open.
    pub(super) fn size(&self) -> (u64, usize) {
        let state = self.lock();
        (state.totals.requests, state.listeners.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters that a panic left between two steps are no danger to anybody.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn place_of(&mut self, route: &RouteName) -> usize {
        if let Some(place) = self.places.get(route) {
            return *place;
        }
        // One place is left for those that find none.
        if self.routes.len() >= MAX_ROUTES - 1 && *route != RouteName::Others {
            return self.place_of(&RouteName::Others);
        }
        self.routes.push(RouteCount::new(route.clone()));
        self.places.insert(route.clone(), self.routes.len() - 1);
        self.routes.len() - 1
    }

    fn warn(&mut self, number: u64, record: &Record) {
        let Some(warned) = &record.warning else { return };
        let room = self.warnings.len() < MAX_WARNINGS;
        let known = self.warnings.iter_mut().find(|known| known.warned == *warned && known.route == record.route);
        match known {
            Some(known) => {
                known.times += 1;
                known.path.clone_from(&record.path);
                known.changed = number;
            }
            None if room => self.warnings.push(WarningCount {
                warned: warned.clone(),
                route: record.route.clone(),
                times: 1,
                path: record.path.clone(),
                changed: number,
            }),
            None => self.totals.more_warnings += 1,
        }
    }

    fn since(&self, number: u64) -> News {
        let last = self.totals.requests;
        let number = if number > last { 0 } else { number };
        News {
            number: last,
            requests: (number + 1..=last).rev().zip(self.requests.iter().cloned()).collect(),
            routes: self.routes.iter().cloned().enumerate().filter(|(_, route)| route.changed > number).collect(),
            warnings: self.warnings.iter().cloned().enumerate().filter(|(_, one)| one.changed > number).collect(),
            totals: self.totals,
        }
    }
}
