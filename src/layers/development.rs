//! The treatment of requests while the development switch is on.

use http::Request;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::protocol::Preconditions;

/// Removes the preconditions by which a client revalidates a response that it has stored earlier. The client then gets
/// the complete response: in development, the content can change without its validators.
///
/// The preconditions of an unsafe request stay, because they protect data.
pub(crate) fn forget_stored_response<B>(request: &mut Request<B>) {
    if !Preconditions::new(request.method(), request.headers()).is_unsafe_method() {
        request.headers_mut().remove(IF_NONE_MATCH);
        request.headers_mut().remove(IF_MODIFIED_SINCE);
    }
}
