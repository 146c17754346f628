//! A layer that gives responses an `ETag` made from their content.
//!
//! Put it innermost, next to the handler. Outside a compression layer it would see
//! bodies of unknown length, which it does not touch.
//!
//! A 200 response to GET gets a tag, except
//!
//! - if the handler set an `ETag`, which stays;
//! - if an outer [`ConditionalLayer`](crate::ConditionalLayer) has a validator source, whose
//!   validators are then the only ones: a write that names a generated tag would always fail;
//! - if it has `no-store` or `Set-Cookie`, or is marked as
//!   [`Personalized`](crate::policy::Personalized) and the tag is not keyed;
//! - for server-sent events, gRPC, and an empty body;
//! - for a body that is longer than [`max_body`](EntityTagLayer::max_body), or of unknown
//!   length without [`buffer_unknown_length`](EntityTagLayer::buffer_unknown_length);
//! - for a body that ends with another length than its size hint or `Content-Length` states.
//!
//! All but the last is decided before the body is touched. The body of one frame is not copied,
//! several frames are hashed as they are and stay several frames, trailers stay, and a
//! body that fails while it is read fails for the client at the same place.
//!
//! # What a tag names
//!
//! A tag is a function of the content and of `Content-Type`, `Content-Language`,
//! `Content-Encoding` and `Content-Disposition`. A 304 does not carry these fields, so with the
//! content alone a client would never learn that one of them changed. Tags depend on nothing
//! else: they are equal on every replica and after a restart. They change only in a release whose
//! changelog says so under `Wire`.
//!
//! # Bodies that come again
//!
//! A body that an application stores as one shared [`Bytes`](bytes::Bytes), such as a static page
//! or one of its own cache, is hashed twice and then remembered by its place in memory. Up to 64
//! bodies are remembered. A body that the application has dropped is released when the next new
//! one is remembered. A body that is made for one response is never held.
//!
//! # Weak or strong
//!
//! Tags are weak by default: a weak tag is right under any compression,
//! and is all that a 304 needs. A weak tag never satisfies `If-Match` or `If-Range`. For writes
//! and resumed downloads use strong tags, with the feature `strong-tags`, or validators of your
//! own.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, header::ETAG};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_cache_policy::EntityTagLayer;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(EntityTagLayer::new())
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//!
//! let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
//! assert_eq!(response.headers()[ETAG], "W/\"tenBrQcbPn_Hec-qXlI4GA\"");
//! # });
//! ```

mod body;
mod config;
mod digest;
mod future;
mod layer;
mod memory;
mod metadata;
mod service;

pub use self::body::EntityTagBody;
pub use self::future::ResponseFuture;
pub use self::layer::EntityTagLayer;
pub use self::service::EntityTagService;
