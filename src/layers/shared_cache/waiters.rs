//! [`Waiters`]: the tasks that wait for one flight.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// The tasks that wait for one flight. Each of them may drive it, so a waker of the flight wakes all of them.
///
/// When a task leaves, it does not wake the others. Each of them is registered, or was woken and will be polled.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// The number of tasks, which changes only while `tasks` is locked.
    waiting: AtomicUsize,
    tasks: Mutex<Tasks>,
}

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    wakers: Wakers,
}

/// The wakers of the tasks that are registered, by their ids. Nearly all flights have one, which does not need an
/// allocation.
#[derive(Debug, Default)]
struct Wakers {
    first: Option<(u64, Waker)>,
    others: BTreeMap<u64, Waker>,
}

/// One task that waits, until it [leaves](Waiters::leave).
#[derive(Debug)]
pub(super) struct Waiter {
    id: u64,
}

impl Waiters {
    /// Adds a task, unless the maximum number of tasks is reached.
    pub(super) fn join(&self, most: usize) -> Option<Waiter> {
        let mut tasks = self.lock();
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting >= most {
            return None;
        }
        self.waiting.store(waiting + 1, Ordering::Release);
        tasks.next += 1;
        Some(Waiter { id: tasks.next })
    }

    /// Registers a task. Call it before the state is read, so that no change is missed.
    pub(super) fn register(&self, waiter: &Waiter, cx: &Context<'_>) {
        // The old waker is dropped without the lock, because that may drop a task with another waiter.
        let _old = self.lock().wakers.insert(waiter.id, cx.waker());
    }

    /// Whether only one task waits.
    pub(super) fn is_one(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 1
    }

    /// Ends the wait of a task. Returns whether no other one waits.
    pub(super) fn leave(&self, waiter: &Waiter) -> bool {
        let (own, others) = {
            let mut tasks = self.lock();
            let others = self.waiting.load(Ordering::Relaxed) - 1;
            self.waiting.store(others, Ordering::Release);
            (tasks.wakers.remove(waiter.id), others)
        };
        drop(own);
        others == 0
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    #[derive(Debug, Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counters<const N: usize>() -> [(Arc<Counter>, Waker); N] {
        std::array::from_fn(|_| {
            let counter = Arc::new(Counter::default());
            (Arc::clone(&counter), Waker::from(counter))
        })
    }

    fn register(waiters: &Waiters, waiter: &Waiter, (_, waker): &(Arc<Counter>, Waker)) {
        waiters.register(waiter, &Context::from_waker(waker));
    }

    fn counts(counters: &[(Arc<Counter>, Waker)]) -> Vec<usize> {
        counters.iter().map(|(counter, _)| counter.0.load(Ordering::SeqCst)).collect()
    }

    #[test]
    fn as_many_tasks_as_allowed_wait() {
        let waiters = Waiters::default();
        let (first, second) = (waiters.join(2).unwrap(), waiters.join(2).unwrap());
        assert!(waiters.join(2).is_none() && !waiters.is_one());
        assert!(!waiters.leave(&first), "another one waits");
        assert!(waiters.is_one());
        let third = waiters.join(2).unwrap();
        assert!(waiters.join(2).is_none());
        assert!(!waiters.leave(&second));
        assert!(waiters.leave(&third), "it was the last one");
        assert!(!waiters.is_one());
    }

    #[test]
    fn a_task_is_woken_once_by_its_last_waker() {
        let waiters = Waiters::default();
        let counters = counters::<4>();
        let (one, other) = (waiters.join(9).unwrap(), waiters.join(9).unwrap());
        for (waiter, index) in [(&one, 0), (&other, 1), (&one, 2), (&other, 3), (&one, 2), (&other, 3)] {
            register(&waiters, waiter, &counters[index]);
        }
        waiters.wake_all();
        assert_eq!(counts(&counters), [0, 0, 1, 1]);
        waiters.wake_all();
        assert_eq!(counts(&counters), [0, 0, 1, 1], "each has to register again");
    }

    #[test]
    fn a_task_that_has_left_is_not_woken_and_its_waker_is_released() {
        for leaves in 0..3 {
            let waiters = Waiters::default();
            let counters = counters::<3>();
            let all = [(); 3].map(|()| waiters.join(9).unwrap());
            let register_all = |all: &[Waiter]| {
                for (waiter, counter) in all.iter().zip(&counters) {
                    register(&waiters, waiter, counter);
                }
            };
            register_all(&all);
            waiters.leave(&all[leaves]);
            // The others register again, in any place.
            for (index, waiter) in all.iter().enumerate().filter(|(index, _)| *index != leaves) {
                register(&waiters, waiter, &counters[index]);
            }
            waiters.wake_all();
            let expected: Vec<_> = (0..3).map(|index| usize::from(index != leaves)).collect();
            assert_eq!(counts(&counters), expected);
            for (index, waiter) in all.iter().enumerate().filter(|(index, _)| *index != leaves) {
                register(&waiters, waiter, &counters[index]);
                waiters.leave(waiter);
            }
            // That of the test, and that of its waker.
            assert!(counters.iter().all(|(counter, _)| Arc::strong_count(counter) == 2));
        }
    }
}
