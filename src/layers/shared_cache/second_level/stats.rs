//! [`SecondLevelStats`]: the statistics of a second level.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The statistics of a [`SecondLevel`](super::SecondLevel) since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondLevelStats {
    /// Responses that were found in the second level and could be used without a request to the inner service.
    pub hits: u64,
    /// Lookups that found nothing, or only a response that is stale or purged.
    pub misses: u64,
    /// Records that could not be used: damaged, of another version, or of another key.
    pub damaged: u64,
    /// Responses that were written.
    pub written: u64,
    /// Responses that were not written: too large, too many at the same time, possibly purged, or while the store was
    /// not used.
    pub not_written: u64,
    /// Operations that took longer than the limit.
    pub timeouts: u64,
    /// Operations that failed because the store is not available.
    pub errors: u64,
    /// Operations that the store refused, for example because its memory is full.
    pub refused: u64,
    /// Lookups that were skipped because the store was temporarily not used.
    pub skipped: u64,
    /// All lookups, with any result.
    pub lookups: u64,
    /// The total time of these lookups, without the time of waiting for another process.
    pub lookup_time: Duration,
    /// Requests that waited for another process, which had a [lease](super::SecondLevel::lease).
    pub waited: u64,
    /// Purges of this process that were published.
    pub purges_sent: u64,
    /// Purges of all processes that were applied, including those of this process.
    pub purges_received: u64,
    /// Purges of this process that have not been published yet.
    pub purges_pending: u64,
    /// How often everything was purged because purges may have been lost, including once at the start.
    pub resets: u64,
    /// Whether the store is currently not used, because it failed repeatedly.
    pub is_open: bool,
    /// Whether this process has received the purges of the others.
    pub is_current: bool,
}

/// The counters behind [`SecondLevelStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) damaged: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) not_written: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) lookups: AtomicU64,
    /// In microseconds.
    pub(super) lookup_time: AtomicU64,
    pub(super) waited: AtomicU64,
    pub(super) purges_sent: AtomicU64,
    pub(super) purges_received: AtomicU64,
    pub(super) resets: AtomicU64,
}

impl SecondLevelStats {
    /// Returns the time that a lookup took on average, or `None` before the first one.
    #[must_use]
    pub fn mean_lookup_time(&self) -> Option<Duration> {
        let micros = u64::try_from(self.lookup_time.as_micros()).unwrap_or(u64::MAX);
        micros.checked_div(self.lookups).map(Duration::from_micros)
    }
}

impl Counters {
    pub(super) fn looked_up(&self, time: Duration) {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.lookup_time.fetch_add(u64::try_from(time.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> SecondLevelStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SecondLevelStats {
            hits: read(&self.hits),
            misses: read(&self.misses),
            damaged: read(&self.damaged),
            written: read(&self.written),
            not_written: read(&self.not_written),
            timeouts: read(&self.timeouts),
            errors: read(&self.errors),
            refused: read(&self.refused),
            skipped: read(&self.skipped),
            lookups: read(&self.lookups),
            lookup_time: Duration::from_micros(read(&self.lookup_time)),
            waited: read(&self.waited),
            purges_sent: read(&self.purges_sent),
            purges_received: read(&self.purges_received),
            resets: read(&self.resets),
            ..SecondLevelStats::default()
        }
    }
}
