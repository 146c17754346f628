//! [`Waiters`]: the tasks that wait for one flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// The tasks that wait for one flight. Each of them may drive it, so a waker of the flight wakes all of them.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    tasks: Mutex<Tasks>,
}

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    waiting: usize,
    wakers: Wakers,
}

/// The wakers of the tasks that are registered, by their ids. Nearly all flights have one, which does not need an
/// allocation.
#[derive(Debug, Default)]
struct Wakers {
    first: Option<(u64, Waker)>,
    others: BTreeMap<u64, Waker>,
}

/// One task that waits. When it leaves, the others need not be woken: each of them is registered, or has been woken and
/// will be polled.
#[derive(Debug)]
pub(super) struct Waiter {
    waiters: Arc<Waiters>,
    id: u64,
    has_left: bool,
}

impl Waiters {
    /// Adds a task, unless the maximum number of tasks is reached.
    pub(super) fn join(self: &Arc<Self>, most: usize) -> Option<Waiter> {
        let mut tasks = self.lock();
        if tasks.waiting >= most {
            return None;
        }
        tasks.waiting += 1;
        tasks.next += 1;
        Some(Waiter { waiters: Arc::clone(self), id: tasks.next, has_left: false })
    }

    pub(super) fn wake_all(&self) {
        // Wakers are called without the lock, because they may run a task that takes it.
        let Wakers { first, others } = std::mem::take(&mut self.lock().wakers);
        if let Some((_, waker)) = first {
            waker.wake();
        }
        others.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wakers {
    /// Registers the waker of a task. Returns the one that it replaces.
    fn insert(&mut self, id: u64, waker: &Waker) -> Option<Waker> {
        match &mut self.first {
            Some((first, known)) if *first == id => {
                if known.will_wake(waker) {
                    return None;
                }
                Some(std::mem::replace(known, waker.clone()))
            }
            None if self.others.is_empty() => {
                self.first = Some((id, waker.clone()));
                None
            }
            _ => self.others.insert(id, waker.clone()),
        }
    }

    fn remove(&mut self, id: u64) -> Option<Waker> {
        match self.first.take() {
            Some((first, waker)) if first == id => Some(waker),
            other => {
                self.first = other;
                self.others.remove(&id)
            }
        }
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

impl Waiter {
    /// Registers the task. Call it before the state is read, so that no change is missed.
    pub(super) fn register(&self, cx: &Context<'_>) {
        // The old waker is dropped without the lock, because that may drop a task with another waiter.
        let _old = self.waiters.lock().wakers.insert(self.id, cx.waker());
    }

    /// Ends the wait. Returns whether no other task waits.
    pub(super) fn leave(&mut self) -> bool {
        if std::mem::replace(&mut self.has_left, true) {
            return false;
        }
        let (own, is_last) = {
            let mut tasks = self.waiters.lock();
            tasks.waiting -= 1;
            (tasks.wakers.remove(self.id), tasks.waiting == 0)
        };
        drop(own);
        is_last
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.leave();
    }
}
