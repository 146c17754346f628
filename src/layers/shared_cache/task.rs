//! [`BackgroundTask`]: a request to the inner service that no client waits for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use super::flights::Joined;
use super::time_limit::TimeLimit;

/// A request to the inner service that no client waits for, given to a [spawner](super::SharedCache::spawner): a
/// revalidation, or a request whose clients have disconnected.
///
/// If it is dropped before it has finished, nothing is stored.
#[must_use = "it has to be spawned"]
pub struct BackgroundTask {
    flight: Joined,
    limit: TimeLimit,
    _place: Place,
}

impl Future for BackgroundTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.flight.poll_landing(cx).is_ready() || self.limit.is_over(cx) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl fmt::Debug for BackgroundTask {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundTask").finish_non_exhaustive()
    }
}

/// The maximum number of background tasks at the same time.
const MAX_TASKS: usize = 1_024;

/// Runs background tasks.
#[derive(Clone)]
pub(super) struct Spawner {
    spawn: Arc<dyn Fn(BackgroundTask) + Send + Sync>,
    running: Arc<AtomicUsize>,
}

/// The place of a task among those that run at the same time.
struct Place(Arc<AtomicUsize>);

impl Spawner {
    pub(super) fn new(spawn: impl Fn(BackgroundTask) + Send + Sync + 'static) -> Self {
        Self { spawn: Arc::new(spawn), running: Arc::default() }
    }

    /// Finishes a flight in the background, unless too many tasks run. Clients that send requests and disconnect could
    /// otherwise cause any number of calls at the same time.
    pub(super) fn spawn(&self, flight: Joined, limit: TimeLimit) {
        let place = Place(Arc::clone(&self.running));
        if self.running.fetch_add(1, Ordering::AcqRel) < MAX_TASKS {
            (self.spawn)(BackgroundTask { flight: flight.in_background(), limit, _place: place });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for Spawner {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner(<fn>)")
    }
}
