//! Which answers are gRPC.

use http::HeaderValue;

/// Whether a content type is one of gRPC in all its forms: always status 200, the outcome in
/// trailers, and a client that takes a 304 or 412 for a broken connection.
pub(crate) fn is_grpc_type(content_type: &HeaderValue) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    content_type.as_bytes().get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}
