//! [`EdgeService`]: records the facts about the request that the decision needs.

use std::task::{Context, Poll};

use http::Response;
use tower_service::Service;

use super::config::Config;
use super::future::{Exchange, ResponseFuture};
use crate::layers::HttpRequest;
use crate::layers::bypass::is_tunnel;
use crate::layers::development::forget_stored_response;
use crate::layers::shared::Shared;

/// The service that [`EdgeLayer`](super::EdgeLayer) creates.
#[derive(Clone, Debug)]
pub struct EdgeService<S> {
    inner: S,
    config: Shared<Config>,
}

impl<S> EdgeService<S> {
    pub(super) const fn new(inner: S, config: Shared<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, R, ResBody> Service<R> for EdgeService<S>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let http = request.http_mut();
        if !self.config.enabled || is_tunnel(http.method()) {
            return ResponseFuture::new(self.inner.call(request), None);
        }
        if self.config.rules.development {
            forget_stored_response(http);
        }
        let facts = self.config.rules.facts(http);
        facts.leave_for_edge_in(http);
        let exchange = Exchange { config: self.config.clone(), request: facts };
        ResponseFuture::new(self.inner.call(request), Some(exchange))
    }
}
