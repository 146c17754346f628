//! [`RemoteStore`]: a store outside the process, which several processes share.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

/// The future of an operation of a [`RemoteStore`].
///
/// It is boxed so that a cache with a second level has the same type as one without: the store would otherwise be a type
/// parameter of the cache, its layer, its services and its futures. An operation crosses a network, which costs a
/// thousand times as much as the allocation.
pub type RemoteFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A store outside the process, which several processes share: the second level of a
/// [`SharedCache`](crate::SharedCache).
///
/// The package `tower-cache-policy-redis` implements it for Redis and Valkey. Other engines need five operations. Names
/// consist of lower-case hexadecimal digits and `-`, and records are opaque bytes. They are checked when they are read,
/// so a store may lose or damage them.
///
/// The cache limits the time of each operation by dropping its future, and does not call a store that fails repeatedly.
/// A store therefore does not need its own timeouts or retries.
pub trait RemoteStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the record with this name.
    fn get(&self, name: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>>;

    /// Stores a record for this time, in place of another one with the same name.
    fn put(&self, name: &str, record: Bytes, keep_for: Duration) -> RemoteFuture<Result<(), RemoteError>>;

    /// Removes a record.
    fn forget(&self, name: &str) -> RemoteFuture<Result<(), RemoteError>>;

    /// Gives a purge the next number of the history, and adds it to the history.
    ///
    /// When the operation has succeeded, [`purges_since`](Self::purges_since) must return the purge in all processes.
    fn publish(&self, purge: Bytes) -> RemoteFuture<Result<(), RemoteError>>;

    /// Returns the purges after this moment, and those before it that a new history contains.
    ///
    /// If `since` belongs to another history, or the history has lost purges that may have been after `since`, the
    /// result is the complete history, with its own id. A store without a history begins one, with a new id that is not
    /// zero.
    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>>;

    /// Takes the lease with this name for this holder and time, unless another holder has it. Returns whether it was
    /// taken. The store must end the lease after this time, because the holder may die.
    ///
    /// Used only if the cache has a [lease](crate::layers::shared_cache::SecondLevel::lease). The default
    /// implementation grants each lease, so no process waits for another one.
    fn lease(&self, name: &str, holder: &str, keep_for: Duration) -> RemoteFuture<Result<bool, RemoteError>> {
        _ = (name, holder, keep_for);
        Box::pin(std::future::ready(Ok(true)))
    }

    /// Ends the lease with this name, if this holder has it. By default, it does nothing.
    fn end_lease(&self, name: &str, holder: &str) -> RemoteFuture<Result<(), RemoteError>> {
        _ = (name, holder);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Waits until there may be new purges. The cache then calls [`purges_since`](Self::purges_since), which it also
    /// does at regular intervals. By default, it only does so at intervals.
    fn purged(&self) -> RemoteFuture<()> {
        Box::pin(std::future::pending())
    }
}

/// A moment in the history of purges of a [`RemoteStore`]: the number of the last purge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "stores construct it")]
pub struct PurgeMoment {
    /// The id of the history. A store that has lost its history, or the end of it, begins one with another id. Zero is
    /// the id of a process that has not read the history yet.
    pub history: u64,
    /// The number of the last purge.
    pub number: u64,
}

/// A part of the history of purges of a [`RemoteStore`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "stores construct it")]
pub struct PurgeHistory {
    /// The id of the history.
    pub history: u64,
    /// The number of the last purge that the history no longer contains. Zero if it is complete.
    pub forgotten: u64,
    /// The purges with their numbers, in ascending order.
    pub purges: Vec<(u64, Bytes)>,
    /// Whether there are more purges, after these.
    pub has_more: bool,
}

/// The failure of an operation of a [`RemoteStore`].
///
/// It never reaches a client. The cache counts it and continues without the second level.
#[derive(Debug)]
pub struct RemoteError {
    is_refusal: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl RemoteError {
    /// Creates the error of a store that cannot be reached or does not work. After several of them, the cache does not
    /// call the store for a while.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_refusal: false, source: source.into() }
    }

    /// Creates the error of a store that works and refused this operation, for example because its memory is full.
    pub fn refused(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_refusal: true, source: source.into() }
    }

    /// Returns whether the store works and refused this operation.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        self.is_refusal
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_refusal { "refused an operation" } else { "is not available" };
        write!(f, "the remote store {what}: {}", self.source)
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
