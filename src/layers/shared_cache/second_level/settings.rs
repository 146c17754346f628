//! [`SecondLevel`]: a remote store and how it is used.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::timing::Timing;
use crate::store::{RemoteFuture, RemoteStore};

/// A [`RemoteStore`] that several processes share, and how it is used. Give it to
/// [`SharedCache::second_level`](crate::SharedCache::second_level).
///
/// The package `tower-cache-policy-redis` creates one for Redis and Valkey. See the
/// [module docs](crate::layers::shared_cache#with-several-processes).
///
/// ```
/// use std::time::Duration;
///
/// use tower_cache_policy::SharedCache;
/// use tower_cache_policy::layers::shared_cache::SecondLevel;
/// use tower_cache_policy::store::{MemoryStore, RemoteStore};
///
/// fn cache(store: impl RemoteStore) -> SharedCache {
///     let spawn = |task| {
///         tokio::spawn(task);
///     };
///     let second = SecondLevel::new(store, spawn, tokio::time::sleep).limit(Duration::from_millis(20));
///     SharedCache::by_policy(MemoryStore::new(64 << 20)).second_level(second)
/// }
/// ```
#[derive(Clone)]
pub struct SecondLevel {
    pub(super) store: Arc<dyn RemoteStore>,
    pub(super) timing: Timing,
    pub(super) limit: Duration,
    pub(super) max_purge_delay: Duration,
    pub(super) max_record: usize,
    pub(super) lease: Option<Duration>,
    #[cfg(feature = "strong-tags")]
    pub(super) secret: Option<[u8; 32]>,
}

impl SecondLevel {
    /// Creates a second level. `spawn` runs a task in the background, and `sleep` waits, as `tokio::time::sleep` does.
    pub fn new<F>(
        store: impl RemoteStore,
        spawn: impl Fn(RemoteFuture<()>) + Send + Sync + 'static,
        sleep: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            store: Arc::new(store),
            timing: Timing::new(spawn, move |time| Box::pin(sleep(time))),
            limit: Duration::from_millis(50),
            max_purge_delay: Duration::from_secs(10),
            max_record: 1 << 20,
            lease: None,
            #[cfg(feature = "strong-tags")]
            secret: None,
        }
    }

    /// Sets the time that a lookup, a write or another operation may take. The default is 50 milliseconds.
    ///
    /// A request never waits longer for the second level, unless there is a [lease](Self::lease). Operations of the
    /// background task may take a second. After five failures in a row, the store is not called for a second, and then
    /// for twice as long each time, up to 30 seconds.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Sets the longest time for which this process may use a response after another process has published a purge of
    /// it. The default is 10 seconds, and the minimum 2 seconds.
    ///
    /// Purges usually arrive within milliseconds. A process that cannot reach the store does not learn of them. When it
    /// has not reached it for this time, it uses a response from its memory only for this time after the response was
    /// received, and then revalidates it.
    #[must_use]
    pub fn max_purge_delay(self, time: Duration) -> Self {
        Self { max_purge_delay: time.max(Duration::from_secs(2)), ..self }
    }

    /// Sets the maximum size of a body in the second level, in bytes. The default is 1 MiB, and the maximum 256 MiB.
    /// Larger responses are only stored in the memory of the process.
    #[must_use]
    pub fn max_record(self, bytes: usize) -> Self {
        Self { max_record: bytes.min(256 << 20), ..self }
    }

    /// Lets processes wait for each other: on a miss, one of them takes a lease in the store and calls its inner service.
    /// The others wait until it has written the response, or until it has ended the lease because the response is not
    /// stored. By default, no process waits for another one, so each of them may generate the response once.
    ///
    /// `time` is the duration of the lease, and also the longest time for which a request waits. Choose a little more
    /// than the duration of the slowest handler. If a holder dies, the store ends its lease after this time, and the
    /// others continue. If an operation of the store fails or exceeds the [limit](Self::limit), the request continues
    /// immediately. A request therefore waits for the second level for at most the limit and this time.
    ///
    /// A lease applies to a URL, so requests for two variants of a response wait for each other too. Requests that are
    /// not looked up in the second level, such as revalidations in the background, do not wait.
    #[must_use]
    pub fn lease(self, time: Duration) -> Self {
        Self { lease: Some(time).filter(|time| !time.is_zero()), ..self }
    }

    /// Authenticates records with a keyed BLAKE3 hash, if others can write to the store. All processes need the same
    /// secret. Records without the right hash are not used.
    ///
    /// Purges are not authenticated: any client that can write to the store can purge.
    #[cfg(feature = "strong-tags")]
    #[must_use]
    pub fn authenticate_records(self, secret: [u8; 32]) -> Self {
        Self { secret: Some(secret), ..self }
    }
}

/// Does not show the secret.
impl fmt::Debug for SecondLevel {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondLevel")
            .field("store", &self.store)
            .field("limit", &self.limit)
            .field("max_purge_delay", &self.max_purge_delay)
            .field("max_record", &self.max_record)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
