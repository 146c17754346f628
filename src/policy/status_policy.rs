//! [`StatusPolicy`]: a handler's policy for one status.

use http::{Extensions, StatusCode};

use super::cache_policy::CachePolicy;

/// A handler's policy for responses with one status.
///
/// A [`CachePolicy`] in the response's extensions does not apply to errors and redirects, because a handler often
/// returns it next to a result that may be one of them. A handler that wants caches to store its redirect or its 404
/// names the status. The policy applies if the response has this status, and takes precedence over a `CachePolicy`, unless
/// that is `no-store`, and over [`for_status`](crate::CachePolicyLayer::for_status) of a layer. Otherwise it does nothing.
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use http::{Request, Response, StatusCode, header::{CACHE_CONTROL, LOCATION}};
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::CachePolicyLayer;
/// use tower_cache_policy::policy::{CachePolicy, StatusPolicy};
///
/// const HOUR: CachePolicy = CachePolicy::public(Duration::from_secs(3_600));
///
/// async fn latest(_: Request<()>) -> Result<Response<()>, Infallible> {
///     let mut response = Response::builder().status(StatusCode::FOUND).header(LOCATION, "/2.0").body(()).unwrap();
///     response.extensions_mut().insert(StatusPolicy::new(StatusCode::FOUND, HOUR));
///     Ok(response)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new().layer(CachePolicyLayer::new(HOUR)).service_fn(latest);
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=3600");
/// # });
/// ```
///
/// A policy for 200 also applies to the 304 that confirms it. No policy applies to 428, 429, 431 and 511, which must
/// not be stored ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585.html)), nor to responses to methods other than GET
/// and HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusPolicy {
    status: StatusCode,
    policy: CachePolicy,
}

impl StatusPolicy {
    /// Creates a policy for responses with this status.
    #[must_use]
    pub const fn new(status: StatusCode, policy: CachePolicy) -> Self {
        Self { status, policy }
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> CachePolicy {
        self.policy
    }

    // N-01
    fn is_for(&self, status: StatusCode) -> bool {
        self.status == status || (self.status == StatusCode::OK && status == StatusCode::NOT_MODIFIED)
    }
}

/// The policy that a handler put into the extensions of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerPolicy {
    pub(crate) policy: CachePolicy,
    /// Whether the handler named the status of the response.
    pub(crate) is_for_status: bool,
}

impl HandlerPolicy {
    /// Returns the policy for a response with this status, or `None` if the handler did not return one.
    pub(crate) fn of(status: StatusCode, extensions: &Extensions) -> Option<Self> {
        Self::choose(status, extensions.get().copied(), extensions.get().copied())
    }

    fn choose(status: StatusCode, own: Option<StatusPolicy>, policy: Option<CachePolicy>) -> Option<Self> {
        // The part of the application that returned `no-store` does not know which policy another part returns.
        let allows = policy.is_none_or(|policy| !policy.is_no_store());
        match own.filter(|own| allows && own.is_for(status)) {
            Some(own) => Some(Self { policy: own.policy, is_for_status: true }),
            None => policy.map(|policy| Self { policy, is_for_status: false }),
        }
    }

    /// Like [`of`](Self::of), and removes it, so that an outer layer cannot undo a guard's change to it.
    pub(crate) fn take(status: StatusCode, extensions: &mut Extensions) -> Option<Self> {
        let (own, policy) = (extensions.remove::<StatusPolicy>(), extensions.remove::<CachePolicy>());
        Self::choose(status, own, policy)
    }

    /// Whether the handler's policy for this response is `no-store`.
    pub(crate) fn is_no_store(status: StatusCode, extensions: &Extensions) -> bool {
        Self::of(status, extensions).is_some_and(|own| own.policy.is_no_store())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_policy_for_the_status_wins_unless_the_other_one_is_no_store() {
        const OWN: CachePolicy = CachePolicy::public(Duration::from_secs(60));
        const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(5));
        const NO_STORE: CachePolicy = CachePolicy::NO_STORE;
        for (status, own, policy, expected) in [
            (302, Some(OWN), None, Some((OWN, true))),
            (302, Some(OWN), Some(PAGE), Some((OWN, true))),
            (302, Some(OWN), Some(NO_STORE), Some((NO_STORE, false))),
            (302, Some(NO_STORE), Some(PAGE), Some((NO_STORE, true))),
            (200, Some(OWN), Some(PAGE), Some((PAGE, false))),
            (200, Some(OWN), None, None),
        ] {
            let mut extensions = Extensions::new();
            if let Some(own) = own {
                extensions.insert(StatusPolicy::new(StatusCode::FOUND, own));
            }
            if let Some(policy) = policy {
                extensions.insert(policy);
            }
            let status = StatusCode::from_u16(status).unwrap();
            let found = HandlerPolicy::take(status, &mut extensions);
            assert_eq!(found.map(|found| (found.policy, found.is_for_status)), expected, "{status} {own:?} {policy:?}");
            assert!(extensions.is_empty(), "an outer layer must not apply it again");
        }
    }
}
