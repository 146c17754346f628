//! What every layer leaves alone.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use crate::protocol::is_grpc_type;

/// A request that claims to be a call of gRPC, which is always a POST. The claim alone
/// exempts it from nothing: see [`is_grpc_exchange`].
pub(crate) fn is_grpc_call(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::POST && is_of_grpc(headers)
}

/// Whether this is gRPC: the request is a call, and the service answered it as one. A client
/// writes its own `Content-Type`, so the request alone proves nothing.
pub(crate) fn is_grpc_exchange(is_call: bool, response: &HeaderMap) -> bool {
    is_call && is_of_grpc(response)
}

/// A response of gRPC.
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
