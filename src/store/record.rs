//! [`Record`]: one stored response.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http::header::{AGE, DATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::key::PrimaryKey;
use super::purge_clock::{Moment, PurgeClock, Purged};
use super::selection::Selection;
use super::terms::Terms;
use crate::policy::{CacheTags, Ruling};
use crate::protocol::{Age, Cache, CacheControl, HttpDate, remove_unstored_fields};

/// The maximum size of a head in bytes. A response with a larger one is not stored.
const MAX_HEAD: usize = 64 << 10;
/// An estimate of the memory for one field in a `HeaderMap`, in addition to its text.
const FIELD_OVERHEAD: usize = 120;
/// An estimate of the memory for one record in addition to its parts: allocations, and its place in the store.
const RECORD_OVERHEAD: usize = size_of::<Record>() + 160;

/// One stored response.
#[derive(Debug)]
pub(crate) struct Record {
    head: RecordHead,
    body: Bytes,
    /// The moment up to which it is known that no purge names the record.
    checked: AtomicU64,
}

/// A stored response without its body, which may still be under way.
#[derive(Clone, Debug)]
pub(crate) struct RecordHead {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) selection: Selection,
    pub(crate) terms: Terms,
    /// The moment before the request was passed to the inner service.
    pub(crate) moment: Moment,
    pub(crate) received: HttpDate,
    pub(crate) initial_age: Age,
    pub(crate) date: HttpDate,
    pub(crate) tags: CacheTags,
    pub(crate) ruling: Option<Ruling>,
}

/// Whether a stored response may be used at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usability {
    /// It is fresh for these seconds.
    Fresh(u64),
    /// It is stale for these seconds, or must be revalidated before each use.
    Stale { staleness: u64, while_revalidating: bool, on_error: bool },
    /// It has been purged.
    Purged,
}

impl RecordHead {
    /// Prepares the fields of a response for storing: without those that must not be stored, with a `Date` and an `Age`,
    /// and in memory of their own. Returns `None` if they are too large, or if a field must be left out that the
    /// response needs.
    ///
    /// Fields that a server received are often slices of its buffer, and would keep the complete buffer in memory.
    // S-02, A-03
    pub(crate) fn fields_for_storing(
        mut response: HeaderMap,
        control: &CacheControl,
        date: HttpDate,
    ) -> Option<HeaderMap> {
        remove_unstored_fields(&mut response, control, Cache::Shared).ok()?;
        let length: usize = response.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if length > MAX_HEAD {
            return None;
        }
        let mut text = BytesMut::with_capacity(length);
        let mut headers = HeaderMap::with_capacity(response.len() + 3);
        for (name, value) in &response {
            text.extend_from_slice(value.as_bytes());
            let copy = text.split().freeze();
            // The value was valid before.
            let Ok(mut value_copy) = HeaderValue::from_maybe_shared(copy) else { return None };
            value_copy.set_sensitive(value.is_sensitive());
            headers.append(name.clone(), value_copy);
        }
        headers.insert(AGE, HeaderValue::from_static("0"));
        if !headers.contains_key(DATE) {
            headers.insert(DATE, date.to_header_value());
        }
        Some(headers)
    }

    /// An estimate of the memory that the head uses.
    pub(crate) fn weight(&self) -> usize {
        let fields: usize =
            self.headers.iter().map(|(name, value)| FIELD_OVERHEAD + name.as_str().len() + value.len()).sum();
        let tags: usize = self.tags.iter().map(|tag| size_of::<crate::policy::CacheTag>() + tag.as_str().len()).sum();
        let ruling = self.ruling.as_ref().map_or(0, |_| 512);
        fields + tags + ruling + self.selection.weight()
    }
}

impl Record {
    pub(crate) fn new(head: RecordHead, body: Bytes) -> Self {
        let checked = AtomicU64::new(head.moment.as_u64());
        Self { head, body, checked }
    }

    pub(crate) const fn head(&self) -> &RecordHead {
        &self.head
    }

    pub(crate) const fn body(&self) -> &Bytes {
        &self.body
    }

    /// An estimate of the memory that the record uses.
    pub(crate) fn weight(&self) -> usize {
        RECORD_OVERHEAD + self.head.weight() + self.body.len()
    }

    /// The age at this time.
    //
    pub(crate) fn age(&self, now: HttpDate) -> u64 {
        self.head.initial_age.current(self.head.received, now).seconds()
    }

    /// Determines whether the record may be used.
    pub(crate) fn usability(&self, key: &PrimaryKey, now: HttpDate, purges: &PurgeClock) -> Usability {
        let purged = self.purged(key, purges);
        let age = self.age(now);
        let terms = &self.head.terms;
        let staleness = match purged {
            Purged::Hard => return Usability::Purged,
            Purged::No if age < terms.lifetime && !terms.no_cache => return Usability::Fresh(terms.lifetime - age),
            Purged::No => age.saturating_sub(terms.lifetime),
            Purged::Soft(at) => age.saturating_sub(terms.lifetime).max(now.seconds_since(at)),
        };
        let within = |window: u64| !terms.forbids_stale && !terms.no_cache && staleness < window;
        Usability::Stale {
            staleness,
            while_revalidating: within(terms.stale_while_revalidate),
            on_error: within(terms.stale_if_error),
        }
    }

    /// Whether no purge has removed the record.
    pub(crate) fn moment_is_current(&self, key: &PrimaryKey, purges: &PurgeClock) -> bool {
        self.purged(key, purges) != Purged::Hard
    }

    fn purged(&self, key: &PrimaryKey, purges: &PurgeClock) -> Purged {
        let checked = Moment::from_u64(self.checked.load(Ordering::Acquire));
        if checked == purges.moment() {
            return Purged::No;
        }
        let (purged, now) = purges.check(self.head.moment, &self.head.tags, || key.url());
        if purged == Purged::No {
            self.checked.fetch_max(now.as_u64(), Ordering::AcqRel);
        }
        purged
    }
}
