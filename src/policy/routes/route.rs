//! [`Route`]: the rendered policies of one route, and the choice among them.

use http::{HeaderMap, Method, StatusCode};

use super::media_type::{MediaRange, content_type};
use crate::policy::{CachePolicy, CacheTags, Rendered, RenderedVary};
use crate::protocol::CacheControl;

/// One route of a table.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) pattern: String,
    pub(super) own: Rendered,
    pub(super) head: Option<Rendered>,
    /// Sorted by status.
    pub(super) by_status: Vec<(StatusCode, Rendered)>,
    /// Sorted, with exact types before ranges.
    pub(super) by_content_type: Vec<(MediaRange, Rendered)>,
    /// For a response without one valid content type. `None` if no policy depends on the content type.
    pub(super) untyped: Option<Rendered>,
    /// Only for display. Responses to these methods are never stored.
    pub(super) unsafe_methods: Vec<Method>,
    pub(super) vary: Option<RenderedVary>,
    pub(super) tags: CacheTags,
}

/// The methods by which policies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MethodClass {
    Get,
    Head,
    /// Any other method. Its responses are not stored.
    // G-09
    Unsafe,
}

impl Route {
    /// The first policy that applies, in the order of the module docs.
    pub(super) fn policy(&self, method: MethodClass, status: StatusCode, headers: &HeaderMap) -> Option<&Rendered> {
        if method == MethodClass::Unsafe {
            return None;
        }
        if let Ok(found) = self.by_status.binary_search_by_key(&status, |(own, _)| *own) {
            return Some(&self.by_status[found].1);
        }
        if !is_success(status) {
            return None;
        }
        if let (MethodClass::Head, Some(rendered)) = (method, &self.head) {
            return Some(rendered);
        }
        let Some(untyped) = &self.untyped else { return Some(&self.own) };
        let Some(media_type) = content_type(status, headers) else { return Some(untyped) };
        let typed = MediaRange::find(&self.by_content_type, media_type);
        Some(typed.unwrap_or(&self.own))
    }

    /// All policies that a response can get.
    pub(super) fn policies(&self) -> impl Iterator<Item = CachePolicy> {
        let others = self.head.iter().chain(self.by_status.iter().map(|(_, policy)| policy));
        let typed = self.by_content_type.iter().map(|(_, policy)| policy);
        [&self.own].into_iter().chain(others).chain(typed).map(Rendered::policy)
    }
}

impl Route {
    /// Whether the policy of a 200 depends on its content type. An `immutable` policy depends on it, because it does
    /// not apply to HTML.
    pub(super) fn depends_on_content(&self, immutable_depends: bool) -> bool {
        let is_immutable = |rendered: &Rendered| rendered.policy().is_immutable();
        self.untyped.is_some()
            || immutable_depends && (is_immutable(&self.own) || self.head.as_ref().is_some_and(is_immutable))
    }
}

impl MethodClass {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            _ => Self::Unsafe,
        }
    }
}

/// Whether a route's own policy applies to the status.
// G-05
pub(super) const fn is_success(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 206 | 304)
}

/// Returns a policy that is at least as strict as each of the policies, for a response that could belong to any of
/// them.
///
/// # Panics
///
/// Panics if `policies` is empty.
pub(super) fn tightest(policies: &[CachePolicy]) -> CachePolicy {
    let directives = |policy: &CachePolicy| CacheControl::from(*policy);
    if policies.iter().all(|policy| directives(policy) == directives(&policies[0])) {
        return policies[0];
    }
    let tightest = if policies.iter().any(CachePolicy::is_no_store) {
        CachePolicy::NO_STORE
    } else if policies.iter().any(CachePolicy::is_private) {
        CachePolicy::PRIVATE_NO_CACHE
    } else {
        CachePolicy::NO_CACHE
    };
    if policies.iter().any(|policy| directives(policy).no_transform()) { tightest.no_transform() } else { tightest }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_tightest_policy_is_at_least_as_strict_as_each() {
        const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));
        const PRIVATE: CachePolicy = CachePolicy::private(Duration::from_secs(60));
        let table: &[(&[CachePolicy], &str)] = &[
            (&[PUBLIC], "public, max-age=60"),
            (&[PUBLIC, PUBLIC.vary(&["origin"])], "public, max-age=60"),
            (&[PUBLIC, CachePolicy::IMMUTABLE], "no-cache"),
            (&[PUBLIC, CachePolicy::NO_CACHE], "no-cache"),
            (&[CachePolicy::NO_CACHE, PUBLIC], "no-cache"),
            (&[PUBLIC, PRIVATE], "private, no-cache"),
            (&[PUBLIC, PRIVATE.no_transform()], "private, no-cache, no-transform"),
            (&[PUBLIC, PRIVATE, CachePolicy::NO_STORE], "private, no-store"),
            (&[CachePolicy::NO_STORE.no_transform(), PUBLIC], "private, no-store, no-transform"),
        ];
        for (policies, expected) in table {
            assert_eq!(tightest(policies).to_string(), *expected, "{policies:?}");
        }
    }
}
