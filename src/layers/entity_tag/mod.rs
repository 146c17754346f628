//! A layer that generates an `ETag` from the content of a response.
//!
//! The layer reads the body, hashes it, and adds the hash as an entity tag. It does not return 304 itself: add a
//! [`ConditionalLayer`](crate::ConditionalLayer) outside it, or use [`CachingLayer`](crate::CachingLayer).
//!
//! Put this layer innermost, next to the handler. Outside a compression layer, bodies have an unknown length and get no
//! tag by default.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode, header::{ETAG, IF_NONE_MATCH}};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cache_policy::{ConditionalLayer, EntityTagLayer};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(ConditionalLayer::new())
//!     .layer(EntityTagLayer::new())
//!     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//!
//! let request = Request::get("/").body(()).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//! assert_eq!(response.headers()[ETAG], "W/\"tenBrQcbPn_Hec-qXlI4GA\"");
//!
//! let request = Request::get("/").header(IF_NONE_MATCH, &response.headers()[ETAG]).body(()).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//! assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
//! # });
//! ```
//!
//! # Which responses get a tag
//!
//! The layer adds a tag to 200 responses to GET. These responses get no tag:
//!
//! - a response that already has an `ETag`;
//! - a response below a [`ConditionalLayer`](crate::ConditionalLayer) with a validator source, because the source would
//!   not recognize a generated tag in a later `If-Match`;
//! - a response with `no-store` or `Set-Cookie`;
//! - a response marked as [`Personalized`](crate::policy::Personalized), unless the tags have a secret key;
//! - server-sent events, gRPC, and a response with an empty body;
//! - a body that is longer than [`max_body`](EntityTagLayer::max_body);
//! - a body of unknown length, unless [`buffer_unknown_length`](EntityTagLayer::buffer_unknown_length) is set;
//! - a body whose length differs from its size hint or `Content-Length`.
//!
//! The layer checks all conditions except the last before it reads the body. It does not copy or join frames, and it
//! forwards trailers. If the body fails while the layer reads it, the client gets the same bytes and then the error.
//!
//! # Stable tags
//!
//! A tag depends on the content and on `Content-Type`, `Content-Language`, `Content-Encoding` and
//! `Content-Disposition`. A 304 does not have these fields, so a tag of the content alone would hide changes to them
//! from clients.
//!
//! A tag does not depend on anything else, so all replicas generate the same tag, even after a restart. If a release
//! changes tags, the changelog lists the change under `Wire`.
//!
//! # Repeated bodies
//!
//! An application can send the same [`Bytes`](bytes::Bytes) value many times, for example a static page. The layer
//! hashes such a body twice, then reuses its tag. It stores the tags of up to 64 bodies by address. A body that the
//! application has dropped is released when the next body is added. A layer that is dropped does not release its last
//! bodies. A body that was created for a single response is never stored.
//!
//! # Weak or strong tags
//!
//! Tags are weak by default. A weak tag stays correct under any compression and is sufficient for a 304. It never
//! satisfies `If-Match` or `If-Range`
//! ([RFC 9110 section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2)).
#![cfg_attr(
    feature = "strong-tags",
    doc = "For optimistic locking and resumed downloads, use [`strong`](EntityTagLayer::strong) tags"
)]
#![cfg_attr(not(feature = "strong-tags"), doc = "For optimistic locking and resumed downloads, use `strong` tags")]
//! (feature `strong-tags`) or validators of the application.

mod body;
mod config;
mod digest;
mod future;
mod layer;
mod memo;
mod metadata;
mod service;

pub use self::body::EntityTagBody;
pub use self::future::ResponseFuture;
pub use self::layer::EntityTagLayer;
pub use self::service::EntityTagService;
