//! The page that every variant serves.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

const LENGTH: usize = 1 << 10;

/// How a handler creates its body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Making {
    /// Returns a reference to the same bytes each time.
    Shared,
    /// Creates a copy each time, like a template.
    New,
}

pub(crate) fn page(making: Making) -> Response {
    let body = match making {
        Making::Shared => Bytes::clone(&PAGE),
        Making::New => Bytes::copy_from_slice(&PAGE),
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

static PAGE: LazyLock<Bytes> =
    LazyLock::new(|| b"All work and no play makes Jack a dull boy.\n".iter().copied().cycle().take(LENGTH).collect());
