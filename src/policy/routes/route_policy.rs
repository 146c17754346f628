//! [`RoutePolicy`]: what is said for one route, or under one name.

use http::{Method, StatusCode};

use crate::policy::CachePolicy;

/// What is said for one route, or under one name for many.
///
/// A [`CachePolicy`] is one too. Saying the same thing twice, the later one counts. Which word
/// counts for an answer is in the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct RoutePolicy {
    pub(super) start: Start,
    pub(super) head: Option<CachePolicy>,
    pub(super) by_status: Vec<(StatusCode, CachePolicy)>,
    pub(super) by_content_type: Vec<(String, CachePolicy)>,
    pub(super) for_unsafe: Vec<(Method, CachePolicy)>,
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
        match &mut self.start {
            Start::Policy(own) => *own = policy,
            Start::Named { policy: own, .. } => *own = Some(policy),
        }
        self
    }

    /// A policy for HEAD. For GET it is the route's own. For any other method only
    /// [`CachePolicy::NO_STORE`] can be said, which is what its answers get (G-09).
    ///
    /// # Warning
    ///
    /// A cache takes an answer to HEAD for news of what it keeps of GET (S-07).
    pub fn method(mut self, method: Method, policy: CachePolicy) -> Self {
        match method {
            Method::GET => return self.policy(policy),
            Method::HEAD => self.head = Some(policy),
            _ => put(&mut self.for_unsafe, method, policy),
        }
        self
    }

    /// A policy for one status that is none of 200, 203, 206 and 304, such as a short lifetime
    /// for 404, or one for 301.
    pub fn status(mut self, status: StatusCode, policy: CachePolicy) -> Self {
        put(&mut self.by_status, status, policy);
        self
    }

    /// A policy for a success of one content type, such as `text/css`, or of all of a kind,
    /// such as `image/*`. Case and parameters mean nothing.
    pub fn content_type(mut self, content_type: impl Into<String>, policy: CachePolicy) -> Self {
        put(&mut self.by_content_type, content_type.into().to_ascii_lowercase(), policy);
        self
    }

    /// Request fields on which every answer of the route depends, whatever its status: they
    /// are added to `Vary` (K-02), beside those of its policies.
    pub fn vary(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.vary.extend(names.into_iter().map(Into::into));
        self
    }

    /// Tags to purge the route's answers by, each of 1 to 128 of a-z, 0-9, `.`, `_` and `-`
    /// (G-20), coarse ones first.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    const fn from_start(start: Start) -> Self {
        Self {
            start,
            head: None,
            by_status: Vec::new(),
            by_content_type: Vec::new(),
            for_unsafe: Vec::new(),
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

/// Sets the policy of one key.
pub(super) fn put<K: PartialEq>(policies: &mut Vec<(K, CachePolicy)>, key: K, policy: CachePolicy) {
    match policies.iter_mut().find(|(other, _)| *other == key) {
        Some((_, own)) => *own = policy,
        None => policies.push((key, policy)),
    }
}
