//! [`SharedCacheStats`]: the statistics of a cache.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::second_level::SecondLevelStats;

/// The statistics of a [`SharedCache`](super::SharedCache) since it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedCacheStats {
    /// Responses from the cache that were fresh. Includes 304 and partial responses.
    pub hits: u64,
    /// Responses from the cache that were stale.
    pub stale: u64,
    /// Responses from the cache to requests that waited for another request.
    pub collapsed: u64,
    /// Requests for which no stored response could be used immediately. They were passed to the inner service, or
    /// waited for another request.
    pub misses: u64,
    /// Stored responses that the inner service confirmed with a 304.
    pub revalidated: u64,
    /// Requests that the cache passed through because of their method, credentials or other fields.
    pub bypassed: u64,
    /// Responses that were stored, including those that replaced another one.
    pub stored: u64,
    /// Responses that the cache could not store. Requests that were passed through because of such a response are not
    /// counted.
    pub not_stored: u64,
    /// Purges, and invalidations by unsafe methods.
    pub purges: u64,
    /// The number of requests to the inner service that others may wait for.
    pub under_way: u64,
    /// The number of URLs with stored responses.
    pub urls: u64,
    /// The number of bytes that the stored responses use.
    pub bytes: u64,
    /// The number of bytes that the stored responses may use: five eighths of the capacity of the store.
    pub capacity: u64,
    /// The statistics of the second level, if there is one.
    pub second_level: Option<SecondLevelStats>,
}

/// The counters behind [`SharedCacheStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: StripedCounter,
    pub(super) stale: AtomicU64,
    pub(super) collapsed: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) revalidated: AtomicU64,
    pub(super) bypassed: AtomicU64,
    pub(super) stored: AtomicU64,
    pub(super) not_stored: AtomicU64,
    pub(super) purges: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> SharedCacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SharedCacheStats {
            hits: self.hits.read(),
            stale: read(&self.stale),
            collapsed: read(&self.collapsed),
            misses: read(&self.misses),
            revalidated: read(&self.revalidated),
            bypassed: read(&self.bypassed),
            stored: read(&self.stored),
            not_stored: read(&self.not_stored),
            purges: read(&self.purges),
            ..SharedCacheStats::default()
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A counter for the most frequent event. Threads count in different cache lines, as long as there are enough of them:
/// one that all threads write to would cost more than the rest of a hit.
#[derive(Debug, Default)]
pub(super) struct StripedCounter {
    stripes: [Stripe; STRIPES],
}

const STRIPES: usize = 16;

#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

impl StripedCounter {
    pub(super) fn count(&self) {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static STRIPE: Cell<Option<usize>> = const { Cell::new(None) };
        }

        let own = STRIPE.try_with(|stripe| {
            stripe.get().unwrap_or_else(|| {
                let own = THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES;
                stripe.set(Some(own));
                own
            })
        });
        count(&self.stripes[own.unwrap_or(0)].0);
    }

    fn read(&self) -> u64 {
        self.stripes.iter().map(|Stripe(counter)| counter.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::thread::scope;

    use super::*;

    #[test]
    fn a_striped_counter_counts_the_events_of_all_threads() {
        let counter = StripedCounter::default();
        scope(|threads| {
            for _ in 0..2 * STRIPES {
                threads.spawn(|| (0..100).for_each(|_| counter.count()));
            }
        });
        assert_eq!(counter.read(), 100 * 2 * STRIPES as u64);
    }
}
