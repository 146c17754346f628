//! [`RoutePolicy`]: what is said for one route, or under one name.

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use crate::policy::CachePolicy;

/// What is said for one route, or under one name for many.
///
/// A [`CachePolicy`] is one too. If a policy is given twice for the same thing, the later one
/// counts, except that `Vary` names are only ever added. The [module docs](super) list which
/// policy a response gets.
#[derive(Clone, Debug)]
#[must_use]
pub struct RoutePolicy {
    pub(super) start: Start,
    pub(super) head: Option<CachePolicy>,
    pub(super) by_status: BTreeMap<StatusCode, CachePolicy>,
    pub(super) by_content_type: BTreeMap<String, CachePolicy>,
    /// By the method's name, since a `Method` has no order.
    pub(super) for_unsafe: BTreeMap<String, (Method, CachePolicy)>,
    pub(super) vary: Vec<String>,
    pub(super) tags: Vec<String>,
}

/// What a route's policy starts from.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Policy(CachePolicy),
    Named { name: String, policy: Option<CachePolicy> },
}

impl RoutePolicy {
    /// Starts from the route's own policy: what a success gets of which nothing more specific
    /// is said.
    pub const fn new(policy: CachePolicy) -> Self {
        Self::from_start(Start::Policy(policy))
    }

    /// Starts from a policy that the table has under this name. What is said further replaces
    /// what the base says of the same; `Vary` names and tags are added to those of the base.
    pub fn named(name: impl Into<String>) -> Self {
        Self::from_start(Start::Named { name: name.into(), policy: None })
    }

    /// The route's own policy, in place of that of its base. What the base says of statuses,
    /// of content types and of HEAD stays.
    pub fn policy(mut self, policy: CachePolicy) -> Self {
        let before = match &mut self.start {
            Start::Policy(own) => Some(std::mem::replace(own, policy)),
            Start::Named { policy: own, .. } => own.replace(policy),
        };
        self.keep_vary(before)
    }

    /// A policy for HEAD. For GET it is the route's own. For any other method only
    /// [`CachePolicy::NO_STORE`] can be said, which is what its answers get (G-09).
    ///
    /// # Warning
    ///
    /// A cache takes an answer to HEAD for news of what it keeps of GET (S-07).
    pub fn method(mut self, method: Method, policy: CachePolicy) -> Self {
        match method {
            Method::GET => self.policy(policy),
            Method::HEAD => {
                let before = self.head.replace(policy);
                self.keep_vary(before)
            }
            _ => {
                self.for_unsafe.insert(method.as_str().to_owned(), (method, policy));
                self
            }
        }
    }

    /// A policy for one status that is none of 200, 203, 206 and 304, such as a short lifetime
    /// for 404, or one for 301.
    pub fn status(mut self, status: StatusCode, policy: CachePolicy) -> Self {
        let before = self.by_status.insert(status, policy);
        self.keep_vary(before)
    }

    /// A policy for a success of one content type, such as `text/css`, or of all of a kind,
    /// such as `image/*`. Case and parameters mean nothing.
    pub fn content_type(mut self, content_type: impl Into<String>, policy: CachePolicy) -> Self {
        let before = self.by_content_type.insert(content_type.into().to_ascii_lowercase(), policy);
        self.keep_vary(before)
    }

    /// Request fields on which every answer of the route depends, whatever its status: they
    /// are added to `Vary` (K-02), beside those of its policies. Any field name except `*`; for
    /// `authorization` and `cookie` see the
    /// [price](crate::policy::CachePolicy#sign-in-that-is-optional).
    pub fn vary(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.vary.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds tags by which the route's responses are purged, coarse ones first. Each has to be a valid
    /// [`CacheTag`](crate::policy::CacheTag).
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// All policies for GET and HEAD that are given here, not those of a base.
    pub(super) fn policies(&self) -> impl Iterator<Item = CachePolicy> {
        let own = match self.start {
            Start::Policy(policy) => Some(policy),
            Start::Named { policy, .. } => policy,
        };
        let of_types = self.by_content_type.values().copied();
        own.into_iter().chain(of_types).chain(self.head).chain(self.by_status.values().copied())
    }

    /// Adds the names of a policy that another one replaces: the response depends on them
    /// nevertheless (K-02).
    fn keep_vary(self, replaced: Option<CachePolicy>) -> Self {
        match replaced {
            Some(policy) => self.vary(policy.vary_names()),
            None => self,
        }
    }

    const fn from_start(start: Start) -> Self {
        Self {
            start,
            head: None,
            by_status: BTreeMap::new(),
            by_content_type: BTreeMap::new(),
            for_unsafe: BTreeMap::new(),
            vary: Vec::new(),
            tags: Vec::new(),
        }
    }
}

impl From<CachePolicy> for RoutePolicy {
    fn from(policy: CachePolicy) -> Self {
        Self::new(policy)
    }
}
