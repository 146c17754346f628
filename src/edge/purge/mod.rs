//! Purges as values: what edge caches are to forget, and the requests that tell them.
//!
//! A [`Purge`] says what: answers with some tags, answers of some URLs, or everything. A
//! [`PurgeApi`] makes `http::Request`s of it, in batches that the vendor takes. Nothing here sends
//! them: that is done by the client that you have, and a [`PurgeLayer`](crate::PurgeLayer) hands it
//! what handlers of writes leave in their answers.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, ServiceExt, service_fn};
//! use tower_cache_policy::edge::purge::{Cloudflare, Credential, Purge, PurgeApi};
//! use tower_cache_policy::policy::CacheTag;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! // What sends: `hyper_util::client::legacy::Client` is such a service as it is.
//! let client = service_fn(async |request: Request<Full<Bytes>>| {
//!     assert_eq!(request.uri(), "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca3/purge_cache");
//!     Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
//! });
//!
//! let token = Credential::new("a-secret-from-the-environment")?;
//! let api = Cloudflare::new("023e105f4ecef8ad9ca3", token)?;
//! let purger = service_fn(move |purge: Purge| {
//!     let (api, client) = (api.clone(), client.clone());
//!     async move {
//!         for request in api.requests(&purge)? {
//!             let status = client.clone().oneshot(request).await?.status();
//!             if !status.is_success() {
//!                 return Err(BoxError::from(format!("the cache answered {status}")));
//!             }
//!         }
//!         Ok::<_, BoxError>(())
//!     }
//! });
//!
//! purger.oneshot(Purge::tags([CacheTag::from_static("articles")])).await?;
//! # Ok::<_, BoxError>(())
//! # }).unwrap();
//! ```
//!
//! # What the vendors have
//!
//! | API | Tags in a request | URLs in a request | Everything | Soft | Authentication |
//! |---|---|---|---|---|---|
//! | [`Cloudflare`] | 100 | 100 | yes | all | bearer token |
//! | [`Fastly`] | 256 | 1 | yes | tags, URLs | `Fastly-Key` |
//! | [`Akamai`] | 50 000 octets, 5 000 tags | 50 000 octets | no | all (`invalidate`) | signed: EdgeGrid |
//! | [`CloudFront`] | 3 000, paths among them | 3 000, tags among them | yes | no | signed: Signature Version 4 |
//! | [`Google`] Cloud CDN | 10 | 1, with every query | yes | no | bearer token |
//! | [`Vercel`] | 16 | no | no | tags | bearer token |
//! | [`Netlify`] | 100 (ours) | no | yes | no | bearer token |
//! | [`Bunny`] | 1 | 1 | yes | no | `AccessKey` |
//! | [`KeyCdn`] | 100 (ours) | 100 (ours) | yes | no | basic |
//! | [`Varnish`] with `xkey` | 4 000 octets | 1 | no | tags | by address |
//! | [`Varnish`] with bans | 4 000 octets | 1 | no | no | by address |
//! | [`Squid`] | no | 1 | no | no | by address |
//! | [`Nginx`] with a module | no | 1 | no | no | by address |
//!
//! What a vendor has not is an error that names the remedy, and never half of a purge: who asks
//! for a soft purge of tags and a URL, where URLs can be purged hard alone, gets no request.
//! [`Purge::hard`] is for one purge that goes to vendors of both kinds. How many requests a minute
//! a vendor takes is for the client to heed; a tag that many answers have costs one of them.
//!
//! # Credentials, and what comes from outside
//!
//! A [`Credential`] does not show in `Debug`, neither in that of an API nor in that of a request.
//! A tag that the edge cannot carry is an error, and a tag has no meaning in the field or document that
//! contains it.
//! Identifiers and URLs are checked when they are given: line ends, `..` in all its encodings, a
//! `?` or a user name are errors. A purge of a URL is no way to purge more than that: where a
//! vendor takes `*` for anything, it is an error.
//!
//! # Signing
//!
//! Akamai and CloudFront take no plain credential, and this crate has no cryptography. They are
//! given a [`Signer`], which is called with the head and the body of each request, or [`Unsigned`],
//! which leaves it to the client that sends:
//!
//! ```
//! use bytes::Bytes;
//! use http::{HeaderValue, header::AUTHORIZATION, request::Parts};
//! use tower_cache_policy::edge::purge::{Akamai, Purge, PurgeApi};
//! use tower_cache_policy::policy::CacheTag;
//!
//! # fn edgegrid(method: &str, uri: &str, body: &Bytes) -> Result<HeaderValue, &'static str> { Ok(HeaderValue::from_static("EG1-HMAC-SHA256 ...")) }
//! let akamai = Akamai::new("akab-xxxx.luna.akamaiapis.net", |head: &mut Parts, body: &Bytes| {
//!     // From a library that knows the scheme and has the secrets.
//!     let signature = edgegrid(head.method.as_str(), &head.uri.to_string(), body)?;
//!     head.headers.insert(AUTHORIZATION, signature);
//!     Ok::<_, &str>(())
//! })?;
//!
//! let requests = akamai.requests(&Purge::tags([CacheTag::from_static("articles")]).soft())?;
//! assert_eq!(requests[0].uri().path(), "/ccu/v3/invalidate/tag/production");
//! # Ok::<_, tower_cache_policy::edge::purge::PurgeError>(())
//! ```
//!
//! # What is left out
//!
//! Because its documentation was not known well enough, or because it says something else than a
//! purge of tags, a URL or everything:
//!
//! - Azure Front Door (paths alone, by the resource manager), Google Media CDN, Souin, Traffic
//!   Server, HAProxy.
//! - Everything at Akamai, which has CP codes in its place, and at Vercel, whose command line has it.
//! - Prefixes and hosts at Cloudflare, wildcards at all of them, source images at Vercel.
//! - URLs with the request fields of a custom cache key at Cloudflare.
//! - Soft purges of a URL at Varnish, which need another module, and bans of everything.
//! - Squid as a forward proxy, and its HTCP; the `purge_all` of nginx modules.

mod akamai;
mod api;
mod base;
mod bunny;
mod checks;
mod cloudflare;
mod cloudfront;
mod credential;
mod error;
mod fastly;
mod google;
mod keycdn;
mod netlify;
mod nginx;
mod parts;
mod signer;
mod squid;
mod value;
mod varnish;
mod vercel;

pub use self::akamai::Akamai;
pub use self::api::PurgeApi;
pub use self::bunny::Bunny;
pub use self::cloudflare::Cloudflare;
pub use self::cloudfront::CloudFront;
pub use self::credential::Credential;
pub use self::error::PurgeError;
pub use self::fastly::Fastly;
pub use self::google::Google;
pub use self::keycdn::KeyCdn;
pub use self::netlify::Netlify;
pub use self::nginx::Nginx;
pub use self::signer::{Signer, Unsigned};
pub use self::squid::Squid;
pub use self::value::Purge;
pub use self::varnish::Varnish;
pub use self::vercel::Vercel;
