//! [`Config`] and [`Core`]: the settings of a shared cache, and its state.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};

use super::event::{NotStored, Observer, SharedCacheEvent};
use super::flights::{Finish, Flights, Joined, Progress};
use super::second_level::{self, Level, SecondLevel, Ticket};
use super::stats::{Counters, count};
use super::task::Spawner;
use super::time_limit::{TimeLimit, Timer};
use super::trace;
use crate::edge::{CacheName, CacheStatusReport};
use crate::layers::Clock;
use crate::layers::bypass::is_interim;
use crate::policy::{Guard, Rules};
use crate::protocol::HttpDate;
use crate::store::{
    Found, KeyRef, KeyRules, MemoryStore, Moment, PrimaryKey, PurgeClock, PurgeOf, Record, Selection, SelectionRules,
    UrlFilter, UrlName, Usability,
};

/// The settings of a cache, shared by its services and futures.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) mode: Mode,
    pub(super) keys: KeyRules,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    /// The name in `Cache-Status`. `None` if the field is not sent.
    pub(super) name: Option<CacheName>,
    /// The targeted fields that take precedence over `Cache-Control`, in order.
    pub(super) targeted: Vec<HeaderName>,
    pub(super) heuristics: bool,
    pub(super) by_weight_of_language: bool,
    /// The time in seconds for which a stale response may be used if the inner service fails.
    pub(super) stale_when_disconnected: u64,
    pub(super) coalesces: bool,
    /// The time after which a request no longer waits for another one.
    pub(super) wait: Duration,
    /// Runs revalidations in the background, and finishes requests whose clients have disconnected.
    pub(super) spawner: Option<Spawner>,
    /// The time after which a background task ends.
    pub(super) finish_within: Duration,
    /// Wakes tasks at the end of a time limit.
    pub(super) timer: Option<Timer>,
    /// Called with what became of each request.
    pub(super) observer: Option<Observer>,
    /// Whether responses from the cache look as if they had just been generated.
    pub(super) as_origin: bool,
    /// The store that several processes share.
    pub(super) second_level: Option<SecondLevel>,
    pub(super) enabled: bool,
    pub(super) development: bool,
}

impl Config {
    /// The earliest start of a request for which others wait.
    pub(super) fn waits_for_since(&self, now: HttpDate) -> HttpDate {
        let wait = i64::try_from(self.wait.as_secs()).unwrap_or(i64::MAX);
        HttpDate::from_unix_seconds(now.unix_seconds().saturating_sub(wait)).unwrap_or(HttpDate::UNIX_EPOCH)
    }

    /// The time at which a request stops to wait for another one.
    pub(super) fn wait_limit(&self) -> TimeLimit {
        TimeLimit::new(&self.clock, self.timer.as_ref(), self.wait)
    }

    /// The state of a request that is about to be passed to the inner service.
    pub(super) fn progress(self: &Arc<Self>, moment: Moment, now: HttpDate, expected: Option<Selection>) -> Progress {
        let finish = self.spawner.is_some().then(|| Arc::<Self>::clone(self) as Arc<dyn Finish>);
        Progress::new(moment, now, expected, finish)
    }

    /// Adds a report to `Cache-Status`.
    // H-03
    pub(super) fn report(&self, report: CacheStatusReport, headers: &mut HeaderMap) {
        if let Some(name) = &self.name {
            report.append_to(headers, name);
        }
    }

    /// Adds a report about a request that was passed to the inner service to the response of that service.
    /// Informational responses and upgrades are left unchanged.
    // E-05
    pub(super) fn report_forwarded(&self, report: CacheStatusReport, status: StatusCode, headers: &mut HeaderMap) {
        if !is_interim(status) {
            self.report(report.with_fwd_status(status), headers);
        }
    }

    /// Reports an event to the observer and to `tracing`. Without both, the event is not made.
    pub(super) fn observe<'a>(&self, event: impl FnOnce() -> SharedCacheEvent<'a>) {
        if self.observer.is_none() && !trace::is_enabled() {
            return;
        }
        let event = event();
        trace::event(&event);
        if let Some(observer) = &self.observer {
            observer.observe(&event);
        }
    }

    /// How the request fields that select a stored response are compared.
    pub(super) fn selection_rules(&self) -> SelectionRules {
        let counts_lines = self.mode == Mode::Policy;
        SelectionRules { counts_lines, by_weight_of_language: self.by_weight_of_language }
    }

    /// Whether a gateway accepts a risk. In the mode by policy, only the policy layers do.
    pub(super) fn accepts(&self, guard: Guard) -> bool {
        self.mode == Mode::Fields && self.rules.waived.contains(guard)
    }
}

impl Finish for Config {
    fn finish(&self, flight: Joined) {
        if let Some(spawner) = &self.spawner {
            let limit = TimeLimit::new(&self.clock, self.timer.as_ref(), self.finish_within);
            spawner.spawn(flight, limit);
        }
    }
}

/// Which responses are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Those that an inner policy layer decided about.
    Policy,
    /// Those that their fields allow.
    Fields,
}

/// The state of a cache, shared by all clones of its handle.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) store: MemoryStore,
    pub(super) purges: Arc<PurgeClock>,
    /// The URLs that may have stored responses.
    pub(super) urls: UrlFilter,
    pub(super) flights: Arc<Flights>,
    pub(super) stats: Counters,
    /// The number of bytes of bodies that are being collected.
    pub(super) under_way: AtomicUsize,
    /// The number of layers, each of which has its own keys.
    pub(super) layers: AtomicU32,
    /// Set when the first layer is created.
    second_level: OnceLock<Arc<Level>>,
    marks: Marks,
}

impl Core {
    pub(super) fn new(store: MemoryStore) -> Self {
        Self {
            urls: UrlFilter::new(store.capacity()),
            purges: Arc::new(PurgeClock::new(store.capacity())),
            store,
            flights: Arc::default(),
            stats: Counters::default(),
            under_way: AtomicUsize::new(0),
            layers: AtomicU32::new(0),
            second_level: OnceLock::new(),
            marks: Marks::default(),
        }
    }

    /// Starts the second level, if there is one.
    pub(super) fn start(&self, config: &Config) {
        if let Some(settings) = &config.second_level {
            let (mode, clock, blocks) = (config.mode as u8, config.clock.clone(), self.store.blocks());
            let start = || second_level::start(settings.clone(), mode, clock, &self.purges, blocks);
            self.second_level.get_or_init(start);
        }
    }

    pub(super) fn second_level(&self) -> Option<&Arc<Level>> {
        self.second_level.get()
    }

    /// Applies a purge, and publishes it to other processes.
    ///
    /// Returns its place among those to be published.
    pub(super) fn purge(&self, purge: PurgeOf<'_>) -> Option<Ticket> {
        self.purge_with(purge, |purge| self.purges.purge(purge)).1
    }

    /// Applies a purge with this function, and publishes it to other processes.
    pub(super) fn purge_with<'a, T>(
        &self,
        purge: PurgeOf<'a>,
        apply: impl FnOnce(PurgeOf<'a>) -> T,
    ) -> (T, Option<Ticket>) {
        count(&self.stats.purges);
        match self.second_level() {
            Some(second) => {
                let (applied, ticket) = second.purge(&self.purges, purge, apply);
                (applied, Some(ticket))
            }
            None => (apply(purge), None),
        }
    }

    /// Whether there may be stored responses for a URL, in this process or another one.
    pub(super) fn may_have(&self, url: &UrlName) -> bool {
        self.second_level().is_some() || self.urls.may_contain(url)
    }

    /// Looks up the stored response for a request.
    pub(super) fn find<'a>(
        &self,
        key: impl Into<KeyRef<'a>>,
        request: &HeaderMap,
        now: HttpDate,
    ) -> (Found, Usability) {
        let key = key.into();
        let mut usability = Usability::Purged;
        let found = self.store.get(key, request, |record| {
            let this = self.usability(key, record, now);
            let is_usable = this != Usability::Purged;
            if is_usable {
                usability = this;
            }
            is_usable
        });
        (found, usability)
    }

    /// Determines whether a stored response may be used. It must be revalidated if another process may have purged it.
    pub(super) fn usability<'a>(&self, key: impl Into<KeyRef<'a>>, record: &Record, now: HttpDate) -> Usability {
        let usability = record.usability(key, now, &self.purges);
        let is_trusted = self.second_level().is_none_or(|second| second.trusts(record.head().received, now));
        if is_trusted || usability == Usability::Purged {
            return usability;
        }
        Usability::Stale { staleness: u64::MAX, while_revalidating: false, on_error: false }
    }

    /// Stores a response, in the second level too. See [`keep`](Self::keep).
    pub(super) fn put(&self, key: &PrimaryKey, record: &Arc<Record>) -> Result<(), NotStored> {
        self.keep(key, record)?;
        if let Some(second) = self.second_level() {
            second.write(key, record);
        }
        Ok(())
    }

    /// Stores a response in the memory of this process, unless it is too large, or older than the stored one.
    pub(super) fn keep(&self, key: &PrimaryKey, record: &Arc<Record>) -> Result<(), NotStored> {
        let is_usable = |known: &Record| known.moment_is_current(key, &self.purges);
        let is_stored = self.store.insert(key.clone(), Arc::clone(record), is_usable);
        count(if is_stored { &self.stats.stored } else { &self.stats.not_stored });
        let is_too_large = record.weight() > self.store.max_object();
        if is_stored { Ok(()) } else { Err(if is_too_large { NotStored::TooLarge } else { NotStored::Outdated }) }
    }

    /// Stores a response in place of the one that it was created from, unless that has been replaced by now.
    pub(super) fn put_update(&self, key: &PrimaryKey, from: &Arc<Record>, record: &Arc<Record>) {
        let is_usable = |known: &Record| known.moment_is_current(key, &self.purges);
        let is_stored = self.store.insert_update(key.clone(), from, Arc::clone(record), is_usable);
        count(if is_stored { &self.stats.stored } else { &self.stats.not_stored });
        if let Some(second) = self.second_level().filter(|_| is_stored) {
            second.write(key, record);
        }
    }

    /// Remembers that the last response for the key was not stored.
    pub(super) fn mark(&self, key: &PrimaryKey, now: HttpDate) {
        self.marks.set(key, now);
    }

    /// Whether a response for the key was not stored a moment ago.
    pub(super) fn is_marked(&self, key: &PrimaryKey, now: HttpDate) -> bool {
        self.marks.contains(key, now)
    }
}

/// The number of keys that can be marked at the same time.
const MARKS: usize = 1 << 12;
/// The time in seconds for which a mark applies.
const MARKED_FOR: u64 = 2;

/// Remembers for a short time which keys have responses that are not stored, so that requests do not wait for each
/// other. Keys can replace each other, which only makes some requests wait.
#[derive(Debug)]
struct Marks {
    /// The upper half of the hash, and the lower half of the time in seconds.
    slots: Box<[AtomicU64]>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { slots: (0..MARKS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Marks {
    fn set(&self, key: &PrimaryKey, now: HttpDate) {
        self.slot(key).store(upper(key) | time(now), Ordering::Relaxed);
    }

    fn contains(&self, key: &PrimaryKey, now: HttpDate) -> bool {
        let mark = self.slot(key).load(Ordering::Relaxed);
        let age = time(now).wrapping_sub(mark & u64::from(u32::MAX)) & u64::from(u32::MAX);
        mark != 0 && mark & !u64::from(u32::MAX) == upper(key) && age < MARKED_FOR
    }

    fn slot(&self, key: &PrimaryKey) -> &AtomicU64 {
        let index = usize::try_from(key.hash() % MARKS as u64).unwrap_or(0);
        &self.slots[index]
    }
}

fn upper(key: &PrimaryKey) -> u64 {
    key.hash() & !u64::from(u32::MAX)
}

fn time(now: HttpDate) -> u64 {
    now.unix_seconds().cast_unsigned() & u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;

    use super::*;
    use crate::policy::CacheTags;
    use crate::protocol::Age;
    use crate::store::{KeyBuffer, KeyParts, RecordHead, Terms};

    #[test]
    fn an_update_is_stored_unless_its_response_has_been_replaced_by_one_that_is_not_purged() {
        let target = PathAndQuery::from_static("/");
        let parts = KeyParts { space: 0, scheme: "", host: b"h", target: &target, inner: None };
        let key = KeyRules::default().key(parts, &mut KeyBuffer::new()).map(KeyRef::to_owned).unwrap();
        let now = HttpDate::UNIX_EPOCH;
        let core = Core::new(MemoryStore::new(1 << 20));
        let record = || {
            let head = RecordHead {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                selection: Selection::of(&HeaderMap::new(), &HeaderMap::new(), SelectionRules::default()).unwrap(),
                terms: Terms { lifetime: 60, ..Terms::default() },
                moment: core.purges.moment(),
                received: now,
                initial_age: Age::ZERO,
                date: now,
                tags: CacheTags::new(),
                ruling: None,
            };
            Arc::new(Record::new(head, bytes::Bytes::new().into()))
        };
        let found = || match core.find(&key, &HeaderMap::new(), now) {
            (Found::Record(record), Usability::Fresh(60)) => Some(record),
            _ => None,
        };
        let counts = || (core.stats.read().stored, core.stats.read().not_stored);
        let (first, newer, updated) = (record(), record(), record());
        core.put(&key, &first).unwrap();
        core.put_update(&key, &first, &updated);
        assert!(Arc::ptr_eq(&found().unwrap(), &updated));
        assert_eq!(counts(), (2, 0));

        core.put(&key, &newer).unwrap();
        core.put_update(&key, &first, &record());
        assert!(Arc::ptr_eq(&found().unwrap(), &newer));
        assert_eq!(counts(), (3, 1));

        core.purge(PurgeOf { tags: &CacheTags::new(), urls: &[], prefixes: &[], everything: true, soft: None });
        assert!(found().is_none());
        let last = record();
        core.put_update(&key, &first, &last);
        assert!(Arc::ptr_eq(&found().unwrap(), &last));
        assert_eq!(counts(), (4, 1));
    }
}
