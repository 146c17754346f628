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
