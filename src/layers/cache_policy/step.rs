//! [`PolicyStep`]: the policy as a step of another service.
//!
//! In a [`CachingLayer`](crate::CachingLayer), the other services make the decisions of both policy layers. A service
//! for each of them would move the request, the future and the response once more, which takes longer than the decision.

use std::fmt::Debug;

use http::Response;

use super::config::{Config, Position};
use super::future::Exchange;
use crate::layers::HttpRequest;
use crate::layers::development::forget_stored_response;
use crate::layers::shared::Shared;
use crate::policy::{HandlerPolicy, Unruled};

/// The policy around a service, or [`NoPolicy`].
#[allow(unnameable_types)] // Only the services of this crate have one.
pub trait PolicyStep: Clone {
    /// The data of a request until its response arrives.
    type Exchange: Debug;

    #[doc(hidden)]
    fn begin<R: HttpRequest, T>(&self, request: R, next: impl FnOnce(R, Self::Exchange) -> T) -> T;

    #[doc(hidden)]
    fn decide<B>(exchange: &Self::Exchange, response: &mut Response<B>);
}

/// The policy around a service that can respond before the inner service.
#[allow(unnameable_types)] // As above.
pub trait OuterPolicyStep: PolicyStep {
    #[doc(hidden)]
    fn decide_early<R: HttpRequest>(&self, exchange: &Self::Exchange, request: R, response: &mut Response<()>);
}

/// No policy, for a service that is used alone.
#[derive(Clone, Copy, Debug)]
#[allow(unnameable_types)] // As above.
pub struct NoPolicy;

/// The innermost policy of a caching layer, next to the service.
#[derive(Clone, Debug)]
#[allow(unnameable_types)] // As above.
pub struct InnerPolicy(pub(super) Shared<Config>);

/// The outermost policy of a caching layer. Without a compression layer, only a response that was made before the
/// handler needs it.
#[derive(Clone, Debug)]
#[allow(unnameable_types)] // As above.
pub struct OuterPolicy(pub(super) Shared<Config>);

impl PolicyStep for NoPolicy {
    type Exchange = ();

    fn begin<R: HttpRequest, T>(&self, request: R, next: impl FnOnce(R, ()) -> T) -> T {
        next(request, ())
    }

    fn decide<B>((): &(), _: &mut Response<B>) {}
}

impl OuterPolicyStep for NoPolicy {
    fn decide_early<R: HttpRequest>(&self, (): &(), _: R, _: &mut Response<()>) {}
}

impl PolicyStep for InnerPolicy {
    type Exchange = Option<Exchange>;

    #[inline]
    fn begin<R: HttpRequest, T>(&self, request: R, next: impl FnOnce(R, Option<Exchange>) -> T) -> T {
        Exchange::begin(&self.0, request, next)
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

    fn begin<R: HttpRequest, T>(&self, mut request: R, next: impl FnOnce(R, Option<Box<Exchange>>) -> T) -> T {
        let mut held = None;
        if self.0.position == Position::OutermostWithCompression {
            let exchange;
            (request, exchange) = Exchange::begin(&self.0, request, |request, exchange| (request, exchange));
            held = exchange.map(Box::new);
        } else if self.0.enabled && self.0.rules.development {
            forget_stored_response(request.http_mut());
        }
        next(request, held)
    }

    fn decide<B>(exchange: &Option<Box<Exchange>>, response: &mut Response<B>) {
        if let Some(exchange) = exchange {
            exchange.decide(response);
        }
    }
}

impl OuterPolicyStep for OuterPolicy {
    fn decide_early<R: HttpRequest>(&self, exchange: &Option<Box<Exchange>>, request: R, response: &mut Response<()>) {
        if self.0.position == Position::OutermostWithCompression {
            return Self::decide(exchange, response);
        }
        let extensions = response.extensions();
        // Other responses are complete.
        if extensions.get::<Unruled>().is_some() || HandlerPolicy::of(response.status(), extensions).is_some() {
            let exchange = Exchange::begin(&self.0, request, |_, exchange| exchange);
            InnerPolicy::decide(&exchange, response);
        }
    }
}
