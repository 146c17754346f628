//! [`NameTable`]: names, and the order in which they first occurred.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Names, numbered in the order in which they were added.
///
/// All lists of names share this type, because the compiler would generate separate code for each type of map.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTable(BTreeMap<Vec<u8>, usize>);

impl NameTable {
    /// Adds a name. Returns `false` if the table contains it already.
    pub(crate) fn insert(&mut self, name: Vec<u8>) -> bool {
        let number = self.0.len();
        match self.0.entry(name) {
            Entry::Vacant(place) => {
                place.insert(number);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub(crate) fn number(&self, name: &[u8]) -> Option<usize> {
        self.0.get(name).copied()
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.number(name).is_some()
    }

    /// Returns the names and their numbers, sorted by name.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.0.iter().map(|(name, number)| (name.as_slice(), *number))
    }

    /// Returns whether both tables contain the same names, in any order.
    pub(crate) fn has_same_names(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.sorted().all(|(name, _)| other.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> NameTable {
        let mut table = NameTable::default();
        names.iter().for_each(|name| _ = table.insert(name.as_bytes().to_vec()));
        table
    }

    #[test]
    fn names_are_numbered_in_order_and_sorted_by_name() {
        let mut table = table(&["b", "a", "b", "c"]);
        assert_eq!(table.sorted().collect::<Vec<_>>(), [(&b"a"[..], 1), (b"b", 0), (b"c", 2)]);
        assert_eq!((table.number(b"c"), table.number(b"d")), (Some(2), None));
        assert!(!table.insert(b"a".to_vec()));
        assert!(table.insert(b"d".to_vec()));
    }

    #[test]
    fn the_order_of_names_does_not_matter_for_a_comparison() {
        assert!(table(&["a", "b"]).has_same_names(&table(&["b", "a"])));
        for other in [&["a"][..], &["a", "c"], &["a", "b", "c"]] {
            assert!(!table(&["a", "b"]).has_same_names(&table(other)), "{other:?}");
        }
    }
}
