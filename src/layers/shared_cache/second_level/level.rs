//! [`Level`]: looks up, writes and purges stored responses in the second level.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;

use super::breaker::Breaker;
use super::history::History;
use super::lease::{Lease, Leases};
use super::settings::SecondLevel;
use super::signal::Signal;
use super::stats::{Counters, SecondLevelStats};
use crate::layers::Clock;
use crate::layers::shared_cache::stats::count;
use crate::protocol::HttpDate;
use crate::store::{
    Blocks, Codec, Decoded, Moment, PrimaryKey, PurgeClock, PurgeHistory, PurgeMoment, PurgeNames, PurgeOf, Record,
    RemoteError, RemoteFuture, Selection, Unusable,
};

/// The maximum number of purges that wait to be published. More of them become one of everything.
const MAX_PENDING: usize = 4_096;
/// The maximum number of bytes that are being written.
const MAX_WRITING: usize = 32 << 20;
/// The size that is counted for a write in addition to its body.
const WRITE_OVERHEAD: usize = 16 << 10;
/// The longest time for which a record is stored.
const LONGEST: u64 = 365 * 86_400;
/// The time after which a request that waits for another process looks again, at first and at most. It is doubled.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LATER_LOOK: Duration = Duration::from_millis(50);

/// The second level of a running cache.
#[derive(Debug)]
pub(in crate::layers::shared_cache) struct Level {
    pub(super) settings: SecondLevel,
    pub(super) codec: Codec,
    pub(super) clock: Clock,
    pub(super) breaker: Breaker,
    pub(super) counters: Counters,
    pub(super) signal: Signal,
    pub(super) leases: Arc<Leases>,
    /// The memory for stored contents.
    blocks: Arc<Blocks>,
    state: Mutex<State>,
    /// When the purges of other processes were last requested with success, in seconds.
    heard: AtomicI64,
    /// The number of bytes that are being written.
    writing: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    history: History,
    /// Purges of this process that are not known to be in the history.
    pending: VecDeque<Pending>,
    /// The number of purges that have left the queue.
    finished: u64,
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Pending {
    purge: Bytes,
    /// The moment before the purge was applied here.
    before: Moment,
    is_published: bool,
}

/// The result of a lookup.
#[derive(Debug, Default)]
pub(in crate::layers::shared_cache) struct LookedUp {
    pub(in crate::layers::shared_cache) record: Option<Arc<Record>>,
    /// Held while the response is generated, if other processes wait for it.
    pub(in crate::layers::shared_cache) lease: Option<Arc<Lease>>,
}

/// Whether a record may be used without a request to the inner service.
pub(in crate::layers::shared_cache) type IsFresh = Arc<dyn Fn(&Record) -> bool + Send + Sync>;

/// The place of a purge in the queue.
#[derive(Clone, Copy, Debug)]
pub(in crate::layers::shared_cache) struct Ticket(u64);

impl Level {
    pub(super) fn new(settings: SecondLevel, mode: u8, clock: Clock, blocks: Arc<Blocks>) -> Self {
        let codec = Codec::new(mode);
        #[cfg(feature = "strong-tags")]
        let codec = codec.with_secret(settings.secret);
        Self {
            settings,
            codec,
            clock,
            breaker: Breaker::default(),
            counters: Counters::default(),
            signal: Signal::default(),
            leases: Arc::new(Leases::new(RandomState::new().hash_one(Instant::now()))),
            blocks,
            state: Mutex::default(),
            heard: AtomicI64::new(i64::MIN),
            writing: AtomicUsize::new(0),
        }
    }

    /// Looks up the response for a request. Returns `None` if the store is currently not used.
    ///
    /// With a lease, this process generates the response, or waits for another one, if the record that is found is not
    /// fresh.
    pub(in crate::layers::shared_cache) fn look_up(
        self: &Arc<Self>,
        key: &PrimaryKey,
        request: &HeaderMap,
        freshness: impl FnOnce() -> IsFresh,
    ) -> Option<RemoteFuture<LookedUp>> {
        if self.breaker.is_open() || !self.is_current(self.clock.now()) {
            count(&self.counters.skipped);
            return None;
        }
        let (level, key, request) = (Arc::clone(self), key.clone(), request.clone());
        let Some(time) = self.settings.lease else {
            return Some(Box::pin(async move {
                let found = level.look(&key, &request).await.flatten();
                level.looked_up(found.map(Arc::new), None)
            }));
        };
        let is_fresh = freshness();
        Some(Box::pin(async move {
            match level.look(&key, &request).await {
                Some(found) if !found.as_ref().is_some_and(|record| is_fresh(record)) => {
                    level.take_turns(&key, &request, found, time, &is_fresh).await
                }
                found => level.looked_up(found.flatten().map(Arc::new), None),
            }
        }))
    }

    /// Looks up a record. Returns `None` after a failure.
    async fn look(&self, key: &PrimaryKey, request: &HeaderMap) -> Option<Option<Record>> {
        let began = Instant::now();
        let found = self.operation(self.find(key, request)).await;
        self.counters.looked_up(began.elapsed());
        if found.is_some() {
            // A write does not count: no request waits for it, and reads may fail although writes do not.
            self.breaker.succeeded();
        }
        found
    }

    fn looked_up(&self, record: Option<Arc<Record>>, lease: Option<Arc<Lease>>) -> LookedUp {
        if record.is_none() {
            count(&self.counters.misses);
        }
        LookedUp { record, lease }
    }

    /// Takes the lease for a key. While another process has it, waits for its response, but not longer than this time.
    async fn take_turns(
        &self,
        key: &PrimaryKey,
        request: &HeaderMap,
        found: Option<Record>,
        time: Duration,
        is_fresh: &IsFresh,
    ) -> LookedUp {
        let (name, holder) = (self.lease_name(key), self.leases.holder());
        let mut record = found.map(Arc::new);
        let mut lease = None;
        let waiting = async {
            let mut pause = FIRST_LOOK;
            let mut has_waited = false;
            loop {
                // After a failure, the request continues alone.
                let Some(is_taken) = self.operation(self.settings.store.lease(&name, &holder, time)).await else {
                    return;
                };
                if is_taken {
                    lease = Some(self.leases.taken(key, name.clone(), holder.clone()));
                    if !has_waited {
                        return;
                    }
                } else {
                    if !has_waited {
                        count(&self.counters.waited);
                    }
                    has_waited = true;
                    self.settings.timing.sleep(pause).await;
                    pause = (pause * 2).min(LATER_LOOK);
                }
                // Also with the lease: its last holder may just have written the response.
                let Some(found) = self.operation(self.find(key, request)).await else { return };
                let is_found = found.as_ref().is_some_and(|record| is_fresh(record));
                record = found.map(Arc::new).or_else(|| record.take());
                if is_found {
                    lease = None;
                    return;
                }
                if is_taken {
                    return;
                }
            }
        };
        // An operation that was abandoned may still take the lease, which then ends after its time.
        _ = self.settings.timing.within(time, waiting).await;
        self.looked_up(record, lease)
    }

    /// The name of the lease for a key. Names of records are shorter.
    fn lease_name(&self, key: &PrimaryKey) -> String {
        format!("{}-1ea5e", self.codec.name(key))
    }

    /// Counts a lookup by whether its result could be used.
    pub(in crate::layers::shared_cache) fn count_found(&self, is_used: bool) {
        count(if is_used { &self.counters.hits } else { &self.counters.misses });
    }

    /// Writes a stored response in the background.
    pub(in crate::layers::shared_cache) fn write(self: &Arc<Self>, key: &PrimaryKey, record: &Arc<Record>) {
        let lease = self.settings.lease.and_then(|_| self.leases.of(key));
        // Other processes continue when the response has been written, or when it is known that it will not be.
        let end = |lease: Option<Arc<Lease>>| lease.iter().for_each(|lease| lease.end());
        let head = record.head();
        if !head.terms.can_be_fresh() {
            return end(lease);
        }
        let size = record.body().len() + WRITE_OVERHEAD;
        let moment = self.lock().history.there(head.moment);
        let (Some(moment), false) = (moment, self.breaker.is_open() || record.body().len() > self.settings.max_record)
        else {
            count(&self.counters.not_written);
            return end(lease);
        };
        if self.writing.fetch_add(size, Ordering::AcqRel) > MAX_WRITING {
            self.writing.fetch_sub(size, Ordering::AcqRel);
            count(&self.counters.not_written);
            return end(lease);
        }
        // A task that is dropped gives its share back too.
        let writing = Writing { level: Arc::clone(self), size };
        let (key, record) = (key.clone(), Arc::clone(record));
        self.settings.timing.spawn(async move {
            let level = &writing.level;
            let is_written = match level.codec.encode(&key, &record, moment) {
                Some(encoded) => level.operation(level.put(&key, &record, encoded)).await.is_some(),
                None => false,
            };
            count(if is_written { &level.counters.written } else { &level.counters.not_written });
            end(lease);
        });
    }

    /// Applies a purge here, and publishes it in the background. Returns the result of the function that
    /// applies it, and its place in the queue.
    pub(in crate::layers::shared_cache) fn purge<'a, T>(
        &self,
        purges: &PurgeClock,
        purge: PurgeOf<'a>,
        apply: impl FnOnce(PurgeOf<'a>) -> T,
    ) -> (T, Ticket) {
        let mut state = self.lock();
        let before = purges.moment();
        let applied = apply(purge);
        state.pending.extend(PurgeNames::encode(&purge).into_iter().map(|purge| Pending::new(purge, before)));
        if state.pending.len() > MAX_PENDING {
            let before = state.pending.front().map_or(before, |pending| pending.before);
            state.finished += u64::try_from(state.pending.len() - 1).unwrap_or(0);
            state.pending.clear();
            let everything = PurgeNames { everything: true, ..PurgeNames::default() };
            let encoded = PurgeNames::encode(&everything.as_purge());
            state.pending.extend(encoded.into_iter().map(|purge| Pending::new(purge, before)));
        }
        let ticket = Ticket(state.finished + u64::try_from(state.pending.len()).unwrap_or(0));
        drop(state);
        self.signal.send();
        (applied, ticket)
    }

    /// Waits until a purge has been published, but not longer than the limit of an operation. Returns `None` if the
    /// store is not called at the moment.
    pub(in crate::layers::shared_cache) fn published(self: &Arc<Self>, ticket: Ticket) -> Option<RemoteFuture<()>> {
        if self.breaker.is_open() {
            return None;
        }
        let level = Arc::clone(self);
        Some(Box::pin(async move {
            let published = poll_fn(|cx| {
                let mut state = level.lock();
                if state.finished >= ticket.0 {
                    return Poll::Ready(());
                }
                if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    state.wakers.push(cx.waker().clone());
                }
                Poll::Pending
            });
            _ = level.settings.timing.within(level.settings.limit, published).await;
        }))
    }

    /// Whether a fresh response in memory may be used, although a purge by another process may be in progress: the
    /// purges of other processes are known, or the response is so recent that it would be used in any case.
    pub(in crate::layers::shared_cache) fn trusts(&self, received: HttpDate, now: HttpDate) -> bool {
        self.is_current(now)
            || (received <= now && now.seconds_since(received) < self.settings.max_purge_delay.as_secs())
    }

    pub(in crate::layers::shared_cache) fn stats(&self) -> SecondLevelStats {
        SecondLevelStats {
            purges_pending: u64::try_from(self.lock().pending.len()).unwrap_or(u64::MAX),
            is_open: self.breaker.is_open(),
            is_current: self.is_current(self.clock.now()),
            ..self.counters.read()
        }
    }

    /// Runs an operation for at most the limit, and counts a failure.
    pub(super) async fn operation<T>(&self, operation: impl Future<Output = Result<T, RemoteError>>) -> Option<T> {
        let result = self.settings.timing.within(self.settings.limit, operation).await;
        match &result {
            None => count(&self.counters.timeouts),
            Some(Err(error)) if error.is_refusal() => count(&self.counters.refused),
            Some(Err(_)) => count(&self.counters.errors),
            Some(Ok(_)) => {}
        }
        match result {
            Some(Ok(value)) => Some(value),
            Some(Err(error)) if error.is_refusal() => None,
            None | Some(Err(_)) => {
                self.breaker.failed();
                None
            }
        }
    }

    /// Returns the next purge that is not published.
    pub(super) fn next_pending(&self) -> Option<Bytes> {
        self.lock().pending.iter().find(|pending| !pending.is_published).map(|pending| pending.purge.clone())
    }

    /// Records that the first purge that was not published is published now.
    pub(super) fn mark_published(&self, purge: &Bytes) {
        count(&self.counters.purges_sent);
        // The queue may have been replaced in the meantime.
        let mut state = self.lock();
        let found = state.pending.iter_mut().find(|pending| !pending.is_published && pending.purge == *purge);
        if let Some(pending) = found {
            pending.is_published = true;
        }
    }

    pub(super) fn position(&self) -> PurgeMoment {
        self.lock().history.position()
    }

    /// Applies purges of other processes.
    pub(super) fn apply(&self, purges: &PurgeClock, since: PurgeMoment, found: &PurgeHistory) {
        let mut state = self.lock();
        if found.history != since.history || found.forgotten > since.number {
            count(&self.counters.resets);
            purges.purge(PurgeNames { everything: true, ..PurgeNames::default() }.as_purge());
            state.history.restart(found.history, found.forgotten, purges.moment());
        }
        for (number, purge) in &found.purges {
            if *number > state.history.position().number {
                count(&self.counters.purges_received);
                purges.purge(PurgeNames::decode(purge).as_purge());
                state.history.applied(*number, purges.moment());
            }
        }
    }

    /// Records that all purges up to this time are known.
    pub(super) fn caught_up(&self, asked: HttpDate) {
        let mut state = self.lock();
        while state.pending.front().is_some_and(|pending| pending.is_published) {
            state.pending.pop_front();
            state.finished += 1;
        }
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.heard.store(asked.unix_seconds(), Ordering::Relaxed);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn find(&self, key: &PrimaryKey, request: &HeaderMap) -> Result<Option<Record>, RemoteError> {
        let mut name = self.codec.name(key);
        for _ in 0..2 {
            let Some(bytes) = self.settings.store.get(&name).await? else { return Ok(None) };
            match self.codec.decode(&bytes, key) {
                Ok(Decoded::Variants { response, rules }) => {
                    let Some(selection) = Selection::of(&response, request, rules) else { return Ok(None) };
                    name = self.codec.variant_name(key, &selection);
                }
                Ok(Decoded::Response { mut head, body, moment }) => {
                    let Some(here) = self.moment_here(moment) else { return Ok(None) };
                    head.moment = here;
                    // The clock of the other machine may be ahead.
                    head.received = head.received.min(self.clock.now());
                    let content = || self.blocks.copy(&body);
                    return Ok(head.selection.matches(request).then(|| Record::new(*head, content())));
                }
                Err(unusable) => {
                    count(&self.counters.damaged);
                    if unusable == Unusable::Damaged {
                        // This does not affect the lookup.
                        self.forget(name);
                    }
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    async fn put(&self, key: &PrimaryKey, record: &Record, encoded: Bytes) -> Result<(), RemoteError> {
        let head = record.head();
        let fresh = head.terms.lifetime.saturating_sub(head.initial_age.seconds());
        let stale = head.terms.stale_while_revalidate.max(head.terms.stale_if_error);
        let keep_for = Duration::from_secs(fresh.saturating_add(stale).clamp(1, LONGEST));
        let store = &self.settings.store;
        if head.selection.is_of_all() {
            return store.put(&self.codec.name(key), encoded, keep_for).await;
        }
        store.put(&self.codec.variant_name(key, &head.selection), encoded, keep_for).await?;
        store.put(&self.codec.name(key), self.codec.encode_variants(key, head), keep_for).await
    }

    fn forget(&self, name: String) {
        let (store, timing, limit) =
            (Arc::clone(&self.settings.store), self.settings.timing.clone(), self.settings.limit);
        self.settings.timing.spawn(async move {
            _ = timing.within(limit, store.forget(&name)).await;
        });
    }

    /// The moment of this process for that of a record. While a purge of this process waits to be published, no record
    /// counts as made after it, because other processes have not received it yet.
    fn moment_here(&self, moment: PurgeMoment) -> Option<Moment> {
        let state = self.lock();
        let here = state.history.here(moment)?;
        Some(state.pending.front().map_or(here, |pending| here.min(pending.before)))
    }

    fn is_current(&self, now: HttpDate) -> bool {
        let heard = self.heard.load(Ordering::Relaxed);
        // Also if the clock was set back.
        now.unix_seconds().abs_diff(heard) < self.settings.max_purge_delay.as_secs()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    const fn new(purge: Bytes, before: Moment) -> Self {
        Self { purge, before, is_published: false }
    }
}

/// A write in progress, which counts toward the limit of bytes that are being written.
struct Writing {
    level: Arc<Level>,
    size: usize,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.level.writing.fetch_sub(self.size, Ordering::AcqRel);
    }
}
