//! [`EntityTagService`]: selects requests whose responses may get a tag.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Response};
use http_body::Body;
use tower_service::Service;

use super::body::EntityTagBody;
use super::config::Config;
use super::future::ResponseFuture;
use crate::layers::HttpRequest;
use crate::layers::cache_policy::{NoPolicy, PolicyStep};
use crate::layers::conditional::ValidatorSourcePresent;
use crate::layers::shared::Shared;
use crate::policy::Personalized;

/// The service created by [`EntityTagLayer`](super::EntityTagLayer).
#[derive(Clone, Debug)]
pub struct EntityTagService<S, P = NoPolicy> {
    inner: S,
    config: Shared<Config>,
    policy: P,
}

impl<S, P> EntityTagService<S, P> {
    pub(super) const fn new(inner: S, config: Shared<Config>, policy: P) -> Self {
        Self { inner, config, policy }
    }
}

impl<S, P, R, ResBody> Service<R> for EntityTagService<S, P>
where
    R: HttpRequest,
    P: PolicyStep,
    S: Service<R, Response = Response<ResBody>>,
    ResBody: Body<Data = Bytes> + Unpin,
{
    type Response = Response<EntityTagBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let http = request.http_mut();
        // V-19: the empty body of a response to HEAD is not the content. V-18: the response to an unsafe method is not
        // the representation. Q-01: gRPC is always a POST.
        let mut may_be_tagged = self.config.enabled
            && *http.method() == Method::GET
            && (self.config.digest.is_keyed() || http.extensions().get::<Personalized>().is_none());
        match http.extensions().get() {
            Some(ValidatorSourcePresent::ForAllTags) => may_be_tagged = false,
            Some(ValidatorSourcePresent::ForOutermostTags) => {
                may_be_tagged = false;
                http.extensions_mut().remove::<ValidatorSourcePresent>();
            }
            None => {}
        }
        let config = may_be_tagged.then(|| self.config.clone());
        let policy = self.policy.begin(http);
        ResponseFuture::new(self.inner.call(request), config, policy)
    }
}
