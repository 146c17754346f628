//! [`TagOverflow`]: what becomes of an answer with more tags than an edge reads.

use crate::policy::CacheTag;

/// What becomes of an answer with more tags than an edge reads. An answer that lacks a tag
/// outlives its purge, so none is left out in silence (G-20).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagOverflow {
    /// It is kept out of shared caches: its `Cache-Control` becomes `private`.
    #[default]
    NotStored,
    /// This tag stands first, and as many of the others follow as fit.
    ///
    /// # Warning
    ///
    /// Whoever purges by one of those that were left out has to purge by this one too.
    Coarser(CacheTag),
}
