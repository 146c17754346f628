//! [`CacheTags`]: the tags of one response, in order of importance.

use std::collections::HashSet;
use std::fmt;

use http::Extensions;

use super::cache_tag::CacheTag;

/// The tags of one response, without duplicates, in order of importance.
///
/// Put the coarse tags first. If a cache reads only the first few tags, a purge then affects more responses than
/// necessary instead of too few.
///
/// Handlers and inner services put the tags into the extensions of the response with [`add_to`](Self::add_to). The
/// [module page](super) has an example.
///
/// ```
/// use tower_cache_policy::policy::{CacheTag, CacheTags};
///
/// let mut tags = CacheTags::from(CacheTag::from_static("articles"));
/// for id in [7, 8, 7] {
///     tags.insert(CacheTag::new(format!("article-{id}"))?);
/// }
/// assert_eq!(tags.len(), 3);
/// # Ok::<(), tower_cache_policy::policy::InvalidCacheTag>(())
/// ```
// E2-3
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CacheTags(Vec<CacheTag>);

/// Up to this many tags, a comparison with each is faster than a hash set.
const FEW: usize = 32;

impl CacheTags {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a tag at the end, unless the list already contains it.
    pub fn insert(&mut self, tag: CacheTag) {
        if !self.0.contains(&tag) {
            self.0.push(tag);
        }
    }

    /// Adds the tags of another list at the end, without those that this list already contains.
    ///
    /// ```
    /// use tower_cache_policy::policy::{CacheTag, CacheTags};
    ///
    /// let mut tags = CacheTags::from_iter([CacheTag::from_static("articles"), CacheTag::from_static("article-7")]);
    /// tags.unite(&CacheTags::from_iter([CacheTag::from_static("article-7"), CacheTag::from_static("authors")]));
    /// assert!(tags.iter().map(CacheTag::as_str).eq(["articles", "article-7", "authors"]));
    /// ```
    pub fn unite(&mut self, others: &Self) {
        self.extend(others.iter().cloned());
    }

    /// Puts the tags into the extensions of a response, after those that are already there.
    ///
    /// ```
    /// use tower_cache_policy::policy::{CacheTag, CacheTags};
    ///
    /// let mut response = http::Response::new(());
    /// // The handler adds a tag, and then a middleware.
    /// CacheTags::from(CacheTag::from_static("article-7")).add_to(response.extensions_mut());
    /// CacheTags::from(CacheTag::from_static("tenant-3")).add_to(response.extensions_mut());
    /// let tags = response.extensions().get::<CacheTags>().unwrap();
    /// assert!(tags.iter().map(CacheTag::as_str).eq(["article-7", "tenant-3"]));
    /// ```
    pub fn add_to(self, extensions: &mut Extensions) {
        match extensions.get_mut::<Self>() {
            Some(tags) => tags.extend(self),
            None => _ = extensions.insert(self),
        }
    }

    /// Returns whether the list is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of tags.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the list contains this tag. The comparison is case-sensitive.
    ///
    /// ```
    /// use tower_cache_policy::policy::{CacheTag, CacheTags};
    ///
    /// let tags = CacheTags::from(CacheTag::from_static("article-7"));
    /// assert!(tags.contains("article-7"));
    /// assert!(!tags.contains("Article-7") && !tags.contains("article-70"));
    /// ```
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.0.iter().any(|own| own.as_str() == tag)
    }

    /// Returns the tags in order.
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
        // Comparing each tag with all others would take quadratic time.
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
    #[inline]
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
    fn duplicates_are_dropped_and_the_first_position_stays() {
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
        fn unite_behaves_like_the_union_of_sets(a in any_tags(), b in any_tags(), c in any_tags()) {
            let ab = united(&a, &b);
            let ba = united(&b, &a);
            prop_assert_eq!(set(&ab), set(&ba), "commutative");
            prop_assert_eq!(united(&ab, &c), united(&a, &united(&b, &c)), "associative");
            prop_assert_eq!(&united(&a, &a), &a, "idempotent");
            prop_assert!(set(&a).is_subset(&set(&ab)) && set(&b).is_subset(&set(&ab)), "no tag is lost");
        }
    }

    #[test]
    fn duplicates_are_dropped_from_a_long_list() {
        let many = || (0..10_000).map(|n| CacheTag::new(format!("tag-{}", n % 5_000)).unwrap());
        let all: CacheTags = many().collect();
        assert!(all.len() == 5_000 && all.iter().eq(&many().take(5_000).collect::<Vec<_>>()));
    }

    #[test]
    fn add_to_appends_to_the_tags_of_inner_services() {
        let mut extensions = Extensions::new();
        tags(&["inner"]).add_to(&mut extensions);
        tags(&["outer", "inner"]).add_to(&mut extensions);
        assert_eq!(extensions.get::<CacheTags>(), Some(&tags(&["inner", "outer"])));
    }
}
