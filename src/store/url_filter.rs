//! [`UrlFilter`]: which URLs may have stored responses.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use twox_hash::XxHash3_64;

use super::key::UrlName;

/// The numbers of bits of the smallest and the largest filter.
const SMALLEST: u64 = 1 << 12;
const LARGEST: u64 = 1 << 20;
/// An estimate of the memory for the stored responses to one URL, in bytes for each bit of the filter.
const BYTES_PER_BIT: u64 = 256;

/// Which URLs may have stored responses, or responses that are under way.
///
/// Most unsafe requests are for URLs without any, and need no purge. A URL stays in the filter, so after many URLs it
/// contains all of them. It never lacks one that was added.
pub(crate) struct UrlFilter {
    words: Box<[AtomicU64]>,
    seed: u64,
}

impl UrlFilter {
    /// Creates a filter for a store with this capacity in bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        let bits = (capacity / BYTES_PER_BIT).clamp(SMALLEST, LARGEST).next_power_of_two();
        Self { words: (0..bits / 64).map(|_| AtomicU64::new(0)).collect(), seed: RandomState::new().hash_one(1) }
    }

    /// Adds a URL with these [`parts`](UrlName::parts). This must come before the request is passed to the inner service.
    pub(crate) fn insert(&self, parts: [&[u8]; 2]) {
        for (word, bit) in self.places(parts) {
            if word.load(Ordering::SeqCst) & bit == 0 {
                word.fetch_or(bit, Ordering::SeqCst);
            }
        }
    }

    /// Whether the URL may have been added, with or without its host.
    pub(crate) fn may_contain(&self, url: &UrlName) -> bool {
        let [host, target] = url.parts();
        let has =
            |host| self.places([host, target]).into_iter().all(|(word, bit)| word.load(Ordering::SeqCst) & bit != 0);
        has(host) || has(&[])
    }

    /// Two bits, which clients cannot choose because they do not know the seed.
    fn places(&self, [host, target]: [&[u8]; 2]) -> [(&AtomicU64, u64); 2] {
        let hash = XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot_with_seed(self.seed, host), target);
        [hash, hash >> 32].map(|hash| {
            let words = self.words.len() as u64;
            let index = usize::try_from(hash / 64 % words).unwrap_or(0);
            (&self.words[index], 1 << (hash % 64))
        })
    }
}

impl fmt::Debug for UrlFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlFilter").field("bits", &(64 * self.words.len())).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyRules;
    use super::*;

    #[test]
    fn the_filter_contains_each_url_that_was_added_and_few_others() {
        let url = |host: &str, number: usize| KeyRules::default().url(host, &format!("/{number}").parse().unwrap());
        for (capacity, added) in [(0, 200), (64 << 20, 10_000)] {
            let filter = UrlFilter::new(capacity);
            assert!(!filter.may_contain(&url("h", 0)));
            (0..added).for_each(|number| filter.insert(url("h", number).parts()));
            assert!((0..added).all(|number| filter.may_contain(&url("h", number))));
            let others = (added..2 * added).filter(|number| filter.may_contain(&url("h", *number))).count();
            assert!(others < added / 20, "{others} of {added}");
        }
        let filter = UrlFilter::new(0);
        filter.insert(url("", 1).parts());
        assert!(filter.may_contain(&url("h", 1)), "a request without a host");
    }
}
