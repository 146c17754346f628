//! What every layer leaves alone.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use crate::protocol::is_grpc_type;

/// gRPC, by the request or by the answer.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(is_grpc_type)
}

/// A tunnel, which carries no representation.
pub(crate) fn is_tunnel(method: &Method) -> bool {
    *method == Method::CONNECT
}

/// Interim answers and upgrades (E-05).
pub(crate) fn is_interim(status: StatusCode) -> bool {
    status.is_informational()
}

/// A stream that lasts as long as the client stays (G-10, G-24).
pub(crate) fn is_live_stream(headers: &HeaderMap) -> bool {
    content_type_starts_with(headers, b"text/event-stream")
        || content_type_starts_with(headers, b"multipart/x-mixed-replace")
}

fn content_type_starts_with(headers: &HeaderMap, start: &[u8]) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}
