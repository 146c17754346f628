//! [`BackgroundTask`]: a request to the inner service that no client waits for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
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
}

impl BackgroundTask {
    pub(super) fn new(flight: Joined, limit: TimeLimit) -> Self {
        Self { flight: flight.in_background(), limit }
    }
}

impl Future for BackgroundTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.flight.poll_landing(cx).is_ready() || self.limit.is_over(cx) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl fmt::Debug for BackgroundTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundTask").finish_non_exhaustive()
    }
}

/// Runs background tasks.
#[derive(Clone)]
pub(super) struct Spawner(Arc<dyn Fn(BackgroundTask) + Send + Sync>);

impl Spawner {
    pub(super) fn new(spawn: impl Fn(BackgroundTask) + Send + Sync + 'static) -> Self {
        Self(Arc::new(spawn))
    }

    pub(super) fn spawn(&self, task: BackgroundTask) {
        (self.0)(task);
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner(<fn>)")
    }
}
