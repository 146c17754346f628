//! [`DashboardService`]: which path is answered by what.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use super::answer;
use super::body::DashboardBody;
use crate::dashboard::config::Config;
use crate::dashboard::history::History;

/// The service that [`Dashboard::service`](crate::dashboard::Dashboard::service) makes: the page
/// at `/`, its events at `/events`, and nothing else.
#[derive(Clone, Debug)]
pub struct DashboardService {
    config: Arc<Config>,
    history: Arc<History>,
}

impl DashboardService {
    pub(in crate::dashboard) const fn new(config: Arc<Config>, history: Arc<History>) -> Self {
        Self { config, history }
    }

    fn answer(&self, request: &Parts) -> Response<DashboardBody> {
        // Before everything else: who may not look is not told what there is.
        if let Err(refusal) = self.config.access.check(request) {
            return answer::text(StatusCode::FORBIDDEN, &refusal.to_string());
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            return answer::method_not_allowed();
        }
        match request.uri.path() {
            "" | "/" => answer::page(&self.config, &self.history),
            "/events" => answer::events(&self.history, request),
            _ => answer::text(StatusCode::NOT_FOUND, "There is `/`, and `/events`."),
        }
    }
}

impl<B> Service<Request<B>> for DashboardService {
    type Response = Response<DashboardBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<DashboardBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, _) = request.into_parts();
        let response = self.answer(&request);
        // What it says of its length stays.
        let head = request.method == Method::HEAD;
        ready(Ok(if head { response.map(|_| DashboardBody::nothing()) } else { response }))
    }
}
