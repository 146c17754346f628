//! [`Shared`]: the configuration of a layer, without a counter.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A configuration that a layer shares with its services and futures.
///
/// To count the references of each request, all threads would write to the same memory, which takes more time than most
/// decisions.
pub(crate) enum Shared<T: 'static> {
    Static(&'static T),
    Counted(Arc<T>),
}

/// The configurations in static memory, which are never released.
pub(crate) struct Table<T>([OnceLock<Arc<T>>; SLOTS]);

/// The number of configurations of one type in static memory. Services have fewer, because a layer has the same
/// configuration around all routes. All others are counted.
const SLOTS: usize = 64;

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; SLOTS])
    }

    /// Shares a configuration, from static memory if the table contains it or has room for it.
    pub(crate) fn share(&'static self, config: &Arc<T>) -> Shared<T> {
        for slot in &self.0 {
            let known = slot.get_or_init(|| Arc::clone(config));
            if Arc::ptr_eq(known, config) {
                return Shared::Static(known);
            }
        }
        Shared::Counted(Arc::clone(config))
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Static(shared) => Self::Static(shared),
            Self::Counted(shared) => Self::Counted(Arc::clone(shared)),
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Static(shared) => shared,
            Self::Counted(shared) => shared,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_configurations_are_static_and_the_others_are_counted() {
        static TABLE: Table<usize> = Table::new();

        let configs: Vec<Arc<usize>> = (0..SLOTS + 2).map(Arc::new).collect();
        for round in 0..3 {
            for (index, config) in configs.iter().enumerate() {
                let shared = TABLE.share(config);
                assert_eq!(*shared, index);
                assert_eq!(matches!(shared, Shared::Static(_)), index < SLOTS, "configuration {index}, round {round}");
            }
        }
        assert!(
            configs
                .iter()
                .enumerate()
                .all(|(index, config)| Arc::strong_count(config) == 1 + usize::from(index < SLOTS))
        );
    }
}
