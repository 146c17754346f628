//! Requests to a service without a connection, in a tokio runtime, which some peers need.

#[path = "../../support/question.rs"]
mod question;

use std::fmt::Debug;
use std::hint::black_box;
use std::pin::pin;

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};

pub(crate) use self::question::Question;
use crate::support::Case;

/// An absolute URL, because one of the peers requires it.
pub(crate) fn local(path: &str) -> Question {
    Question::path(&format!("http://localhost{path}"))
}

/// A case that sends the same request each time and reads the response to its end. The service and the request are
/// created when the case runs.
pub(crate) fn request_case<S, B>(
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
