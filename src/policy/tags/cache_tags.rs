//! [`CacheTags`]: several tags, in order.

use std::collections::HashSet;
use std::fmt;

use http::Extensions;

use super::cache_tag::CacheTag;

/// Several tags without duplicates, in order of importance: coarse ones first, so that where a
/// cache has room for a part, a purge reaches too much rather than too little (E2-3).
///
/// In the extensions of an answer they are what the services inside say of it. The
/// [module page](super) has an example.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CacheTags(Vec<CacheTag>);

/// As many as are compared faster than looked up.
const FEW: usize = 32;

impl CacheTags {
    /// No tag.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a tag at the end, unless it is there.
    pub fn insert(&mut self, tag: CacheTag) {
        if !self.0.contains(&tag) {
            self.0.push(tag);
        }
    }

    /// Adds those of the others that are not there, at the end.
    pub fn unite(&mut self, others: &Self) {
        self.extend(others.iter().cloned());
    }

    /// Puts them into an answer's extensions, after those that are there.
    pub fn add_to(self, extensions: &mut Extensions) {
        match extensions.get_mut::<Self>() {
            Some(tags) => tags.extend(self),
            None => _ = extensions.insert(self),
        }
    }

    /// Whether there is no tag.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this tag is among them.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.0.iter().any(|own| own.as_str() == tag)
    }

    /// The tags, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, CacheTag> {
        self.0.iter()
    }
}

impl Extend<CacheTag> for CacheTags {
    fn extend<I: IntoIterator<Item = CacheTag>>(&mut self, tags: I) {
        let mut tags = tags.into_iter();
        for tag in tags.by_ref() {
            self.insert(tag);
            if self.0.len() > FEW {
                break;
            }
        }
        // Comparing each with each would take a time that goes with the square.
        let mut seen: Option<HashSet<CacheTag>> = None;
        for tag in tags {
            if seen.get_or_insert_with(|| self.0.iter().cloned().collect()).insert(tag.clone()) {
                self.0.push(tag);
            }
        }
    }
}

impl FromIterator<CacheTag> for CacheTags {
    fn from_iter<I: IntoIterator<Item = CacheTag>>(tags: I) -> Self {
        let mut all = Self::new();
        all.extend(tags);
        all
    }
}

impl From<CacheTag> for CacheTags {
    fn from(tag: CacheTag) -> Self {
        Self(vec![tag])
    }
}

impl IntoIterator for CacheTags {
    type Item = CacheTag;
    type IntoIter = std::vec::IntoIter<CacheTag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a CacheTags {
    type Item = &'a CacheTag;
    type IntoIter = std::slice::Iter<'a, CacheTag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for CacheTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn tags(tags: &[&'static str]) -> CacheTags {
        tags.iter().copied().map(CacheTag::from_static).collect()
    }

    #[test]
    fn each_tag_stands_once_where_it_first_stood() {
        assert_eq!(tags(&["b", "a", "b", "c", "a"]), tags(&["b", "a", "c"]));
        let mut one = tags(&["b", "a"]);
        one.unite(&tags(&["c", "a"]));
        assert_eq!(one, tags(&["b", "a", "c"]));
        assert!(one.contains("c") && !one.contains("d"));
    }

    fn any_tags() -> impl Strategy<Value = CacheTags> {
        prop::collection::vec("[a-f]", 0..5)
            .prop_map(|names| names.into_iter().map(|n| CacheTag::new(n).unwrap()).collect())
    }

    fn united(one: &CacheTags, other: &CacheTags) -> CacheTags {
        let mut all = one.clone();
        all.unite(other);
        all
    }

    fn set(tags: &CacheTags) -> BTreeSet<&CacheTag> {
        tags.iter().collect()
    }

    proptest! {
        #[test]
        fn tags_unite_as_sets_do(a in any_tags(), b in any_tags(), c in any_tags()) {
            let ab = united(&a, &b);
            let ba = united(&b, &a);
            prop_assert_eq!(set(&ab), set(&ba), "commutative");
            prop_assert_eq!(united(&ab, &c), united(&a, &united(&b, &c)), "associative");
            prop_assert_eq!(&united(&a, &a), &a, "idempotent");
            prop_assert!(set(&a).is_subset(&set(&ab)) && set(&b).is_subset(&set(&ab)), "none is lost");
        }
    }

    #[test]
    fn many_tags_stand_once_each_too() {
        let many = || (0..10_000).map(|n| CacheTag::new(format!("tag-{}", n % 5_000)).unwrap());
        let all: CacheTags = many().collect();
        assert!(all.len() == 5_000 && all.iter().eq(&many().take(5_000).collect::<Vec<_>>()));
    }

    #[test]
    fn what_services_add_comes_after_what_is_there() {
        let mut extensions = Extensions::new();
        tags(&["inner"]).add_to(&mut extensions);
        tags(&["outer", "inner"]).add_to(&mut extensions);
        assert_eq!(extensions.get::<CacheTags>(), Some(&tags(&["inner", "outer"])));
    }
}
