//! [`TimeLimit`]: a time after which a task no longer waits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::layers::Clock;
use crate::protocol::HttpDate;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes futures that end after a time.
#[derive(Clone)]
pub(super) struct Timer(Arc<dyn Fn(Duration) -> Sleep + Send + Sync>);

/// A time after which a task no longer waits. Without a timer, the clock is read whenever the task is polled.
pub(super) struct TimeLimit {
    clock: Clock,
    began: HttpDate,
    until: HttpDate,
    /// In a lock that is never taken, because the future need not be `Sync`.
    sleep: Option<Mutex<Sleep>>,
}

impl Timer {
    pub(super) fn new<F>(sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |time| Box::pin(sleep(time))))
    }
}

impl TimeLimit {
    pub(super) fn new(clock: &Clock, timer: Option<&Timer>, limit: Duration) -> Self {
        let began = clock.now();
        Self {
            clock: clock.clone(),
            began,
            // The current second has already begun, so one more is added.
            until: began.saturating_add(limit.saturating_add(Duration::from_secs(1))),
            sleep: timer.map(|timer| Mutex::new((timer.0)(limit))),
        }
    }

    /// Whether the time is over. If there is a timer, the task is woken when it is.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.as_mut().map(|sleep| sleep.get_mut().unwrap_or_else(PoisonError::into_inner));
        if sleep.is_some_and(|sleep| sleep.as_mut().poll(cx) == Poll::Ready(())) {
            return true;
        }
        // If the clock was set back, the time that has passed is not known.
        let now = self.clock.now();
        now >= self.until || now < self.began
    }
}

impl fmt::Debug for Timer {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer(<fn>)")
    }
}

impl fmt::Debug for TimeLimit {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeLimit").field("until", &self.until).finish_non_exhaustive()
    }
}
