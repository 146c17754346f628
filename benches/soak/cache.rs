//! A shared cache in front of the clients. It stores every response that either of two implementations of RFC 9111
//! allows: this crate or `http-cache-semantics`. After a write, it removes stored responses by `Cache-Groups` (RFC
//! 9875).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, request};
use http_cache_semantics::{AfterResponse, BeforeRequest, CachePolicy};
use tower_cache_policy::protocol::{Cache, Storability};

use super::connection::SentRequest;

/// The maximum number of variants for one URL. The oldest variant is removed first.
const MAX_VARIANTS: usize = 64;

#[derive(Default)]
pub(crate) struct SharedCache(Mutex<Stored>);

#[derive(Default)]
struct Stored {
    by_path: HashMap<String, Vec<Variant>>,
    /// Incremented by each invalidation.
    moment: u64,
    /// The time of the last invalidation of each group.
    invalidated: HashMap<String, u64>,
}

#[derive(Clone)]
struct Variant {
    policy: CachePolicy,
    body: Bytes,
    groups: Vec<String>,
}

/// The result of a lookup in the cache.
pub(crate) enum Lookup {
    Fresh(Response<Bytes>),
    Forward(Box<Pending>),
}

/// A forwarded request that is waiting for its response.
pub(crate) struct Pending {
    pub(crate) request: SentRequest,
    sent: request::Parts,
    stored: Option<Variant>,
    moment: u64,
}

impl SharedCache {
    pub(crate) fn lookup(&self, request: &request::Parts) -> Lookup {
        let stored = self.lock();
        let mut pending =
            Pending { request: forwarded(request), sent: request.clone(), stored: None, moment: stored.moment };
        for variant in stored.by_path.get(request.uri.path()).into_iter().flatten() {
            match variant.policy.before_request(request, now()) {
                BeforeRequest::Fresh(head) => return Lookup::Fresh(Response::from_parts(head, variant.body.clone())),
                BeforeRequest::Stale { request, matches: true } => {
                    pending = Pending {
                        request: forwarded(&request),
                        sent: request,
                        stored: Some(variant.clone()),
                        moment: stored.moment,
                    };
                    break;
                }
                BeforeRequest::Stale { .. } => {}
            }
        }
        Lookup::Forward(Box::new(pending))
    }

    /// The response for the client, and whether a 304 freshened the stored one.
    pub(crate) fn complete(&self, pending: Pending, response: Response<Bytes>) -> (Response<Bytes>, bool) {
        let Pending { sent, stored, moment, .. } = pending;
        let groups = groups(response.headers(), "cache-groups");
        if let Some(variant) = stored
            && response.status() == StatusCode::NOT_MODIFIED
            && let AfterResponse::NotModified(policy, head) = variant.policy.after_response(&sent, &response, now())
        {
            let groups = if groups.is_empty() { variant.groups } else { groups };
            let response = Response::from_parts(head, variant.body.clone());
            self.store(&sent, Variant { policy, body: variant.body, groups }, moment);
            return (response, true);
        }
        let policy = CachePolicy::new(&sent, &response);
        let allowed =
            Storability::of_response(Cache::Shared, &sent, response.status(), response.headers()).is_allowed();
        if response.status() == StatusCode::OK && (allowed || policy.is_storable()) {
            self.store(&sent, Variant { policy, body: response.body().clone(), groups }, moment);
        }
        (response, false)
    }

    /// Removes the stored responses of each group in the response to a write.
    pub(crate) fn invalidate(&self, response: &HeaderMap) -> usize {
        let groups = groups(response, "cache-group-invalidation");
        let mut stored = self.lock();
        stored.moment += 1;
        let moment = stored.moment;
        for variants in stored.by_path.values_mut() {
            variants.retain(|variant| !variant.groups.iter().any(|group| groups.contains(group)));
        }
        let count = groups.len();
        stored.invalidated.extend(groups.into_iter().map(|group| (group, moment)));
        count
    }

    fn store(&self, request: &request::Parts, variant: Variant, moment: u64) {
        let mut stored = self.lock();
        // The response may be older than an invalidation that occurred in the meantime.
        if variant.groups.iter().any(|group| stored.invalidated.get(group).is_some_and(|at| *at > moment)) {
            return;
        }
        let variants = stored.by_path.entry(request.uri.path().to_owned()).or_default();
        variants.retain(|other| {
            matches!(other.policy.before_request(request, now()), BeforeRequest::Stale { matches: false, .. })
        });
        if variants.len() == MAX_VARIANTS {
            variants.remove(0);
        }
        variants.push(variant);
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap()
    }
}

/// The members of a list of strings.
fn groups(headers: &HeaderMap, field: &str) -> Vec<String> {
    let lines = headers.get_all(field).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned)).collect()
}

fn forwarded(request: &request::Parts) -> SentRequest {
    let mut forwarded = Request::new(Default::default());
    *forwarded.method_mut() = request.method.clone();
    *forwarded.uri_mut() = request.uri.clone();
    *forwarded.headers_mut() = request.headers.clone();
    forwarded
}

#[allow(clippy::disallowed_methods)] // A cache needs a clock.
fn now() -> SystemTime {
    SystemTime::now()
}
