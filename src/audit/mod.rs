//! Predicts how caches treat a response, as a value that a test can check (feature `audit`).
//!
//! A [`CacheAudit`] contains a [`Verdict`] for a browser, for a shared cache that follows
//! [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html), and for each edge cache that you add. A verdict answers
//! these questions:
//!
//! - May the cache [store](Storage) the response, and which [rule](Rule) decides that?
//! - For [how long](FreshnessLifetime) is the response fresh, and which directive says so?
//! - What does the cache do [after that](AfterFreshness)?
//! - Which later requests get the response, that is, what is its [key](CacheKey)?
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
