//! [`CacheOutcome`]: what a cache did with a request, in one word.

/// What a cache did with a request, in one word.
///
/// | | the origin was asked | the content is a stored one |
/// |---|---|---|
/// | [`Hit`](Self::Hit), [`Stale`](Self::Stale), [`Updating`](Self::Updating) | no, or not waited for | yes |
/// | [`Revalidated`](Self::Revalidated) | whether the stored one still holds | yes |
/// | [`Miss`](Self::Miss), [`Expired`](Self::Expired), [`Bypass`](Self::Bypass), [`Dynamic`](Self::Dynamic) | yes | no |
/// | [`Generated`](Self::Generated), [`Prerendered`](Self::Prerendered) | no | no: the edge had it from elsewhere |
/// | [`Error`](Self::Error), [`Unknown`](Self::Unknown) | cannot be told | cannot be told |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// A stored answer was fresh and was sent.
    Hit,
    /// Nothing stored could be used.
    Miss,
    /// What was stored was too old, and the origin sent a new answer.
    Expired,
    /// What was stored was too old and was sent all the same.
    Stale,
    /// The origin said that what was stored still holds.
    Revalidated,
    /// What was stored was too old and was sent while a new answer is being fetched.
    Updating,
    /// The cache was told not to look, or not to use what it found, by the request, the
    /// answer or its configuration.
    Bypass,
    /// The cache takes the resource for none that it might store.
    Dynamic,
    /// A function at the edge made the answer.
    Generated,
    /// The answer lay ready in the vendor's static storage, not in its cache.
    Prerendered,
    /// The cache answered with an error.
    Error,
    /// The field says nothing of it, or says it in a word that is not known here.
    Unknown,
}

impl CacheOutcome {
    /// Whether a stored answer was sent and nobody waited for the origin: a
    /// [`Hit`](Self::Hit), [`Stale`](Self::Stale) or [`Updating`](Self::Updating).
    ///
    /// False where it cannot be told.
    #[must_use]
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Updating)
    }

    /// Whether the content that was sent is a stored one, be it after the origin was
    /// asked: [`is_hit`](Self::is_hit) or [`Revalidated`](Self::Revalidated).
    ///
    /// False where it cannot be told.
    #[must_use]
    pub const fn is_served_by_cache(self) -> bool {
        self.is_hit() || matches!(self, Self::Revalidated)
    }
}
