//! Requests and responses that all layers pass through unchanged.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use crate::protocol::is_grpc_type;

/// Returns whether a request claims to be a gRPC call. The claim alone does not exempt the request from any
/// rule: see [`is_grpc_exchange`].
pub(crate) fn is_grpc_call(method: &Method, headers: &HeaderMap) -> bool {
    // every gRPC call is a POST. Q-03: it has a gRPC content type.
    *method == Method::POST && is_of_grpc(headers)
}

/// Returns whether request and response both are gRPC. The client chooses the `Content-Type` of the request,
/// so the request alone is not proof.
pub(crate) fn is_grpc_exchange(is_call: bool, response: &HeaderMap) -> bool {
    //
    is_call && is_of_grpc(response)
}

/// Returns whether a message has a gRPC content type.
pub(crate) fn is_of_grpc(headers: &HeaderMap) -> bool {
    //
    headers.get(CONTENT_TYPE).is_some_and(is_grpc_type)
}

/// Returns whether the request opens a tunnel, whose bytes are not a representation.
#[inline]
pub(crate) fn is_tunnel(method: &Method) -> bool {
    *method == Method::CONNECT
}

/// Returns whether the response is informational (1xx), which includes upgrades.
pub(crate) fn is_interim(status: StatusCode) -> bool {
    // E-05
    status.is_informational()
}
