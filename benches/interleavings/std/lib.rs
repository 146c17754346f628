//! The parts of the standard library that the shared cache uses. At its locks and atomics, the scheduler of `shuttle`
//! can switch to another thread.

pub use std::env::args;
pub use std::{collections, fmt, future, mem, ops, panic, pin, str, task, thread, time};

pub mod sync {
    pub use shuttle::sync::{Mutex, MutexGuard, RwLock, RwLockWriteGuard};
    pub use std::sync::{Arc, PoisonError, TryLockError, Weak};

    pub mod atomic {
        pub use shuttle::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    }

    /// A `OnceLock` before whose operations the scheduler can switch.
    #[derive(Debug)]
    pub struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        point: atomic::AtomicBool,
    }

    impl<T> OnceLock<T> {
        #[must_use]
        pub const fn new() -> Self {
            Self { value: std::sync::OnceLock::new(), point: atomic::AtomicBool::new(false) }
        }

        pub fn get(&self) -> Option<&T> {
            self.point.load(atomic::Ordering::SeqCst);
            self.value.get()
        }

        pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            self.point.load(atomic::Ordering::SeqCst);
            self.value.get_or_init(make)
        }

        /// # Errors
        ///
        /// Returns the value if it has been set.
        pub fn set(&self, value: T) -> Result<(), T> {
            self.point.load(atomic::Ordering::SeqCst);
            self.value.set(value)
        }
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self::new()
        }
    }
}
