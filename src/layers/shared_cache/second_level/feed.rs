//! The background task: publishes the purges of this process, and applies those of the others.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use super::level::Level;
use super::settings::SecondLevel;
use crate::layers::Clock;
use crate::layers::shared_cache::stats::count;
use crate::store::{Blocks, PurgeClock};

/// The minimum for the limit of an operation of the background task.
const LIMIT: Duration = Duration::from_secs(1);

/// Starts a second level, and its background task, which ends when the purge clock is dropped.
pub(in crate::layers::shared_cache) fn start(
    settings: SecondLevel,
    mode: u8,
    clock: Clock,
    purges: &Arc<PurgeClock>,
    blocks: &Arc<Blocks>,
) -> Arc<Level> {
    let level = Arc::new(Level::new(settings, mode, clock, Arc::clone(blocks)));
    level.settings.timing.spawn(run(Arc::clone(&level), Arc::downgrade(purges)));
    if level.settings.lease.is_some() {
        level.settings.timing.spawn(end_leases(Arc::clone(&level), Arc::downgrade(purges)));
    }
    level
}

async fn run(level: Arc<Level>, purges: Weak<PurgeClock>) {
    let interval = level.settings.max_purge_delay / 10;
    loop {
        if level.breaker.is_open() {
            level.settings.timing.sleep(level.breaker.delay()).await;
        }
        let Some(clock) = purges.upgrade() else { return };
        let succeeds = round(&level, &clock).await;
        drop(clock);
        level.breaker.tried(succeeds);
        if level.breaker.is_open() {
            continue;
        }
        let (mut sleep, mut purged) = (level.settings.timing.sleep(interval), level.settings.store.purged());
        poll_fn(|cx| {
            let is_over = level.signal.poll(cx).is_ready()
                || purged.as_mut().poll(cx).is_ready()
                || sleep.as_mut().poll(cx).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Ends leases in the store, until the purge clock is dropped.
async fn end_leases(level: Arc<Level>, purges: Weak<PurgeClock>) {
    let (leases, timing) = (&level.leases, &level.settings.timing);
    while purges.strong_count() > 0 {
        let mut sleep = timing.sleep(level.settings.max_purge_delay);
        poll_fn(|cx| {
            let is_over = leases.signal.poll(cx).is_ready() || sleep.as_mut().poll(cx).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        while let Some((name, holder)) = leases.next_ended() {
            // It ends automatically.
            if !level.breaker.is_open() {
                _ = level.operation(level.settings.store.end_lease(&name, &holder)).await;
            }
        }
    }
}

/// Publishes and reads. Returns whether the store works.
async fn round(level: &Level, clock: &PurgeClock) -> bool {
    let (store, timing) = (&level.settings.store, &level.settings.timing);
    // No request waits for it, and a connection may have to be made.
    let limit = level.settings.limit.max(LIMIT);
    while let Some(purge) = level.next_pending() {
        match timing.within(limit, store.publish(purge.clone())).await {
            Some(Ok(())) => level.mark_published(&purge),
            // It stays in the queue. The purges of others can still be read.
            Some(Err(error)) if error.is_refusal() => {
                count(&level.counters.refused);
                break;
            }
            Some(Err(_)) => {
                count(&level.counters.errors);
                return false;
            }
            None => {
                count(&level.counters.timeouts);
                return false;
            }
        }
    }
    let asked = level.clock.now();
    loop {
        let since = level.position();
        let found = match timing.within(limit, store.purges_since(since)).await {
            Some(Ok(found)) => found,
            Some(Err(_)) => {
                count(&level.counters.errors);
                return false;
            }
            None => {
                count(&level.counters.timeouts);
                return false;
            }
        };
        level.apply(clock, since, &found);
        if !found.has_more {
            level.caught_up(asked);
            return true;
        }
        // Otherwise the task would poll a store without pause that announces more purges and returns none.
        if level.position() == since {
            return false;
        }
    }
}
