//! [`Lease`]: the right to generate a response, for which other processes wait.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::signal::Signal;
use crate::store::PrimaryKey;

/// The maximum number of leases that wait to be ended. Older ones end by themselves.
const MAX_ENDED: usize = 1_024;

/// The right of this process to generate the response for a key. Other processes wait until it is ended, which happens
/// at the latest when it is dropped, or after its time in the store.
pub(in crate::layers::shared_cache) struct Lease {
    leases: Arc<Leases>,
    key: PrimaryKey,
    name: String,
    holder: String,
    is_over: AtomicBool,
}

/// The leases of this process.
#[derive(Debug)]
pub(super) struct Leases {
    held: Mutex<HashMap<PrimaryKey, Weak<Lease>>>,
    /// The names and holders of the leases that a task still has to end in the store. A lease may be dropped where no
    /// task can be spawned.
    ended: Mutex<VecDeque<(String, String)>>,
    pub(super) signal: Signal,
    /// The names of holders, which are different in each process.
    process: u64,
    count: AtomicU64,
}

impl Lease {
    /// Ends the lease, so that other processes continue.
    pub(in crate::layers::shared_cache) fn end(&self) {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut held = self.leases.held();
        // After this lease has expired, another one may have been taken for the key.
        if held.get(&self.key).is_some_and(|lease| std::ptr::eq(lease.as_ptr(), self)) {
            held.remove(&self.key);
        }
        drop(held);
        let mut ended = self.leases.ended();
        ended.push_back((self.name.clone(), self.holder.clone()));
        if ended.len() > MAX_ENDED {
            ended.pop_front();
        }
        drop(ended);
        self.leases.signal.send();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Lease {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("holder", &self.holder).field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

impl Leases {
    /// Creates the leases of a process, which has this random number.
    pub(super) fn new(process: u64) -> Self {
        Self {
            held: Mutex::default(),
            ended: Mutex::default(),
            signal: Signal::default(),
            process,
            count: AtomicU64::new(0),
        }
    }

    /// Returns a unique name for a holder.
    pub(super) fn holder(&self) -> String {
        format!("{:016x}-{:x}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Records a lease that has been taken by this name.
    pub(super) fn taken(self: &Arc<Self>, key: &PrimaryKey, name: String, holder: String) -> Arc<Lease> {
        let (leases, is_over) = (Arc::clone(self), AtomicBool::new(false));
        let lease = Arc::new(Lease { leases, key: key.clone(), name, holder, is_over });
        self.held().insert(key.clone(), Arc::downgrade(&lease));
        lease
    }

    /// The lease that this process has for a key.
    pub(super) fn of(&self, key: &PrimaryKey) -> Option<Arc<Lease>> {
        self.held().get(key).and_then(Weak::upgrade)
    }

    /// Takes the name and the holder of a lease that has to be ended in the store.
    pub(super) fn next_ended(&self) -> Option<(String, String)> {
        self.ended().pop_front()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<PrimaryKey, Weak<Lease>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<(String, String)>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
