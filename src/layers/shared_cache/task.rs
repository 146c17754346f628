//! [`BackgroundTask`]: a revalidation that no client waits for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::flights::Joined;

/// A revalidation that no client waits for, given to a [spawner](super::SharedCache::spawner).
///
/// If it is dropped before it has finished, nothing is stored.
#[must_use = "it has to be spawned"]
pub struct BackgroundTask {
    joined: Joined,
}

impl BackgroundTask {
    pub(super) const fn new(joined: Joined) -> Self {
        Self { joined }
    }
}

impl Future for BackgroundTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.joined.poll_landing(cx).map(drop)
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
