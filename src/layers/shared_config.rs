//! [`SharedConfig`]: a configuration that the services and futures of a layer share.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A configuration that the services and futures of a layer share.
///
/// Each request would increment and decrement the counter of an [`Arc`], in memory that all threads write to. A usual
/// configuration is therefore found in static memory, which is never freed and has no counter.
#[derive(Debug)]
pub(super) enum SharedConfig<T: 'static> {
    Static(&'static T),
    Counted(Arc<T>),
}

/// The usual configurations of a kind of layer. The first ones of a process take the places.
pub(super) type UsualConfigs<T> = [OnceLock<T>; 64];

impl<T: Clone + PartialEq> SharedConfig<T> {
    /// Shares a configuration, by an equal one in static memory if it `is_usual`, which excludes closures.
    pub(super) fn of(config: &Arc<T>, is_usual: bool, usual: &'static UsualConfigs<T>) -> Self {
        let mut known = usual.iter().filter(|_| is_usual).map(|place| place.get_or_init(|| T::clone(config)));
        match known.find(|known| **known == **config) {
            Some(known) => Self::Static(known),
            None => Self::Counted(Arc::clone(config)),
        }
    }
}

impl<T> Clone for SharedConfig<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(config) => Self::Static(config),
            Self::Counted(config) => Self::Counted(Arc::clone(config)),
        }
    }
}

impl<T> Deref for SharedConfig<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(config) => config,
            Self::Counted(config) => config,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_usual_configurations_are_static_while_there_is_a_place() {
        static USUAL: UsualConfigs<usize> = [const { OnceLock::new() }; 64];
        let is_static = |n, is_usual| {
            let shared = SharedConfig::of(&Arc::new(n), is_usual, &USUAL);
            assert_eq!(*shared.clone(), n);
            matches!(shared, SharedConfig::Static(_))
        };
        assert!(!is_static(0, false));
        for _ in 0..3 {
            assert!((0..64).all(|n| is_static(n, true)), "an equal configuration needs no other place");
        }
        assert!(!is_static(64, true));
    }
}
