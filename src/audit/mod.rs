//! What caches will do with an answer, and why: a value that a test can assert (feature
//! `audit`).
//!
//! A [`CacheAudit`] says of a browser, of a shared cache (RFC 9111), and of each edge that one
//! asks about: may the answer be [stored](Storage), and by which [rule](Rule); for
//! [how long](FreshFor) is it fresh, and where does the figure come from; [what
//! then](AfterFreshness); what stands in the [key](CacheKey); which tags purge it. And it
//! [warns](Warning) of what is seldom meant.
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
//! let audit = CacheAudit::of(&request, &response, now).at(&EdgeProfile::NGINX);
//! assert_eq!(
//!     audit.browser().to_string(),
//!     "A browser may store it (`max-age` allows it; RFC 9111 section 3, S-01) for 60 seconds \
//!      (`max-age`; RFC 9111 section 4.2.1, F-01), then fetches it anew, as it has no validator \
//!      (RFC 9111 section 4.3.1, S-08). The key is the method and the URL (RFC 9111 section 2, K-07)."
//! );
//! assert_eq!(
//!     audit.edge("nginx").unwrap().to_string(),
//!     "The edge `nginx` does not store it (it does not store what sets a cookie; RFC 9111 \
//!      section 7.3, S-02)."
//! );
//! assert_eq!(audit.worst(), Some(Level::Danger));
//! assert_eq!(
//!     audit.warnings()[0].to_string(),
//!     "danger: a shared cache may replay `Set-Cookie` to other visitors; say `private`, or set \
//!      the cookie elsewhere (RFC 9111 section 7.3, G-01)"
//! );
//! ```
//!
//! # What it rests on
//!
//! Of browsers and of the shared cache it tells what the standards allow, not what one product
//! does. Of an edge it tells what its [profile](crate::edge::EdgeProfile) says is documented or
//! was measured with the usual settings, and what is not known there is taken for the worse: as
//! stored, shared, and not selected by `Vary`.
//!
//! The value is a function of its three arguments and of the profiles. It reads no body, so a
//! page that names its visitor without a sign of it in the fields looks like any other.

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
mod standard;
mod storage;
mod text;
mod verdict;
mod warning;

pub use self::after::{AfterFreshness, Validation};
pub use self::cache_audit::CacheAudit;
pub use self::key::CacheKey;
pub use self::lifetime::{FreshFor, FreshFrom};
pub use self::rule::Rule;
pub use self::storage::{Storage, Why};
pub use self::verdict::{Keeper, Verdict};
pub use self::warning::{Level, PersonalSign, Warning};
