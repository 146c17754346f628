//! [`PolicyStep`]: the policy as a step of another service.
//!
//! In a [`CachingLayer`](crate::CachingLayer), the other services make the decisions of both policy layers. A service
//! for each of them would move the request, the future and the response once more, which takes longer than the decision.

use std::fmt::Debug;

use http::{Request, Response};

use super::config::{Position, Source};
use super::future::Exchange;
use crate::layers::development::forget_stored_response;
use crate::policy::{HandlerPolicy, Unruled};

/// The policy around a service, or [`NoPolicy`].
#[allow(unnameable_types)] // Only the services of this crate have one.
pub trait PolicyStep: Clone {
    /// The data of a request until its response arrives.
    type Exchange: Debug;

    #[doc(hidden)]
    fn begin<B>(&self, request: &mut Request<B>) -> Self::Exchange;

    #[doc(hidden)]
    fn decide<B>(exchange: &Self::Exchange, response: &mut Response<B>);

    /// Decides about a response that was created before the inner service ran. Only the outer policy sees such
    /// responses.
    #[doc(hidden)]
    fn decide_early<B>(&self, exchange: &Self::Exchange, _: &mut Request<B>, response: &mut Response<()>) {
        Self::decide(exchange, response);
    }
}

/// No policy, for a service that is used alone.
#[derive(Clone, Copy, Debug)]
#[allow(unnameable_types)] // As above.
pub struct NoPolicy;

/// The innermost policy of a caching layer, next to the service.
#[derive(Clone, Debug)]
#[allow(unnameable_types)] // As above.
pub struct InnerPolicy(pub(super) Source);

/// The outermost policy of a caching layer. Without a compression layer, only a response that was created before the
/// handler needs it.
#[derive(Clone, Debug)]
#[allow(unnameable_types)] // As above.
pub struct OuterPolicy(pub(super) Source);

impl PolicyStep for NoPolicy {
    type Exchange = ();

    fn begin<B>(&self, _: &mut Request<B>) {}

    fn decide<B>((): &(), _: &mut Response<B>) {}
}

impl PolicyStep for InnerPolicy {
    type Exchange = Option<Exchange>;

    fn begin<B>(&self, request: &mut Request<B>) -> Option<Exchange> {
        Exchange::begin(&self.0, request)
    }

    fn decide<B>(exchange: &Option<Exchange>, response: &mut Response<B>) {
        if let Some(exchange) = exchange {
            exchange.decide(response);
        }
    }
}

impl PolicyStep for OuterPolicy {
    // Boxed, because only a stack with compression has one.
    type Exchange = Option<Box<Exchange>>;

    fn begin<B>(&self, request: &mut Request<B>) -> Option<Box<Exchange>> {
        if self.0.config().position == Position::OutermostWithCompression {
            return Exchange::begin(&self.0, request).map(Box::new);
        }
        let config = self.0.config();
        if config.enabled && config.rules.development {
            forget_stored_response(request);
        }
        None
    }

    fn decide<B>(exchange: &Option<Box<Exchange>>, response: &mut Response<B>) {
        if let Some(exchange) = exchange {
            exchange.decide(response);
        }
    }

    fn decide_early<B>(&self, exchange: &Option<Box<Exchange>>, request: &mut Request<B>, response: &mut Response<()>) {
        if self.0.config().position == Position::OutermostWithCompression {
            return Self::decide(exchange, response);
        }
        let extensions = response.extensions();
        // Other responses are complete.
        if extensions.get::<Unruled>().is_some() || HandlerPolicy::of(response.status(), extensions).is_some() {
            InnerPolicy::decide(&Exchange::begin(&self.0, request), response);
        }
    }
}
