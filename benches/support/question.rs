//! The request to a service.

use std::fmt::Debug;

use http::{HeaderName, HeaderValue, Request, Uri};

/// A path, and at most one field.
#[derive(Clone)]
pub(crate) struct Question {
    uri: Uri,
    field: Option<(HeaderName, HeaderValue)>,
}

impl Question {
    pub(crate) fn path(path: &str) -> Self {
        Self { uri: path.parse().unwrap(), field: None }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue, Error: Debug>) -> Self {
        self.field = Some((name, value.try_into().unwrap()));
        self
    }

    pub(crate) fn request<B: Default>(&self) -> Request<B> {
        let mut request = Request::new(B::default());
        *request.uri_mut() = self.uri.clone();
        if let Some((name, value)) = &self.field {
            request.headers_mut().insert(name, value.clone());
        }
        request
    }
}
