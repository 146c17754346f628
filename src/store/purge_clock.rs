//! [`PurgeClock`]: which stored responses have been purged, without an index of tags.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use super::key::UrlName;
use crate::policy::{CacheTag, CacheTags};
use crate::protocol::HttpDate;

/// The maximum number of purges that are remembered one by one, however large the store is.
const MAX_MARKS: usize = 1 << 16;
/// The number of bytes of a store for each of these purges. They use up to 180 bytes each, so a 22nd of the store.
const BYTES_PER_MARK: u64 = 4 << 10;
/// The number of soft purges of one name that are distinguished.
const SOFT_MARKS: usize = 3;
/// The number of bytes for the name of each of these purges, on average.
const MAX_LENGTH: usize = 64;
/// The maximum number of prefixes, which a lookup compares one by one.
const MAX_PREFIXES: usize = 256;

/// A moment in the order of purges. A response belongs to the moment before its request was passed to the inner
/// service, so a purge during the request covers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) const fn from_u64(moment: u64) -> Self {
        Self(moment)
    }

    pub(crate) const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Remembers when tags and URLs were purged.
///
/// A purge does not search for stored responses. A lookup compares the moment of the stored response with the last
/// purges of its tags and its URL. Responses that are still in progress when the purge arrives are therefore purged
/// too. The number of purges is bounded: when there are too many, the older half is replaced by one purge of everything
/// that is older.
#[derive(Debug)]
pub(crate) struct PurgeClock {
    now: AtomicU64,
    marks: RwLock<Marks>,
}

/// The result of a comparison with the purges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purged {
    /// The response may be used.
    No,
    /// The response counts as stale since this time.
    Soft(HttpDate),
    /// The response must not be used.
    Hard,
}

#[derive(Debug, Default)]
struct Marks {
    most: usize,
    by_tag: HashMap<CacheTag, Mark>,
    by_url: HashMap<UrlName, Mark>,
    by_prefix: Vec<(UrlName, Mark)>,
    everything: Mark,
    bytes: usize,
}

/// The last purges of one kind: a response from before one of these moments is purged.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    hard: Moment,
    /// The last soft purges, from the oldest to the newest. A later purge must not make a response less stale. The first
    /// mark also represents all older purges: it has the moment of the newest of them and the time of the oldest.
    soft: [SoftMark; SOFT_MARKS],
}

/// A soft purge. No response is from before the moment of an unused mark.
#[derive(Clone, Copy, Debug)]
struct SoftMark {
    moment: Moment,
    at: HttpDate,
}

impl Default for SoftMark {
    fn default() -> Self {
        Self { moment: Moment::default(), at: HttpDate::MAX }
    }
}

/// One purge of a [`PurgeClock`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PurgeOf<'a> {
    pub(crate) tags: &'a CacheTags,
    pub(crate) urls: &'a [UrlName],
    pub(crate) prefixes: &'a [UrlName],
    pub(crate) everything: bool,
    /// The time of a soft purge. `None` for a hard one.
    pub(crate) soft: Option<HttpDate>,
}

/// For a store of any size.
impl Default for PurgeClock {
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

impl PurgeClock {
    /// Creates a clock for a store with this capacity in bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        let most = usize::try_from(capacity / BYTES_PER_MARK).unwrap_or(usize::MAX).clamp(64, MAX_MARKS);
        Self { now: AtomicU64::new(0), marks: RwLock::new(Marks { most, ..Marks::default() }) }
    }

    /// Returns the moment of a request that is about to be passed to the inner service.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    /// Applies a purge to all responses of earlier moments.
    pub(crate) fn purge(&self, purge: PurgeOf<'_>) {
        self.apply(&mut self.write(), purge);
    }

    /// Applies a purge that the request for a response has caused, and returns a moment for this response that the purge
    /// does not cover. Returns `None` if another purge has covered the response while it was in progress.
    pub(crate) fn purge_before(
        &self,
        purge: PurgeOf<'_>,
        moment: Moment,
        tags: &CacheTags,
        url: &UrlName,
    ) -> Option<Moment> {
        let mut marks = self.write();
        let is_current = marks.check(moment, tags, url) == Purged::No;
        let now = self.apply(&mut marks, purge);
        is_current.then_some(now)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Marks> {
        self.marks.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, marks: &mut Marks, purge: PurgeOf<'_>) -> Moment {
        let moment = Moment(self.moment().0 + 1);
        let touch = |mark: &mut Mark| match purge.soft {
            Some(at) => mark.add_soft(moment, at),
            None => mark.hard = moment,
        };
        if purge.everything {
            touch(&mut marks.everything);
        }
        let mut bytes = marks.bytes;
        for tag in purge.tags.iter() {
            let mark = marks.by_tag.entry(tag.clone()).or_insert_with(|| {
                bytes += tag.as_str().len();
                Mark::default()
            });
            touch(mark);
        }
        for url in purge.urls {
            for name in [url.clone(), url.without_host()] {
                let length = name.len();
                let mark = marks.by_url.entry(name).or_insert_with(|| {
                    bytes += length;
                    Mark::default()
                });
                touch(mark);
            }
        }
        for prefix in purge.prefixes {
            match marks.by_prefix.iter_mut().find(|(known, _)| known == prefix) {
                Some((_, mark)) => touch(mark),
                None => {
                    let mut mark = Mark::default();
                    touch(&mut mark);
                    bytes += prefix.len();
                    marks.by_prefix.push((prefix.clone(), mark));
                }
            }
        }
        marks.bytes = bytes;
        marks.limit();
        // The marks are complete before a request can get a moment that they do not cover.
        self.now.store(moment.0, Ordering::SeqCst);
        moment
    }

    /// Returns whether a response has been purged, and the moment up to which that is known.
    pub(crate) fn check(&self, moment: Moment, tags: &CacheTags, url: impl FnOnce() -> UrlName) -> (Purged, Moment) {
        if self.moment() == moment {
            return (Purged::No, moment);
        }
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        let now = self.moment();
        (marks.check(moment, tags, &url()), now)
    }
}

impl Marks {
    fn check(&self, moment: Moment, tags: &CacheTags, url: &UrlName) -> Purged {
        let by_tag = tags.iter().filter_map(|tag| self.by_tag.get(tag));
        let by_prefix = self.by_prefix.iter().filter(|(prefix, _)| url.is_under(prefix)).map(|(_, mark)| mark);
        let all = [Some(&self.everything), self.by_url.get(url)].into_iter().flatten();
        let mut found = Purged::No;
        for mark in all.chain(by_tag).chain(by_prefix) {
            if moment < mark.hard {
                return Purged::Hard;
            }
            if let Some(at) = mark.soft_since(moment) {
                found = match found {
                    Purged::Soft(earlier) => Purged::Soft(earlier.min(at)),
                    _ => Purged::Soft(at),
                };
            }
        }
        found
    }

    fn len(&self) -> usize {
        self.by_tag.len() + self.by_url.len()
    }

    /// Replaces the older half of the marks with one purge of everything, if there are too many.
    fn limit(&mut self) {
        if self.len() <= self.most && self.bytes <= self.most * MAX_LENGTH && self.by_prefix.len() <= MAX_PREFIXES {
            return;
        }
        let all = self.by_tag.values().chain(self.by_url.values()).chain(self.by_prefix.iter().map(|(_, mark)| mark));
        let mut moments: Vec<Moment> = all.map(Mark::last).collect();
        let half = moments.len() / 2;
        let (_, median, _) = moments.select_nth_unstable(half);
        let floor = *median;
        self.everything.hard = self.everything.hard.max(floor);
        self.by_tag.retain(|_, mark| mark.last() > floor);
        self.by_url.retain(|_, mark| mark.last() > floor);
        self.by_prefix.retain(|(_, mark)| mark.last() > floor);
        let tags = self.by_tag.keys().map(|tag| tag.as_str().len());
        let urls = self.by_url.keys().chain(self.by_prefix.iter().map(|(prefix, _)| prefix)).map(UrlName::len);
        self.bytes = tags.chain(urls).sum();
    }
}

impl Mark {
    fn last(&self) -> Moment {
        self.hard.max(self.soft[SOFT_MARKS - 1].moment)
    }

    fn add_soft(&mut self, moment: Moment, at: HttpDate) {
        // Purges at the same time need one mark.
        if self.soft[SOFT_MARKS - 1].at != at {
            let oldest = self.soft[0].at;
            self.soft.rotate_left(1);
            self.soft[0].at = oldest.min(self.soft[0].at);
        }
        self.soft[SOFT_MARKS - 1] = SoftMark { moment, at };
    }

    /// The time since when a response counts as stale.
    fn soft_since(&self, moment: Moment) -> Option<HttpDate> {
        self.soft.iter().find(|mark| moment < mark.moment).map(|mark| mark.at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::key::KeyRules;
    use super::*;

    fn tags(names: &[String]) -> CacheTags {
        names.iter().map(|name| CacheTag::new(name.clone()).unwrap()).collect()
    }

    fn url(path: &str) -> UrlName {
        KeyRules::default().url("h", &path.parse().unwrap())
    }

    fn of<'a>(tags: &'a CacheTags, urls: &'a [UrlName], prefixes: &'a [UrlName]) -> PurgeOf<'a> {
        PurgeOf { tags, urls, prefixes, everything: false, soft: None }
    }

    #[test]
    fn a_purge_covers_responses_that_are_under_way() {
        let clock = PurgeClock::default();
        let before = clock.moment();
        let article = tags(&["article".to_owned()]);
        clock.purge(of(&article, &[], &[]));
        assert_eq!(clock.check(before, &article, || url("/")).0, Purged::Hard);
        assert_eq!(clock.check(before, &tags(&["other".to_owned()]), || url("/")).0, Purged::No);
        assert_eq!(clock.check(clock.moment(), &article, || url("/")).0, Purged::No, "requested after the purge");
    }

    #[test]
    fn a_soft_purge_makes_responses_stale_from_its_time_on() {
        let clock = PurgeClock::default();
        let before = clock.moment();
        let article = tags(&["article".to_owned()]);
        let at = HttpDate::from_unix_seconds(1_000).unwrap();
        clock.purge(PurgeOf { soft: Some(at), ..of(&article, &[], &[]) });
        assert_eq!(clock.check(before, &article, || url("/")).0, Purged::Soft(at));
        clock.purge(of(&article, &[], &[]));
        assert_eq!(clock.check(before, &article, || url("/")).0, Purged::Hard, "a hard purge takes precedence");
    }

    #[test]
    fn the_earliest_of_several_soft_purges_counts() {
        let clock = PurgeClock::default();
        let before = clock.moment();
        let at = |seconds| HttpDate::from_unix_seconds(seconds).unwrap();
        for (name, seconds) in [("a", 20), ("b", 10)] {
            clock.purge(PurgeOf { soft: Some(at(seconds)), ..of(&tags(&[name.to_owned()]), &[], &[]) });
        }
        let both = tags(&["a".to_owned(), "b".to_owned()]);
        assert_eq!(clock.check(before, &both, || url("/")).0, Purged::Soft(at(10)));
    }

    #[test]
    fn a_second_soft_purge_does_not_make_a_response_less_stale() {
        let clock = PurgeClock::default();
        let at = |seconds| HttpDate::from_unix_seconds(seconds).unwrap();
        let mut requested = vec![clock.moment()];
        let article = tags(&["article".to_owned()]);
        for seconds in [10, 20, 30, 30, 40] {
            clock.purge(PurgeOf { soft: Some(at(seconds)), ..of(&article, &[], &[]) });
            requested.push(clock.moment());
        }
        let found: Vec<_> = requested.into_iter().map(|moment| clock.check(moment, &article, || url("/")).0).collect();
        // The mark of the second one is earlier than necessary.
        let since = [10, 10, 30, 30, 40].map(|seconds| Purged::Soft(at(seconds)));
        assert_eq!(found, [&since[..], &[Purged::No]].concat());
    }

    #[test]
    fn the_response_to_an_unsafe_request_is_newer_than_its_own_purge_only() {
        let none = CacheTags::new();
        for (other, is_current) in [(None, true), (Some("/other"), true), (Some("/own"), false)] {
            let clock = PurgeClock::default();
            let before = clock.moment();
            if let Some(other) = other {
                clock.purge(of(&none, &[url(other)], &[]));
            }
            let own = clock.purge_before(of(&none, &[url("/own")], &[]), before, &none, &url("/own"));
            assert_eq!(own.is_some(), is_current, "{other:?}");
            assert_eq!(clock.check(before, &none, || url("/own")).0, Purged::Hard, "it is purged in any case");
            assert!(own.is_none_or(|own| clock.check(own, &none, || url("/own")).0 == Purged::No));
        }
    }

    #[test]
    fn prefixes_and_urls_purge_what_they_name() {
        let clock = PurgeClock::default();
        let before = clock.moment();
        let none = CacheTags::new();
        clock.purge(of(&none, &[url("/a")], &[url("/blog/")]));
        let check = |path: &str| clock.check(before, &none, || url(path)).0;
        assert_eq!(check("/a"), Purged::Hard);
        assert_eq!(check("/a?b"), Purged::No);
        assert_eq!(check("/blog/1"), Purged::Hard);
        assert_eq!(check("/blog"), Purged::No);
        assert_eq!(clock.check(before, &none, || url("/blog/1").without_host()).0, Purged::Hard);
    }

    #[test]
    fn too_many_purges_become_one_of_everything_older() {
        for (capacity, most) in [(0, 64), (1 << 20, 256), (u64::MAX, MAX_MARKS)] {
            let clock = PurgeClock::new(capacity);
            let before = clock.moment();
            let mut middle = before;
            for index in 0..=most {
                if index == most - 9 {
                    middle = clock.moment();
                }
                assert_eq!(clock.marks.read().unwrap().len(), index, "{capacity}");
                clock.purge(of(&tags(&[format!("tag-{index}")]), &[], &[]));
            }
            let none = CacheTags::new();
            let check = |moment, tags: &CacheTags| clock.check(moment, tags, || url("/")).0;
            assert_eq!(check(before, &none), Purged::Hard, "older than the purges that were dropped");
            assert_eq!(check(middle, &none), Purged::No);
            assert_eq!(check(middle, &tags(&[format!("tag-{}", most - 4)])), Purged::Hard);
            assert!(clock.marks.read().unwrap().len() <= most / 2 + 1);
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Store(BTreeSet<String>, String),
        Purge(BTreeSet<String>, BTreeSet<String>, bool),
        Everything,
    }

    fn step() -> impl Strategy<Value = Step> {
        let names = || proptest::collection::btree_set("[ab]", 0..3);
        let path = || "/[cd]";
        prop_oneof![
            (names(), path()).prop_map(|(tags, path)| Step::Store(tags, path)),
            (names(), proptest::collection::btree_set(path(), 0..2), any::<bool>())
                .prop_map(|(tags, urls, soft)| Step::Purge(tags, urls, soft)),
            Just(Step::Everything),
        ]
    }

    proptest! {
        /// Compares the clock with a list of all purges after each response.
        #[test]
        fn agrees_with_a_list_of_all_purges(steps in proptest::collection::vec(step(), 0..40)) {
            let clock = PurgeClock::default();
            let epoch = HttpDate::UNIX_EPOCH;
            let mut stored: Vec<(Moment, CacheTags, String, Purged)> = Vec::new();
            for step in steps {
                match step {
                    Step::Store(names, path) => {
                        let names: Vec<_> = names.into_iter().collect();
                        stored.push((clock.moment(), tags(&names), path, Purged::No));
                    }
                    Step::Purge(names, paths, soft) => {
                        let purged = tags(&names.into_iter().collect::<Vec<_>>());
                        let urls: Vec<_> = paths.iter().map(|path| url(path)).collect();
                        clock.purge(PurgeOf { soft: soft.then_some(epoch), ..of(&purged, &urls, &[]) });
                        for (_, own, path, state) in &mut stored {
                            let hit = own.iter().any(|tag| purged.contains(tag.as_str())) || paths.contains(path);
                            match (hit, soft, *state) {
                                (true, false, _) => *state = Purged::Hard,
                                (true, true, Purged::No) => *state = Purged::Soft(epoch),
                                _ => {}
                            }
                        }
                    }
                    Step::Everything => {
                        clock.purge(PurgeOf { everything: true, ..of(&CacheTags::new(), &[], &[]) });
                        stored.iter_mut().for_each(|(.., state)| *state = Purged::Hard);
                    }
                }
                for (moment, own, path, state) in &stored {
                    prop_assert_eq!(clock.check(*moment, own, || url(path)).0, *state);
                }
            }
        }
    }

    #[test]
    fn the_earliest_soft_purge_counts_in_any_order() {
        let at = |seconds| HttpDate::from_unix_seconds(seconds).unwrap();
        for times in [[10, 20, 30], [30, 20, 10], [20, 10, 30]] {
            let clock = PurgeClock::default();
            let before = clock.moment();
            let names = ["a", "b"].map(str::to_owned);
            clock.purge(PurgeOf { soft: Some(at(times[0])), ..of(&CacheTags::new(), &[url("/")], &[]) });
            for (name, seconds) in names.iter().zip(&times[1..]) {
                clock.purge(PurgeOf { soft: Some(at(*seconds)), ..of(&tags(std::slice::from_ref(name)), &[], &[]) });
            }
            assert_eq!(clock.check(before, &tags(&names), || url("/")).0, Purged::Soft(at(10)), "{times:?}");
        }
    }

    #[test]
    fn the_number_and_the_length_of_names_are_limited() {
        let none = CacheTags::new();
        let urls = |count: usize, length: usize| -> Vec<UrlName> {
            (0..count).map(|index| url(&format!("/{index:0width$}", width = length - 2))).collect()
        };
        let is_collapsed =
            |clock: &PurgeClock| clock.check(Moment::default(), &none, || url("/other")).0 == Purged::Hard;
        // Each name has a host of one byte. A URL has another name without it.
        let long = MAX_MARKS * MAX_LENGTH / MAX_PREFIXES;
        for (case, purged, prefixes, expected) in [
            ("as many prefixes of the greatest length as allowed", 0, urls(MAX_PREFIXES, long), false),
            ("one prefix more", 0, urls(MAX_PREFIXES + 1, 20), true),
            ("longer prefixes", 0, urls(MAX_PREFIXES - 1, long + 100), true),
            ("URLs", 120, Vec::new(), false),
            ("longer URLs", 129, Vec::new(), true),
        ] {
            let clock = PurgeClock::default();
            for prefix in &prefixes {
                clock.purge(of(&none, &[], std::slice::from_ref(prefix)));
                clock.purge(of(&none, &[], std::slice::from_ref(prefix)));
            }
            for name in urls(purged, long) {
                clock.purge(of(&none, std::slice::from_ref(&name), &[]));
                clock.purge(of(&none, &[name], &[]));
            }
            assert_eq!(is_collapsed(&clock), expected, "{case}");
            let marks = clock.marks.read().unwrap();
            let names = marks.by_url.keys().chain(marks.by_prefix.iter().map(|(prefix, _)| prefix));
            let bytes: usize = names.flat_map(|name| name.parts().map(<[u8]>::len)).sum();
            assert_eq!(marks.bytes, bytes, "{case}");
        }
    }

    #[test]
    fn one_purge_of_too_many_names_leaves_none_of_them() {
        let urls: Vec<UrlName> = (0..=MAX_MARKS / 2).map(|index| url(&format!("/{index}"))).collect();
        let (none, tags) = (CacheTags::new(), tags(&["a".to_owned()]));
        for (tags, urls, prefixes) in [(&tags, &urls[..], &urls[..2]), (&none, &[], &urls[..=MAX_PREFIXES])] {
            let clock = PurgeClock::default();
            clock.purge(of(tags, urls, prefixes));
            let marks = clock.marks.read().unwrap();
            assert_eq!((marks.len(), marks.by_prefix.len(), marks.bytes), (0, 0, 0));
            drop(marks);
            assert_eq!(clock.check(Moment::default(), &none, || url("/other")).0, Purged::Hard);
            assert_eq!(clock.check(clock.moment(), &none, || url("/")).0, Purged::No);
        }
    }

    #[test]
    fn the_length_of_tags_is_counted_once() {
        let clock = PurgeClock::default();
        let names = ["a".repeat(100), "b".repeat(50)];
        for _ in 0..2 {
            clock.purge(of(&tags(&names), &[], &[]));
        }
        assert_eq!(clock.marks.read().unwrap().bytes, 150);
    }
}
