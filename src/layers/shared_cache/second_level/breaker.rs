//! [`Breaker`]: whether the remote store is called.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// The number of failures in a row after which the store is not called.
const MAX_FAILURES: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Whether the remote store is called. After several failures, only the background task tries it again, so that no
/// request waits for the attempt. The time between attempts doubles.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: AtomicU32,
    is_open: AtomicBool,
    /// How often the delay has been doubled.
    doublings: AtomicU32,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// The time to the next attempt.
    pub(super) fn delay(&self) -> Duration {
        let doublings = self.doublings.load(Ordering::Relaxed).min(16);
        FIRST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY)
    }

    /// Records a failure of a request's operation.
    pub(super) fn failed(&self) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= MAX_FAILURES {
            self.is_open.store(true, Ordering::Relaxed);
        }
    }

    /// Records a success of a lookup. One that was in progress when the breaker opened does not close it.
    pub(super) fn succeeded(&self) {
        if !self.is_open() {
            self.failures.store(0, Ordering::Relaxed);
            self.doublings.store(0, Ordering::Relaxed);
        }
    }

    /// Records the result of the background task's attempt.
    ///
    /// The delay stays as long as no lookup succeeds: the store may be fast for short operations only.
    pub(super) fn tried(&self, succeeds: bool) {
        if succeeds {
            if self.is_open.swap(false, Ordering::Relaxed) {
                self.failures.store(0, Ordering::Relaxed);
                self.doublings.fetch_add(1, Ordering::Relaxed);
            }
        } else if self.is_open() {
            self.doublings.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_five_failures_in_a_row_and_doubles_from_1_to_30_seconds() {
        let breaker = Breaker::default();
        for _ in 0..4 {
            breaker.failed();
        }
        breaker.succeeded();
        for _ in 0..4 {
            breaker.failed();
        }
        assert!(!breaker.is_open());
        breaker.tried(false);
        assert!(breaker.is_open());
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(breaker.delay(), Duration::from_secs(seconds));
            breaker.succeeded();
            breaker.tried(false);
            assert!(breaker.is_open(), "only the attempt of the background task closes it");
        }
        breaker.tried(true);
        assert!(!breaker.is_open());
        assert_eq!(breaker.delay(), LONGEST_DELAY, "requests have not succeeded yet");
        breaker.succeeded();
        assert_eq!(breaker.delay(), FIRST_DELAY);
    }
}
