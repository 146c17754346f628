//! [`Terms`]: how long a shared cache may use a response, as numbers.

use http::{HeaderMap, StatusCode, request};

use crate::policy::{EdgeDirectives, Ruling};
use crate::protocol::{
    Cache, CacheControl, EffectiveControl, HttpDate, LifetimeSource, ReuseLimits, Storability, take_freshness_fields,
};

/// How long a shared cache may use a stored response, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) lifetime: u64,
    pub(crate) stale_while_revalidate: u64,
    pub(crate) stale_if_error: u64,
    /// Whether each use needs a revalidation.
    pub(crate) no_cache: bool,
    /// Whether the response must not be used when it is stale.
    pub(crate) forbids_stale: bool,
}

impl Terms {
    /// Returns the terms of a response that an inner layer decided about. Returns `None` if the decision does not let
    /// shared caches store the response.
    ///
    /// A lifetime that comes only from the handler's own `max-age` is meant for browsers.
    pub(crate) fn of_ruling(ruling: &Ruling, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if !ruling.is_of_status(status) {
            return None;
        }
        let directives = ruling.directives();
        let is_for_shared_caches =
            ruling.is_by_policy() || directives.public() || directives.s_maxage().is_some_and(|seconds| seconds > 0);
        if !is_for_shared_caches {
            return None;
        }
        // The handler's lifetimes for CDNs are not meant for this cache, but a restriction is.
        if ruling.has_edge_field() && take_freshness_fields(&mut headers.clone(), [&[], &[]], None) {
            return None;
        }
        Self::checked(directives)?;
        match ruling.edge() {
            // The lifetime is the policy's own for shared caches, so `s-maxage` does not forbid stale responses.
            Some(EdgeDirectives { directives, .. }) => Self::checked(directives).map(|terms| Self {
                forbids_stale: directives.must_revalidate() || directives.proxy_revalidate() || terms.no_cache,
                ..terms
            }),
            None => Self::checked(directives),
        }
    }

    /// Returns the terms of a response by its fields (RFC 9111). Returns `None` if a shared cache must not store it.
    ///
    /// `control` contains the directives that the cache obeys. Heuristic freshness applies only if it is allowed.
    pub(crate) fn of_fields(
        control: &EffectiveControl,
        request: &request::Parts,
        status: StatusCode,
        headers: &HeaderMap,
        received: HttpDate,
        allows_heuristics: bool,
    ) -> Option<Self> {
        if !Storability::under(control, Cache::Shared, request, status, headers).is_allowed() {
            return None;
        }
        let limits = ReuseLimits::under(control, Cache::Shared, status, headers, received);
        // G-14
        let is_heuristic = limits.lifetime().source() == LifetimeSource::Heuristic;
        let lifetime = if is_heuristic && !allows_heuristics { 0 } else { limits.lifetime().seconds() };
        let seconds = |value: Option<u32>| u64::from(value.unwrap_or(0));
        Some(Self {
            lifetime,
            stale_while_revalidate: seconds(control.control().stale_while_revalidate()),
            stale_if_error: seconds(control.control().stale_if_error()),
            no_cache: control.control().no_cache(),
            forbids_stale: limits.forbids_stale(),
        })
    }

    /// Returns the terms of these directives, unless they forbid shared storage.
    fn checked(directives: &CacheControl) -> Option<Self> {
        let forbidden = directives.no_store()
            || directives.private()
            // Few caches can omit the named fields.
            || !directives.private_fields().is_empty()
            || !directives.no_cache_fields().is_empty();
        if forbidden {
            return None;
        }
        let seconds = |value: Option<u32>| u64::from(value.unwrap_or(0));
        Some(Self {
            lifetime: seconds(directives.s_maxage().or(directives.max_age())),
            stale_while_revalidate: seconds(directives.stale_while_revalidate()),
            stale_if_error: seconds(directives.stale_if_error()),
            no_cache: directives.no_cache(),
            forbids_stale: directives.must_revalidate()
                || directives.proxy_revalidate()
                || directives.no_cache()
                || directives.s_maxage().is_some(),
        })
    }

    /// Whether a stored response can be used without a revalidation.
    pub(crate) const fn can_be_fresh(&self) -> bool {
        self.lifetime > 0 && !self.no_cache
    }

    /// Whether a stored response is of any use: it has a lifetime, or may be revalidated.
    pub(crate) const fn is_useful(&self, has_validator: bool) -> bool {
        has_validator || self.can_be_fresh()
    }
}
