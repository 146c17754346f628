//! Requests to a service without a connection, in a tokio runtime, which some peers need.

use axum::body::Body;
use http::Request;
use tokio::runtime::{Builder, Runtime};

/// A request for an absolute URL, because one of the peers requires it.
pub(crate) fn local(path: &str) -> Request<Body> {
    Request::get(format!("http://localhost{path}")).body(Body::empty()).unwrap()
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
