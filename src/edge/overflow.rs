//! [`TagOverflow`]: the treatment of a response with tags that an edge does not accept.

use crate::policy::CacheTag;

/// The treatment of a response with a tag that an edge does not accept, or with more tags than it reads.
///
/// No tag is left out silently, because a purge by a missing tag would not affect the response.
///
/// ```
/// use tower_cache_policy::EdgeLayer;
/// use tower_cache_policy::edge::{EdgeProfile, TagOverflow};
/// use tower_cache_policy::policy::CacheTag;
///
/// const ALL: CacheTag = CacheTag::from_static("all-pages");
/// let layer = EdgeLayer::new(EdgeProfile::FASTLY).on_overflow(TagOverflow::Coarser(ALL));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagOverflow {
    /// No shared cache stores the response: its `Cache-Control` becomes `private`.
    #[default]
    NotStored,
    /// The response gets this tag, followed by as many of its own tags as fit.
    ///
    /// # Warning
    ///
    /// Whenever you purge by a tag that may have been left out, purge by this tag too.
    Coarser(CacheTag),
}
