//! Purges the cache of the gateway, with the requests that Varnish and its module `xkey` understand. The purger
//! `Varnish` of `tower-cache-policy-purge` sends them:
//!
//! ```text
//! curl -X PURGE http://127.0.0.1:3002/articles/1
//! curl -X PURGE http://127.0.0.1:3002/ -H 'xkey-purge: articles'
//! curl -X PURGE http://127.0.0.1:3002/ -H 'xkey-softpurge: articles'
//! ```

use std::net::SocketAddr;

use http::header::HOST;
use http::{Request, Response, StatusCode};
use tower::{Service, ServiceExt, service_fn};
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::CacheTag;

/// Adds purges to the service for a client with this address.
pub(crate) fn with_purges<S, Q, B>(
    service: S,
    cache: SharedCache,
    peer: SocketAddr,
) -> impl Service<Request<Q>, Response = Response<B>, Error = S::Error, Future: Send> + Clone
where
    S: Service<Request<Q>, Response = Response<B>, Future: Send> + Clone + Send,
    Q: Send,
    B: Default + Send,
{
    service_fn(move |request: Request<Q>| {
        let purged = purged(&cache, peer, &request);
        let service = service.clone();
        async move {
            let Some(status) = purged else { return service.oneshot(request).await };
            let mut response = Response::new(B::default());
            *response.status_mut() = status;
            Ok(response)
        }
    })
}

/// Runs a purge, if the request is one. Only clients on this machine can purge.
fn purged<B>(cache: &SharedCache, peer: SocketAddr, request: &Request<B>) -> Option<StatusCode> {
    if request.method() != "PURGE" {
        return None;
    }
    if !peer.ip().to_canonical().is_loopback() {
        return Some(StatusCode::FORBIDDEN);
    }
    let Some(purge) = purge(request) else { return Some(StatusCode::BAD_REQUEST) };
    cache.purge(&purge);
    Some(StatusCode::OK)
}

/// Returns the purge that the request names: the tags in its fields, or else its URL.
fn purge<B>(request: &Request<B>) -> Option<Purge> {
    let field = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (field("xkey-purge"), field("xkey-softpurge")) {
        (Some(names), None) => Some(Purge::tags(tags(names)?)),
        (None, Some(names)) => Some(Purge::tags(tags(names)?).soft()),
        (Some(_), Some(_)) => None,
        (None, None) => Purge::url(format!("http://{}{}", field(HOST.as_str())?, request.uri().path_and_query()?)).ok(),
    }
}

fn tags(names: &str) -> Option<Vec<CacheTag>> {
    names.split([' ', ',']).filter(|name| !name.is_empty()).map(|name| CacheTag::new(name).ok()).collect()
}
