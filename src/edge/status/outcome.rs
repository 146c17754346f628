//! [`CacheOutcome`]: what a cache did with a request, in one word.

/// What a cache did with a request, in one word.
///
/// | | The origin was asked | The content is a stored one |
/// |---|---|---|
/// | [`Hit`](Self::Hit), [`Stale`](Self::Stale), [`Updating`](Self::Updating) | no, or the client did not wait for it | yes |
/// | [`Revalidated`](Self::Revalidated) | whether the stored response is still valid | yes |
/// | [`Miss`](Self::Miss), [`Expired`](Self::Expired), [`Bypass`](Self::Bypass), [`Dynamic`](Self::Dynamic) | yes | no |
/// | [`Generated`](Self::Generated), [`Prerendered`](Self::Prerendered) | no | no: the edge made it, or had it elsewhere |
/// | [`Error`](Self::Error), [`Unknown`](Self::Unknown) | not known | not known |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// A stored response was fresh and was sent.
    Hit,
    /// No stored response could be used.
    Miss,
    /// The stored response was stale, and the origin sent a new one.
    Expired,
    /// The stored response was stale and was sent anyway.
    Stale,
    /// The origin confirmed that the stored response is still valid.
    Revalidated,
    /// The stored response was stale and was sent while a new one is being fetched.
    Updating,
    /// The request, the response or the configuration told the cache not to look, or not to
    /// use what it found.
    Bypass,
    /// The cache does not store resources of this kind.
    Dynamic,
    /// The edge made the response itself: by a function, or as a redirect that it is configured
    /// to send.
    Generated,
    /// The response was ready in the vendor's static storage, not in its cache.
    Prerendered,
    /// The cache responded with an error.
    Error,
    /// The field does not tell, or tells it in a word that is not known here.
    Unknown,
}

impl CacheOutcome {
    /// Whether a stored response was sent and the client did not wait for the origin: a
    /// [`Hit`](Self::Hit), [`Stale`](Self::Stale) or [`Updating`](Self::Updating).
    ///
    /// `false` if that is not known.
    #[must_use]
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Updating)
    }

    /// Whether the content that was sent is a stored one, possibly after a request to the origin:
    /// [`is_hit`](Self::is_hit) or [`Revalidated`](Self::Revalidated).
    ///
    /// `false` if that is not known.
    #[must_use]
    pub const fn is_served_by_cache(self) -> bool {
        self.is_hit() || matches!(self, Self::Revalidated)
    }
}
