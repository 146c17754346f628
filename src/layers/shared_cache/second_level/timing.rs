//! [`Timing`]: spawns tasks and limits their time, without its own runtime.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::store::RemoteFuture;

/// Spawns tasks and waits, with the functions of the application's runtime.
#[derive(Clone)]
pub(super) struct Timing {
    spawn: Arc<dyn Fn(RemoteFuture<()>) + Send + Sync>,
    sleep: Arc<dyn Fn(Duration) -> RemoteFuture<()> + Send + Sync>,
}

impl Timing {
    pub(super) fn new(
        spawn: impl Fn(RemoteFuture<()>) + Send + Sync + 'static,
        sleep: impl Fn(Duration) -> RemoteFuture<()> + Send + Sync + 'static,
    ) -> Self {
        Self { spawn: Arc::new(spawn), sleep: Arc::new(sleep) }
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.spawn)(Box::pin(task));
    }

    pub(super) fn sleep(&self, time: Duration) -> RemoteFuture<()> {
        (self.sleep)(time)
    }

    /// Waits for the operation, or returns `None` after this time.
    pub(super) async fn within<T>(&self, limit: Duration, operation: impl Future<Output = T>) -> Option<T> {
        let mut operation = std::pin::pin!(operation);
        // An operation that is ready immediately does not need a timer.
        let mut sleep = None;
        poll_fn(|cx| {
            if let Poll::Ready(result) = operation.as_mut().poll(cx) {
                return Poll::Ready(Some(result));
            }
            sleep.get_or_insert_with(|| self.sleep(limit)).as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

impl fmt::Debug for Timing {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timing(<fn>)")
    }
}
