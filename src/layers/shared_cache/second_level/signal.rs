//! [`Signal`]: wakes the background task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Wakes one task, even if it is sent before the task waits.
#[derive(Debug, Default)]
pub(super) struct Signal {
    is_sent: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Signal {
    pub(super) fn send(&self) {
        self.is_sent.store(true, Ordering::SeqCst);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Takes the signal.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_sent.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        // It may have been sent before the waker was there.
        if self.is_sent.swap(false, Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}
