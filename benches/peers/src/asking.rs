//! A service asked in process, in a runtime of tokio, where each of these feels at home.

use std::fmt::Debug;
use std::hint::black_box;
use std::pin::pin;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};

use crate::support::Case;

/// What is asked for: a path, and at the most one field.
#[derive(Clone)]
pub(crate) struct Question {
    uri: Uri,
    field: Option<(HeaderName, HeaderValue)>,
}

impl Question {
    /// The URL is whole, because one of the peers takes no other.
    pub(crate) fn path(path: &str) -> Self {
        Self { uri: format!("http://localhost{path}").parse().unwrap(), field: None }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.field = Some((name, value));
        self
    }

    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uri.clone();
        if let Some((name, value)) = &self.field {
            request.headers_mut().insert(name, value.clone());
        }
        request
    }
}

/// A case that asks a service the same question each time, and reads the answer to its end.
/// Both are made when the case is run.
pub(crate) fn asking<S, B>(
    group: &'static str,
    name: String,
    service: impl Fn() -> S + 'static,
    question: impl Fn() -> Question + 'static,
) -> Case
where
    S: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
    B: http_body::Body<Error: Debug> + 'static,
{
    Case::new(group, name, move || {
        let (runtime, mut service, question) = (runtime(), service(), question());
        Box::new(move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let response = service.ready().await.unwrap().call(black_box(question.request())).await.unwrap();
                    read(response).await;
                }
            });
        })
    })
}

pub(crate) async fn read<B: http_body::Body<Error: Debug>>(response: Response<B>) {
    let (head, body) = response.into_parts();
    black_box(&head);
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        black_box(frame.unwrap());
    }
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
