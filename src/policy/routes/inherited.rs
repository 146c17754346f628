//! [`Inherited`]: the settings that a route inherits from a policy and its bases.

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use super::media_type::MediaRange;
use super::route::{Route, tightest};
use super::route_policy::{RoutePolicy, Start};
use crate::policy::{CachePolicy, CacheTag, Rendered, RenderedVary};

/// A policy combined with its bases, starting with the most basic one.
#[derive(Clone, Debug)]
pub(super) struct Inherited<'a> {
    own: CachePolicy,
    head: Option<CachePolicy>,
    by_status: BTreeMap<StatusCode, CachePolicy>,
    by_content_type: BTreeMap<MediaRange, CachePolicy>,
    unsafe_methods: BTreeMap<&'a str, &'a Method>,
    vary: Vec<&'a str>,
    /// The names of all policies, also of those that were replaced.
    vary_of_policies: Vec<&'static str>,
    tags: Vec<&'a str>,
}

impl<'a> Inherited<'a> {
    pub(super) const fn new() -> Self {
        Self {
            own: CachePolicy::NO_STORE,
            head: None,
            by_status: BTreeMap::new(),
            by_content_type: BTreeMap::new(),
            unsafe_methods: BTreeMap::new(),
            vary: Vec::new(),
            vary_of_policies: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Adds a checked policy. Its values replace those of its bases.
    pub(super) fn add(&mut self, policy: &'a RoutePolicy) {
        self.own = match policy.start {
            Start::Policy(policy) => policy,
            Start::Named { policy, .. } => policy.unwrap_or(self.own),
        };
        self.head = policy.head.or(self.head);
        self.by_status.extend(policy.by_status.iter().map(|(status, policy)| (*status, *policy)));
        let ranges = policy.by_content_type.iter().filter_map(|(text, own)| Some((MediaRange::parse(text)?, *own)));
        self.by_content_type.extend(ranges);
        self.unsafe_methods.extend(policy.for_unsafe.iter().map(|(name, (method, _))| (name.as_str(), method)));
        self.vary.extend(policy.vary.iter().map(String::as_str));
        for name in policy.policies().flat_map(|policy| policy.vary_names()) {
            // Most policies repeat a few names.
            const FEW: usize = 32;
            if self.vary_of_policies.len() > FEW || !self.vary_of_policies.contains(&name) {
                self.vary_of_policies.push(name);
            }
        }
        self.tags.extend(policy.tags.iter().map(String::as_str));
    }

    pub(super) fn into_route(self, pattern: &str) -> Route {
        let Self { own, head, by_status, by_content_type, unsafe_methods, vary, vary_of_policies, tags } = self;
        let mut policies = vec![own];
        policies.extend(by_content_type.values().copied());
        let untyped = (!by_content_type.is_empty()).then(|| tightest(&policies));

        // One resource, one `Vary`, whichever of its policies a response gets (K-02). A base's policy that was replaced
        // adds its names too.
        policies.extend(head);
        policies.extend(by_status.values().copied());
        let of_policies = policies.iter().flat_map(|policy| policy.vary_names()).chain(vary_of_policies);
        let vary = RenderedVary::new(vary.into_iter().chain(of_policies.map(|name| -> &str { name })));

        Route {
            pattern: pattern.to_owned(),
            own: Rendered::new(own),
            head: head.map(Rendered::new),
            by_status: by_status.into_iter().map(|(status, policy)| (status, Rendered::new(policy))).collect(),
            by_content_type: by_content_type
                .into_iter()
                .map(|(range, policy)| (range, Rendered::new(policy)))
                .collect(),
            untyped: untyped.map(Rendered::new),
            unsafe_methods: unsafe_methods.into_values().cloned().collect(),
            vary,
            tags: tags.into_iter().filter_map(|tag| CacheTag::new(tag).ok()).collect(),
        }
    }
}
