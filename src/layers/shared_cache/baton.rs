//! [`Baton`]: a state that several tasks drive, one at a time, without waiting for each other.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};

use super::flights::{Landing, Progress};
use super::waiters::Waiter;

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
    /// `None` if the task does not wait.
    waiter: Option<&'a Waiter>,
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

    /// Takes the state. Returns `None` if another task has it. The task is then woken when the state is free.
    pub(super) fn take<'a>(&'a self, waiter: &'a Waiter, cx: &Context<'_>) -> Option<Held<'a, T>> {
        self.hold(Some(waiter)).or_else(|| {
            self.progress.waiters.register(waiter, cx);
            self.is_wanted.store(true, Ordering::SeqCst);
            // The other task may have returned the state before the flag was set.
            self.hold(Some(waiter))
        })
    }

    /// Takes the state, unless another task has it.
    pub(super) fn try_take(&self) -> Option<Held<'_, T>> {
        self.hold(None)
    }

    /// Takes the state of a baton that no other task uses.
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold<'a>(&'a self, waiter: Option<&'a Waiter>) -> Option<Held<'a, T>> {
        let (state, is_poisoned) = match self.state.try_lock() {
            Ok(state) => (state, false),
            Err(TryLockError::Poisoned(state)) => (state.into_inner(), true),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Held { state: Some(state), baton: self, waiter, has_news: false, is_poisoned })
    }
}

impl<T> Held<'_, T> {
    /// Polls a part of the state. When it can continue, all tasks that wait are woken.
    ///
    /// A task that is alone polls with its own waker. Another one that joins from now on polls again as soon as it can
    /// take the state, and that replaces the waker.
    pub(super) fn poll<P>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut T, &mut Context<'_>) -> Poll<P>,
    ) -> Poll<P> {
        let progress = &self.baton.progress;
        if self.is_alone() {
            let polled = poll(self, cx);
            if let (Poll::Pending, Some(waiter)) = (&polled, self.waiter) {
                // Before another task can take the state and wake this one.
                progress.waiters.register(waiter, cx);
            }
            return polled;
        }
        if let Some(waiter) = self.waiter {
            progress.waiters.register(waiter, cx);
        }
        let waker = Waker::from(Arc::clone(progress));
        poll(self, &mut Context::from_waker(&waker))
    }

    /// Ends the flight. The other tasks are woken when the state is given back.
    pub(super) fn land(&mut self, landing: Landing) {
        self.baton.progress.set_landing(landing);
        self.has_news = true;
    }

    /// Whether no other task waits.
    fn is_alone(&self) -> bool {
        self.waiter.is_some() && self.baton.progress.waiters.is_one()
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
        // Before the state is given back: a task that joins afterwards finds the news when it takes the state.
        let has_news = self.has_news && !self.is_alone();
        self.state = None;
        if std::thread::panicking() {
            self.baton.progress.land(Landing::NotShared);
        }
        if self.baton.is_wanted.swap(false, Ordering::SeqCst) || has_news {
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
    use std::task::Wake;

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
            assert!(self.baton.try_take().is_some(), "it is free before the others are woken");
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn taker() -> (Arc<Taker>, Waker) {
        let progress = Arc::new(Progress::new(Moment::default(), HttpDate::UNIX_EPOCH, None, None));
        let taker = Arc::new(Taker { baton: Baton::new((), progress), taken: AtomicUsize::new(0) });
        (Arc::clone(&taker), Waker::from(taker))
    }

    #[test]
    fn the_other_tasks_are_woken_if_they_found_the_state_taken_or_if_there_is_something_new() {
        let (taker, waker) = taker();
        let waiters = &taker.baton.progress().waiters;
        let (own, other) = (waiters.join(2).unwrap(), waiters.join(2).unwrap());
        let noop = Context::from_waker(Waker::noop());
        for (is_wanted, has_news, wakes) in
            [(false, false, 0), (true, false, 1), (false, true, 1), (true, true, 1), (false, false, 0)]
        {
            let mut held = taker.baton.take(&own, &noop).unwrap();
            waiters.register(&other, &Context::from_waker(&waker));
            if is_wanted {
                assert!(taker.baton.take(&other, &Context::from_waker(&waker)).is_none());
            }
            held.has_news = has_news;
            drop(held);
            assert_eq!(taker.taken.swap(0, Ordering::SeqCst), wakes, "wanted: {is_wanted}, news: {has_news}");
        }
    }

    #[test]
    fn a_task_that_is_alone_does_not_wake_itself_but_a_task_that_does_not_wait_wakes_it() {
        let (taker, waker) = taker();
        let own = taker.baton.progress().waiters.join(1).unwrap();
        let mut cx = Context::from_waker(&waker);
        let mut held = taker.baton.take(&own, &cx).unwrap();
        assert!(held.poll(&mut cx, |(), _| Poll::<()>::Pending).is_pending());
        held.land(Landing::NotShared);
        drop(held);
        assert_eq!(taker.taken.load(Ordering::SeqCst), 0);
        let mut held = taker.baton.try_take().unwrap();
        held.land(Landing::NotShared);
        drop(held);
        assert_eq!(taker.taken.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_poll_wakes_all_tasks_that_wait() {
        for is_alone in [true, false] {
            let ((one, first), (other, second)) = (taker(), taker());
            let waiters = &one.baton.progress().waiters;
            let own = waiters.join(2).unwrap();
            let joined = (!is_alone).then(|| waiters.join(2).unwrap());
            joined.iter().for_each(|waiter| waiters.register(waiter, &Context::from_waker(&second)));
            let mut cx = Context::from_waker(&first);
            let mut polled_with = None;
            let polled = one.baton.take(&own, &cx).unwrap().poll(&mut cx, |(), cx| {
                polled_with = Some(cx.waker().clone());
                Poll::<()>::Pending
            });
            assert!(polled.is_pending());
            let polled_with = polled_with.unwrap();
            assert_eq!(polled_with.will_wake(&first), is_alone);
            polled_with.wake();
            let counts = [&one, &other].map(|taker| taker.taken.load(Ordering::SeqCst));
            assert_eq!(counts, [1, usize::from(!is_alone)]);
        }
    }
}
