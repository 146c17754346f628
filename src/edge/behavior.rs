//! [`EdgeBehavior`]: how an edge treats responses.

/// How an edge treats responses, if that is documented or was measured with the default settings.
///
/// `None` means that the behavior is not known. In this case, assume the less safe behavior. These facts are for
/// audits, warnings and tests. The layers do not use them.
///
/// ```
/// use tower_cache_policy::edge::{EdgeProfile, VaryAtEdge};
///
/// let cloudfront = EdgeProfile::CLOUDFRONT;
/// assert_eq!(cloudfront.facts().vary, Some(VaryAtEdge::Ignored));
/// assert_eq!(cloudfront.facts().obeys_no_store, Some(false));
/// ```
///
/// You can compare the facts of all built-in profiles:
///
/// ```
/// use tower_cache_policy::edge::{EdgeBehavior, EdgeProfile, SetCookieAtEdge, VaryAtEdge};
///
/// let edges = |is: fn(&EdgeBehavior) -> bool| -> Vec<&str> {
///     EdgeProfile::all().iter().filter(|edge| is(edge.facts())).map(EdgeProfile::name).collect()
/// };
/// // All clients of these edges get the same language:
/// assert_eq!(edges(|facts| facts.vary == Some(VaryAtEdge::Ignored)), ["cloudfront", "bunny"]);
/// // These may store `no-store` without `private`:
/// assert_eq!(edges(|facts| facts.obeys_no_store == Some(false)), ["fastly", "akamai", "cloudfront"]);
/// // These send one client's cookie to others if a guard does not prevent it:
/// let with_cookie = edges(|facts| facts.set_cookie == Some(SetCookieAtEdge::StoredWithIt));
/// assert_eq!(with_cookie, ["standard", "haproxy", "souin"]);
/// // These leave the query out of the key, unless they are configured otherwise:
/// assert_eq!(edges(|facts| facts.query_in_key == Some(false)), ["cloudfront", "bunny"]);
/// ```
///
/// To correct a fact for your configuration, change a copy and pass it to
/// [`EdgeProfile::with_facts`](super::EdgeProfile::with_facts):
///
/// ```
/// use tower_cache_policy::edge::EdgeProfile;
///
/// // This distribution has a cache policy with the query in the key.
/// let mut facts = *EdgeProfile::CLOUDFRONT.facts();
/// facts.query_in_key = Some(true);
/// let cloudfront = EdgeProfile::CLOUDFRONT.with_facts(facts);
/// assert_eq!(cloudfront.facts().query_in_key, Some(true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EdgeBehavior {
    /// Whether the edge reads `CDN-Cache-Control` ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213.html)).
    ///
    /// If it does, a `CDN-Cache-Control` that another service adds changes the lifetime at this edge.
    pub reads_cdn_cache_control: Option<bool>,
    /// Whether the edge obeys `no-store` and `no-cache` in a targeted field that it reads, such as `CDN-Cache-Control`, if
    /// `Cache-Control` allows storage.
    ///
    /// If it does not, forbid storage in `Cache-Control` too, as an [`EdgeLayer`](crate::EdgeLayer) does.
    pub obeys_targeted_restriction: Option<bool>,
    /// How the edge treats a `Surrogate-Control` that does not contain a lifetime for this edge.
    pub surrogate_control: Option<SurrogateControlAtEdge>,
    /// How the edge uses `Vary`.
    pub vary: Option<VaryAtEdge>,
    /// How the edge treats `*` in `Vary`, if it uses the names in this field.
    ///
    /// If it does not obey `*`, send `no-store` in addition.
    pub vary_any: Option<VaryAnyAtEdge>,
    /// Whether the edge subtracts the `Age` of a response from its lifetime.
    ///
    /// If it does not, a response that comes from another cache is fresh for longer than its lifetime.
    pub reads_age: Option<bool>,
    /// Whether the edge stores a response whose `private` contains names of fields, such as `private="x-user"`, with or
    /// without these fields.
    pub stores_qualified_private: Option<bool>,
    /// Whether the edge stores a response with `public` and without a lifetime, for a time of its own and regardless of
    /// the status.
    pub stores_public: Option<bool>,
    /// Whether `public` can take precedence over `private` and `no-store` at the edge.
    pub public_overrides: Option<bool>,
    /// Whether the cache key includes the query.
    ///
    /// If it does not, `/search?q=a` and `/search?q=b` get the same response.
    pub query_in_key: Option<bool>,
    /// How the edge treats a storable response with `Set-Cookie`.
    ///
    /// The guard against shared cookies makes such a response private, so this matters only if the
    /// [risk](crate::policy::Risk) is accepted.
    pub set_cookie: Option<SetCookieAtEdge>,
    /// How the edge treats a storable response to a request with `Authorization`.
    pub authorization: Option<AuthorizationAtEdge>,
    /// Whether the edge serves a stale response while it revalidates, if `stale-while-revalidate` allows it.
    ///
    /// If it does not, the first client after the lifetime waits for the origin ([RFC 5861 section
    /// 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    pub stale_while_revalidate: Option<bool>,
    /// Whether the edge serves a stale response after an error of the origin, if `stale-if-error` allows it.
    ///
    /// If it does not, clients get the error as soon as the lifetime ends ([RFC 5861 section
    /// 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    pub stale_if_error: Option<bool>,
    /// Whether the edge revalidates a stale response with `If-None-Match` or `If-Modified-Since`, instead of fetching
    /// the complete response.
    ///
    /// If it does not, entity tags save bandwidth only between the edge and browsers.
    pub revalidates: Option<bool>,
    /// Whether the edge serves a stale response when it cannot reach the origin, although no directive allows or
    /// forbids it.
    ///
    /// If it does, and outdated content is worse than an error, send
    /// [`must-revalidate`](crate::policy::CachePolicy::must_revalidate).
    pub stale_when_unreachable: Option<bool>,
    /// How the edge treats a successful response without `Cache-Control`.
    pub without_cache_control: Option<HeuristicCaching>,
    /// Whether the edge always obeys `no-store`, even without `private`.
    ///
    /// If it does not, an [`EdgeLayer`](crate::EdgeLayer) still prevents the edge from storing such a response, because
    /// it adds `private`.
    pub obeys_no_store: Option<bool>,
    /// Whether the edge implements the rules of [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html) that few caches
    /// implement: it stores a response with `private="x-user"` without that field, `must-understand` takes precedence over
    /// `no-store`, and `s-maxage` forbids stale responses.
    pub implements_all_directives: Option<bool>,
    /// Whether the edge forwards the field with the tags to clients.
    ///
    /// If it does, clients see the tags. Do not put secrets or names of customers into tags.
    pub forwards_tags: Option<bool>,
}

/// How an edge treats a response with a `Surrogate-Control` that does not contain a lifetime for this edge. Some edges
/// never read a lifetime from this field.
///
/// Only `no-store` in the field, which such an edge may obey, prevents these effects. An
/// [`EdgeLayer`](crate::EdgeLayer) with the profile of such an edge removes the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SurrogateControlAtEdge {
    /// The field has no effect.
    Ignored,
    /// The edge ignores `private`, `no-store` and `no-cache` in `Cache-Control`, and reads only a lifetime from it. It
    /// can store a private response.
    LiftsRestrictions,
    /// The edge ignores `Cache-Control` and treats the response as if the field was missing.
    ReplacesCacheControl,
}

/// How an edge uses `Vary`.
///
/// If an edge does not obey a name, give each variant its own URL, such as `/en/news` and `/de/news`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VaryAtEdge {
    /// All fields named in `Vary` select the stored response.
    Obeyed,
    /// Only these fields select the stored response. The edge ignores other names, so all clients get the same
    /// response.
    OnlySelects(&'static [&'static str]),
    /// The edge does not store a response whose `Vary` has a name that is not in this list.
    OnlyStores(&'static [&'static str]),
    /// The edge does not store a response whose `Vary` is `*` or has a name in this list. All other fields select the
    /// stored response.
    NeverStores(&'static [&'static str]),
    /// The edge ignores `Vary`, so all clients get the same response.
    Ignored,
}

/// How an edge treats `*` in `Vary`, which means that no later request matches ([RFC 9111 section
/// 4.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VaryAnyAtEdge {
    /// The edge never reuses the response without revalidation.
    Obeyed,
    /// The edge recognizes `*` only if it is the only member of the field. Next to a name, it is a name of its own.
    ObeyedAlone,
    /// The edge reuses the response.
    Ignored,
}

/// How an edge treats a storable response with `Set-Cookie`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetCookieAtEdge {
    /// The edge does not store the response.
    NotStored,
    /// The edge stores the response without the cookie.
    StoredWithoutIt,
    /// The edge stores the response with the cookie, and sends it to all clients.
    StoredWithIt,
}

/// How an edge treats a storable response to a request with `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorizationAtEdge {
    /// The edge does not store or reuse the response.
    NotStored,
    /// The edge stores the response if it has one of the directives `public`, `s-maxage` and `must-revalidate`. Some
    /// edges accept only some of these ([RFC 9111 section
    /// 3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5)).
    ///
    /// The guard [`Authorization`](crate::policy::Guard::Authorization) makes such a response private unless its
    /// [risk](crate::policy::Risk::AuthorizedResponseServedToOthers) is accepted.
    // S-04
    StoredWhenAllowed,
    /// The edge stores the response and serves it to other clients.
    Stored,
}

/// How an edge treats a successful response without `Cache-Control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeuristicCaching {
    /// The edge does not store the response.
    NotStored,
    /// The file extension in the path decides whether the edge stores the response.
    ///
    /// A path such as `/logo.png` is stored, and `/logo` is not. A page under `/account.png` would be stored too.
    ByExtension,
    /// The edge derives a heuristic lifetime from `Last-Modified`
    /// ([RFC 9111 section 4.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2)).
    // F-04
    ByLastModified,
    /// The edge stores the response for at least this many seconds.
    StoredFor(u32),
    /// The edge stores the response if the standard allows it, and revalidates it before each reuse.
    Validated,
}

impl EdgeBehavior {
    /// A value in which no behavior is known.
    pub const UNKNOWN: Self = Self {
        reads_cdn_cache_control: None,
        obeys_targeted_restriction: None,
        surrogate_control: None,
        vary: None,
        vary_any: None,
        reads_age: None,
        stores_qualified_private: None,
        stores_public: None,
        public_overrides: None,
        query_in_key: None,
        set_cookie: None,
        authorization: None,
        stale_while_revalidate: None,
        stale_if_error: None,
        revalidates: None,
        stale_when_unreachable: None,
        without_cache_control: None,
        obeys_no_store: None,
        implements_all_directives: None,
        forwards_tags: None,
    };
}
