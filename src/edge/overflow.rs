//! [`TagOverflow`]: what happens to a response with tags that an edge cannot carry.

use crate::policy::CacheTag;

/// What happens to a response with tags that an edge cannot carry, or with more than it reads.
///
/// A purge by a tag that is missing would not reach the response, so no tag is left out silently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagOverflow {
    /// The response is kept out of shared caches: its `Cache-Control` becomes `private`.
    #[default]
    NotStored,
    /// This tag comes first, and as many of the others follow as fit.
    ///
    /// # Warning
    ///
    /// To purge by one of the tags that were left out, purge by this one too.
    Coarser(CacheTag),
}
