//! [`Recent`]: a table of recently computed values.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread::LocalKey;

/// The number of values in a table. An application repeats fewer policies and field values than this.
const SLOTS: usize = 64;

/// The values that a thread computed recently, at the slots of their hashes.
///
/// Each thread has its own table, so that a lookup writes to no memory that threads share. A new value replaces the one
/// in its slot. Values that vary therefore cannot fill the table for good.
pub(crate) struct Recent<T>(RefCell<[Option<Rc<T>>; SLOTS]>);

impl<T> Recent<T> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new([const { None }; SLOTS]))
    }

    /// Returns the value that `is_wanted` accepts from the slot of the hash. Otherwise makes it, and puts it there.
    pub(crate) fn recall(
        table: &'static LocalKey<Self>,
        hash: u64,
        is_wanted: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> Rc<T> {
        // The upper bits depend on all bits of the hash. 2^64 divided by the golden ratio is the usual factor.
        let slot = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize;
        let find = |recent: &Self| recent.0.borrow()[slot].as_ref().filter(|known| is_wanted(known)).cloned();
        // A thread that ends no longer has a table.
        if let Ok(Some(known)) = table.try_with(find) {
            return known;
        }
        let made = Rc::new(make());
        let replaced = table.try_with(|recent| recent.0.borrow_mut()[slot].replace(Rc::clone(&made)));
        drop(replaced);
        made
    }
}

/// The longest field value that is remembered, in bytes. The values that an application repeats are shorter.
pub(crate) const MAX_LENGTH: usize = 256;

/// Returns a hash of the parts in which the field values of an application usually differ: the start, the end and the
/// length.
pub(crate) fn short_hash(value: &[u8]) -> u64 {
    let (first, last) = match (value.first_chunk(), value.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (value.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)), 0),
    };
    first ^ last.rotate_left(29) ^ value.len() as u64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TABLE: Recent<u64> = const { Recent::new() };
        static MADE: Cell<usize> = const { Cell::new(0) };
    }

    fn recall(value: u64) {
        let make = || {
            MADE.set(MADE.get() + 1);
            value
        };
        assert_eq!(*Recent::recall(&TABLE, value, |known| *known == value, make), value);
    }

    #[test]
    fn a_repeated_value_is_computed_once() {
        for _ in 0..3 {
            recall(1);
        }
        assert_eq!(MADE.get(), 1);
    }

    #[test]
    fn values_that_vary_do_not_fill_the_table_for_good() {
        (100..10_000).for_each(recall);
        let before = MADE.get();
        for _ in 0..3 {
            recall(1);
        }
        assert_eq!(MADE.get(), before + 1);
    }
}
