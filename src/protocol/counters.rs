//! Counts how often layers read fields and make decisions. For unit tests only.

use std::cell::Cell;

/// The counts of the current thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) cache_control_parsed: usize,
    pub(crate) vary_read: usize,
    pub(crate) decisions: usize,
    pub(crate) usual: usize,
    pub(crate) undisputed: usize,
    pub(crate) confirmed: usize,
    pub(crate) readings_reused: usize,
    pub(crate) request_walks: usize,
    pub(crate) response_walks: usize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const {
        Cell::new(Counts {
            cache_control_parsed: 0,
            vary_read: 0,
            decisions: 0,
            usual: 0,
            undisputed: 0,
            confirmed: 0,
            readings_reused: 0,
            request_walks: 0,
            response_walks: 0,
        })
    };
}

pub(crate) fn count(change: impl FnOnce(&mut Counts)) {
    COUNTS.with(|counts| {
        let mut changed = counts.get();
        change(&mut changed);
        counts.set(changed);
    });
}

/// Returns the counts since the last call.
pub(crate) fn take() -> Counts {
    COUNTS.take()
}

thread_local! {
    static IN_FULL: Cell<bool> = const { Cell::new(false) };
}

/// Makes all layers on this thread read fields and decide in full, even if the decision of an inner layer applies.
pub(crate) fn decide_in_full(on: bool) {
    IN_FULL.set(on);
}

pub(crate) fn decides_in_full() -> bool {
    IN_FULL.get()
}
