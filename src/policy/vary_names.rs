//! [`VaryNames`]: the field names that a policy adds to `Vary`.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::protocol::assert_vary_names;

/// The number of `vary` calls of one policy that can each add a name.
const MAX_LISTS: usize = 3;

/// A set of field names, compared without regard to case.
///
/// It holds the list of each call, because a constant function cannot concatenate two slices.
// K-06
#[derive(Clone, Copy)]
pub(super) struct VaryNames([&'static [&'static str]; MAX_LISTS]);

impl VaryNames {
    pub(super) const EMPTY: Self = Self([&[]; MAX_LISTS]);

    /// Adds names.
    ///
    /// # Panics
    ///
    /// If a name is not valid in `Vary`, or if all lists are used.
    #[track_caller]
    pub(super) const fn with(mut self, names: &'static [&'static str]) -> Self {
        assert_vary_names(names);
        // A repeated call must not use up a list.
        if self.contains_all(names) {
            return self;
        }
        let mut list = 0;
        while list < MAX_LISTS {
            if self.0[list].is_empty() {
                self.0[list] = names;
                return self;
            }
            list += 1;
        }
        panic!(
            "at most three calls of vary() can add names to a policy: put the names of several calls into one, as \
             in `.vary(&[\"accept-language\", \"origin\"])`"
        );
    }

    /// Returns the names without duplicates, in the order and spelling in which they were first added.
    pub(super) fn iter(self) -> impl Iterator<Item = &'static str> {
        let (mut list, mut index) = (0, 0);
        // Iterator adapters would compile to 5,000 lines of intermediate code.
        std::iter::from_fn(move || {
            loop {
                match self.0.get(list)?.get(index) {
                    Some(name) => {
                        let is_first = self.position(name).is_some_and(|first| first == (list, index));
                        index += 1;
                        if is_first {
                            return Some(*name);
                        }
                    }
                    None => (list, index) = (list + 1, 0),
                }
            }
        })
    }

    #[inline(never)]
    fn has_same_names(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count() && self.iter().all(|name| other.position(name).is_some())
    }

    const fn contains_all(&self, names: &[&str]) -> bool {
        let mut index = 0;
        while index < names.len() {
            if self.position(names[index]).is_none() {
                return false;
            }
            index += 1;
        }
        true
    }

    /// The list and the index at which a name was first added.
    const fn position(&self, name: &str) -> Option<(usize, usize)> {
        let mut list = 0;
        while list < MAX_LISTS {
            let names = self.0[list];
            let mut index = 0;
            while index < names.len() {
                if is_same_name(names[index].as_bytes(), name.as_bytes()) {
                    return Some((list, index));
                }
                index += 1;
            }
            list += 1;
        }
        None
    }
}

/// Does the same as `str::eq_ignore_ascii_case`, which is not const in the oldest supported Rust.
const fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if !one[index].eq_ignore_ascii_case(&other[index]) {
            return false;
        }
        index += 1;
    }
    true
}

/// Compares the sets. The order, the case and the number of calls do not matter.
impl PartialEq for VaryNames {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // The usual case, in a fifth of the instructions: no names, or those of the same calls.
        let is_same_call = |list: usize| std::ptr::eq(self.0[list], other.0[list]);
        (0..MAX_LISTS).all(is_same_call) || self.has_same_names(other)
    }
}

impl Eq for VaryNames {}

impl Hash for VaryNames {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The sum does not depend on the order of the names. Each name is hashed with FNV-1a, because the caller's
        // hasher cannot be reset.
        let of_name = |name: &str| {
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
            })
        };
        state.write_u64(self.iter().fold(0, |sum: u64, name| sum.wrapping_add(of_name(name))));
    }
}

impl fmt::Debug for VaryNames {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::DefaultHasher;

    use super::*;

    fn hash(names: VaryNames) -> u64 {
        let mut hasher = DefaultHasher::new();
        names.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn the_names_of_several_calls_form_one_set() {
        const ONE: VaryNames = VaryNames::EMPTY.with(&["Accept", "origin"]);
        const TWO: VaryNames = VaryNames::EMPTY.with(&["ORIGIN"]).with(&["accept", "Accept"]);
        assert_eq!(ONE.iter().collect::<Vec<_>>(), ["Accept", "origin"]);
        assert_eq!(TWO.iter().collect::<Vec<_>>(), ["ORIGIN", "accept"]);
        assert_eq!(ONE, TWO);
        assert_eq!(hash(ONE), hash(TWO));
        assert_ne!(ONE, ONE.with(&["cookie"]));
        assert_ne!(ONE, VaryNames::EMPTY);
        assert_ne!(VaryNames::EMPTY.with(&["a", "b"]), VaryNames::EMPTY.with(&["a", "c"]));
    }

    #[test]
    fn a_call_without_new_names_does_not_use_a_list() {
        let mut names = VaryNames::EMPTY.with(&["a"]).with(&["b"]);
        for _ in 0..10 {
            names = names.with(&[]).with(&["A", "b"]);
        }
        assert_eq!(names.with(&["d"]).iter().collect::<Vec<_>>(), ["a", "b", "d"]);
    }

    #[test]
    fn the_panic_for_a_fourth_call_names_the_remedy() {
        let build = || VaryNames::EMPTY.with(&["a"]).with(&["b"]).with(&["c"]).with(&["d"]);
        let panic = std::panic::catch_unwind(build).unwrap_err();
        assert!(panic.downcast_ref::<&str>().unwrap().contains("into one"));
    }
}
