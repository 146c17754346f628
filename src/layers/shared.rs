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

/// The number of configurations of one type in static memory. Services have fewer, even if each route has its own
/// layer. All others are counted.
const SLOTS: usize = 256;

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; SLOTS])
    }

    /// Shares a configuration, from static memory if the table contains it or has room for it. The configuration must
    /// not own a closure of the application, which would never be dropped.
    pub(crate) fn share(&'static self, config: &Arc<T>) -> Shared<T> {
        self.find(config, Arc::ptr_eq)
    }

    /// Like [`share`](Self::share), from an equal configuration.
    pub(crate) fn share_equal(&'static self, config: &Arc<T>) -> Shared<T>
    where
        T: PartialEq,
    {
        self.find(config, |known, config| known == config)
    }

    fn find(&'static self, config: &Arc<T>, is_same: impl Fn(&Arc<T>, &Arc<T>) -> bool) -> Shared<T> {
        let mut known = self.0.iter().map(|slot| slot.get_or_init(|| Arc::clone(config)));
        match known.find(|known| is_same(known, config)) {
            Some(known) => Shared::Static(known),
            None => Shared::Counted(Arc::clone(config)),
        }
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
    #[inline]
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
                let shared = TABLE.share(config).clone();
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

    #[test]
    fn an_equal_configuration_needs_no_other_place() {
        static TABLE: Table<usize> = Table::new();

        for _ in 0..SLOTS + 2 {
            assert!(matches!(TABLE.share_equal(&Arc::new(1)), Shared::Static(1)));
        }
        assert!((0..SLOTS).all(|index| matches!(TABLE.share_equal(&Arc::new(index)), Shared::Static(_))));
        assert!(matches!(TABLE.share_equal(&Arc::new(SLOTS)), Shared::Counted(_)));
    }
}
