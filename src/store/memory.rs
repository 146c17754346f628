//! [`MemoryStore`]: stored responses in memory, weighed in bytes.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::key::{KeyRef, PrimaryKey};
use super::record::Record;
use super::selection::Selecting;

/// The maximum number of stored responses for one URL.
const MAX_VARIANTS: usize = 16;
/// The number of locks for changes. A change to the variants of a URL holds one of them.
const LOCKS: usize = 64;
/// An estimate of the memory for a URL in addition to its key and its variants.
const ENTRY_OVERHEAD: usize = 160;
/// An estimate of the average weight of a URL, for the initial size of the tables.
const AVERAGE_WEIGHT: u64 = 16 << 10;

/// Stored responses in the memory of the process, weighed in bytes.
///
/// When the store is full, it evicts the responses that are requested least. The weight of a response includes its
/// header fields, its content, and an estimate of the memory for its place in the store.
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

    /// Creates a store that uses at most `capacity` bytes, of which one response may use `max_object`.
    ///
    /// A response that is larger is passed through and not stored.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the options are complete")]
    pub fn with_max_object(capacity: u64, max_object: usize) -> Self {
        let max_object = max_object.min(usize::try_from(capacity / 2).unwrap_or(usize::MAX));
        // A shard does not admit what is heavier than itself. With one that holds two of the largest responses, the
        // variants of a URL fit too.
        let largest = u64::try_from(max_object).unwrap_or(u64::MAX).max(1);
        let shards = (capacity / largest.saturating_mul(2)).clamp(1, 64);
        let shards = usize::try_from(shards).unwrap_or(1);
        // Rounded down to a power of two, as the cache would round it up.
        let shards = 1 << shards.ilog2();
        let options = OptionsBuilder::new()
            .estimated_items_capacity(
                usize::try_from(capacity / AVERAGE_WEIGHT).unwrap_or(usize::MAX).clamp(16, 1 << 20),
            )
            .weight_capacity(capacity)
            .shards(shards)
            .build()
            .expect("both capacities are set");
        Self {
            cache: Cache::with_options(options, ByWeight, ByKey, DefaultLifecycle::default()),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
            seed: RandomState::new().hash_one(0),
            capacity,
            max_object,
        }
    }

    /// Returns the capacity in bytes.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns the number of bytes that the stored responses use, as far as they are weighed.
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

    /// Stores a response. It replaces the one with the same selecting values.
    ///
    /// Responses for which `is_usable` is false are removed on the way. Returns `false` if the response is too large.
    pub(crate) fn insert(&self, key: PrimaryKey, record: Arc<Record>, is_usable: impl Fn(&Record) -> bool) -> bool {
        if record.weight() > self.max_object {
            return false;
        }
        let _guard = self.lock(&key);
        let known = self.cache.peek(&key);
        let is_kept = |known: &&Arc<Record>| known.head().selection != record.head().selection && is_usable(known);
        let kept = known.as_ref().map(Variants::records).unwrap_or_default().iter().filter(is_kept).cloned();
        let mut records: Vec<_> = kept.collect();
        records.push(record);
        let most = self.cache.shard_capacity();
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
    let weight = ENTRY_OVERHEAD + key.len() + records.iter().map(|record| record.weight()).sum::<usize>();
    u64::try_from(weight).unwrap_or(u64::MAX)
}

#[derive(Clone, Copy, Debug)]
struct ByWeight;

impl Weighter<PrimaryKey, Variants> for ByWeight {
    fn weight(&self, key: &PrimaryKey, variants: &Variants) -> u64 {
        weight(key, variants.records())
    }
}

/// Passes on the hash that a key contains.
#[derive(Clone, Copy, Debug)]
struct ByKey;

impl BuildHasher for ByKey {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(0)
    }
}

#[derive(Debug)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // A key writes only its hash. This is for other uses of the trait.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        Arc::new(Record::new(head, body))
    }

    fn body(found: Found) -> Option<Bytes> {
        match found {
            Found::Record(record) => Some(record.body().clone()),
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
        store.insert(key("/"), Arc::new(Record::new(head, Bytes::from_static(b"old"))), |_| true);
        let get = |accepted: &str| body(store.get(&key("/"), &language(accepted), |_| true)).unwrap();
        assert_eq!(get("de"), "new");
        assert_eq!(get("en"), "old");
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
        let store = MemoryStore::with_max_object(64 << 10, 32 << 10);
        for index in 0..40 {
            let accepted = format!("l{index}");
            store.insert(key("/"), record(&accepted, 1, Bytes::from(vec![b'x'; 10_000])), |_| true);
            assert!(body(store.get(&key("/"), &language(&accepted), |_| true)).is_some(), "{index}");
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
                        prop_assert_eq!(known.as_ref(), Some(found.body()));
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
}
