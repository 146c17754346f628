//! [`Record`]: one stored response.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use http::header::{AGE, DATE, ETAG, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::content::{Content, allocated};
use super::key::KeyRef;
use super::purge_clock::{Moment, PurgeClock, Purged};
use super::selection::Selection;
use super::terms::Terms;
use crate::policy::{CacheTag, CacheTags, Ruling};
use crate::protocol::{
    Age, Cache, CacheControl, EntityTagRef, HttpDate, Outcome, Preconditions, into_not_modified, only_line,
    unstored_fields,
};

pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// The maximum size of a head in bytes. A response with a larger one is not stored.
const MAX_HEAD: usize = 64 << 10;
/// The length of the values of other fields for which the stored ones are not copied again, in bytes.
const MAX_REST: usize = 64;
/// The size of one field in a `HeaderMap`: the name, the value, its hash and its links.
const FIELD_SIZE: usize = size_of::<HeaderName>() + size_of::<HeaderValue>() + 32;
/// The size of a further line of a field in a `HeaderMap`: the value and its links.
const LINE_SIZE: usize = size_of::<HeaderValue>() + 32;

/// One stored response.
#[derive(Debug)]
pub(crate) struct Record {
    head: RecordHead,
    body: Content,
    /// The line of `ETag`, if there is one and it is valid.
    etag: Option<HeaderValue>,
    /// The fields of a 304 in place of the response, created when the first client needs them.
    not_modified: OnceLock<Box<HeaderMap>>,
    weight: usize,
    /// The moment up to which it is known that no purge names the record.
    checked: AtomicU64,
}

/// A stored response without its body, which may still be incomplete.
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
    /// and in separate memory. Returns `None` if they are too large, or if a field must be omitted that the
    /// response needs.
    ///
    /// Fields that a server received are often slices of its buffer, and would keep the complete buffer in memory.
    // S-02, A-03
    pub(crate) fn fields_for_storing(
        response: &HeaderMap,
        control: &CacheControl,
        date: HttpDate,
    ) -> Option<HeaderMap> {
        let unstored = unstored_fields(response, control, Cache::Shared).ok()?;
        let is_stored = |name: &HeaderName| !unstored.contain(name);
        let all = response.values().map(HeaderValue::len).fold(0, usize::saturating_add).min(MAX_HEAD);
        let (headers, values) = copy_fields(response, is_stored, date, all)?;
        if all - values <= MAX_REST {
            return Some(headers);
        }
        // The weight does not include the memory for the other fields. Few responses have long ones.
        copy_fields(response, is_stored, date, values).map(|(headers, _)| headers)
    }

    /// Returns the places of `Age` and of the report in `Cache-Status` among the fields of a stored response.
    pub(crate) fn places(headers: &mut HeaderMap) -> Option<(&mut HeaderValue, &mut HeaderValue)> {
        let mut lines = headers.iter_mut();
        let ((age, age_value), (report, report_value)) = (lines.next()?, lines.next()?);
        (*age == AGE && is_place_of_report(report, report_value)).then_some((age_value, report_value))
    }

    /// An estimate of the memory that the head uses.
    pub(crate) fn weight(&self) -> usize {
        // The values share one allocation. That and the one of `Date` have counters.
        let text: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let text = allocated(text) + 3 * allocated(40);
        // A list of tags starts with a capacity of four.
        let tags = self.tags.iter().map(|tag| allocated(tag.as_str().len())).sum::<usize>()
            + match self.tags.iter().count() {
                0 => 0,
                count => allocated(count.next_power_of_two().max(4) * size_of::<CacheTag>()),
            };
        let ruling = self.ruling.as_ref().map_or(0, |_| 512);
        memory_of_map(&self.headers, self.headers.capacity()) + text + tags + ruling + self.selection.weight()
    }
}

impl Record {
    pub(crate) fn new(head: RecordHead, body: Content) -> Self {
        let checked = AtomicU64::new(head.moment.as_u64());
        let etag =
            only_line(&head.headers, &ETAG).filter(|etag| EntityTagRef::parse(etag.as_bytes()).is_some()).cloned();
        // The fields of the 304 share their text with those of the response.
        let has_validator = etag.is_some() || head.headers.contains_key(LAST_MODIFIED);
        let not_modified = match has_validator {
            true => allocated(size_of::<HeaderMap>()) + memory_of_map(&head.headers, head.headers.keys_len()),
            false => 0,
        };
        // With the two counters of an `Arc`.
        let itself = allocated(size_of::<Self>() + 16);
        let weight = itself + head.weight() + not_modified + body.weight();
        Self { head, body, etag, not_modified: OnceLock::new(), weight, checked }
    }

    pub(crate) const fn head(&self) -> &RecordHead {
        &self.head
    }

    pub(crate) const fn body(&self) -> &Content {
        &self.body
    }

    /// An estimate of the memory that the record uses.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    /// Returns the fields of the response, with places for `Age` and `Cache-Status`.
    pub(crate) fn fields(&self) -> HeaderMap {
        self.head.headers.clone()
    }

    /// Returns the fields of a 304 in place of the response, with the same places.
    pub(crate) fn fields_of_not_modified(&self) -> HeaderMap {
        let fields = self.not_modified.get_or_init(|| {
            let mut fields = self.head.headers.clone();
            into_not_modified(&mut fields);
            // Without the room of the fields that are gone.
            Box::new(fields.clone())
        });
        HeaderMap::clone(fields)
    }

    /// Whether the client has the content: the conditions of the request, which is a GET or HEAD, are false.
    // P-16, P-17
    pub(crate) fn is_current_at(&self, method: &Method, request: &HeaderMap, now: HttpDate) -> bool {
        // A single tag with the same bytes is not parsed, and takes precedence over a date.
        if self.etag.is_some() && only_line(request, &IF_NONE_MATCH) == self.etag.as_ref() {
            return true;
        }
        let evaluation =
            Preconditions::new(method, request).evaluate_stored(&self.head.headers, self.head.received, now);
        evaluation.outcome() == Outcome::NotModified
    }

    /// The age at this time.
    // A-06
    pub(crate) fn age(&self, now: HttpDate) -> u64 {
        self.head.initial_age.current(self.head.received, now).seconds()
    }

    /// Whether the clock has been set back since the response was received. Clocks of two processes may differ a little.
    pub(crate) fn is_ahead_of(&self, now: HttpDate) -> bool {
        const MAX_SKEW: u64 = 60;
        self.head.received.seconds_since(now) > MAX_SKEW
    }

    /// Determines whether the record may be used.
    pub(crate) fn usability<'a>(&self, key: impl Into<KeyRef<'a>>, now: HttpDate, purges: &PurgeClock) -> Usability {
        let purged = self.purged(key.into(), purges);
        let age = self.age(now);
        let terms = &self.head.terms;
        let staleness = match purged {
            Purged::Hard => return Usability::Purged,
            // The response would be fresh until its time comes again, and then for its lifetime.
            _ if self.is_ahead_of(now) => {
                let staleness = self.head.received.seconds_since(now);
                return Usability::Stale { staleness, while_revalidating: false, on_error: false };
            }
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

    /// Whether a purge has removed the record or made it stale.
    pub(crate) fn is_purged<'a>(&self, key: impl Into<KeyRef<'a>>, purges: &PurgeClock) -> bool {
        self.purged(key.into(), purges) != Purged::No
    }

    /// Whether no purge has removed the record.
    pub(crate) fn moment_is_current<'a>(&self, key: impl Into<KeyRef<'a>>, purges: &PurgeClock) -> bool {
        self.purged(key.into(), purges) != Purged::Hard
    }

    fn purged(&self, key: KeyRef<'_>, purges: &PurgeClock) -> Purged {
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

/// Copies the fields that are stored, into memory with room for values of this length. Returns the length of the values
/// too, or `None` if the fields are too large.
fn copy_fields(
    response: &HeaderMap,
    is_stored: impl Fn(&HeaderName) -> bool,
    date: HttpDate,
    room: usize,
) -> Option<(HeaderMap, usize)> {
    let mut text = BytesMut::with_capacity(room);
    // One more than the fields below, for the `Content-Length` of HEAD. A map counts names and not lines, and the names
    // of a full one would be longer than the maximum.
    let mut headers = HeaderMap::with_capacity(response.keys_len() + 4);
    // These come first, where a response from the cache finds them, and reserve capacity, which a cloned map lacks.
    headers.insert(AGE, const { HeaderValue::from_static("0") });
    // The lines of inner caches come before that of this cache, so no place is reserved in front of them.
    if response.get_all(CACHE_STATUS).iter().all(HeaderValue::is_empty) {
        headers.insert(CACHE_STATUS, const { HeaderValue::from_static("") });
    }
    let (mut names, mut values, mut has_date) = (0, 0, false);
    for (name, value) in response.iter().filter(|(name, _)| is_stored(name)) {
        (names, values) = (names + name.as_str().len(), values + value.len());
        if names + values > MAX_HEAD {
            return None;
        }
        if *name == AGE || is_place_of_report(name, value) {
            continue;
        }
        has_date |= *name == DATE;
        let mut copy = match usual_value(value.as_bytes()) {
            Some(usual) => usual,
            None => {
                text.extend_from_slice(value.as_bytes());
                // The value was valid before.
                HeaderValue::from_maybe_shared(text.split().freeze()).ok()?
            }
        };
        copy.set_sensitive(value.is_sensitive());
        headers.append(name.clone(), copy);
    }
    if !has_date {
        headers.insert(DATE, date.to_header_value());
    }
    Some((headers, values))
}

/// Returns a value that many responses have. It needs neither memory nor a counter that all threads change.
fn usual_value(value: &[u8]) -> Option<HeaderValue> {
    macro_rules! usual {
        ($($text:literal)*) => {
            match value {
                $($text => Some(const {
                    match std::str::from_utf8($text) {
                        Ok(text) => HeaderValue::from_static(text),
                        Err(_) => panic!("these are ASCII"),
                    }
                }),)*
                _ => None,
            }
        };
    }

    usual! {
        b"text/html" b"text/html; charset=utf-8" b"text/css" b"text/css; charset=utf-8" b"text/plain; charset=utf-8"
        b"text/javascript" b"text/javascript; charset=utf-8" b"application/json" b"application/javascript"
        b"image/png" b"image/jpeg" b"image/webp" b"image/svg+xml" b"application/octet-stream" b"br" b"gzip" b"zstd"
        b"identity" b"bytes" b"accept-encoding" b"Accept-Encoding" b"accept-language" b"accept" b"Origin" b"origin"
        b"nosniff" b"DENY" b"SAMEORIGIN" b"no-referrer" b"strict-origin-when-cross-origin" b"same-origin" b"*" b"en"
        b"0" b"public, max-age=60" b"public, max-age=300" b"public, max-age=600" b"public, max-age=3600"
        b"public, max-age=86400" b"public, max-age=31536000, immutable" b"max-age=31536000"
        b"max-age=31536000; includeSubDomains"
    }
}

/// The memory of a map with room for this number of fields, without their text.
fn memory_of_map(fields: &HeaderMap, room: usize) -> usize {
    let more = fields.len() - fields.keys_len();
    let lines = if more == 0 { 0 } else { more.next_power_of_two().max(4) };
    // The index has four bytes for each field, and is a quarter empty.
    allocated(room * FIELD_SIZE) + allocated(room * 16 / 3) + allocated(lines * LINE_SIZE)
}

/// Whether a line of a stored response only makes room for the report of this cache.
fn is_place_of_report(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_empty() && *name == CACHE_STATUS
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::selection::{Selection, SelectionRules};
    use super::*;

    const NAMES: [&str; 9] = [
        "age",
        "cache-status",
        "content-type",
        "content-encoding",
        "date",
        "etag",
        "last-modified",
        "vary",
        "content-security-policy",
    ];

    fn record(headers: HeaderMap) -> Record {
        let head = RecordHead {
            status: StatusCode::OK,
            selection: Selection::of(&HeaderMap::new(), &HeaderMap::new(), SelectionRules::default()).unwrap(),
            headers,
            terms: Terms::default(),
            moment: Moment::default(),
            received: HttpDate::UNIX_EPOCH,
            initial_age: Age::ZERO,
            date: HttpDate::UNIX_EPOCH,
            tags: CacheTags::new(),
            ruling: None,
        };
        Record::new(head, Bytes::new().into())
    }

    fn fields(lines: &[(usize, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(NAMES[*name], HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_stored_response_has_room_for_the_fields_of_the_cache() {
        let control = CacheControl::default();
        let stored =
            |headers: HeaderMap| RecordHead::fields_for_storing(&headers, &control, HttpDate::UNIX_EPOCH).unwrap();
        let lines = |headers: &HeaderMap| {
            headers.get_all(CACHE_STATUS).iter().map(|line| line.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let mut headers = stored(fields(&[(2, "text/html"), (0, "7")]));
        assert!(RecordHead::places(&mut headers).is_some());
        assert_eq!(lines(&headers), [""]);
        assert_eq!(headers[AGE], "0");
        assert_eq!(lines(&stored(headers)), [""], "stored again after a revalidation");
        let mut of_inner_caches = stored(fields(&[(1, ""), (1, "inner; hit"), (1, "outer; hit")]));
        assert_eq!(lines(&of_inner_caches), ["inner; hit", "outer; hit"]);
        assert!(RecordHead::places(&mut of_inner_caches).is_none(), "the line of this cache comes last");
    }

    proptest! {
        #[test]
        fn every_304_has_the_fields_that_remain_of_the_stored_response(
            lines in proptest::collection::vec((0..NAMES.len(), "[a-c\"';-]{0,8}"), 0..70)
        ) {
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut expected = fields(&lines);
            let record = record(expected.clone());
            into_not_modified(&mut expected);
            for _ in 0..3 {
                prop_assert_eq!(&record.fields_of_not_modified(), &expected);
            }
        }

        #[test]
        fn equal_tags_are_found_without_parsing_exactly_if_the_condition_is_false(
            tags in proptest::collection::vec("(W/)?\"?[ab]?\"?", 0..2),
            conditions in proptest::collection::vec("(W/)?\"?[ab]?\"?(, \"a\")?|\\*", 0..3),
            date in any::<bool>(),
        ) {
            let mut stored = HeaderMap::new();
            for tag in &tags {
                stored.append("etag", HeaderValue::from_str(tag).unwrap());
            }
            let mut request = HeaderMap::new();
            for condition in &conditions {
                request.append("if-none-match", HeaderValue::from_str(condition).unwrap());
            }
            if date {
                request.insert("if-modified-since", HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"));
            }
            let now = HttpDate::from_unix_seconds(60).unwrap();
            let preconditions = Preconditions::new(&Method::GET, &request);
            let expected = preconditions.evaluate_stored(&stored, HttpDate::UNIX_EPOCH, now).outcome();
            let is_current = record(stored).is_current_at(&Method::GET, &request, now);
            prop_assert_eq!(is_current, expected == Outcome::NotModified);
        }
    }

    #[test]
    fn a_stored_response_has_one_date_which_is_its_own_if_it_has_one() {
        let control = CacheControl::default();
        let stored =
            |headers: HeaderMap| RecordHead::fields_for_storing(&headers, &control, HttpDate::UNIX_EPOCH).unwrap();
        let own = "Fri, 02 Jan 1970 00:00:00 GMT";
        for (headers, expected) in [(fields(&[(4, own)]), own), (fields(&[]), "Thu, 01 Jan 1970 00:00:00 GMT")] {
            let stored = stored(headers);
            assert_eq!(stored.get_all(DATE).iter().collect::<Vec<_>>(), [expected]);
        }
    }

    #[test]
    fn a_value_remains_marked_as_sensitive() {
        for is_sensitive in [true, false] {
            let mut value = HeaderValue::from_static("text/html");
            value.set_sensitive(is_sensitive);
            let mut other = HeaderValue::from_static("\"tag\"");
            other.set_sensitive(is_sensitive);
            let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, value), (ETAG, other)]);
            let control = CacheControl::default();
            let stored = RecordHead::fields_for_storing(&headers, &control, HttpDate::UNIX_EPOCH).unwrap();
            assert_eq!(stored[http::header::CONTENT_TYPE].is_sensitive(), is_sensitive);
            assert_eq!(stored[ETAG].is_sensitive(), is_sensitive);
        }
    }

    #[test]
    fn fields_that_are_not_stored_take_no_memory() {
        for (connection, is_stored) in [("x-long", false), ("x-other", true)] {
            let mut response = HeaderMap::new();
            response.insert("connection", HeaderValue::from_static(connection));
            response.insert("x-long", "x".repeat(20_000).parse().unwrap());
            let mut stored = None;
            let fields = || RecordHead::fields_for_storing(&response, &CacheControl::default(), HttpDate::UNIX_EPOCH);
            let memory = allocation_counter::measure(|| stored = fields()).bytes_current;
            assert_eq!(stored.unwrap().contains_key("x-long"), is_stored);
            assert_eq!(memory > 20_000, is_stored, "{memory} bytes");
        }
    }

    #[test]
    fn the_weight_of_a_response_includes_all_of_its_parts() {
        let long = "x".repeat(1_000);
        let of = |headers: HeaderMap| record(headers).weight();
        let head = record(fields(&[])).head().clone();
        let base = Record::new(head.clone(), Bytes::new().into()).weight();
        assert!(base > size_of::<Record>());
        let with = |head: RecordHead| Record::new(head, Bytes::new().into()).weight() - base;
        assert_eq!(with(RecordHead { ruling: Some(Ruling::default()), ..head.clone() }), 512);
        let tags: CacheTags =
            ["a", "b", "c", "d", "e"].map(|tag| CacheTag::new(tag.repeat(100)).unwrap()).into_iter().collect();
        assert_eq!(
            with(RecordHead { tags, ..head.clone() }),
            5 * 112 + allocated(8 * size_of::<CacheTag>()),
            "a list grows to a power of two"
        );
        let one: CacheTags = std::iter::once(CacheTag::from_static("a")).collect();
        assert_eq!(with(RecordHead { tags: one, ..head.clone() }), 16 + allocated(4 * size_of::<CacheTag>()));
        let vary = HeaderMap::from_iter([(http::header::VARY, HeaderValue::from_static("x-a"))]);
        let selection = Selection::of(&vary, &HeaderMap::new(), SelectionRules::default()).unwrap();
        let weight = selection.weight();
        assert_eq!(with(RecordHead { selection, ..head }), weight);
        // The text, and the places of the field in maps with room for few fields.
        let long = of(fields(&[(6, &long)])) - of(fields(&[(6, "x")]));
        assert!((990..1_020).contains(&long), "{long}");
        let content = Record::new(record(fields(&[])).head().clone(), Bytes::from(vec![b'x'; 500]).into()).weight();
        assert_eq!(content - base, allocated(500) + allocated(24));
        let validated = of(fields(&[(5, "\"a\"")])) - of(fields(&[(2, "\"a\"")]));
        assert!(validated >= size_of::<HeaderMap>() + FIELD_SIZE, "a 304 has fields of its own: {validated}");
        let lines: Vec<_> = (0..9).map(|_| (2, "a")).collect();
        let lines = of(fields(&lines)) - of(fields(&lines[..1]));
        assert!(lines >= 8 * LINE_SIZE, "{lines}");
    }

    #[test]
    fn the_memory_of_a_map_includes_its_fields_its_index_and_further_lines() {
        let of = |count, room| memory_of_map(&fields(&vec![(2, "a"); count]), room);
        assert_eq!(of(0, 0), 0);
        assert_eq!(of(1, 6), allocated(6 * FIELD_SIZE) + allocated(32), "eight places of four bytes");
        for (count, lines) in [(1, 0), (2, 4), (5, 4), (6, 8)] {
            assert_eq!(of(count, 6) - of(1, 6), allocated(lines * LINE_SIZE), "{count}");
        }
    }
}
