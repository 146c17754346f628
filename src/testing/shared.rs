//! [`assert_not_shared`] and [`assert_private`].

use std::fmt::Debug;
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::{Exchange, Place};
use crate::audit::Verdict;
use crate::edge::EdgeProfile;

/// Asserts that no shared cache and no CDN stores the response. A browser may store it.
///
/// Use it for pages that contain data of one user, and for pages that must not be served from a CDN. To exclude
/// browsers too, use [`assert_never_stored`](super::assert_never_stored).
///
/// ```
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::ServiceBuilder;
/// use tower_cache_policy::CachingLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::{assert_not_shared, assert_private};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("orders"))));
///
/// let orders = || Request::get("/orders").body(String::new()).unwrap();
/// assert_not_shared(&service, orders()).await;
/// assert_private(&service, orders()).await;
/// # });
/// ```
///
/// The CDNs are those with a built-in [profile](EdgeProfile::all), with their default settings. Some of them store
/// more than [RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3) allows.
///
/// # Panics
///
/// Panics if one of these caches may store the response, or if the service fails.
// S-01, G-07
#[track_caller]
pub fn assert_not_shared<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        fail_if_shared(&Exchange::send(service, request, place).await, place);
    }
}

/// Asserts that a browser may store the response, and that no shared cache and no CDN stores it.
///
/// This is [`assert_not_shared`] for a page that the user's browser stores, for example to revalidate it.
///
/// # Panics
///
/// Panics if a browser must not store the response, if a shared cache or a CDN may store it, or if the service fails.
// S-01, C-24
#[track_caller]
pub fn assert_private<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let exchange = Exchange::send(service, request, place).await;
        fail_if_shared(&exchange, place);
        if !exchange.audit().browser().may_store() {
            exchange.fail(place, "expected a response that a browser may store");
        }
    }
}

fn fail_if_shared(exchange: &Exchange, place: Place) {
    let audit = exchange.audit().with_edges(EdgeProfile::all());
    let shared = std::iter::once(audit.shared()).chain(audit.edges());
    let shared: Vec<&Verdict> = shared.filter(|verdict| verdict.may_store()).collect();
    if let Some(first) = shared.first() {
        let caches: Vec<String> = shared.iter().map(|verdict| verdict.kind().to_string()).collect();
        let caches = caches.join(", ");
        let expected = "expected a response that no shared cache stores, but these caches may store it";
        exchange.fail(place, format_args!("{expected}: {caches}\n{first}"));
    }
}
