//! Profiles of the CDNs and caches in front of a service.
//!
//! On this page, an *edge* is a CDN or a reverse proxy with a cache. An [`EdgeProfile`] describes the fields that an
//! edge reads. Seventeen profiles are available as constants, and each of their properties can be replaced. An
//! [`EdgeLayer`](crate::EdgeLayer) translates the [policy](crate::policy) of a response into these fields. A
//! [`CacheStatus`] shows whether a response came from a cache.
//!
//! The last column names the field that forbids storage at the edge. "Both" means `Cache-Control` and a field that only
//! this edge reads.
//!
//! | Profile | Lifetime at the edge | Tags | Forbids storage |
//! |---|---|---|---|
//! | [`STANDARD`](EdgeProfile::STANDARD) | `s-maxage`, `CDN-Cache-Control` | none | both |
//! | [`CLOUDFLARE`](EdgeProfile::CLOUDFLARE) | `Cloudflare-CDN-Cache-Control` | `Cache-Tag: a,b` | both |
//! | [`FASTLY`](EdgeProfile::FASTLY) | `Surrogate-Control` | `Surrogate-Key: a b` | `Cache-Control: private` |
//! | [`AKAMAI`](EdgeProfile::AKAMAI) | `Edge-Control` | `Edge-Cache-Tag: a,b` | both |
//! | [`CLOUDFRONT`](EdgeProfile::CLOUDFRONT) | `s-maxage` | configurable | `Cache-Control` |
//! | [`GOOGLE`](EdgeProfile::GOOGLE) | `s-maxage` | `Cache-Tag: a,b` | `Cache-Control` |
//! | [`AZURE`](EdgeProfile::AZURE) | `s-maxage` | none | `Cache-Control` |
//! | [`VERCEL`](EdgeProfile::VERCEL) | `Vercel-CDN-Cache-Control` | `Vercel-Cache-Tag: a,b` | both |
//! | [`NETLIFY`](EdgeProfile::NETLIFY) | `Netlify-CDN-Cache-Control` | `Netlify-Cache-Tag: a,b` | both |
//! | [`BUNNY`](EdgeProfile::BUNNY) | same as browsers | `CDN-Tag: a`, only one | `Cache-Control` |
//! | [`KEYCDN`](EdgeProfile::KEYCDN) | `X-Accel-Expires` | `Cache-Tag: a b` | both |
//! | [`VARNISH`](EdgeProfile::VARNISH) | `s-maxage` | `xkey: a b` | `Cache-Control` |
//! | [`NGINX`](EdgeProfile::NGINX) | `s-maxage` | none | both |
//! | [`SQUID`](EdgeProfile::SQUID) | `s-maxage` | none | both |
//! | [`TRAFFIC_SERVER`](EdgeProfile::TRAFFIC_SERVER) | `s-maxage`, `CDN-Cache-Control` | none | both |
//! | [`HAPROXY`](EdgeProfile::HAPROXY) | `s-maxage` | none | `Cache-Control` |
//! | [`SOUIN`](EdgeProfile::SOUIN) | `CDN-Cache-Control` | `Surrogate-Key: a, b` | both |
//!
//! [`EdgeProfile::tags`] returns the characters, the length and the number of tags that an edge accepts, and whether
//! the edge distinguishes upper and lower case, if this is documented.
//!
#![cfg_attr(
    doc,
    doc = "[`self_hosted`] describes how six caches that you can run yourself behave, and how to configure them."
)]
//!
//! # Several edges
//!
//! [`Edges`] combines several profiles. It rejects two that need different values in one field:
//!
//! ```
//! use tower_cache_policy::edge::{EdgeProfile, Edges};
//!
//! assert!(Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX]).is_ok());
//!
//! let conflict = Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::KEYCDN]).unwrap_err();
//! assert_eq!(conflict.profiles(), ["cloudflare", "keycdn"]);
//! assert_eq!(conflict.field(), "cache-tag");
//! ```
//!
//! # What each edge gets
//!
//! This table shows the fields of a response with two tags that browsers may reuse for one minute and the edge for one
//! hour. A purge removes it from the edge earlier:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
//! use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
//!
//! async fn page(_: Request<()>) -> Result<Response<()>, Infallible> {
//!     let mut response = Response::new(());
//!     let tags = [CacheTag::from_static("news"), CacheTag::from_static("post-7")];
//!     CacheTags::from_iter(tags).add_to(response.extensions_mut());
//!     Ok(response)
//! }
//!
//! async fn fields(edge: &EdgeProfile, policy: CachePolicy) -> Vec<String> {
//!     let service = ServiceBuilder::new()
//!         .layer(EdgeLayer::new(edge.clone()))
//!         .layer(CachePolicyLayer::new(policy))
//!         .service_fn(page);
//!     let response = service.oneshot(Request::new(())).await.unwrap();
//!     let mut fields: Vec<String> =
//!         response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
//!     fields.sort();
//!     fields
//! }
//!
//! # tokio_test::block_on(async {
//! let policy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3_600));
//! for (edge, expected) in [
//!     (EdgeProfile::CLOUDFLARE, "cache-control: public, max-age=60\n\
//!                                cache-tag: news,post-7\n\
//!                                cloudflare-cdn-cache-control: max-age=3600"),
//!     (EdgeProfile::FASTLY, "cache-control: public, max-age=60\n\
//!                            surrogate-control: max-age=3600\n\
//!                            surrogate-key: news post-7"),
//!     (EdgeProfile::AKAMAI, "cache-control: public, max-age=60\n\
//!                            edge-cache-tag: news,post-7\n\
//!                            edge-control: cache-maxage=3600s"),
//!     (EdgeProfile::CLOUDFRONT, "cache-control: public, max-age=60, s-maxage=3600"),
//!     (EdgeProfile::NETLIFY, "cache-control: public, max-age=60\n\
//!                             netlify-cache-tag: news,post-7\n\
//!                             netlify-cdn-cache-control: public, max-age=3600"),
//!     (EdgeProfile::VARNISH, "cache-control: public, max-age=60, s-maxage=3600\n\
//!                             xkey: news post-7"),
//!     (EdgeProfile::NGINX, "cache-control: public, max-age=60, s-maxage=3600"),
//! ] {
//!     assert_eq!(fields(&edge, policy).await.join("\n"), expected, "{}", edge.name());
//! }
//! # });
//! ```
//!
//! A response that no cache may store gets `private, no-store`, no tags, and the field that forbids storage at the
//! edge:
//!
//! ```
//! # use std::convert::Infallible;
//! # use http::{Request, Response};
//! # use tower::{ServiceBuilder, ServiceExt};
//! # use tower_cache_policy::edge::EdgeProfile;
//! # use tower_cache_policy::policy::CachePolicy;
//! # use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
//! # async fn fields(edge: &EdgeProfile, policy: CachePolicy) -> Vec<String> {
//! #     let service = ServiceBuilder::new()
//! #         .layer(EdgeLayer::new(edge.clone()))
//! #         .layer(CachePolicyLayer::new(policy))
//! #         .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
//! #     let response = service.oneshot(Request::new(())).await.unwrap();
//! #     let mut fields: Vec<String> =
//! #         response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
//! #     fields.sort();
//! #     fields
//! # }
//! # tokio_test::block_on(async {
//! for (edge, expected) in [
//!     (EdgeProfile::CLOUDFLARE, "cloudflare-cdn-cache-control: no-store"),
//!     (EdgeProfile::AKAMAI, "edge-control: no-store"),
//!     (EdgeProfile::KEYCDN, "x-accel-expires: 0"),
//!     (EdgeProfile::NGINX, "x-accel-expires: 0"),
//!     (EdgeProfile::SQUID, "surrogate-control: no-store"),
//! ] {
//!     let fields = fields(&edge, CachePolicy::NO_STORE).await;
//!     assert_eq!(fields, ["cache-control: private, no-store", expected]);
//! }
//! # });
//! ```
//!
//! # Choosing a profile
//!
//! | Situation | Profile |
//! |---|---|
//! | the vendor is in the table above | its constant |
//! | the vendor comes from the configuration | [`EdgeProfile::by_name`] |
//! | a proxy that implements RFC 9111, or several unknown proxies | [`EdgeProfile::STANDARD`] |
//! | the vendor is in the table, but the field or a setting differs | the constant, and the `with_` methods of [`EdgeProfile`] |
//! | another vendor | [`EdgeProfile::custom`] |
//! | two caches in a row, or two vendors side by side | [`Edges::new`] |
//! | no cache in front | none: omit the [`EdgeLayer`](crate::EdgeLayer) |
//!
//! # Is it a hit?
//!
//! After a deployment, check that the edge stores the intended responses. [`CacheStatus`] reads the fields in which
//! caches report hits. `assert_hit_within` (feature `testing`) repeats a request until one of the responses is a hit.

#[cfg(doc)]
#[doc = include_str!("../docs/edges.md")]
pub mod self_hosted {}

mod behavior;
mod diagnostic;
mod directive;
mod edges;
mod memo;
mod overflow;
#[cfg(feature = "routes")]
mod policy_table;
mod profile;
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
pub mod purge;
mod status;
mod tag_characters;
mod tag_format;
mod targeted_field;
mod unsupported_tag;
mod vendors;
mod write;

pub use self::behavior::{
    AuthorizationAtEdge, EdgeBehavior, HeuristicCaching, SetCookieAtEdge, SurrogateControlAtEdge, VaryAnyAtEdge,
    VaryAtEdge,
};
pub use self::diagnostic::EdgeDiagnostic;
pub use self::edges::{EdgeConflict, Edges, IntoEdges};
pub use self::overflow::TagOverflow;
pub use self::profile::{CacheControlRole, EdgeProfile};
pub use self::status::{
    CacheName, CacheOutcome, CacheStatus, CacheStatusMember, CacheStatusReport, ForwardReason, InvalidCacheName,
};
pub use self::tag_characters::TagCharacters;
pub use self::tag_format::{TagCase, TagFormat, TagSyntax};
pub use self::targeted_field::{DirectiveSyntax, TargetedField};
pub use self::unsupported_tag::UnsupportedTag;

#[cfg(feature = "audit")]
pub(crate) use self::directive::EdgeDirective;
