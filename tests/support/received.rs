//! The complete response of a service in a test.
#![allow(dead_code, unreachable_pub)] // Each test uses its own part.
#![allow(clippy::unwrap_used)] // As in any test.

use bytes::Bytes;
use http::{HeaderMap, Request};
use tower::ServiceExt;

use crate::support::{TestBody, TestService, field};

pub struct Received {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// The field, or an empty string.
    pub fn field(&self, name: &str) -> String {
        field(&self.headers, name).unwrap_or_default()
    }

    /// The status and `Cache-Control`.
    pub fn status_and_policy(&self) -> (u16, String) {
        (self.status, self.field("cache-control"))
    }
}

pub async fn send(service: &TestService, request: Request<TestBody>) -> Received {
    let (head, body) = service.clone().oneshot(request).await.unwrap().into_parts();
    Received { status: head.status.as_u16(), headers: head.headers, body }
}
