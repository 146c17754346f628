//! A layer that evaluates preconditions and returns 304, 412 and 428.
//!
//! A client that has a stored response sends its entity tag in `If-None-Match`. The layer returns 304 without content
//! if the tag is still current. A client that edits a resource sends the tag in `If-Match`. The layer returns 412 if
//! another client has changed the resource in the meantime. The layer evaluates several preconditions in the order of
//! [RFC 9110 section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2).
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode, header::{ETAG, IF_MATCH, IF_NONE_MATCH}};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cache_policy::ConditionalLayer;
//! use tower_cache_policy::protocol::{EntityTag, Validators};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! // Usually a database lookup.
//! let layer = ConditionalLayer::new()
//!     .validators(|_| async { Validators::new().with_etag(EntityTag::from_static("\"v2\"")) })
//!     .require_preconditions();
//! let mut service = ServiceBuilder::new()
//!     .layer(layer)
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("v2"))));
//!
//! let read = Request::get("/").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(read).await.unwrap();
//! assert_eq!(response.headers()[ETAG], "\"v2\"");
//!
//! let revalidation = Request::get("/").header(IF_NONE_MATCH, "\"v2\"").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(revalidation).await.unwrap();
//! assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
//!
//! let lost_update = Request::put("/").header(IF_MATCH, "\"v1\"").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(lost_update).await.unwrap();
//! assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED);
//!
//! let unconditional = Request::put("/").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(unconditional).await.unwrap();
//! assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED);
//! # });
//! ```
//!
//! # After the handler
//!
//! Without a validator source, the layer evaluates the preconditions of GET, HEAD and QUERY with the validators of the
//! handler's response. A 304 replaces a 200, 203 or 206. A 412 replaces any successful response. The layer drops the
//! replaced body unread.
//!
//! Errors, redirects, server-sent events and gRPC pass through unchanged. A call is gRPC if it is a POST whose request
//! and response both have a gRPC content type.
//!
//! The layer does not change the status of a 304, 412 or 416 from the inner service. It removes fields that a 304 must
//! not have. A 304 without an `ETag` gets the tag from the request if the client sent exactly one.
//!
//! # Before the handler
//!
//! With [`ConditionalLayer::validators`], the application looks up the current validators, and the layer evaluates the
//! preconditions of all methods before the handler runs. A 304 then saves the work of the handler, and an unsafe
//! request whose precondition fails changes nothing.
//!
//! Without a source, the handler must evaluate the preconditions of unsafe requests. The layer cannot return 412 after
//! the handler has already made the change.
//!
//! | The source returns | GET, HEAD, QUERY | Unsafe method with a precondition |
//! |---|---|---|
//! | [`Current`] | evaluated before the handler | evaluated before the handler |
//! | [`Missing`] | the handler runs | `If-Match` fails, `If-None-Match` passes |
//! | [`Unknown`] | evaluated after the handler | 412 |
//!
//! A source whose lookup fails should return [`Unknown`]. Set a timeout, because a source that hangs delays the
//! request. After the timeout, safe requests continue, and unsafe requests with a precondition get 412:
//!
//! ```
//! # use std::time::Duration;
//! # use tower_cache_policy::{ConditionalLayer, protocol::{Representation, Validators}};
//! # async fn look_up(path: String) -> Result<Option<Validators>, std::io::Error> { Ok(None) }
//! let layer = ConditionalLayer::new().validators(|request| {
//!     let lookup = look_up(request.uri.path().to_owned());
//!     async {
//!         match tokio::time::timeout(Duration::from_secs(2), lookup).await {
//!             Ok(Ok(found)) => found.into(),
//!             Ok(Err(_)) | Err(_) => Representation::Unknown,
//!         }
//!     }
//! });
//! # let _ = layer;
//! ```
//!
//! The resource can change between the lookup and the handler. The response then has the older tag, which is safe: a
//! later `If-Match` with that tag fails. Validators that the handler sets itself take precedence.
//!
//! For an unsafe request, the handler should check again inside its transaction. The preconditions are still in the
//! request, and [`Preconditions`](crate::protocol::Preconditions) reads them.
//!
//! A source receives the fields of a request, not its content. For QUERY it must return [`Unknown`], unless its
//! validators change whenever the result of any query changes.
//!
//! # The validators of a response
//!
//! The layer adds the validators of the source to responses to GET and HEAD that do not have their own. An inner
//! [`EntityTagLayer`](crate::EntityTagLayer) generates no tag for such a route, because the source would not recognize
//! that tag in a later `If-Match`. Responses to other methods never get validators from the source.
//!
//! Some responses are not the representation that the source describes, for example a sign-in page. The layer does not
//! add the validators of the source to these responses, and does not return a 304 because of them:
//!
//! - a response with `Set-Cookie`,
//! - a response with `no-store`, in `Cache-Control` or in a
//!   [`CachePolicy`](crate::policy::CachePolicy),
//! - a response or a request marked as [`Personalized`](crate::policy::Personalized). The layer evaluates a
//!   marked safe request after the handler, with validators that the handler sets.
//!
//! If another page differs between clients, let the handler set its validators, or return validators from the source
//! that differ in the same way.
//!
//! The layer replaces a `Last-Modified` in the future with the current time, or with the `Date` of the response if
//! that is earlier. Preconditions are still compared with the real date, so a client that sends the replaced date gets
//! the complete response.
//!
//! # The policy of a 304
//!
//! A 304 that is decided before the handler has only validators. An outer
//! [`CachePolicyLayer`](crate::CachePolicyLayer) adds the policy that the source returned with them: see
//! [`SelectedRepresentation`]. If the source returned no policy, the outer layer adds neither `Cache-Control` nor
//! `Vary`. A cache then uses the fields of the stored 200, which the handler may have made stricter.
//!
//! # Required preconditions
//!
//! With [`ConditionalLayer::require_preconditions`], every unsafe request without a precondition gets 428. With
//! [`require_preconditions_for`](ConditionalLayer::require_preconditions_for), this applies only to the listed
//! methods.
//!
//! A client can only comply if responses have a strong entity tag or a modification date. An
//! [`EntityTagLayer`](crate::EntityTagLayer) generates weak tags by default, and a weak tag never satisfies
//! `If-Match`.
//!
//! # Errors of the handler
//!
//! According to [RFC 9110 section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.1), a server ignores
//! preconditions if the request would fail without them. With a source, the layer does not follow this rule. A `POST
//! /articles/1` with a failing `If-Match` gets 412 even if the router would return 405. The same applies to a path that
//! an extractor would reject with 400.
//!
//! Only the handler knows whether the request is an error, and calling it could make the change. To get the error of
//! the router, put the layer on the method router instead of on the whole router.
//!
//! # Request fields for the inner service
//!
//! The preconditions stay in the request, with three changes that preserve their meaning:
//!
//! - The field lines of `If-Match` and `If-None-Match` are joined into one, because many services read only the first.
//! - On safe methods, dates that a recipient must ignore are removed: a date next to a list of tags, and a date field
//!   with several lines.
//! - The suffix that names a content coding is removed from entity tags.
//!
//! # Compression
//!
//! Put the layer outside compression. It adds the name of the content coding to a strong entity tag, so that `"x"` is
//! sent as `"x--gzip"`, and it removes the suffix from requests: see
//! [`add_coding_suffix`](crate::protocol::add_coding_suffix). Weak tags stay unchanged. An outer compression layer
//! would add `Content-Encoding` to the 304 as well.
//!
//! A response to HEAD does not have content for a compression layer to compress, so its length and its strong tag can
//! differ from those of GET. If the client accepts a content coding, the layer removes `Content-Length`,
//! `Accept-Ranges` and a strong `ETag` from a response to HEAD without `Content-Encoding`.
//! [`CachingLayer::compression`](crate::CachingLayer::compression) turns this on. Otherwise it starts after the first
//! response to GET with a content coding.
//!
//! # Ranges
//!
//! The layer forwards a `Range` with an `If-Range` only if a source proves that the client has a part of the same
//! representation. Otherwise it removes both fields, and the client gets the complete representation. Some services
//! serve a range without evaluating `If-Range`. Use [`HeadValidators`] as the source for them.
//!
//! The layer also removes a `Range` that is not a single field line with valid byte ranges, because services often
//! return 416 instead of ignoring it. A 304 takes precedence over that 416, so the layer also removes a `Range` from a
//! request with `If-None-Match` or `If-Modified-Since`, unless a source has already decided the request.
//!
//! A `Range` next to `If-Match` or `If-Unmodified-Since` stays in the request, because some clients download one version
//! in several ranges. If no source has decided and the service returns 416, the client gets 416 even if the precondition
//! would have failed.
//!
//! An outer layer without a source removes such ranges before an inner layer with a source can prove them. Use
//! [`inner_handles_if_range`](ConditionalLayer::inner_handles_if_range) on the outer layer, or put the
//! layers on separate routes, as `examples/site` does.
//!
//! # Proxies
//!
//! In a gateway, the layer evaluates preconditions with the validators of the origin server's responses. The origin
//! receives the preconditions too. If it evaluates `If-Range` itself, call
//! [`inner_handles_if_range`](ConditionalLayer::inner_handles_if_range).
//!
//! hyper's client stores an unusual reason phrase in the response extensions, and hyper's server sends it again.
//! Remove `hyper::ext::ReasonPhrase` from responses of the origin. Otherwise `200 Fine` becomes `304 Fine`.
//!
//! [`Current`]: crate::protocol::Representation::Current
//! [`Missing`]: crate::protocol::Representation::Missing
//! [`Unknown`]: crate::protocol::Representation::Unknown
//!
//! # Which status a client gets
//!
//! | Request | Precondition | Response |
//! |---|---|---|
//! | GET or HEAD | `If-None-Match` with the current tag | 304 |
//! | GET or HEAD | `If-Modified-Since` with the date of `Last-Modified`, and no `If-None-Match` | 304 |
//! | GET or HEAD | another tag or date | the complete response |
//! | PUT, PATCH, DELETE | `If-Match` with the current tag | the handler's response |
//! | PUT, PATCH, DELETE | `If-Match` with another tag | 412, and the handler does not run |
//! | PUT | `If-None-Match: *`, and the resource exists | 412: the client wanted to create it |
//! | unsafe | none, and [`require_preconditions`](ConditionalLayer::require_preconditions) is set | 428 |
//!
//! The rows for unsafe methods need a validator source.

mod body;
mod config;
mod exchange;
mod future;
mod layer;
mod mark;
mod reason;
mod selected;
mod service;
mod source;
mod trace;

pub use self::body::ConditionalBody;
pub use self::future::ResponseFuture;
pub use self::layer::ConditionalLayer;
pub use self::reason::ConditionalReason;
pub use self::selected::SelectedRepresentation;
pub use self::service::ConditionalService;
pub use self::source::{FnSource, HeadFuture, HeadValidators, NoSource, ValidatorSource};

#[cfg(feature = "axum")]
pub(crate) use self::mark::ModifiedInFuture;
pub(crate) use self::mark::ValidatorSourcePresent;

#[cfg(feature = "assets")]
pub(crate) use self::config::Settings;
#[cfg(feature = "assets")]
pub(crate) use self::exchange::Exchange;
