//! [`PurgeService`]: clones the purger for requests with unsafe methods.

use std::fmt;
use std::task::{Context, Poll};

use http::Response;
use tower_service::Service;

use super::future::ResponseFuture;
use crate::edge::purge::Purge;
use crate::layers::HttpRequest;

/// The service that [`PurgeLayer`](super::PurgeLayer) creates.
#[derive(Clone, Debug)]
pub struct PurgeService<S, P> {
    inner: S,
    purger: P,
    announce_groups: bool,
    enabled: bool,
}

impl<S, P> PurgeService<S, P> {
    pub(super) const fn new(inner: S, purger: P, announce_groups: bool, enabled: bool) -> Self {
        Self { inner, purger, announce_groups, enabled }
    }
}

impl<S, P, R, ResBody> Service<R> for PurgeService<S, P>
where
    R: HttpRequest,
    S: Service<R, Response = Response<ResBody>>,
    P: Service<Purge> + Clone,
    P::Error: fmt::Display,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // The readiness of the purger does not matter here, because most requests do not need it.
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        // RFC 9110 section 9.2.1: GET, HEAD, OPTIONS and TRACE.
        let may_write = self.enabled && !request.http_mut().method().is_safe();
        let purger = if may_write { Some(self.purger.clone()) } else { None };
        ResponseFuture::new(self.inner.call(request), purger, self.announce_groups)
    }
}
