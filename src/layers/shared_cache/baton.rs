//! [`Baton`]: a state that several tasks drive, one at a time, without waiting for each other.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::flights::{Landing, Progress};

/// A state that several tasks drive, one at a time. A task that finds it taken does not block. It is woken when the
/// other task gives the state back.
pub(super) struct Baton<T> {
    state: Mutex<T>,
    progress: Arc<Progress>,
    /// Whether a task found the state taken.
    is_wanted: AtomicBool,
}

/// The state, for one task.
pub(super) struct Held<'a, T> {
    state: Option<MutexGuard<'a, T>>,
    baton: &'a Baton<T>,
    /// Whether the other tasks have to be woken.
    pub(super) has_news: bool,
    /// Whether a task panicked while it had the state.
    pub(super) is_poisoned: bool,
}

impl<T> Baton<T> {
    pub(super) const fn new(state: T, progress: Arc<Progress>) -> Self {
        Self { state: Mutex::new(state), progress, is_wanted: AtomicBool::new(false) }
    }

    pub(super) const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Takes the state. Returns `None` if another task has it. The caller must be registered as a waiter, and is woken
    /// when the state is free.
    pub(super) fn take(&self) -> Option<Held<'_, T>> {
        self.try_take().or_else(|| {
            self.is_wanted.store(true, Ordering::SeqCst);
            // The other task may have returned the state before the flag was set.
            self.try_take()
        })
    }

    /// Takes the state of a baton that no other task uses.
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_take(&self) -> Option<Held<'_, T>> {
        let (state, is_poisoned) = match self.state.try_lock() {
            Ok(state) => (state, false),
            Err(TryLockError::Poisoned(state)) => (state.into_inner(), true),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Held { state: Some(state), baton: self, has_news: false, is_poisoned })
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.state.as_ref().expect("the state is given back only when this value is dropped")
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.state.as_mut().expect("the state is given back only when this value is dropped")
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        self.state = None;
        if std::thread::panicking() {
            self.baton.progress.land(Landing::NotShared);
        }
        if self.baton.is_wanted.swap(false, Ordering::SeqCst) || self.has_news {
            self.baton.progress.waiters.wake_all();
        }
    }
}

impl<T> fmt::Debug for Baton<T> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").field("progress", &self.progress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Wake, Waker};

    use super::*;
    use crate::protocol::HttpDate;
    use crate::store::Moment;

    /// A task that takes the baton when it is woken.
    struct Taker {
        baton: Baton<()>,
        taken: AtomicUsize,
    }

    impl Wake for Taker {
        fn wake(self: Arc<Self>) {
            assert!(self.baton.take().is_some(), "it is free before the others are woken");
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_other_tasks_are_woken_if_they_found_the_state_taken_or_if_there_is_something_new() {
        let progress = Arc::new(Progress::new(Moment::default(), HttpDate::UNIX_EPOCH, None, None));
        let taker = Arc::new(Taker { baton: Baton::new((), Arc::clone(&progress)), taken: AtomicUsize::new(0) });
        let waker = Waker::from(Arc::clone(&taker));
        let waiter = progress.waiters.join(1).unwrap();
        for (is_wanted, has_news, wakes) in
            [(false, false, 0), (true, false, 1), (false, true, 1), (true, true, 1), (false, false, 0)]
        {
            waiter.register(&Context::from_waker(&waker));
            let mut held = taker.baton.take().unwrap();
            if is_wanted {
                assert!(taker.baton.take().is_none());
            }
            held.has_news = has_news;
            drop(held);
            assert_eq!(taker.taken.swap(0, Ordering::SeqCst), wakes, "wanted: {is_wanted}, news: {has_news}");
        }
    }
}
