//! The verdict of a third-party cache library on a response: the crate `http-cache-semantics`.
//!
//! It separates members at each comma, knows directives in lower case only, and takes the first of
//! several: a lax reader that is in use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};

use super::case::NOW;

/// For how long it would reuse the response as a shared cache. `None`: it does not store it.
pub fn shared(method: &Method, request: &HeaderMap, status: StatusCode, response: &HeaderMap) -> Option<Duration> {
    let mut asked = Request::new(());
    *asked.method_mut() = method.clone();
    *asked.headers_mut() = request.clone();
    let mut received = Response::new(());
    *received.status_mut() = status;
    *received.headers_mut() = response.clone();
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW);
    let options = CacheOptions { shared: true, ..CacheOptions::default() };
    let policy = CachePolicy::new_options(&asked, &received, now, options);
    policy.is_storable().then(|| policy.time_to_live(now))
}
