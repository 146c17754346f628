//! The verdict of a third-party cache library on a response: the crate `http-cache-semantics`.
//!
//! The library splits at each comma, recognizes only lowercase directives, and takes the first of repeated
//! directives. Permissive parsers like this one are in use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};

use super::case::NOW;

/// How long the library would reuse the response as a shared cache. `None` if it does not store it.
pub fn shared(method: &Method, request: &HeaderMap, status: StatusCode, response: &HeaderMap) -> Option<Duration> {
    let mut preconditions = Request::new(());
    *preconditions.method_mut() = method.clone();
    *preconditions.headers_mut() = request.clone();
    let mut received = Response::new(());
    *received.status_mut() = status;
    *received.headers_mut() = response.clone();
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW);
    let options = CacheOptions { shared: true, ..CacheOptions::default() };
    let policy = CachePolicy::new_options(&preconditions, &received, now, options);
    policy.is_storable().then(|| policy.time_to_live(now))
}
