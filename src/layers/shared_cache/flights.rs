//! [`Flights`]: the requests to the inner service that others may wait for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use http::HeaderMap;

use super::waiters::{Waiter, Waiters};
use crate::protocol::HttpDate;
use crate::store::{Moment, PrimaryKey, Record, Selection};

/// The maximum number of flights for one key, each for another variant.
const MAX_PER_KEY: usize = 16;

/// The requests to the inner service that others may wait for.
#[derive(Debug, Default)]
pub(super) struct Flights {
    by_key: Mutex<HashMap<PrimaryKey, Vec<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    progress: Arc<Progress>,
    flight: Weak<dyn Drive>,
}

/// The state of a flight, which does not depend on the types of the inner service.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) waiters: Arc<Waiters>,
    /// Wakes all waiters.
    pub(super) waker: Waker,
    landing: OnceLock<Landing>,
    /// The moment of the request, before it was passed to the inner service.
    moment: Moment,
    started: HttpDate,
    /// The values by which the response is likely to be selected, if a response to the URL is known.
    expected: Option<Selection>,
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
}

/// A flight that any waiting task can drive.
pub(super) trait Drive: fmt::Debug + Send + Sync {
    fn poll_landing(&self, waiter: &Waiter, cx: &mut Context<'_>) -> Poll<Landing>;
}

/// A flight that a request waits for.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) key: PrimaryKey,
    pub(super) waiter: Waiter,
    pub(super) flight: Arc<dyn Drive>,
}

impl Flights {
    /// Joins a flight for the same key, whose response the request is likely to select. A flight from before the last
    /// purge, or one that has taken too long, is not joined.
    pub(super) fn join(
        &self,
        key: &PrimaryKey,
        request: &HeaderMap,
        moment: Moment,
        started_since: HttpDate,
        most: usize,
    ) -> Option<Joined> {
        let by_key = self.lock();
        let entry = by_key.get(key)?.iter().rev().find(|entry| {
            let progress = &entry.progress;
            progress.moment == moment && progress.started >= started_since && progress.is_expected_for(request)
        })?;
        let flight = entry.flight.upgrade()?;
        let waiter = entry.progress.waiters.join(most)?;
        Some(Joined { key: key.clone(), waiter, flight })
    }

    /// Whether there is a flight for the key.
    pub(super) fn is_under_way(&self, key: &PrimaryKey, started_since: HttpDate) -> bool {
        self.lock().get(key).is_some_and(|entries| {
            entries.iter().any(|entry| entry.progress.started >= started_since && entry.progress.landing().is_none())
        })
    }

    /// Adds a flight, unless there are too many for the key.
    pub(super) fn add(&self, key: &PrimaryKey, progress: &Arc<Progress>, flight: Weak<dyn Drive>) {
        let mut by_key = self.lock();
        let entries = by_key.entry(key.clone()).or_default();
        // A flight that has landed exists until its body has been sent.
        entries.retain(|entry| entry.progress.landing().is_none());
        if entries.len() < MAX_PER_KEY {
            entries.push(Entry { progress: Arc::clone(progress), flight });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    pub(super) fn remove(&self, key: &PrimaryKey, progress: &Arc<Progress>) {
        let mut by_key = self.lock();
        let Some(entries) = by_key.get_mut(key) else { return };
        entries.retain(|entry| !Arc::ptr_eq(&entry.progress, progress));
        if entries.is_empty() {
            by_key.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PrimaryKey, Vec<Entry>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    pub(super) fn new(moment: Moment, started: HttpDate, expected: Option<Selection>) -> Self {
        let waiters = Arc::new(Waiters::default());
        let waker = Waker::from(Arc::clone(&waiters));
        Self { waiters, waker, landing: OnceLock::new(), moment, started, expected }
    }

    pub(super) fn landing(&self) -> Option<&Landing> {
        self.landing.get()
    }

    /// Ends the flight for those who wait. The first result counts.
    pub(super) fn land(&self, landing: Landing) {
        _ = self.landing.set(landing);
        self.waiters.wake_all();
    }

    fn is_expected_for(&self, request: &HeaderMap) -> bool {
        self.landing.get().is_none() && self.expected.as_ref().is_none_or(|expected| expected.matches(request))
    }
}
