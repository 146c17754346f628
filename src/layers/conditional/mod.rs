//! A layer that evaluates preconditions: 304, 412 and 428.
//!
//! # After the handler
//!
//! For GET and HEAD, from the validators that the answer carries. A 304 stands for 200,
//! 203 and 206, a 412 for any success, and nothing for an error, a redirect, server-sent
//! events or gRPC (P-02, P-26, G-10). The body is dropped unread. What a service inside
//! decided itself (304, 412, 416) stays, with its fields put in order.
//!
//! # Before the handler
//!
//! With [`ConditionalLayer::validators`] the application says what it has, and then every
//! method is decided before the handler runs: a 304 costs no handler, and a write whose
//! precondition fails changes nothing. Without it the preconditions of a write reach the
//! handler as they came (P-09); answering 412 after the write would be a lie.
//!
//! | The source says | GET, HEAD | a write with a precondition |
//! |---|---|---|
//! | [`Current`] | decided | decided |
//! | [`Missing`] | the handler answers | `If-Match` fails, `If-None-Match` holds |
//! | [`Unknown`] | the handler answers, then as above | fails |
//!
//! A source that fails says [`Unknown`]. One that hangs holds the request back, so bound it: a read
//! then goes on, and a write with a precondition is refused with 412.
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
//! A safe answer that carries no validator gets those of the source; the answer to a
//! write never does (V-17). With [`ConditionalLayer::require_preconditions`] a write
//! without a precondition is answered 428.
//!
//! A 304 that is decided here carries the validators and nothing else, because the handler
//! did not run: `Cache-Control` and `Vary` come from a
//! [`CachePolicyLayer`](crate::CachePolicyLayer) *around* this layer. What a handler would
//! say for itself is not known, so policies that depend on the request belong in the
//! layer's closure.
//!
//! What the source says is as old as its look-up. A version that is written before the handler reads
//! is sent with the older tag, which lets no write through; a handler that sends validators of what it
//! read is believed. For a write the handler decides again inside its transaction, with
//! [`Preconditions`](crate::protocol::Preconditions), which are still in the request.
//!
//! # Compression
//!
//! The layer sits outside compression, and names the coding in a strong entity tag: `"x"`
//! is sent as `"x--gzip"` and its suffix is taken off again in requests, as
//! [`name_coding_in_etag`](crate::protocol::name_coding_in_etag) tells. Weak tags need
//! nothing. A compression layer around this one codes the 304 as well, which then has the content of
//! nothing in that coding.
//!
//! # Ranges
//!
//! A `Range` beside an `If-Range` is let through only when a source proves that the client
//! has a part of the same representation. Else it is removed and the client gets
//! everything, because services exist that serve a range without looking at `If-Range`.
//! [`HeadValidators`] is a source for them.
//!
//! A layer without a source around one that has one takes such ranges away before the inner
//! one can prove them. Give the outer one
//! [`trust_service_with_if_range`](ConditionalLayer::trust_service_with_if_range), or put each
//! around routes of its own, as `examples/site` does.
//!
//! # Proxies
//!
//! In a gateway the layer decides from the answers of the origin, which gets the
//! preconditions too. hyper's client keeps an unusual reason phrase in the answer's
//! extensions, and its server sends it again: take `hyper::ext::ReasonPhrase` out, or
//! `200 Fine` becomes `304 Fine`. A range of an origin that evaluates `If-Range` itself needs
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
//! // Usually a look into a database.
//! let layer = ConditionalLayer::new()
//!     .validators(|_| async { Validators::new().with_etag(EntityTag::from_static("\"v2\"")) })
//!     .require_preconditions();
//! let mut service = ServiceBuilder::new()
//!     .layer(layer)
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("v2"))));
//!
//! let read = Request::get("/").body(()).unwrap();
//! let answer = service.ready().await.unwrap().call(read).await.unwrap();
//! assert_eq!(answer.headers()[ETAG], "\"v2\"");
//!
//! let lost_update = Request::put("/").header(IF_MATCH, "\"v1\"").body(()).unwrap();
//! let answer = service.ready().await.unwrap().call(lost_update).await.unwrap();
//! assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED);
//!
//! let blind = Request::put("/").body(()).unwrap();
//! let answer = service.ready().await.unwrap().call(blind).await.unwrap();
//! assert_eq!(answer.status(), StatusCode::PRECONDITION_REQUIRED);
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
mod reason;
mod service;
mod source;

pub use self::body::ConditionalBody;
pub use self::future::ResponseFuture;
pub use self::layer::ConditionalLayer;
pub use self::reason::ConditionalReason;
pub use self::service::ConditionalService;
pub use self::source::{FnSource, HeadFuture, HeadValidators, IntoRepresentation, NoSource, ValidatorSource};

#[cfg(feature = "assets")]
pub(crate) use self::config::Settings;
#[cfg(feature = "assets")]
pub(crate) use self::exchange::Exchange;
