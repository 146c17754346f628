//! Purges CDNs and caches by tag or URL, for services that use
//! [`tower-cache-policy`](tower_cache_policy).
//!
//! A [`Purge`] names stored responses: those with some tags, those of some URLs, or all of them. A [`PurgeApi`]
//! converts it to `http::Request`s, in batches that the vendor accepts, and interprets the responses. A [`Purger`]
//! sends the requests with any HTTP client, and retries those that may succeed later. It can be the purger of a
//! [`PurgeLayer`](tower_cache_policy::PurgeLayer).
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, ServiceExt, service_fn};
//! use tower_cache_policy::policy::CacheTag;
//! use tower_cache_policy_purge::{Cloudflare, Credential, Purge, Purger};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // In place of an HTTP client.
//! let client = service_fn(async |request: Request<Bytes>| {
//!     assert_eq!(request.uri(), "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca3/purge_cache");
//!     assert_eq!(request.body(), r#"{"tags":["articles"]}"#);
//!     Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(r#"{"success":true}"#)))
//! });
//!
//! let token = Credential::new("a-secret-from-the-environment")?;
//! let purger = Purger::new(Cloudflare::new("023e105f4ecef8ad9ca3", token)?, client);
//!
//! let report = purger.oneshot(Purge::tags([CacheTag::from_static("articles")])).await?;
//! assert_eq!(report.purged(), 1);
//! # Ok::<_, BoxError>(())
//! # }).unwrap();
//! ```
//!
//! # With reqwest
//!
//! `reqwest` accepts the requests through `reqwest::Request::try_from`. This is `examples/reqwest.rs`:
//!
//! ```
#![doc = include_str!("../examples/reqwest.rs")]
//! ```
//!
//! # Vendors
//!
//! | API | Tags in a request | URLs in a request | Variants of a URL | Everything | Soft | Authentication |
//! |---|---|---|---|---|---|---|
//! | [`Cloudflare`] | 100 | 100 | those of the plain cache key | yes | all | bearer token |
//! | [`Fastly`] | 256 | 1 | all | yes | tags, URLs | `Fastly-Key` |
//! | [`Akamai`] | 50,000 bytes, 5,000 tags | 50,000 bytes | all | no | all (`invalidate`) | signed: EdgeGrid |
//! | [`CloudFront`] | 3,000 with the paths | 3,000 with the tags | all | yes | no | signed: Signature Version 4 |
//! | [`Google`] Cloud CDN | 10 | 1, with every query | all | yes | no | bearer token |
//! | [`Vercel`] | 16 | no | – | no | tags | bearer token |
//! | [`Netlify`] | 100 (limit of this package) | no | – | yes | no | bearer token |
//! | [`Bunny`] | 1 | 1 | not documented | yes | no | `AccessKey` |
//! | [`KeyCdn`] | 100 (limit of this package) | 100 (limit of this package) | not documented | yes | no | basic |
//! | [`Varnish`] with `xkey` | 4,000 bytes | 1 | all | no | tags | by address |
//! | [`Varnish`] with bans | 4,000 bytes | 1 | all | no | no | by address |
//! | [`Squid`] | no | 1 | [one](Squid#variants) | no | no | by address |
//! | [`Nginx`] with a module | no | 1 | [those that are listed](Nginx#variants) | no | no | by address |
//!
//! If a vendor does not support a purge, the error names the remedy, and no request is sent. For example, a soft purge
//! of tags and a URL is not sent to a vendor that supports only hard purges of URLs. To use one purge for vendors of
//! both kinds, call [`Purge::hard`]. Purging by tag is one request for any number of URLs and variants.
//!
//! # How responses are interpreted
//!
//! [`PurgeApi::judge`] interprets a response as the vendor documents it:
//!
//! | API | Success | Not stored |
//! |---|---|---|
//! | [`Cloudflare`] | 2xx and `"success": true` | – |
//! | [`Fastly`] | 2xx and a document; `status`, if there is one, is `ok` | – |
//! | [`Akamai`] | 2xx and a document; `httpStatus`, if there is one, is 2xx | – |
//! | [`CloudFront`] | 2xx and an `Invalidation` | – |
//! | [`Google`] | 2xx and a document without `error` | – |
//! | [`KeyCdn`] | 2xx and `"status": "success"` | – |
//! | [`Vercel`], [`Netlify`], [`Bunny`] | 2xx, unless the body is a page, an error or invalid JSON | – |
//! | [`Varnish`] | 2xx with `X-Varnish` or `Server: Varnish` | – |
//! | [`Squid`] | 2xx | 404, 412 |
//! | [`Nginx`] | 2xx with the page of the module, or without a body | 404, 412 with the page of nginx |
//!
//! A [`PurgeFailure`] is retryable after 408, 425, 429 and 5xx (except 501 and 505), after any error with
//! `Retry-After`, and if a vendor reports too many requests in another way.
//!
//! # Credentials and untrusted input
//!
//! `Debug` of a [`Credential`], an API or a request does not show the credential, and no error of
//! this package contains one: user information and queries are removed from URLs, and the texts of
//! vendors and clients are searched for the credential. Constructors check identifiers
//! and URLs. Line ends, `..` in all its encodings, a `?` and a user name are errors. So is `*` in a
//! URL or tag if a vendor interprets it as a wildcard.
//!
//! # Signing
//!
//! Akamai and CloudFront do not accept a plain credential, and this package does not contain
//! cryptography. Their constructors accept a [`Signer`], which is called with the head and the body of
//! each request, or [`Unsigned`], if the client that sends the requests signs them:
//!
//! ```
//! use bytes::Bytes;
//! use http::{HeaderValue, header::AUTHORIZATION, request::Parts};
//! use tower_cache_policy::policy::CacheTag;
//! use tower_cache_policy_purge::{Akamai, Purge, PurgeApi};
//!
//! # fn edgegrid(method: &str, uri: &str, body: &Bytes) -> Result<HeaderValue, &'static str> { Ok(HeaderValue::from_static("EG1-HMAC-SHA256 ...")) }
//! let akamai = Akamai::new("akab-xxxx.luna.akamaiapis.net", |head: &mut Parts, body: &Bytes| {
//!     // From a library that implements the signature.
//!     let signature = edgegrid(head.method.as_str(), &head.uri.to_string(), body)?;
//!     head.headers.insert(AUTHORIZATION, signature);
//!     Ok::<_, &str>(())
//! })?;
//!
//! let requests = akamai.requests(&Purge::tags([CacheTag::from_static("articles")]).soft())?;
//! assert_eq!(requests[0].uri().path(), "/ccu/v3/invalidate/tag/production");
//! # Ok::<_, tower_cache_policy_purge::PurgeError>(())
//! ```
//!
//! # Limitations
//!
//! These purges are not supported, because their documentation is not clear enough, or because they
//! are not purges of tags, a URL or everything:
//!
//! - Azure Front Door (paths only, by the resource manager), Google Media CDN, Souin, Traffic
//!   Server, HAProxy.
//! - Everything at Akamai, which purges CP codes instead, and at Vercel, where the command line does it.
//! - Prefixes and hosts at Cloudflare, wildcards at all vendors, source images at Vercel.
//! - URLs with the request fields of a custom cache key at Cloudflare.
//! - Soft purges of a URL at Varnish, which need another module, and bans of everything.
//! - Squid as a forward proxy, and its HTCP; the `purge_all` of nginx modules.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod base;
mod credential;
mod error;
mod identifier;
mod outcome;
mod purger;
mod reply;
mod request;
mod signer;
mod text;
mod vendors;

pub use self::api::PurgeApi;
pub use self::credential::Credential;
pub use self::error::PurgeError;
pub use self::outcome::{PurgeFailure, PurgeOutcome};
pub use self::purger::{PurgeReport, Purger, PurgerError, Purging};
pub use self::signer::{Signer, Unsigned};
pub use self::vendors::{
    Akamai, Bunny, CloudFront, Cloudflare, Fastly, Google, KeyCdn, Netlify, Nginx, Squid, Varnish, Vercel, VercelTarget,
};

pub use tower_cache_policy::edge::purge::{InvalidPurgeUrl, Purge};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
