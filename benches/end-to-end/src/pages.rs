//! The page that every variant serves, in three sizes.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

pub(crate) const KIB: usize = 1 << 10;
pub(crate) const KIB_16: usize = 16 << 10;
pub(crate) const MIB: usize = 1 << 20;

/// How a handler gets its body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Making {
    /// Returns a reference to the same bytes each time.
    Shared,
    /// Creates a copy each time, as a template does.
    New,
}

pub(crate) fn page(length: usize, making: Making) -> Response {
    let shared = match length {
        KIB => &PAGE_KIB,
        KIB_16 => &PAGE_KIB_16,
        _ => &PAGE_MIB,
    };
    let body = match making {
        Making::Shared => Bytes::clone(shared),
        Making::New => Bytes::copy_from_slice(shared),
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

static PAGE_KIB: LazyLock<Bytes> = LazyLock::new(|| text(KIB));
static PAGE_KIB_16: LazyLock<Bytes> = LazyLock::new(|| text(KIB_16));
static PAGE_MIB: LazyLock<Bytes> = LazyLock::new(|| text(MIB));

fn text(length: usize) -> Bytes {
    b"All work and no play makes Jack a dull boy.\n".iter().copied().cycle().take(length).collect()
}
