//! [`MemoryStore`]: stored responses in memory, weighed in bytes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::content::{Blocks, allocated};
use super::key::{ByKey, KeyRef, PrimaryKey};
use super::record::Record;
use super::selection::Selecting;

/// The maximum number of stored responses for one URL.
const MAX_VARIANTS: usize = 16;
/// The number of locks for changes. A change to the variants of a URL holds one of them.
const LOCKS: usize = 64;
/// An estimate of the memory for a URL in the tables, in addition to its key and its variants.
const ENTRY_OVERHEAD: usize = 160;
/// The part of a shard that one URL may use. The cache keeps the rest for URLs that were requested only once, and rejects
/// an entry that is heavier.
const HOT: (u32, u32) = (31, 32);
/// An estimate of the average weight of a URL, for the initial size of the tables.
const AVERAGE_WEIGHT: u64 = 16 << 10;

/// Stored responses in the memory of the process, weighed in bytes.
///
/// When the store is full, it evicts the responses that are requested least. The weight of a response includes its
/// header fields, its content, and its place in the store, rounded up as an allocator does it.
///
/// # Memory of the process
///
/// The capacity is the memory that the process needs for the store, not only for stored responses. They use at most five
/// eighths of it, and responses that are being collected at most one eighth. The rest is for remembered purges, for free
/// blocks, and for the gaps that an allocator leaves. With 15.8 million requests in twelve minutes, for contents of random
/// lengths and by slow clients, a process with a store of 128 MiB had at most 109 MiB in use, and 118 MiB more resident
/// than before.
///
/// ```
/// use tower_cache_policy::store::MemoryStore;
///
/// // 256 MiB, of which one response may use 8 MiB.
/// let store = MemoryStore::new(256 << 20);
/// assert_eq!(store.max_object(), 8 << 20);
/// ```
pub struct MemoryStore {
    cache: Cache<PrimaryKey, Variants, ByWeight, ByKey, DefaultLifecycle<PrimaryKey, Variants>>,
    locks: Box<[Mutex<()>]>,
    blocks: Arc<Blocks>,
    seed: u64,
    capacity: u64,
    max_object: usize,
}

/// The stored responses for one URL, in the order in which they were stored.
#[derive(Clone, Debug)]
enum Variants {
    /// Most URLs have one, which a lookup clones without another counter.
    One(Arc<Record>),
    Several(Arc<[Arc<Record>]>),
}

impl MemoryStore {
    /// Creates a store that uses at most `capacity` bytes. One response may use 8 MiB of them, and at most a sixteenth.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let sixteenth = usize::try_from(capacity / 16).unwrap_or(usize::MAX);
        Self::with_max_object(capacity, sixteenth.min(8 << 20))
    }

    /// Creates a store that uses at most `capacity` bytes, of which one response may use `max_object`, and at most an
    /// eighth of the capacity.
    ///
    /// A response that is larger is passed through and not stored.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the options are complete")]
    pub fn with_max_object(capacity: u64, max_object: usize) -> Self {
        let max_object = max_object.min(usize::try_from(capacity / 8).unwrap_or(usize::MAX));
        // An eighth is for contents that are being collected, and the rest for purges and for memory that is not in use.
        let for_responses = capacity / 8 * 5;
        // A shard rejects an entry that is heavier than its own capacity. Each shard therefore has room for two
        // responses of the maximum size, so that the variants of a URL fit too.
        let largest = u64::try_from(max_object).unwrap_or(u64::MAX).max(1);
        let shards = (for_responses / largest.saturating_mul(2)).clamp(1, 64);
        let shards = usize::try_from(shards).unwrap_or(1);
        // Rounded down to a power of two, as the cache would round it up.
        let shards = 1 << shards.ilog2();
        let options = OptionsBuilder::new()
            .estimated_items_capacity(
                usize::try_from(for_responses / AVERAGE_WEIGHT).unwrap_or(usize::MAX).clamp(16, 1 << 20),
            )
            .weight_capacity(for_responses)
            .shards(shards)
            .hot_allocation(f64::from(HOT.0) / f64::from(HOT.1))
            .build()
            .expect("both capacities are set");
        Self {
            cache: Cache::with_options(options, ByWeight, ByKey, DefaultLifecycle::default()),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
            blocks: Blocks::new(capacity),
            seed: RandomState::new().hash_one(0),
            capacity,
            max_object,
        }
    }

    /// Returns the capacity in bytes, of which the stored responses may use five eighths.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The number of bytes that the stored responses may use.
    pub(crate) fn capacity_for_responses(&self) -> u64 {
        self.cache.capacity()
    }

    /// Returns the number of bytes that the stored responses use, according to their weights.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.cache.weight()
    }

    /// Returns the number of URLs with stored responses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Returns whether the store is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    /// Returns the number of bytes that one response may use.
    #[must_use]
    pub const fn max_object(&self) -> usize {
        self.max_object
    }

    /// The memory for contents.
    pub(crate) const fn blocks(&self) -> &Arc<Blocks> {
        &self.blocks
    }

    /// A random number for the hashes of keys.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the stored response that the request selects. `has_variants` is set if there are stored responses for
    /// the URL, although the request selects none of them.
    ///
    /// If several match, the one with the latest `Date` is used, or of these the one that was stored last.
    pub(crate) fn get<'a>(
        &self,
        key: impl Into<KeyRef<'a>>,
        request: &HeaderMap,
        is_usable: impl FnMut(&Record) -> bool,
    ) -> Found {
        match self.cache.get(&key.into()) {
            None => Found::Nothing,
            Some(Variants::One(record)) => Found::among_one(record, request, is_usable),
            Some(Variants::Several(records)) => Found::among(&records, request, is_usable),
        }
    }

    /// Stores a response. It replaces the one with the same selecting values, unless that one was requested after a
    /// later purge, or generated later.
    ///
    /// Responses for which `is_usable` is false are removed on the way. Returns `false` if the response is too large, or
    /// older than the stored one.
    pub(crate) fn insert(&self, key: PrimaryKey, record: Arc<Record>, is_usable: impl Fn(&Record) -> bool) -> bool {
        let order = |record: &Record| (record.head().moment, record.head().date.min(record.head().received));
        self.place(key, record, |known, record| is_usable(known).then(|| order(known) > order(record)))
    }

    /// Stores a response in place of the one that it was created from, unless that has been replaced by now. Otherwise
    /// like [`insert`](Self::insert).
    pub(crate) fn insert_update(
        &self,
        key: PrimaryKey,
        from: &Arc<Record>,
        record: Arc<Record>,
        is_usable: impl Fn(&Record) -> bool,
    ) -> bool {
        self.place(key, record, |known, _| (!Arc::ptr_eq(known, from) && is_usable(known)).then_some(true))
    }

    /// Stores a response. `takes_precedence` returns whether a stored response with the same selecting values takes
    /// precedence over the new one, or `None` if a stored response is removed.
    fn place(
        &self,
        key: PrimaryKey,
        record: Arc<Record>,
        takes_precedence: impl Fn(&Arc<Record>, &Record) -> Option<bool>,
    ) -> bool {
        if record.weight() > self.max_object {
            return false;
        }
        let _guard = self.lock(&key);
        let Some(variants) = self.cache.peek(&key) else {
            self.cache.insert(key, Variants::One(record));
            return true;
        };
        let mut records = Vec::new();
        for known in variants.records() {
            let is_same = known.head().selection == record.head().selection;
            match takes_precedence(known, &record) {
                Some(true) if is_same => return false,
                Some(_) if !is_same => records.push(Arc::clone(known)),
                _ => {}
            }
        }
        records.push(record);
        let most = self.cache.shard_capacity() / u64::from(HOT.1) * u64::from(HOT.0);
        while records.len() > MAX_VARIANTS || (records.len() > 1 && weight(&key, &records) > most) {
            // The record at the front was stored first.
            records.remove(0);
        }
        self.cache.insert(key, Variants::of(records));
        true
    }

    /// Removes the stored response, unless it has been replaced by now.
    pub(crate) fn remove(&self, key: &PrimaryKey, record: &Arc<Record>) {
        let _guard = self.lock(key);
        let Some(variants) = self.cache.peek(key) else { return };
        let known = variants.records();
        let records: Vec<_> = known.iter().filter(|known| !Arc::ptr_eq(known, record)).cloned().collect();
        if records.is_empty() {
            self.cache.remove(key);
        } else if records.len() < known.len() {
            self.cache.insert(key.clone(), Variants::of(records));
        }
    }

    /// Returns the URLs whose usable responses use the most memory, the largest first, with these responses in the order
    /// in which they were stored, and the number of bytes.
    pub(crate) fn largest(
        &self,
        limit: usize,
        is_usable: impl Fn(&PrimaryKey, &Record) -> bool,
    ) -> Vec<(PrimaryKey, Vec<Arc<Record>>, u64)> {
        let mut found: BTreeMap<(u64, Reverse<Vec<u8>>), (PrimaryKey, Vec<Arc<Record>>)> = BTreeMap::new();
        for (key, variants) in self.cache.iter() {
            let usable = variants.records().iter().filter(|record| is_usable(&key, record));
            let records: Vec<_> = usable.cloned().collect();
            if records.is_empty() {
                continue;
            }
            // URLs with the same weight have the same order each time.
            let place = (weight(&key, &records), Reverse(key.as_bytes().to_vec()));
            found.insert(place, (key, records));
            if found.len() > limit {
                found.pop_first();
            }
        }
        found.into_iter().rev().map(|((weight, _), (key, records))| (key, records, weight)).collect()
    }

    fn lock(&self, key: &PrimaryKey) -> std::sync::MutexGuard<'_, ()> {
        let index = usize::try_from(key.hash() % LOCKS as u64).unwrap_or(0);
        self.locks[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("capacity", &self.capacity)
            .field("weight", &self.weight())
            .field("max_object", &self.max_object)
            .finish_non_exhaustive()
    }
}

/// The result of a lookup.
#[derive(Debug)]
pub(crate) enum Found {
    /// There is no stored response for the URL.
    Nothing,
    /// There are stored responses for the URL, such as this one, but none for this request.
    OtherVariants(Arc<Record>),
    /// The response to use.
    Record(Arc<Record>),
}

impl Found {
    fn among_one(record: Arc<Record>, request: &HeaderMap, mut is_usable: impl FnMut(&Record) -> bool) -> Self {
        if !is_usable(&record) {
            return Self::Nothing;
        }
        if record.head().selection.matches(request) { Self::Record(record) } else { Self::OtherVariants(record) }
    }

    fn among(records: &[Arc<Record>], request: &HeaderMap, mut is_usable: impl FnMut(&Record) -> bool) -> Self {
        let mut selecting = Selecting::of(request, records.iter().map(|record| &record.head().selection));
        let mut latest: Option<&Arc<Record>> = None;
        for record in records {
            if selecting.matches(&record.head().selection)
                && latest.is_none_or(|latest| record.head().date >= latest.head().date)
                && is_usable(record)
            {
                latest = Some(record);
            }
        }
        match latest {
            Some(record) => Self::Record(Arc::clone(record)),
            None => {
                let other = records.iter().rev().find(|record| is_usable(record));
                other.map_or(Self::Nothing, |other| Self::OtherVariants(Arc::clone(other)))
            }
        }
    }
}

impl Variants {
    fn of(records: Vec<Arc<Record>>) -> Self {
        match <[_; 1]>::try_from(records) {
            Ok([record]) => Self::One(record),
            Err(records) => Self::Several(records.into()),
        }
    }

    fn records(&self) -> &[Arc<Record>] {
        match self {
            Self::One(record) => std::slice::from_ref(record),
            Self::Several(records) => records,
        }
    }
}

/// The weight of the stored responses for one URL.
fn weight(key: &PrimaryKey, records: &[Arc<Record>]) -> u64 {
    let list = if records.len() > 1 { allocated(size_of_val(records) + 16) } else { 0 };
    let records: usize = records.iter().map(|record| record.weight()).sum();
    let weight = ENTRY_OVERHEAD + allocated(key.len() + 16) + list + records;
    u64::try_from(weight).unwrap_or(u64::MAX)
}

#[derive(Clone, Copy, Debug)]
struct ByWeight;

impl Weighter<PrimaryKey, Variants> for ByWeight {
    fn weight(&self, key: &PrimaryKey, variants: &Variants) -> u64 {
        weight(key, variants.records())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;

    use super::super::key::{KeyBuffer, KeyParts, KeyRules};
    use super::super::purge_clock::Moment;
    use super::super::record::RecordHead;
    use super::super::selection::{Selection, SelectionRules};
    use super::super::terms::Terms;
    use super::*;
    use crate::policy::CacheTags;
    use crate::protocol::{Age, HttpDate};

    fn key(path: &str) -> PrimaryKey {
        let target = path.parse().unwrap();
        let parts = KeyParts { space: 0, scheme: "", host: b"h", target: &target, inner: None };
        KeyRules::default().key(parts, &mut KeyBuffer::new()).unwrap().to_owned()
    }

    fn language(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", value.parse().unwrap());
        headers
    }

    fn record(accepted: &str, date: i64, body: Bytes) -> Arc<Record> {
        let mut headers = HeaderMap::new();
        headers.insert("vary", "accept-language".parse().unwrap());
        let head = RecordHead {
            status: StatusCode::OK,
            selection: Selection::of(&headers, &language(accepted), SelectionRules::default()).unwrap(),
            headers,
            terms: Terms::default(),
            moment: Moment::default(),
            received: HttpDate::UNIX_EPOCH,
            initial_age: Age::ZERO,
            date: HttpDate::from_unix_seconds(date).unwrap(),
            tags: CacheTags::new(),
            ruling: None,
        };
        Arc::new(Record::new(head, body.into()))
    }

    fn body(found: Found) -> Option<Bytes> {
        match found {
            Found::Record(record) => Some(record.body().pieces()[0].clone()),
            Found::Nothing | Found::OtherVariants(_) => None,
        }
    }

    #[test]
    fn the_latest_date_wins_among_the_variants_that_match() {
        let store = MemoryStore::new(1 << 20);
        store.insert(key("/"), record("de", 2, Bytes::from_static(b"new")), |_| true);
        // Without `Vary`, it matches any request.
        let mut head = record("de", 1, Bytes::new()).head().clone();
        head.selection = Selection::of(&HeaderMap::new(), &HeaderMap::new(), SelectionRules::default()).unwrap();
        store.insert(key("/"), Arc::new(Record::new(head, Bytes::from_static(b"old").into())), |_| true);
        let get = |accepted: &str| body(store.get(&key("/"), &language(accepted), |_| true)).unwrap();
        assert_eq!(get("de"), "new");
        assert_eq!(get("en"), "old");
    }

    #[test]
    fn an_older_response_does_not_replace_a_newer_one() {
        let of = |moment: u64, date: i64, received: i64| {
            let head = RecordHead {
                moment: Moment::from_u64(moment),
                date: HttpDate::from_unix_seconds(date).unwrap(),
                received: HttpDate::from_unix_seconds(received).unwrap(),
                ..record("de", 0, Bytes::new()).head().clone()
            };
            Arc::new(Record::new(head, Bytes::new().into()))
        };
        let table = [
            ((1, 10, 10), (1, 10, 10), true),
            ((1, 10, 10), (1, 11, 11), true),
            ((1, 10, 10), (1, 9, 11), false),
            ((1, 10, 10), (2, 9, 11), true),
            ((2, 10, 10), (1, 20, 20), false),
            // A date in the future is wrong.
            ((1, 99, 10), (1, 11, 11), true),
        ];
        for ((moment, date, received), (own_moment, own_date, own_received), is_stored) in table {
            let store = MemoryStore::new(1 << 20);
            let known = of(moment, date, received);
            store.insert(key("/"), Arc::clone(&known), |_| true);
            let new = of(own_moment, own_date, own_received);
            assert_eq!(store.insert(key("/"), Arc::clone(&new), |_| true), is_stored, "{known:?} {new:?}");
            let Found::Record(found) = store.get(&key("/"), &language("de"), |_| true) else { panic!("one is stored") };
            assert!(Arc::ptr_eq(&found, if is_stored { &new } else { &known }));
        }
    }

    #[test]
    fn an_update_does_not_replace_a_response_that_was_stored_meanwhile() {
        let store = MemoryStore::new(1 << 20);
        let old = record("de", 1, Bytes::from_static(b"old"));
        let update = record("de", 3, Bytes::from_static(b"old, updated"));
        store.insert(key("/"), Arc::clone(&old), |_| true);
        assert!(store.insert_update(key("/"), &old, Arc::clone(&update), |_| true));
        store.insert(key("/"), record("de", 3, Bytes::from_static(b"new")), |_| true);
        assert!(!store.insert_update(key("/"), &update, record("de", 4, Bytes::new()), |_| true));
        assert_eq!(body(store.get(&key("/"), &language("de"), |_| true)).unwrap(), "new");
        // The update of a response that was evicted is stored.
        assert!(store.insert_update(key("/b"), &old, update, |_| true));
        assert!(body(store.get(&key("/b"), &language("de"), |_| true)).is_some());
    }

    #[test]
    fn only_the_removed_record_is_removed() {
        let store = MemoryStore::new(1 << 20);
        let german = record("de", 1, Bytes::from_static(b"de"));
        store.insert(key("/"), Arc::clone(&german), |_| true);
        store.insert(key("/"), record("en", 1, Bytes::from_static(b"en")), |_| true);
        store.insert(key("/"), record("de", 2, Bytes::from_static(b"neu")), |_| true);
        store.remove(&key("/"), &german);
        assert_eq!(body(store.get(&key("/"), &language("de"), |_| true)).unwrap(), "neu");
        let Found::Record(last) = store.get(&key("/"), &language("de"), |_| true) else { panic!("it was there") };
        store.remove(&key("/"), &last);
        assert!(matches!(store.get(&key("/"), &language("de"), |_| true), Found::OtherVariants(_)));
        assert_eq!(body(store.get(&key("/"), &language("en"), |_| true)).unwrap(), "en");
    }

    #[test]
    fn the_largest_urls_are_those_with_the_largest_usable_responses() {
        let store = MemoryStore::new(1 << 20);
        for (path, accepted, length) in [("/a", "de", 10), ("/b", "de", 300), ("/b", "en", 300), ("/c", "de", 500)] {
            store.insert(key(path), record(accepted, 1, Bytes::from(vec![b'x'; length])), |_| true);
        }
        let names = |limit, is_usable: fn(&Record) -> bool| -> Vec<(PrimaryKey, usize)> {
            let found = store.largest(limit, |_, record| is_usable(record));
            assert!(found.is_sorted_by(|one, other| one.2 >= other.2));
            found.into_iter().map(|(key, records, _)| (key, records.len())).collect()
        };
        assert_eq!(names(9, |_| true), [(key("/b"), 2), (key("/c"), 1), (key("/a"), 1)]);
        assert_eq!(names(1, |_| true), [(key("/b"), 2)]);
        assert_eq!(names(9, |record| record.body().len() == 10), [(key("/a"), 1)]);
        assert_eq!(names(0, |_| true), []);
    }

    #[test]
    fn the_weight_stays_within_the_capacity() {
        for capacity in [0, 1, 1_000, 64 << 10, 1 << 20] {
            let store = MemoryStore::with_max_object(capacity, 16 << 10);
            for index in 0..2_000 {
                let content = Bytes::from(vec![b'x'; index * 37 % 20_000]);
                store.insert(key(&format!("/{}", index % 700)), record(&format!("l{}", index % 3), 1, content), |_| {
                    true
                });
                assert!(store.weight() <= capacity, "{} of {capacity}", store.weight());
            }
            assert_eq!(store.is_empty(), capacity <= 1_000, "{capacity}");
        }
    }

    #[test]
    fn the_variants_of_one_url_do_not_displace_all_of_them() {
        // With some of these lengths, several variants use nearly all of a shard.
        for length in (9_000..12_000).step_by(50) {
            let store = MemoryStore::with_max_object(256 << 10, 32 << 10);
            for index in 0..20 {
                let accepted = format!("l{index}");
                store.insert(key("/"), record(&accepted, 1, Bytes::from(vec![b'x'; length])), |_| true);
                assert!(body(store.get(&key("/"), &language(&accepted), |_| true)).is_some(), "{length}, {index}");
            }
        }
    }

    proptest! {
        /// Compares a store that is large enough with a map.
        #[test]
        fn agrees_with_a_map(steps in proptest::collection::vec(("/[ab]", "[cd]", any::<Option<u8>>()), 0..60)) {
            let store = MemoryStore::new(1 << 20);
            let mut model: BTreeMap<(String, String), Bytes> = BTreeMap::new();
            for (path, accepted, value) in steps {
                let name = (path.clone(), accepted.clone());
                match (value, store.get(&key(&path), &language(&accepted), |_| true)) {
                    (Some(value), _) => {
                        let content = Bytes::from(vec![value]);
                        model.insert(name, content.clone());
                        store.insert(key(&path), record(&accepted, 1, content), |_| true);
                    }
                    (None, Found::Record(found)) => {
                        let known = model.remove(&name);
                        prop_assert_eq!(known.as_ref(), found.body().pieces().first());
                        store.remove(&key(&path), &found);
                    }
                    (None, _) => prop_assert!(!model.contains_key(&name)),
                }
            }
            for ((path, accepted), content) in &model {
                let found = body(store.get(&key(path), &language(accepted), |_| true));
                prop_assert_eq!(found.as_ref(), Some(content));
            }
        }
    }

    #[test]
    fn a_response_of_the_maximum_size_is_stored() {
        let content = record("de", 1, Bytes::from(vec![b'x'; 3_000]));
        for (less, is_stored) in [(0, true), (1, false)] {
            let store = MemoryStore::with_max_object(1 << 20, content.weight() - less);
            assert_eq!(store.insert(key("/"), Arc::clone(&content), |_| true), is_stored);
            assert_eq!(store.len(), usize::from(is_stored));
        }
        assert_eq!(MemoryStore::with_max_object(1_000, 600).max_object(), 125, "at most an eighth of the capacity");
    }

    #[test]
    fn the_largest_urls_are_first_and_those_of_the_same_size_are_in_order() {
        let store = MemoryStore::new(1 << 20);
        for (path, length) in [("/c", 9), ("/b", 9), ("/e", 900), ("/a", 9), ("/d", 9)] {
            store.insert(key(path), record("de", 1, Bytes::from(vec![b'x'; length])), |_| true);
        }
        let targets = |limit| store.largest(limit, |_, _| true).iter().map(|(key, ..)| key.url().target()).collect();
        let (all, some): (Vec<String>, Vec<String>) = (targets(9), targets(3));
        assert_eq!(all, ["/e", "/a", "/b", "/c", "/d"]);
        assert_eq!(some, ["/e", "/a", "/b"]);
    }

    #[test]
    fn two_stores_have_different_seeds() {
        assert_ne!(MemoryStore::new(1 << 20).seed(), MemoryStore::new(1 << 20).seed());
    }

    #[test]
    fn the_weight_of_a_url_includes_its_key_and_the_list_of_its_variants() {
        let (one, other) = (record("de", 1, Bytes::new()), record("en", 1, Bytes::from(vec![b'x'; 500])));
        let of = |path: &str, records: &[Arc<Record>]| usize::try_from(weight(&key(path), records)).unwrap();
        let long = format!("/{}", "a".repeat(1_000));
        let single = of("/", &[Arc::clone(&one)]);
        assert_eq!(single - one.weight(), ENTRY_OVERHEAD + 48, "a key of 18 bytes");
        assert_eq!(of(&long, &[Arc::clone(&one)]) - single, 1_008, "the key, in multiples of 16 bytes");
        // Two pointers with two counters.
        assert_eq!(of("/", &[one, Arc::clone(&other)]) - single, other.weight() + 48);
    }

    #[test]
    fn the_store_is_weighed_in_bytes() {
        let store = MemoryStore::new(1 << 20);
        let mut expected = 0;
        for (path, length) in [("/a", 100), ("/b", 5_000)] {
            let stored = record("de", 1, Bytes::from(vec![b'x'; length]));
            expected += weight(&key(path), std::slice::from_ref(&stored));
            store.insert(key(path), stored, |_| true);
            assert_eq!(store.weight(), expected);
        }
    }
}
