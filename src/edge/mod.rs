//! Profiles of the CDNs and caches in front of a service.
//!
//! On this page, an *edge* is a CDN or a reverse proxy with a cache. An [`EdgeProfile`] describes the fields that an
//! edge reads. Seventeen profiles are constants, and each of their properties can be replaced. An
//! [`EdgeLayer`](crate::EdgeLayer) translates the [policy](crate::policy) of a response into these fields. A
//! [`CacheStatus`] reads from a response whether it came from a cache.
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
//! | [`CLOUDFRONT`](EdgeProfile::CLOUDFRONT) | `s-maxage` | a setting | `Cache-Control` |
//! | [`GOOGLE`](EdgeProfile::GOOGLE) | `s-maxage` | `Cache-Tag: a,b` | `Cache-Control` |
//! | [`AZURE`](EdgeProfile::AZURE) | `s-maxage` | none | `Cache-Control` |
//! | [`VERCEL`](EdgeProfile::VERCEL) | `Vercel-CDN-Cache-Control` | `Vercel-Cache-Tag: a,b` | both |
//! | [`NETLIFY`](EdgeProfile::NETLIFY) | `Netlify-CDN-Cache-Control` | `Netlify-Cache-Tag: a,b` | both |
//! | [`BUNNY`](EdgeProfile::BUNNY) | the browser's | `CDN-Tag: a`, one | `Cache-Control` |
//! | [`KEYCDN`](EdgeProfile::KEYCDN) | `X-Accel-Expires` | `Cache-Tag: a b` | both |
//! | [`VARNISH`](EdgeProfile::VARNISH) | `s-maxage` | `xkey: a b` | `Cache-Control` |
//! | [`NGINX`](EdgeProfile::NGINX) | `s-maxage` | none | both |
//! | [`SQUID`](EdgeProfile::SQUID) | `s-maxage` | none | both |
//! | [`TRAFFIC_SERVER`](EdgeProfile::TRAFFIC_SERVER) | `s-maxage`, `CDN-Cache-Control` | none | both |
//! | [`HAPROXY`](EdgeProfile::HAPROXY) | `s-maxage` | none | `Cache-Control` |
//! | [`SOUIN`](EdgeProfile::SOUIN) | `CDN-Cache-Control` | `Surrogate-Key: a, b` | both |
//!
//! [`EdgeProfile::tags`] returns the characters, the length and the number of tags that an edge accepts, and whether it
//! distinguishes upper and lower case, as far as this is documented.
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

pub use self::behavior::{AuthorizationAtEdge, EdgeBehavior, HeuristicCaching, SetCookieAtEdge, VaryAtEdge};
pub use self::diagnostic::EdgeDiagnostic;
pub use self::edges::{EdgeConflict, Edges};
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
