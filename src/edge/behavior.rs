//! [`EdgeBehavior`]: what else is known of an edge, for whoever asks what it will do.

/// What is known of how an edge treats answers, as its makers document it or as it was
/// measured with the usual settings. `None` is "not known", and must be taken for the worse.
///
/// No layer decides by it: it is for an audit, a warning, a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EdgeBehavior {
    /// Whether it reads `CDN-Cache-Control` (RFC 9213).
    pub reads_cdn_cache_control: Option<bool>,
    /// What it makes of `Vary`.
    pub vary: Option<VaryAtEdge>,
    /// Whether the query is in its key.
    pub query_in_key: Option<bool>,
    /// What it does with a storable answer that sets a cookie.
    pub set_cookie: Option<SetCookieAtEdge>,
    /// What it does with a storable answer to a request with `Authorization`.
    pub authorization: Option<AuthorizationAtEdge>,
    /// Whether it serves stale while it revalidates.
    pub stale_while_revalidate: Option<bool>,
    /// Whether it obeys `stale-if-error`.
    pub stale_if_error: Option<bool>,
    /// Whether it asks the origin with a validator when an answer is stale, and does not fetch
    /// the whole of it.
    pub revalidates: Option<bool>,
    /// Whether it serves what is stale when the origin cannot be reached, unless a directive
    /// forbids it, and without being told that it may.
    pub stale_when_unreachable: Option<bool>,
    /// What it does with a success that says nothing on storing.
    pub without_cache_control: Option<HeuristicCaching>,
    /// Whether it always obeys `no-store` without `private` beside it.
    pub obeys_no_store: Option<bool>,
    /// Whether it hands the tags on to visitors.
    pub forwards_tags: Option<bool>,
}

/// What an edge makes of `Vary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VaryAtEdge {
    /// Every field named there selects.
    Obeyed,
    /// These fields select; the others are not looked at, so that one variant is served to all.
    OnlySelects(&'static [&'static str]),
    /// An answer that names another than these is not stored.
    OnlyStores(&'static [&'static str]),
    /// It is not looked at.
    Ignored,
}

/// What an edge does with a storable answer that sets a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetCookieAtEdge {
    /// It does not store it.
    NotStored,
    /// It stores it without the cookie.
    StoredWithoutIt,
    /// It stores it, and gives everybody the cookie.
    StoredWithIt,
}

/// What an edge does with a storable answer to a request with `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorizationAtEdge {
    /// It does not store or reuse it.
    NotStored,
    /// It stores it when the answer says `public`, `s-maxage` or `must-revalidate`, as the
    /// standard has it (S-04), or some of them.
    StoredWhenAllowed,
    /// It stores it and serves it to others.
    Stored,
}

/// What an edge does with a success that says nothing on storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeuristicCaching {
    /// It does not store it.
    NotStored,
    /// It goes by the extension of the path.
    ByExtension,
    /// It goes by `Last-Modified` (F-04).
    ByLastModified,
    /// It stores it, for so many seconds or more.
    StoredFor(u32),
}

impl EdgeBehavior {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        reads_cdn_cache_control: None,
        vary: None,
        query_in_key: None,
        set_cookie: None,
        authorization: None,
        stale_while_revalidate: None,
        stale_if_error: None,
        revalidates: None,
        stale_when_unreachable: None,
        without_cache_control: None,
        obeys_no_store: None,
        forwards_tags: None,
    };
}
