//! [`assert_never_stored`] and [`assert_fresh_for`].

use std::fmt::Debug;
use std::panic::Location;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer::Answer;
use crate::audit::{FreshFor, Verdict};
use crate::protocol::Cache;

/// Asserts that neither a browser nor a shared cache may store the answer (S-01).
///
/// Edges that store what they must not are not asked; a [`CacheAudit`](crate::audit::CacheAudit)
/// [`at`](crate::audit::CacheAudit::at) them is.
///
/// # Panics
///
/// When one of them may, or the service fails.
#[track_caller]
pub fn assert_never_stored<S, B, R>(service: &S, request: Request<B>) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let answer = Answer::to(service, request, place).await;
        if answer.audit().verdicts().any(Verdict::is_stored) {
            answer.fail(place, "expected an answer that no cache may store");
        }
    }
}

/// Asserts that a cache of this kind may store the answer and reuses it for exactly so long,
/// counted in whole seconds from its generation (F-01).
///
/// # Panics
///
/// When it may not, or does so for another time, or the service fails.
#[track_caller]
pub fn assert_fresh_for<S, B, R>(
    service: &S,
    request: Request<B>,
    cache: Cache,
    lifetime: Duration,
) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    let place = Location::caller();
    async move {
        let answer = Answer::to(service, request, place).await;
        let audit = answer.audit();
        let verdict = audit.by(cache);
        let fresh_for = verdict.lifetime().and_then(FreshFor::seconds);
        let reusable = verdict.key().is_some_and(|key| !key.never_matches());
        if fresh_for != Some(lifetime.as_secs()) || !reusable {
            let keeper = verdict.keeper();
            answer.fail(place, format_args!("expected that {keeper} reuses it for {} seconds", lifetime.as_secs()));
        }
    }
}
