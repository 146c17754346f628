//! Extensions that pass information to inner and outer layers.

use http::Extensions;

use crate::protocol::HttpDate;

/// A request extension that states that a source provides the validators. An inner
/// [`EntityTagLayer`](crate::EntityTagLayer) must not generate an entity tag that the source does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValidatorSourcePresent {
    /// No inner layer generates a tag.
    ForAllTags,
    /// The outermost inner `EntityTagLayer` generates no tag. The source reads the tags of the layers below it.
    ForOutermostTags,
}

impl ValidatorSourcePresent {
    /// Adds the mark, unless an outer layer has already added one that excludes more tags.
    pub(super) fn put_into(self, request: &mut Extensions) {
        if !matches!(request.get(), Some(Self::ForAllTags)) {
            request.insert(self);
        }
    }
}

/// A response extension with the real modification date, if it is in the future. `Last-Modified` contains the
/// date that replaces it.
// V-14
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModifiedInFuture(pub(crate) HttpDate);
