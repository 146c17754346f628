//! What an application wants said about storing its answers.
//!
//! A [`CachePolicy`] says how long an answer may be kept, and by whom. A layer holds
//! it against what the handler said, the status, the method and the guards, and
//! comes to one [`Decision`], from which every field is written.
//!
//! # Who wins
//!
//! Read from the top; the first that has a word decides.
//!
//! 1. **Guards.** They can only tighten. See [`Guard`]; each can be waived by
//!    accepting the [`Risk`] that it stands against.
//! 2. **A `CachePolicy` in the answer's extensions**, which a handler puts there.
//! 3. **The handler's own `Cache-Control`**, which stays as it was written.
//! 4. **The innermost layer**, then the layers around it, each seeing what those
//!    inside it wrote as the handler's own.
//! 5. **The default**, `private, no-cache`: no safe answer leaves without a
//!    `Cache-Control` (G-14).
//!
//! A layer that is told to [`tighten`](crate::CachePolicyLayer::tighten) counts beside 2 and 3,
//! of each the tighter. A layer that is told to go first stands above 2 and 3, still below the guards.
//! `no-store` is sticky: neither a policy in the extensions nor a layer that goes
//! first loosens it, only
//! [`overriding_even_no_store`](crate::CachePolicyLayer::overriding_even_no_store) does.
//!
//! # Which statuses
//!
//! A policy is for the success that it was made for: 200, 203, 206, and the 304 that
//! stands for one of them, which gets exactly the same; that goes for a handler's policy in the
//! extensions too, which often stands beside a result that may be an error. Errors get `private, no-store`,
//! other answers the default, unless a policy was given for that very status. 428,
//! 429, 431 and 511 are never stored (N-09). Answers to methods other than GET and
//! HEAD are not stored (G-09).
//!
//! Two guards have no risk to accept. `public` is never said unless a policy or a
//! handler says it (G-08), and no error or redirect becomes a 304 or 412 (G-10).
//!
//! # Many routes
//!
//! A policy may be one for all requests, a closure over the request, or
#![cfg_attr(feature = "routes", doc = "a [table of routes](routes),")]
#![cfg_attr(not(feature = "routes"), doc = "a table of routes (feature `routes`),")]
//! which goes by path, method, status and content type, and can be read and reviewed as a whole.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! // A mistake in a constant does not compile.
//! const ARTICLE: CachePolicy = CachePolicy::public(Duration::from_secs(60))
//!     .edge(Duration::from_secs(3_600))
//!     .vary(&["accept-language"]);
//!
//! assert_eq!(ARTICLE.to_string(), "public, max-age=60, s-maxage=3600");
//! assert_eq!(CachePolicy::no_store().to_string(), "private, no-store");
//! ```

mod cache_policy;
#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub mod config;
mod decide;
mod decision;
mod early;
mod explain;
mod facts;
mod guards;
#[cfg(any(feature = "assets", feature = "routes"))]
mod nearest;
mod original_path;
mod path;
mod personalized;
mod rendered;
#[cfg(feature = "routes")]
#[cfg_attr(docsrs, doc(cfg(feature = "routes")))]
pub mod routes;
mod rules;
mod ruling;
mod source;
pub mod tags;
mod vary_names;
#[cfg(any(feature = "assets", feature = "routes"))]
mod work;

pub use self::cache_policy::{CachePolicy, PolicyConflict};
pub use self::decision::{Decision, DecisionSource};
pub use self::guards::{Guard, GuardSet, Risk};
pub use self::original_path::{OriginalPath, original_path};
pub use self::personalized::Personalized;
pub use self::source::{IntoPolicySource, PolicySource};
pub use self::tags::{CacheTag, CacheTags, InvalidCacheTag};

pub(crate) use self::decide::Layer;
pub(crate) use self::early::Unruled;
pub(crate) use self::explain::{CACHE_POLICY_EXPLAIN, explain};
pub(crate) use self::facts::{Facts, RequestFacts};
#[cfg(any(feature = "assets", feature = "routes"))]
pub(crate) use self::nearest::nearest;
#[cfg(any(feature = "assets", feature = "purge", feature = "routes"))]
pub(crate) use self::path::has_dot_segment;
#[cfg(feature = "assets")]
pub(crate) use self::path::is_suspicious;
pub(crate) use self::rendered::Rendered;
#[cfg(feature = "routes")]
pub(crate) use self::rendered::RenderedVary;
pub(crate) use self::rules::{Precedence, Rules};
pub(crate) use self::ruling::Ruling;
pub(crate) use self::source::{PendingPolicy, ResolvedPolicy};
