//! Marks that tell an inner or outer layer what this one knows.

use http::Extensions;

use crate::protocol::HttpDate;

/// In the extensions of a request: its representation has the validators of a source, so that an inner
/// [`EntityTagLayer`](crate::EntityTagLayer) must not generate an entity tag that the source does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValidatorSourcePresent {
    /// No inner layer generates a tag.
    ForAllTags,
    /// The outermost inner `EntityTagLayer` generates no tag. The source reads the tags of the layers inside it.
    ForOutermostTags,
}

impl ValidatorSourcePresent {
    /// Adds the mark. One of an outer layer that says more stays.
    pub(super) fn put_into(self, request: &mut Extensions) {
        if !matches!(request.get(), Some(Self::ForAllTags)) {
            request.insert(self);
        }
    }
}

/// In the extensions of a response: the date of its last modification, which is in the future and was
/// replaced in `Last-Modified` (V-14).
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModifiedInFuture(pub(crate) HttpDate);
