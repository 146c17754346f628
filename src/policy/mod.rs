//! Policies: how long a response may be stored, and by which caches.
//!
//! A [`CachePolicy`] states how the application wants a response to be cached. A layer combines it with the response's
//! own fields, the status, the method and the guards into one [`Decision`], and writes every field from that decision.
//!
//! # Who wins
//!
//! The first of these that applies decides:
//!
//! 1. **Guards** can only tighten. A [`Guard`] that has a [`Risk`] can be disabled by accepting that risk.
//! 2. **A `CachePolicy` in the response's extensions**, which the handler inserts.
//! 3. **The handler's own `Cache-Control`.** The layer sends it as written, unless a guard has a reason
//!    to act. In that case the layer sends its canonical form, which all caches read in the same way.
//! 4. **The innermost layer**, then the outer layers. An outer layer treats the fields that an
//!    inner layer wrote as those of the handler.
//! 5. **The default**, `private, no-cache`.
//!
//! A `Cache-Control` without a known directive, such as `undefined`, does not decide anything. Its unknown members are
//! preserved next to the directives of the policy.
//!
//! A layer with [`tighten`](crate::CachePolicyLayer::tighten) merges its policy with 2 or 3: the
//! shorter lifetime wins, restrictions are combined, and a permission remains only if both grant it.
//! A layer with [`override_handler`](crate::CachePolicyLayer::override_handler) takes precedence over 2 and 3.
//! Only [`override_handler_no_store`](crate::CachePolicyLayer::override_handler_no_store) replaces a
//! `no-store`.
//!
//! CDNs read fields such as `CDN-Cache-Control` instead of `Cache-Control`. If a layer or a handler's
//! policy replaces or tightens `Cache-Control`, lifetimes in those fields are removed, unless they
//! are within the merged result. A restriction in one of them makes `Cache-Control` private.
//!
//! # Which statuses
//!
//! A policy applies only to 200, 203, 206 and the corresponding 304. That includes a policy that a handler inserts into
//! the extensions, because a handler often returns it next to a result that may be an error or a redirect. A handler
//! that wants a policy for such a response names its status with a [`StatusPolicy`]. Otherwise the layer uses the
//! policy that it was given for that status. Without one, errors get `private, no-store`, and other responses, such as
//! redirects and 201, get the default. 428, 429, 431 and 511 are never stored, regardless of the fields that the
//! handler sets. On all other statuses, the handler's own `Cache-Control` takes precedence over these rules.
//!
//! Responses to methods other than GET and HEAD are not stored.
//!
//! Two rules cannot be switched off: no layer adds `public` on its own, and no error or redirect
//! becomes a 304 or 412.
//!
//! # 304 responses
//!
//! A cache replaces its stored fields with those of a 304
//! ([RFC 9111 section 4.3.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.4)), so a 304 must not allow more
//! than its 200. If a layer cannot know the policy of the 200, it adds neither `Cache-Control` nor `Vary` to the 304,
//! and caches continue with the stored fields. There are two such cases:
//!
//! - A [`ConditionalLayer`](crate::ConditionalLayer) created the 304 before the handler ran, and its validator source
//!   did not return a policy. To return one, see
//!   [`SelectedRepresentation`](crate::layers::conditional::SelectedRepresentation).
//! - The inner service created the 304 itself, without a `Content-Type`, and the policy depends on the content type,
//!   like [`CachePolicy::IMMUTABLE`], which does not apply to HTML. In a [`CachingLayer`](crate::CachingLayer), this
//!   case does not occur.
//!
//! # Many routes
//!
//! A layer uses one policy for all requests, a closure that chooses one by the request, or
#![cfg_attr(feature = "routes", doc = "a [table of routes](routes),")]
#![cfg_attr(not(feature = "routes"), doc = "a table of routes (feature `routes`),")]
//! which chooses by path, method, status and content type, and can be reviewed as a whole.
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
//! assert_eq!(CachePolicy::NO_STORE.to_string(), "private, no-store");
//! ```
//!
//! # Choosing a constructor
//!
//! | Who may store the response | For how long | Policy |
//! |---|---|---|
//! | all caches | the same time everywhere | [`CachePolicy::public`] |
//! | all caches | longer in a CDN, which is purged | [`CachePolicy::public`] with [`edge`](CachePolicy::edge) |
//! | a CDN | a fixed time, or until it is purged; browsers revalidate | [`CachePolicy::edge_only`] |
//! | all caches | revalidated before each reuse | [`CachePolicy::NO_CACHE`] |
//! | the browser | a fixed time | [`CachePolicy::private`] |
//! | the browser | revalidated before each reuse | [`CachePolicy::PRIVATE_NO_CACHE`] |
//! | no cache | – | [`CachePolicy::NO_STORE`] |
//!
//! `NO_CACHE` costs a request for each page view, but with an entity tag the response to it is a small 304. Choose it
//! if outdated content is a mistake. Choose a lifetime if outdated content is only a delay.
//!
//! # From a handler
//!
//! The policy of one response can depend on its content. The handler inserts it into the extensions:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::CachePolicyLayer;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! async fn auction(request: Request<()>) -> Result<Response<()>, Infallible> {
//!     let is_closed = request.uri().path() == "/auctions/1";
//!     let mut response = Response::new(());
//!     if is_closed {
//!         // The result of a closed auction does not change.
//!         response.extensions_mut().insert(CachePolicy::public(Duration::from_secs(86_400)));
//!     }
//!     Ok(response)
//! }
//!
//! # tokio_test::block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(5))))
//!     .service_fn(auction);
//! for (path, cache_control) in [("/auctions/1", "public, max-age=86400"), ("/auctions/2", "public, max-age=5")] {
//!     let request = Request::get(path).body(()).unwrap();
//!     let response = service.clone().oneshot(request).await.unwrap();
//!     assert_eq!(response.headers()["cache-control"], cache_control);
//! }
//! # });
//! ```

mod cache_policy;
#[cfg(test)]
mod comparison;
#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub mod config;
mod decide;
mod decision;
mod development;
mod explain;
mod facts;
mod guards;
mod original_path;
mod reading;
mod recent;
mod rendered;
#[cfg(feature = "routes")]
#[cfg_attr(docsrs, doc(cfg(feature = "routes")))]
pub mod routes;
mod rules;
mod ruling;
mod source;
mod status_policy;
pub mod tags;
mod vary_names;
mod write;

pub use self::cache_policy::{CachePolicy, PolicyConflict};
pub use self::decision::{Decision, DecisionSource};
pub use self::development::{Development, InvalidDevelopment};
pub use self::facts::Personalized;
pub use self::guards::{Guard, GuardSet, Risk};
pub use self::original_path::{OriginalPath, original_path};
pub use self::source::{IntoPolicySource, PolicySource};
pub use self::status_policy::StatusPolicy;
pub use self::tags::{CacheTag, CacheTags, InvalidCacheTag};

pub(crate) use self::decide::{Layer, write_usual};
pub(crate) use self::explain::{CACHE_POLICY_EXPLAIN, explain};
pub(crate) use self::facts::{Facts, RequestFacts};
#[cfg(feature = "shared-cache")]
pub(crate) use self::original_path::{path_as_sent, target_as_sent};
pub(crate) use self::recent::{MAX_LENGTH, Recent, short_hash};
#[cfg(feature = "routes")]
pub(crate) use self::rendered::RenderedVary;
pub(crate) use self::rendered::{EdgeDirectives, Rendered, StaticValues};
pub(crate) use self::rules::{Precedence, Rules};
pub(crate) use self::ruling::{Ruling, Unruled};
pub(crate) use self::source::{Chooser, PendingPolicy, ResolvedPolicy};
pub(crate) use self::status_policy::HandlerPolicy;
