//! What every layer leaves alone.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use crate::protocol::is_grpc_type;

/// A call of gRPC, which is always a POST: whoever merely says so in a GET or PUT is not
/// let past the guards and preconditions.
pub(crate) fn is_grpc_call(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::POST && is_of_grpc(headers)
}

/// An answer of gRPC.
pub(crate) fn is_of_grpc(headers: &HeaderMap) -> bool {
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
