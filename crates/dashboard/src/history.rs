//! [`History`]: the recorded requests, and the event streams that wait for more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::lengths::{ContentKey, Lengths};
use crate::record::{Record, RouteCount, RouteName, Totals, WarningCount};

/// The maximum number of recorded requests.
const MAX_REQUESTS: usize = 200;

/// The maximum number of routes with their own counters. The others share one row.
const MAX_ROUTES: usize = 256;

/// The maximum number of different warnings. Further ones are only counted.
const MAX_WARNINGS: usize = 100;

/// The maximum number of concurrent event streams.
const MAX_LISTENERS: usize = 32;

/// A lock and a few lists. Clients do not have queues: each event stream stores the number of the last request that it
/// sent, and continues from there when it is polled. A slow stream misses requests that have left the list in the
/// meantime.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The requests, newest first. Their numbers count down from `totals.requests`.
    requests: VecDeque<Record>,
    routes: Vec<RouteCount>,
    places: BTreeMap<RouteName, usize>,
    warnings: Vec<WarningCount>,
    totals: Totals,
    lengths: Lengths,
    listeners: BTreeMap<u64, Option<Waker>>,
    last_listener: u64,
}

/// An event stream, until [`History::leave`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener(u64);

/// The changes since a request, each with its index in its list.
#[derive(Debug)]
pub(crate) struct Update {
    /// The number of the last request.
    pub(crate) number: u64,
    /// The requests with their numbers, the newest first.
    pub(crate) requests: Vec<(u64, Record)>,
    pub(crate) routes: Vec<(usize, RouteCount)>,
    pub(crate) warnings: Vec<(usize, WarningCount)>,
    pub(crate) totals: Totals,
}

impl History {
    pub(crate) fn add(&self, mut record: Record) {
        let mut state = self.lock();
        state.totals.add(&record);
        let number = state.totals.requests;
        let place = state.place_of(&record.route);
        let count = &mut state.routes[place];
        count.add(number, &record);
        record.route = count.route.clone();
        state.warn(number, &record);
        state.requests.push_front(record);
        state.requests.truncate(MAX_REQUESTS);
        let waiting: Vec<Waker> = state.listeners.values_mut().filter_map(Option::take).collect();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn remember(&self, content: ContentKey, length: u64) {
        self.lock().lengths.remember(content, length);
    }

    pub(crate) fn length_of(&self, content: ContentKey) -> Option<u64> {
        self.lock().lengths.of(content)
    }

    /// Returns all changes since a request. Returns all recorded data if `number` is 0, or was never assigned, as after
    /// a restart.
    pub(crate) fn since(&self, number: u64) -> Update {
        self.lock().since(number)
    }

    /// Returns the changes since a request. If there are none, wakes the waker when there are.
    pub(crate) fn next(&self, listener: Listener, number: u64, waker: &Waker) -> Option<Update> {
        let mut state = self.lock();
        if state.totals.requests != number {
            return Some(state.since(number));
        }
        state.listeners.insert(listener.0, Some(waker.clone()));
        None
    }

    /// Returns `None` if too many streams are already open.
    pub(crate) fn listen(&self) -> Option<Listener> {
        let mut state = self.lock();
        if state.listeners.len() >= MAX_LISTENERS {
            return None;
        }
        state.last_listener += 1;
        let listener = Listener(state.last_listener);
        state.listeners.insert(listener.0, None);
        Some(listener)
    }

    pub(crate) fn leave(&self, listener: Listener) {
        self.lock().listeners.remove(&listener.0);
    }

    /// Returns the number of recorded requests, and of open event streams.
    pub(crate) fn size(&self) -> (u64, usize) {
        let state = self.lock();
        (state.totals.requests, state.listeners.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic between two steps, a counter may be off by one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn place_of(&mut self, route: &RouteName) -> usize {
        if let Some(place) = self.places.get(route) {
            return *place;
        }
        // All further routes share the last entry.
        if self.routes.len() >= MAX_ROUTES - 1 && *route != RouteName::Others {
            return self.place_of(&RouteName::Others);
        }
        self.routes.push(RouteCount::new(route.clone()));
        self.places.insert(route.clone(), self.routes.len() - 1);
        self.routes.len() - 1
    }

    fn warn(&mut self, number: u64, record: &Record) {
        let Some(warning) = &record.warning else { return };
        let room = self.warnings.len() < MAX_WARNINGS;
        let known = self.warnings.iter_mut().find(|known| known.warning == *warning && known.route == record.route);
        match known {
            Some(known) => {
                known.times += 1;
                known.path.clone_from(&record.path);
                known.changed = number;
            }
            None if room => self.warnings.push(WarningCount {
                warning: warning.clone(),
                route: record.route.clone(),
                times: 1,
                path: record.path.clone(),
                changed: number,
            }),
            None => self.totals.more_warnings += 1,
        }
    }

    fn since(&self, number: u64) -> Update {
        let last = self.totals.requests;
        let number = if number > last { 0 } else { number };
        Update {
            number: last,
            requests: (number + 1..=last).rev().zip(self.requests.iter().cloned()).collect(),
            routes: self.routes.iter().cloned().enumerate().filter(|(_, route)| route.changed > number).collect(),
            warnings: self.warnings.iter().cloned().enumerate().filter(|(_, one)| one.changed > number).collect(),
            totals: self.totals,
        }
    }
}
