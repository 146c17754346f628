//! A layer that gives answers an `ETag` made from their content.
//!
//! It sits innermost, next to the handler: outside a compression layer it would find
//! bodies of unknown length, which it does not touch.
//!
//! A tag is given to a 200 answer to GET, and not
//!
//! - to HEAD, whose body is empty (V-19), to another method or another status;
//! - where the handler set an `ETag`, which stays;
//! - to `no-store`, to an answer with `Set-Cookie`, to one marked as
//!   [`Personalized`](crate::policy::Personalized) unless the tag is keyed (G-16);
//! - to server-sent events, to gRPC, to an empty body;
//! - to a body that is longer than [`max_body`](EntityTagLayer::max_body), or of unknown
//!   length unless [`buffer_unknown_length`](EntityTagLayer::buffer_unknown_length) says so.
//!
//! All of this is decided before the body is touched. A body in one frame is not copied,
//! several frames are hashed as they are and stay several frames, trailers stay, and a
//! body that fails while it is read fails for the client at the same place.
//!
//! # Bodies that come again
//!
//! A body that an application keeps as one shared [`Bytes`](bytes::Bytes), such as a static page or
//! one of its own cache, is hashed twice and then remembered by its place in memory. At most 64
//! are, and of those that the application let go of none for longer than until the next
//! one is remembered. A body that is made for one answer is never held.
//!
//! # Weak or strong
//!
//! Tags are weak unless asked for otherwise: a weak one is right under any compression,
//! and is all that a 304 needs. `If-Match` and `If-Range` need a strong one (P-07, R-11),
//! which is there with the feature `strong-tags`.
//!
//! Tags are a function of the octets and of nothing else, so they are equal on every
//! replica and after a restart (G-15). They change only in a release whose changelog
//! says so under `Wire`.
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
mod service;

pub use self::body::EntityTagBody;
pub use self::future::ResponseFuture;
pub use self::layer::EntityTagLayer;
pub use self::service::EntityTagService;
