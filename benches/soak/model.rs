//! The state of the service at any moment, as known from its responses.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::cache::SharedCache;
use super::server::{ARTICLES, COUNTERS, LEASES, LEDGERS};

/// The shared knowledge of all clients.
pub(crate) struct Model {
    pub(crate) articles: Vec<Resource>,
    pub(crate) counters: Vec<Resource>,
    pub(crate) ledgers: Vec<Resource>,
    /// Whether a client holds the lease.
    pub(crate) leases: [AtomicBool; LEASES],
    /// The cache in front of the clients.
    pub(crate) cache: SharedCache,
    /// Whether the service has its own cache, which stores articles and pages.
    has_cache: bool,
    pub(crate) conditional_writes: AtomicU64,
    pub(crate) ended: AtomicBool,
    counts: [AtomicU64; COUNTED.len()],
}

/// A resource with versions from 0. Each write creates the next version.
#[derive(Default)]
pub(crate) struct Resource {
    /// The latest version that any client has received.
    seen: AtomicU64,
    /// The latest version of a completed write, whose purge is done.
    written: AtomicU64,
    /// The number of accepted writes.
    pub(crate) accepted: AtomicU64,
    /// The versions that an accepted write replaced.
    replaced: Mutex<Versions>,
    /// The versions in the preconditions of rejected writes.
    refused: Mutex<Versions>,
}

/// A set of versions, with one bit for each.
#[derive(Default)]
struct Versions(Vec<u64>);

/// The counters, and their labels in the table.
#[derive(Clone, Copy)]
pub(crate) enum Counted {
    Read,
    NotModified,
    Accepted,
    Refused,
    Unconditional,
    Weak,
    LeaseTaken,
    LeaseRefused,
    Personal,
    InProcess,
    CacheHit,
    CacheRevalidated,
    CacheMiss,
    CachedForOne,
    Purged,
    Asset,
    Range,
    Stream,
    Abandoned,
    Coded,
    Connection,
}

const COUNTED: [(&str, Counted); 21] = [
    ("reads with a 200", Counted::Read),
    ("reads with a 304", Counted::NotModified),
    ("conditional PUTs accepted", Counted::Accepted),
    ("conditional PUTs refused with 412", Counted::Refused),
    ("PUTs without a condition, refused with 428", Counted::Unconditional),
    ("PUTs with a weak tag, refused with 412", Counted::Weak),
    ("leases created and released", Counted::LeaseTaken),
    ("leases refused with 412", Counted::LeaseRefused),
    ("pages for one user", Counted::Personal),
    ("responses from the cache in the service", Counted::InProcess),
    ("cache in front: hits", Counted::CacheHit),
    ("cache in front: revalidated by 304", Counted::CacheRevalidated),
    ("cache in front: misses", Counted::CacheMiss),
    ("cache in front: hits of pages for one user", Counted::CachedForOne),
    ("purges", Counted::Purged),
    ("versioned files", Counted::Asset),
    ("ranges", Counted::Range),
    ("streams read to the end", Counted::Stream),
    ("cancelled streams", Counted::Abandoned),
    ("responses with a content coding", Counted::Coded),
    ("connections", Counted::Connection),
];

impl Model {
    pub(crate) fn new(has_cache: bool) -> Self {
        let resources = |count| (0..count).map(|_| Resource::default()).collect();
        Self {
            articles: resources(ARTICLES),
            counters: resources(COUNTERS),
            ledgers: resources(LEDGERS),
            leases: Default::default(),
            cache: SharedCache::default(),
            has_cache,
            conditional_writes: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            counts: Default::default(),
        }
    }

    pub(crate) fn count(&self, counted: Counted) {
        self.counts[counted as usize].fetch_add(1, Ordering::Relaxed);
        if let Counted::Accepted | Counted::Refused | Counted::LeaseTaken | Counted::LeaseRefused = counted {
            self.conditional_writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of responses of the service.
    pub(crate) fn responses(&self) -> u64 {
        use Counted::{CacheHit, CachedForOne, Connection, InProcess, Purged};
        let request = |counted| !matches!(counted, CacheHit | CachedForOne | Connection | InProcess | Purged);
        COUNTED.iter().filter(|(_, counted)| request(*counted)).map(|(_, counted)| self.counted(*counted)).sum()
    }

    /// Returns the oldest version of an article that the service may send.
    pub(crate) fn floor_of_article(&self, n: usize) -> u64 {
        self.articles[n].floor(self.has_cache)
    }

    /// Checks that the service's cache was used, if there is one.
    pub(crate) fn used_its_cache(&self) -> Result<(), String> {
        let hits = self.counted(Counted::InProcess);
        if self.has_cache != (hits > 0) {
            return Err(format!("{hits} responses from the cache in the service"));
        }
        Ok(())
    }

    fn counted(&self, counted: Counted) -> u64 {
        self.counts[counted as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn print(&self, seconds: f64) {
        println!("\n{:48}{:>12}{:>12}", "", "total", "per second");
        for (sentence, counted) in COUNTED {
            let count = self.counted(counted);
            println!("{sentence:48}{count:>12}{:>12.1}", count as f64 / seconds);
        }
        println!("{:48}{:>12}", "conditional writes", self.conditional_writes.load(Ordering::Relaxed));
        println!("{:48}{seconds:>12.1}", "seconds");
    }
}

impl Resource {
    /// Returns the oldest version that a new response may contain, from the service itself or from a cache that purges
    /// reach.
    pub(crate) fn floor(&self, from_cache: bool) -> u64 {
        if from_cache { self.written.load(Ordering::SeqCst) } else { self.seen.load(Ordering::SeqCst) }
    }

    pub(crate) fn see(&self, version: u64) {
        self.seen.fetch_max(version, Ordering::SeqCst);
    }

    /// Records an accepted write with this version in its condition.
    pub(crate) fn accept(&self, replaced: u64) -> Result<(), String> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        if !self.replaced.lock().unwrap().insert(replaced) {
            return Err(format!("two writes replaced version {replaced}: one is lost"));
        }
        self.see(replaced + 1);
        self.written.fetch_max(replaced + 1, Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn refuse(&self, version: u64) {
        self.refused.lock().unwrap().insert(version);
    }

    /// Checks the final state: each version but the last was replaced, and each rejected write was outdated.
    pub(crate) fn settle(&self, version: u64, value: u64) -> Result<(), String> {
        let accepted = self.accepted.load(Ordering::Relaxed);
        if value != accepted || version != accepted {
            return Err(format!("{accepted} writes were accepted; the value is {value}, the version {version}"));
        }
        let replaced = self.replaced.lock().unwrap();
        if let Some(lost) = (0..version).find(|version| !replaced.contains(*version)) {
            return Err(format!("no write replaced version {lost}"));
        }
        let refused = self.refused.lock().unwrap();
        match refused.iter().find(|version| !replaced.contains(*version)) {
            Some(wrongly) => Err(format!("a write was refused with version {wrongly}, which was current")),
            None => Ok(()),
        }
    }
}

impl Versions {
    /// Returns whether the version is new.
    fn insert(&mut self, version: u64) -> bool {
        let (at, bit) = Self::place(version);
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        let is_new = self.0[at] & bit == 0;
        self.0[at] |= bit;
        is_new
    }

    fn contains(&self, version: u64) -> bool {
        let (at, bit) = Self::place(version);
        self.0.get(at).is_some_and(|bits| bits & bit != 0)
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.0.len() as u64 * 64).filter(|version| self.contains(*version))
    }

    fn place(version: u64) -> (usize, u64) {
        (usize::try_from(version / 64).unwrap(), 1 << (version % 64))
    }
}

/// The time for which a client holds a lease.
pub(crate) const LEASE_TIME: Duration = Duration::from_millis(2);
