//! [`TagOverflow`]: the treatment of a response with tags that an edge does not accept.

use crate::policy::CacheTag;

/// The treatment of a response with a tag that an edge does not accept, or with more tags than it reads.
///
/// The layer never omits a tag silently, because a purge by a missing tag would not affect the response.
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
///
/// | | [`NotStored`](Self::NotStored) (default) | [`Coarser`](Self::Coarser) |
/// |---|---|---|
/// | the response | `private` in `Cache-Control`, no tags | stored, with the coarse tag and the tags that fit |
/// | a purge by a tag of the response | not needed | may miss the response |
/// | a purge by the coarse tag | not needed | removes all such responses |
/// | the cost | each request reaches the origin | more responses are purged than necessary |
///
/// In this example, 2,000 tags do not fit into Fastly's field:
///
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::edge::{EdgeProfile, TagOverflow};
/// use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
/// use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
///
/// async fn list(_: Request<()>) -> Result<Response<()>, Infallible> {
///     let mut response = Response::new(());
///     let tags = (0..2_000).map(|id| CacheTag::new(format!("product-{id}")).unwrap());
///     CacheTags::from_iter(tags).add_to(response.extensions_mut());
///     Ok(response)
/// }
///
/// # tokio_test::block_on(async {
/// let coarse = TagOverflow::Coarser(CacheTag::from_static("products"));
/// for (overflow, cache_control) in [
///     (TagOverflow::NotStored, "private, max-age=60"),
///     (coarse, "public, max-age=60"),
/// ] {
///     let service = ServiceBuilder::new()
///         .layer(EdgeLayer::new(EdgeProfile::FASTLY).on_overflow(overflow))
///         .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
///         .service_fn(list);
///     let response = service.oneshot(Request::new(())).await.unwrap();
///     assert_eq!(response.headers()["cache-control"], cache_control);
///     if let Some(tags) = response.headers().get("surrogate-key") {
///         assert!(tags.to_str().unwrap().starts_with("products product-0 product-1 "));
///     }
/// }
/// # });
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
    /// When you purge by a tag that may have been omitted, also purge by this tag.
    Coarser(CacheTag),
}
