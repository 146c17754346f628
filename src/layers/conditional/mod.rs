//! A layer that evaluates preconditions: 304, 412 and 428.
//!
//! # After the handler
//!
//! Without a validator source, the layer decides GET, HEAD and QUERY from the validators in the
//! handler's response. A 304 replaces a 200, 203 or 206, and a 412 replaces any success. Errors,
//! redirects and server-sent events stay as they are, and so does gRPC, which is a POST whose
//! request and response both have a gRPC content type. The body is dropped unread.
//!
//! Responses that the inner service decided itself (304, 412, 416) stay, with their fields put in
//! order. A 304 without an `ETag` gets the tag that the client named, if it named one only.
//!
//! # Before the handler
//!
//! With [`ConditionalLayer::validators`] the application states what it has, and every
//! method is decided before the handler runs: a 304 costs no handler, and a write whose
//! precondition fails changes nothing. Without a source the preconditions of a write are left to
//! the handler. A 412 after the write would be wrong.
//!
//! | The source returns | GET, HEAD, QUERY | an unsafe method with a precondition |
//! |---|---|---|
//! | [`Current`] | decided | decided |
//! | [`Missing`] | the handler responds | `If-Match` fails, `If-None-Match` holds |
//! | [`Unknown`] | the handler responds, then as above | fails |
//!
//! A source that fails returns [`Unknown`]. A source that hangs delays the request, so give it a
//! timeout: a read then goes on, and a write with a precondition is refused with 412.
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
//! A source is as old as its lookup. If a version is written before the handler reads,
//! the response has the older tag, which lets no write through. Validators that the handler
//! sets itself take precedence. For a write the handler decides again inside its transaction, with
//! [`Preconditions`](crate::protocol::Preconditions), which are still in the request.
//!
//! A source sees the fields of the request, not its content. For QUERY it must return
//! [`Unknown`], unless its validators change with every result that a query can have.
//!
//! # The validators of a response
//!
//! A route with a source has one set of validators. A response to GET or HEAD without
//! validators gets those of the source, and an inner [`EntityTagLayer`](crate::EntityTagLayer)
//! generates no tag, because the source would not recognize it in a later write. The response
//! to any other method never gets them.
//!
//! Some responses are not the representation that the source describes, such as a page that
//! asks the client to sign in. These get no validators from the source, and no 304 because of
//! them:
//!
//! - a response with `Set-Cookie`,
//! - a response with `no-store`, in `Cache-Control` or in a
//!   [`CachePolicy`](crate::policy::CachePolicy),
//! - a response or a request marked as [`Personalized`](crate::policy::Personalized). For a
//!   marked request, safe methods are decided after the handler, from validators that the handler
//!   sets.
//!
//! Other pages that differ between clients need validators that the handler sets, or a source
//! whose validators differ too.
//!
//! A `Last-Modified` in the future is replaced by the time of the response, or by its `Date`,
//! whichever is earlier. The real date still decides: a client that returns the replaced one
//! gets the complete response.
//!
//! # The policy of a 304
//!
//! A 304 that is decided before the handler has the validators and nothing else. A
//! [`CachePolicyLayer`](crate::CachePolicyLayer) *around* this layer adds the policy that the
//! source returned with the validators: see [`SelectedRepresentation`]. Without one it adds
//! neither `Cache-Control` nor `Vary`, because the handler may have narrowed them in the 200,
//! and a cache keeps those of the 200.
//!
//! # Which requests need a precondition
//!
//! With [`ConditionalLayer::require_preconditions`] an unsafe method without a precondition
//! gets 428, and with
//! [`require_preconditions_for`](ConditionalLayer::require_preconditions_for) only the methods
//! that you list. A client needs a strong entity tag or a modification date for it. The tags
//! that an [`EntityTagLayer`](crate::EntityTagLayer) generates are weak by default, and a weak
//! tag never satisfies `If-Match`.
//!
//! # Errors of the handler
//!
//! By [RFC 9110, section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1) a
//! request that would be an error without its preconditions stays that error. With a source,
//! the layer departs from it: a `POST /articles/1` with a failing `If-Match` gets 412, where
//! the router would return 405, and so does a path that an extractor would refuse with 400. The
//! handler is the only one that knows, and calling it would perform the write. To get the
//! plain error, put the layer on the method router instead of the router.
//!
//! # What the inner service receives
//!
//! The preconditions stay in the request, with three changes that keep their meaning. The
//! lines of `If-Match` and `If-None-Match` are joined into one, as many services read the first
//! only. On safe methods, dates that must be ignored are removed: those next to a list of
//! tags, and those in several lines. The suffix that names a content coding is removed from
//! tags.
//!
//! # Compression
//!
//! Put the layer outside compression. It names the coding in a strong entity tag: `"x"`
//! is sent as `"x--gzip"`, and the suffix is removed again in requests: see
//! [`name_coding_in_etag`](crate::protocol::name_coding_in_etag). Weak tags need
//! nothing. A compression layer around this one would put a coding on the 304 as well.
//!
//! A response to HEAD has no content that a compression layer could code, so its length and its
//! strong tag may not be those of GET. If the client accepts a coding, the layer removes
//! `Content-Length`, `Accept-Ranges` and the strong `ETag` from a response to HEAD without
//! `Content-Encoding`. [`CachingLayer::compression`](crate::CachingLayer::compression) turns
//! this on. Otherwise it starts with the first response to GET that has a content coding.
//!
//! # Ranges
//!
//! A `Range` next to an `If-Range` is forwarded only when a source proves that the client
//! has a part of the same representation. Otherwise it is removed and the client gets
//! the complete response, because some services serve a range without evaluating `If-Range`.
//! [`HeadValidators`] is a source for them.
//!
//! A `Range` is also removed where services tend to answer 416 instead of ignoring it: a unit
//! other than `bytes`, a range that is not valid, and several lines. So is a `Range` next to
//! `If-None-Match` or `If-Modified-Since` that no source has decided, because a 304 takes
//! precedence over 416.
//!
//! An outer layer without a source removes such ranges before an inner layer with a source can
//! prove them. Give the outer one
//! [`trust_service_with_if_range`](ConditionalLayer::trust_service_with_if_range), or put each
//! on routes of its own, as `examples/site` does.
//!
//! # Proxies
//!
//! In a gateway the layer decides from the responses of the origin, which gets the
//! preconditions too. hyper's client stores an unusual reason phrase in the response's
//! extensions, and its server sends it again: remove `hyper::ext::ReasonPhrase`, or
//! `200 Fine` becomes `304 Fine`. An origin that evaluates `If-Range` itself needs
//! [`trust_service_with_if_range`](ConditionalLayer::trust_service_with_if_range).
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode, header::{ETAG, IF_MATCH}};
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
//! let lost_update = Request::put("/").header(IF_MATCH, "\"v1\"").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(lost_update).await.unwrap();
//! assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED);
//!
//! let blind = Request::put("/").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(blind).await.unwrap();
//! assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED);
//! # });
//! ```
//!
//! [`Current`]: crate::protocol::Representation::Current
//! [`Missing`]: crate::protocol::Representation::Missing
//! [`Unknown`]: crate::protocol::Representation::Unknown

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
