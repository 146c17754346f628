//! Profiles of the CDNs and caches in front of a service, as data.
//!
//! An [`EdgeProfile`] describes which fields an edge reads. Seventeen profiles are constants, and
//! each of their properties can be replaced. An [`EdgeLayer`](crate::EdgeLayer) writes one
//! [policy](crate::policy) in the fields of the edges in front. A [`CacheStatus`] reads from a
//! response whether it came from a cache.
//!
//! | Profile | Lifetime at the edge | Tags | Where it reads that it must not store |
//! |---|---|---|---|
//! | [`STANDARD`](EdgeProfile::STANDARD) | `s-maxage`, `CDN-Cache-Control` | none | both |
//! | [`CLOUDFLARE`](EdgeProfile::CLOUDFLARE) | `Cloudflare-CDN-Cache-Control` | `Cache-Tag: a,b` | both |
//! | [`FASTLY`](EdgeProfile::FASTLY) | `Surrogate-Control` | `Surrogate-Key: a b` | `private` |
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
//! [`EdgeProfile::tags`] states the characters, the length and the number of tags that an edge can
//! carry, and whether it distinguishes upper and lower case, so far as that is documented.
//!
#![cfg_attr(
    doc,
    doc = "[`self_hosted`] describes how six caches that you can run yourself behave, and how to configure them."
)]
//!
//! [`Edges`] combines several profiles, and rejects two that need different values in one field:
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
mod memory;
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
pub use self::status::{CacheOutcome, CacheStatus, CacheStatusMember};
pub use self::tag_characters::TagCharacters;
pub use self::tag_format::{TagCase, TagFormat, TagSyntax};
pub use self::targeted_field::{DirectiveSyntax, TargetedField};
pub use self::unsupported_tag::UnsupportedTag;

#[cfg(feature = "audit")]
pub(crate) use self::directive::EdgeDirective;
