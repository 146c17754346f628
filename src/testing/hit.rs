//! [`assert_hit_within`].

use std::fmt::{Debug, Write};
use std::panic::Location;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer::Answer;
use crate::edge::CacheStatus;

/// Asserts that one of so many equal requests, sent one after the other, is served by a cache in
/// front of a site, as that cache says itself.
///
/// The service is a client here, and the site one that is deployed. What is read is in
/// [`CacheStatus`]; an edge has many machines, so that a few misses are no fault.
///
/// # Panics
///
/// When none is, or the service fails.
#[track_caller]
pub fn assert_hit_within<S, B, R>(service: &S, request: Request<B>, requests: usize) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    B: Clone,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        assert!(requests > 0, "none of no requests is served by a cache; ask for 2 or more\nasserted at {place}");
        let mut said = String::new();
        for number in 1..=requests {
            let answer = Answer::to(service, request.clone(), place).await;
            let mut statuses = CacheStatus::all_in(answer.headers()).peekable();
            let silent = statuses.peek().is_none();
            let mut hit = false;
            for status in statuses {
                hit |= status.is_hit();
                _ = write!(said, "\n  {number}: {status}");
            }
            if hit {
                return;
            }
            if silent {
                _ = write!(said, "\n  {number}: no cache says anything");
            }
            if number == requests {
                answer.fail(place, format_args!("expected a hit within {requests} requests, and got:{said}"));
            }
        }
    }
}
