//! [`FileOnDisk`]: hashes a file again when its modification time has changed.
//!
//! A deployment, a restored backup and `touch` change the modification time of a file but not its content. Only the
//! hash of the file shows whether the content has changed.
//!
//! Reading a file blocks, so it happens on a separate thread, which does not need a runtime. The response waits for the
//! result, because its content is not verified until then. A file is hashed once for each modification time, regardless
//! of the number of requests that wait for it.

use std::collections::VecDeque;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::SystemTime;

use super::digest::ContentDigest;
use crate::protocol::HttpDate;

/// A file on this machine whose content is known.
#[derive(Debug)]
pub(crate) struct FileOnDisk {
    path: PathBuf,
    digest: ContentDigest,
    length: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The modification time of the last hashed version, and the result.
    checked: Option<(SystemTime, Content)>,
    /// The numbers of the last check that was requested, the last that has begun, and the last that has ended.
    requested: u64,
    begun: u64,
    ended: u64,
    waiting: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Same,
    Different,
}

/// Waits until the file has been hashed again.
#[derive(Debug)]
pub(crate) struct Recheck {
    file: Arc<FileOnDisk>,
    number: u64,
}

impl FileOnDisk {
    pub(super) fn new(path: &Path, digest: ContentDigest, length: u64, modified: SystemTime) -> Arc<Self> {
        // The working directory can change while the program runs.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let checked = Some((modified, Content::Same));
        let state = Mutex::new(State { checked, requested: 0, begun: 0, ended: 0, waiting: Vec::new() });
        Arc::new(Self { path, digest, length, state })
    }

    /// Returns whether the file was hashed at this modification time and has the known content.
    pub(crate) fn is_verified(&self, modified: HttpDate) -> bool {
        matches!(self.state().checked, Some((checked, Content::Same))
            if HttpDate::from_system_time(checked) == Some(modified))
    }

    /// Requests a check. All waiting requests share a check that has not begun yet.
    pub(crate) fn recheck(self: &Arc<Self>) -> Recheck {
        let mut state = self.state();
        let is_new = state.requested == state.begun;
        if is_new {
            state.requested += 1;
        }
        let number = state.requested;
        drop(state);
        if is_new {
            enqueue(Arc::clone(self));
        }
        Recheck { file: Arc::clone(self), number }
    }

    fn check(&self, before: Option<(SystemTime, Content)>) -> Option<(SystemTime, Content)> {
        let metadata = fs::metadata(&self.path).ok()?;
        let modified = metadata.modified().ok()?;
        if metadata.len() != self.length {
            return Some((modified, Content::Different));
        }
        if before.is_some_and(|(checked, _)| checked == modified) {
            return before;
        }
        let (digest, stored) = ContentDigest::of_file(&self.path).ok()?;
        let same = digest == self.digest && stored.len() == self.length;
        Some((stored.modified().ok()?, if same { Content::Same } else { Content::Different }))
    }

    /// The state is consistent between any two statements.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Recheck {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.file.state();
        if state.ended >= self.number {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// The maximum number of threads: two, so that a large file does not delay a small one, and a deployment does not
/// occupy every core.
const MAX_THREADS: usize = 2;

static QUEUE: Mutex<Queue> = Mutex::new(Queue { files: VecDeque::new(), threads: 0 });

struct Queue {
    files: VecDeque<Arc<FileOnDisk>>,
    threads: usize,
}

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enqueue(file: Arc<FileOnDisk>) {
    let mut queue = queue();
    queue.files.push_back(file);
    if queue.threads >= MAX_THREADS {
        return;
    }
    queue.threads += 1;
    drop(queue);
    // If no thread can be started, the files stay unverified.
    if thread::Builder::new().name("asset-recheck".to_owned()).spawn(work).is_err() {
        while let Some(file) = next_file() {
            drop(Check::begin(file));
        }
    }
}

/// Checks files until the queue is empty.
fn work() {
    while let Some(file) = next_file() {
        Check::begin(file).run();
    }
}

/// Returns the next file, or ends the thread. One lock covers both, so that no file remains in the queue.
fn next_file() -> Option<Arc<FileOnDisk>> {
    let mut queue = queue();
    let next = queue.files.pop_front();
    if next.is_none() {
        queue.threads -= 1;
    }
    next
}

/// A check that has begun. Dropping it wakes the waiting requests.
struct Check {
    file: Arc<FileOnDisk>,
    number: u64,
    before: Option<(SystemTime, Content)>,
    result: Option<(SystemTime, Content)>,
}

impl Check {
    fn begin(file: Arc<FileOnDisk>) -> Self {
        let mut state = file.state();
        state.begun = state.requested;
        let (number, before) = (state.begun, state.checked);
        drop(state);
        Self { file, number, before, result: None }
    }

    fn run(mut self) {
        self.result = self.file.check(self.before);
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        let mut state = self.file.state();
        // Two threads can check one file, and the later check can end first.
        if self.number > state.ended {
            state.checked = self.result;
            state.ended = self.number;
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}
