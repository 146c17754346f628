//! Predicts how caches treat a response, as a value that a test can check (feature `audit`).
//!
//! A [`CacheAudit`] contains a [`Verdict`] for a browser, for a shared cache that follows
//! [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html), and for each edge cache that you add. A verdict answers
//! these questions:
//!
//! - May the cache [store](Storage) the response, and which [rule](Rule) decides that?
//! - [How long](FreshnessLifetime) is the response fresh, and which directive determines that?
//! - What does the cache do [after that](AfterFreshness)?
//! - Which later requests get the response? These are the requests with the same [key](CacheKey).
//! - Which cache tags purge it?
//!
//! The audit also reports likely mistakes as [`Warning`]s. A [`CacheSnapshot`] is a table of many responses, which is
//! committed and compared with a later version.
//!
//! # Example
//!
//! A login response that sets a session cookie and, by mistake, allows shared caches to store it:
//!
//! ```
//! use http::{HeaderValue, Request, Response, header::{CACHE_CONTROL, SET_COOKIE}};
//! use tower_cache_policy::audit::{CacheAudit, Level};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::protocol::HttpDate;
//!
//! let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
//! let mut response = Response::new(());
//! response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
//! response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("id=1"));
//! let (response, ()) = response.into_parts();
//! let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
//!
//! let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::NGINX);
//! assert_eq!(
//!     audit.browser().to_string(),
//!     "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) and reuse it for 60 seconds \
//!      (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it again, because it does not have a validator \
//!      (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07)."
//! );
//! assert_eq!(
//!     audit.edge("nginx").unwrap().to_string(),
//!     "The edge cache `nginx` does not store it (this cache does not store responses with `Set-Cookie`; \
//!      RFC 9111 section 7.3, S-02)."
//! );
//! assert_eq!(audit.worst(), Some(Level::Danger));
//! assert_eq!(
//!     audit.warnings()[0].to_string(),
//!     "danger: a shared cache may replay `Set-Cookie` to other clients; add `private`, or set the cookie in \
//!      another response (RFC 9111 section 7.3, G-01)"
//! );
//! ```
//!
//! # Accuracy
//!
//! The verdicts on the browser and on the shared cache follow the standards, not a particular product. The verdict on
//! an edge cache follows its [profile](crate::edge::EdgeProfile), which contains documented or measured behavior with
//! default settings. If the profile does not know a behavior, the audit assumes the least safe one: the edge cache
//! stores the response, shares it, and ignores `Vary`.
//!
//! An audit depends only on the request, the response, the time and the profiles. It does not read bodies. A page
//! that contains personal data looks like any other page, unless a header field or the mark
//! [`Personalized`](crate::policy::Personalized) shows that it is personal.
//!
//! # When to use
//!
//! | Question | Use |
//! |---|---|
//! | Why is this page not stored by the CDN? | print the audit: it names the directive and the section of the standard |
//! | Does a policy change make a route public? | assert [`Verdict::may_store`] in a test |
//! | Which responses of a site have likely mistakes? | collect [`CacheAudit::warnings`] for each route |
//! | How long can a client see old content? | [`Verdict::remaining_freshness`] and [`AfterFreshness`] |
//!
//! The module `testing` (feature of the same name) builds on audits: its
//! assertions send the request, read the response, and print the audit if they fail.
//!
//! # In a test of routes
//!
//! The audit needs the parts of a request and of a response. A test can therefore send a request through the complete
//! stack of layers, and check the response that a client would get:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::audit::{CacheAudit, Level};
//! use tower_cache_policy::edge::EdgeProfile;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::{CachingLayer, Clock};
//!
//! # tokio_test::block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(300))))
//!     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("news"))));
//!
//! let (request, body) = Request::get("/news").body(String::new()).unwrap().into_parts();
//! let response = service.oneshot(Request::from_parts(request.clone(), body)).await.unwrap();
//! let (response, _) = response.into_parts();
//!
//! let audit = CacheAudit::of(&request, &response, Clock::system().now()).with_edge(&EdgeProfile::CLOUDFLARE);
//! assert!(audit.verdicts().all(|verdict| verdict.remaining_freshness() == Some(300)), "{audit}");
//! assert!(audit.worst() < Some(Level::Warning), "{audit}");
//! # });
//! ```

mod after;
mod at_edge;
mod cache_audit;
mod exchange;
mod findings;
mod fingerprint;
mod key;
mod lifetime;
mod rule;
#[cfg(feature = "audit-serde")]
mod serialize;
mod snapshot;
mod standard;
mod storage;
mod text;
mod verdict;
mod warning;

pub use self::after::{AfterFreshness, Validation};
pub use self::cache_audit::CacheAudit;
pub use self::key::CacheKey;
pub use self::lifetime::{FreshnessLifetime, FreshnessSource};
pub use self::rule::Rule;
pub use self::snapshot::{CacheSnapshot, SnapshotChange, SnapshotError, SnapshotRow};
pub use self::storage::{Storage, StorageReason};
pub use self::verdict::{CacheKind, Verdict};
pub use self::warning::{Level, PersonalizationEvidence, Warning};
